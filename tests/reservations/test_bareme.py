"""The price of a day by the grids: a table of cases, and what is true whatever the grid. No database."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from comptes.francais import FINE, INSECABLE
from reservations.tarifs import (
    GrilleLue,
    ModeDeRetard,
    RegleDeRetard,
    TarifsDuFoyer,
    TrancheLue,
    prix_du_repas,
    prix_en_mots,
    prix_par_periode,
)

D = Decimal
JOUR = dt.date(2026, 12, 10)
PAR_TRANCHES = GrilleLue(
    deliberation="2026-041",
    votee_le=dt.date(2026, 6, 12),
    debut=dt.date(2026, 9, 1),
    cout=D("8.12"),
    tranches=(TrancheLue(0, D("2.30")), TrancheLue(700, D("3.40")), TrancheLue(1100, D("3.90"))),
)
PAR_TAUX = GrilleLue(
    deliberation="2026-041",
    votee_le=dt.date(2026, 6, 12),
    debut=dt.date(2026, 9, 1),
    cout=D("8.12"),
    par_taux=True,
    taux=D("0.36"),
    plancher=D("2.60"),
    plafond=D("4.50"),
)
COMPLETE = replace(
    PAR_TRANCHES, prix_exterieur=D("6.50"), prix_panier=D("1.20"), fratrie_rang=3, fratrie_reduction=D("10")
)


def lisible(texte):
    """With ordinary blanks, so that a case can be read."""
    return texte.replace(INSECABLE, " ").replace(FINE, " ")


@pytest.mark.parametrize(
    ("grille", "quotient", "situation", "montant", "tranche"),
    [
        # By brackets: each bound belongs to the bracket that it opens.
        (PAR_TRANCHES, 0, {}, "2.30", "quotient de 0 à 699 €"),
        (PAR_TRANCHES, 699, {}, "2.30", "quotient de 0 à 699 €"),
        (PAR_TRANCHES, 700, {}, "3.40", "quotient de 700 à 1 099 €"),
        (PAR_TRANCHES, 1099, {}, "3.40", "quotient de 700 à 1 099 €"),
        (PAR_TRANCHES, 1100, {}, "3.90", "quotient à partir de 1 100 €"),
        (PAR_TRANCHES, 20_000, {}, "3.90", "quotient à partir de 1 100 €"),
        # No quotient on file: the top bracket.
        (PAR_TRANCHES, None, {}, "3.90", "quotient à partir de 1 100 €"),
        # A grid whose first bracket is not zero still prices everybody.
        (replace(PAR_TRANCHES, tranches=PAR_TRANCHES.tranches[1:]), 10, {}, "3.40", "quotient de 700 à 1 099 €"),
        (replace(PAR_TRANCHES, tranches=()), 10, {}, None, ""),
        (replace(PAR_TRANCHES, tranches=(TrancheLue(0, D("3"), "tarif social"),)), 10, {}, "3", "tarif social"),
        # By rate: half a cent is a cent, between the floor and the ceiling.
        (PAR_TAUX, 845, {}, "3.04", "taux d’effort de 0,36 %"),  # 3.042
        (PAR_TAUX, 1000, {}, "3.60", "taux d’effort de 0,36 %"),
        (replace(PAR_TAUX, taux=D("0.365")), 1001, {}, "3.65", "taux d’effort de 0,365 %"),  # 3.65365
        (replace(PAR_TAUX, taux=D("0.305")), 1000, {}, "3.05", "taux d’effort de 0,305 %"),
        (replace(PAR_TAUX, taux=D("0.3125")), 1012, {}, "3.16", "taux d’effort de 0,3125 %"),  # 3.1625
        (replace(PAR_TAUX, taux=D("0.35")), 1001, {}, "3.50", "taux d’effort de 0,35 %"),  # 3.5035
        (replace(PAR_TAUX, taux=D("0.5")), 801, {}, "4.01", "taux d’effort de 0,5 %"),  # 4.005: not the even cent
        (PAR_TAUX, 0, {}, "2.60", "taux d’effort de 0,36 %"),
        (PAR_TAUX, 722, {}, "2.60", "taux d’effort de 0,36 %"),
        (PAR_TAUX, 5000, {}, "4.50", "taux d’effort de 0,36 %"),
        (PAR_TAUX, None, {}, "4.50", "prix plafond, sans quotient connu"),
        # Outside residents, when the grid has a price for them.
        (COMPLETE, 300, {"resident": False}, "6.50", "hors commune"),
        (PAR_TRANCHES, 300, {"resident": False}, "2.30", "quotient de 0 à 699 €"),
        (replace(PAR_TAUX, prix_exterieur=D("5")), 300, {"resident": False}, "5", "hors commune"),
        # The family brings the meal: never dearer than the ordinary meal.
        (COMPLETE, 300, {"panier": True}, "1.20", "panier-repas"),
        (COMPLETE, 300, {"panier": True, "resident": False}, "1.20", "panier-repas"),
        (PAR_TRANCHES, 300, {"panier": True}, "2.30", "quotient de 0 à 699 €"),
        (replace(COMPLETE, prix_panier=D("3")), 300, {"panier": True}, "2.30", "quotient de 0 à 699 €"),
        (replace(COMPLETE, prix_panier=D(0)), 300, {"panier": True}, "0", "panier-repas"),
        # Brothers and sisters, from the nth child on.
        (COMPLETE, 800, {"rang": 2}, "3.40", "quotient de 700 à 1 099 €"),
        (COMPLETE, 800, {"rang": 3}, "3.06", "quotient de 700 à 1 099 €, 3e enfant"),
        (COMPLETE, 800, {"rang": 5}, "3.06", "quotient de 700 à 1 099 €, 5e enfant"),
        (replace(COMPLETE, fratrie_reduction=D("12.5")), 800, {"rang": 3}, "2.98", None),  # 2.975
        (replace(COMPLETE, fratrie_reduction=D("100")), 800, {"rang": 3}, "0.00", None),
        (COMPLETE, 800, {"rang": 3, "panier": True}, "1.08", "panier-repas, 3e enfant"),
        (PAR_TRANCHES, 800, {"rang": 9}, "3.40", "quotient de 700 à 1 099 €"),
        # Never above the cost of the meal (code de l'éducation, art. R531-53).
        (replace(PAR_TRANCHES, cout=D("3.00")), 800, {}, "3.00", "quotient de 700 à 1 099 €"),
        (replace(COMPLETE, cout=D("6.00")), 800, {"resident": False}, "6.00", "hors commune"),
        (replace(PAR_TAUX, cout=D("4.00")), None, {}, "4.00", "prix plafond, sans quotient connu"),
    ],
)
def test_the_price_by_a_grid(grille, quotient, situation, montant, tranche):
    lu = grille.prix(quotient, **situation)
    assert lu.montant == (None if montant is None else D(montant))
    assert lu.deliberation == "2026-041 du 12/06/2026"
    if tranche is not None:
        assert lisible(lu.tranche) == tranche


@pytest.mark.parametrize(
    ("grille", "quotient", "situation", "etapes"),
    [
        (
            COMPLETE,
            845,
            {"rang": 3},
            [
                "Votre quotient familial est de 845 € : tranche « quotient de 700 à 1 099 € », 3,40 €.",
                "Enfant n° 3 du foyer : réduction de 10 %, 3,06 €.",
            ],
        ),
        (
            PAR_TRANCHES,
            None,
            {},
            [
                "La mairie ne connaît pas votre quotient familial : tranche la plus haute, "
                "« quotient à partir de 1 100 € », 3,90 €."
            ],
        ),
        (
            PAR_TAUX,
            300,
            {},
            [
                "Votre quotient familial est de 300 € : 0,36 % de ce quotient font 1,08 €, relevés au prix plancher, "
                "2,60 €."
            ],
        ),
        (
            PAR_TAUX,
            3000,
            {},
            [
                "Votre quotient familial est de 3 000 € : 0,36 % de ce quotient font 10,80 €, ramenés au prix plafond, "
                "4,50 €."
            ],
        ),
        (COMPLETE, 5, {"resident": False}, ["L’adresse du foyer est hors de la commune : prix hors commune, 6,50 €."]),
        (
            replace(COMPLETE, cout=D("3.00")),
            800,
            {},
            [
                "Votre quotient familial est de 800 € : tranche « quotient de 700 à 1 099 € », 3,40 €.",
                "Le prix ne dépasse pas ce que coûte un repas, 3,00 €.",
            ],
        ),
    ],
)
def test_each_step_of_a_price_is_a_sentence(grille, quotient, situation, etapes):
    assert [lisible(e) for e in grille.prix(quotient, **situation).etapes] == etapes


def test_the_brought_meal_is_never_called_by_its_medical_name():
    lu = COMPLETE.prix(300, panier=True)
    assert "PAI" not in " ".join([lu.tranche, *lu.etapes])


# --- Grids and quotients one after the other -------------------------------------------------------------------------
AUTOMNE = replace(PAR_TRANCHES, debut=dt.date(2026, 9, 1), fin=dt.date(2026, 12, 31))
PRINTEMPS = replace(PAR_TRANCHES, debut=dt.date(2027, 3, 1), tranches=(TrancheLue(0, D("5.00")),))
FOYER = TarifsDuFoyer(
    prix_fixe=D("4.97"),
    cout_fixe=D("9.80"),
    grilles=(AUTOMNE, PRINTEMPS),
    quotients=((dt.date(2026, 11, 1), 845), (dt.date(2026, 12, 1), 300)),
)


@pytest.mark.parametrize(
    ("jour", "montant", "cout", "deliberation"),
    [
        (dt.date(2026, 8, 31), "4.97", "9.80", ""),
        (dt.date(2026, 9, 1), "3.90", "8.12", "2026-041 du 12/06/2026"),
        (dt.date(2026, 10, 31), "3.90", "8.12", "2026-041 du 12/06/2026"),
        (dt.date(2026, 11, 1), "3.40", "8.12", "2026-041 du 12/06/2026"),
        (dt.date(2026, 12, 1), "2.30", "8.12", "2026-041 du 12/06/2026"),
        (dt.date(2026, 12, 31), "2.30", "8.12", "2026-041 du 12/06/2026"),
        (dt.date(2027, 1, 1), "4.97", "9.80", ""),
        (dt.date(2027, 3, 1), "5.00", "8.12", "2026-041 du 12/06/2026"),
        (dt.date(2037, 3, 1), "5.00", "8.12", "2026-041 du 12/06/2026"),
    ],
)
def test_the_price_is_that_of_the_day(jour, montant, cout, deliberation):
    lu = FOYER.le(jour)
    assert (lu.montant, FOYER.cout_le(jour), lu.deliberation) == (D(montant), D(cout), deliberation)


def test_without_grid_nor_flat_price_there_is_no_price():
    assert TarifsDuFoyer().le(JOUR).montant is None


def test_the_prices_to_come_are_said_with_the_day_of_each_change():
    periodes = prix_par_periode(FOYER, dt.date(2026, 10, 1), dt.date(2027, 7, 2))
    assert lisible(prix_en_mots(periodes)) == (
        "3,90 € le repas, 3,40 € dès le 01/11/2026, 2,30 € dès le 01/12/2026, 4,97 € dès le 01/01/2027, "
        "5,00 € dès le 01/03/2027"
    )
    assert prix_en_mots(prix_par_periode(TarifsDuFoyer(), JOUR, JOUR)) == ""
    sans_suite = replace(FOYER, prix_fixe=None, grilles=(AUTOMNE,))
    assert lisible(prix_en_mots(prix_par_periode(sans_suite, dt.date(2026, 12, 1), dt.date(2027, 7, 2)))) == (
        "2,30 € le repas, prix non fixé dès le 01/01/2027"
    )


@pytest.mark.parametrize(
    ("montant", "attendu"),
    [("2.50", "5.90"), ("0", "3.40"), ("50", "8.12")],
)
def test_a_late_meal_is_above_the_price_of_its_bracket_and_at_most_at_the_cost_of_the_grid(montant, attendu):
    retard = RegleDeRetard(ModeDeRetard.FIXE, D(montant))
    lu = prix_du_repas(dt.date(2026, 11, 3), FOYER, retard=retard)
    assert (lu.montant, lisible(lu.tranche)) == (D(attendu), "quotient de 700 à 1 099 €")
    assert len(lu.etapes) == (1 if attendu == "3.40" else 2)


# --- Whatever the grid -----------------------------------------------------------------------------------------------
EUROS = st.decimals(0, 20, places=2)
QUOTIENT = st.integers(0, 20_000)


@st.composite
def grilles(draw):
    """Valid grids, whose prices grow with the quotient."""
    cout = draw(EUROS)
    sous_le_cout = st.decimals(0, cout, places=2)
    bornes = sorted({0, *draw(st.lists(QUOTIENT, max_size=8))})
    prix = sorted(draw(st.lists(sous_le_cout, min_size=len(bornes), max_size=len(bornes))))
    plancher, plafond = sorted([draw(sous_le_cout), draw(sous_le_cout)])
    return replace(
        COMPLETE,
        cout=cout,
        tranches=tuple(map(TrancheLue, bornes, prix)),
        par_taux=draw(st.booleans()),
        taux=draw(st.decimals(0, 100, places=4)),
        plancher=plancher,
        plafond=plafond,
        prix_exterieur=draw(st.none() | sous_le_cout),
        prix_panier=draw(st.none() | sous_le_cout),
        fratrie_rang=draw(st.none() | st.integers(2, 5)),
        fratrie_reduction=draw(st.decimals(0, 100, places=2)),
    )


SITUATIONS = st.fixed_dictionaries({"resident": st.booleans(), "rang": st.integers(1, 6), "panier": st.booleans()})


@given(grilles(), QUOTIENT, QUOTIENT, SITUATIONS)
def test_a_higher_quotient_never_pays_less(grille, un, autre, situation):
    moins, plus = sorted([un, autre])
    assert grille.prix(moins, **situation).montant <= grille.prix(plus, **situation).montant


@given(grilles(), st.none() | QUOTIENT, SITUATIONS)
def test_a_price_is_in_cents_between_nothing_and_the_cost_and_says_why(grille, quotient, situation):
    lu = grille.prix(quotient, **situation)
    assert 0 <= lu.montant <= grille.cout
    assert lu.montant == lu.montant.quantize(D("0.01"))
    assert lu.etapes
    assert len(lu.tranche) <= 120  # what a bill's line holds


@given(grilles(), QUOTIENT, SITUATIONS)
def test_no_quotient_on_file_pays_the_most(grille, quotient, situation):
    assert grille.prix(quotient, **situation).montant <= grille.prix(None, **situation).montant


@given(grilles(), QUOTIENT)
def test_by_rate_the_price_is_between_the_floor_and_the_ceiling(grille, quotient):
    assume(grille.par_taux)
    assert grille.plancher <= grille.prix(quotient).montant <= grille.plafond
