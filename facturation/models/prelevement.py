"""Direct debits by mandate (SEPA core): signed in the portal, announced, sent as pain.008, sometimes rejected."""

import pghistory
from django.conf import settings
from django.db import models
from django.db.models import Q

from comptes.models import Famille
from comptes.portes import du_foyer
from facturation.models.facture import Facture, montant
from facturation.models.paiement import Paiement


class MandatQuerySet(models.QuerySet):
    def de(self, utilisateur) -> "MandatQuerySet":
        return self.filter(du_foyer(utilisateur, "famille"))

    def actifs(self) -> "MandatQuerySet":
        return self.filter(revoque_le=None)


@pghistory.track(exclude=["iban"])
class Mandat(models.Model):
    """A household's consent. `iban` is ciphered (facturation/chiffre.py) and shown by its last four characters only."""

    famille = models.ForeignKey(Famille, models.PROTECT, related_name="mandats", verbose_name="famille")
    rum = models.CharField("référence unique du mandat", max_length=35, unique=True)
    titulaire = models.CharField("titulaire du compte", max_length=70)
    iban = models.TextField("IBAN chiffré", editable=False)
    fin_iban = models.CharField("fin de l’IBAN", max_length=4)
    bic = models.CharField("BIC", max_length=11, blank=True)
    signe_le = models.DateTimeField("signé le")
    signe_par = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name="signé par"
    )
    texte = models.TextField("texte signé")
    revoque_le = models.DateTimeField("révoqué le", null=True, blank=True)
    revoque_par = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="révoqué par"
    )

    objects = MandatQuerySet.as_manager()

    class Meta:
        verbose_name = "mandat de prélèvement"
        verbose_name_plural = "mandats de prélèvement"
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["famille"],
                condition=Q(revoque_le=None),
                name="mandat_actif_unique",
                violation_error_message="Un mandat est déjà en cours pour cette famille.",
            )
        ]

    def __str__(self):
        return f"Mandat {self.rum}"


class LotDePrelevements(models.Model):
    """One file for the bank. Kept as it was sent."""

    date = models.DateField("date de prélèvement")
    cree_le = models.DateTimeField("créé le")
    cree_par = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name="créé par"
    )
    message = models.CharField("identifiant du message", max_length=35, unique=True)
    xml = models.TextField("fichier pain.008", blank=True)
    remis_le = models.DateTimeField("remis à la banque le", null=True, blank=True)

    class Meta:
        verbose_name = "lot de prélèvements"
        verbose_name_plural = "lots de prélèvements"
        ordering = ["-pk"]

    def __str__(self):
        return f"Prélèvements du {self.date:%d/%m/%Y}"


class Prelevement(models.Model):
    """One debit of one bill: announced to the household, then part of a lot, then a payment, perhaps rejected."""

    class Etat(models.TextChoices):
        ANNONCE = "annonce", "Annoncé"
        REMIS = "remis", "Remis à la banque"
        PAYE = "paye", "Payé"
        REJETE = "rejete", "Rejeté"
        RETIRE = "retire", "Retiré"

    mandat = models.ForeignKey(Mandat, models.PROTECT, related_name="prelevements", verbose_name="mandat")
    facture = models.ForeignKey(Facture, models.PROTECT, related_name="prelevements", verbose_name="facture")
    lot = models.ForeignKey(
        LotDePrelevements, models.PROTECT, null=True, blank=True, related_name="prelevements", verbose_name="lot"
    )
    montant = montant("montant")
    date = models.DateField("date de prélèvement")
    sequence = models.CharField("séquence", max_length=4, choices=[("FRST", "premier"), ("RCUR", "récurrent")])
    annonce_le = models.DateTimeField("annoncé le")
    etat = models.CharField("état", max_length=8, choices=Etat.choices, default=Etat.ANNONCE)
    paiement = models.OneToOneField(
        Paiement, models.PROTECT, null=True, blank=True, related_name="prelevement", verbose_name="paiement"
    )

    class Meta:
        verbose_name = "prélèvement"
        verbose_name_plural = "prélèvements"
        ordering = ["-date", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["facture"],
                condition=Q(etat__in=["annonce", "remis"]),
                name="prelevement_un_en_cours",
                violation_error_message="Un prélèvement est déjà en cours pour cette facture.",
            ),
            models.CheckConstraint(condition=Q(montant__gt=0), name="prelevement_positif"),
        ]

    def __str__(self):
        return f"{self.montant} le {self.date:%d/%m/%Y}"
