"""The link of a mail that refuses its category, and what the adults behind some addresses refused."""

from collections.abc import Iterable
from typing import NamedTuple

from django.contrib.postgres.expressions import ArraySubquery
from django.core import signing
from django.db.models import OuterRef
from django.urls import reverse

from comptes.categories import Categorie, est_refusable
from comptes.models import RefusDeCourriel, Responsable

# The salt makes the link good for this and nothing else.
SEL = "comptes.courriels.refus"


class Lecteur(NamedTuple):
    """The adult (primary key) who reads an address, and the categories whose mails they refused."""

    responsable: int
    refus: frozenset[str]


def adresse_du_refus(responsable: int, categorie: str) -> str:
    """The path of the page that stops the mails of this category for this adult, without signing in."""
    return reverse("comptes:refuser_courriels", args=[signing.Signer(salt=SEL).sign(f"{responsable}.{categorie}")])


def lire_le_jeton(jeton: str) -> tuple[Responsable, Categorie] | None:
    """Whose link it is, and for which category; None when it is not ours. It does not expire: one may always refuse."""
    try:
        pk, _, categorie = signing.Signer(salt=SEL).unsign(jeton).partition(".")
    except signing.BadSignature:
        return None
    responsable = Responsable.objects.filter(pk=int(pk)).first()
    return (responsable, Categorie(categorie)) if responsable and est_refusable(categorie) else None


def lecteurs(adresses: Iterable[str]) -> dict[str, Lecteur]:
    """Address → who reads it. One statement; an address that is no adult's is absent."""
    refus = RefusDeCourriel.objects.filter(responsable=OuterRef("pk")).order_by()
    lus = (
        Responsable.objects.filter(utilisateur__email__in=set(adresses))
        .order_by()
        .annotate(refus=ArraySubquery(refus.values("categorie")))
        .values_list("utilisateur__email", "pk", "refus")
    )
    return {adresse: Lecteur(pk, frozenset(refuses)) for adresse, pk, refuses in lus}
