"""The reminders sent: one at most for a household and a week."""

from django.db import models

from comptes.models import Famille


class Rappel(models.Model):
    famille = models.ForeignKey(Famille, models.CASCADE, related_name="rappels_envoyes", verbose_name="famille")
    semaine = models.DateField("semaine du", help_text="Son lundi.")
    envoye_le = models.DateTimeField("envoyé le")

    class Meta:
        verbose_name = "rappel"
        verbose_name_plural = "rappels"
        ordering = ["-semaine", "famille"]
        constraints = [
            models.UniqueConstraint(
                fields=["famille", "semaine"],
                name="rappel_unique",
                violation_error_message="Cette famille a déjà reçu le rappel de cette semaine.",
            )
        ]

    def __str__(self):
        return f"{self.famille}, {self.semaine:%d/%m/%Y}"
