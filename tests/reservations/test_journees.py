"""The days of service, made and remade: from the calendar, the weekdays, the capacity, the cut-offs, the closures."""

import datetime as dt
from decimal import Decimal

import pytest
from django.apps import apps
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from post_office.models import Email

from reservations.donnees_calendrier import calendriers
from reservations.models import (
    Activite,
    AnneeScolaire,
    Fermeture,
    Journee,
    Mouvement,
    Operation,
    PeriodeSansClasse,
    Reservation,
    Tarif,
)
from reservations.regles import PARIS, Motif
from reservations.services import actualiser_journees, ouvrir_annee
from reservations.services.journees import Bilan
from tests.factories import (
    ANNEE,
    INSTANT,
    OUVERTURE,
    ActiviteFactory,
    AnneeScolaireFactory,
    UtilisateurFactory,
    foyer,
    ouvrir,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("ouverture", "comptes_justes")]

LUNDI, MARDI, MERCREDI, JEUDI = (dt.date(2026, 12, n) for n in (7, 8, 9, 10))


def actualiser(activite, **champs):
    for champ, valeur in champs.items():
        setattr(activite, champ, valeur)
    activite.save()
    return actualiser_journees(activite=activite, annee=AnneeScolaire.objects.get())


def fermer(activite, debut=LUNDI, fin=LUNDI, motif="Grève"):
    return Fermeture.objects.create(activite=activite, debut=debut, fin=fin, motif=motif)


# --- Making ----------------------------------------------------------------------------------------------------------
def test_a_year_serves_its_weekdays_outside_holidays_public_holidays_and_bridges():
    activite = ouvrir()
    jours = set(Journee.objects.values_list("date", flat=True))
    assert len(jours) == 139
    assert {j.isoweekday() for j in jours} == {1, 2, 4, 5}
    assert (min(jours), max(jours)) == (dt.date(2026, 9, 1), dt.date(2027, 7, 2))
    for sans_classe in ("2026-11-11", "2026-10-19", "2027-01-01", "2027-03-29", "2027-05-06", "2027-05-07"):
        assert dt.date.fromisoformat(sans_classe) not in jours
    for reprise in ("2026-11-02", "2027-01-04", "2027-02-22", "2027-04-19", "2027-05-10"):
        assert dt.date.fromisoformat(reprise) in jours
    assert set(Journee.objects.values_list("activite", "capacite", "places_prises", "fermeture")) == {
        (activite.pk, 90, 0, "")
    }


def test_the_cut_offs_are_stored_as_instants():
    ouvrir(
        reservation_jours=2,
        reservation_unite="ouvres",
        reservation_heure=dt.time(12),
        annulation_jours=0,
        annulation_heure=dt.time(8, 30),
    )
    jour = Journee.objects.get(date=dt.date(2026, 11, 12))
    assert jour.limite_reservation == dt.datetime(2026, 11, 9, 12, tzinfo=PARIS)
    assert jour.limite_annulation == dt.datetime(2026, 11, 12, 8, 30, tzinfo=PARIS)


def test_an_activity_just_created_has_its_default_hours():
    activite = ActiviteFactory()
    assert isinstance(Activite._meta.get_field("reservation_heure").get_default(), dt.time)
    assert activite.regle_reservation.limite(LUNDI) == dt.datetime(2026, 12, 5, 23, 59, tzinfo=PARIS)


def test_doing_it_twice_changes_nothing():
    activite = ouvrir()
    avant = list(Journee.objects.order_by("pk").values())
    assert actualiser(activite) == Bilan()
    assert list(Journee.objects.order_by("pk").values()) == avant


def test_one_service_never_touches_the_days_of_another():
    autre = ouvrir(capacite=7)
    activite = ouvrir()
    actualiser(activite, capacite=8)
    assert set(autre.journees.values_list("capacite", flat=True)) == {7}


# --- Capacity and cut-offs -------------------------------------------------------------------------------------------
def test_a_new_capacity_reaches_the_days_to_come_and_leaves_the_past(ouverture):
    activite = ouvrir(capacite=10)
    ouverture.move_to(dt.datetime(2026, 12, 8, 10, tzinfo=PARIS))
    bilan = actualiser(activite, capacite=12)
    assert set(Journee.objects.filter(date__lt=MARDI).values_list("capacite", flat=True)) == {10}
    assert set(Journee.objects.filter(date__gte=MARDI).values_list("capacite", flat=True)) == {12}
    assert bilan.modifiees == Journee.objects.filter(capacite=12).count()


