"""What a household authorises for each of its children: signed, dated, kept."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.utils import timezone

from comptes.models.foyers import Rattachement
from comptes.models.textes import VersionDeTexte
from comptes.portes import du_foyer


class AutorisationQuerySet(models.QuerySet):
    def de(self, utilisateur) -> "AutorisationQuerySet":
        return self.filter(du_foyer(utilisateur, "rattachement__famille"))

    def dernieres(self) -> "AutorisationQuerySet":
        """The last answer of each child of a household to each text: the one in force."""
        return self.order_by("rattachement_id", "version__texte_id", "-pk").distinct(
            "rattachement_id", "version__texte_id"
        )


class Autorisation(models.Model):
    """One answer, yes or no, to one version of a text, for one child of a household. The next answer replaces it."""

    rattachement = models.ForeignKey(
        Rattachement, models.CASCADE, related_name="autorisations", verbose_name="enfant de la famille"
    )
    version = models.ForeignKey(VersionDeTexte, models.PROTECT, related_name="reponses", verbose_name="version")
    accordee = models.BooleanField("accordée")
    signataire = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name="signataire"
    )
    nom_signataire = models.CharField("signé par", max_length=130)
    signee_le = models.DateTimeField("signée le", default=timezone.now)

    objects = AutorisationQuerySet.as_manager()

    class Meta:
        verbose_name = "autorisation"
        verbose_name_plural = "autorisations"
        ordering = ["-pk"]
        indexes = [models.Index(fields=["rattachement", "version", "-id"], name="autorisation_derniere")]
        # Deleting stays possible for the erasure of a household, which goes through one service.
        triggers = [pgtrigger.Protect(name="sans_retouche", operation=pgtrigger.Update)]

    def __str__(self):
        return f"{self.version} : {'oui' if self.accordee else 'non'}"
