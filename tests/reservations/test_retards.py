"""Late meals and the rules of a service, in the database: constraints, prices that agree everywhere, days remade."""

import datetime as dt
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from post_office.models import Email

from reservations.lecture_calendrier import charger_calendrier
from reservations.models import Inscription, Journee, Mouvement, Reservation, Tarif
from reservations.recapitulatif import Recapitulatif, ligne
from reservations.regles import PARIS, Motif
from reservations.services import actualiser_journees
from tests.administration import agent, modifier, paroles, refus
from tests.factories import ActiviteFactory, AnneeScolaireFactory, TarifFactory, foyer, ouvrir

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("ouverture", "comptes_justes")]

LUNDI, MARDI, JEUDI, VENDREDI = (dt.date(2026, 12, n) for n in (7, 8, 10, 11))
LUNDI_7H = dt.datetime(2026, 12, 7, 7, tzinfo=PARIS)
N = Mouvement.Nature
COUT = Decimal("9.80")


def tardif(cout=COUT, **champs):
    """A household whose service takes late meals until 8:30; now it is Monday 7 December, 7:00."""
    activite = ouvrir(**({"retard": "fixe", "retard_montant": Decimal("2.50")} | champs))
    Tarif.objects.update(cout=cout)
    return foyer(activite=activite)


