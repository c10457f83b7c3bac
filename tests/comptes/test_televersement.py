"""Hostile files, one table. Each is refused in a sentence; nothing is kept (tests/comptes/test_documents.py)."""

import io
import re
import unicodedata
import zipfile

import pytest
from django.core.exceptions import ValidationError
from PIL import Image

from comptes import lecture_isolee as isolee
from comptes import televersement
from comptes.televersement import HEIC, JPEG, PDF, PNG, lire_fichier, nettoyer_le_nom
from tests.comptes import fichiers as f
from tests.comptes.fichiers import envoi, image, pdf

FORMATS = "Ce fichier n’est pas un PDF ou une photo"
AUTRE_TYPE = "sous son vrai type"

# --- What is sent says what it is, or is refused before anything is decoded ------------------------------------------
REFUSES = {
    "empty": (b"", "a.pdf", "application/pdf", "Ce fichier est vide"),
    "text": (b"bonjour", "a.pdf", "application/pdf", FORMATS),
    "program": (b"MZ\x90\x00", "a.pdf", "application/pdf", FORMATS),
    "html": (b"<html><script>alert(1)</script>", "a.pdf", "application/pdf", FORMATS),
    "html before a PDF": (b"<html><!--" + pdf(), "a.pdf", "application/pdf", FORMATS),
    "a byte before a PDF": (b"\n" + pdf(), "a.pdf", "application/pdf", FORMATS),
    "ZIP before a PDF": (f.zip_avec() + pdf(), "a.pdf", "application/pdf", FORMATS),
    "GIF and JAR": (image("GIF") + f.zip_avec("A.class"), "a.gif", "image/gif", FORMATS),
    "GIF named JPEG": (image("GIF"), "a.jpg", "image/jpeg", FORMATS),
    "WebP": (image("WEBP"), "a.png", "image/png", FORMATS),
    "SVG": (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "a.png", "image/png", FORMATS),
    "ZIP": (f.zip_avec(), "a.pdf", "application/pdf", FORMATS),
    "video in the box of HEIC": (b"\x00\x00\x00\x18ftypmp42" + bytes(40), "a.heic", "image/heic", FORMATS),
    "PDF named JPEG": (pdf(), "a.jpg", "", AUTRE_TYPE),
    "PNG named PDF": (image("PNG"), "a.pdf", "", AUTRE_TYPE),
    "PDF named as a program": (pdf(), "facture.pdf.exe", "application/pdf", AUTRE_TYPE),
    "PDF named as a page": (pdf(), "a.html", "application/pdf", AUTRE_TYPE),
    "program hidden behind a mark of direction": (pdf(), "a\u202efdp.exe", "application/pdf", AUTRE_TYPE),
    "PDF declared a page": (pdf(), "a.pdf", "text/html", AUTRE_TYPE),
    "PDF declared a picture": (pdf(), "a.pdf", "image/png", AUTRE_TYPE),
    "JPEG declared a PDF": (image("JPEG"), "a.jpg", "application/pdf", AUTRE_TYPE),
}


@pytest.mark.parametrize(("contenu", "nom", "declare", "phrase"), REFUSES.values(), ids=REFUSES)
def test_a_file_that_lies_is_refused_before_it_is_decoded(contenu, nom, declare, phrase, monkeypatch):
    monkeypatch.setattr(televersement, "_relire", lambda *_: pytest.fail("decoded"))
    with pytest.raises(ValidationError, match=phrase):
        lire_fichier(envoi(contenu, nom, declare))


def test_a_file_too_large_is_refused_even_when_its_size_is_a_lie(settings):
    settings.DOCUMENT_OCTETS_AU_PLUS = 1_000_000
    gros = envoi(b"%PDF-1.7" + bytes(1_000_000))
    for taille in (gros.size, 10):
        gros.size = taille
        with pytest.raises(ValidationError, match=r"trop lourd.*1 Mo au plus"):
            lire_fichier(gros)


# --- What the process of its own refuses -----------------------------------------------------------------------------
def bombe(n: int = 200_000_000) -> bytes:
    return f.pdf_a_flux(b"(" + bytes(n) + b")")


