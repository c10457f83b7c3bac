"""When a bill is reminded of, when the comptable is told, how a schedule is cut: tables, no database."""

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facturation.regles_relances import Situation, a_transmettre, couper, echeancier_tenu, mois_suivant, niveau_du

D = Decimal
ECHEANCE = dt.date(2026, 10, 31)


def le(jours):
    return ECHEANCE + dt.timedelta(days=jours)


@pytest.mark.parametrize(
    ("jours", "situation", "niveau"),
    [
        (0, {}, None),
        (14, {}, None),
        (15, {}, 1),
        (90, {}, 1),
        (29, {"niveau": 1, "relancee_le": le(15)}, None),
        (30, {"niveau": 1, "relancee_le": le(15)}, 2),
        (60, {"niveau": 1, "relancee_le": le(50)}, None),  # the first was late: the second keeps its distance
        (65, {"niveau": 1, "relancee_le": le(50)}, 2),
        (90, {"niveau": 2, "relancee_le": le(30)}, None),
        (20, {"du_foyer": D("14.99")}, None),
        (20, {"du_foyer": D("15.00")}, 1),
        (20, {"reportee": True}, None),
        (20, {"prelevement": True}, None),
        (20, {"echeancier_tenu": True}, None),
    ],
)
def test_a_reminder_is_graded_and_never_sent_for_what_is_on_its_way(jours, situation, niveau):
    lue = Situation(**{"echeance": ECHEANCE, "du_foyer": D(40), **situation})
    assert niveau_du(lue, jour=le(jours), delais=[15, 30], seuil=D(15)) == niveau


@pytest.mark.parametrize(
    ("jours", "situation", "attendu"),
    [
        (44, {}, False),
        (45, {}, True),
        (90, {"niveau": 1}, False),
        (90, {"niveau": 0, "relancee_le": None}, False),
        (90, {"du_foyer": D("14.99")}, False),
        (90, {"prelevement": True}, False),
        (90, {"echeancier_tenu": True}, False),
    ],
)
def test_the_comptable_is_told_after_the_last_reminder(jours, situation, attendu):
    connue = {"echeance": ECHEANCE, "du_foyer": D(40), "niveau": 2, "relancee_le": le(30), **situation}
    assert a_transmettre(Situation(**connue), jour=le(jours), niveaux=2, delai=15, seuil=D(15)) is attendu


@pytest.mark.parametrize(
    ("jour", "n", "attendu"),
    [
        ("2026-10-15", 0, "2026-10-15"),
        ("2026-10-15", 3, "2027-01-15"),
        ("2026-12-15", 1, "2027-01-15"),
        ("2026-11-30", 1, "2026-12-30"),
        ("2026-12-31", 2, "2027-02-28"),
        ("2027-12-31", 2, "2028-02-29"),
        ("2026-01-31", 11, "2026-12-31"),
    ],
)
def test_an_instalment_falls_on_the_same_day_or_the_last_of_the_month(jour, n, attendu):
    assert mois_suivant(dt.date.fromisoformat(jour), n) == dt.date.fromisoformat(attendu)


@given(st.decimals("0.12", "9999", places=2), st.integers(2, 12))
def test_instalments_add_up_to_the_cent(montant, fois):
    parts = couper(montant, fois, premiere=ECHEANCE)
    assert sum(m for _, m in parts) == montant
    assert len({d for d, _ in parts}) == fois
    assert 0 <= parts[0][1] - parts[-1][1] < D("0.01") * fois


def test_less_than_a_cent_each_is_refused():
    with pytest.raises(ValueError, match="centime"):
        couper(D("0.03"), 4, premiere=ECHEANCE)


@pytest.mark.parametrize(
    ("jours", "regle", "tenu"), [(0, "0", True), (1, "0", False), (1, "10", True), (40, "10", False), (40, "20", True)]
)
def test_a_schedule_is_kept_while_what_is_past_is_paid(jours, regle, tenu):
    echeances = [(le(0), D(10)), (le(31), D(10)), (le(61), D(10))]
    assert echeancier_tenu(echeances, regle_depuis=D(regle), jour=le(jours)) is tenu
