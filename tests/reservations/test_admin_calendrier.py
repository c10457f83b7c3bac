"""What agents change of services, years and closures reaches the days, the meals and the families."""

import datetime as dt
from decimal import Decimal

import pytest
from django.utils import timezone
from post_office.models import Email

from reservations.models import (
    Activite,
    AnneeScolaire,
    Ecole,
    Fermeture,
    Inscription,
    Journee,
    Mouvement,
    Operation,
    Reservation,
    Tarif,
)
from tests.administration import adresse, agent, envoyer, fermer, modifier, paroles, refus
from tests.factories import (
    AnneeScolaireFactory,
    EcoleFactory,
    foyer,
    ouvrir,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("ouverture", "comptes_justes")]
LUNDI, MARDI, JEUDI, VENDREDI = (dt.date(2026, 12, n) for n in (7, 8, 10, 11))


@pytest.fixture
def guichet():
    return agent("guichet")


def journee(f, jour=JEUDI) -> Journee:
    return Journee.objects.get(activite=f.activite, date=jour)


# --- Schools and services ---------------------------------------------------------------------------------------------
def test_a_new_service_has_its_days_and_says_that_its_price_is_missing(guichet):
    AnneeScolaireFactory()
    reponse = envoyer(
        guichet,
        adresse("add", Activite),
        nom="Restauration La Cité",
        ecole=EcoleFactory().pk,
        niveau="maternelle",
        capacite=40,
        jours=["1", "4"],
    )
    assert "68 journées créées" in paroles(reponse)
    assert "sans prix : il manque pour 2026-2027" in paroles(reponse)
    assert set(Journee.objects.values_list("date__iso_week_day", "capacite").distinct()) == {(1, 40), (4, 40)}


def test_a_new_capacity_reaches_the_days_to_come(guichet):
    activite = ouvrir()
    assert "139 journées modifiées" in paroles(modifier(guichet, activite, capacite=60))
    assert set(activite.journees.values_list("capacite", flat=True)) == {60}


def test_a_capacity_lowered_under_the_meals_booked_is_said(guichet):
    f = foyer(reserves=[JEUDI])
    texte = paroles(modifier(guichet, f.activite, capacite=0))
    assert "1 journée : plus de repas déjà réservés que la nouvelle capacité" in texte
    assert Reservation.objects.count() == 1


def test_a_weekday_taken_away_cancels_its_meals_and_says_so(guichet):
    f = foyer(reserves=[LUNDI, JEUDI])
    texte = paroles(modifier(guichet, f.activite, jours=["1", "2", "5"]))
    assert "1 repas annulé sans frais, familles prévenues par e-mail" in texte
    assert list(Reservation.objects.values_list("date", flat=True)) == [LUNDI]
    assert Operation.objects.first().auteur.email == "guichet@exemple.fr"


def test_a_new_cut_off_reaches_the_days_to_come(guichet):
    f = foyer()
    modifier(guichet, f.activite, reservation_jours=8, reservation_heure="12:00")
    assert timezone.localtime(journee(f).limite_reservation) == timezone.make_aware(dt.datetime(2026, 12, 2, 12))


def test_a_change_of_name_touches_no_day(guichet):
    activite = ouvrir()
    avant = list(activite.journees.values())
    assert "journée" not in paroles(modifier(guichet, activite, nom="Cantine Riquet"))
    assert list(activite.journees.values()) == avant


@pytest.mark.parametrize("jours", [[], ["8"], ["lundi"]])
def test_impossible_weekdays_are_refused(guichet, jours):
    activite = ouvrir()
    assert refus(modifier(guichet, activite, jours=jours))
    activite.refresh_from_db()
    assert activite.jours == [1, 2, 4, 5]


def test_a_service_put_out_of_service_says_what_remains_to_serve(guichet):
    f = foyer(reserves=[JEUDI])
    assert "1 repas à venir y est réservé" in paroles(modifier(guichet, f.activite, active=None))
    assert Reservation.objects.count() == 1


@pytest.mark.parametrize("prix", ["4,97", "4.97"])
def test_a_price_is_typed_on_the_page_of_the_service(guichet, prix):
    activite = ouvrir(prix=None)
    annee = AnneeScolaire.objects.get()
    paroles(modifier(guichet, activite, **{"tarifs-TOTAL_FORMS": 1, "tarifs-0-annee": annee.pk, "tarifs-0-prix": prix}))
    assert Tarif.objects.get(activite=activite, annee=annee).prix == Decimal("4.97")


