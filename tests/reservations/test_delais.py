"""Cut-offs, the three families of rules, as tables and over every committed school year. No database."""

import datetime as dt

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reservations.donnees_calendrier import calendriers
from reservations.models import Activite
from reservations.regles import FIN_DU_SERVICE, PARIS, RegleDeDelai, UniteDeDelai

CALENDAIRES, OUVRES, SEMAINE = UniteDeDelai
NUIT, MIDI, MATIN = dt.time(23, 59), dt.time(12), dt.time(8, 30)
MARDI, VENDREDI, DIMANCHE = 2, 5, 7
ANNEES = calendriers()


def jours_de_classe(annee) -> list[dt.date]:
    """Every weekday of the year outside its periods without class."""
    jours = [annee.debut + dt.timedelta(days=n) for n in range((annee.fin - annee.debut).days + 1)]
    return [j for j in jours if j.isoweekday() <= 5 and not any(p.debut <= j <= p.fin for p in annee.periodes)]


def feries(annee) -> set[dt.date]:
    return {p.debut for p in annee.periodes if p.nature == "ferie"}


CLASSE = {libelle: jours_de_classe(annee) for libelle, annee in ANNEES.items()}
FERIES = {libelle: feries(annee) for libelle, annee in ANNEES.items()}


# --- (b) A weekday of the week before --------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("jour_semaine", "heure", "repas", "limite"),
    [
        # The whole week of 7 December 2026 has one cut-off: Tuesday 1 December.
        *((MARDI, NUIT, f"2026-12-{j:02d}", "2026-12-01T23:59:00+01:00") for j in range(7, 14)),
        (MARDI, NUIT, "2026-12-14", "2026-12-08T23:59:00+01:00"),
        (1, MATIN, "2026-12-13", "2026-11-30T08:30:00+01:00"),
        (VENDREDI, MIDI, "2026-09-01", "2026-08-28T12:00:00+02:00"),  # the first day of the year: in August
        (DIMANCHE, NUIT, "2026-12-07", "2026-12-06T23:59:00+01:00"),  # the eve of a Monday
        (MARDI, NUIT, "2027-01-04", "2026-12-29T23:59:00+01:00"),  # in the holidays, in the year before
        (VENDREDI, MIDI, "2026-10-26", "2026-10-23T12:00:00+02:00"),  # the Monday after winter time, before it
        (DIMANCHE, MIDI, "2026-10-26", "2026-10-25T12:00:00+01:00"),  # the day of winter time
        (DIMANCHE, NUIT, "2027-03-29", "2027-03-28T23:59:00+02:00"),  # the day of summer time
    ],
)
def test_a_weekday_of_the_week_before(jour_semaine, heure, repas, limite):
    regle = RegleDeDelai(9, SEMAINE, heure, jour_semaine)  # the number of days does not matter
    assert regle.limite(dt.date.fromisoformat(repas)) == dt.datetime.fromisoformat(limite)


# --- (a) and (c), across the two clock changes -----------------------------------------------------------------------
@pytest.mark.parametrize(
    ("regle", "repas", "en_utc"),
    [
        # Winter time: 25 October 2026 has 25 hours. The wall clock says the same, the instant moves.
        (RegleDeDelai(0, CALENDAIRES, MATIN), "2026-10-23", "2026-10-23T06:30"),
        (RegleDeDelai(0, CALENDAIRES, MATIN), "2026-10-26", "2026-10-26T07:30"),
        (RegleDeDelai(2, CALENDAIRES, NUIT), "2026-10-26", "2026-10-24T21:59"),
        (RegleDeDelai(2, CALENDAIRES, NUIT), "2026-10-27", "2026-10-25T22:59"),
        (RegleDeDelai(2, OUVRES, MIDI), "2026-10-26", "2026-10-22T10:00"),
        (RegleDeDelai(2, OUVRES, MIDI), "2026-10-28", "2026-10-26T11:00"),
        # Summer time: 28 March 2027 has 23 hours; Easter Monday is not an open day.
        (RegleDeDelai(0, CALENDAIRES, MATIN), "2027-03-26", "2027-03-26T07:30"),
        (RegleDeDelai(0, CALENDAIRES, MATIN), "2027-03-30", "2027-03-30T06:30"),
        (RegleDeDelai(2, CALENDAIRES, NUIT), "2027-03-30", "2027-03-28T21:59"),
        (RegleDeDelai(3, CALENDAIRES, NUIT), "2027-03-30", "2027-03-27T22:59"),
        (RegleDeDelai(1, OUVRES, MIDI), "2027-03-30", "2027-03-26T11:00"),
        # An hour that the night of the change has twice, or not at all, is still one instant of that night.
        (RegleDeDelai(1, CALENDAIRES, dt.time(2, 30)), "2026-10-26", "2026-10-25T00:30"),
        (RegleDeDelai(1, CALENDAIRES, dt.time(2, 30)), "2027-03-29", "2027-03-28T01:30"),
    ],
)
def test_the_hour_is_the_wall_clocks_on_both_sides_of_a_clock_change(regle, repas, en_utc):
    limite = regle.limite(dt.date.fromisoformat(repas), FERIES["2026-2027"])
    assert limite.astimezone(dt.UTC) == dt.datetime.fromisoformat(en_utc).replace(tzinfo=dt.UTC)


