"""Absences declared and undone: the service on the real database, the buttons of the home page, the agents' list."""

import datetime as dt
import uuid
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from post_office.models import Email

from reservations.models import Absence, Activite, Journee, Mouvement, Operation, Reservation
from reservations.recapitulatif import ligne
from reservations.regles import PARIS, Motif
from reservations.services import annuler_absence, declarer_absence
from tests.administration import adresse, agent
from tests.factories import PRIX, UtilisateurFactory, foyer, ouvrir
from tests.reservations.test_nombre_de_requetes import AU_PLUS, instructions

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("ouverture", "comptes_justes")]

LUNDI, MARDI, JEUDI, VENDREDI = (dt.date(2026, 12, n) for n in (7, 8, 10, 11))
N = Mouvement.Nature
CANTINE = "cantine@exemple.fr"
ZERO = Decimal(0)


def matin(jour, heure=8, minute=0):
    return dt.datetime.combine(jour, dt.time(heure, minute), tzinfo=PARIS)


@pytest.fixture
def f():
    """Meals of the whole week booked; the canteen has an address; one waiting day."""
    return foyer(activite=ouvrir(courriel=CANTINE), reserves=[LUNDI, MARDI, JEUDI, VENDREDI])


def declarer(f, jour, cle="", verbe=declarer_absence) -> Operation:
    return verbe(inscription=f.inscription.pk, jour=jour, auteur=f.utilisateur, cle=cle or uuid.uuid4().hex)


def annuler(f, jour, cle="") -> Operation:
    return declarer(f, jour, cle, verbe=annuler_absence)


def dus() -> dict[dt.date, Decimal]:
    return dict(Absence.objects.order_by("date").values_list("date", "prix"))


def lignes(operation) -> list[str]:
    return [ligne(m).replace("\xa0", " ") for m in operation.mouvements.order_by("date")]


# --- Declaring -------------------------------------------------------------------------------------------------------
def test_an_absence_frees_the_place_and_says_what_stays_due(f, ouverture):
    ouverture.move_to(matin(LUNDI))
    operation = declarer(f, LUNDI)
    assert not Reservation.objects.filter(date=LUNDI).exists()
    assert Journee.objects.get(date=LUNDI).places_prises == 0
    absence = Absence.objects.get()
    assert (absence.inscription, absence.enfant, absence.date) == (f.inscription, f.enfant, LUNDI)
    assert (absence.prix_du_repas, absence.prix, absence.declaree_le) == (PRIX, PRIX, matin(LUNDI))
    mouvement = operation.mouvements.get()
    assert (mouvement.nature, mouvement.motif, mouvement.prix) == (N.ABSENCE, "", PRIX)
    assert (mouvement.capacite, mouvement.places_prises) == (90, 1)
    assert (operation.auteur, operation.origine) == (f.utilisateur, Operation.Origine.PARENT)
    assert lignes(operation) == ["Absence déclarée : 07/12/2026 - Reste dû : 4,97 € (1er jour d’absence)"]


def test_the_household_and_the_canteen_are_told(f, ouverture):
    ouverture.move_to(matin(LUNDI))
    Email.objects.all().delete()
    declarer(f, LUNDI)
    famille, cantine = Email.objects.order_by("pk")
    assert famille.to == [f.utilisateur.email]
    assert "Absence déclarée\xa0: 07/12/2026 - Reste dû\xa0: 4,97\xa0€" in famille.message
    assert "Nombre d’absences déclarées\xa0: 1 (reste dû\xa0: 4,97\xa0€)" in famille.message
    assert cantine.to == [CANTINE]
    assert cantine.subject == f"Absence de {f.enfant} lundi 7\xa0décembre"
    assert f"{f.enfant} ne mangera pas lundi 7\xa0décembre." in cantine.message
    for mot in ("malad", "santé", "raison", "motif", "€", f.utilisateur.email):
        assert mot not in cantine.message + cantine.html_message


def test_a_canteen_without_address_gets_no_mail(f, ouverture):
    Activite.objects.update(courriel="")
    ouverture.move_to(matin(LUNDI))
    Email.objects.all().delete()
    declarer(f, LUNDI)
    assert Email.objects.get().to == [f.utilisateur.email]


def test_a_coming_day_whose_cut_off_is_past(f, ouverture):
    ouverture.move_to(matin(LUNDI, 10))  # too late for Monday itself
    assert declarer(f, LUNDI).mouvements.get().motif == Motif.HORS_DELAI_ABSENCE
    assert declarer(f, MARDI).mouvements.get().nature == N.ABSENCE
    assert declarer(f, JEUDI).mouvements.get().motif == Motif.ANNULABLE
    assert dus() == {MARDI: PRIX}