HOSTILES = {
    "no paper": (b"%PDF-1.7\n" + bytes(2000) + b"\n%%EOF", "pdf", isolee.ILLISIBLE),
    "cut in the middle": (pdf()[:200], "pdf", isolee.COMPOSITE),
    "version unknown": (pdf().replace(b"%PDF-1.3", b"%PDF-9.9", 1), "pdf", isolee.COMPOSITE),
    "page after the header": (b"%PDF-1.4\n<html><script>alert(1)</script>" + pdf()[8:], "pdf", isolee.COMPOSITE),
    "page after the end": (pdf() + b"<script>alert(1)</script>", "pdf", isolee.COMPOSITE),
    "ZIP after the end": (pdf() + f.zip_avec(), "pdf", isolee.COMPOSITE),
    "ZIP whose comment is the end of the PDF": (f.zip_puis_fin_de_pdf(), "pdf", isolee.COMPOSITE),
    "RAR inside": (f.pdf_avec_objet(b"(Rar!\x1a\x07\x00)"), "pdf", isolee.COMPOSITE),
    "encrypted": (f.pdf_chiffre(), "pdf", isolee.CHIFFRE),
    "JavaScript": (f.pdf_avec_js(), "pdf", isolee.ACTIF),
    "file attached": (f.pdf_avec_piece(), "pdf", isolee.ACTIF),
    "launch, of no page": (f.pdf_avec_objet(b"<< /S /Launch /F (cmd.exe) >>"), "pdf", isolee.ACTIF),
    "JavaScript spelt otherwise": (f.pdf_avec_objet(b"<< /S /J#61vaScript /J#53 (x) >>"), "pdf", isolee.ACTIF),
    "JavaScript in a compressed stream": (f.pdf_a_flux(b"<< /S /JavaScript /JS (x) >>"), "pdf", isolee.ACTIF),
    "launch deep in a compressed stream": (
        f.pdf_a_flux(b"<< /A [ [ << /S /Launch >> ] ] >>"),
        "pdf",
        isolee.ACTIF,
    ),
    "form with a program": (f.pdf_a_flux(b"<< /XFA (x) >>"), "pdf", isolee.ACTIF),
    "object stream of 200 MB": (bombe(), "pdf", isolee.ILLISIBLE),
    "arrays without end": (f.pdf_avec_objet(b"[" * 300_000), "pdf", isolee.ILLISIBLE),
    "too many pages": (pdf(pages=isolee.PAGES_AU_PLUS + 1), "pdf", isolee.LOURD),
    "picture of 3.6 billion pixels": (f.png_immense(), "png", isolee.PIXELS),
    "picture without its pixels": (f.png_immense(1000, 1000), "png", isolee.ILLISIBLE),
    "JPEG cut": (image("JPEG", (300, 300))[:500], "jpeg", isolee.ILLISIBLE),
    "HEIC cut": (image("HEIF")[:200], "heic", isolee.ILLISIBLE),
    "JPEG of two bytes": (b"\xff\xd8\xff", "jpeg", isolee.ILLISIBLE),
    "GIF under the signature of a PNG": (b"\x89PNG\r\n\x1a\n" + image("GIF"), "png", isolee.ILLISIBLE),
}


@pytest.mark.filterwarnings("ignore")  # the process writes them where nobody reads
@pytest.mark.parametrize(("contenu", "genre", "mot"), HOSTILES.values(), ids=HOSTILES)
def test_a_hostile_file_is_refused_by_name(contenu, genre, mot):
    assert len(contenu) < 10_000_000
    with pytest.raises(isolee.Refus) as refus:
        isolee.lire(contenu, genre)
    assert str(refus.value) == mot


def test_each_refusal_has_its_sentence():
    mots = {valeur for nom, valeur in vars(isolee).items() if nom.isupper() and isinstance(valeur, str)}
    assert set(televersement.PHRASES) == mots


@pytest.mark.parametrize("nom", ["encrypted", "object stream of 200 MB"])
def test_the_refusal_comes_back_from_the_process_as_a_sentence(nom):
    contenu, _, mot = HOSTILES[nom]
    with pytest.raises(ValidationError) as refus:
        lire_fichier(envoi(contenu))
    assert refus.value.messages == [televersement.PHRASES[mot]]


def test_what_takes_too_long_is_stopped(monkeypatch):
    monkeypatch.setattr(televersement, "SECONDES_AU_PLUS", 0.01)
    with pytest.raises(ValidationError, match="trop complexe"):
        lire_fichier(envoi(pdf()))
    assert televersement._PLACES.acquire(blocking=False)
    televersement._PLACES.release()


def test_a_crash_of_a_decoder_is_a_sentence(monkeypatch, tmp_path):
    plante = tmp_path / "plante.py"
    plante.write_text("import os; os.abort()")
    monkeypatch.setattr(televersement, "LECTEUR", plante)
    with pytest.raises(ValidationError, match="trop complexe"):
        lire_fichier(envoi(pdf()))


def test_the_process_knows_no_secret(monkeypatch, tmp_path):
    curieux = tmp_path / "curieux.py"
    curieux.write_text("import os, sys; sys.stdout.write(repr(dict(os.environ)))")
    monkeypatch.setattr(televersement, "LECTEUR", curieux)
    monkeypatch.setenv("SECRET_KEY", "canari")
    assert b"canari" not in lire_fichier(envoi(pdf())).contenu


