"""The rules of a bill, as tables."""

import datetime as dt
import random
from decimal import Decimal

import pytest

from facturation.regles import Du, dernier_jour, est_fini, grouper, lire_mois, mois_suivant, retenir, se_reporte
from reservations.tarifs import Prix

D = Decimal
J1, J2, J3 = dt.date(2026, 9, 1), dt.date(2026, 9, 3), dt.date(2026, 10, 1)


@pytest.mark.parametrize(("texte", "mois"), [("2026-09", (2026, 9)), (" 2027-12 ", (2027, 12)), ("2026-01", (2026, 1))])
def test_a_month_is_read(texte, mois):
    assert lire_mois(texte) == dt.date(*mois, 1)


@pytest.mark.parametrize(
    "texte", ["", "2026", "09-2026", "2026-13", "2026-00", "2026-9", "9999-01", "٢٠٢٦-٠٩", "x" * 900]
)
def test_what_is_no_month_has_a_sentence(texte):
    with pytest.raises(ValueError, match="n’est pas un mois"):
        lire_mois(texte)


@pytest.mark.parametrize(
    ("mois", "dernier", "suivant"),
    [
        ((2026, 9, 1), (2026, 9, 30), (2026, 10, 1)),
        ((2026, 12, 1), (2026, 12, 31), (2027, 1, 1)),
        ((2028, 2, 1), (2028, 2, 29), (2028, 3, 1)),
        ((2027, 2, 1), (2027, 2, 28), (2027, 3, 1)),
    ],
)
def test_the_ends_of_a_month(mois, dernier, suivant):
    mois = dt.date(*mois)
    assert (dernier_jour(mois), mois_suivant(mois)) == (dt.date(*dernier), dt.date(*suivant))
    assert not est_fini(mois, dernier_jour(mois))
    assert est_fini(mois, mois_suivant(mois))


@pytest.mark.parametrize(
    ("natures", "gardees"),
    [
        (["repas"], ["repas"]),
        (["absence", "imprevu"], ["imprevu"]),
        (["imprevu", "absence"], ["imprevu"]),
        (["imprevu", "repas"], ["repas"]),
        (["absence", "tardif"], ["tardif"]),
        (["repas", "absent"], ["repas", "absent"]),
        (["absence", "absent"], ["absence", "absent"]),
    ],
)
def test_a_meal_is_owed_once_and_a_surcharge_is_no_meal(natures, gardees):
    assert [du.nature for du in retenir(Du(1, J1, n, D(4)) for n in natures)] == gardees


def lignes(dus, prix_du=lambda pk, jour: Prix(D(4), "A", "2026-1")):
    lus = grouper(dus, prix_du, lambda pk: (-pk,))
    return [(x.inscription, x.nature, str(x.prix), [j.isoformat()[5:] for j in x.jours]) for x in lus]


def test_lines_group_a_child_a_nature_a_price_and_a_month_in_an_order_that_does_not_move():
    dus = [
        Du(1, J1, "repas", D(4)), Du(1, J2, "repas", D(4)), Du(1, J3, "repas", D(4)),
        Du(1, dt.date(2026, 9, 4), "repas", D("3.5")), Du(1, dt.date(2026, 9, 7), "tardif", D(5)),
        Du(1, J1, "absent", D(1)), Du(2, J1, "absence", D(4)), Du(2, J2, "imprevu", D(4)),
    ]  # fmt: skip
    attendues = [
        (2, "imprevu", "4", ["09-03"]),
        (2, "absence", "4", ["09-01"]),
        (1, "repas", "3.5", ["09-04"]),
        (1, "repas", "4", ["09-01", "09-03"]),
        (1, "tardif", "5", ["09-07"]),
        (1, "absent", "1", ["09-01"]),
        (1, "repas", "4", ["10-01"]),
    ]
    assert lignes(dus) == attendues
    for graine in range(5):
        random.Random(graine).shuffle(dus)
        assert lignes(dus) == attendues


def test_another_bracket_is_another_line_at_the_same_price():
    brackets = lambda pk, jour: Prix(D(4), "A" if jour < J2 else "B", "2026-1")  # noqa: E731
    assert len(lignes([Du(1, J1, "repas", D(4)), Du(1, J2, "repas", D(4))], brackets)) == 2


@pytest.mark.parametrize(
    ("restes", "reporte"),
    [
        ([], False),
        (["0"], False),
        (["0.01"], True),
        (["14.99"], True),
        (["15"], False),
        (["8", "6.99"], True),
        (["8", "7"], False),
    ],
)
def test_a_small_debt_waits_for_the_next_bill(restes, reporte):
    assert se_reporte(map(D, restes), D(15)) is reporte
