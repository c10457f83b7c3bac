"""Bills: prepared as drafts, issued once with a number, then frozen. A mistake is corrected by an avoir."""

from decimal import Decimal

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q, Sum
from django.utils import timezone

from comptes.models import Famille
from comptes.portes import du_foyer
from facturation.models.figer import figees_avec_leur_facture
from reservations.models import Inscription


def montant(nom: str, **options) -> models.DecimalField:
    """An amount in euros."""
    return models.DecimalField(nom, max_digits=9, decimal_places=2, **options)


class Compteur(models.Model):
    """The last number of a series and year. Its row is locked by who numbers: no gap, no double."""

    class Serie(models.TextChoices):
        FACTURE = "F", "factures"
        AVOIR = "A", "avoirs"
        QUITTANCE = "Q", "quittances"

    serie = models.CharField("série", max_length=1, choices=Serie.choices)
    annee = models.PositiveSmallIntegerField("année")
    dernier = models.PositiveIntegerField("dernier numéro", default=0)

    class Meta:
        verbose_name = "compteur"
        verbose_name_plural = "compteurs"
        constraints = [models.UniqueConstraint(fields=["serie", "annee"], name="compteur_unique")]

    def __str__(self):
        return f"{self.get_serie_display()} {self.annee} : {self.dernier}"


class Facturation(models.Model):
    """The billing run of one month: drafts first, looked at by the régie, then issued."""

    class Etat(models.TextChoices):
        PREPAREE = "preparee", "Préparée"
        EMISE = "emise", "Émise"

    mois = models.DateField("mois", unique=True, help_text="Son premier jour.")
    etat = models.CharField("état", max_length=8, choices=Etat.choices, default=Etat.PREPAREE)
    echeance = models.DateField("échéance", help_text="Date limite de paiement, imprimée sur les factures.")
    preparee_le = models.DateTimeField("préparée le", default=timezone.now)
    preparee_par = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name="préparée par"
    )
    emise_le = models.DateTimeField("émise le", null=True, blank=True)
    emise_par = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="émise par"
    )

    class Meta:
        verbose_name = "facturation"
        verbose_name_plural = "facturations"
        ordering = ["-mois"]
        permissions = [("emettre_facturation", "Peut émettre les factures d’un mois")]
        constraints = [
            models.CheckConstraint(
                condition=Q(mois__day=1),
                name="facturation_premier_du_mois",
                violation_error_message="Un mois est désigné par son premier jour.",
            ),
        ]

    def __str__(self):
        return f"Facturation de {self.mois:%m/%Y}"


class FactureQuerySet(models.QuerySet):
    def de(self, utilisateur) -> "FactureQuerySet":
        """The bills issued to the household of this login. The one door: everyone else's is not found."""
        return self.emises().filter(du_foyer(utilisateur, "famille"))

    def emises(self) -> "FactureQuerySet":
        return self.filter(numero__isnull=False)

    def brouillons(self) -> "FactureQuerySet":
        return self.filter(numero__isnull=True)

    def impayees(self) -> "FactureQuerySet":
        return self.emises().filter(regle__lt=F("total"))

    def verrouillees(self) -> "FactureQuerySet":
        """Lock the bills in key order, before reading what is paid of them. After the household, when it is locked."""
        return self.order_by("pk").select_for_update(of=("self",), no_key=True)

    def reste(self) -> Decimal:
        """What is due on these bills, in euros."""
        return self.aggregate(reste=Sum(F("total") - F("regle")))["reste"] or Decimal(0)


# What a bill says once it has a number.
FIGES = ("facturation", "famille", "numero", "total", "emise_le", "echeance", "copie")


def _change_de(*champs: str) -> pgtrigger.Q:
    change = pgtrigger.Q()
    for champ in champs:
        change |= pgtrigger.Q(**{f"old__{champ}__df": pgtrigger.F(f"new__{champ}")})
    return change


