"""The secret address of a parent's calendar feed: made, renewed, revoked."""

import uuid

from django.utils import timezone

from reservations.models import FluxCalendrier


def creer_flux(utilisateur) -> FluxCalendrier:
    """The feed of this parent; the one that exists is kept, so that a second click breaks no telephone."""
    return FluxCalendrier.objects.get_or_create(utilisateur=utilisateur)[0]


def renouveler_flux(utilisateur) -> FluxCalendrier:
    """Another address: the old one is not found any more."""
    neuf = {"jeton": uuid.uuid4(), "cree_le": timezone.now()}
    return FluxCalendrier.objects.update_or_create(utilisateur=utilisateur, defaults=neuf)[0]


def revoquer_flux(utilisateur) -> None:
    FluxCalendrier.objects.filter(utilisateur=utilisateur).delete()
