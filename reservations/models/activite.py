"""Schools, their meal services, closures and prices."""

import datetime as dt

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q

from reservations.regles import RegleDeDelai, uai_valide

DERNIERE_MINUTE = dt.time(23, 59)


def valider_uai(valeur: str) -> None:
    if not uai_valide(valeur):
        raise ValidationError("Le code UAI a sept chiffres et une lettre de contrôle, par exemple 0110123Z.")


@pghistory.track()
class Ecole(models.Model):
    nom = models.CharField("nom", max_length=120, unique=True)
    uai = models.CharField("code UAI", max_length=8, blank=True, validators=[valider_uai])
    adresse = models.CharField("adresse", max_length=200, blank=True)

    class Meta:
        verbose_name = "école"
        verbose_name_plural = "écoles"
        ordering = ["nom"]
        constraints = [
            models.UniqueConstraint(
                fields=["uai"],
                condition=~Q(uai=""),
                name="ecole_uai_unique",
                violation_error_message="Une autre école a ce code UAI.",
            )
        ]

    def __str__(self):
        return self.nom


def jours_par_defaut() -> list[int]:
    """Monday, Tuesday, Thursday, Friday (ISO weekdays)."""
    return [1, 2, 4, 5]


@pghistory.track()
class Activite(models.Model):
    """A meal service of a school and level, with its weekdays, capacity and cut-off rules."""

    class Niveau(models.TextChoices):
        MATERNELLE = "maternelle", "maternelle"
        ELEMENTAIRE = "elementaire", "élémentaire"

    ecole = models.ForeignKey(Ecole, models.PROTECT, related_name="activites", verbose_name="école")
    niveau = models.CharField("niveau", max_length=12, choices=Niveau.choices)
    nom = models.CharField("nom", max_length=160, unique=True, help_text="Tel que les parents le lisent.")
    jours = ArrayField(
        models.PositiveSmallIntegerField(validators=[MinValueValidator(1), MaxValueValidator(7)]),
        verbose_name="jours de service",
        default=jours_par_defaut,
        size=7,
    )
    capacite = models.PositiveIntegerField("capacité par jour", help_text="Nombre de repas servis au plus par jour.")
    reservation_jours = models.PositiveSmallIntegerField(
        "réserver : jours avant", default=2, validators=[MaxValueValidator(60)]
    )
    reservation_unite = models.CharField(
        "réserver : jours comptés",
        max_length=12,
        choices=RegleDeDelai.Unite.choices,
        default=RegleDeDelai.Unite.CALENDAIRES,
    )
    reservation_heure = models.TimeField("réserver : heure limite", default=DERNIERE_MINUTE)
    annulation_jours = models.PositiveSmallIntegerField(
        "annuler : jours avant", default=2, validators=[MaxValueValidator(60)]
    )
    annulation_unite = models.CharField(
        "annuler : jours comptés",
        max_length=12,
        choices=RegleDeDelai.Unite.choices,
        default=RegleDeDelai.Unite.CALENDAIRES,
    )
    annulation_heure = models.TimeField("annuler : heure limite", default=DERNIERE_MINUTE)
    active = models.BooleanField("en service", default=True)

    class Meta:
        verbose_name = "activité"
        verbose_name_plural = "activités"
        ordering = ["nom"]
        constraints = [
            models.CheckConstraint(
                condition=Q(jours__contained_by=[1, 2, 3, 4, 5, 6, 7]),
                name="activite_jours_de_la_semaine",
                violation_error_message="Les jours de service vont de 1 (lundi) à 7 (dimanche).",
            )
        ]

    def __str__(self):
        return self.nom

    @property
    def regle_reservation(self) -> RegleDeDelai:
        return RegleDeDelai(self.reservation_jours, self.reservation_unite, self.reservation_heure)

    @property
    def regle_annulation(self) -> RegleDeDelai:
        return RegleDeDelai(self.annulation_jours, self.annulation_unite, self.annulation_heure)


@pghistory.track()
class Fermeture(models.Model):
    """The canteen does not serve: works, strike, event. Without activity, the whole town."""

    activite = models.ForeignKey(
        Activite, models.CASCADE, null=True, blank=True, related_name="fermetures", verbose_name="activité"
    )
    debut = models.DateField("premier jour fermé")
    fin = models.DateField("dernier jour fermé")
    motif = models.CharField("motif", max_length=80, help_text="Tel que les parents le lisent dans le calendrier.")

    class Meta:
        verbose_name = "fermeture"
        verbose_name_plural = "fermetures"
        ordering = ["-debut"]
        constraints = [
            models.CheckConstraint(
                condition=Q(fin__gte=F("debut")),
                name="fermeture_fin_apres_debut",
                violation_error_message="La fermeture finit le jour où elle commence, ou après.",
            )
        ]

    def __str__(self):
        return f"{self.motif} ({self.debut:%d/%m/%Y})"


@pghistory.track()
class Tarif(models.Model):
    """The flat price of a meal, per activity and year."""

    activite = models.ForeignKey(Activite, models.CASCADE, related_name="tarifs", verbose_name="activité")
    annee = models.ForeignKey("AnneeScolaire", models.CASCADE, related_name="tarifs", verbose_name="année scolaire")
    prix = models.DecimalField("prix du repas (€)", max_digits=6, decimal_places=2, validators=[MinValueValidator(0)])

    class Meta:
        verbose_name = "tarif"
        verbose_name_plural = "tarifs"
        ordering = ["annee", "activite"]
        constraints = [
            models.UniqueConstraint(
                fields=["activite", "annee"],
                name="tarif_unique",
                violation_error_message="Cette activité a déjà un prix pour cette année scolaire.",
            ),
            models.CheckConstraint(
                condition=Q(prix__gte=0), name="tarif_positif", violation_error_message="Le prix n’est pas négatif."
            ),
        ]

    def __str__(self):
        return f"{self.activite}, {self.annee}"
