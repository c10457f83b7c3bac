"""Households: adults, children, and which child belongs where."""

import pghistory
from django.db import models
from django.db.models import Q

from comptes.models.personnes import Utilisateur
from comptes.portes import du_foyer


class FamilleQuerySet(models.QuerySet):
    def de(self, utilisateur) -> "FamilleQuerySet":
        """The household of this login, or none. The one door: everyone else's is not found."""
        return self.filter(du_foyer(utilisateur))


@pghistory.track()
class Famille(models.Model):
    """A household: it books and pays. A child of separated parents belongs to two of them."""

    nom = models.CharField("nom", max_length=120)
    adresse = models.CharField("adresse", max_length=200, blank=True)
    code_postal = models.CharField("code postal", max_length=5, blank=True)
    commune = models.CharField("commune", max_length=80, blank=True)
    telephone = models.CharField("téléphone", max_length=20, blank=True)
    rappels = models.BooleanField(
        "rappels par e-mail", default=True, help_text="Un e-mail avant la limite d’une semaine sans repas réservé."
    )
    enfants: "models.ManyToManyField[Enfant, Rattachement]" = models.ManyToManyField(
        "Enfant", through="Rattachement", related_name="familles", verbose_name="enfants"
    )
    anonymisee_le = models.DateTimeField("anonymisée le", null=True, blank=True, editable=False)

    objects = FamilleQuerySet.as_manager()

    class Meta:
        verbose_name = "famille"
        verbose_name_plural = "familles"
        ordering = ["nom", "pk"]
        permissions = [("accompagner_famille", "Peut agir pour une famille au guichet")]

    def __str__(self):
        return f"Famille {self.nom}"


@pghistory.track()
class Responsable(models.Model):
    """An adult of a household. Without an e-mail on file there is no login: the guichet adds one."""

    famille = models.ForeignKey(Famille, models.CASCADE, related_name="responsables", verbose_name="famille")
    utilisateur = models.OneToOneField(
        Utilisateur, models.SET_NULL, null=True, blank=True, related_name="responsable", verbose_name="compte"
    )
    rang = models.PositiveSmallIntegerField("rang", choices=[(1, "Responsable 1"), (2, "Responsable 2")], default=1)
    prenom = models.CharField("prénom", max_length=60)
    nom = models.CharField("nom", max_length=60)
    telephone = models.CharField("téléphone", max_length=20, blank=True)

    class Meta:
        verbose_name = "responsable"
        verbose_name_plural = "responsables"
        ordering = ["famille", "rang"]
        constraints = [
            models.UniqueConstraint(
                fields=["famille", "rang"],
                name="responsable_rang_unique",
                violation_error_message="Une famille a un responsable 1 et, au plus, un responsable 2.",
            ),
            models.CheckConstraint(
                condition=Q(rang__in=[1, 2]),
                name="responsable_rang_1_ou_2",
                violation_error_message="Une famille a au plus deux responsables.",
            ),
        ]

    def __str__(self):
        return f"{self.prenom} {self.nom}"


class EnfantQuerySet(models.QuerySet):
    def de(self, utilisateur) -> "EnfantQuerySet":
        """The children of the household of this login. The one door to a child: everyone else's is not found."""
        return self.filter(du_foyer(utilisateur, "rattachements__famille"))

    def verrouilles(self) -> "EnfantQuerySet":
        """Lock the children in key order: two submissions for one child wait for each other."""
        return self.order_by("pk").select_for_update(of=("self",), no_key=True)


@pghistory.track()
class Enfant(models.Model):
    prenom = models.CharField("prénom", max_length=60)
    nom = models.CharField("nom", max_length=60)
    naissance = models.DateField("date de naissance")

    objects = EnfantQuerySet.as_manager()

    class Meta:
        verbose_name = "enfant"
        verbose_name_plural = "enfants"
        ordering = ["nom", "prenom", "pk"]

    def __str__(self):
        return f"{self.prenom} {self.nom}"


class RattachementQuerySet(models.QuerySet):
    def de(self, utilisateur) -> "RattachementQuerySet":
        """The children of the household of this login, each as this household has it."""
        return self.filter(du_foyer(utilisateur, "famille"))

    def verrouilles(self) -> "RattachementQuerySet":
        """Lock them in key order: what a household writes about one of its children queues up."""
        return self.order_by("pk").select_for_update(of=("self",), no_key=True)


@pghistory.track()
class Rattachement(models.Model):
    """A child in a household."""

    famille = models.ForeignKey(Famille, models.CASCADE, related_name="rattachements", verbose_name="famille")
    enfant = models.ForeignKey(Enfant, models.CASCADE, related_name="rattachements", verbose_name="enfant")

    objects = RattachementQuerySet.as_manager()

    class Meta:
        verbose_name = "enfant de la famille"
        verbose_name_plural = "enfants de la famille"
        ordering = ["famille", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["famille", "enfant"],
                name="rattachement_unique",
                violation_error_message="Cet enfant est déjà dans cette famille.",
            )
        ]

    def __str__(self):
        return f"{self.enfant} ({self.famille})"
