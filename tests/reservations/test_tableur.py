"""Spreadsheets as they come: honest ones give their lines, hostile ones a sentence."""

import datetime as dt
import io
import zipfile

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from openpyxl import Workbook, load_workbook

from reservations import tableur
from reservations.menus import lire_lignes
from reservations.tableur import lire_tableau, modele_csv, modele_xlsx
from reservations.tableur_isole import CASE_AU_PLUS, LIGNES_AU_PLUS, OCTETS_DEPLIES

LUNDI = dt.date(2026, 9, 28)
TITRES = ["Date", "Service", "Composante", "Plat", "Allergènes", "Signes"]
LIGNE = [LUNDI, None, "Plat", "Lasagnes", "G L O", "végétarien"]


def classeur(*lignes, **pieces) -> bytes:
    """An .xlsx of these lines, with more pieces in its archive."""
    livre = Workbook()
    for ligne in lignes or (TITRES, LIGNE):
        livre.active.append(ligne)
    sortie = io.BytesIO()
    livre.save(sortie)
    with zipfile.ZipFile(sortie, "a", zipfile.ZIP_DEFLATED) as archive:
        for nom, contenu in pieces.items():
            archive.writestr(nom, contenu)
    return sortie.getvalue()


def lire(contenu: bytes, nom="menus.xlsx"):
    return lire_tableau(SimpleUploadedFile(nom, contenu))


def refus(contenu: bytes, nom="menus.xlsx") -> str:
    with pytest.raises(ValidationError) as erreur:
        lire(contenu, nom)
    return erreur.value.messages[0].replace("\u00a0", " ")


def test_a_workbook_gives_its_lines_as_texts():
    assert lire(classeur())[:2] == [TITRES, ["2026-09-28", "", "Plat", "Lasagnes", "G L O", "végétarien"]]


@pytest.mark.parametrize("codage", ["utf-8", "utf-8-sig", "latin-1", "cp1252"])
def test_a_csv_is_read_in_utf_8_and_in_the_code_page_of_windows(codage):
    texte = "Date;Composante;Plat\r\n28/09/2026;Entrée;Pâté « maison »\r\n"
    assert lire(texte.encode(codage), "menus.CSV")[1] == ["28/09/2026", "Entrée", "Pâté « maison »"]


def test_a_quoted_cell_of_a_csv_holds_separators_and_line_ends():
    assert lire(b'Plat\r\n"Riz;\r\nau lait"\r\n', "m.csv") == [["Plat"], ["Riz;\r\nau lait"]]


@pytest.mark.parametrize(
    ("contenu", "nom", "phrase"),
    [
        (b"", "menus.xlsx", "Ce fichier est vide"),
        (b"", "menus.csv", "Ce fichier est vide"),
        (b"%PDF-1.7", "menus.pdf", "n’est pas un tableur"),
        (b"MZ\x90", "menus.xlsx.exe", "n’est pas un tableur"),
        (b"Date;Plat", "menus.xlsm", "n’est pas un tableur"),
        (b"Date;Plat", "menus", "n’est pas un tableur"),
        (b"%PDF-1.7", "menus.xlsx", "n’est pas celui que son nom annonce"),
        (b"PK\x03\x04....", "menus.csv", "n’est pas celui que son nom annonce"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "menus.xlsx", "ancien, ou protégé"),
        (b"PK\x03\x04 broken", "menus.xlsx", "abîmé"),
        (b"Date;Plat\n28/09/2026;R\0iz", "menus.csv", "n’est pas un texte"),
        ("Date;Plat".encode("utf-16"), "menus.csv", "n’est pas un texte"),
        (b"x" * 2_000_001, "menus.csv", "trop lourd : 2 Mo"),
        (b'"' + b"x" * 200_000, "menus.csv", "abîmé"),
        (b"x" * (tableur.CASE_AU_PLUS + 1), "menus.csv", "case de cette feuille"),
        (b"28/09/2026;plat;riz\n" * 1_501, "menus.csv", "trop de lignes"),
        (b"\n" * 1_000_000, "menus.csv", "trop de lignes"),
    ],
)
def test_what_is_no_spreadsheet_of_menus_is_answered_by_a_sentence(contenu, nom, phrase):
    assert phrase in refus(contenu, nom)