@pytest.mark.parametrize(
    ("carence", "attendus"),
    [(0, [ZERO] * 4), (1, [PRIX, ZERO, ZERO, ZERO]), (2, [PRIX, PRIX, ZERO, ZERO]), (30, [PRIX] * 4)],
)
def test_the_waiting_days_of_a_week_of_absence(f, ouverture, carence, attendus):
    Activite.objects.update(absence_carence=carence)
    for jour in (LUNDI, MARDI, JEUDI, VENDREDI):
        ouverture.move_to(matin(jour))
        operation = declarer(f, jour)
    assert list(dus().values()) == attendus
    if carence == 1:
        assert lignes(operation) == ["Absence déclarée : 11/12/2026 - Non facturé (4e jour d’absence)"]


def test_a_day_between_starts_the_count_again(f, ouverture):
    for jour in (LUNDI, JEUDI):
        ouverture.move_to(matin(jour))
        declarer(f, jour)
    assert dus() == {LUNDI: PRIX, JEUDI: PRIX}


def test_a_closed_day_between_does_not_break_the_row(f, ouverture):
    f.reserver(annuler=[MARDI])
    Journee.objects.filter(date=MARDI).update(fermeture="Grève")
    for jour in (LUNDI, JEUDI):
        ouverture.move_to(matin(jour))
        declarer(f, jour)
    assert dus() == {LUNDI: PRIX, JEUDI: ZERO}


def test_days_declared_in_any_order_owe_the_same(f, ouverture):
    """Tuesday first, then Monday: Tuesday becomes the second day, and the operation says so."""
    ouverture.move_to(matin(LUNDI))
    declarer(f, MARDI)
    assert dus() == {MARDI: PRIX}
    assert lignes(declarer(f, LUNDI)) == [
        "Absence déclarée : 07/12/2026 - Reste dû : 4,97 € (1er jour d’absence)",
        "Absence déclarée : 08/12/2026 - Non facturé (2e jour d’absence)",
    ]
    assert dus() == {LUNDI: PRIX, MARDI: ZERO}


# --- Refusing --------------------------------------------------------------------------------------------------------
def _pas_reserve(f):
    Journee.objects.update(places_prises=0)
    Reservation.objects.all().delete()


def _par_l_autre(f):
    _pas_reserve(f)
    foyer(enfant=f.enfant, activite=f.activite, reserves=[LUNDI])


def _non_propose(f):
    Journee.objects.update(limite_absence=None)


def _annulable(f):
    Journee.objects.update(limite_annulation=matin(LUNDI, 9))


@pytest.mark.parametrize(
    ("preparer", "instant", "nature", "motif"),
    [
        (_pas_reserve, matin(LUNDI), N.SANS_EFFET, Motif.PAS_RESERVE),
        (_par_l_autre, matin(LUNDI), N.REFUS_ANNULATION, Motif.AUTRE_FOYER),
        (_non_propose, matin(LUNDI), N.REFUS_ANNULATION, Motif.SANS_ABSENCE),
        (_annulable, matin(LUNDI), N.REFUS_ANNULATION, Motif.ANNULABLE),
        (None, matin(LUNDI, 9), N.REFUS_ANNULATION, Motif.HORS_DELAI_ABSENCE),
        (None, matin(VENDREDI), N.REFUS_ANNULATION, Motif.HORS_DELAI_ABSENCE),
    ],
)
def test_what_is_refused_is_written_with_its_reason_and_changes_nothing(f, ouverture, preparer, instant, nature, motif):
    if preparer:
        preparer(f)
    avant = list(Journee.objects.order_by("pk").values("places_prises"))
    ouverture.move_to(instant)
    mouvement = declarer(f, LUNDI).mouvements.get()
    assert (mouvement.nature, mouvement.motif) == (nature, motif)
    assert not Absence.objects.exists()
    assert list(Journee.objects.order_by("pk").values("places_prises")) == avant
    assert not Email.objects.filter(to__contains=CANTINE).exists()


def test_a_day_without_service_is_not_booked(f, ouverture):
    ouverture.move_to(matin(LUNDI))
    assert declarer(f, dt.date(2026, 12, 9)).mouvements.get().motif == Motif.PAS_RESERVE


def test_the_meal_of_an_absence_is_not_booked_again_by_the_calendar(f, ouverture):
    Journee.objects.update(limite_tardive=matin(LUNDI, 14))
    ouverture.move_to(matin(LUNDI))
    declarer(f, LUNDI)
    assert f.reserver(LUNDI).mouvements.get().motif == Motif.ABSENT


