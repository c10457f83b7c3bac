"""One day, changed by an agent: its capacity, its cut-offs, whether it serves."""

import datetime as dt

import pytest
from django.core.exceptions import ValidationError

from reservations.models import (
    AnnulationCollective,
    Fermeture,
    Journee,
    Mouvement,
    Reservation,
)
from reservations.services.annuler_collectivement import Demande, annuler_collectivement
from reservations.services.modifier_journee import Reglages, modifier_journee
from reservations.services.retablir import retablir
from tests.administration import adresse, agent, fermer, modifier, paroles, refus
from tests.factories import (
    foyer,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("ouverture", "comptes_justes")]
LUNDI, MARDI, JEUDI, VENDREDI = (dt.date(2026, 12, n) for n in (7, 8, 10, 11))


@pytest.fixture
def guichet():
    return agent("guichet")


def journee(f, jour=JEUDI) -> Journee:
    return Journee.objects.get(activite=f.activite, date=jour)


# --- Days -------------------------------------------------------------------------------------------------------------
def test_a_capacity_set_on_a_day_makes_it_set_by_hand(guichet):
    f = foyer()
    modifier(guichet, journee(f), capacite=12)
    assert (journee(f).capacite, journee(f).manuelle) == (12, True)
    modifier(guichet, f.activite, capacite=60)
    assert (journee(f).capacite, journee(f, LUNDI).capacite) == (12, 60)


def test_a_day_whose_capacity_goes_under_its_meals_keeps_them_and_takes_no_more(guichet):
    f = foyer(reserves=[JEUDI])
    assert "plus de repas déjà réservés" in paroles(modifier(guichet, journee(f), capacite=0))
    assert (journee(f).capacite, journee(f).places_prises, journee(f).depassement) == (0, 1, 1)
    autre = foyer(activite=f.activite)
    autre.reserver(JEUDI)
    assert Mouvement.objects.get(inscription=autre.inscription).motif == "complet"


def test_a_day_handed_back_to_its_service_takes_its_rules_again(guichet):
    f = foyer()
    modifier(guichet, journee(f), capacite=12)
    modifier(guichet, journee(f), manuelle=None)
    assert (journee(f).capacite, journee(f).manuelle) == (90, False)


def test_a_cut_off_set_on_a_day_is_the_one_that_parents_meet(guichet):
    f = foyer()
    modifier(guichet, journee(f), limite_reservation_0="14/07/2026", limite_reservation_1="12:00")
    f.reserver(JEUDI)
    assert Mouvement.objects.get().motif == "hors-delai"


def test_a_cut_off_after_the_meal_is_refused(guichet):
    f = foyer()
    assert "au plus tard le jour du repas" in refus(
        modifier(guichet, journee(f), limite_annulation_0="11/12/2026", limite_annulation_1="00:00")
    )


@pytest.mark.parametrize("champ", ["limite_reservation", "limite_annulation", "limite_tardive", "limite_absence"])
@pytest.mark.parametrize(("heure", "admise"), [("14:00", True), ("14:01", False), ("23:59", False)])
def test_no_cut_off_of_a_day_comes_after_the_end_of_its_meal(guichet, champ, heure, admise):
    f = foyer()
    reponse = modifier(guichet, journee(f), **{f"{champ}_0": "10/12/2026", f"{champ}_1": heure})
    if admise:
        paroles(reponse)
    else:
        assert "au plus tard le jour du repas, à 14 h" in refus(reponse)
    assert journee(f).manuelle == admise


def test_absences_of_one_day_can_be_refused_by_emptying_their_hour(guichet):
    f = foyer()
    assert journee(f).limite_absence is not None
    paroles(modifier(guichet, journee(f), limite_absence_0="", limite_absence_1=""))
    assert (journee(f).limite_absence, journee(f).manuelle) == (None, True)
    assert journee(f, LUNDI).limite_absence is not None


def test_closing_a_day_that_has_meals_asks_first(guichet):
    f = foyer(reserves=[JEUDI])
    assert "1 repas est réservé ce jour-là : cochez" in refus(modifier(guichet, journee(f), fermeture="Fuite d’eau"))
    assert Reservation.objects.count() == 1


def test_a_day_closed_on_its_page_stays_closed_when_the_days_are_refreshed(guichet):
    f = foyer(reserves=[JEUDI])
    texte = paroles(modifier(guichet, journee(f), fermeture="Fuite d’eau", confirmer="on"))
    assert "1 journée fermée ; 1 repas annulé" in texte
    modifier(guichet, f.activite, capacite=60)
    assert journee(f).fermeture == "Fuite d’eau"
    assert not Reservation.objects.exists()


