"""Payments online: our own row is written before the parent leaves for the payment page (PayFiP, DGFiP)."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from comptes.models import Famille
from comptes.portes import du_foyer
from facturation.models.facture import Facture, montant
from facturation.models.paiement import Paiement


class TransactionQuerySet(models.QuerySet):
    def de(self, utilisateur) -> "TransactionQuerySet":
        return self.filter(du_foyer(utilisateur, "famille"))

    def ouvertes(self) -> "TransactionQuerySet":
        """Those whose result is not known: the periodic task asks the gateway."""
        return self.filter(etat__in=[TransactionEnLigne.Etat.CREEE, TransactionEnLigne.Etat.PARTIE])

    def verrouillees(self) -> "TransactionQuerySet":
        return self.order_by("pk").select_for_update(of=("self",), no_key=True)


class TransactionEnLigne(models.Model):
    """One attempt to pay one bill (and those carried onto it). What was asked is never changed, only its result."""

    class Etat(models.TextChoices):
        CREEE = "creee", "Demandée"
        PARTIE = "partie", "En cours"
        PAYEE = "payee", "Payée"
        REFUSEE = "refusee", "Refusée"
        ABANDONNEE = "abandonnee", "Abandonnée"
        PERDUE = "perdue", "Sans suite"
        SUSPECTE = "suspecte", "À vérifier par la régie"

    famille = models.ForeignKey(Famille, models.PROTECT, related_name="transactions", verbose_name="famille")
    facture = models.ForeignKey(Facture, models.PROTECT, related_name="transactions", verbose_name="facture")
    passerelle = models.CharField("passerelle", max_length=20)
    montant = montant("montant")
    refdet = models.CharField("référence de dette", max_length=30, unique=True)
    numcli = models.CharField("numéro de régie", max_length=20)
    saisie = models.CharField("mode", max_length=1, help_text="T essai, X activation, W production.")
    exercice = models.CharField("exercice", max_length=4)
    courriel = models.EmailField("adresse e-mail")
    idop = models.CharField("identifiant d’opération", max_length=64, blank=True)
    # The state that the gateway's library needs again to ask for a result.
    memoire = models.JSONField("mémoire de la passerelle", default=dict, blank=True)
    etat = models.CharField("état", max_length=10, choices=Etat.choices, default=Etat.CREEE)
    cree_le = models.DateTimeField("créée le")
    cree_par = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name="créée par"
    )
    verifiee_le = models.DateTimeField("vérifiée le", null=True, blank=True)
    resultat = models.CharField("résultat", max_length=40, blank=True, help_text="Le code de la passerelle.")
    detail = models.JSONField("réponse de la passerelle", default=dict, blank=True)
    paiement = models.OneToOneField(
        Paiement, models.PROTECT, null=True, blank=True, related_name="transaction", verbose_name="paiement"
    )

    objects = TransactionQuerySet.as_manager()

    class Meta:
        verbose_name = "transaction en ligne"
        verbose_name_plural = "transactions en ligne"
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["cree_le"], condition=Q(etat__in=["creee", "partie"]), name="transaction_ouverte")
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["passerelle", "idop"], condition=~Q(idop=""), name="transaction_idop_unique"
            ),
            models.CheckConstraint(
                condition=Q(etat="payee", paiement__isnull=False) | ~Q(etat="payee") & Q(paiement__isnull=True),
                name="transaction_payee_a_un_paiement",
            ),
            models.CheckConstraint(
                condition=Q(montant__gte=1),
                name="transaction_un_euro",
                violation_error_message="Un paiement en ligne est d’au moins 1,00 €.",
            ),
        ]

    def __str__(self):
        return f"Transaction {self.refdet}"
