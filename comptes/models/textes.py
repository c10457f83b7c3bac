"""Texts of the town, kept as versions: the pages that everyone reads and the authorisations that a parent answers."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import OuterRef, Q, Subquery
from django.utils import timezone


class TexteQuerySet(models.QuerySet):
    def a_signer(self) -> "TexteQuerySet":
        return self.filter(actif=True, a_signer=True)

    def avec_version(self, instant=None) -> "TexteQuerySet":
        """Annotate `version_id`, the version in force at `instant`, now by default."""
        en_vigueur = VersionDeTexte.objects.filter(
            texte=OuterRef("pk"), publiee_le__lte=instant or timezone.now()
        ).order_by("-numero")
        return self.annotate(version_id=Subquery(en_vigueur.values("pk")[:1]))


class Texte(models.Model):
    """A page of the town (« Règlement intérieur »), an authorisation (« Photographies »), or both."""

    code = models.SlugField("code", unique=True, max_length=40)
    titre = models.CharField("titre", max_length=120)
    page = models.BooleanField("page du portail", default=False)
    a_signer = models.BooleanField(
        "à signer par les familles", default=False, help_text="Une réponse par enfant, dans « Mes autorisations »."
    )
    oui_seulement = models.BooleanField(
        "prise de connaissance", default=False, help_text="Se signe sans pouvoir être refusé : « j’ai lu »."
    )
    bloquante = models.BooleanField(
        "nécessaire pour réserver",
        default=False,
        help_text="Sans réponse, aucun repas ne se réserve. Par défaut, aucune autorisation n’est nécessaire.",
    )
    ordre = models.PositiveSmallIntegerField("ordre", default=100)
    actif = models.BooleanField("actif", default=True)

    objects = TexteQuerySet.as_manager()

    version_id: int | None  # avec_version()

    class Meta:
        verbose_name = "texte"
        verbose_name_plural = "textes"
        ordering = ["ordre", "titre"]
        constraints = [
            models.CheckConstraint(
                condition=Q(a_signer=True) | Q(bloquante=False, oui_seulement=False),
                name="texte_bloquant_a_signer",
                violation_error_message="Seul un texte à signer peut être nécessaire pour réserver.",
            )
        ]

    def __str__(self):
        return self.titre


class VersionDeTexte(models.Model):
    """What a text said from an instant on. Never changed: somebody may have signed it."""

    texte = models.ForeignKey(Texte, models.PROTECT, related_name="versions", verbose_name="texte")
    numero = models.PositiveSmallIntegerField("version")
    contenu = models.TextField("contenu", help_text="En Markdown : # titre, - liste, **gras**, [lien](adresse).")
    publiee_le = models.DateTimeField("publiée le", default=timezone.now)
    auteur = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="auteur"
    )

    class Meta:
        verbose_name = "version de texte"
        verbose_name_plural = "versions de texte"
        ordering = ["texte", "-numero"]
        constraints = [
            models.UniqueConstraint(
                fields=["texte", "numero"],
                name="version_de_texte_unique",
                violation_error_message="Ce texte a déjà une version de ce numéro.",
            )
        ]
        triggers = [pgtrigger.Protect(name="ajout_seulement", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self):
        return f"{self.texte}, version {self.numero}"
