"""Read a text of the town as its page shows it: the version in force, or one of those that were or will be."""

import datetime as dt
from dataclasses import dataclass

from django.conf import settings
from django.utils import timezone

from comptes.francais import instant_long
from comptes.models import Texte, VersionDeTexte
from comptes.services.textes import PAR_DEFAUT
from comptes.textes import TexteRendu, rendre


@dataclass(frozen=True)
class VersionLue:
    """A version among the others of its text: from when to when it is the one in force."""

    numero: int
    depuis: dt.datetime
    jusqu_a: dt.datetime | None
    maintenant: dt.datetime

    @property
    def en_vigueur(self) -> bool:
        return self.depuis <= self.maintenant and (self.jusqu_a is None or self.maintenant < self.jusqu_a)

    @property
    def abandonnee(self) -> bool:
        """Replaced before it took effect."""
        return self.jusqu_a is not None and self.jusqu_a <= self.depuis

    @property
    def a_venir(self) -> bool:
        return self.maintenant < self.depuis and not self.abandonnee

    @property
    def periode(self) -> str:
        if self.abandonnee:
            return "remplacée avant d’entrer en vigueur"
        if self.a_venir:
            return f"en vigueur à partir du {instant_long(self.depuis)}"
        if self.en_vigueur:
            return f"en vigueur depuis le {instant_long(self.depuis)}"
        return f"en vigueur du {instant_long(self.depuis)} au {instant_long(self.jusqu_a or self.maintenant)}"


@dataclass(frozen=True)
class PageDeTexte:
    """`version` is None for a text that nobody has laid: then it is the default one."""

    titre: str
    code: str
    rendu: TexteRendu
    version: VersionLue | None = None
    autres: tuple[VersionLue, ...] = ()


def versions_lues(texte: Texte, maintenant: dt.datetime) -> list[VersionLue]:
    """Its versions, the last first: one ends when a later one begins, as `avec_version` reads them."""
    lues: list[VersionLue] = []
    fin: dt.datetime | None = None
    for numero, depuis in texte.versions.order_by("-numero").values_list("numero", "publiee_le"):
        lues.append(VersionLue(numero, depuis, fin, maintenant))
        fin = min(fin or depuis, depuis)
    return lues


def lire_page(code: str, *, numero: int | None = None, niveau: int = 2) -> PageDeTexte | None:
    """The page of a text, in its version in force or in the one asked for; None when there is none. Three statements.

    The default text stands in for one that is not laid yet: the legal pages always answer.
    """
    maintenant = timezone.now()
    texte = Texte.objects.filter(code=code).first()
    versions = versions_lues(texte, maintenant) if texte else []
    lues = [v for v in versions if (v.numero == numero if numero else v.en_vigueur)]
    if texte is None or not lues:
        defaut = PAR_DEFAUT.get(code)
        if numero or defaut is None or not defaut.contenu():
            return None
        return PageDeTexte(defaut.titre, code, rendre(defaut.contenu(), settings.VILLE, niveau=niveau))
    contenu = VersionDeTexte.objects.values_list("contenu", flat=True).get(texte=texte, numero=lues[0].numero)
    return PageDeTexte(
        texte.titre,
        code,
        rendre(contenu, settings.VILLE, niveau=niveau),
        version=lues[0],
        autres=tuple(v for v in versions if v != lues[0]),
    )
