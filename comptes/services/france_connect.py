"""FranceConnect: which login an identity (issuer, subject) was linked to, by its owner, after a local sign-in."""

from django.db import IntegrityError, transaction

from comptes.models import LienFranceConnect, Utilisateur


def compte_de(*, emetteur: str, sub: str) -> Utilisateur | None:
    """The login linked to this identity. Agents have none: they come in by their password and second factor."""
    lien = (
        LienFranceConnect.objects.filter(
            emetteur=emetteur, sub=sub, utilisateur__is_active=True, utilisateur__is_staff=False
        )
        .exclude(utilisateur__is_superuser=True)
        .select_related("utilisateur")
        .first()
    )
    return lien.utilisateur if lien else None


def lier(*, utilisateur: Utilisateur, emetteur: str, sub: str) -> bool:
    """Link an identity that was just proved to who just signed in. False when either is linked already."""
    if utilisateur.is_staff or utilisateur.is_superuser:
        return False
    try:
        with transaction.atomic():
            LienFranceConnect.objects.create(utilisateur=utilisateur, emetteur=emetteur, sub=sub)
    except IntegrityError:
        return LienFranceConnect.objects.filter(utilisateur=utilisateur, emetteur=emetteur, sub=sub).exists()
    return True


def delier(utilisateur: Utilisateur) -> bool:
    return LienFranceConnect.objects.filter(utilisateur=utilisateur).delete()[0] > 0
