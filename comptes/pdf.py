"""PDF from our own HTML, stylesheet and font: tagged (PDF/UA-1), in French. Nothing is ever fetched from elsewhere."""

import importlib
import io
import mimetypes
import os
from pathlib import PurePosixPath
from typing import Any

from django.contrib.staticfiles import finders

# Not a host: what stands before the path of a static file in the documents.
BASE = "https://fichiers.invalid/"


class PdfIndisponible(RuntimeError):
    """This machine cannot make a PDF: WeasyPrint, or the Pango library that it needs, is missing."""


def _weasyprint() -> tuple[Any, Any]:
    """WeasyPrint and its module of addresses, imported at the first PDF.

    Measured: importing it takes 2.3 s and needs Pango. Neither is the price of starting a web process or a command.
    """
    try:
        return importlib.import_module("weasyprint"), importlib.import_module("weasyprint.urls")
    except (ImportError, OSError) as erreur:
        raise PdfIndisponible(str(erreur)) from erreur


def fichier_statique(url: str) -> tuple[bytes, str]:
    """The bytes and type of one of our static files. Raises ValueError for every other address."""
    if not url.startswith(BASE):
        raise ValueError("Adresse refusée : un document ne lit que nos fichiers statiques.")
    nom = str(PurePosixPath(url.removeprefix(BASE)))
    trouve = None if ".." in nom or nom.startswith("/") else finders.find(nom)
    if not isinstance(trouve, str) or not os.path.isfile(trouve):
        raise ValueError("Ce fichier statique n’existe pas.")
    with open(trouve, "rb") as fichier:
        return fichier.read(), mimetypes.guess_type(trouve)[0] or "application/octet-stream"


def ecrire_pdf(html: str, *, identifiant: str) -> bytes:
    """The document as PDF/UA-1. Raises PdfIndisponible.

    The same HTML and identifier give the same bytes, whenever they are asked for: nothing in it is of today.
    """
    weasyprint, urls = _weasyprint()

    class Chercheur(urls.URLFetcher):  # type: ignore[name-defined]
        def fetch(self, url, headers=None):
            contenu, type_mime = fichier_statique(url)
            return urls.URLFetcherResponse(url, io.BytesIO(contenu), {"Content-Type": type_mime})

    document = weasyprint.HTML(string=html, base_url=BASE, url_fetcher=Chercheur())
    return document.write_pdf(pdf_variant="pdf/ua-1", pdf_identifier=identifiant.encode())
