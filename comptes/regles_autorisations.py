"""What an answer to a text is worth: pure functions, no database."""

from collections.abc import Collection

from django.db.models import TextChoices


class Avis(TextChoices):
    """The answer of a household for a child, to the version in force of a text."""

    OUI = "oui", "Oui"
    NON = "non", "Non"
    A_SIGNER = "a-signer", "À signer"


def avis(accordee: bool | None) -> Avis:
    """`accordee`: the last answer to the version in force, None without one; to a former version is no answer."""
    if accordee is None:
        return Avis.A_SIGNER
    return Avis.OUI if accordee else Avis.NON


def avis_de_l_enfant(foyers: Collection[Avis]) -> Avis:
    """What agents do for a child of one or two households, the restrictive reading: a « non » wins, and a « oui » is
    one when every household has said it (images: code civil, art. 373-2; one parent's silence is no consent).
    """
    if Avis.NON in foyers:
        return Avis.NON
    return Avis.OUI if foyers and set(foyers) == {Avis.OUI} else Avis.A_SIGNER
