"""What an adult does with their notifications: read them, and refuse the mails of a category."""

from collections.abc import Collection

from django.db import transaction
from django.utils import timezone

from comptes.categories import REFUSABLES
from comptes.models import RefusDeCourriel, Responsable


def lire(notifications, *, par) -> int:
    """Mark as read those, among these, of this person; an agent who helps a household reads and marks nothing."""
    return notifications.non_lues().filter(destinataire__utilisateur=par).update(lue_le=timezone.now())


def refuser(*, responsable: Responsable, categorie: str) -> None:
    """No more mail of this category for this adult. A category that the law has sent is not touched."""
    if categorie in REFUSABLES:
        RefusDeCourriel.objects.bulk_create(
            [RefusDeCourriel(responsable=responsable, categorie=categorie)], ignore_conflicts=True
        )


def choisir_les_courriels(*, responsable: Responsable, recus: Collection[str]) -> None:
    """The mails that this adult wants; every other category that can be refused is. Unknown names are not looked up."""
    with transaction.atomic():
        responsable.refus_de_courriel.filter(categorie__in=REFUSABLES.intersection(recus)).delete()
        RefusDeCourriel.objects.bulk_create(
            [RefusDeCourriel(responsable=responsable, categorie=c) for c in sorted(REFUSABLES.difference(recus))],
            ignore_conflicts=True,
        )
