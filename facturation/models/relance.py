"""Unpaid bills: graded reminders, schedules agreed by staff, and the list for the comptable public."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from facturation.models.facture import Facture, montant
from facturation.models.figer import ajout_seulement


class Relance(models.Model):
    """One reminder of one bill, at one level: sent once."""

    facture = models.ForeignKey(Facture, models.PROTECT, related_name="relances", verbose_name="facture")
    niveau = models.PositiveSmallIntegerField("niveau")
    envoyee_le = models.DateTimeField("envoyée le")
    reste = models.DecimalField("reste dû ce jour-là", max_digits=9, decimal_places=2)
    par_courriel = models.BooleanField("par e-mail", help_text="Sinon, une lettre à imprimer.")

    class Meta:
        verbose_name = "relance"
        verbose_name_plural = "relances"
        ordering = ["-envoyee_le", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["facture", "niveau"],
                name="relance_unique_par_niveau",
                violation_error_message="Cette facture a déjà été relancée à ce niveau.",
            )
        ]
        triggers = [ajout_seulement()]

    def __str__(self):
        return f"Relance {self.niveau}, {self.facture}"


class Echeancier(models.Model):
    """What the régie agreed with a household for one bill: no reminder while it is kept."""

    facture = models.ForeignKey(Facture, models.PROTECT, related_name="echeanciers", verbose_name="facture")
    accorde_le = models.DateTimeField("accordé le")
    accorde_par = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name="accordé par"
    )
    clos_le = models.DateTimeField("clos le", null=True, blank=True)
    mot = models.CharField("observation", max_length=200, blank=True)

    class Meta:
        verbose_name = "échéancier"
        verbose_name_plural = "échéanciers"
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["facture"],
                condition=Q(clos_le=None),
                name="echeancier_un_en_cours",
                violation_error_message="Un échéancier est déjà en cours pour cette facture.",
            )
        ]

    def __str__(self):
        return f"Échéancier de {self.facture}"


class Echeance(models.Model):
    """One instalment of a schedule."""

    echeancier = models.ForeignKey(Echeancier, models.CASCADE, related_name="echeances", verbose_name="échéancier")
    date = models.DateField("date")
    montant = montant("montant")

    class Meta:
        verbose_name = "échéance"
        verbose_name_plural = "échéances"
        ordering = ["echeancier", "date"]
        constraints = [
            models.UniqueConstraint(
                fields=["echeancier", "date"],
                name="echeance_une_par_jour",
                violation_error_message="Une seule échéance par jour.",
            ),
            models.CheckConstraint(
                condition=Q(montant__gt=0),
                name="echeance_positive",
                violation_error_message="Une échéance est d’un montant positif.",
            ),
        ]

    def __str__(self):
        return f"{self.montant} le {self.date:%d/%m/%Y}"


class Transmission(models.Model):
    """One list of unpaid bills handed over to the comptable public, kept as it was."""

    cree_le = models.DateTimeField("créée le")
    cree_par = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name="créée par"
    )
    factures: "models.ManyToManyField[Facture, models.Model]" = models.ManyToManyField(
        Facture, related_name="transmissions", verbose_name="factures"
    )
    csv = models.TextField("fichier CSV")

    class Meta:
        verbose_name = "liste pour le comptable public"
        verbose_name_plural = "listes pour le comptable public"
        ordering = ["-pk"]

    def __str__(self):
        return f"Liste du {self.cree_le:%d/%m/%Y}"
