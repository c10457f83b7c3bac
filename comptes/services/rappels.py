"""Reminders by mail: a household refuses them, or asks for them again."""

import pghistory
from django.core import signing
from django.urls import reverse

from comptes.models import Famille, Utilisateur

# The salt makes the link good for this and nothing else.
SEL = "comptes.rappels.refus"


def adresse_de_refus(famille: Famille) -> str:
    """The path of the page that stops the reminders of this household, without signing in."""
    return reverse("comptes:refuser_rappels", args=[signing.Signer(salt=SEL).sign(str(famille.pk))])


def famille_du_jeton(jeton: str) -> Famille | None:
    """The household of a link; None when the link is not ours. It does not expire: a refusal must always work."""
    try:
        pk = signing.Signer(salt=SEL).unsign(jeton)
    except signing.BadSignature:
        return None
    return Famille.objects.filter(pk=int(pk)).first()


def choisir_les_rappels(*, famille: Famille, rappels: bool, par: Utilisateur | None = None) -> None:
    """`par` is who signed in to choose; nobody did when it is the link of a mail."""
    famille.rappels = rappels
    with pghistory.context(**({"user": par.pk} if par else {})):
        famille.save(update_fields=["rappels"])
