"""The proof: each submission, numbered and dated, and each day of it. Append-only."""

import datetime as dt
import re

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Count, Q, Sum
from django.utils import timezone

from comptes.models import Famille
from comptes.portes import du_foyer
from reservations.regles import Motif

NUMERO = re.compile(r"^(20\d\d)-0*([1-9]\d{0,17})\Z")


class OperationQuerySet(models.QuerySet):
    def de(self, utilisateur) -> "OperationQuerySet":
        """The operations of the household of this login. The one door: everyone else's is not found."""
        return self.filter(du_foyer(utilisateur, "famille"))

    def comptees(self) -> "OperationQuerySet":
        """Annotate `ajouts`, `annulations` and `refus`, the numbers of days; the latest first."""
        natures = Mouvement.Nature
        comptes = {
            "ajouts": [natures.AJOUT],
            "annulations": [natures.ANNULATION],
            "refus": [natures.REFUS, natures.REFUS_ANNULATION],
        }
        return self.annotate(
            **{nom: Count("mouvements", filter=Q(mouvements__nature__in=n)) for nom, n in comptes.items()}
        ).order_by("-pk")

    def touchant(self, **repas) -> "OperationQuerySet":
        """Those with a line that meets these conditions, all at once."""
        return self.filter(pk__in=Mouvement.objects.filter(**repas).values("operation"))

    def numero(self, numero: str) -> "OperationQuerySet":
        """The operation printed as `2026-000123`; none when the number is not one."""
        lu = NUMERO.match(numero)
        if not lu:
            return self.none()
        annee = int(lu[1])
        debut, fin = (timezone.make_aware(dt.datetime(a, 1, 1)) for a in (annee, annee + 1))
        return self.filter(pk=int(lu[2]), cree_le__gte=debut, cree_le__lt=fin)


class Operation(models.Model):
    """One submission by one person for one household: the receipt, the history, the e-mail.

    Source: code des relations entre le public et l'administration, art. L112-11 (acknowledgement).
    """

    class Origine(models.TextChoices):
        PARENT = "parent", "la famille"
        AGENT = "agent", "la mairie"
        COMMANDE = "commande", "le portail"

        @classmethod
        def de(cls, auteur) -> "Operation.Origine":
            """Who acts in the household's pages: the family, or the agent who helps it; nobody is the portal."""
            if auteur is None:
                return cls.COMMANDE
            return cls.AGENT if auteur.famille_accompagnee else cls.PARENT

    famille = models.ForeignKey(Famille, models.PROTECT, related_name="operations", verbose_name="famille")
    auteur = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name="auteur"
    )
    origine = models.CharField("origine", max_length=8, choices=Origine.choices)
    cree_le = models.DateTimeField("date")
    annule = models.OneToOneField(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="annulee_par",
        verbose_name="annule l’opération",
        help_text="L’opération que celle-ci défait : une seule fois.",
    )
    collective = models.ForeignKey(
        "AnnulationCollective",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="operations",
        verbose_name="annulation collective",
    )
    cle = models.CharField(
        "clé du formulaire",
        max_length=64,
        help_text="Empreinte du formulaire envoyé : le même, renvoyé, ne compte qu’une fois.",
    )

    objects = OperationQuerySet.as_manager()

    # Not stored: `reserver` answered the operation of an earlier submission of the same form.
    repetee = False

    class Meta:
        verbose_name = "opération"
        verbose_name_plural = "opérations"
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["famille", "cle"],
                name="operation_unique_par_formulaire",
                violation_error_message="Ce formulaire a déjà été enregistré.",
            )
        ]
        triggers = [pgtrigger.Protect(name="ajout_seulement", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self):
        return f"Opération n° {self.numero}"

    @property
    def numero(self) -> str:
        """`2026-000123`: the year of the operation in the town's zone, and its rank."""
        return f"{timezone.localtime(self.cree_le).year}-{self.pk:06d}"


class MouvementQuerySet(models.QuerySet):
    def total(self):
        return self.aggregate(total=Sum("prix"))["total"] or 0


class Mouvement(models.Model):
    """One day of an operation and its outcome, with the price, capacity and count of that instant."""

    class Nature(models.TextChoices):
        AJOUT = "ajout", "Réservation ajoutée"
        ANNULATION = "annulation", "Réservation annulée"
        REFUS = "refus", "Réservation refusée"
        REFUS_ANNULATION = "refus-annul", "Annulation refusée"
        SANS_EFFET = "sans-effet", "Sans changement"
        ABSENCE = "absence", "Absence déclarée"
        ATTENTE = "attente", "Mise en liste d’attente"
        SORTIE_D_ATTENTE = "sortie", "Sortie de la liste d’attente"

    operation = models.ForeignKey(Operation, models.PROTECT, related_name="mouvements", verbose_name="opération")
    inscription = models.ForeignKey(
        "Inscription", models.PROTECT, related_name="mouvements", verbose_name="inscription"
    )
    date = models.DateField("jour")
    nature = models.CharField("nature", max_length=11, choices=Nature.choices)
    motif = models.CharField("motif", max_length=20, blank=True, choices=Motif.choices)
    precision = models.CharField("précision", max_length=80, blank=True)
    prix = models.DecimalField("prix", max_digits=6, decimal_places=2, null=True)
    capacite = models.PositiveIntegerField("capacité à cet instant", null=True)
    places_prises = models.PositiveIntegerField("places prises à cet instant", null=True)

    objects = MouvementQuerySet.as_manager()

    class Meta:
        verbose_name = "mouvement"
        verbose_name_plural = "mouvements"
        ordering = ["operation", "inscription", "date", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["operation", "inscription", "date"],
                name="mouvement_unique_par_jour",
                violation_error_message="Une opération dit une seule chose d’un jour.",
            )
        ]
        triggers = [pgtrigger.Protect(name="ajout_seulement", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self):
        return f"{self.get_nature_display()} : {self.date:%d/%m/%Y}"


class RefusEnregistre(Mouvement):
    """The refusals of meals alone: the register that the town shows (Conseil d’État, 22/03/2021, n° 429361)."""

    class Meta:
        proxy = True
        verbose_name = "refus"
        verbose_name_plural = "registre des refus"
        default_permissions = ("view",)
