"""Papers: those that a household gives to the town, and those that the town gives to everyone."""

import uuid
from pathlib import Path

from django.conf import settings
from django.core.files.storage import FileSystemStorage
from django.db import models
from django.utils import timezone

from comptes.models.foyers import Enfant, Famille
from comptes.portes import du_foyer


class Coffre(FileSystemStorage):
    """Where uploads are kept: outside what the web server serves, readable by the portal's own user alone.

    Its folder is read from the settings at each use: a field makes its storage once, when it is declared.
    """

    @property
    def base_location(self):
        return settings.DOCUMENTS

    @property
    def location(self):
        return str(Path(self.base_location).absolute())


def coffre() -> Coffre:
    return Coffre(base_url=None, file_permissions_mode=0o600, directory_permissions_mode=0o700)


def nom_au_coffre(document, nom_envoye: str) -> str:
    """A name of ours, that says nothing and cannot collide: what was sent is kept in the row alone."""
    tire = uuid.uuid4().hex
    return f"{tire[:2]}/{tire}"


class FichierAuCoffre(models.FileField):
    """A file kept in the safe. For the migrations it is a plain file: they import no code of the project."""

    def __init__(self, *args, **options):
        super().__init__(*args, **{**options, "storage": coffre, "upload_to": nom_au_coffre})

    def deconstruct(self):
        nom, _, args, options = super().deconstruct()
        options.pop("storage", None)
        return nom, "django.db.models.FileField", args, {**options, "upload_to": ""}


class DocumentQuerySet(models.QuerySet):
    def de(self, utilisateur) -> "DocumentQuerySet":
        """The papers of the household of this login: what one household gave, the other does not see."""
        siens = self.filter(du_foyer(utilisateur, "famille"))
        # Health papers stay with the family: not shown to the agent who helps it.
        return siens.exclude(nature=Document.Nature.PAI) if utilisateur.famille_accompagnee else siens


class Document(models.Model):
    """A paper of a household, or of one of its children, with its end of validity."""

    class Nature(models.TextChoices):
        PAI = "pai", "Projet d’accueil individualisé (PAI)"
        QUOTIENT = "quotient", "Attestation de quotient familial"
        DOMICILE = "domicile", "Justificatif de domicile"
        ASSURANCE = "assurance", "Assurance scolaire"
        GARDE = "garde", "Décision sur la garde de l’enfant"
        AUTRE = "autre", "Autre document"

    famille = models.ForeignKey(Famille, models.CASCADE, related_name="documents", verbose_name="famille")
    enfant = models.ForeignKey(
        Enfant, models.CASCADE, null=True, blank=True, related_name="documents", verbose_name="enfant"
    )
    nature = models.CharField("nature", max_length=12, choices=Nature.choices)
    nom = models.CharField("nom du fichier", max_length=120)
    type_mime = models.CharField("type", max_length=40)
    taille = models.PositiveIntegerField("taille", help_text="En octets.")
    empreinte = models.CharField("empreinte SHA-256", max_length=64)
    fichier = FichierAuCoffre("fichier")
    expire_le = models.DateField("valable jusqu’au", null=True, blank=True)
    echeance_dite_le = models.DateTimeField("échéance annoncée le", null=True, editable=False)
    depose_le = models.DateTimeField("déposé le", default=timezone.now)
    depose_par = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name="déposé par"
    )

    objects = DocumentQuerySet.as_manager()

    class Meta:
        verbose_name = "document"
        verbose_name_plural = "documents"
        ordering = ["-depose_le", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["famille", "enfant", "nature", "empreinte"],
                name="document_unique",
                nulls_distinct=False,
                violation_error_message="Ce document est déjà déposé.",
            )
        ]

    def __str__(self):
        """Never the name of the file in a title, a log or a journal: it may tell of health."""
        return f"Document n° {self.pk}"


class DocumentDeLaVille(models.Model):
    """A file that the town gives to everyone: a form, the printed règlement, a menu."""

    titre = models.CharField("titre", max_length=120)
    fichier = FichierAuCoffre("fichier")
    nom = models.CharField("nom du fichier", max_length=120, editable=False)
    type_mime = models.CharField("type", max_length=40, editable=False)
    taille = models.PositiveIntegerField("taille", editable=False, help_text="En octets.")
    publie = models.BooleanField("publié", default=True)
    ordre = models.PositiveSmallIntegerField("ordre", default=100)
    depose_le = models.DateTimeField("déposé le", default=timezone.now, editable=False)

    class Meta:
        verbose_name = "document de la ville"
        verbose_name_plural = "documents de la ville"
        ordering = ["ordre", "titre"]

    def __str__(self):
        return self.titre
