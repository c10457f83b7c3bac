"""Read what a household has signed, and what is missing. The other household of a child is never read here."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from comptes.models import Autorisation, Enfant, Rattachement, Texte, VersionDeTexte
from comptes.portes import du_foyer
from comptes.regles_autorisations import Avis, avis
from comptes.textes import TexteRendu, rendre


@dataclass(frozen=True)
class ReponseLue:
    """A child of the household, and what was answered for it to a text."""

    rattachement: Rattachement
    version: int
    reponse: Autorisation | None  # to the version in force
    anciennes: tuple[Autorisation, ...]  # those that it replaced, or to former versions; the latest first

    @property
    def avis(self) -> Avis:
        return avis(self.reponse.accordee if self.reponse else None)

    @property
    def montre(self) -> str:
        """What the form carries as shown: `oui`, `non` or nothing."""
        return "" if self.avis == Avis.A_SIGNER else self.avis.value


@dataclass(frozen=True)
class TexteASigner:
    texte: Texte
    version: VersionDeTexte
    rendu: TexteRendu
    reponses: tuple[ReponseLue, ...]

    @property
    def manquantes(self) -> list[ReponseLue]:
        return [r for r in self.reponses if r.avis == Avis.A_SIGNER]


def charger_les_autorisations(utilisateur) -> list[TexteASigner]:
    """Every text to sign with its words in force, and the answers of the household of this login. Four statements."""
    rattachements = rattachements_de(utilisateur)
    textes = list(Texte.objects.a_signer().avec_version())
    versions = VersionDeTexte.objects.in_bulk([t.version_id for t in textes if t.version_id])
    donnees: dict[tuple[int, int], list[Autorisation]] = defaultdict(list)
    for a in Autorisation.objects.de(utilisateur).select_related("version").order_by("-pk"):
        donnees[a.rattachement_id, a.version.texte_id].append(a)
    return [
        TexteASigner(
            texte,
            versions[texte.version_id],
            rendre(versions[texte.version_id].contenu, settings.VILLE, niveau=3, prefixe=f"{texte.code}-"),
            tuple(_reponse(r, texte.version_id, donnees[r.pk, texte.pk]) for r in rattachements),
        )
        for texte in textes
        if texte.version_id
    ]


def rattachements_de(utilisateur, enfant: Enfant | None = None) -> list[Rattachement]:
    voulus = Rattachement.objects.filter(du_foyer(utilisateur, "famille"))
    if enfant:
        voulus = voulus.filter(enfant=enfant)
    return list(voulus.select_related("enfant").order_by("enfant__naissance", "pk"))


def _reponse(rattachement, version: int, donnees: Iterable[Autorisation]) -> ReponseLue:
    """`donnees`: every answer for this child to this text, the latest first."""
    derniere = next((a for a in donnees if a.version_id == version), None)
    return ReponseLue(rattachement, version, derniere, tuple(a for a in donnees if a is not derniere))


@dataclass(frozen=True)
class Manquante:
    """An answer that a household has not given for a child, to the version in force of a text."""

    rattachement: Rattachement
    texte: Texte


def nombre_a_signer(utilisateur, *, enfants: int = 1, enfant: Enfant | None = None) -> int:
    """How many `manquantes` a household of that many children has, or this child of it, in one statement: pages that
    only count.
    """
    siennes = Autorisation.objects.de(utilisateur).filter(version=OuterRef("version_id")).order_by()
    if enfant:
        siennes = siennes.filter(rattachement__enfant=enfant)
    faites = siennes.values("version").annotate(n=Count("rattachement", distinct=True)).values("n")
    textes = Texte.objects.a_signer().avec_version().filter(version_id__isnull=False)
    comptes = textes.annotate(faites=Coalesce(Subquery(faites), 0)).values_list("faites", flat=True)
    return sum(enfants - faites for faites in comptes)


def manquantes(utilisateur, *, enfant: Enfant | None = None, instant: dt.datetime | None = None) -> list[Manquante]:
    """What the household of this login has still to sign, for all its children or one. At most three statements."""
    rattachements = rattachements_de(utilisateur, enfant)
    if not rattachements:
        return []
    textes = [t for t in Texte.objects.a_signer().avec_version(instant or timezone.now()) if t.version_id]
    faites = set(
        Autorisation.objects.filter(
            rattachement__in=rattachements, version__in=[t.version_id for t in textes]
        ).values_list("rattachement", "version")
    )
    return [Manquante(r, t) for r in rattachements for t in textes if (r.pk, t.version_id) not in faites]