def test_new_cut_offs_reach_the_days_to_come():
    activite = ouvrir()
    actualiser(activite, annulation_jours=1, annulation_heure=dt.time(9))
    jour = Journee.objects.get(date=LUNDI)
    assert jour.limite_reservation == dt.datetime(2026, 12, 5, 23, 59, tzinfo=PARIS)
    assert jour.limite_annulation == dt.datetime(2026, 12, 6, 9, tzinfo=PARIS)


def test_a_day_set_by_hand_keeps_its_capacity_and_cut_offs():
    activite = ouvrir(capacite=10)
    Journee.objects.filter(date=LUNDI).update(manuelle=True, capacite=3, limite_reservation=INSTANT)
    actualiser(activite, capacite=12, reservation_jours=5)
    jour = Journee.objects.get(date=LUNDI)
    assert (jour.capacite, jour.limite_reservation, jour.manuelle) == (3, INSTANT, True)


def test_a_day_set_by_hand_is_closed_by_a_closure_all_the_same():
    activite = ouvrir()
    Journee.objects.filter(date=LUNDI).update(manuelle=True, capacite=3)
    fermer(activite)
    actualiser(activite)
    assert Journee.objects.get(date=LUNDI).fermeture == "Grève"


def test_a_capacity_lowered_under_the_meals_booked_keeps_them_and_takes_no_more():
    activite = ouvrir(capacite=3)
    foyers = [foyer(activite=activite, reserves=[LUNDI]) for _ in range(3)]
    bilan = actualiser(activite, capacite=1)
    jour = Journee.objects.get(date=LUNDI)
    assert (jour.capacite, jour.places_prises, jour.depassement, bilan.en_depassement) == (1, 3, 2, 1)
    assert foyer(activite=activite).reserver(LUNDI).mouvements.get().motif == Motif.COMPLET
    # Each meal given back takes the tolerance with it; none comes back in its place until the capacity is free.
    for reste, depassement in ((2, 1), (1, 0)):
        foyers.pop().reserver(annuler=[LUNDI])
        jour.refresh_from_db()
        assert (jour.places_prises, jour.depassement) == (reste, depassement)
        assert foyer(activite=activite).reserver(LUNDI).mouvements.get().motif == Motif.COMPLET
    foyers.pop().reserver(annuler=[LUNDI])
    assert foyer(activite=activite).reserver(LUNDI).mouvements.get().nature == Mouvement.Nature.AJOUT


def test_a_capacity_raised_again_forgets_the_tolerance():
    activite = ouvrir(capacite=3)
    for _ in range(3):
        foyer(activite=activite, reserves=[LUNDI])
    actualiser(activite, capacite=1)
    assert actualiser(activite, capacite=4).en_depassement == 0
    assert Journee.objects.get(date=LUNDI).depassement == 0


def test_a_refresh_after_meals_given_back_in_the_tolerance_is_exact():
    activite = ouvrir(capacite=2)
    foyers = [foyer(activite=activite, reserves=[LUNDI]) for _ in range(2)]
    actualiser(activite, capacite=0)
    foyers[0].reserver(annuler=[LUNDI])
    assert actualiser(activite) == Bilan(en_depassement=1)


