"""The words and the lines of a spreadsheet of menus: tables of cases, without database."""

import datetime as dt

import pytest

from reservations.menus import (
    ABREVIATIONS,
    FAUTES_AU_PLUS,
    MenuLu,
    PlatLu,
    ecrire_allergenes,
    lire_allergenes,
    lire_composante,
    lire_date,
    lire_lignes,
    lire_signes,
    simplifier,
)
from reservations.models import Allergene

TITRES = ["Date", "Service", "Composante", "Plat", "Allergènes", "Signes", "Remarque du jour"]
ACTIVITES = {simplifier("Restauration scolaire La Cité élémentaire"): 7}
LUNDI = dt.date(2026, 9, 28)


@pytest.mark.parametrize(
    ("texte", "codes"),
    [
        ("", []),
        ("  ", []),
        ("-", []),
        ("aucun", []),
        ("Néant", []),
        ("gluten, œufs, lait", ["gluten", "oeufs", "lait"]),
        ("Lait ; Gluten", ["gluten", "lait"]),
        ("G L O", ["gluten", "oeufs", "lait"]),
        ("G,L,O", ["gluten", "oeufs", "lait"]),
        ("g.l.o.", ["gluten", "oeufs", "lait"]),
        ("oeuf", ["oeufs"]),
        ("ŒUFS", ["oeufs"]),
        ("œuf et lait", ["oeufs", "lait"]),
        ("poisson / crustacé", ["crustaces", "poissons"]),
        ("crustacés\nmollusques", ["crustaces", "mollusques"]),
        ("fruits à coque", ["fruits_a_coque"]),
        ("Fruit a coques", ["fruits_a_coque"]),
        ("noisettes, amandes", ["fruits_a_coque"]),
        ("blé, seigle", ["gluten"]),
        ("céleri", ["celeri"]),
        ("celeris", ["celeri"]),
        ("se", ["sesame"]),
        ("SU SE SO", ["soja", "sesame", "sulfites"]),
        ("anhydride sulfureux et sulfites", ["sulfites"]),
        ("sulfite", ["sulfites"]),
        ("lait, lait, L", ["lait"]),
        ("Contient : gluten", ["gluten"]),
        ("Allergènes : lupin + soja", ["soja", "lupin"]),
        ("gluten lait", ["gluten", "lait"]),
    ],
)
def test_the_allergens_are_read_in_words_and_in_letters(texte, codes):
    assert lire_allergenes(texte) == (tuple(codes), ())


@pytest.mark.parametrize(
    ("texte", "codes", "inconnus"),
    [
        ("gluten, tomate", ["gluten"], ["tomate"]),
        ("C", [], ["C"]),
        ("S", [], ["S"]),
        ("traces de lait", [], ["traces de lait"]),
        ("1 7", [], ["1 7"]),
        ("glutten", [], ["glutten"]),
        ("sans gluten", [], ["sans gluten"]),
        ("kiwi, kiwi", [], ["kiwi"]),
        ("牛乳", [], ["牛乳"]),
        ("G X L", [], ["G X L"]),
    ],
)
def test_an_allergen_is_never_guessed(texte, codes, inconnus):
    assert lire_allergenes(texte) == (tuple(codes), tuple(inconnus))


@pytest.mark.parametrize("allergene", list(Allergene))
def test_each_of_the_fourteen_is_read_by_its_name_and_by_its_letters(allergene):
    assert lire_allergenes(allergene.label) == lire_allergenes(ABREVIATIONS[allergene]) == ((allergene.value,), ())


def test_the_letters_name_one_allergen_each():
    assert len({simplifier(a) for a in ABREVIATIONS.values()}) == len(Allergene) == len(ABREVIATIONS) == 14


def test_what_is_written_is_read_back():
    tous = tuple(a.value for a in Allergene)
    assert lire_allergenes(ecrire_allergenes(reversed(tous))) == (tous, ())
    assert ecrire_allergenes(["lait", "oeufs"]) == "œufs, lait"


@pytest.mark.parametrize(
    ("texte", "lu"),
    [
        ("", (False, False, ())),
        ("végétarien", (True, False, ())),
        ("Végé", (True, False, ())),
        ("V", (True, False, ())),
        ("local", (False, True, ())),
        ("Produit local", (False, True, ())),
        ("végétarienne, produits locaux", (True, True, ())),
        ("végétarien local", (True, True, ())),
        ("bio", (False, False, ("bio",))),
        ("végétarien ; ✓", (True, False, ())),
    ],
)
def test_the_signs(texte, lu):
    assert lire_signes(texte) == lu


@pytest.mark.parametrize(
    ("texte", "code"),
    [
        ("Entrée", "entree"), ("ENTREES", "entree"), ("hors-d’œuvre", "entree"), ("Plat", "plat"),
        ("Plat principal", "plat"), ("accompagnement", "garniture"), ("légume", "garniture"),
        ("Produit laitier", "laitage"), ("produits laitiers", "laitage"), ("Fromage", "laitage"),
        ("desserts", "dessert"), ("goûter", None), ("", None),
    ],
)  # fmt: skip
def test_the_parts_of_a_meal(texte, code):
    assert lire_composante(texte) == code


