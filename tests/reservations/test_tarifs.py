"""Late prices and waiting days, as tables of cases. No database."""

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reservations.tarifs import ModeDeRetard, RegleDeRetard, TarifsDuFoyer, prix_de_l_absence, prix_du_repas

REFUS, FIXE, POURCENTAGE, FORFAIT, FRANCHISE = ModeDeRetard
JOUR = dt.date(2026, 12, 10)
D = Decimal


def tardif(prix, cout, regle, tardives_avant=0):
    """What a late meal costs, its flat price and cost being these."""
    return prix_du_repas(JOUR, TarifsDuFoyer(prix, cout), retard=regle, tardives_avant=tardives_avant).montant


@pytest.mark.parametrize(
    ("mode", "montant", "prix", "cout", "attendu"),
    [
        (FIXE, "2.50", "4.97", "9.80", "7.47"),
        (FIXE, "0", "4.97", "9.80", "4.97"),
        (FIXE, "2.50", "0.00", "9.80", "2.50"),
        (POURCENTAGE, "50", "4.97", "9.80", "7.46"),  # 7.455: the cent above
        (POURCENTAGE, "50", "4.95", "9.80", "7.43"),  # 7.425: the cent above, not the even one
        (POURCENTAGE, "50", "4.99", "9.80", "7.49"),  # 7.485
        (POURCENTAGE, "33.33", "4.97", "9.80", "6.63"),
        (POURCENTAGE, "0", "4.97", "9.80", "4.97"),
        (FORFAIT, "6.50", "4.97", "9.80", "6.50"),
        (REFUS, "2.50", "4.97", "9.80", "4.97"),
        # Never above the recorded cost of the meal (code de l'éducation, art. R531-53).
        (FIXE, "2.50", "4.97", "7.00", "7.00"),
        (FIXE, "2.50", "4.97", "7.47", "7.47"),
        (POURCENTAGE, "500", "4.97", "9.80", "9.80"),
        (FORFAIT, "12.00", "4.97", "9.80", "9.80"),
        (FIXE, "2.50", "4.97", "4.97", "4.97"),
        # No recorded cost, no surcharge.
        (FIXE, "2.50", "4.97", None, "4.97"),
        (POURCENTAGE, "50", "4.97", None, "4.97"),
        (FORFAIT, "6.50", "4.97", None, "4.97"),
        # A flat late price under the ordinary one does not reward being late.
        (FORFAIT, "3.00", "4.97", "9.80", "4.97"),
    ],
)
def test_the_price_of_a_late_meal(mode, montant, prix, cout, attendu):
    regle = RegleDeRetard(mode, D(montant))
    lu = tardif(D(prix), cout and D(cout), regle)
    assert lu == D(attendu)
    assert lu.as_tuple().exponent == -2


@pytest.mark.parametrize(
    ("franchise", "tardives_avant", "cout", "attendu"),
    [
        (2, 0, "12.00", "4.97"),
        (2, 1, "12.00", "4.97"),
        (2, 2, "12.00", "9.94"),  # the third
        (2, 9, "12.00", "9.94"),
        (0, 0, "12.00", "9.94"),
        (2, 2, "8.00", "8.00"),
        (2, 2, None, "4.97"),
    ],
)
def test_a_free_allowance_then_double(franchise, tardives_avant, cout, attendu):
    regle = RegleDeRetard(FRANCHISE, franchise=franchise)
    lu = tardif(D("4.97"), cout and D(cout), regle, tardives_avant)
    assert lu == D(attendu)


@pytest.mark.parametrize("mode", ModeDeRetard)
def test_without_a_price_there_is_no_late_price_either(mode):
    assert tardif(None, D("9.80"), RegleDeRetard(mode, D(2))) is None


PRIX = st.decimals(0, 20, places=2)


@given(
    mode=st.sampled_from(list(ModeDeRetard)),
    montant=st.decimals(0, 9999, places=2),
    franchise=st.integers(0, 5),
    avant=st.integers(0, 8),
    prix=PRIX,
    marge=st.none() | PRIX,
)
def test_whatever_the_rule_a_late_price_is_between_the_price_and_the_cost(mode, montant, franchise, avant, prix, marge):
    cout = None if marge is None else prix + marge
    regle = RegleDeRetard(mode, montant, franchise)
    lu = tardif(prix, cout, regle, avant)
    assert prix <= lu <= (prix if cout is None else cout)
    assert lu == lu.quantize(D("0.01"))


@pytest.mark.parametrize(
    ("carence", "absences_avant", "attendu"),
    [
        (0, 0, "0"),
        (1, 0, "4.97"),
        (1, 1, "0"),
        (2, 1, "4.97"),
        (2, 2, "0"),
        (30, 29, "4.97"),
    ],
)
def test_the_first_days_of_an_absence_stay_due(carence, absences_avant, attendu):
    assert prix_de_l_absence(D("4.97"), absences_avant=absences_avant, carence=carence) == D(attendu)