def test_a_school_code_with_the_wrong_letter_is_refused(guichet):
    assert "code UAI" in refus(envoyer(guichet, adresse("add", Ecole), nom="La Cité", uai="0110123A"))
    assert not Ecole.objects.exists()


# --- Years ------------------------------------------------------------------------------------------------------------
def test_a_bridge_added_closes_its_day_in_every_service(guichet):
    f, g = foyer(reserves=[JEUDI]), foyer(reserves=[JEUDI, VENDREDI])
    annee = AnneeScolaire.objects.get()
    n = annee.periodes.count()
    texte = paroles(
        modifier(
            guichet,
            annee,
            **{
                f"periodes-{n}-nature": "pont",
                f"periodes-{n}-libelle": "Pont d’essai",
                f"periodes-{n}-debut": "10/12/2026",
                f"periodes-{n}-fin": "10/12/2026",
            },
        )
    )
    assert "2 journées fermées ; 2 repas annulés" in texte
    assert {journee(x).fermeture for x in (f, g)} == {"Pas de service"}
    assert list(Reservation.objects.values_list("date", flat=True)) == [VENDREDI]


def test_a_new_opening_touches_no_day(guichet):
    ouvrir()
    annee = AnneeScolaire.objects.get()
    assert "journée" not in paroles(modifier(guichet, annee, ouverture_1="10:00"))
    annee.refresh_from_db()
    assert timezone.localtime(annee.ouverture).hour == 10


def test_a_year_that_ends_earlier_takes_its_enrolments_along_and_closes_what_is_left_outside(guichet):
    dernier = dt.date(2027, 7, 2)
    f = foyer(reserves=[JEUDI, dernier])
    court = foyer(activite=f.activite, fin=dt.date(2026, 12, 18))
    annee = AnneeScolaire.objects.get()
    texte = paroles(modifier(guichet, annee, fin="30/06/2027"))
    assert "2 journées fermées ; 1 repas annulé" in texte
    assert [Inscription.objects.get(pk=x.inscription.pk).fin for x in (f, court)] == [
        dt.date(2027, 6, 30),
        dt.date(2026, 12, 18),
    ]
    assert list(Reservation.objects.values_list("date", flat=True)) == [JEUDI]
    assert Operation.objects.filter(famille=f.famille, auteur__email="guichet@exemple.fr").count() == 1


def test_a_year_that_ends_later_again_opens_its_days(guichet):
    f = foyer()
    annee = AnneeScolaire.objects.get()
    modifier(guichet, annee, fin="30/06/2027")
    modifier(guichet, annee, fin="03/07/2027")
    assert journee(f, dt.date(2027, 7, 2)).fermeture == ""
    assert Inscription.objects.get().fin == dt.date(2027, 7, 3)


@pytest.mark.parametrize(
    ("changements", "phrase"),
    [
        ({"fin": "03/07/2029"}, "moins de treize mois"),
        ({"fin": "01/08/2026"}, "finit après la rentrée"),
        ({"libelle": "2026"}, "s’écrit 2025-2026"),
        ({"periodes-0-fin": "31/12/9999"}, "La période est dans l’année"),
        ({"debut": "jamais"}, "date valide"),
    ],
)
def test_an_impossible_year_is_refused_in_a_sentence(guichet, changements, phrase):
    ouvrir()
    annee = AnneeScolaire.objects.get()
    assert phrase in refus(modifier(guichet, annee, **changements))
    assert Journee.objects.filter(fermeture="").count() == 139


def test_two_years_may_not_overlap(guichet):
    AnneeScolaireFactory()
    url = adresse("add", AnneeScolaire)
    donnees = {"libelle": "2027-2028", "debut": "01/06/2027", "fin": "30/06/2028"}
    reponse = envoyer(guichet, url, **donnees, ouverture_0="15/07/2027", ouverture_1="08:30")
    assert "mordent sur l’année 2026-2027" in refus(reponse)


def test_an_enrolment_may_not_fall_out_of_its_year(guichet):
    foyer(fin=dt.date(2026, 9, 4))
    assert "1 inscription est tout entière hors" in refus(
        modifier(guichet, AnneeScolaire.objects.get(), debut="14/09/2026")
    )


