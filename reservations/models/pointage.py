"""Attendance: who ate, as the canteen saw it. Only what differs from the bookings is written, child by child."""

import pghistory
from django.conf import settings
from django.db import models

from comptes.models import Enfant


@pghistory.track()
class Pointage(models.Model):
    """The attendance of one service on one day has been taken. Without it, the month is not ready to be billed."""

    journee = models.OneToOneField("Journee", models.PROTECT, related_name="pointage", verbose_name="journée")
    fait_le = models.DateTimeField("fait le")
    fait_par = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name="fait par"
    )

    class Meta:
        verbose_name = "pointage"
        verbose_name_plural = "pointages"
        ordering = ["-journee__date", "pk"]

    def __str__(self):
        return f"Pointage, {self.journee}"


@pghistory.track()
class Ecart(models.Model):
    """A child booked who did not come, or who ate without a booking. `prix`: its cost to the household.

    Of an absence, it is the surcharge alone: the meal stays booked and due. Of a meal without booking, the
    price of the meal.
    """

    class Nature(models.TextChoices):
        ABSENT = "absent", "absent sans prévenir"
        IMPREVU = "imprevu", "a mangé sans réservation"

    pointage = models.ForeignKey(Pointage, models.CASCADE, related_name="ecarts", verbose_name="pointage")
    inscription = models.ForeignKey("Inscription", models.PROTECT, related_name="ecarts", verbose_name="inscription")
    # Copied from the enrolment and the day for the constraint.
    enfant = models.ForeignKey(Enfant, models.PROTECT, related_name="ecarts", verbose_name="enfant")
    date = models.DateField("date")
    nature = models.CharField("nature", max_length=8, choices=Nature.choices)
    prix = models.DecimalField("montant dû", max_digits=6, decimal_places=2)

    class Meta:
        verbose_name = "écart de pointage"
        verbose_name_plural = "écarts de pointage"
        ordering = ["-date", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["enfant", "date"],
                name="ecart_unique_par_enfant_et_jour",
                violation_error_message="Un écart est déjà noté pour cet enfant ce jour-là.",
            )
        ]

    def __str__(self):
        return f"{self.enfant}, {self.date:%d/%m/%Y} : {self.get_nature_display()}"
