"""The waiting list of a full day, in the order of requests only; and the absences of the morning."""

import datetime as dt
from decimal import Decimal

from django.db import models
from django.db.models import Count, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from comptes.models import Enfant
from comptes.portes import du_foyer


class AttenteQuerySet(models.QuerySet):
    def de(self, utilisateur) -> "AttenteQuerySet":
        """The requests of the household of this login. The one door: everyone else's is not found."""
        return self.filter(du_foyer(utilisateur, "inscription__rattachement__famille"))

    def actives(self) -> "AttenteQuerySet":
        return self.filter(etat__in=Attente.ACTIFS)

    def proposees(self, maintenant) -> "AttenteQuerySet":
        """The places that a household may accept now."""
        encore = Q(annoncee_le=None) | Q(expire_le__gt=maintenant)
        return self.filter(
            encore,
            etat=Attente.Etat.ATTRIBUEE,
            mode=Attente.Mode.PROPOSER,
            journee__limite_reservation__gt=maintenant,
        )

    def avec_rang(self) -> "AttenteQuerySet":
        """Annotate `rang`: 1 for the first of those who wait for this day, or hold a place of it."""
        avant = Attente.objects.actives().filter(journee=OuterRef("journee"), pk__lt=OuterRef("pk"))
        return self.annotate(
            rang=Coalesce(Subquery(avant.order_by().values("journee").annotate(n=Count("pk")).values("n")), 0) + 1
        )


class Attente(models.Model):
    """A household waits for a place of a full day. Rank: the order of the primary keys, nothing else.

    `ATTRIBUEE` holds a place, counted in `Journee.places_prises`: it is about to be booked (`AUTO`), or offered until
    `expire_le` (`PROPOSER`). Rows of a day change under the lock of that day only.
    """

    class Mode(models.TextChoices):
        AUTO = "auto", "réserver automatiquement"
        PROPOSER = "proposer", "me proposer la place"

    class Etat(models.TextChoices):
        EN_ATTENTE = "attente", "en attente"
        ATTRIBUEE = "attribuee", "place attribuée"
        SATISFAITE = "satisfaite", "repas réservé"
        REFUSEE = "refusee", "place refusée par la famille"
        EXPIREE = "expiree", "place non acceptée à temps"
        RETIREE = "retiree", "retirée par la famille"
        CADUQUE = "caduque", "sans objet"

    ACTIFS = (Etat.EN_ATTENTE, Etat.ATTRIBUEE)

    inscription = models.ForeignKey("Inscription", models.PROTECT, related_name="attentes", verbose_name="inscription")
    journee = models.ForeignKey("Journee", models.PROTECT, related_name="attentes", verbose_name="journée")
    enfant = models.ForeignKey(Enfant, models.PROTECT, related_name="attentes", verbose_name="enfant")
    date = models.DateField("date")
    mode = models.CharField("quand une place se libère", max_length=8, choices=Mode.choices)
    etat = models.CharField("état", max_length=10, choices=Etat.choices, default=Etat.EN_ATTENTE)
    demandee_le = models.DateTimeField("demandée le")
    attribuee_le = models.DateTimeField("attribuée le", null=True, blank=True)
    expire_le = models.DateTimeField("à accepter avant", null=True, blank=True)
    annoncee_le = models.DateTimeField("annoncée le", null=True, blank=True)
    close_le = models.DateTimeField("close le", null=True, blank=True)

    objects = AttenteQuerySet.as_manager()

    rang: int  # avec_rang()
    prix: Decimal | None = None  # not stored: what the meal would cost, for the page that shows it

    class Meta:
        verbose_name = "attente"
        verbose_name_plural = "liste d’attente"
        ordering = ["journee", "pk"]
        indexes = [
            models.Index(fields=["journee", "id"], condition=Q(etat="attente"), name="attente_file"),
            models.Index(fields=["etat"], condition=Q(etat="attribuee"), name="attente_attribuee"),
            models.Index(fields=["enfant", "date"], name="attente_par_enfant"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["inscription", "journee"],
                condition=Q(etat__in=("attente", "attribuee")),
                name="attente_unique",
                violation_error_message="Cet enfant est déjà sur la liste d’attente de ce jour.",
            ),
            models.CheckConstraint(
                condition=~Q(etat="attribuee") | Q(attribuee_le__isnull=False),
                name="attente_attribuee_datee",
                violation_error_message="Une place attribuée a une date.",
            ),
        ]

    def __str__(self):
        return f"{self.enfant}, {self.date:%d/%m/%Y}"

    def est_proposee(self, maintenant) -> bool:
        """Whether the household may accept the place now."""
        if self.etat != self.Etat.ATTRIBUEE or self.mode != self.Mode.PROPOSER:
            return False
        return maintenant < self.proposee_jusqu_a

    @property
    def proposee_jusqu_a(self) -> dt.datetime:
        """The time of an offer begins when the family is told: before, only the cut-off of the day ends it."""
        fin = self.journee.limite_reservation
        return min(fin, self.expire_le) if self.annoncee_le and self.expire_le else fin


class AbsenceQuerySet(models.QuerySet):
    def de(self, utilisateur) -> "AbsenceQuerySet":
        return self.filter(du_foyer(utilisateur, "inscription__rattachement__famille"))


class Absence(models.Model):
    """A meal booked, not eaten, and said so before the hour: the place is free again, `prix` stays due."""

    inscription = models.ForeignKey("Inscription", models.PROTECT, related_name="absences", verbose_name="inscription")
    journee = models.ForeignKey("Journee", models.PROTECT, related_name="absences", verbose_name="journée")
    enfant = models.ForeignKey(Enfant, models.PROTECT, related_name="absences", verbose_name="enfant")
    date = models.DateField("date")
    declaree_le = models.DateTimeField("déclarée le")
    prix_du_repas = models.DecimalField("prix du repas", max_digits=6, decimal_places=2)
    prix = models.DecimalField(
        "montant dû", max_digits=6, decimal_places=2, help_text="Les jours de carence restent dus, les suivants non."
    )

    objects = AbsenceQuerySet.as_manager()

    class Meta:
        verbose_name = "absence"
        verbose_name_plural = "absences"
        ordering = ["-date", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["enfant", "date"],
                name="absence_unique_par_enfant_et_jour",
                violation_error_message="Une absence est déjà déclarée pour cet enfant ce jour-là.",
            )
        ]

    def __str__(self):
        return f"{self.enfant}, {self.date:%d/%m/%Y}"
