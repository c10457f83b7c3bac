"""One staff action over many households: a strike, a trip, a closure."""

import datetime as dt
from collections.abc import Collection

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from reservations.models.activite import Activite


class AnnulationCollectiveQuerySet(models.QuerySet):
    def poser_les_sorties(self, inscriptions: Collection, jours: Collection[dt.date]) -> None:
        """Tell these enrolments on which of these days their class is away, though the service is open (`sorties`).

        One statement. Who decides under locks asks after them: the action locks the enrolments, then the days.
        """
        lues = (
            self.filter(
                activites__in={i.activite_id for i in inscriptions}, jours__overlap=list(jours), retablie_le=None
            )
            .exclude(classes=[])
            .order_by("pk")
            .values_list("activites", "classes", "jours", "motif")
        )
        sorties = [(activite, set(classes), dates, motif) for activite, classes, dates, motif in lues]
        for inscription in inscriptions:
            inscription.sorties = {
                jour: motif
                for activite, classes, dates, motif in sorties
                if activite == inscription.activite_id and inscription.classe in classes
                for jour in dates
            }


class AnnulationCollective(models.Model):
    """The meals of some services or classes cancelled on some days, without charge; undone as a whole, once.

    Each household has its own operation, its receipt; the services that close have their `Fermeture`.
    """

    class Nature(models.TextChoices):
        GREVE = "greve", "Grève"
        SORTIE = "sortie", "Sortie scolaire"
        ENSEIGNANT = "enseignant", "Enseignant non remplacé"
        FERMETURE = "fermeture", "Fermeture"

    nature = models.CharField("nature", max_length=12, choices=Nature.choices)
    motif = models.CharField("motif", max_length=80, help_text="Tel que les familles le lisent.")
    activites: "models.ManyToManyField[Activite, models.Model]" = models.ManyToManyField(
        "Activite", related_name="annulations_collectives", verbose_name="activités"
    )
    classes = ArrayField(
        models.CharField(max_length=60),
        verbose_name="classes",
        default=list,
        blank=True,
        help_text="Vide : toute l’activité, qui ferme ces jours-là.",
    )
    jours = ArrayField(models.DateField(), verbose_name="jours")
    auteur = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name="auteur"
    )
    cree_le = models.DateTimeField("date")
    cle = models.CharField("clé du formulaire", max_length=64, unique=True)
    retablie_par = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="rétablie par",
    )
    retablie_le = models.DateTimeField("rétablie le", null=True, blank=True)

    objects = AnnulationCollectiveQuerySet.as_manager()

    class Meta:
        verbose_name = "annulation collective"
        verbose_name_plural = "annulations collectives"
        ordering = ["-pk"]

    def __str__(self):
        return f"{self.motif} ({self.cree_le:%d/%m/%Y})"
