"""Money that came in, by every means, and where it went. Append-only: a rejected payment is a row more."""

from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce

from comptes.models import Famille
from comptes.portes import du_foyer
from facturation.models.avoir import Avoir
from facturation.models.facture import Facture, montant
from facturation.models.figer import ajout_seulement


class PaiementQuerySet(models.QuerySet):
    def de(self, utilisateur) -> "PaiementQuerySet":
        return self.filter(du_foyer(utilisateur, "famille"))

    def valides(self) -> "PaiementQuerySet":
        """Those that were not rejected by the bank since."""
        return self.filter(rejet__isnull=True)


class Paiement(models.Model):
    """Money received, with its receipt number (quittance). What no bill absorbs stays the household's advance."""

    class Moyen(models.TextChoices):
        CARTE = "carte", "Carte bancaire en ligne"
        PRELEVEMENT_EN_LIGNE = "prelev-ligne", "Prélèvement unique en ligne"
        ESPECES = "especes", "Espèces"
        CHEQUE = "cheque", "Chèque"
        CESU = "cesu", "CESU"
        VIREMENT = "virement", "Virement"
        PRELEVEMENT = "prelevement", "Prélèvement automatique"

    famille = models.ForeignKey(Famille, models.PROTECT, related_name="paiements", verbose_name="famille")
    numero = models.CharField("numéro de quittance", max_length=16, unique=True)
    moyen = models.CharField("moyen", max_length=12, choices=Moyen.choices)
    montant = montant("montant")
    recu_le = models.DateTimeField("reçu le", help_text="Date de valeur : celle du règlement.")
    saisi_le = models.DateTimeField("enregistré le")
    saisi_par = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name="enregistré par"
    )
    reference = models.CharField("référence", max_length=80, blank=True, help_text="Chèque, titre CESU, virement…")
    # The same form, line of a statement or online transaction, sent again, counts once.
    cle = models.CharField("clé", max_length=80, unique=True)

    objects = PaiementQuerySet.as_manager()

    class Meta:
        verbose_name = "paiement"
        verbose_name_plural = "paiements"
        ordering = ["-recu_le", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(montant__gt=0),
                name="paiement_positif",
                violation_error_message="Un paiement est d’un montant positif.",
            )
        ]
        triggers = [ajout_seulement()]

    def __str__(self):
        return f"Quittance n° {self.numero}"

    @property
    def rejete(self) -> "Rejet | None":
        """Its rejection by the bank, or None."""
        return getattr(self, "rejet", None)


class Rejet(models.Model):
    """A payment that the bank took back: what it had paid is due again."""

    paiement = models.OneToOneField(Paiement, models.PROTECT, related_name="rejet", verbose_name="paiement")
    rejete_le = models.DateTimeField("rejeté le")
    enregistre_par = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name="enregistré par"
    )
    motif = models.CharField("motif", max_length=120)

    class Meta:
        verbose_name = "rejet"
        verbose_name_plural = "rejets"
        ordering = ["-rejete_le"]
        triggers = [ajout_seulement()]

    def __str__(self):
        return f"Rejet de {self.paiement}"


class Remboursement(models.Model):
    """What the town paid back to a household, of an avoir or of an advance."""

    famille = models.ForeignKey(Famille, models.PROTECT, related_name="remboursements", verbose_name="famille")
    avoir = models.ForeignKey(
        Avoir, models.PROTECT, null=True, blank=True, related_name="remboursements", verbose_name="avoir"
    )
    paiement = models.ForeignKey(
        Paiement, models.PROTECT, null=True, blank=True, related_name="remboursements", verbose_name="paiement"
    )
    montant = montant("montant")
    le = models.DateTimeField("date")
    par = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name="enregistré par"
    )
    reference = models.CharField("référence", max_length=80, blank=True)

    class Meta:
        verbose_name = "remboursement"
        verbose_name_plural = "remboursements"
        ordering = ["-le", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(montant__gt=0), name="remboursement_positif"),
            models.CheckConstraint(
                condition=Q(avoir__isnull=True) ^ Q(paiement__isnull=True), name="remboursement_une_source"
            ),
        ]
        triggers = [ajout_seulement()]

    def __str__(self):
        return f"Remboursement du {self.le:%d/%m/%Y}"


class Imputation(models.Model):
    """Euros of a payment or of an avoir that settle a bill; negative when a rejected payment takes them back."""

    facture = models.ForeignKey(Facture, models.PROTECT, related_name="imputations", verbose_name="facture")
    paiement = models.ForeignKey(
        Paiement, models.PROTECT, null=True, related_name="imputations", verbose_name="paiement"
    )
    avoir = models.ForeignKey(Avoir, models.PROTECT, null=True, related_name="imputations", verbose_name="avoir")
    montant = montant("montant")
    le = models.DateTimeField("date")

    class Meta:
        verbose_name = "imputation"
        verbose_name_plural = "imputations"
        ordering = ["facture", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(avoir__isnull=True) ^ Q(paiement__isnull=True), name="imputation_une_source"
            ),
            models.CheckConstraint(condition=~Q(montant=0), name="imputation_non_nulle"),
        ]
        triggers = [ajout_seulement()]

    def __str__(self):
        return f"{self.montant} sur {self.facture}"


def _somme(modele, champ: str):
    sommes = modele.objects.filter(**{champ: OuterRef("pk")}).order_by().values(champ)
    return Coalesce(
        Subquery(sommes.annotate(s=Sum("montant")).values("s")),
        Decimal(0),
        output_field=models.DecimalField(max_digits=9, decimal_places=2),
    )


def avec_disponible(queryset, champ: str):
    """Annotate `impute` and `rembourse` of these payments (`champ`="paiement") or avoirs (`champ`="avoir")."""
    return queryset.annotate(impute=_somme(Imputation, champ), rembourse=_somme(Remboursement, champ))