def test_the_meals_of_a_day_closed_on_its_page_come_back_by_the_undo_of_the_collective_action(guichet):
    f = foyer(reserves=[JEUDI])
    texte = paroles(modifier(guichet, journee(f), fermeture="Fuite d’eau", confirmer="on"))
    faite = AnnulationCollective.objects.get()
    assert adresse("change", faite, faite.pk) in texte
    assert "fermeture" not in guichet.get(adresse("change", journee(f), journee(f).pk)).context["adminform"].form.fields
    guichet.post(adresse("retablir", faite, faite.pk))
    assert (journee(f).fermeture, journee(f).places_prises) == ("", 1)
    assert Reservation.objects.get().date == JEUDI


def test_a_day_closed_on_its_page_is_opened_there(guichet):
    f = foyer()
    modifier(guichet, journee(f), fermeture="Fuite d’eau")
    modifier(guichet, journee(f), fermeture="Fuite de gaz")
    assert journee(f).fermeture == Fermeture.objects.get().motif == "Fuite de gaz"
    assert "1 journée rouverte" in paroles(modifier(guichet, journee(f), fermeture=None))
    assert journee(f).fermeture == ""
    assert not Fermeture.objects.exists()


def test_a_day_closed_by_something_wider_is_not_opened_on_its_page(guichet):
    f = foyer()
    fermer(guichet)
    assert "fermeture plus large (« Grève »)" in refus(modifier(guichet, journee(f), fermeture=None))
    assert journee(f).fermeture == "Grève"


def test_another_reason_on_a_day_that_the_town_closes_is_a_change_that_is_told(guichet):
    f = foyer()
    fermer(guichet)
    assert "1 journée modifiée" in paroles(modifier(guichet, journee(f), fermeture="Travaux"))
    assert "1 journée modifiée" in paroles(modifier(guichet, journee(f), fermeture=None))
    assert journee(f).fermeture == "Grève"


def test_a_day_closed_twice_stays_closed_when_its_own_closure_is_taken_back(guichet):
    f = foyer()
    modifier(guichet, journee(f), fermeture="Fuite d’eau")
    fermer(guichet)
    modifier(guichet, journee(f), fermeture=None)
    assert journee(f).fermeture == "Grève"


def test_a_day_past_is_read_not_changed(ouverture):
    f = foyer()
    ouverture.move_to(dt.datetime(2026, 12, 11, 12, tzinfo=dt.UTC))
    guichet = agent("guichet")
    url = adresse("change", Journee, journee(f).pk)
    assert guichet.get(url).status_code == 200
    assert guichet.post(url, {"capacite": 3}).status_code == 403


def test_the_list_of_days_shows_those_to_come(ouverture):
    f = foyer()
    ouverture.move_to(dt.datetime(2026, 12, 10, 12, tzinfo=dt.UTC))
    guichet = agent("guichet")
    vues = guichet.get(adresse("changelist", Journee)).context["cl"].queryset
    assert vues.count() == f.activite.journees.filter(date__gte=JEUDI).count()
    for periode, attendu in [("jour", 1), ("semaine", 4), ("toutes", 139), ("n’importe quoi", vues.count())]:
        liste = guichet.get(adresse("changelist", Journee), {"periode": periode}).context["cl"]
        assert liste.queryset.count() == attendu, periode
    passees = guichet.get(adresse("changelist", Journee), {"periode": "passees"}).context["cl"].queryset
    assert passees.count() + vues.count() == 139


@pytest.mark.parametrize(
    ("etat", "jours"),
    [("fermee", [LUNDI]), ("complete", [MARDI]), ("depassement", []), ("manuelle", [MARDI]), ("ouverte", None)],
)
def test_the_list_of_days_filters_by_state(guichet, etat, jours):
    f = foyer(reserves=[MARDI])
    modifier(guichet, journee(f, LUNDI), fermeture="Travaux")
    modifier(guichet, journee(f, MARDI), capacite=1)
    liste = guichet.get(adresse("changelist", Journee), {"etat": etat}).context["cl"].queryset
    assert liste.count() == 138 if jours is None else [j.date for j in liste] == jours


# --- Late bookings and absences, for one day --------------------------------------------------------------------------
def test_the_late_cut_off_and_the_one_of_absences_are_set_then_emptied_for_one_day(guichet):
    f = foyer()
    tard = {"limite_tardive_0": "10/12/2026", "limite_tardive_1": "08:30"}
    modifier(guichet, journee(f), **tard)
    assert journee(f).limite_tardive.hour == 7  # UTC
    vide = dict.fromkeys(["limite_tardive_0", "limite_tardive_1", "limite_absence_0", "limite_absence_1"])
    modifier(guichet, journee(f), **vide)
    assert (journee(f).limite_tardive, journee(f).limite_absence, journee(f).manuelle) == (None, None, True)
    assert journee(f, VENDREDI).limite_absence is not None


