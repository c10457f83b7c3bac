"""What happened to a bill, in order: issued, paid, reminded, scheduled, handed over. Append-only."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from facturation.models.facture import Facture
from facturation.models.figer import ajout_seulement


class Evenement(models.Model):
    class Nature(models.TextChoices):
        EMISSION = "emission", "Facture émise"
        PDF = "pdf", "PDF fait"
        REPORT = "report", "Reportée sur la facture suivante"
        PAIEMENT = "paiement", "Paiement"
        REJET = "rejet", "Paiement rejeté"
        AVOIR = "avoir", "Avoir"
        RELANCE = "relance", "Relance"
        ECHEANCIER = "echeancier", "Échéancier accordé"
        TRANSMISSION = "transmission", "Transmise au comptable public"

    facture = models.ForeignKey(Facture, models.PROTECT, related_name="evenements", verbose_name="facture")
    nature = models.CharField("nature", max_length=12, choices=Nature.choices)
    le = models.DateTimeField("date", default=timezone.now)
    par = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name="auteur"
    )
    texte = models.CharField("détail", max_length=300, blank=True)

    class Meta:
        verbose_name = "événement d’une facture"
        verbose_name_plural = "événements des factures"
        ordering = ["facture", "le", "pk"]
        triggers = [ajout_seulement()]

    def __str__(self):
        return f"{self.get_nature_display()}, {self.le:%d/%m/%Y}"
