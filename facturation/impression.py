"""From a bill, an avoir or a payment to the page that is printed of it: HTML, pictures, and an identifier for ever.

What is printed depends on frozen rows alone, so that the same piece gives the same bytes whenever it is made.
"""

import datetime as dt
import io
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

import segno
from django.conf import settings
from django.db.models import Exists, F, OuterRef, QuerySet
from django.template.loader import render_to_string
from django.urls import reverse

from comptes.atelier import Page
from comptes.models import Famille
from facturation.lecture import Attestation
from facturation.models import Avoir, Facture, Imputation, LigneAvoir, LigneFacture, Paiement, PieceImprimee
from facturation.papier import Copie, Papier

Nature = PieceImprimee.Nature
MARGE = 4  # modules of white around a QR code, as ISO/IEC 18004 asks
FEUILLES = ("css/pdf.css", "css/pieces.css")


def chemin_de_paiement(numero: str) -> str:
    """Where a bill is paid online."""
    return reverse("facturation:payer", args=[numero])


def adresse_de_paiement(numero: str) -> str:
    return settings.SITE_URL + chemin_de_paiement(numero)


def qr_de(texte: str, **options) -> str:
    """An SVG of squares: black on nothing, to be shown on white."""
    return segno.make(texte, error="m").svg_inline(border=MARGE, omitsize=True, **options)


def _qr_en_fichier(texte: str) -> str:
    """The same as a file of its own."""
    tampon = io.BytesIO()
    segno.make(texte, error="m").save(tampon, kind="svg", border=MARGE, scale=4, xmldecl=False)
    return tampon.getvalue().decode()


def page(gabarit: str, contexte: dict, *, cle: str, images: dict[str, str] | None = None) -> Page:
    html = render_to_string(f"pdf/{gabarit}.html", contexte)
    return Page(cle, html, identifiant=cle, feuilles=FEUILLES, images=images or {})


def page_de_facture(papier: Papier) -> Page:
    numero = str(papier.facture.numero)
    adresse = adresse_de_paiement(numero)
    return page(
        "facture", {"papier": papier, "adresse": adresse}, cle=numero, images={"qr.svg": _qr_en_fichier(adresse)}
    )


def pages_des_factures(factures: QuerySet[Facture]) -> Iterator[Page]:
    """Two statements, whatever their number."""
    lues = list(factures.select_related("facturation"))
    lignes: dict[int, list[LigneFacture]] = defaultdict(list)
    for ligne in LigneFacture.objects.filter(facture__in=lues).order_by("facture", "rang"):
        lignes[ligne.facture_id].append(ligne)
    for facture in lues:
        yield page_de_facture(Papier.de(facture, lignes[facture.pk]))


def pages_des_avoirs(avoirs: QuerySet[Avoir]) -> Iterator[Page]:
    lus = list(avoirs.select_related("facture__facturation"))
    lignes: dict[int, list[LigneAvoir]] = defaultdict(list)
    for ligne in LigneAvoir.objects.filter(avoir__in=lus).order_by("pk"):
        lignes[ligne.avoir_id].append(ligne)
    for avoir in lus:
        contexte = {"avoir": avoir, "copie": copie_de(avoir), "lignes": lignes[avoir.pk]}
        yield page("avoir", contexte, cle=avoir.numero)


def copie_de(avoir: Avoir) -> Copie:
    """What the avoir froze, else what the bill that it corrects froze."""
    return Copie({**avoir.facture.copie, **avoir.copie})


@dataclass(frozen=True)
class Quittance:
    """A payment on the day on which it was recorded: the bills that it settled at once, and the advance left."""

    paiement: Paiement
    parts: list[tuple[str, Decimal]]

    @property
    def avance(self) -> Decimal:
        return self.paiement.montant - sum((montant for _, montant in self.parts), Decimal(0))

    @property
    def par_qui(self) -> str:
        return str(self.paiement.famille)


def quittances(paiements: QuerySet[Paiement]) -> list[Quittance]:
    """Two statements, whatever their number."""
    lus = list(paiements.select_related("famille", "rejet"))
    parts: dict[int, list[tuple[str, Decimal]]] = defaultdict(list)
    imputees = (
        Imputation.objects.filter(paiement__in=lus, le=F("paiement__saisi_le"))
        .order_by("pk")
        .values_list("paiement", "facture__numero", "montant")
    )
    for paiement, numero, montant in imputees:
        parts[paiement].append((str(numero), montant))
    return [Quittance(paiement, parts[paiement.pk]) for paiement in lus]


def pages_des_quittances(paiements: QuerySet[Paiement]) -> Iterator[Page]:
    for quittance in quittances(paiements):
        contexte = {"quittance": quittance, "paiement": quittance.paiement, **de_la_ville()}
        yield page("quittance", contexte, cle=quittance.paiement.numero)


def page_d_attestation(attestation: Attestation, famille: Famille) -> Page:
    """Not kept: what it says follows the payments of the year."""
    contexte = {"attestation": attestation, "famille": famille, **de_la_ville()}
    return page("attestation", contexte, cle=f"attestation-{famille.pk}-{attestation.annee}")


def de_la_ville() -> dict:
    return {"ville": settings.VILLE, "regie": settings.REGIE}


@dataclass(frozen=True)
class Serie:
    """How one nature of pieces is found and printed."""

    nature: str
    objets: Callable[[], QuerySet]
    pages: Callable[[QuerySet], Iterable[Page]]

    def de(self, numeros: Iterable[str]) -> Iterator[Page]:
        yield from self.pages(self.objets().filter(numero__in=list(numeros)).order_by("pk"))

    def a_imprimer(self) -> QuerySet:
        """Those without a kept piece."""
        faites = PieceImprimee.objects.filter(nature=self.nature, numero=OuterRef("numero"))
        return self.objets().filter(~Exists(faites)).order_by("pk")

    def du_mois(self, mois: dt.date | None) -> QuerySet:
        return self.a_imprimer().filter(facturation__mois=mois) if mois else self.a_imprimer()


SERIES: dict[str, Serie] = {
    Nature.FACTURE: Serie(Nature.FACTURE, lambda: Facture.objects.emises(), pages_des_factures),
    Nature.AVOIR: Serie(Nature.AVOIR, lambda: Avoir.objects.all(), pages_des_avoirs),
    Nature.QUITTANCE: Serie(Nature.QUITTANCE, lambda: Paiement.objects.valides(), pages_des_quittances),
}
