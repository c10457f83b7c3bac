"""What the portal tells an adult of a household, and which mails they refused."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from comptes.categories import Categorie
from comptes.models.foyers import Responsable
from comptes.portes import du_foyer


class NotificationQuerySet(models.QuerySet):
    def de(self, utilisateur) -> "NotificationQuerySet":
        """Those of this login; those of the household, for an agent who helps it."""
        if utilisateur.famille_accompagnee:
            return self.filter(du_foyer(utilisateur, "destinataire__famille"))
        return self.filter(destinataire__utilisateur=utilisateur)

    def non_lues(self) -> "NotificationQuerySet":
        return self.filter(lue_le=None)


class Notification(models.Model):
    """One fact told to one adult. Each adult of a household has their own, read or not."""

    destinataire = models.ForeignKey(
        Responsable, models.CASCADE, related_name="notifications", verbose_name="destinataire"
    )
    categorie = models.CharField("catégorie", max_length=12, choices=Categorie.choices)
    titre = models.CharField("titre", max_length=200)
    texte = models.TextField("texte", blank=True)
    lien = models.CharField("page", max_length=200, blank=True, help_text="Adresse dans le portail.")
    cree_le = models.DateTimeField("date", default=timezone.now)
    lue_le = models.DateTimeField("lue le", null=True, blank=True)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        verbose_name = "notification"
        verbose_name_plural = "notifications"
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["destinataire", "-id"], name="notification_liste"),
            models.Index(fields=["destinataire"], condition=Q(lue_le=None), name="notification_non_lue"),
        ]

    def __str__(self):
        return self.titre


class RefusDeCourriel(models.Model):
    """A category of which an adult wants no mail. The notification in the portal stays."""

    responsable = models.ForeignKey(
        Responsable, models.CASCADE, related_name="refus_de_courriel", verbose_name="responsable"
    )
    categorie = models.CharField("catégorie", max_length=12, choices=Categorie.choices)

    class Meta:
        verbose_name = "refus d’e-mail"
        verbose_name_plural = "refus d’e-mail"
        constraints = [
            models.UniqueConstraint(
                fields=["responsable", "categorie"],
                name="refus_de_courriel_unique",
                violation_error_message="Cette catégorie est déjà refusée.",
            )
        ]

    def __str__(self):
        return f"{self.responsable} : {self.get_categorie_display()}"
