"""WeasyPrint kept warm: fonts, stylesheets and pictures are read once for many documents. PDF/UA-1, in French.

Imported by comptes/pdf.py; also a program of its own, for batches (comptes/atelier.py): `python -I imprimante.py`.
It imports nothing of the project, and reads the files that it was told of and no other address.

The program reads a line of JSON `{"fichiers": {name: path}}`, then one line a document: `{"html", "identifiant",
"feuilles", "images"}`. For each it answers a line, `{"taille": bytes}` and the bytes, or `{"erreur": words}`.
"""

import io
import json
import logging
import mimetypes
import sys
from collections.abc import Callable, Mapping
from typing import Any

# Not a host: what stands before the path of a static file in the documents.
BASE = "https://fichiers.invalid/"
Lecteur = Callable[[str], tuple[bytes, str]]


class Imprimante:
    """For one thread: Pango's fonts are not to be shared. Raises ImportError or OSError without WeasyPrint or Pango."""

    def __init__(self, lire: Lecteur):
        import weasyprint  # noqa: PLC0415  1 to 2 s, and Pango: never the price of importing this file
        import weasyprint.urls  # noqa: PLC0415

        self._weasyprint: Any = weasyprint
        self._lire = lire
        self._images: Mapping[str, str] = {}
        self._lus: dict[str, tuple[bytes, str]] = {}
        self._feuilles: dict[str, Any] = {}
        imprimante = self

        class Chercheur(weasyprint.urls.URLFetcher):
            def fetch(self, url, headers=None):
                contenu, type_mime = imprimante._chercher(url)
                return weasyprint.urls.URLFetcherResponse(url, io.BytesIO(contenu), {"Content-Type": type_mime})

        self._chercheur = Chercheur()
        self._polices = self._weasyprint.text.fonts.FontConfiguration()

    def _chercher(self, url: str) -> tuple[bytes, str]:
        if (image := self._images.get(url.removeprefix(BASE))) is not None and url.startswith(BASE):
            return image.encode(), "image/svg+xml"
        if url not in self._lus:
            self._lus[url] = self._lire(url)
        return self._lus[url]

    def _feuille(self, nom: str):
        if nom not in self._feuilles:
            contenu, _ = self._chercher(BASE + nom)
            self._feuilles[nom] = self._weasyprint.CSS(
                string=contenu.decode(), base_url=BASE + nom, url_fetcher=self._chercheur, font_config=self._polices
            )
        return self._feuilles[nom]

    def ecrire(
        self, html: str, *, identifiant: str, feuilles: tuple[str, ...] = (), images: Mapping[str, str] | None = None
    ) -> bytes:
        """The document. `feuilles`: names of stylesheets; `images`: SVG by the name that the HTML gives it.

        The same arguments give the same bytes, whenever and after whatever they are asked for.
        """
        self._images = images or {}
        document = self._weasyprint.HTML(string=html, base_url=BASE, url_fetcher=self._chercheur)
        return document.write_pdf(
            pdf_variant="pdf/ua-1",
            pdf_identifier=identifiant.encode(),
            stylesheets=[self._feuille(nom) for nom in feuilles],
            font_config=self._polices,
        )


def lecteur(fichiers: Mapping[str, str]) -> Lecteur:
    """Reads these files: name in the documents → path."""

    def lire(url: str) -> tuple[bytes, str]:
        chemin = fichiers.get(url.removeprefix(BASE)) if url.startswith(BASE) else None
        if chemin is None:
            raise ValueError("Adresse refusée\N{NO-BREAK SPACE}: un document ne lit que nos fichiers statiques.")
        with open(chemin, "rb") as fichier:
            return fichier.read(), mimetypes.guess_type(chemin)[0] or "application/octet-stream"

    return lire


def servir(entree, sortie) -> None:
    """Answer one request after the other until the input ends."""
    imprimante = Imprimante(lecteur(json.loads(entree.readline())["fichiers"]))
    for ligne in entree:
        demande = json.loads(ligne)
        try:
            pdf = imprimante.ecrire(
                demande["html"],
                identifiant=demande["identifiant"],
                feuilles=tuple(demande["feuilles"]),
                images=demande["images"],
            )
        except Exception as erreur:  # noqa: BLE001  one document that fails does not stop a month of bills
            sortie.write(json.dumps({"erreur": f"{type(erreur).__name__}: {erreur}"[:500]}).encode() + b"\n")
        else:
            sortie.write(json.dumps({"taille": len(pdf)}).encode() + b"\n" + pdf)
        sortie.flush()


if __name__ == "__main__":
    for _nom in ("weasyprint", "fontTools"):
        logging.getLogger(_nom).setLevel(logging.CRITICAL)
    servir(sys.stdin.buffer, sys.stdout.buffer)
