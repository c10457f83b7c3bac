"""What a household asks and an agent answers; the quotients familiaux that the town holds."""

import pghistory
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from comptes.models.documents import Document
from comptes.models.foyers import Famille
from comptes.portes import du_foyer


class DemandeQuerySet(models.QuerySet):
    def de(self, utilisateur) -> "DemandeQuerySet":
        return self.filter(du_foyer(utilisateur, "famille"))

    def en_attente(self) -> "DemandeQuerySet":
        return self.filter(etat=Demande.Etat.DEPOSEE)


class Demande(models.Model):
    """A change that the town must check, or the erasure of the household. An agent answers with a word."""

    class Nature(models.TextChoices):
        ADRESSE = "adresse", "Changement d’adresse"
        QUOTIENT = "quotient", "Quotient familial"
        EFFACEMENT = "effacement", "Effacement des données"

    class Etat(models.TextChoices):
        DEPOSEE = "deposee", "En attente"
        ACCEPTEE = "acceptee", "Acceptée"
        REFUSEE = "refusee", "Refusée"
        RETIREE = "retiree", "Retirée"

    famille = models.ForeignKey(Famille, models.CASCADE, related_name="demandes", verbose_name="famille")
    nature = models.CharField("nature", max_length=12, choices=Nature.choices)
    contenu = models.JSONField("contenu", default=dict, blank=True)
    piece = models.ForeignKey(
        Document, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name="pièce jointe"
    )
    etat = models.CharField("état", max_length=8, choices=Etat.choices, default=Etat.DEPOSEE)
    deposee_le = models.DateTimeField("déposée le", default=timezone.now)
    deposee_par = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name="déposée par"
    )
    traitee_le = models.DateTimeField("traitée le", null=True, blank=True)
    traitee_par = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name="traitée par"
    )
    reponse = models.CharField("réponse à la famille", max_length=500, blank=True)

    objects = DemandeQuerySet.as_manager()

    class Meta:
        verbose_name = "demande"
        verbose_name_plural = "demandes"
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["famille", "nature"],
                condition=Q(etat="deposee"),
                name="demande_une_en_attente",
                violation_error_message="Une demande de cette nature attend déjà sa réponse.",
            ),
            models.CheckConstraint(
                condition=Q(etat="deposee", traitee_le=None) | ~Q(etat="deposee") & Q(traitee_le__isnull=False),
                name="demande_traitee_a_une_date",
                violation_error_message="Une demande traitée l’est à une date.",
            ),
        ]

    def __str__(self):
        return f"{self.get_nature_display()}, {self.famille}"

    @property
    def objet(self) -> str:
        """What is asked for, in words; nothing for an erasure, which has no content."""
        c = self.contenu
        if self.nature == self.Nature.ADRESSE:
            return f"{c['adresse']}, {c['code_postal']} {c['commune']}"
        if self.nature == self.Nature.QUOTIENT:
            return _quotient_en_mots(c)
        return ""

    @property
    def retenu(self) -> str:
        """What the agent read on the paper, when the family had typed something else."""
        retenu = self.contenu.get("retenu")
        return f"La mairie a lu sur l’attestation : {_quotient_en_mots(retenu)}." if retenu else ""


def _quotient_en_mots(contenu: dict) -> str:
    return f"{contenu['valeur']} € depuis {contenu['mois'][5:7]}/{contenu['mois'][:4]}"


@pghistory.track()
class QuotientFamilial(models.Model):
    """A household's QF from a month on, as the CAF or the MSA gives it: euros a month. The latest month counts."""

    class Source(models.TextChoices):
        API = "api", "API Particulier"
        DOCUMENT = "document", "attestation"
        AGENT = "agent", "saisie d’un agent"

    famille = models.ForeignKey(Famille, models.CASCADE, related_name="quotients", verbose_name="famille")
    mois = models.DateField("à partir du mois", help_text="Le premier jour du mois.")
    valeur = models.PositiveIntegerField("quotient familial", help_text="En euros par mois.")
    source = models.CharField("source", max_length=8, choices=Source.choices)
    saisi_le = models.DateTimeField("saisi le", default=timezone.now)
    saisi_par = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name="saisi par"
    )

    class Meta:
        verbose_name = "quotient familial"
        verbose_name_plural = "quotients familiaux"
        ordering = ["famille", "-mois"]
        constraints = [
            models.UniqueConstraint(
                fields=["famille", "mois"],
                name="quotient_unique",
                violation_error_message="Cette famille a déjà un quotient pour ce mois.",
            ),
            models.CheckConstraint(
                condition=Q(valeur__lte=20_000),
                name="quotient_plausible",
                violation_error_message="Un quotient familial est entre 0 et 20 000 €.",
            ),
            models.CheckConstraint(
                condition=Q(mois__day=1),
                name="quotient_debut_de_mois",
                violation_error_message="Un quotient vaut à partir du premier jour d’un mois.",
            ),
        ]

    def __str__(self):
        return f"{self.valeur} € depuis {self.mois:%m/%Y}"