@pytest.mark.parametrize(
    ("piece", "phrase"),
    [
        ({"xl/vbaProject.bin": b"x"}, "macros"),
        ({"xl/macrosheets/sheet1.xml": b"x"}, "macros"),
        ({"xl/externalLinks/externalLink1.xml": b"x"}, "liens"),
        ({"xl/embeddings/oleObject1.bin": b"x"}, "macros"),
        ({f"x{n}": b"" for n in range(301)}, "trop lourd"),
        ({"bombe": b"\0" * (OCTETS_DEPLIES + 1)}, "trop lourd"),
    ],
)
def test_an_archive_that_holds_more_than_a_sheet(piece, phrase):
    assert phrase in refus(classeur(**piece))


def test_a_million_rows():
    assert "trop de lignes" in refus(classeur(TITRES, *[LIGNE] * LIGNES_AU_PLUS))
    # Blank lines are passed over, up to a point; the last row of a sheet may be number one million.
    livre = Workbook()
    livre.active.append(TITRES)
    livre.active["A1048576"] = "fin"
    sortie = io.BytesIO()
    livre.save(sortie)
    assert "trop de lignes" in refus(sortie.getvalue())


def test_a_huge_cell():
    assert "case de cette feuille" in refus(classeur(TITRES, ["x" * (CASE_AU_PLUS + 1)]))


def test_a_formula_is_never_computed():
    """Its last value is read, as the spreadsheet kept it; without one the cell is empty."""
    assert lire(classeur(TITRES, [LUNDI, None, "Plat", '=HYPERLINK("http://x")', "L"]))[1][3:] == ["", "L"]


def test_an_entity_of_xml_is_not_unfolded():
    milliard = '<!DOCTYPE x [<!ENTITY a "ha">' + "".join(
        f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    feuille = f'{milliard}]><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    feuille += '<row r="1"><c r="A1" t="inlineStr"><is><t>&i;</t></is></c></row></sheetData></worksheet>'
    sain, sortie = zipfile.ZipFile(io.BytesIO(classeur())), io.BytesIO()
    with zipfile.ZipFile(sortie, "w") as archive:
        for nom in sain.namelist():
            archive.writestr(nom, feuille if nom == "xl/worksheets/sheet1.xml" else sain.read(nom))
    assert refus(sortie.getvalue())


def test_a_reader_that_takes_too_long_is_stopped(monkeypatch):
    monkeypatch.setattr(tableur, "SECONDES_AU_PLUS", 0.01)
    assert "trop lourd" in refus(classeur())


@pytest.mark.parametrize(("faire", "nom"), [(modele_xlsx, "modele.xlsx"), (modele_csv, "modele.csv")])
def test_the_model_is_read_back_once_filled(faire, nom):
    lignes = lire(faire([LUNDI]), nom)
    assert len(lignes) >= 6
    assert lire_lignes(lignes, {}).fautes == ["Aucun plat n’est saisi dans ce fichier."]
    lignes[1][3:] = ["Carottes", "moutarde"]
    (menu,) = lire_lignes(lignes, {}).menus
    assert (menu.date, menu.plats[0].composante, menu.plats[0].allergenes) == (LUNDI, "entree", ("moutarde",))


def test_the_model_explains_the_words_that_are_read():
    aide = load_workbook(io.BytesIO(modele_xlsx([LUNDI])))["Aide"]
    mots = " ".join(str(case) for ligne in aide.values for case in ligne if case)
    for mot in ("Fruits à coque", "MO", "végétarien, local", "produit laitier"):
        assert mot in mots
