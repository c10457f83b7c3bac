"""The receipt as PDF: tagged, in French, made of our own files only, and absent without harm."""

import datetime as dt
import re
import subprocess
import sys
import zlib

import pytest
from django.test import Client
from django.urls import reverse

from comptes import pdf
from tests.factories import foyer
from tests.reservations.test_reserver import lu

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("ouverture", "comptes_justes")]
LUNDI, MARDI = dt.date(2026, 12, 7), dt.date(2026, 12, 8)


def demander(f, operation):
    client = Client()
    client.force_login(f.utilisateur)
    return client.get(reverse("reservations:operation_pdf", args=[operation.numero]))


def deplie(octets):
    """The document with its compressed streams opened."""
    morceaux = [octets]
    for flux in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", octets, re.S):
        try:
            morceaux.append(zlib.decompress(flux))
        except zlib.error:
            continue
    return b"\n".join(morceaux)


def test_the_receipt_is_a_tagged_pdf_in_french_with_our_font():
    f = foyer()
    operation = f.reserver(LUNDI)
    reponse = demander(f, operation)
    assert (reponse.status_code, reponse["Content-Type"]) == (200, "application/pdf")
    assert f"operation-{operation.numero}.pdf" in reponse["Content-Disposition"]
    assert reponse.content.startswith(b"%PDF-1.7")
    contenu = deplie(reponse.content)
    for mot in (b"/MarkInfo", b"/StructTreeRoot", b"/Lang (fr)", b"pdfuaid:part", b"Atkinson"):
        assert mot in contenu, mot


def test_the_same_operation_gives_the_same_bytes_whenever_it_is_asked_for(ouverture):
    f = foyer()
    operation = f.reserver(LUNDI)
    avant = demander(f, operation).content
    ouverture.shift(dt.timedelta(days=400))
    assert demander(f, operation).content == avant


@pytest.mark.lit_un_pdf
def test_the_receipt_says_what_the_recap_says(settings):
    f = foyer(reserves=[MARDI])
    operation = f.reserver(LUNDI, annuler=[MARDI])
    octets = demander(f, operation).content
    mots = ["pdftotext", "-layout", "-", "-"]
    texte = lu(subprocess.run(mots, input=octets, capture_output=True, check=True).stdout.decode())
    for attendu in (
        f"Récépissé n° {operation.numero}",
        "mercredi 15 juillet 2026 à 9 h",
        f"Famille {f.famille.nom}",
        settings.VILLE["service"],
        settings.VILLE["courriel"],
        "Détail des réservations de Léa",
        "Réservation ajoutée : 07/12/2026",
        "Prix : 4,97 €",
        "Nombre de réservations annulées : 1 (4,97 €)",
        "Page 1 sur 1",
    ):
        assert attendu in texte, attendu


@pytest.mark.parametrize(
    "url",
    [
        "https://exemple.org/police.woff2",
        "http://127.0.0.1/",
        "file:///etc/passwd",
        "data:text/css,*{}",
        f"{pdf.BASE}../manage.py",
        f"{pdf.BASE}css/../../manage.py",
        f"{pdf.BASE}/etc/passwd",
        f"{pdf.BASE}css/inconnu.css",
        f"{pdf.BASE}css",
        "https://fichiers.invalid.exemple.org/css/pdf.css",
    ],
)
def test_a_document_reads_no_other_file_and_no_other_host(url):
    with pytest.raises(ValueError, match="fichier"):
        pdf.fichier_statique(url)


def test_a_document_reads_our_static_files():
    contenu, type_mime = pdf.fichier_statique(f"{pdf.BASE}css/pdf.css")
    assert b"@page" in contenu
    assert type_mime == "text/css"


def test_the_document_that_names_another_host_asks_it_for_nothing(monkeypatch):
    demandees = []

    def noter(url, lire=pdf.fichier_statique):
        demandees.append(url)
        return lire(url)

    monkeypatch.setattr(pdf, "fichier_statique", noter)
    monkeypatch.setattr("socket.socket.connect", lambda *args: pytest.fail("a connection was opened"))
    html = '<html lang="fr"><title>t</title><img src="http://exemple.org/x.png" alt="x"><p>bonjour'
    assert pdf.ecrire_pdf(html, identifiant="x").startswith(b"%PDF")
    assert demandees == ["http://exemple.org/x.png"]


def test_without_pango_a_sentence_says_what_to_do_and_the_rest_works(monkeypatch):
    # Not `importlib.import_module` itself: what Django imports meanwhile would keep the false one for ever.
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    f = foyer()
    operation = f.reserver(LUNDI)
    reponse = demander(f, operation)
    assert reponse.status_code == 503
    assert "s’imprime depuis le menu de votre navigateur" in reponse.text
    client = Client()
    client.force_login(f.utilisateur)
    assert client.get(reverse("reservations:operation", args=[operation.numero])).status_code == 200