# --- Constraints -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("champs", "phrase"),
    [
        ({"reservation_unite": "semaine"}, "Délai pour réserver : choisissez le jour de la semaine précédente."),
        ({"annulation_unite": "semaine"}, "Délai pour annuler : choisissez le jour de la semaine précédente."),
        (
            {"reservation_jours": 0, "reservation_heure": dt.time(14, 1)},
            "Délai pour réserver : le jour même, l’heure limite est au plus tard 14 h.",
        ),
        (
            {"annulation_jours": 0, "annulation_unite": "ouvres", "annulation_heure": dt.time(23, 59)},
            "Délai pour annuler : le jour même, l’heure limite est au plus tard 14 h.",
        ),
        ({"retard_heure": dt.time(14, 1)}, "Le jour même, l’heure limite est au plus tard 14 h."),
        ({"absence_heure": dt.time(14, 1)}, "Le jour même, l’heure limite est au plus tard 14 h."),
        ({"jours": [1, 8]}, "Les jours de service vont de 1 (lundi) à 7 (dimanche)."),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_in_french_by_the_form_and_by_the_database(champs, phrase):
    activite = ActiviteFactory()
    for champ, valeur in champs.items():
        setattr(activite, champ, valeur)
    with pytest.raises(ValidationError) as erreur:
        activite.validate_constraints()
    assert phrase in erreur.value.messages
    with pytest.raises(IntegrityError), transaction.atomic():
        activite.save()


@pytest.mark.parametrize(
    "champs",
    [
        {"reservation_unite": "semaine", "reservation_jour_semaine": 2},
        {"reservation_unite": "semaine", "reservation_jour_semaine": 7, "reservation_jours": 0},
        {"reservation_jours": 0, "reservation_heure": dt.time(14)},
        {"annulation_jours": 0, "annulation_heure": dt.time(8, 30)},
        {"absence_heure": None},
        {"absence_heure": dt.time(14), "retard_heure": dt.time(14)},
    ],
)
def test_a_rule_of_the_three_families_is_accepted(champs):
    activite = ActiviteFactory(**champs)
    activite.validate_constraints()


@pytest.mark.parametrize(
    ("prix", "cout", "admis"), [("4.97", "4.97", True), ("4.98", "4.97", False), ("9", None, True)]
)
def test_a_price_above_the_cost_is_refused(prix, cout, admis):
    tarif = TarifFactory.build(activite=ActiviteFactory(), annee=AnneeScolaireFactory(), prix=Decimal(prix))
    tarif.cout = cout and Decimal(cout)
    if admis:
        tarif.validate_constraints()
        tarif.save()
        return
    with pytest.raises(ValidationError, match="ne dépasse pas son coût"):
        tarif.validate_constraints()
    with pytest.raises(IntegrityError, match="tarif_sous_le_cout"), transaction.atomic():
        tarif.save()


# --- Booking late ----------------------------------------------------------------------------------------------------
def test_a_late_meal_costs_the_same_on_the_screen_the_booking_the_movement_the_recap_and_the_mail(ouverture):
    f = tardif()
    ouverture.move_to(LUNDI_7H)
    lue = Inscription.objects.completes().avec_prix().get(pk=f.inscription.pk)
    calendrier = charger_calendrier(lue, premier=LUNDI.replace(day=1), maintenant=LUNDI_7H, aujourdhui=LUNDI)
    case = next(c for m in calendrier.mois for s in m.semaines for c in s if c.date == LUNDI and c.dans_le_mois)
    assert (case.tardive, case.prix) == (True, Decimal("7.47"))
    operation = f.reserver(LUNDI)
    reservation, mouvement = Reservation.objects.get(), operation.mouvements.get()
    assert (reservation.tardive, reservation.prix) == (True, Decimal("7.47"))
    assert (mouvement.nature, mouvement.precision, mouvement.prix) == (N.AJOUT, "réservation tardive", Decimal("7.47"))
    assert Recapitulatif.de(operation, [mouvement], [f.inscription]).montant_ajoute == Decimal("7.47")
    phrase = "Réservation ajoutée\xa0: 07/12/2026 - Prix\xa0: 7,47\xa0€ (réservation tardive)"
    assert ligne(mouvement) == phrase
    assert phrase in Email.objects.get().message


def test_a_meal_booked_in_time_is_not_late_though_another_of_the_form_is(ouverture):
    f = tardif()
    ouverture.move_to(LUNDI_7H)
    f.reserver(LUNDI, MARDI, JEUDI)
    assert list(Reservation.objects.values_list("date", "tardive", "prix")) == [
        (LUNDI, True, Decimal("7.47")),
        (MARDI, True, Decimal("7.47")),
        (JEUDI, False, Decimal("4.97")),
    ]


def test_a_late_meal_is_not_cancelled_past_the_cut_off(ouverture):
    f = tardif()
    ouverture.move_to(LUNDI_7H)
    f.reserver(LUNDI)
    assert f.reserver(annuler=[LUNDI]).mouvements.get().motif == Motif.HORS_DELAI_ANNULATION


@pytest.mark.parametrize(
    ("retard", "instant", "motif"),
    [
        ("fixe", LUNDI_7H.replace(hour=8, minute=29, second=59), ""),
        ("fixe", LUNDI_7H.replace(hour=8, minute=30), Motif.HORS_DELAI),
        ("fixe", LUNDI_7H.replace(hour=13), Motif.HORS_DELAI),
        ("refus", LUNDI_7H, Motif.HORS_DELAI),
    ],
)
def test_late_meals_are_taken_until_the_hour_and_not_after(ouverture, retard, instant, motif):
    f = tardif(retard=retard)
    ouverture.move_to(instant)
    assert f.reserver(LUNDI).mouvements.get().motif == motif
    assert Reservation.objects.count() == (0 if motif else 1)


def test_a_late_meal_is_refused_on_a_full_day(ouverture):
    f = tardif(capacite=0)
    ouverture.move_to(LUNDI_7H)
    assert f.reserver(LUNDI).mouvements.get().motif == Motif.COMPLET


@pytest.mark.parametrize(
    ("cout", "attendu"),
    [(Decimal("6.00"), Decimal("6.00")), (Decimal("4.97"), Decimal("4.97")), (None, Decimal("4.97"))],
)
def test_the_ceiling_is_the_recorded_cost_and_without_it_there_is_no_surcharge(ouverture, cout, attendu):
    f = tardif(cout=cout)
    ouverture.move_to(LUNDI_7H)
    f.reserver(LUNDI)
    assert Reservation.objects.get().prix == attendu


FRANCHISE = {"retard": "franchise", "retard_montant": Decimal(0), "retard_franchise": 1}
DOUBLE = Decimal("9.80")  # 9.94, but for the ceiling


def prix_tardifs():
    return list(Reservation.objects.filter(tardive=True).order_by("date").values_list("prix", flat=True))


def test_the_late_meals_of_one_submission_count_one_after_the_other(ouverture):
    f = tardif(**FRANCHISE)
    ouverture.move_to(LUNDI_7H)
    f.reserver(LUNDI, MARDI)
    assert prix_tardifs() == [Decimal("4.97"), DOUBLE]


def test_the_late_meals_of_the_year_count(ouverture):
    f = tardif(**FRANCHISE)
    ouverture.move_to(LUNDI_7H)
    f.reserver(LUNDI)
    f.reserver(MARDI)
    ouverture.move_to(dt.datetime(2027, 5, 31, 7, tzinfo=PARIS))
    f.reserver(dt.date(2027, 5, 31))
    assert prix_tardifs() == [Decimal("4.97"), DOUBLE, DOUBLE]


def test_the_late_meals_of_another_child_do_not_count(ouverture):
    f = tardif(**FRANCHISE)
    autre = foyer(activite=f.activite)
    ouverture.move_to(LUNDI_7H)
    f.reserver(LUNDI)
    autre.reserver(LUNDI)
    assert prix_tardifs() == [Decimal("4.97"), Decimal("4.97")]


# --- Days remade -----------------------------------------------------------------------------------------------------
LIMITES = ("limite_reservation", "limite_annulation", "limite_tardive", "limite_absence")


def limites(jour):
    return [getattr(Journee.objects.get(date=jour), champ) for champ in LIMITES]


def a(jour, heure, minute=0):
    return dt.datetime(2026, 12, jour, heure, minute, tzinfo=PARIS)


NOUVELLES = {
    "reservation_unite": "semaine",
    "reservation_jour_semaine": 2,
    "annulation_jours": 0,
    "annulation_heure": dt.time(8),
    "retard": "fixe",
    "retard_heure": dt.time(7, 45),
    "absence_heure": dt.time(10),
}


def changer(activite, **champs):
    for champ, valeur in champs.items():
        setattr(activite, champ, valeur)
    activite.save()
    return actualiser_journees(activite=activite, annee=AnneeScolaireFactory())


def test_a_new_rule_reaches_the_days_to_come_and_not_the_past(ouverture):
    activite = ouvrir()
    assert limites(JEUDI) == [a(8, 23, 59), a(8, 23, 59), None, a(10, 9)]
    ouverture.move_to(LUNDI_7H)
    passe = limites(dt.date(2026, 12, 4))
    changer(activite, **NOUVELLES)
    assert limites(JEUDI) == [a(1, 23, 59), a(10, 8), a(10, 7, 45), a(10, 10)]
    assert limites(LUNDI) == [a(1, 23, 59), a(7, 8), a(7, 7, 45), a(7, 10)]
    assert limites(dt.date(2026, 12, 4)) == passe


def test_late_meals_and_absences_that_are_no_longer_taken_leave_the_days():
    activite = ouvrir(**NOUVELLES)
    changer(activite, retard="refus", absence_heure=None)
    assert not Journee.objects.exclude(limite_tardive=None, limite_absence=None).exists()


def test_a_day_set_by_hand_keeps_its_four_cut_offs():
    activite = ouvrir()
    avant = dict(zip(LIMITES, (a(9, 12), a(9, 13), a(10, 7), None), strict=True))
    Journee.objects.filter(date=JEUDI).update(manuelle=True, **avant)
    changer(activite, **NOUVELLES)
    assert limites(JEUDI) == list(avant.values())


# --- The agents' page ------------------------------------------------------------------------------------------------
def test_an_agent_sets_the_rules_of_a_service_and_its_days_follow():
    activite = ouvrir()
    client = agent("guichet")
    changements = {
        "reservation_unite": "semaine",
        "reservation_jour_semaine": "2",
        "annulation_jours": "0",
        "annulation_heure": "08:00",
        "retard": "fixe",
        "retard_montant": "2,50",
        "retard_heure": "07:45",
        "absence_heure": "10:00",
        "absence_carence": "2",
        "courriel": "cantine@exemple.fr",
        "tarifs-0-cout": "9,80",
    }
    paroles(modifier(client, activite, **changements))
    activite.refresh_from_db()
    assert (activite.retard_montant, activite.absence_carence) == (Decimal("2.50"), 2)
    assert Tarif.objects.get().cout == COUT
    assert limites(JEUDI) == [a(1, 23, 59), a(10, 8), a(10, 7, 45), a(10, 10)]


@pytest.mark.parametrize(
    ("changements", "phrase"),
    [
        ({"reservation_unite": "semaine"}, "choisissez le jour de la semaine précédente"),
        ({"annulation_jours": "0", "annulation_heure": "15:00"}, "au plus tard 14 h"),
        ({"absence_heure": "15:00"}, "au plus tard 14 h"),
        ({"tarifs-0-cout": "4,00"}, "ne dépasse pas son coût"),
    ],
)
def test_an_agent_is_told_in_french_which_rule_makes_no_sense(changements, phrase):
    activite = ouvrir()
    assert phrase in refus(modifier(agent("guichet"), activite, **changements))
