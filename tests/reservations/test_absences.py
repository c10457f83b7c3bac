"""Absences declared, refused and undone: the service on the real database."""

import datetime as dt
from decimal import Decimal

import pytest
from post_office.models import Email

from reservations.models import Absence, Activite, Journee, Mouvement, Operation, Reservation
from reservations.recapitulatif import ligne
from reservations.regles import Motif
from reservations.services import declarer_absence
from tests.factories import PRIX, foyer, ouvrir
from tests.reservations.absences import (
    CANTINE,
    JEUDI,
    LUNDI,
    MARDI,
    VENDREDI,
    annuler,
    declarer,
    matin,
    semaine_de_repas,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("ouverture", "comptes_justes")]

N = Mouvement.Nature
ZERO = Decimal(0)


@pytest.fixture
def f():
    return semaine_de_repas()


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
