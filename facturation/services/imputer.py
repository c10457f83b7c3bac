"""Where euros go: payments and avoirs settle bills, the oldest first. Every path of money ends here.

Locks, in this order everywhere: the household (`verrouiller_le_foyer`), its bills in key order, then the counters.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from decimal import Decimal

from django.db import models
from django.db.models import F

from comptes.models import Famille
from facturation.models import Avoir, Evenement, Facture, Imputation, Paiement, avec_disponible


def verrouiller_le_foyer(famille: int) -> Famille:
    """Lock the household: what is written about its money queues up here."""
    return Famille.objects.select_for_update(of=("self",), no_key=True).get(pk=famille)


def verrouiller_les_foyers(familles: Iterable[int]) -> list[int]:
    """Lock these households in key order, for a batch."""
    tous = Famille.objects.filter(pk__in=familles).order_by("pk").select_for_update(of=("self",), no_key=True)
    return list(tous.values_list("pk", flat=True))


def repartir(factures: Iterable[tuple[int, Decimal]], disponible: Decimal) -> list[tuple[int, Decimal]]:
    """Share euros among bills given as (key, what is due), in their order. What is left over is the caller's."""
    parts = []
    for pk, reste in factures:
        part = min(reste, disponible)
        if part > 0:
            parts.append((pk, part))
            disponible -= part
    return parts


def imputer(source: Paiement | Avoir, factures: Sequence[Facture], montant: Decimal, *, le: dt.datetime) -> Decimal:
    """Settle these bills (locked by the caller, in the order wanted) with euros of `source`; return what is left."""
    parts = dict(repartir([(f.pk, f.reste) for f in factures], montant))
    champ = "paiement" if isinstance(source, Paiement) else "avoir"
    Imputation.objects.bulk_create(
        Imputation(facture_id=pk, montant=part, le=le, **{champ: source}) for pk, part in parts.items()
    )
    for facture in factures:
        if part := parts.get(facture.pk):
            Facture.objects.filter(pk=facture.pk).update(regle=F("regle") + part)
            facture.regle += part
    return montant - sum(parts.values(), Decimal(0))


def liberer(paiement: Paiement, *, le: dt.datetime) -> list[Facture]:
    """Take back what a rejected payment had settled (household locked by the caller); return the bills due again."""
    imputees = {
        i["facture"]: i["total"]
        for i in paiement.imputations.values("facture").order_by().annotate(total=models.Sum("montant"))
    }
    factures = list(Facture.objects.filter(pk__in=[f for f, total in imputees.items() if total]).verrouillees())
    Imputation.objects.bulk_create(
        Imputation(facture=f, paiement=paiement, montant=-imputees[f.pk], le=le) for f in factures
    )
    for facture in factures:
        Facture.objects.filter(pk=facture.pk).update(regle=F("regle") - imputees[facture.pk])
        facture.regle -= imputees[facture.pk]
    return factures


def disponibles(famille: int) -> list[tuple[Paiement | Avoir, Decimal]]:
    """The avoirs, then the payments of a household that still hold euros, the oldest first. Household locked before."""
    return disponibles_des([famille]).get(famille, [])


def disponibles_des(familles: Iterable[int]) -> dict[int, list[tuple[Paiement | Avoir, Decimal]]]:
    """The same for many households, locked before, in two statements; those without euros are absent."""
    familles = list(familles)
    avoirs = avec_disponible(Avoir.objects.filter(famille__in=familles), "avoir").order_by("emis_le", "pk")
    paiements = avec_disponible(Paiement.objects.filter(famille__in=familles).valides(), "paiement").order_by(
        "recu_le", "pk"
    )
    restes: list[tuple[Paiement | Avoir, Decimal]] = [
        (a, a.total - a.impute - a.rembourse) for a in avoirs.filter(total__gt=F("impute") + F("rembourse"))
    ]
    restes += [
        (p, p.montant - p.impute - p.rembourse) for p in paiements.filter(montant__gt=F("impute") + F("rembourse"))
    ]
    trouves: dict[int, list[tuple[Paiement | Avoir, Decimal]]] = {}
    for source, reste in restes:
        trouves.setdefault(source.famille_id, []).append((source, reste))
    return trouves


def noter(factures: Iterable[Facture], nature: str, *, le: dt.datetime, par=None, texte: str = "") -> None:
    """Write the same event on each of these bills."""
    Evenement.objects.bulk_create(
        Evenement(facture=facture, nature=nature, le=le, par=par, texte=texte[:300]) for facture in factures
    )