class Facture(models.Model):
    """One bill of a household for a month. A draft has no number; with its number everything printed is frozen.

    `copie` holds what is printed and is not a line (town, régie, debtor, address, ways to pay, remedies), as it was on
    the day of issue. `regle` is the sum of its imputations, kept here so that lists need no sum.
    """

    facturation = models.ForeignKey(Facturation, models.PROTECT, related_name="factures", verbose_name="facturation")
    famille = models.ForeignKey(Famille, models.PROTECT, related_name="factures", verbose_name="famille")
    numero = models.CharField("numéro", max_length=16, null=True, blank=True, unique=True)
    total = montant("total", default=0)
    regle = montant("réglé", default=0, help_text="Par les paiements et les avoirs.")
    emise_le = models.DateTimeField("émise le", null=True, blank=True)
    echeance = models.DateField("échéance", null=True, blank=True)
    copie = models.JSONField("ce qui est imprimé", default=dict, blank=True)
    reportee_sur = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="reports",
        verbose_name="reportée sur",
        help_text="Sous le seuil de recouvrement, ce qui reste dû est demandé avec la facture suivante.",
    )

    objects = FactureQuerySet.as_manager()

    class Meta:
        verbose_name = "facture"
        verbose_name_plural = "factures"
        ordering = ["-facturation__mois", "pk"]
        indexes = [models.Index(fields=["famille"], condition=Q(regle__lt=F("total")), name="facture_impayee")]
        constraints = [
            models.UniqueConstraint(
                fields=["facturation", "famille"],
                name="facture_unique_par_mois",
                violation_error_message="Cette famille a déjà une facture pour ce mois.",
            ),
            models.CheckConstraint(
                condition=Q(regle__range=(0, F("total"))),
                name="facture_reglee_au_plus",
                violation_error_message="On ne règle pas plus que le total de la facture.",
            ),
            models.CheckConstraint(
                condition=Q(numero__isnull=True, emise_le__isnull=True, regle=0)
                | Q(numero__isnull=False, emise_le__isnull=False, echeance__isnull=False),
                name="facture_emise_entiere",
                violation_error_message="Une facture émise a un numéro, une date et une échéance.",
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="figee",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__numero__isnull=False) & _change_de(*FIGES),
            ),
            pgtrigger.Protect(
                name="gardee", operation=pgtrigger.Delete, condition=pgtrigger.Q(old__numero__isnull=False)
            ),
        ]

    def __str__(self):
        return f"Facture n° {self.numero}" if self.numero else f"Brouillon, {self.famille}"

    @property
    def reste(self) -> Decimal:
        return self.total - self.regle


class LigneFacture(models.Model):
    """Meals of one child at one price. Everything printed is copied: names, bracket, deliberation."""

    class Nature(models.TextChoices):
        REPAS = "repas", "Repas"
        TARDIF = "tardif", "Repas réservé en retard"
        ABSENCE = "absence", "Absence annoncée, délai de carence"
        ABSENT = "absent", "Supplément, absence non annoncée"
        IMPREVU = "imprevu", "Repas sans réservation"

    facture = models.ForeignKey(Facture, models.CASCADE, related_name="lignes", verbose_name="facture")
    inscription = models.ForeignKey(
        Inscription, models.PROTECT, related_name="lignes_de_facture", verbose_name="inscription"
    )
    rang = models.PositiveSmallIntegerField("rang", help_text="Dans l’ordre où les lignes sont imprimées.")
    nature = models.CharField("nature", max_length=8, choices=Nature.choices)
    enfant = models.CharField("enfant", max_length=130)
    service = models.CharField("service", max_length=160)
    tranche = models.CharField("tranche", max_length=120, blank=True)
    deliberation = models.CharField("délibération", max_length=80, blank=True)
    quantite = models.PositiveSmallIntegerField("quantité")
    prix = montant("prix unitaire")
    montant = montant("montant")
    jours = ArrayField(models.DateField(), verbose_name="jours", default=list)

    class Meta:
        verbose_name = "ligne de facture"
        verbose_name_plural = "lignes de facture"
        ordering = ["facture", "rang"]
        constraints = [
            models.UniqueConstraint(fields=["facture", "rang"], name="ligne_rang_unique"),
            models.CheckConstraint(
                condition=Q(montant=F("quantite") * F("prix"), quantite__gt=0, prix__gte=0),
                name="ligne_produit",
                violation_error_message="Le montant d’une ligne est sa quantité fois son prix.",
            ),
        ]
        triggers = figees_avec_leur_facture()

    def __str__(self):
        return f"{self.quantite} × {self.prix}"


class RepasFacture(models.Model):
    """One meal (or surcharge) of a bill: the net under « billed once ». `rang`: 0, then 1 more after each avoir."""

    facture = models.ForeignKey(Facture, models.CASCADE, related_name="repas", verbose_name="facture")
    ligne = models.ForeignKey(LigneFacture, models.CASCADE, related_name="repas", verbose_name="ligne")
    inscription = models.ForeignKey(
        Inscription, models.PROTECT, related_name="repas_factures", verbose_name="inscription"
    )
    date = models.DateField("date")
    supplement = models.BooleanField("supplément", default=False)
    prix = montant("prix")
    rang = models.PositiveSmallIntegerField("rang", default=0)

    class Meta:
        verbose_name = "repas facturé"
        verbose_name_plural = "repas facturés"
        ordering = ["facture", "ligne", "date"]
        constraints = [
            models.UniqueConstraint(
                fields=["inscription", "date", "supplement", "rang"],
                name="repas_facture_une_fois",
                violation_error_message="Ce repas est déjà facturé.",
            )
        ]
        triggers = figees_avec_leur_facture()

    def __str__(self):
        return f"{self.inscription}, {self.date:%d/%m/%Y}"
