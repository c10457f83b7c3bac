"""The PDF of a bill, avoir or receipt: made once by the worker, kept, given again to the byte."""

from django.db import models

from comptes.models.documents import FichierAuCoffre


class PieceImprimee(models.Model):
    """A printed paper. `nature` and `numero` name what it prints; `empreinte` is the SHA-256 of its bytes."""

    class Nature(models.TextChoices):
        FACTURE = "facture", "facture"
        AVOIR = "avoir", "avoir"
        QUITTANCE = "quittance", "quittance"
        RELANCE = "relance", "lettre de relance"

    nature = models.CharField("nature", max_length=9, choices=Nature.choices)
    numero = models.CharField("numéro", max_length=24)
    fichier = FichierAuCoffre("fichier")
    empreinte = models.CharField("empreinte", max_length=64)
    taille = models.PositiveIntegerField("taille")
    faite_le = models.DateTimeField("faite le")

    class Meta:
        verbose_name = "pièce imprimée"
        verbose_name_plural = "pièces imprimées"
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["nature", "numero"], name="piece_imprimee_une_fois"),
        ]

    def __str__(self):
        return f"{self.get_nature_display()} {self.numero}"
