"""The committed calendar of zone C against two libraries, day by day. Each difference has its reason here."""

import datetime as dt
from itertools import pairwise

import holidays
import pytest
from vacances_scolaires_france import SchoolHolidayDates

from reservations.donnees_calendrier import calendriers
from reservations.services.journees import jours_de

CALENDRIERS = calendriers()
LIBELLES = list(CALENDRIERS)

# Days that the library takes for holidays and our file for days of class. The ministry's data gives, as the start of
# the summer holidays, the day at the end of which classes stop: « Les vacances débutent après la classe ». It is the
# last day of class, a Saturday in all years but 2028, as in the town's tutorial: enrolments « du 02/09/2024 au
# 05/07/2025 ».
DERNIERS_JOURS = {
    "2024-2025": {"2025-07-05"},
    "2025-2026": {"2026-07-04"},
    "2026-2027": {"2027-07-03"},
    "2027-2028": {"2028-07-04"},
}
# Thursday of Ascension inside the library's bridge of 2027: in our file it is a public holiday, checked as such below.
FERIES_CHEZ_NOUS = {"2026-2027": {"2027-05-06"}}
# Bridges that the library lacks. Arrêté of 7 December 2022: no class on Friday 30 and Saturday 31 May 2025. Official
# calendar 2025-2026: none on Friday 15 and Saturday 16 May 2026.
PONTS_ABSENTS = {"2024-2025": {"2025-05-30", "2025-05-31"}, "2025-2026": {"2026-05-15", "2026-05-16"}}


def sans_classe(calendrier, *natures):
    return {j for p in calendrier.periodes if p.nature in natures for j in jours_de(p.debut, p.fin)}


def iso(jours):
    return {str(j) for j in jours}


@pytest.mark.parametrize("libelle", LIBELLES)
def test_the_holidays_are_those_of_the_library_but_for_the_differences_explained(libelle):
    calendrier, bibliotheque = CALENDRIERS[libelle], SchoolHolidayDates()
    selon_elle = {j for j in jours_de(calendrier.debut, calendrier.fin) if bibliotheque.is_holiday_for_zone(j, "C")}
    selon_nous = sans_classe(calendrier, "vacances", "pont")
    assert iso(selon_elle - selon_nous) == DERNIERS_JOURS[libelle] | FERIES_CHEZ_NOUS.get(libelle, set())
    assert iso(selon_nous - selon_elle) == PONTS_ABSENTS.get(libelle, set())


@pytest.mark.parametrize("libelle", LIBELLES)
def test_the_year_lies_between_two_summers_of_the_library(libelle):
    calendrier, bibliotheque = CALENDRIERS[libelle], SchoolHolidayDates()
    assert bibliotheque.is_holiday_for_zone(calendrier.debut - dt.timedelta(days=1), "C")
    assert not bibliotheque.is_holiday_for_zone(calendrier.debut, "C")
    assert bibliotheque.is_holiday_for_zone(calendrier.fin + dt.timedelta(days=1), "C")


@pytest.mark.parametrize("libelle", LIBELLES)
def test_the_public_holidays_are_exactly_those_of_france(libelle):
    calendrier = CALENDRIERS[libelle]
    france = holidays.France(years=[calendrier.debut.year, calendrier.fin.year])
    assert sans_classe(calendrier, "ferie") == {j for j in france if calendrier.debut <= j <= calendrier.fin}


# The table of the town's own page, first and last days without class (the day of return is a school day).
TABLE = {
    "2025-2026": """2025-10-18 2025-11-02, 2025-12-20 2026-01-04, 2026-02-21 2026-03-08, 2026-04-18 2026-05-03""",
    "2026-2027": """2026-10-17 2026-11-01, 2026-12-19 2027-01-03, 2027-02-06 2027-02-21, 2027-04-03 2027-04-18""",
}
PONTS = {"2025-2026": ("2026-05-14", "2026-05-17"), "2026-2027": ("2027-05-06", "2027-05-09")}


@pytest.mark.parametrize("libelle", TABLE)
def test_the_holidays_are_those_of_the_official_table(libelle):
    vacances = [f"{p.debut} {p.fin}" for p in CALENDRIERS[libelle].periodes if p.nature == "vacances"]
    assert vacances == TABLE[libelle].split(", ")


@pytest.mark.parametrize("libelle", PONTS)
def test_nobody_has_class_over_the_bridge_of_ascension(libelle):
    debut, fin = map(dt.date.fromisoformat, PONTS[libelle])
    fermes = sans_classe(CALENDRIERS[libelle], "pont", "ferie")
    assert {j for j in jours_de(debut, fin) if j.isoweekday() != 7} <= fermes


@pytest.mark.parametrize("libelle", LIBELLES)
def test_the_file_is_in_order_and_says_where_it_comes_from(libelle):
    calendrier = CALENDRIERS[libelle]
    assert calendrier.libelle == f"{calendrier.debut.year}-{calendrier.fin.year}"
    assert calendrier.fin.year == calendrier.debut.year + 1
    assert calendrier.source
    debuts = [p.debut for p in calendrier.periodes]
    assert debuts == sorted(debuts)
    for periode in calendrier.periodes:
        assert calendrier.debut < periode.debut <= periode.fin < calendrier.fin
        assert periode.libelle.strip() == periode.libelle != ""
        assert "'" not in periode.libelle


@pytest.mark.parametrize("libelle", LIBELLES)
@pytest.mark.parametrize("nature", ["vacances", "ferie", "pont"])
def test_two_periods_of_one_kind_never_overlap(libelle, nature):
    periodes = [p for p in CALENDRIERS[libelle].periodes if p.nature == nature]
    assert periodes
    assert sum((p.fin - p.debut).days + 1 for p in periodes) == len(sans_classe(CALENDRIERS[libelle], nature))


@pytest.mark.parametrize("libelle", LIBELLES)
def test_classes_start_and_end_on_days_of_class(libelle):
    calendrier = CALENDRIERS[libelle]
    fermes = sans_classe(calendrier, "vacances", "ferie", "pont")
    for jour in (calendrier.debut, calendrier.fin):
        assert jour not in fermes
        assert jour.isoweekday() <= 6


@pytest.mark.parametrize("libelle", LIBELLES)
def test_a_year_has_about_140_days_of_meals(libelle):
    calendrier = CALENDRIERS[libelle]
    fermes = sans_classe(calendrier, "vacances", "ferie", "pont")
    repas = [j for j in jours_de(calendrier.debut, calendrier.fin) if j.isoweekday() in {1, 2, 4, 5}]
    assert 130 <= len(set(repas) - fermes) <= 145


def test_the_years_follow_each_other():
    annees = sorted(CALENDRIERS.values(), key=lambda c: c.debut)
    assert [c.libelle for c in annees] == LIBELLES
    for avant, apres in pairwise(annees):
        assert avant.fin < apres.debut
        assert avant.fin.year == apres.debut.year