# --- Closing and opening ---------------------------------------------------------------------------------------------
def test_a_closure_cancels_the_meals_of_its_days_with_a_line_each_and_tells_the_families():
    f = foyer(reserves=[LUNDI, MARDI, JEUDI])
    g = foyer(activite=f.activite, reserves=[LUNDI])
    Email.objects.all().delete()
    fermer(f.activite, LUNDI, MARDI)
    agent = UtilisateurFactory(agent=True)
    bilan = actualiser_journees(activite=f.activite, annee=f.annee, auteur=agent)
    assert (bilan.fermees, bilan.repas_annules) == (2, 3)
    assert set(Reservation.objects.values_list("inscription", "date")) == {(f.inscription.pk, JEUDI)}
    assert set(Journee.objects.filter(date__in=[LUNDI, MARDI]).values_list("fermeture", "places_prises")) == {
        ("Grève", 0)
    }
    operation = Operation.objects.filter(famille=f.famille).first()
    assert (operation.origine, operation.auteur) == ("agent", agent)
    lignes = list(operation.mouvements.values_list("date", "nature", "motif", "precision", "prix", "places_prises"))
    assert lignes == [
        (LUNDI, "annulation", Motif.FERME, "Grève", Decimal("4.97"), 2),
        (MARDI, "annulation", Motif.FERME, "Grève", Decimal("4.97"), 1),
    ]
    assert {tuple(c.to) for c in Email.objects.all()} == {(f.utilisateur.email,), (g.utilisateur.email,)}
    assert all("Grève" in c.message for c in Email.objects.all())


def test_a_closure_of_the_town_closes_every_service():
    a, b = ouvrir(), ouvrir()
    fermer(None, LUNDI, MERCREDI)
    for activite in (a, b):
        actualiser(activite)
    assert Journee.objects.filter(fermeture="Grève").count() == 4


def test_closing_twice_cancels_once():
    f = foyer(reserves=[LUNDI])
    fermer(f.activite)
    actualiser(f.activite)
    assert actualiser(f.activite) == Bilan()
    assert Operation.objects.count() == 2


def test_a_new_reason_replaces_the_old_one():
    activite = ouvrir()
    fermeture = fermer(activite)
    actualiser(activite)
    fermeture.motif = "Travaux"
    fermeture.save()
    assert actualiser(activite) == Bilan(modifiees=1)
    assert Journee.objects.get(date=LUNDI).fermeture == "Travaux"


def test_a_closure_taken_back_opens_the_day_without_booking_anything():
    f = foyer(reserves=[LUNDI])
    fermeture = fermer(f.activite)
    actualiser(f.activite)
    fermeture.delete()
    assert actualiser(f.activite) == Bilan(rouvertes=1)
    assert not Reservation.objects.exists()
    assert f.reserver(LUNDI).mouvements.get().nature == Mouvement.Nature.AJOUT


def test_a_day_in_overrun_that_closes_is_not_counted_as_overrun():
    f = foyer(reserves=[LUNDI])
    fermer(f.activite)
    bilan = actualiser(f.activite, capacite=0)
    assert (bilan.fermees, bilan.repas_annules, bilan.en_depassement) == (1, 1, 0)
    jour = Journee.objects.get(date=LUNDI)
    assert (jour.capacite, jour.depassement, jour.places_prises) == (0, 0, 0)


def test_a_weekday_taken_away_closes_its_days_and_cancels_their_meals():
    f = foyer(reserves=[LUNDI, MARDI])
    lundis = Journee.objects.filter(date__iso_week_day=1).count()
    bilan = actualiser(f.activite, jours=[2, 4, 5])
    assert (bilan.fermees, bilan.repas_annules) == (lundis, 1)
    assert set(Reservation.objects.values_list("date", flat=True)) == {MARDI}
    assert actualiser(f.activite, jours=[1, 2, 4, 5]).rouvertes == lundis


def test_a_weekday_added_adds_its_days():
    activite = ouvrir()
    bilan = actualiser(activite, jours=[1, 2, 3, 4, 5])
    assert bilan.creees == Journee.objects.filter(date__iso_week_day=3).count() > 30
    assert bilan.modifiees == 0


def test_a_bridge_added_by_the_town_closes_its_day():
    f = foyer(reserves=[LUNDI])
    PeriodeSansClasse.objects.create(annee=f.annee, nature="pont", libelle="Pont", debut=LUNDI, fin=LUNDI)
    assert actualiser(f.activite).repas_annules == 1
    assert Journee.objects.get(date=LUNDI).fermeture


def test_the_past_is_never_closed_nor_reopened(ouverture):
    f = foyer(reserves=[LUNDI])
    fermer(f.activite, LUNDI, MARDI)
    ouverture.move_to(dt.datetime(2026, 12, 8, 7, tzinfo=PARIS))
    bilan = actualiser(f.activite, jours=[4])
    assert bilan.repas_annules == 0
    assert Reservation.objects.get().date == LUNDI
    assert Journee.objects.get(date=LUNDI).fermeture == ""
    assert Journee.objects.get(date=MARDI).fermeture  # today still closes


