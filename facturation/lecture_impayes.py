"""Unpaid bills as the régie reads them: how old, reminded how often, with which schedule; and letters to print."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby

from django.db.models import Count, Exists, F, Max, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import TruncDate

from comptes.models import Categorie, Famille
from comptes.services.notifier import adresses_pour
from facturation.models import Echeance, Echeancier, Facture, Relance
from facturation.regles_relances import Situation
from facturation.services.relancer import destinataire, situations

FILTRES = {
    "": "Toutes",
    "echues": "Échéance passée",
    "sans-relance": "Échéance passée, jamais relancées",
    "relancees": "Déjà relancées",
    "echeancier": "Avec un échéancier",
    "transmises": "Transmises au comptable",
}


def impayes(*, filtre: str, recherche: str, jour: dt.date) -> QuerySet:
    """Unpaid bills, household by household, oldest first; `transmise` is the key of the list that names them."""
    relancee = Exists(Relance.objects.filter(facture=OuterRef("pk")))
    conditions: dict[str, Q | Exists] = {
        "": Q(),
        "echues": Q(echeance__lt=jour),
        "sans-relance": Q(~relancee, echeance__lt=jour),
        "relancees": relancee,
        "echeancier": Exists(Echeancier.objects.filter(facture=OuterRef("pk"), clos_le=None)),
        "transmises": Q(transmise__isnull=False),
    }
    factures = Facture.objects.impayees().annotate(transmise=Max("transmissions")).filter(conditions[filtre])
    if recherche:
        factures = factures.filter(Q(numero__iexact=recherche) | Q(famille__nom__icontains=recherche))
    return factures.select_related("famille", "facturation").order_by("famille__nom", "famille", "echeance", "pk")


def totaux(factures: QuerySet) -> dict:
    """`factures`, `familles`, `reste`, in one statement."""
    lues = Facture.objects.filter(pk__in=factures.order_by().values("pk"))
    sommes = lues.aggregate(
        factures=Count("pk"), familles=Count("famille", distinct=True), reste=Sum(F("total") - F("regle"))
    )
    return {**sommes, "reste": sommes["reste"] or Decimal(0)}


@dataclass(frozen=True)
class Impaye:
    """One unpaid bill. `retard`: days since it was due, none before. `echeances`: of its open schedule."""

    facture: Facture
    retard: int
    situation: Situation
    sans_adresse: bool
    echeances: Sequence[Echeance]

    @property
    def echeancier(self) -> Echeancier | None:
        return self.echeances[0].echeancier if self.echeances else None


def detailler(factures: Sequence[Facture], *, jour: dt.date) -> list[Impaye]:
    """The same statements for one bill as for a page of them."""
    connues = situations(factures, jour=jour)
    adresses = adresses_pour({f.famille_id for f in factures}, Categorie.FACTURES)
    echeances: dict[int, list[Echeance]] = defaultdict(list)
    ouvertes = Echeance.objects.filter(echeancier__facture__in=[f.pk for f in factures], echeancier__clos_le=None)
    for e in ouvertes.select_related("echeancier").order_by("date"):
        echeances[e.echeancier.facture_id].append(e)
    return [
        Impaye(
            facture=f,
            retard=max((jour - (f.echeance or jour)).days, 0),
            situation=connues[f.pk],
            sans_adresse=f.famille_id not in adresses,
            echeances=echeances[f.pk],
        )
        for f in factures
    ]


def jours_de_lettres(au_plus: int = 12) -> list:
    """The last days on which reminders were due on paper: a dict each, `jour` and `lettres`."""
    sur_papier = Relance.objects.filter(par_courriel=False).annotate(jour=TruncDate("envoyee_le"))
    comptes = sur_papier.order_by().values("jour").annotate(lettres=Count("facture__famille", distinct=True))
    return list(comptes.order_by("-jour")[:au_plus])


@dataclass(frozen=True)
class LettreDeRelance:
    """The reminders of one household on one day, as that day said them."""

    famille: Famille
    debiteur: str
    relances: Sequence[Relance]

    @property
    def total(self) -> Decimal:
        return sum((r.reste for r in self.relances), Decimal(0))

    @property
    def derniere(self) -> bool:
        return any(r.niveau > 1 for r in self.relances)


def lettres_du(jour: dt.date) -> Iterator[LettreDeRelance]:
    """The letters of a day, by household: one statement."""
    relances = (
        Relance.objects.filter(par_courriel=False, envoyee_le__date=jour)
        .select_related("facture__famille", "facture__facturation")
        .order_by("facture__famille__nom", "facture__famille", "facture__echeance", "pk")
    )
    for famille, siennes in groupby(relances, key=lambda r: r.facture.famille):
        liste = list(siennes)
        yield LettreDeRelance(famille, destinataire(liste[-1].facture)[0] or str(famille), liste)
