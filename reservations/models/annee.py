"""School years and the days without class."""

import pghistory
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q


class AnneeScolaireQuerySet(models.QuerySet):
    def en_cours(self, jour) -> "AnneeScolaireQuerySet":
        """The year of this day, or in summer the one to come, first; then the later ones."""
        return self.filter(fin__gte=jour).order_by("debut")

    def a_ouvrir(self, maintenant) -> "AnneeScolaireQuerySet":
        return self.filter(ouverture__gt=maintenant).order_by("ouverture")


@pghistory.track()
class AnneeScolaire(models.Model):
    libelle = models.CharField(
        "libellé",
        max_length=9,
        unique=True,
        validators=[RegexValidator(r"^20\d\d-20\d\d\Z", "L’année scolaire s’écrit 2025-2026.")],
    )
    debut = models.DateField("rentrée", help_text="Premier jour de classe.")
    fin = models.DateField("fin", help_text="Dernier jour de classe.")
    ouverture = models.DateTimeField(
        "ouverture des réservations", help_text="Avant cet instant, le calendrier se consulte mais ne se réserve pas."
    )
    source = models.CharField("source du calendrier", max_length=200, blank=True)

    objects = AnneeScolaireQuerySet.as_manager()

    class Meta:
        verbose_name = "année scolaire"
        verbose_name_plural = "années scolaires"
        ordering = ["debut"]
        constraints = [
            models.CheckConstraint(
                condition=Q(fin__gt=F("debut")),
                name="annee_fin_apres_debut",
                violation_error_message="L’année scolaire finit après la rentrée.",
            ),
        ]

    def __str__(self):
        return self.libelle

    def est_ouverte(self, maintenant) -> bool:
        """Whether meals can be booked: the opening is past."""
        return self.ouverture <= maintenant


@pghistory.track()
class PeriodeSansClasse(models.Model):
    """Holidays, public holidays and bridges of a year, first and last day without class."""

    class Nature(models.TextChoices):
        VACANCES = "vacances", "Vacances"
        FERIE = "ferie", "Jour férié"
        PONT = "pont", "Pont"

    annee = models.ForeignKey(AnneeScolaire, models.CASCADE, related_name="periodes", verbose_name="année scolaire")
    nature = models.CharField("nature", max_length=10, choices=Nature.choices)
    libelle = models.CharField("libellé", max_length=60)
    debut = models.DateField("premier jour sans classe")
    fin = models.DateField("dernier jour sans classe")

    class Meta:
        verbose_name = "période sans classe"
        verbose_name_plural = "périodes sans classe"
        ordering = ["debut"]
        constraints = [
            models.CheckConstraint(
                condition=Q(fin__gte=F("debut")),
                name="periode_fin_apres_debut",
                violation_error_message="La période finit le jour où elle commence, ou après.",
            ),
            models.UniqueConstraint(
                fields=["annee", "nature", "debut"],
                name="periode_unique",
                violation_error_message="Cette période existe déjà.",
            ),
        ]

    def __str__(self):
        return self.libelle
