"""What the canteen must know of a child. Health and diet: seen only by those who need them, never in mails or logs."""

import pghistory
from django.conf import settings
from django.db import models
from django.db.models import Q

from comptes.models.foyers import Enfant
from comptes.portes import du_foyer


class FicheCantineQuerySet(models.QuerySet):
    def de(self, utilisateur) -> "FicheCantineQuerySet":
        """The cards of the children of this login; none for the agent who helps the family."""
        if utilisateur.famille_accompagnee:
            return self.none()
        return self.filter(du_foyer(utilisateur, "enfant__rattachements__famille"))


@pghistory.track()
class FicheCantine(models.Model):
    """A child's menu, health protocol (PAI), doctor and remarks. No reason of a diet is ever asked.

    Both households of a shared child read and write it: it is the child's. Sensitive under article 9 of the GDPR.
    """

    class Regime(models.TextChoices):
        STANDARD = "standard", "Standard"
        SANS_PORC = "sans_porc", "Sans porc"
        SANS_VIANDE = "sans_viande", "Sans viande"
        VEGETARIEN = "vegetarien", "Végétarien"

    enfant = models.OneToOneField(Enfant, models.CASCADE, related_name="fiche", verbose_name="enfant")
    regime = models.CharField("menu", max_length=12, choices=Regime.choices, default=Regime.STANDARD)
    pai = models.BooleanField(
        "projet d’accueil individualisé (PAI)",
        default=False,
        help_text="Signé avec l’école et le médecin scolaire. Son document se dépose parmi les documents de l’enfant.",
    )
    pai_fin = models.DateField("fin du PAI", null=True, blank=True)
    medecin = models.CharField("médecin traitant", max_length=120, blank=True)
    medecin_telephone = models.CharField("téléphone du médecin", max_length=20, blank=True)
    remarques = models.CharField("remarques pour la cantine", max_length=500, blank=True)
    modifie_le = models.DateTimeField("modifiée le", auto_now=True)
    modifie_par = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name="modifiée par"
    )

    objects = FicheCantineQuerySet.as_manager()

    class Meta:
        verbose_name = "fiche de cantine"
        verbose_name_plural = "fiches de cantine"
        ordering = ["enfant"]
        constraints = [
            models.CheckConstraint(
                condition=Q(pai_fin__isnull=True) | Q(pai=True),
                name="fiche_fin_d_un_pai",
                violation_error_message="La fin d’un PAI n’a de sens que pour un enfant qui en a un.",
            ),
            models.CheckConstraint(
                condition=Q(regime__in=["standard", "sans_porc", "sans_viande", "vegetarien"]),
                name="fiche_regime_connu",
                violation_error_message="Ce menu n’existe pas.",
            ),
        ]

    def __str__(self):
        return f"Fiche de {self.enfant}"
