"""What a bill or an avoir prints, read from what was frozen on the day of its issue: the same for screen, PDF and mail.

Nothing here is a live name: `copie` and the lines alone. What a copy lacks is not printed.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cached_property

from comptes.francais import INSECABLE, MOIS, enumerer, euros, nombre, quantieme
from facturation.models import Facture, LigneFacture

N = LigneFacture.Nature

POURQUOI: dict[str, str] = {
    N.REPAS: "C’est le prix du repas, tel que le calendrier le montrait le jour de la réservation.",
    N.TARDIF: (
        "Ce repas a été réservé après l’heure limite. Le prix tardif, annoncé avant la réservation, s’applique. "
        "Il ne dépasse jamais ce que le repas coûte à la ville."
    ),
    N.ABSENCE: (
        "L’absence a été annoncée, et les premiers jours d’absence restent dus (délai de carence du règlement "
        "intérieur)."
    ),
    N.ABSENT: (
        "Le repas était réservé et l’enfant n’est pas venu, sans annulation. Le règlement prévoit un supplément."
    ),
    N.IMPREVU: "L’enfant a déjeuné sans réservation. Le repas servi est dû.",
}


def jours_en_mots(jours: Iterable[dt.date]) -> str:
    """`1er, 3 et 4 septembre`, `30 septembre et 1er octobre`."""
    par_mois: dict[tuple[int, int], list[str]] = {}
    for jour in sorted(jours):
        par_mois.setdefault((jour.year, jour.month), []).append(quantieme(jour))
    return " et ".join(f"{enumerer(mots)}{INSECABLE}{MOIS[mois - 1]}" for (_, mois), mots in par_mois.items())


@dataclass(frozen=True)
class LigneImprimee:
    """One line, with its words."""

    ligne: LigneFacture

    @property
    def nature(self) -> str:
        return self.ligne.get_nature_display()

    @cached_property
    def jours(self) -> str:
        return jours_en_mots(self.ligne.jours)

    @property
    def mentions(self) -> str:
        """`Tranche B, délibération 2026-45`: what the price comes from."""
        mots = [self.ligne.tranche[:1].upper() + self.ligne.tranche[1:]] if self.ligne.tranche else []
        mots += [f"délibération {self.ligne.deliberation}"] if self.ligne.deliberation else []
        return ", ".join(mots)

    @property
    def pourquoi(self) -> list[str]:
        phrases = [POURQUOI[self.ligne.nature]] if self.ligne.nature in POURQUOI else []
        if self.ligne.tranche and self.ligne.tranche != "prix unique":
            phrases.append(f"Tarif retenu{INSECABLE}: {self.ligne.tranche}.")
        elif self.ligne.tranche:
            phrases.append("Le prix est le même pour toutes les familles.")
        if self.ligne.deliberation:
            phrases.append(f"Il a été voté par le conseil municipal, délibération {self.ligne.deliberation}.")
        return phrases


@dataclass(frozen=True)
class GroupeDeLignes:
    """The lines of one child at one service."""

    enfant: str
    service: str
    lignes: Sequence[LigneImprimee]

    @property
    def total(self) -> Decimal:
        return sum((ligne.ligne.montant for ligne in self.lignes), Decimal(0))


def en_euros(valeur) -> Decimal:
    """An amount of a copy, which JSON keeps as text. What is no amount counts for nothing."""
    try:
        lu = Decimal(str(valeur))
    except InvalidOperation:
        return Decimal(0)
    return lu if lu.is_finite() else Decimal(0)


class Copie:
    """The frozen copy of a bill or an avoir; a part that it lacks is empty."""

    def __init__(self, copie: dict):
        self._copie = copie if isinstance(copie, dict) else {}

    def _partie(self, nom: str) -> dict:
        partie = self._copie.get(nom)
        return partie if isinstance(partie, dict) else {}

    def _liste(self, nom: str) -> list:
        liste = self._copie.get(nom)
        return liste if isinstance(liste, list) else []

    @property
    def ville(self) -> dict:
        return {"nom": "", "service": "", "adresse": "", "telephone": "", "courriel": "", **self._partie("ville")}

    @property
    def regie(self) -> dict:
        vide = {"nom": "", "siret": "", "comptable": "", "courriel": "", "telephone": "", "iban": "", "bic": ""}
        return {**vide, **self._partie("regie")}

    @property
    def debiteur(self) -> list[str]:
        """Name and address, line by line."""
        qui = self._partie("debiteur")
        ville = f"{qui.get('code_postal', '')} {qui.get('commune', '')}".strip()
        return [mot for mot in (qui.get("nom", ""), qui.get("adresse", ""), ville) if mot]

    @property
    def moyens(self) -> list[str]:
        return [str(moyen) for moyen in self._liste("moyens")]

    @property
    def mentions(self) -> list[str]:
        """VAT, remedies and the like, paragraph by paragraph."""
        return [str(mention) for mention in self._liste("mentions")]

    @property
    def reports(self) -> list[tuple[str, Decimal]]:
        """(number, euros) of the older bills whose debt is asked for with this one."""
        return self._montants("reports")

    @property
    def imputations(self) -> list[tuple[str, Decimal]]:
        """(what, euros) already paid when the bill was issued: avoirs and advances."""
        return self._montants("imputations")

    def _montants(self, nom: str) -> list[tuple[str, Decimal]]:
        lus = [ligne for ligne in self._liste(nom) if isinstance(ligne, dict)]
        return [(str(ligne.get("quoi", "")), en_euros(ligne.get("montant"))) for ligne in lus]


@dataclass(frozen=True)
class Papier:
    """A bill as it was issued."""

    facture: Facture
    copie: Copie
    groupes: Sequence[GroupeDeLignes]

    @classmethod
    def de(cls, facture: Facture, lignes: Iterable[LigneFacture]) -> "Papier":
        groupes: dict[tuple[str, str], list[LigneImprimee]] = {}
        for ligne in sorted(lignes, key=lambda ligne: ligne.rang):
            groupes.setdefault((ligne.enfant, ligne.service), []).append(LigneImprimee(ligne))
        return cls(facture, Copie(facture.copie), [GroupeDeLignes(*qui, lues) for qui, lues in groupes.items()])

    @property
    def mois(self) -> dt.date:
        return self.facture.facturation.mois

    @property
    def deja_regle(self) -> Decimal:
        return sum((montant for _, montant in self.copie.imputations), Decimal(0))

    @property
    def reporte(self) -> Decimal:
        return sum((montant for _, montant in self.copie.reports), Decimal(0))

    @property
    def net_a_payer(self) -> Decimal:
        """What was asked for on the day of issue."""
        return self.facture.total - self.deja_regle + self.reporte

    @property
    def repas(self) -> int:
        return sum(ligne.ligne.quantite for groupe in self.groupes for ligne in groupe.lignes)

    @property
    def resume(self) -> str:
        """`16 repas, 79,52 €`."""
        return f"{nombre(self.repas, 'repas', 'repas')}, {euros(self.facture.total)}"
