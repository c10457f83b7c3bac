"""Enrolments: a child of a household at a meal service for a year."""

import datetime as dt
from decimal import Decimal

import pghistory
from django.contrib.postgres.expressions import ArraySubquery
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Count, Exists, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from comptes.models import Autorisation, Rattachement, Texte, Utilisateur
from comptes.portes import du_foyer
from reservations.models.activite import Tarif
from reservations.models.journee import Reservation
from reservations.regles import Detenteur, JourneeLue
from reservations.tarifs import TarifsDuFoyer


def _bloquants_sans_reponse():
    """The texts in force that the household of the outer enrolment must answer before it books, and has not."""
    reponses = Autorisation.objects.filter(
        rattachement=OuterRef(OuterRef("rattachement")), version=OuterRef("version_id")
    )
    textes = Texte.objects.a_signer().filter(bloquante=True).avec_version()
    return textes.filter(~Exists(reponses), version_id__isnull=False)


class InscriptionQuerySet(models.QuerySet):
    def de(self, utilisateur) -> "InscriptionQuerySet":
        """The enrolments of the household of this login. The one door: everyone else's is not found."""
        return self.filter(du_foyer(utilisateur, "rattachement__famille"))

    def en_cours(self, jour) -> "InscriptionQuerySet":
        """The enrolments of the school years that are not over at `jour`."""
        return self.filter(annee__fin__gte=jour)

    def completes(self) -> "InscriptionQuerySet":
        return self.select_related("rattachement__enfant", "rattachement__famille", "activite", "annee")

    def avec_tarif(self) -> "InscriptionQuerySet":
        """Annotate the flat `prix_fixe` of the year and its `cout`, or None; see `lecture_tarifs.poser_les_tarifs`."""
        # One row at most; without `order_by()` the usual order joins two tables, in each of the two subqueries.
        tarifs = Tarif.objects.filter(activite=OuterRef("activite"), annee=OuterRef("annee")).order_by()
        return self.annotate(prix_fixe=Subquery(tarifs.values("prix")), cout=Subquery(tarifs.values("cout")))

    def avec_signatures(self) -> "InscriptionQuerySet":
        """Annotate `a_signer`: a text without which nothing is booked has no answer of the household for the child."""
        return self.annotate(a_signer=Exists(_bloquants_sans_reponse()))

    def avec_prix(self) -> "InscriptionQuerySet":
        """Annotate what booking asks: the tariff, the signatures, and `tardives`, the late meals it holds."""
        tardives = Reservation.objects.filter(inscription=OuterRef("pk"), tardive=True)
        return (
            self.avec_tarif()
            .avec_signatures()
            .annotate(
                tardives=Coalesce(
                    Subquery(tardives.order_by().values("inscription").annotate(n=Count("pk")).values("n")), 0
                ),
            )
        )

    def sans_repas(self, journee) -> "InscriptionQuerySet":
        """Those of the day's service, on that day, whose child has no meal booked anywhere."""
        reserves = Reservation.objects.filter(date=journee.date).values("enfant")
        valables = self.filter(activite=journee.activite_id, debut__lte=journee.date, fin__gte=journee.date)
        return valables.exclude(rattachement__enfant__in=reserves)

    def avec_courriels(self) -> "InscriptionQuerySet":
        """Annotate `courriels`, the addresses of the household's adults who have a login."""
        comptes = Utilisateur.objects.filter(
            responsable__famille=OuterRef("rattachement__famille"), is_active=True
        ).order_by("responsable__rang")
        return self.annotate(courriels=ArraySubquery(comptes.values("email")))

    def verrouillees(self) -> "InscriptionQuerySet":
        """Lock the enrolments and their children, in the children's order: submissions for one child queue up."""
        return self.order_by("rattachement__enfant_id", "pk").select_for_update(
            of=("self", "rattachement__enfant"), no_key=True
        )


@pghistory.track()
class Inscription(models.Model):
    """Child × household that books and pays × activity × year, from its first to its last day."""

    rattachement = models.ForeignKey(
        Rattachement, models.PROTECT, related_name="inscriptions", verbose_name="enfant de la famille"
    )
    activite = models.ForeignKey("Activite", models.PROTECT, related_name="inscriptions", verbose_name="activité")
    annee = models.ForeignKey(
        "AnneeScolaire", models.PROTECT, related_name="inscriptions", verbose_name="année scolaire"
    )
    classe = models.CharField("classe", max_length=60, blank=True, help_text="Par exemple CE2 B.")
    debut = models.DateField("du")
    fin = models.DateField("au")
    panier = models.BooleanField(
        "panier-repas", default=False, help_text="La famille fournit le repas : prix du panier de la grille."
    )

    objects = InscriptionQuerySet.as_manager()

    prix_fixe: Decimal | None  # avec_tarif()
    cout: Decimal | None
    tarifs: TarifsDuFoyer  # lecture_tarifs.poser_les_tarifs()
    tardives: int  # avec_prix()
    a_signer: bool  # avec_signatures()
    sans_repas: bool  # annotated by the home page
    offerte: bool
    courriels: list[str]  # avec_courriels()
    sorties: dict[dt.date, str]  # AnnulationCollective.objects.poser_les_sorties()

    class Meta:
        verbose_name = "inscription"
        verbose_name_plural = "inscriptions"
        ordering = ["-annee", "rattachement", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["rattachement", "activite", "annee"],
                name="inscription_unique",
                violation_error_message="Cet enfant est déjà inscrit à cette activité cette année, pour cette famille.",
            ),
            models.CheckConstraint(
                condition=Q(fin__gte=F("debut")),
                name="inscription_fin_apres_debut",
                violation_error_message="L’inscription finit le jour où elle commence, ou après.",
            ),
        ]

    def __str__(self):
        return f"{self.enfant}, {self.activite}, {self.annee}"

    @property
    def enfant(self):
        return self.rattachement.enfant

    @property
    def famille(self):
        return self.rattachement.famille

    def detenteur(self, reservation: Reservation | None) -> Detenteur | None:
        """Who holds this meal of the child (`avec_famille()`), seen from this enrolment."""
        if reservation is None:
            return None
        if reservation.inscription_id == self.pk:
            return Detenteur.MOI
        memes = reservation.famille == self.rattachement.famille_id
        return Detenteur.AUTRE_INSCRIPTION if memes else Detenteur.AUTRE

    def fermeture(self, journee: JourneeLue | None) -> str:
        """Why the day is closed for this enrolment: the service's reason, or its class's (`sorties`)."""
        return (journee.fermeture or self.sorties.get(journee.date, "")) if journee else ""

    def clean(self):
        super().clean()
        if self.annee_id and self.debut and self.fin and (self.debut < self.annee.debut or self.fin > self.annee.fin):
            raise ValidationError("Les dates de l’inscription sont dans l’année scolaire.")
