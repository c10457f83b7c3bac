"""One activity on one date, and who eats there."""

import pghistory
from django.contrib.postgres.expressions import ArraySubquery
from django.db import models
from django.db.models import Count, Exists, F, OuterRef, Q, Sum
from django.db.models.functions import TruncMonth

from comptes.models import Enfant
from comptes.portes import du_foyer
from reservations.models.attente import Absence, Attente


class JourneeQuerySet(models.QuerySet):
    def verrouillees(self) -> "JourneeQuerySet":
        """Lock the days, service by service, each in the order of its dates, before reading any count.

        Not by primary key: who refreshes one service after the other would meet a household that books in both.
        """
        return self.order_by("activite_id", "date").select_for_update(of=("self",), no_key=True)

    def de_l_annee(self, annee) -> "JourneeQuerySet":
        return self.filter(date__range=(annee.debut, annee.fin))

    def avec_absents(self, enfants) -> "JourneeQuerySet":
        """Annotate `absents`, those of these children (locked by the caller) declared absent that day."""
        absences = Absence.objects.filter(enfant__in=enfants, date=OuterRef("date")).order_by()
        return self.annotate(absents=ArraySubquery(absences.values("enfant")))


@pghistory.track(
    pghistory.UpdateEvent(),
    model_name="JourneeEvent",
    fields=["capacite", "limite_reservation", "limite_annulation", "limite_tardive", "limite_absence", "fermeture"],
)
class Journee(models.Model):
    """A day of service: capacity, places taken and the two cut-offs, as stored instants."""

    activite = models.ForeignKey("Activite", models.PROTECT, related_name="journees", verbose_name="activité")
    date = models.DateField("date")
    capacite = models.PositiveIntegerField("capacité")
    # Meals booked, and places held for the household of the waiting list to which they were given.
    places_prises = models.PositiveIntegerField("places prises", default=0, editable=False)
    depassement = models.PositiveIntegerField(
        "dépassement toléré",
        default=0,
        editable=False,
        help_text="Repas déjà réservés quand la capacité a été baissée sous leur nombre.",
    )
    limite_reservation = models.DateTimeField("réserver avant")
    limite_annulation = models.DateTimeField("annuler avant")
    limite_tardive = models.DateTimeField(
        "réserver tard avant", null=True, blank=True, help_text="Au prix des retards. Vide : refusé après la limite."
    )
    limite_absence = models.DateTimeField(
        "absence déclarée avant", null=True, blank=True, help_text="Vide : non proposé."
    )
    manuelle = models.BooleanField(
        "réglée à la main", default=False, help_text="Garde sa capacité et ses délais quand l’activité change."
    )
    fermeture = models.CharField("fermée", max_length=80, blank=True, help_text="Motif ; vide quand le service a lieu.")

    objects = JourneeQuerySet.as_manager()

    absents: list[int]  # avec_absents()

    class Meta:
        verbose_name = "journée"
        verbose_name_plural = "journées"
        ordering = ["activite", "date"]
        constraints = [
            models.UniqueConstraint(
                fields=["activite", "date"],
                name="journee_unique",
                violation_error_message="Cette journée existe déjà.",
            ),
            # The net under the rule: whatever the path, PostgreSQL refuses one meal more than the capacity.
            models.CheckConstraint(
                condition=Q(places_prises__lte=F("capacite") + F("depassement")),
                name="journee_sans_surreservation",
                violation_error_message="La capacité de cette journée est atteinte.",
            ),
            models.CheckConstraint(
                condition=Q(fermeture="") | Q(places_prises=0),
                name="journee_fermee_sans_repas",
                violation_error_message="Une journée fermée n’a pas de repas réservé.",
            ),
        ]

    def __str__(self):
        return f"{self.activite}, {self.date:%d/%m/%Y}"


class ReservationQuerySet(models.QuerySet):
    def de(self, utilisateur) -> "ReservationQuerySet":
        """The meals that the household of this login booked, not the other household's."""
        return self.filter(du_foyer(utilisateur, "inscription__rattachement__famille"))

    def de_l_annee(self, annee) -> "ReservationQuerySet":
        return self.filter(date__range=(annee.debut, annee.fin))

    def avec_famille(self) -> "ReservationQuerySet":
        """Annotate `famille`, the primary key of the household that booked."""
        return self.annotate(famille=F("inscription__rattachement__famille"))

    def avec_file(self) -> "ReservationQuerySet":
        """Annotate `attendue`: somebody waits for a place of that day. The day is locked by the caller before."""
        file = Attente.objects.filter(journee=OuterRef("journee"), etat=Attente.Etat.EN_ATTENTE)
        return self.annotate(attendue=Exists(file))

    def a_venir(self, aujourdhui) -> "ReservationQuerySet":
        return (
            self.filter(date__gte=aujourdhui).select_related("enfant", "journee__activite").order_by("date", "enfant")
        )

    def par_mois(self):
        """Rows `{"mois": first day, "repas": count, "montant": Decimal}` in order."""
        return (
            self.annotate(mois=TruncMonth("date"))
            .values("mois")
            .annotate(repas=Count("pk"), montant=Sum("prix"))
            .order_by("mois")
        )


class Reservation(models.Model):
    """A meal booked. It holds a place of its day or it does not exist."""

    inscription = models.ForeignKey(
        "Inscription", models.PROTECT, related_name="reservations", verbose_name="inscription"
    )
    journee = models.ForeignKey(Journee, models.PROTECT, related_name="reservations", verbose_name="journée")
    # Copied from the enrolment and the day for the constraint: one meal for a child and a day, whatever the household.
    enfant = models.ForeignKey(Enfant, models.PROTECT, related_name="reservations", verbose_name="enfant")
    date = models.DateField("date")
    prix = models.DecimalField("prix", max_digits=6, decimal_places=2, help_text="Celui que le parent a lu.")
    tardive = models.BooleanField("tardive", default=False, help_text="Réservée après l’heure limite.")

    objects = ReservationQuerySet.as_manager()

    famille: int  # avec_famille()
    attendue: bool  # avec_file()

    class Meta:
        verbose_name = "réservation"
        verbose_name_plural = "réservations"
        ordering = ["date", "pk"]
        indexes = [models.Index(fields=["inscription"], condition=Q(tardive=True), name="reservation_tardive")]
        constraints = [
            models.UniqueConstraint(
                fields=["enfant", "date"],
                name="reservation_unique_par_enfant_et_jour",
                violation_error_message="Un repas est déjà réservé pour cet enfant ce jour-là.",
            )
        ]

    def __str__(self):
        return f"{self.enfant}, {self.date:%d/%m/%Y}"