def test_a_new_year_has_the_days_of_every_service_and_says_that_prices_are_missing(guichet):
    ouvrir()
    reponse = envoyer(
        guichet,
        adresse("add", AnneeScolaire),
        libelle="2027-2028",
        debut="01/09/2027",
        fin="30/06/2028",
        ouverture_0="15/07/2027",
        ouverture_1="08:30",
    )
    assert "journées créées" in paroles(reponse)
    assert "1 activité n’a pas encore de prix pour 2027-2028" in paroles(reponse)


# --- Closures ---------------------------------------------------------------------------------------------------------
def test_a_closure_that_cancels_meals_asks_first(guichet):
    foyer(reserves=[LUNDI, JEUDI])
    assert "1 repas est réservé ces jours-là : cochez" in refus(fermer(guichet))
    assert not Fermeture.objects.exists()
    assert Reservation.objects.count() == 2


def test_a_closure_confirmed_closes_cancels_and_tells(guichet):
    f = foyer(reserves=[LUNDI, JEUDI])
    avant = Email.objects.count()
    texte = paroles(fermer(guichet, confirmer="on"))
    assert "2 journées fermées ; 1 repas annulé sans frais, familles prévenues par e-mail." in texte
    assert journee(f).fermeture == "Grève"
    assert list(Reservation.objects.values_list("date", flat=True)) == [LUNDI]
    assert Mouvement.objects.filter(nature="annulation", precision="Grève").count() == 1
    assert Email.objects.count() == avant + 1


def test_a_closure_of_one_service_leaves_the_others_open(guichet):
    f, g = foyer(), foyer(reserves=[JEUDI])
    fermer(guichet, activite=f.activite.pk)
    assert (journee(f).fermeture, journee(g).fermeture) == ("Grève", "")


def test_a_closure_moved_opens_the_days_that_it_leaves(guichet):
    f = foyer()
    fermer(guichet)
    texte = paroles(modifier(guichet, Fermeture.objects.get(), debut="07/12/2026", fin="10/12/2026"))
    assert "2 journées fermées, 1 journée rouverte" in texte
    assert [journee(f, jour).fermeture for jour in (LUNDI, MARDI, JEUDI, VENDREDI)] == ["Grève"] * 3 + [""]


def test_a_closure_deleted_opens_its_days(guichet):
    f = foyer()
    fermer(guichet)
    url = adresse("delete", Fermeture, Fermeture.objects.get().pk)
    assert "2 journées rouvertes" in paroles(guichet.post(url, {"post": "yes"}, follow=True))
    assert journee(f).fermeture == ""


def test_a_closure_taken_back_says_which_meals_do_not_come_back(guichet):
    f, g = foyer(reserves=[JEUDI, VENDREDI]), foyer(reserves=[JEUDI])
    fermer(guichet, confirmer="on")
    url = adresse("delete", Fermeture, Fermeture.objects.get().pk)
    texte = paroles(guichet.post(url, {"post": "yes"}, follow=True))
    assert "3 repas annulés par une fermeture ne sont pas rendus" in texte
    fermer(guichet, activite=g.activite.pk)
    f.reserver(JEUDI)
    url = adresse("delete", Fermeture, Fermeture.objects.get().pk)
    assert "1 repas annulé par une fermeture n’est pas rendu" in paroles(
        guichet.post(url, {"post": "yes"}, follow=True)
    )


def test_the_page_of_a_closure_leads_to_the_one_that_can_be_undone(guichet):
    aide = guichet.get(adresse("add", Fermeture)).content.decode().partition("Retirer la fermeture")[2]
    assert 'href="/admin/reservations/annulationcollective/add/"' in aide[:200]


def test_closures_deleted_together_open_their_days(guichet):
    f = foyer()
    fermer(guichet)
    fermer(guichet, debut="07/12/2026", fin="07/12/2026", motif="Travaux")
    cles = list(Fermeture.objects.values_list("pk", flat=True))
    donnees = {"action": "delete_selected", "_selected_action": cles, "post": "yes"}
    guichet.post(adresse("changelist", Fermeture), donnees, follow=True)
    assert {journee(f, jour).fermeture for jour in (LUNDI, JEUDI, VENDREDI)} == {""}


def test_a_closure_of_the_town_reaches_a_service_out_of_service_that_still_has_meals(guichet):
    f = foyer(reserves=[JEUDI])
    Activite.objects.update(active=False)
    fermer(guichet, confirmer="on")
    assert not Reservation.objects.exists()
    assert journee(f).fermeture == "Grève"