def test_a_change_of_a_day_leaves_its_trace():
    f = foyer(reserves=[LUNDI])
    jour = Journee.objects.get(date=LUNDI)
    actualiser(f.activite, capacite=4)
    actualiser(f.activite)
    traces = apps.get_model("reservations", "JourneeEvent").objects.filter(pgh_obj=jour)
    assert list(traces.values_list("capacite", flat=True)) == [4]


# --- The whole year --------------------------------------------------------------------------------------------------
def test_opening_a_year_makes_periods_prices_and_days_and_running_again_changes_nothing():
    for _ in range(2):
        ActiviteFactory()
    ActiviteFactory(active=False)
    phrases = []
    options = {"calendrier": calendriers()[ANNEE], "ouverture": OUVERTURE, "prix": Decimal("4.97")}
    annee, bilan = ouvrir_annee(**options, dire=phrases.append)
    assert bilan.creees == Journee.objects.count() == 2 * 139
    assert Tarif.objects.count() == len(phrases) == 2
    assert annee.periodes.count() == len(calendriers()[ANNEE].periodes)
    Tarif.objects.update(prix=Decimal(1))
    annee, bilan = ouvrir_annee(**options)
    assert bilan == Bilan()
    assert set(Tarif.objects.values_list("prix", flat=True)) == {Decimal(1)}
    assert AnneeScolaire.objects.count() == 1
    assert annee.periodes.count() == len(calendriers()[ANNEE].periodes)


def test_two_years_live_side_by_side():
    activite = ActiviteFactory()
    courante, suivante = AnneeScolaireFactory(), AnneeScolaireFactory(libelle="2027-2028")
    for annee in (courante, suivante):
        actualiser_journees(activite=activite, annee=annee)
    activite.capacite = 5
    activite.save()
    actualiser_journees(activite=activite, annee=suivante)
    assert set(Journee.objects.de_l_annee(courante).values_list("capacite", flat=True)) == {90}
    assert set(Journee.objects.de_l_annee(suivante).values_list("capacite", flat=True)) == {5}


# --- Statements ------------------------------------------------------------------------------------------------------
def instructions(geste):
    with CaptureQueriesContext(connection) as requetes:
        geste()
    return [r["sql"] for r in requetes if "post_office" not in r["sql"]]


def test_a_refresh_costs_the_same_for_a_day_and_for_a_year_of_changes():
    activite = ouvrir()
    Journee.objects.filter(date=LUNDI).update(capacite=1)
    une = instructions(lambda: actualiser(activite))
    toutes = instructions(lambda: actualiser(activite, capacite=12))
    assert len(une) == len(toutes) <= 15


def test_a_closure_costs_the_same_for_one_household_and_for_many():
    f = foyer(reserves=[LUNDI])
    fermer(f.activite)
    un = instructions(lambda: actualiser(f.activite))
    jours = list(Journee.objects.exclude(date=LUNDI).values_list("date", flat=True)[:40])
    for _ in range(8):
        foyer(activite=f.activite, reserves=jours)
    fermer(f.activite, min(jours), max(jours), "Travaux")
    plusieurs = instructions(lambda: actualiser(f.activite))
    assert not Reservation.objects.filter(date__lte=max(jours)).exists()
    assert len(un) == len(plusieurs)


def test_counts_stay_exact_through_overruns_and_closures():
    activite = ouvrir(capacite=2)
    f, g = foyer(activite=activite, reserves=[LUNDI, MARDI]), foyer(activite=activite, reserves=[LUNDI, JEUDI])
    actualiser(activite, capacite=1)
    fermeture = fermer(activite)
    actualiser(activite, capacite=0)
    fermeture.delete()
    actualiser(activite, capacite=1)
    f.reserver(LUNDI, annuler=[MARDI])
    g.reserver(LUNDI, MARDI)
    assert not Journee.objects.filter(places_prises__gt=F("capacite") + F("depassement")).exists()
    assert set(Reservation.objects.values_list("inscription", "date")) == {
        (f.inscription.pk, LUNDI),
        (g.inscription.pk, MARDI),
        (g.inscription.pk, JEUDI),
    }
