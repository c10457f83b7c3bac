"""First visit: what a household unknown to the town asks, before it exists."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from comptes.models import Document, Famille
from comptes.models.documents import FichierAuCoffre


class PremiereDemande(models.Model):
    """The request of a household that the town does not know. Its address is proved by a link first."""

    class Etat(models.TextChoices):
        A_CONFIRMER = "a_confirmer", "Adresse à confirmer"
        A_COMPLETER = "a_completer", "À compléter par la famille"
        DEPOSEE = "deposee", "En attente"
        ACCEPTEE = "acceptee", "Acceptée"
        REFUSEE = "refusee", "Refusée"

    courriel = models.EmailField("adresse e-mail")
    prenom = models.CharField("prénom", max_length=60)
    nom = models.CharField("nom", max_length=60)
    telephone = models.CharField("téléphone", max_length=20)
    adresse = models.CharField("adresse", max_length=200)
    code_postal = models.CharField("code postal", max_length=5)
    commune = models.CharField("commune", max_length=80)
    etat = models.CharField("état", max_length=12, choices=Etat.choices, default=Etat.A_CONFIRMER)
    empreinte = models.CharField("empreinte du lien", max_length=64, unique=True)
    expediteur = models.CharField("empreinte de l’expéditeur", max_length=64)
    cree_le = models.DateTimeField("créée le", default=timezone.now)
    expire_le = models.DateTimeField("lien valable jusqu’au")
    deposee_le = models.DateTimeField("déposée le", null=True, blank=True)
    traitee_le = models.DateTimeField("traitée le", null=True, blank=True)
    traitee_par = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name="traitée par"
    )
    reponse = models.CharField("réponse", max_length=500, blank=True)
    famille = models.ForeignKey(
        Famille, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name="famille créée"
    )

    class Meta:
        verbose_name = "première demande"
        verbose_name_plural = "premières demandes"
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["courriel"],
                condition=Q(etat__in=["a_completer", "deposee"]),
                name="premiere_demande_une_en_cours",
                violation_error_message="Une demande de cette adresse est déjà en cours.",
            )
        ]

    def __str__(self):
        return f"{self.prenom} {self.nom}"


class EnfantDeLaDemande(models.Model):
    demande = models.ForeignKey(
        PremiereDemande, models.CASCADE, related_name="enfants", verbose_name="première demande"
    )
    prenom = models.CharField("prénom", max_length=60)
    nom = models.CharField("nom", max_length=60)
    naissance = models.DateField("date de naissance")
    ecole = models.ForeignKey(
        "Ecole", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="école souhaitée"
    )

    class Meta:
        verbose_name = "enfant de la demande"
        verbose_name_plural = "enfants de la demande"
        ordering = ["demande", "pk"]

    def __str__(self):
        return f"{self.prenom} {self.nom}"


class PieceDeLaDemande(models.Model):
    """A paper sent with the request. When it is accepted it becomes a document of the household."""

    demande = models.ForeignKey(PremiereDemande, models.CASCADE, related_name="pieces", verbose_name="première demande")
    nature = models.CharField("nature", max_length=12, choices=Document.Nature.choices)
    nom = models.CharField("nom du fichier", max_length=120)
    type_mime = models.CharField("type", max_length=40)
    taille = models.PositiveIntegerField("taille", help_text="En octets.")
    empreinte = models.CharField("empreinte SHA-256", max_length=64)
    fichier = FichierAuCoffre("fichier")

    class Meta:
        verbose_name = "pièce de la demande"
        verbose_name_plural = "pièces de la demande"
        ordering = ["demande", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["demande", "empreinte"],
                name="piece_unique",
                violation_error_message="Ce document est déjà joint.",
            )
        ]

    def __str__(self):
        return self.nom
