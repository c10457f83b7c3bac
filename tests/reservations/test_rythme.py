"""Patterns: weekdays and custody weeks, as tables and over whole years."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reservations.regles_changements import Changements, Semaines, plage, rythme, vers_le_rythme

DEBUT, FIN = dt.date(2026, 9, 1), dt.date(2027, 7, 3)
ANNEE = [DEBUT + dt.timedelta(days=n) for n in range((FIN - DEBUT).days + 1)]
LUNDI, MARDI, MERCREDI, JEUDI, VENDREDI = (dt.date(2026, 12, n) for n in range(7, 12))  # week 50
SUIVANT = LUNDI + dt.timedelta(days=7)


def jours(*jours_de_semaine, semaines="toutes", du=DEBUT, au=FIN, parmi=ANNEE):
    return rythme(parmi, jours_de_semaine=set(jours_de_semaine), semaines=semaines, du=du, au=au)


@pytest.mark.parametrize(
    ("demande", "voulus"),
    [
        ({"semaines": "toutes"}, {LUNDI, JEUDI, SUIVANT, SUIVANT + dt.timedelta(days=3)}),
        ({"semaines": "paires"}, {LUNDI, JEUDI}),
        ({"semaines": "impaires"}, {SUIVANT, SUIVANT + dt.timedelta(days=3)}),
        ({"semaines": "toutes", "au": LUNDI}, {LUNDI}),
        ({"semaines": "toutes", "du": MARDI, "au": SUIVANT}, {JEUDI, SUIVANT}),
        ({"semaines": "toutes", "du": SUIVANT, "au": LUNDI}, set()),
    ],
)
def test_mondays_and_thursdays_of_two_weeks(demande, voulus):
    deux_semaines = [LUNDI + dt.timedelta(days=n) for n in range(14)]
    assert jours(1, 4, parmi=deux_semaines, **demande) == voulus


@pytest.mark.parametrize(
    ("jour", "semaines"),
    [
        (dt.date(2020, 12, 28), "impaires"),  # week 53
        (dt.date(2021, 1, 1), "impaires"),  # still week 53
        (dt.date(2021, 1, 4), "impaires"),  # week 1: two odd weeks in a row
        (dt.date(2021, 1, 11), "paires"),
        (dt.date(2026, 12, 28), "impaires"),  # week 53 of 2026
        (dt.date(2027, 1, 4), "impaires"),
        (dt.date(2024, 12, 30), "impaires"),  # week 1 of 2025
    ],
)
def test_the_turn_of_the_year_follows_printed_calendars(jour, semaines):
    for choix in ("paires", "impaires"):
        trouves = rythme([jour], jours_de_semaine=range(1, 8), semaines=choix, du=jour, au=jour)
        assert bool(trouves) == (choix == semaines)


@given(st.sets(st.dates(dt.date(2015, 1, 1), dt.date(2040, 12, 31))), st.sets(st.integers(1, 7)), st.data())
def test_even_and_odd_weeks_share_all_days_between_them(parmi, semaine, data):
    du, au = data.draw(st.tuples(st.dates(dt.date(2015, 1, 1)), st.dates(dt.date(2015, 1, 1))))
    options = {"jours_de_semaine": semaine, "du": du, "au": au}
    toutes, paires, impaires = (rythme(parmi, semaines=s, **options) for s in Semaines.values)
    assert paires | impaires == toutes
    assert not paires & impaires
    assert toutes == {j for j in parmi if j.isoweekday() in semaine and du <= j <= au}


@given(st.dates(dt.date(2015, 1, 1), dt.date(2040, 12, 31)), st.sampled_from(Semaines.values))
def test_a_week_is_whole_in_a_pattern_or_out_of_it(jour, semaines):
    lundi = jour - dt.timedelta(days=jour.isoweekday() - 1)
    semaine = [lundi + dt.timedelta(days=n) for n in range(7)]
    gardes = rythme(semaine, jours_de_semaine=range(1, 8), semaines=semaines, du=dt.date.min, au=dt.date.max)
    assert gardes in (frozenset(), frozenset(semaine))


@pytest.mark.parametrize(
    ("remplacer", "ajouts", "annulations"),
    [((), {MARDI}, set()), ({LUNDI, MARDI, JEUDI}, {MARDI}, {JEUDI}), ({VENDREDI}, {MARDI}, set())],
    ids=["ajouter", "remplacer", "remplacer hors de la période"],
)
def test_adding_keeps_the_meals_and_replacing_cancels_those_of_its_dates(remplacer, ajouts, annulations):
    # Wednesday is wanted but cannot be booked; Monday is booked already.
    changements = vers_le_rythme(
        reserves={LUNDI, JEUDI}, libres={MARDI, VENDREDI}, voulus={LUNDI, MARDI, MERCREDI}, remplacer=remplacer
    )
    assert changements == Changements(frozenset(ajouts), frozenset(annulations))


ENSEMBLES = st.sets(st.sampled_from(ANNEE[:20]))


@given(ENSEMBLES, ENSEMBLES, ENSEMBLES, ENSEMBLES)
def test_replacing_twice_changes_nothing_more(reserves, libres, voulus, remplacer):
    libres -= reserves
    c = vers_le_rythme(reserves=reserves, libres=libres, voulus=voulus, remplacer=remplacer)
    assert c.annulations <= reserves
    assert c.ajouts <= libres
    apres = (reserves | c.ajouts) - c.annulations
    restent = (libres | c.annulations) - c.ajouts
    assert not vers_le_rythme(reserves=apres, libres=restent, voulus=voulus, remplacer=remplacer)


def test_one_date_is_a_range():
    assert plage("date:2026-12-07", [LUNDI, MARDI]) == {LUNDI}
    assert plage("date:2026-12-09", [LUNDI, MARDI]) == frozenset()
    assert plage("date:demain", [LUNDI]) is None
