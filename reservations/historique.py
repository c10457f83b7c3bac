"""The history of a household: which operations, and what each did, in words. Set-based: two statements a page."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.db.models import Count, Sum

from comptes.francais import euros, mois_long, nombre
from comptes.models import Enfant
from reservations.models import AnneeScolaire, Mouvement, Operation
from reservations.models.operation import OperationQuerySet
from reservations.recapitulatif import auteur_en_mots

N = Mouvement.Nature
# In the order of the sentence; the sum follows the natures that change what is due.
MOTS: dict[str, tuple[str, str]] = {
    N.AJOUT: ("repas réservé", "repas réservés"),
    N.ANNULATION: ("repas annulé", "repas annulés"),
    N.ABSENCE: ("absence", "absences"),
    N.ATTENTE: ("jour en liste d’attente", "jours en liste d’attente"),
    N.SORTIE_D_ATTENTE: ("sortie de la liste d’attente", "sorties de la liste d’attente"),
    N.REFUS: ("réservation refusée", "réservations refusées"),
    N.REFUS_ANNULATION: ("annulation refusée", "annulations refusées"),
    N.SANS_EFFET: ("jour sans changement", "jours sans changement"),
}
AVEC_MONTANT = (N.AJOUT, N.ANNULATION)


@dataclass(frozen=True)
class LigneDHistorique:
    operation: Operation
    par: str
    details: Sequence[tuple[str, str]]
    """(first name, `3 repas réservés (14,91 €), 1 réservation refusée`) for each child."""


def resumer(operations: Iterable[Operation], lecteur) -> list[LigneDHistorique]:
    """What each operation did, by child and nature. One statement, and that of the operations."""
    operations = list(operations)
    comptes = (
        Mouvement.objects.filter(operation__in=operations)
        .order_by("inscription__rattachement__enfant")
        .values_list(
            "operation", "inscription__rattachement__enfant", "inscription__rattachement__enfant__prenom", "nature"
        )
        .annotate(n=Count("pk"), montant=Sum("prix"))
    )
    lus: dict[int, dict[tuple[int, str], dict[str, str]]] = defaultdict(lambda: defaultdict(dict))
    for operation, enfant, prenom, nature, n, montant in comptes:
        somme = f" ({euros(montant)})" if nature in AVEC_MONTANT and montant is not None else ""
        lus[operation][enfant, prenom][nature] = nombre(n, *MOTS[nature]) + somme
    return [
        LigneDHistorique(
            operation,
            auteur_en_mots(operation, lecteur),
            [
                (prenom, ", ".join(mots[n] for n in MOTS if n in mots))
                for (_, prenom), mots in lus[operation.pk].items()
            ],
        )
        for operation in operations
    ]


@dataclass(frozen=True)
class Periode:
    """A choice of the list: a school year (`2026-2027`) or the month of a meal (`2026-12`)."""

    code: str
    nom: str
    debut: dt.date
    fin: dt.date


def periodes(annee: AnneeScolaire) -> list[Periode]:
    choix, premier = [Periode(annee.libelle, f"Toute l’année {annee}", annee.debut, annee.fin)], annee.debut
    premier = premier.replace(day=1)
    while premier <= annee.fin:
        suivant = (premier + dt.timedelta(days=32)).replace(day=1)
        choix.append(Periode(f"{premier:%Y-%m}", mois_long(premier), premier, suivant - dt.timedelta(days=1)))
        premier = suivant
    return choix


@dataclass(frozen=True)
class Filtre:
    """`?enfant=12&periode=2026-12`: the operations about a child's meals, or about the meals of a time."""

    enfant: Enfant | None = None
    periode: Periode | None = None
    incompris: bool = False
    groupes: Sequence[tuple[AnneeScolaire, Sequence[Periode]]] = field(default_factory=list)

    @classmethod
    def lire(cls, donnees, enfants: Sequence[Enfant], annees: Sequence[AnneeScolaire]) -> "Filtre":
        """Only this household's children and the known years are read; anything else is `incompris`."""
        groupes = [(annee, periodes(annee)) for annee in annees]
        code_enfant, code_periode = donnees.get("enfant", ""), donnees.get("periode", "")
        enfant = next((e for e in enfants if str(e.pk) == code_enfant), None)
        periode = next((p for _, choix in groupes for p in choix if p.code == code_periode), None)
        if (code_enfant and not enfant) or (code_periode and not periode):
            return cls(incompris=True, groupes=groupes)
        return cls(enfant, periode, groupes=groupes)

    def appliquer(self, operations: OperationQuerySet) -> OperationQuerySet:
        conditions: dict[str, object] = {}
        if self.enfant:
            conditions["inscription__rattachement__enfant"] = self.enfant
        if self.periode:
            conditions["date__range"] = (self.periode.debut, self.periode.fin)
        return operations.touchant(**conditions) if conditions else operations

    @property
    def suite(self) -> str:
        """What the links to the other pages repeat."""
        return (f"&enfant={self.enfant.pk}" if self.enfant else "") + (
            f"&periode={self.periode.code}" if self.periode else ""
        )
