"""Where a bill stands: a table of cases, without database."""

import datetime as dt
from decimal import Decimal
from types import SimpleNamespace

import pytest

from facturation.etats import Etat, etat_de, situation_de
from facturation.lecture import Periode
from facturation.papier import Copie, en_euros, jours_en_mots

D = Decimal
LE_31 = dt.date(2026, 10, 31)


@pytest.mark.parametrize(
    ("total", "regle", "reportee", "reports", "jour", "etat"),
    [
        ("20", "0", False, "0", 30, Etat.A_PAYER),
        ("20", "0", False, "0", 31, Etat.A_PAYER),
        ("20", "0", False, "0", 32, Etat.EN_RETARD),
        ("20", "19.99", False, "0", 32, Etat.EN_RETARD),
        ("20", "20", False, "0", 32, Etat.REGLEE),
        ("4", "0", True, "0", 32, Etat.REPORTEE),
        ("4", "4", True, "0", 32, Etat.REGLEE),
        ("0", "0", False, "0", 32, Etat.RIEN),
        ("0", "0", False, "4", 30, Etat.A_PAYER),
        ("20", "20", False, "4", 32, Etat.EN_RETARD),
    ],
)
def test_the_state_of_a_bill(total, regle, reportee, reports, jour, etat):
    aujourdhui = dt.date(2026, 10, 1) + dt.timedelta(days=jour - 1)
    lu = etat_de(
        total=D(total), regle=D(regle), echeance=LE_31, reportee=reportee, aujourdhui=aujourdhui, reports=D(reports)
    )
    assert lu == etat


def facture(pk, total, regle="0", sur=None):
    return SimpleNamespace(
        pk=pk, total=D(total), regle=D(regle), reste=D(total) - D(regle), echeance=LE_31,
        reportee_sur_id=sur and sur.pk, reportee_sur=sur, numero=f"F2026-{pk:06}",
    )  # fmt: skip


def test_a_debt_carried_twice_is_asked_for_once_with_the_last_bill():
    derniere = facture(3, "20")
    milieu = facture(2, "6", "1", derniere)
    premiere = facture(1, "4", "0", milieu)
    toutes = [premiere, milieu, derniere]
    lues = [situation_de(f, toutes, LE_31) for f in toutes]
    assert [s.a_payer for s in lues] == [0, 0, D(29)]
    assert lues[2].reports == D(9)
    assert lues[0].en_mots == "Reportée sur la facture n° F2026-000002, à payer avec elle"
    assert "réglée en partie (1,00\xa0€)" in lues[1].en_mots


def test_a_circle_of_reports_ends():
    a = facture(1, "4")
    b = facture(2, "5", sur=a)
    a.reportee_sur_id, a.reportee_sur = 2, b
    assert situation_de(a, [a, b], LE_31).reports == D(5)


@pytest.mark.parametrize(
    ("jours", "mots"),
    [
        ([], ""),
        ([dt.date(2026, 9, 1)], "1er septembre"),
        ([dt.date(2026, 9, 4), dt.date(2026, 9, 1), dt.date(2026, 9, 3)], "1er, 3 et 4 septembre"),
        ([dt.date(2026, 9, 30), dt.date(2026, 10, 1)], "30 septembre et 1er octobre"),
    ],
)
def test_days_in_words(jours, mots):
    assert jours_en_mots(jours).replace("\xa0", " ") == mots


@pytest.mark.parametrize(
    "copie", [{}, None, [], {"ville": None, "regie": "x", "moyens": 3, "reports": [None, {"montant": "x"}]}]
)
def test_a_copy_that_lacks_something_prints_without_it(copie):
    lue = Copie(copie)
    assert (lue.ville["nom"], lue.regie["siret"], lue.debiteur, lue.moyens, lue.mentions) == ("", "", [], [], [])
    assert sum(montant for _, montant in lue.reports) == 0


@pytest.mark.parametrize(("texte", "montant"), [("4.97", "4.97"), (None, "0"), ("NaN", "0"), ("1e999999", "1e999999")])
def test_the_amounts_of_a_copy(texte, montant):
    assert en_euros(texte) == D(montant)


@pytest.mark.parametrize(
    ("periode", "dedans", "dehors"),
    [
        (Periode.civile(2026), dt.date(2026, 1, 1), dt.date(2027, 1, 1)),
        (Periode.civile(2026), dt.date(2026, 12, 31), dt.date(2025, 12, 31)),
        (Periode.scolaire(2026), dt.date(2026, 9, 1), dt.date(2026, 8, 31)),
        (Periode.scolaire(2026), dt.date(2027, 8, 31), dt.date(2027, 9, 1)),
    ],
)
def test_the_bounds_of_a_year(periode, dedans, dehors):
    assert periode.contient(dedans)
    assert not periode.contient(dehors)


@pytest.mark.parametrize(
    ("reste", "jour", "attendu"),
    [
        ("34.79", (2026, 12, 31), "prochaine échéance de 11,61 € au plus tard le jeudi 31 décembre 2026"),
        ("30.00", (2026, 12, 31), "prochaine échéance de 6,82 € au plus tard le jeudi 31 décembre 2026"),
        ("23.18", (2027, 1, 2), "prochaine échéance de 11,59 € au plus tard le dimanche 31 janvier 2027"),
        ("23.19", (2027, 1, 2), "prochaine échéance de 0,01 € en retard, à payer depuis le jeudi 31 décembre 2026"),
        ("1.00", (2027, 2, 28), "prochaine échéance de 1,00 € au plus tard le dimanche 28 février 2027"),
    ],
)
def test_a_schedule_says_what_is_due_and_when(reste, jour, attendu):
    parts = [
        (dt.date(2026, 12, 31), D("11.61")),
        (dt.date(2027, 1, 31), D("11.59")),
        (dt.date(2027, 2, 28), D("11.59")),
    ]
    facture = SimpleNamespace(
        pk=1,
        total=D("34.79"),
        regle=D("34.79") - D(reste),
        reste=D(reste),
        echeance=dt.date(2026, 11, 30),
        reportee_sur_id=None,
    )
    lue = situation_de(facture, [facture], dt.date(*jour), parts=parts)
    assert attendu in lue.en_mots.replace("\xa0", " ")
    assert lue.a_payer == D(reste)
