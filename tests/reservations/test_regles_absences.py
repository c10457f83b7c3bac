"""The rules of absences, as tables of cases. No database."""

import datetime as dt
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reservations.regles import (
    PARIS,
    Detenteur,
    Motif,
    absences_de_suite,
    en_jours_d_absence,
    motif_de_refus_absence,
    motif_de_refus_retour,
)

JOUR = dt.date(2026, 12, 10)
ANNULATION = dt.datetime(2026, 12, 8, 23, 59, tzinfo=PARIS)
LIMITE = dt.datetime(2026, 12, 10, 9, tzinfo=PARIS)
INSTANT = dt.timedelta(microseconds=1)
MATIN = LIMITE - INSTANT
MOI, AUTRE, AUTRE_INSCRIPTION, ABSENT = Detenteur


@dataclass(frozen=True)
class Jour:
    date: dt.date = JOUR
    capacite: int = 10
    places_prises: int = 9
    limite_reservation: dt.datetime = ANNULATION
    limite_annulation: dt.datetime = ANNULATION
    limite_tardive: dt.datetime | None = None
    limite_absence: dt.datetime | None = LIMITE
    fermeture: str = ""


LONG = replace(Jour(), limite_annulation=dt.datetime(2026, 11, 1, tzinfo=PARIS))


@pytest.mark.parametrize(
    ("journee", "detenteur", "maintenant", "attendu"),
    [
        (Jour(), MOI, MATIN, None),
        (Jour(), MOI, ANNULATION, None),  # the cut-off itself: it can no longer be cancelled
        (Jour(), MOI, ANNULATION - INSTANT, Motif.ANNULABLE),
        (Jour(), MOI, LIMITE, Motif.HORS_DELAI_ABSENCE),
        (Jour(), MOI, LIMITE + dt.timedelta(days=30), Motif.HORS_DELAI_ABSENCE),
        (Jour(places_prises=10), MOI, MATIN, None),
        (Jour(limite_absence=None), MOI, MATIN, Motif.SANS_ABSENCE),
        (Jour(), None, MATIN, Motif.PAS_RESERVE),
        (None, MOI, MATIN, Motif.PAS_RESERVE),
        (Jour(), ABSENT, MATIN, Motif.ABSENT),
        (Jour(), AUTRE, MATIN, Motif.AUTRE_FOYER),
        (Jour(), AUTRE, LIMITE, Motif.AUTRE_FOYER),
        (Jour(), AUTRE_INSCRIPTION, MATIN, Motif.AUTRE_INSCRIPTION),
        # A service that cancels weeks before: fifteen days early at most, in the town's days.
        (LONG, MOI, dt.datetime(2026, 11, 25, 0, 0, tzinfo=PARIS), None),
        (LONG, MOI, dt.datetime(2026, 11, 24, 23, 59, tzinfo=PARIS), Motif.ABSENCE_TROP_TOT),
        (LONG, MOI, dt.datetime(2026, 11, 24, 23, 30, tzinfo=dt.UTC), None),
    ],
)
def test_declaring_an_absence(journee, detenteur, maintenant, attendu):
    assert motif_de_refus_absence(journee, detenteur=detenteur, maintenant=maintenant) == attendu


@pytest.mark.parametrize(
    ("journee", "detenteur", "maintenant", "attendu"),
    [
        (Jour(), ABSENT, MATIN, None),
        (Jour(), ABSENT, LIMITE, Motif.HORS_DELAI_ABSENCE),
        (Jour(limite_absence=None), ABSENT, MATIN, Motif.HORS_DELAI_ABSENCE),
        (Jour(places_prises=10), ABSENT, MATIN, Motif.COMPLET),
        (Jour(fermeture="Grève"), ABSENT, MATIN, Motif.FERME),
        (Jour(), MOI, MATIN, Motif.DEJA_RESERVE),
        (Jour(), AUTRE, MATIN, Motif.PAS_ABSENT),
        (Jour(), None, MATIN, Motif.PAS_ABSENT),
        (None, None, MATIN, Motif.PAS_ABSENT),
    ],
)
def test_undoing_an_absence(journee, detenteur, maintenant, attendu):
    dates = {"debut": JOUR, "fin": JOUR}
    assert motif_de_refus_retour(journee, **dates, detenteur=detenteur, maintenant=maintenant) == attendu


@pytest.mark.parametrize("ecart", [-1, 1])
def test_an_absence_is_not_undone_out_of_the_dates_of_the_enrolment(ecart):
    autre = JOUR + dt.timedelta(days=ecart)
    motif = motif_de_refus_retour(Jour(), debut=autre, fin=autre, detenteur=ABSENT, maintenant=MATIN)
    assert motif == Motif.HORS_INSCRIPTION


# Monday, Tuesday, Thursday, Friday, then the next Monday and Tuesday.
L, MA, J, V, L2, MA2 = (dt.date(2026, 12, n) for n in (7, 8, 10, 11, 14, 15))
SERVICE = [L, MA, J, V, L2, MA2]


@pytest.mark.parametrize(
    ("jour", "absences", "attendu"),
    [
        (L, set(), 0),
        (MA, {L}, 1),
        (MA, {L, MA}, 1),  # the day itself does not count
        (J, {L, MA}, 2),  # over Wednesday, which has no service
        (L2, {V}, 1),  # over the weekend
        (L2, {J, V}, 2),
        (MA2, {L, MA, J, V, L2}, 5),
        (V, {L, MA}, 0),  # Thursday is left out: the count starts again
        (V, {L, MA, J}, 3),
        (L, {MA}, 0),  # a later absence does not count
        (dt.date(2027, 1, 4), {MA2}, 1),  # over the holidays
    ],
)
def test_the_absences_in_a_row_before_a_day(jour, absences, attendu):
    assert absences_de_suite(jour, service=SERVICE, absences=absences) == attendu


@given(jour=st.sampled_from(SERVICE), absences=st.sets(st.sampled_from(SERVICE)))
def test_one_absence_more_never_shortens_the_row(jour, absences):
    suite = absences_de_suite(jour, service=SERVICE, absences=absences)
    assert 0 <= suite <= SERVICE.index(jour)
    for plus in SERVICE:
        assert absences_de_suite(jour, service=SERVICE, absences=absences | {plus}) >= suite


def test_ranks_in_french():
    assert [en_jours_d_absence(n) for n in (1, 2, 3)] == [
        "1er jour d’absence",
        "2e jour d’absence",
        "3e jour d’absence",
    ]
