"""Tariff grids, as the town votes them: dated, with their deliberation and what a meal costs."""

from decimal import Decimal

import pghistory
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeBoundary, RangeOperators
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Func, Q


def _euros(nom: str, **options) -> models.DecimalField:
    return models.DecimalField(
        nom, max_digits=6, decimal_places=2, validators=[MinValueValidator(Decimal(0))], **options
    )


@pghistory.track()
class Tarification(models.Model):
    """What several meal services have in common: they are priced by the same grids, one after the other."""

    nom = models.CharField("nom", max_length=120, unique=True, help_text="Par exemple : Restauration scolaire.")

    class Meta:
        verbose_name = "tarification"
        verbose_name_plural = "tarifications"
        ordering = ["nom"]

    def __str__(self):
        return self.nom


@pghistory.track()
class Grille(models.Model):
    """One vote of the council: from when to when, what a meal costs the town, and how a household's price is found.

    Two grids of one tarification never overlap. Amounts in euros; `taux` is the percentage of the quotient familial.
    No price and no surcharge is above `cout` (code de l'éducation, art. R531-53).
    """

    class Mode(models.TextChoices):
        TRANCHES = "tranches", "par tranches de quotient familial"
        TAUX = "taux", "par taux d’effort"

    tarification = models.ForeignKey(Tarification, models.PROTECT, related_name="grilles", verbose_name="tarification")
    deliberation = models.CharField("délibération", max_length=60, help_text="Sa référence, imprimée sur les factures.")
    votee_le = models.DateField("votée le")
    debut = models.DateField("premier jour")
    fin = models.DateField("dernier jour", null=True, blank=True, help_text="Vide : jusqu’à la grille suivante.")
    cout = _euros("coût de revient d’un repas (€)")
    mode = models.CharField("mode", max_length=8, choices=Mode.choices, default=Mode.TRANCHES)
    taux = models.DecimalField(
        "taux d’effort (% du quotient)",
        max_digits=6,
        decimal_places=4,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal(0)), MaxValueValidator(Decimal(100))],
    )
    plancher = _euros("prix plancher (€)", null=True, blank=True)
    plafond = _euros("prix plafond (€)", null=True, blank=True)
    prix_exterieur = _euros(
        "prix hors commune (€)", null=True, blank=True, help_text="Vide : le même prix que pour les habitants."
    )
    prix_panier = _euros(
        "prix du panier-repas (€)",
        null=True,
        blank=True,
        help_text="Quand la famille fournit le repas (PAI). Vide : le prix ordinaire.",
    )
    fratrie_rang = models.PositiveSmallIntegerField(
        "réduction à partir du enfant n°", null=True, blank=True, validators=[MinValueValidator(2)]
    )
    fratrie_reduction = models.DecimalField(
        "réduction de fratrie (%)",
        max_digits=5,
        decimal_places=2,
        default=0,
        validators=[MinValueValidator(Decimal(0)), MaxValueValidator(Decimal(100))],
    )
    supplement_absence = _euros(
        "supplément d’une absence non annoncée (€)",
        default=0,
        help_text="Ajouté au prix d’un repas réservé et non mangé sans être annulé.",
    )

    class Meta:
        verbose_name = "grille tarifaire"
        verbose_name_plural = "grilles tarifaires"
        ordering = ["tarification", "-debut"]
        constraints = [
            models.CheckConstraint(
                condition=Q(fin__isnull=True) | Q(fin__gte=F("debut")),
                name="grille_fin_apres_debut",
                violation_error_message="La grille finit le jour où elle commence, ou après.",
            ),
            ExclusionConstraint(
                name="grille_sans_recouvrement",
                expressions=[
                    ("tarification", RangeOperators.EQUAL),
                    (
                        Func(
                            "debut",
                            "fin",
                            RangeBoundary(inclusive_lower=True, inclusive_upper=True),
                            function="DATERANGE",
                            output_field=DateRangeField(),
                        ),
                        RangeOperators.OVERLAPS,
                    ),
                ],
                violation_error_message="Une autre grille de cette tarification vaut déjà sur une partie de ces dates.",
            ),
            models.CheckConstraint(
                condition=Q(mode="tranches")
                | Q(taux__isnull=False, plancher__isnull=False, plafond__isnull=False, plancher__lte=F("plafond")),
                name="grille_taux_complet",
                violation_error_message="Un taux d’effort a un taux, un plancher et un plafond, dans cet ordre.",
            ),
            *(
                models.CheckConstraint(
                    condition=Q(**{f"{champ}__isnull": True}) | Q(**{f"{champ}__range": (0, F("cout"))}),
                    name=f"grille_{champ}_sous_le_cout",
                    violation_error_message=f"Le {nom} ne dépasse pas le coût d’un repas "
                    "(code de l’éducation, art. R531-53).",
                )
                for champ, nom in (
                    ("plafond", "prix plafond"),
                    ("prix_exterieur", "prix hors commune"),
                    ("prix_panier", "prix du panier-repas"),
                )
            ),
            models.CheckConstraint(
                condition=Q(supplement_absence__gte=0, cout__gte=0, fratrie_reduction__range=(0, 100)),
                name="grille_montants_positifs",
                violation_error_message="Un montant n’est pas négatif ; une réduction va de 0 à 100 %.",
            ),
        ]

    def __str__(self):
        return f"{self.tarification}, délibération {self.deliberation}"


@pghistory.track()
class Tranche(models.Model):
    """A bracket of quotient familial: from `a_partir_de` up to the next bracket."""

    grille = models.ForeignKey(Grille, models.CASCADE, related_name="tranches", verbose_name="grille")
    a_partir_de = models.PositiveIntegerField("quotient à partir de")
    libelle = models.CharField("libellé", max_length=60, blank=True, help_text="Vide : écrit d’après les bornes.")
    prix = _euros("prix du repas (€)")

    class Meta:
        verbose_name = "tranche"
        verbose_name_plural = "tranches"
        ordering = ["grille", "a_partir_de"]
        constraints = [
            models.UniqueConstraint(
                fields=["grille", "a_partir_de"],
                name="tranche_unique",
                violation_error_message="Cette grille a déjà une tranche à partir de ce quotient.",
            ),
            models.CheckConstraint(
                condition=Q(prix__gte=0), name="tranche_positive", violation_error_message="Le prix n’est pas négatif."
            ),
            models.CheckConstraint(
                condition=Q(a_partir_de__lte=20_000),
                name="tranche_plausible",
                violation_error_message="Un quotient familial est entre 0 et 20 000 €.",
            ),
        ]

    def __str__(self):
        return self.libelle or f"à partir de {self.a_partir_de}"