def test_the_instant_that_counts_is_read_after_the_locks(f, ouverture):
    ouverture.move_to(matin(LUNDI))
    operation = declarer_absence(
        inscription=f.inscription.pk, jour=LUNDI, auteur=f.utilisateur, cle="a", horloge=lambda: matin(LUNDI, 9)
    )
    assert operation.mouvements.get().motif == Motif.HORS_DELAI_ABSENCE


# --- Twice -----------------------------------------------------------------------------------------------------------
def test_the_same_form_twice_is_one_operation_and_one_mail(f, ouverture):
    ouverture.move_to(matin(LUNDI))
    premiere = declarer(f, LUNDI, "meme")
    courriels = Email.objects.count()
    assert declarer(f, LUNDI, "meme") == premiere
    assert (Absence.objects.count(), Email.objects.count()) == (1, courriels)


def test_two_tabs_declare_once_and_the_second_says_so(f, ouverture):
    ouverture.move_to(matin(LUNDI))
    declarer(f, LUNDI)
    mouvement = declarer(f, LUNDI).mouvements.get()
    assert (mouvement.nature, mouvement.motif) == (N.SANS_EFFET, Motif.ABSENT)


def test_the_same_form_after_it_was_undone_is_a_new_ask(f, ouverture):
    ouverture.move_to(matin(LUNDI))
    premiere = declarer(f, LUNDI, "meme")
    annuler(f, LUNDI)
    seconde = declarer(f, LUNDI, "meme")
    assert seconde != premiere
    assert declarer(f, LUNDI, "meme") == seconde
    assert dus() == {LUNDI: PRIX}


# --- Undoing ---------------------------------------------------------------------------------------------------------
def test_an_absence_undone_is_a_meal_booked_again_at_its_price(f, ouverture):
    ouverture.move_to(matin(LUNDI))
    declaree = declarer(f, LUNDI)
    Email.objects.all().delete()
    operation = annuler(f, LUNDI)
    assert operation.annule == declaree
    assert not Absence.objects.exists()
    reservation = Reservation.objects.get(date=LUNDI)
    assert (reservation.inscription, reservation.prix, reservation.tardive) == (f.inscription, PRIX, False)
    assert lignes(operation) == ["Réservation ajoutée : 07/12/2026 - Prix : 4,97 € (absence annulée)"]
    _, cantine = Email.objects.order_by("pk")
    assert cantine.to == [CANTINE]
    assert "l’absence annoncée est annulée" in cantine.message


def test_undoing_the_first_day_makes_the_second_the_first(f, ouverture):
    """Nobody gets a free second day by declaring a first one and taking it back."""
    ouverture.move_to(matin(LUNDI))
    declarer(f, LUNDI)
    declarer(f, MARDI)
    assert dus() == {LUNDI: PRIX, MARDI: ZERO}
    operation = annuler(f, LUNDI)
    assert dus() == {MARDI: PRIX}
    assert lignes(operation) == [
        "Réservation ajoutée : 07/12/2026 - Prix : 4,97 € (absence annulée)",
        "Absence déclarée : 08/12/2026 - Reste dû : 4,97 € (1er jour d’absence)",
    ]


def test_an_absence_is_not_undone_when_the_place_is_taken(f, ouverture):
    Journee.objects.filter(date=LUNDI).update(capacite=1, limite_tardive=matin(LUNDI, 9))
    ouverture.move_to(matin(LUNDI))
    declarer(f, LUNDI)
    autre = foyer(activite=f.activite)
    Activite.objects.update(retard="fixe")
    autre.reserver(LUNDI)
    mouvement = annuler(f, LUNDI).mouvements.get()
    assert (mouvement.nature, mouvement.motif) == (N.REFUS, Motif.COMPLET)
    assert (mouvement.places_prises, mouvement.capacite) == (1, 1)
    assert dus() == {LUNDI: PRIX}


@pytest.mark.parametrize(("heure", "motif"), [(9, Motif.HORS_DELAI_ABSENCE), (8, "")])
def test_an_absence_is_undone_until_the_hour(f, ouverture, heure, motif):
    ouverture.move_to(matin(LUNDI, 7))
    declarer(f, LUNDI)
    ouverture.move_to(matin(LUNDI, heure))
    assert annuler(f, LUNDI).mouvements.get().motif == motif
    assert Absence.objects.exists() == bool(motif)


