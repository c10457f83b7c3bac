"""Credit notes: the only correction of an issued bill. They have their own numbers and are never changed."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from comptes.models import Famille
from comptes.portes import du_foyer
from facturation.models.facture import Facture, LigneFacture, RepasFacture, montant
from facturation.models.figer import ajout_seulement


class AvoirQuerySet(models.QuerySet):
    def de(self, utilisateur) -> "AvoirQuerySet":
        return self.filter(du_foyer(utilisateur, "famille"))


class PropositionAvoir(models.Model):
    """A billed meal that was cancelled, closed or repriced since: the régie makes an avoir of it, or sets it aside."""

    class Etat(models.TextChoices):
        A_TRAITER = "a-traiter", "À traiter"
        FAIT = "fait", "Avoir émis"
        ECARTEE = "ecartee", "Écartée"

    repas = models.ForeignKey(RepasFacture, models.PROTECT, related_name="propositions", verbose_name="repas facturé")
    motif = models.CharField("motif", max_length=120)
    montant = montant("montant à rendre")
    etat = models.CharField("état", max_length=9, choices=Etat.choices, default=Etat.A_TRAITER)
    cree_le = models.DateTimeField("proposée le")
    traitee_le = models.DateTimeField("traitée le", null=True, blank=True)
    traitee_par = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="traitée par"
    )
    mot = models.CharField("pourquoi", max_length=200, blank=True)

    class Meta:
        verbose_name = "proposition d’avoir"
        verbose_name_plural = "propositions d’avoir"
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["repas"], condition=Q(etat="a-traiter"), name="proposition_une_par_repas"),
            models.CheckConstraint(condition=Q(montant__gt=0), name="proposition_positive"),
        ]

    def __str__(self):
        return f"{self.repas} : {self.motif}"


class Avoir(models.Model):
    """What the town gives back of one bill. What the bill does not absorb is imputed on the next one, or refunded."""

    famille = models.ForeignKey(Famille, models.PROTECT, related_name="avoirs", verbose_name="famille")
    facture = models.ForeignKey(Facture, models.PROTECT, related_name="avoirs", verbose_name="facture corrigée")
    numero = models.CharField("numéro", max_length=16, unique=True)
    emis_le = models.DateTimeField("émis le")
    emis_par = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name="émis par"
    )
    motif = models.CharField("motif", max_length=200)
    total = montant("total")
    copie = models.JSONField("ce qui est imprimé", default=dict, blank=True)

    objects = AvoirQuerySet.as_manager()

    class Meta:
        verbose_name = "avoir"
        verbose_name_plural = "avoirs"
        ordering = ["-emis_le", "-pk"]
        constraints = [models.CheckConstraint(condition=Q(total__gt=0), name="avoir_positif")]
        triggers = [ajout_seulement()]

    def __str__(self):
        return f"Avoir n° {self.numero}"


class LigneAvoir(models.Model):
    """Part of a line given back. `repas`: the billed meal; one meal is given back once for all."""

    avoir = models.ForeignKey(Avoir, models.PROTECT, related_name="lignes", verbose_name="avoir")
    ligne = models.ForeignKey(LigneFacture, models.PROTECT, related_name="avoirs", verbose_name="ligne de la facture")
    repas = models.ForeignKey(
        RepasFacture, models.PROTECT, null=True, related_name="avoirs", verbose_name="repas facturé"
    )
    libelle = models.CharField("libellé", max_length=300)
    montant = montant("montant")

    class Meta:
        verbose_name = "ligne d’avoir"
        verbose_name_plural = "lignes d’avoir"
        ordering = ["avoir", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["repas"],
                condition=Q(repas__isnull=False),
                name="repas_rendu_une_fois",
                violation_error_message="Ce repas a déjà été rendu par un avoir.",
            ),
            models.CheckConstraint(condition=Q(montant__gt=0), name="ligne_avoir_positive"),
        ]
        triggers = [ajout_seulement()]

    def __str__(self):
        return f"{self.libelle} : {self.montant}"
