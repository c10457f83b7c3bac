"""Households: which adult signs in with which address."""

from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.db import transaction

from comptes.models import MotDePasseGenere, Responsable, Utilisateur, normaliser_courriel


def verifier_courriel(*, courriel: str, responsable: Responsable) -> None:
    """Refuse, in a sentence, an address that is somebody else's. A login without household may be taken up."""
    actuel = responsable.utilisateur
    if actuel and actuel.email == normaliser_courriel(courriel):
        return
    if actuel and actuel.is_staff:
        raise ValidationError("Ce responsable est un agent de la ville : un administrateur change son adresse.")
    compte = (
        Utilisateur.objects.filter(email=normaliser_courriel(courriel)).select_related("responsable__famille").first()
    )
    if compte is None:
        return
    titulaire = getattr(compte, "responsable", None)
    if titulaire:
        raise ValidationError(
            f"Cette adresse est déjà celle de {titulaire} ({titulaire.famille}). Chaque adulte a la sienne."
        )
    if compte.is_staff or compte.is_superuser:
        raise ValidationError(
            "Cette adresse est celle d’un agent de la ville : un parent a un autre compte, pour que ses droits d’agent "
            "ne servent pas à ses propres enfants."
        )


def donner_un_acces(*, responsable: Responsable, courriel: str) -> Utilisateur | None:
    """Let an adult of a household sign in with this address, and no other; an empty address takes the access away.

    A new address is the same login under another name, so its history stays. Raises ValidationError when the address is
    somebody else's.
    """
    adresse = normaliser_courriel(courriel)
    with transaction.atomic():
        verifier_courriel(courriel=adresse, responsable=responsable)
        ancien = responsable.utilisateur
        compte = Utilisateur.objects.filter(email=adresse).first()
        if compte is None and adresse and ancien:
            compte = changer_d_adresse(compte=ancien, courriel=adresse)
        elif compte is None and adresse:
            compte = Utilisateur.objects.create_user(adresse, prenom=responsable.prenom, nom=responsable.nom)
        if compte != ancien:
            responsable.utilisateur = compte
            responsable.save(update_fields=["utilisateur"])
    return compte


def changer_d_adresse(*, compte: Utilisateur, courriel: str) -> Utilisateur:
    """Give a login another address. Its passwords end: they were given to who reads the old mailbox."""
    with transaction.atomic():
        compte.email = normaliser_courriel(courriel)
        compte.password = make_password(None)
        compte.save(update_fields=["email", "password"])
        MotDePasseGenere.objects.filter(utilisateur=compte).delete()
    return compte