def test_the_other_household_cannot_undo_it(f, ouverture):
    autre = foyer(enfant=f.enfant, activite=f.activite)
    ouverture.move_to(matin(LUNDI))
    declarer(f, LUNDI)
    assert annuler(autre, LUNDI).mouvements.get().motif == Motif.PAS_ABSENT
    assert declarer(autre, LUNDI).mouvements.get().motif == Motif.ABSENT
    assert dus() == {LUNDI: PRIX}


def test_a_late_meal_that_comes_back_is_still_late(ouverture):
    f = foyer(activite=ouvrir(retard="fixe", retard_montant=Decimal(2)))
    ouverture.move_to(matin(LUNDI))
    f.reserver(LUNDI)
    declarer(f, LUNDI)
    annuler(f, LUNDI)
    assert Reservation.objects.get().tardive


def test_only_the_last_booking_of_the_day_says_whether_the_meal_is_late(ouverture):
    """Booked late, cancelled, then in time because staff moved the cut-off: the meal that comes back is not late."""
    f = foyer(
        activite=ouvrir(retard="fixe", retard_montant=Decimal(2), annulation_jours=0, annulation_heure=dt.time(8))
    )
    ouverture.move_to(matin(LUNDI, 7))
    f.reserver(LUNDI)
    f.reserver(annuler=[LUNDI])
    Journee.objects.filter(date=LUNDI).update(limite_reservation=matin(LUNDI, 8))
    f.reserver(LUNDI)
    ouverture.move_to(matin(LUNDI))
    for _ in range(2):  # the meal that comes back twice is the same
        declarer(f, LUNDI)
        annuler(f, LUNDI)
        assert not Reservation.objects.get().tardive


# --- The home page ---------------------------------------------------------------------------------------------------
def client_de(utilisateur) -> Client:
    client = Client()
    client.force_login(utilisateur)
    return client


def url(f, jour=LUNDI, verbe="declarer"):
    return reverse(f"reservations:{verbe}_absence", args=[f.inscription.pk, str(jour)])


def accueil(f) -> str:
    return " ".join(client_de(f.utilisateur).get("/").content.decode().replace("\xa0", " ").split())


def test_the_home_page_offers_it_and_says_until_when_and_what_stays_due(f, ouverture):
    ouverture.move_to(matin(LUNDI))
    page = accueil(f)
    assert "Absent aujourd’hui" in page
    assert "Le repas de ce jour reste dû : 4,97 € (1er jour d’absence)" in page
    assert "À déclarer avant lundi 7 décembre à 9 h." in page
    assert url(f, LUNDI) in page
    assert url(f, MARDI) in page
    assert url(f, JEUDI) not in page
    declarer(f, LUNDI)
    page = accueil(f)
    assert "Absence déclarée. Le repas de ce jour reste dû : 4,97 €" in page
    assert "Le repas de ce jour ne sera pas facturé (2e jour d’absence)" in page
    assert url(f, LUNDI, "annuler") in page


@pytest.mark.parametrize("instant", [matin(dt.date(2026, 12, 4)), matin(dt.date(2026, 12, 12)), matin(VENDREDI, 9)])
def test_the_home_page_says_nothing_when_it_cannot_be_used(f, ouverture, instant):
    ouverture.move_to(instant)
    assert "Déclarer l’absence" not in accueil(f)


def test_the_home_page_says_nothing_to_the_other_household(f, ouverture):
    autre = foyer(enfant=f.enfant, activite=f.activite)
    ouverture.move_to(matin(LUNDI))
    assert "Déclarer l’absence" not in accueil(autre)
    declarer(f, LUNDI)
    assert "Absence" not in accueil(autre)


def test_the_button_leads_to_the_recap(f, ouverture):
    ouverture.move_to(matin(LUNDI))
    reponse = client_de(f.utilisateur).post(url(f), {"jeton": "a"}, follow=True)
    assert reponse.redirect_chain[0][0] == reverse("reservations:operation", args=[Operation.objects.first().numero])
    page = reponse.content.decode().replace("\xa0", " ")
    assert "Absence déclarée : 07/12/2026 - Reste dû : 4,97 € (1er jour d’absence)" in page
    assert "Nombre d’absences déclarées" in page
    assert Absence.objects.count() == 1


def test_the_way_back_leads_to_its_own_recap(f, ouverture):
    ouverture.move_to(matin(LUNDI))
    declarer(f, LUNDI)
    page = client_de(f.utilisateur).post(url(f, verbe="annuler"), {"jeton": "a"}, follow=True).content.decode()
    assert "absence annulée" in page
    assert not Absence.objects.exists()


def test_past_the_hour_the_refusal_is_a_sentence(f, ouverture):
    ouverture.move_to(matin(LUNDI, 9))
    reponse = client_de(f.utilisateur).post(url(f), {"jeton": "a"}, follow=True)
    assert reponse.status_code == 200
    assert "l’heure limite des absences est passée" in reponse.content.decode()
    assert Reservation.objects.filter(date=LUNDI).exists()