@pytest.mark.parametrize(
    ("texte", "jour"),
    [
        ("28/09/2026", LUNDI), ("28-9-2026", LUNDI), ("28.09.2026", LUNDI), ("2026-09-28", LUNDI),
        ("2026-09-28T00:00:00", LUNDI), ("2026-09-28 00:00:00", LUNDI), ("lundi 28/09/2026", LUNDI),
        ("lundi 28 septembre 2026", LUNDI), ("28 Septembre 2026", LUNDI), ("1er février 2027", dt.date(2027, 2, 1)),
        ("mardi 1 août 2027", dt.date(2027, 8, 1)), ("31/02/2027", None), ("28/09/26", None), ("hier", None),
        ("", None), ("9999-99-99", None), ("0000-01-01", None), ("٢٨/٠٩/٢٠٢٦", None), ("45000", None),
        ("foo 28 septembre 2026", None), ("28 brumaire 2026", None),
    ],
)  # fmt: skip
def test_a_date(texte, jour):
    assert lire_date(texte) == jour


def lire(*lignes, titres=TITRES):
    return lire_lignes([titres, *(list(ligne) + [""] * (7 - len(ligne)) for ligne in lignes)], ACTIVITES)


def test_a_line_a_dish_gathered_by_day_and_service():
    lecture = lire(
        ("28/09/2026", "", "entrée", "Carottes râpées", "moutarde", "local", "Semaine du goût"),
        ("", "", "plat", "Lasagnes", "G L O", "V"),
        ("28/09/2026", "restauration scolaire la cite elementaire", "Dessert", "Pomme"),
        ("29/09/2026", "tous les services", "Dessert", "Poire"),
    )
    assert lecture.fautes == []
    assert lecture.menus == [
        MenuLu(
            LUNDI,
            None,
            (
                PlatLu("entree", "Carottes râpées", ("moutarde",), local=True),
                PlatLu("plat", "Lasagnes", ("gluten", "oeufs", "lait"), vegetarien=True),
            ),
            "Semaine du goût",
        ),
        MenuLu(LUNDI, 7, (PlatLu("dessert", "Pomme"),)),
        MenuLu(dt.date(2026, 9, 29), None, (PlatLu("dessert", "Poire"),)),
    ]


def test_columns_come_in_any_order_under_a_heading_and_others_are_left_alone():
    lignes = [
        ["Menus d’automne"],
        ["Plat", "grammage", "RUBRIQUE", "Jour"],
        ["Riz", "100 g", "garniture", "28/09/2026"],
    ]
    assert lire_lignes(lignes, {}).menus == [MenuLu(LUNDI, None, (PlatLu("garniture", "Riz"),))]


@pytest.mark.parametrize(
    ("ligne", "faute"),
    [
        (("31/02/2026", "", "plat", "Riz"), "Ligne 2 : « 31/02/2026 » n’est pas une date"),
        (("", "", "plat", "Riz"), "il n’y a pas de date"),
        (("28/09/2026", "Lycée", "plat", "Riz"), "le service « Lycée » n’existe pas"),
        (("28/09/2026", "", "goûter", "Riz"), "« goûter » n’est pas une composante"),
        (("28/09/2026", "", "plat", "R" * 121), "le nom du plat est trop long"),
        (("28/09/2026", "", "plat", "=1+1"), "une formule"),
        (("28/09/2026", "", "plat", "@SUM(A1)"), "une formule"),
        (("28/09/2026", "", "plat", "Riz", "glutten"), "« glutten » n’est pas l’un des quatorze allergènes"),
        (("28/09/2026", "", "plat", "Riz", "", "bio"), "« bio » n’est pas un signe"),
        (("28/09/2026", "", "plat", "Riz", "", "", "x" * 121), "la remarque est trop long"),
        (("28/09/2026", "", "plat", "Riz", "z" * 900), "z…"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(ligne, faute):
    (phrase,) = lire(ligne).fautes
    assert faute in phrase.replace("\u00a0", " ")
    assert len(phrase) < 160


def test_the_same_dish_twice_in_a_day_is_said():
    (phrase,) = lire(("28/09/2026", "", "plat", "Riz"), ("", "", "plat", "Riz")).fautes
    assert phrase.startswith("Ligne 3")


@pytest.mark.parametrize("lignes", [[], [[]], [["a", "b"]], [["Date", "Plat"], ["28/09/2026", "Riz"]]])
def test_without_its_titles_a_table_is_refused(lignes):
    assert "gardez les titres du modèle" in lire_lignes(lignes, {}).fautes[0]


def test_lines_of_the_model_that_were_not_filled_are_nothing():
    lecture = lire(("28/09/2026", "", "Entrée", ""), ("28/09/2026", "", "Plat", ""))
    assert lecture.menus == []
    assert lecture.fautes == ["Aucun plat n’est saisi dans ce fichier."]


def test_a_thousand_faults_are_a_page_and_not_a_book():
    assert len(lire(*[("28/09/2026", "", "x", "Riz")] * 1000).fautes) == FAUTES_AU_PLUS + 1


def test_controls_and_marks_of_direction_are_not_kept():
    (menu,) = lire(("28/09/2026", "", "plat", "Riz\x00 \u202eau  lait\u200b")).menus
    assert menu.plats[0].libelle == "Riz au lait"
