"""The calendar feed: a secret address that a telephone reads without signing in."""

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone


class FluxCalendrier(models.Model):
    """The secret of one parent's feed: 122 random bits. Revoked by deleting it, renewed by another."""

    utilisateur = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="flux", verbose_name="compte"
    )
    jeton = models.UUIDField("jeton", unique=True, default=uuid.uuid4)
    cree_le = models.DateTimeField("créé le", default=timezone.now)

    class Meta:
        verbose_name = "flux calendrier"
        verbose_name_plural = "flux calendrier"

    def __str__(self):
        return f"Flux de {self.utilisateur}"