@pytest.mark.parametrize("verbe", ["declarer", "annuler"])
def test_strangers_and_the_other_household_get_404_and_nobody_may_get_it(f, ouverture, verbe):
    autre = foyer(enfant=f.enfant, activite=f.activite)
    ouverture.move_to(matin(LUNDI))
    for personne in (UtilisateurFactory(), autre.utilisateur, UtilisateurFactory(agent=True)):
        assert client_de(personne).post(url(f, verbe=verbe)).status_code == 404
    assert client_de(f.utilisateur).get(url(f, verbe=verbe)).status_code == 405
    assert Client().post(url(f, verbe=verbe)).status_code == 302
    assert Operation.objects.count() == 1  # the booking


@pytest.mark.parametrize(
    "jour", ["hier", "2026-13-01", "0001-01-01", "9999-12-31", "2026-12-07T00:00", "²026-12-07", "%00"]
)
def test_a_hostile_day_is_not_found(f, ouverture, jour):
    ouverture.move_to(matin(LUNDI))
    adresse_ = f"/reservations/inscriptions/{f.inscription.pk}/absences/{jour}/"
    assert client_de(f.utilisateur).post(adresse_).status_code == 404
    assert client_de(f.utilisateur).post(f"/reservations/inscriptions/{2**70}/absences/2026-12-07/").status_code == 404


def test_the_statements_do_not_depend_on_the_absences(f, ouverture):
    for _ in range(3):  # another household with more of everything
        g = foyer(activite=f.activite, reserves=[LUNDI, MARDI])
    ouverture.move_to(matin(LUNDI))
    Activite.objects.update(absence_carence=2)
    un, deux = client_de(f.utilisateur), client_de(g.utilisateur)
    un.get("/"), deux.get("/")  # the session has begun
    seule = instructions(lambda: un.post(url(f)))
    deux.post(url(g, MARDI))
    suivie = instructions(lambda: deux.post(url(g)))  # Tuesday's rank changes with it
    assert len(seule) == len(suivie) <= AU_PLUS, "\n".join(seule)
    retour = instructions(lambda: un.post(url(f, verbe="annuler")))
    retour_suivi = instructions(lambda: deux.post(url(g, verbe="annuler")))
    # One more than elsewhere: the notification of the household.
    assert len(retour) <= len(retour_suivi) <= AU_PLUS + 1, "\n".join(retour_suivi)
    deux.post(url(g, MARDI, verbe="annuler"))
    sans = instructions(lambda: un.get("/"))
    declarer(g, LUNDI)
    avec = instructions(lambda: deux.get("/"))
    # The home page gathers every room: the menus, what is to sign and the notifications besides.
    assert len(sans) == len(avec) <= AU_PLUS + 3, "\n".join(avec)


# --- The agents' list ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("role", "argent"), [("cantine", False), ("guichet", True)])
def test_agents_see_todays_absences_first(f, ouverture, role, argent):
    ouverture.move_to(matin(LUNDI))
    declarer(f, LUNDI)
    client = agent(role)
    page = client.get(adresse("changelist", Absence))
    assert [a.date for a in page.context["cl"].result_list] == [LUNDI]
    assert ("4,97" in page.content.decode()) == argent
    fiche = client.get(adresse("change", Absence, Absence.objects.get().pk))
    assert fiche.status_code == 200
    assert ("4,97" in fiche.content.decode()) == argent
    ouverture.move_to(matin(MARDI))
    client = agent(role)
    assert list(client.get(adresse("changelist", Absence)).context["cl"].result_list) == []
    toutes = client.get(adresse("changelist", Absence), {"periode": "toutes", "q": f.enfant.nom})
    assert len(toutes.context["cl"].result_list) == 1


def test_the_agents_list_asks_the_same_for_one_absence_and_for_many(f, ouverture):
    autres = [foyer(activite=f.activite, reserves=[LUNDI]) for _ in range(6)]
    ouverture.move_to(matin(LUNDI))
    declarer(f, LUNDI)
    client = agent("cantine")
    client.get(adresse("changelist", Absence))
    une = instructions(lambda: client.get(adresse("changelist", Absence)))
    for autre in autres:
        declarer(autre, LUNDI)
    assert len(instructions(lambda: client.get(adresse("changelist", Absence)))) == len(une)


def test_the_region_office_does_not_see_them():
    assert agent("regie").get(adresse("changelist", Absence)).status_code == 403
