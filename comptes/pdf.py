"""PDF from our own HTML, stylesheets and font: tagged (PDF/UA-1), in French. Nothing is ever fetched from elsewhere."""

import importlib
import mimetypes
import os
import threading
from collections.abc import Mapping
from pathlib import PurePosixPath

from django.contrib.staticfiles import finders

from comptes.imprimante import BASE, Imprimante

_a_moi = threading.local()


class PdfIndisponible(RuntimeError):
    """This machine cannot make a PDF: WeasyPrint, or the Pango library that it needs, is missing."""


def fichier_statique(url: str) -> tuple[bytes, str]:
    """The bytes and type of one of our static files. Raises ValueError for every other address."""
    chemin = chemin_statique(url)
    with open(chemin, "rb") as fichier:
        return fichier.read(), mimetypes.guess_type(chemin)[0] or "application/octet-stream"


def chemin_statique(url: str) -> str:
    """Where the static file of an address of a document is. Raises ValueError for every other address."""
    if not url.startswith(BASE):
        raise ValueError("Adresse refusée\N{NO-BREAK SPACE}: un document ne lit que nos fichiers statiques.")
    nom = str(PurePosixPath(url.removeprefix(BASE)))
    trouve = None if ".." in nom or nom.startswith("/") else finders.find(nom)
    if not isinstance(trouve, str) or not os.path.isfile(trouve):
        raise ValueError("Ce fichier statique n’existe pas.")
    return trouve


def ecrire_pdf(
    html: str, *, identifiant: str, feuilles: tuple[str, ...] = (), images: Mapping[str, str] | None = None
) -> bytes:
    """The document as PDF/UA-1. Raises PdfIndisponible.

    The same arguments give the same bytes, whenever they are asked for: nothing in it is of today. WeasyPrint is
    imported at the first one: measured, 2.3 s, and it needs Pango; neither is the price of starting a process.
    """
    try:
        importlib.import_module("weasyprint")
    except (ImportError, OSError) as erreur:
        raise PdfIndisponible(str(erreur)) from erreur
    if not hasattr(_a_moi, "imprimante"):
        _a_moi.imprimante = Imprimante(lambda url: fichier_statique(url))
    return _a_moi.imprimante.ecrire(html, identifiant=identifiant, feuilles=feuilles, images=images)