# --- Whole years -----------------------------------------------------------------------------------------------------
HEURES = st.times().map(lambda h: h.replace(second=0, microsecond=0))
DU_MATIN = st.times(max_value=FIN_DU_SERVICE).map(lambda h: h.replace(second=0, microsecond=0))
# What the constraints of the database let in: on the day itself, not after the end of the meal.
UNITES = st.sampled_from([CALENDAIRES, OUVRES])
LA_VEILLE = st.builds(RegleDeDelai, jours=st.integers(1, 60), unite=UNITES, heure=HEURES)
LE_MATIN = st.builds(RegleDeDelai, jours=st.just(0), unite=UNITES, heure=DU_MATIN)
LA_SEMAINE = st.builds(
    RegleDeDelai, jours=st.integers(0, 60), unite=st.just(SEMAINE), heure=HEURES, jour_semaine=st.integers(1, 7)
)
ADMISES = st.one_of(LA_VEILLE, LE_MATIN, LA_SEMAINE)


@pytest.mark.parametrize("libelle", sorted(ANNEES))
def test_the_calendar_has_school_days_to_ask_about(libelle):
    assert 170 <= len(CLASSE[libelle]) <= 190


@pytest.mark.parametrize("libelle", sorted(ANNEES))
@given(regle=ADMISES)
@example(regle=RegleDeDelai(0, OUVRES, FIN_DU_SERVICE))
@example(regle=RegleDeDelai(1, CALENDAIRES, dt.time(2, 30)))
@example(regle=RegleDeDelai(0, SEMAINE, NUIT, DIMANCHE))
def test_every_school_day_of_a_year_has_its_cut_off_before_the_end_of_the_meal(libelle, regle):
    precedente = None
    for jour in CLASSE[libelle]:
        limite = regle.limite(jour, FERIES[libelle])
        fin_du_repas = dt.datetime.combine(jour, FIN_DU_SERVICE, tzinfo=PARIS)
        assert limite <= fin_du_repas
        assert limite.time() == regle.heure
        assert limite.utcoffset() in (dt.timedelta(hours=1), dt.timedelta(hours=2))
        assert precedente is None or precedente <= limite  # meals in order, cut-offs in order
        precedente = limite


@pytest.mark.parametrize("libelle", sorted(ANNEES))
@given(regle=LA_SEMAINE)
def test_all_the_meals_of_a_week_share_one_cut_off_of_the_week_before(libelle, regle):
    for jour in CLASSE[libelle]:
        limite = regle.limite(jour)
        lundi = jour - dt.timedelta(days=jour.weekday())
        assert limite == regle.limite(lundi)
        assert limite.date().isocalendar()[:2] == (lundi - dt.timedelta(days=7)).isocalendar()[:2]
        assert limite.isoweekday() == regle.jour_semaine


@pytest.mark.parametrize("libelle", sorted(ANNEES))
@given(heure=DU_MATIN)
def test_late_bookings_and_absences_end_on_the_morning_of_every_school_day(libelle, heure):
    activite = Activite(retard="fixe", retard_heure=heure, absence_heure=heure)
    for jour in CLASSE[libelle]:
        attendue = dt.datetime.combine(jour, heure, tzinfo=PARIS)
        assert activite.limite_tardive(jour) == activite.limite_absence(jour) == attendue


def test_a_service_that_refuses_late_bookings_or_takes_no_absences_has_no_such_cut_off():
    activite = Activite(retard="refus", absence_heure=None)
    assert activite.limite_tardive(dt.date(2026, 12, 10)) is None
    assert activite.limite_absence(dt.date(2026, 12, 10)) is None