@pytest.mark.parametrize("champ", ["limite_reservation", "limite_annulation", "limite_tardive", "limite_absence"])
@pytest.mark.parametrize(
    ("jour", "heure", "phrase"),
    [("10/12/2026", "14:01", "au plus tard le jour du repas, à 14 h"), ("01/01/0001", "00:00", "au plus tôt un an")],
)
def test_a_cut_off_of_one_day_is_before_the_end_of_the_meal(guichet, champ, jour, heure, phrase):
    f = foyer()
    assert phrase in refus(modifier(guichet, journee(f), **{f"{champ}_0": jour, f"{champ}_1": heure}))


def test_the_new_rules_of_a_service_reach_its_days(guichet):
    f = foyer()
    texte = paroles(
        modifier(
            guichet, f.activite, reservation_unite="semaine", reservation_jour_semaine="2", retard="fixe",
            retard_montant="2,50", retard_heure="08:00", absence_heure="",
        )
    )  # fmt: skip
    assert "sans coût de revient, pas de supplément" in texte
    lue = journee(f)
    assert (lue.limite_reservation.date(), lue.limite_tardive.hour) == (dt.date(2026, 12, 1), 7)
    assert lue.limite_absence is None


def test_a_week_rule_needs_its_weekday(guichet):
    f = foyer()
    assert "choisissez le jour de la semaine" in refus(modifier(guichet, f.activite, annulation_unite="semaine"))


# --- Days that a collective cancellation closed -----------------------------------------------------------------------
@pytest.fixture
def greve():
    """Thursday closed by a strike, with a meal to give back: the household, the action, its closure."""
    f = foyer(reserves=[JEUDI])
    demande = Demande("greve", "Grève", (f.activite,), (JEUDI,))
    faite = annuler_collectivement(demande=demande, auteur=None, cle="x")
    return f, faite, Fermeture.objects.get()


def test_a_day_closed_by_a_collective_cancellation_points_to_its_undoing(guichet, greve):
    f, faite, _ = greve
    page = guichet.get(adresse("change", Journee, journee(f).pk))
    assert "fermeture" not in page.context["adminform"].form.fields
    assert adresse("change", faite, faite.pk) in page.text
    modifier(guichet, journee(f), capacite="50")
    reponse = guichet.post(adresse("change", Journee, journee(f).pk), {"fermeture": "", "capacite": "50"})
    assert reponse.status_code in (200, 302)
    assert (journee(f).fermeture, journee(f).capacite) == ("Grève", 50)
    with pytest.raises(ValidationError, match=r"annulation collective «.*Grève"):
        modifier_journee(journee=journee(f), reglages=Reglages(fermeture=""), auteur=None)
    retablir(annulation=faite, auteur=None)
    assert Reservation.objects.count() == 1


def test_the_closure_of_a_collective_cancellation_is_read_not_taken_back(guichet, greve):
    f, faite, fermeture = greve
    page = guichet.get(adresse("change", fermeture, fermeture.pk))
    assert adresse("change", faite, faite.pk) in page.text
    assert 'name="_save"' not in page.text
    suite = guichet.post(adresse("delete", fermeture, fermeture.pk), {"post": "yes"}, follow=True)
    assert suite.redirect_chain == [(adresse("change", faite, faite.pk), 302)]
    assert "vient d’une annulation collective" in suite.text
    assert agent("cantine").post(adresse("delete", fermeture, fermeture.pk), {"post": "yes"}).status_code == 403
    assert guichet.post(adresse("change", fermeture, fermeture.pk), {"motif": "x"}).status_code == 403
    liste = {"action": "delete_selected", "_selected_action": [fermeture.pk], "post": "yes"}
    assert adresse("change", faite, faite.pk) in guichet.post(adresse("changelist", Fermeture), liste).text
    assert journee(f).fermeture == "Grève"
    assert Fermeture.objects.count() == 1


def test_the_canteen_reads_the_day_and_gets_no_link_that_it_may_not_follow(greve):
    f, faite, fermeture = greve
    for objet in (journee(f), fermeture):
        page = agent("cantine").get(adresse("change", objet, objet.pk))
        assert "Grève" in page.text
        assert adresse("change", faite, faite.pk) not in page.text


def test_the_list_of_closures_costs_the_same_for_one_and_for_many(guichet, greve, django_assert_max_num_queries):
    f, _, _ = greve
    for jour in (LUNDI, MARDI, VENDREDI):
        demande = Demande("greve", f"Grève {jour}", (f.activite,), (jour,))
        annuler_collectivement(demande=demande, auteur=None, cle=str(jour))
    with django_assert_max_num_queries(15):
        assert guichet.get(adresse("changelist", Fermeture)).text.count("annulation collective</td>") == 4