# --- What is kept ----------------------------------------------------------------------------------------------------
def test_a_paper_is_kept_as_it_was_sent():
    contenu = pdf(pages=2)
    lu = lire_fichier(envoi(contenu, "Attestation CAF.PDF"))
    assert (lu.nom, lu.type_mime) == ("Attestation CAF.pdf", "application/pdf")
    assert (lu.contenu, lu.taille) == (contenu, len(contenu))


def test_papers_with_compressed_objects_and_links_are_kept():
    for contenu in (f.pdf_a_flux(b"<< /Title (x) >>"), f.pdf_avec_objet(b"<< /S /URI /URI (https://www.caf.fr) >>")):
        assert isolee.lire(contenu, "pdf") == contenu


@pytest.mark.parametrize(
    ("genre", "format_", "nom", "declare"),
    [
        (JPEG, "JPEG", "photo.jpeg", "image/jpeg"),
        (JPEG, "JPEG", "sans extension", "application/octet-stream"),
        (PNG, "PNG", "écran.PNG", "image/png"),
        (HEIC, "HEIF", "IMG_0001.HEIC", ""),
    ],
)
def test_a_photograph_is_written_anew(genre, format_, nom, declare):
    lu = lire_fichier(envoi(image(format_), nom, declare))
    assert lu.type_mime == genre.type_mime
    assert lu.nom.endswith(f".{genre.extension}")
    relue = Image.open(io.BytesIO(lu.contenu))
    assert (relue.size, relue.get_format_mimetype()) == ((60, 40), genre.type_mime)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "CMYK", "I;16"])
def test_every_kind_of_pixel_is_read(mode):
    format_ = "JPEG" if mode == "CMYK" else "PNG"
    assert Image.open(io.BytesIO(isolee.lire(image(format_, mode=mode), format_.lower()))).size == (60, 40)


def test_nothing_rides_along_with_a_photograph():
    bavard = f.jpeg_bavard()
    propre = isolee.lire(bavard, "jpeg")
    assert b"CanariAppareil" in bavard
    for trace in (b"Canari", b"canari", b"Exif", b"PK"):
        assert trace not in propre
    assert not zipfile.is_zipfile(io.BytesIO(propre))
    relue = Image.open(io.BytesIO(propre))
    assert not relue.getexif()
    assert relue.size == (40, 60)  # turned as the telephone was held


def test_a_large_photograph_is_made_smaller():
    relue = Image.open(io.BytesIO(isolee.lire(image("JPEG", (4000, 1000)), "jpeg")))
    assert relue.size == (3000, 750)


def test_the_same_photograph_has_the_same_fingerprint():
    assert len({lire_fichier(envoi(image("JPEG"), "a.jpg", "image/jpeg")).empreinte for _ in range(2)}) == 1


# --- Names -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("envoye", "garde"),
    [
        ("Attestation CAF.pdf", "Attestation CAF.pdf"),
        ("../../etc/passwd", "passwd.pdf"),
        (r"C:\Users\Léa\attestation.pdf", "attestation.pdf"),
        ("/etc/cron.d/x.pdf", "x.pdf"),
        ("..", "document.pdf"),
        ("", "document.pdf"),
        (".pdf", "document.pdf"),
        (".htaccess", "document.pdf"),
        ("a\x00b\r\nContent-Type: text/html.pdf", "html.pdf"),
        ("nul\x00.pdf", "document.pdf"),
        ("photo\u202egpj.pdf", "photogpj.pdf"),
        ("a\u200b\ufeff\u2066b.pdf", "ab.pdf"),
        ("a\u00a0\u2003\tb.pdf", "a b.pdf"),
        ('<script>"x"?.pdf', "script x.pdf"),
        ("CON.pdf", "document.pdf"),
        ("lpt1.tar.pdf", "document.pdf"),
        ("e\u0301cole.pdf", "école.pdf"),
        ("x" * 500 + ".pdf", "x" * 116 + ".pdf"),
        ("\ud800.pdf", "document.pdf"),
        ("tableau.xlsx", "tableau.pdf"),
        ("note....pdf", "note.pdf"),
    ],
)
def test_a_name_is_cleaned(envoye, garde):
    assert nettoyer_le_nom(envoye, "pdf") == garde


def test_a_clean_name_is_short_prints_and_goes_into_a_header():
    for nom in ("𝕬" * 300, "ß" * 300, "a" * 119 + "é.pdf", "fichier" + "".join(map(chr, range(1, 160)))):
        propre = nettoyer_le_nom(nom, "jpg")
        assert len(propre) <= 120
        assert propre.endswith(".jpg")
        assert not {unicodedata.category(c)[0] for c in propre} & {"C"}
        assert re.search(r'[/\\"<>:|?*%\r\n]', propre) is None


def test_the_list_of_types_shown_to_the_browser_is_that_of_the_reader():
    for genre in (PDF, JPEG, PNG, HEIC):
        assert f".{genre.extensions[0]}" in televersement.ACCEPTES.split(",")
        assert genre.declares[0] in televersement.ACCEPTES.split(",")
