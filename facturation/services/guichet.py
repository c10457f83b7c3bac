"""The régisseur's desk: money recorded by hand, or taken back by the bank; the household is told once."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from comptes.models import Famille, Utilisateur
from facturation import courriels_guichet
from facturation.models import Facture, Paiement, Prelevement, Rejet
from facturation.services.en_ligne import avance
from facturation.services.encaisser import encaisser, rejeter
from facturation.services.imputer import repartir

AU_GUICHET = [Paiement.Moyen.ESPECES, Paiement.Moyen.CHEQUE, Paiement.Moyen.CESU, Paiement.Moyen.VIREMENT]


@dataclass(frozen=True)
class Apercu:
    """What a payment would settle: bills with their share, and what stays an advance."""

    parts: list[tuple[Facture, Decimal]]
    avance: Decimal


def dues(famille: Famille, d_abord: int | None = None) -> list[Facture]:
    """The unpaid bills in the order in which a payment settles them, the one chosen first."""
    factures = Facture.objects.filter(famille=famille).impayees().select_related("facturation")
    return sorted(factures, key=lambda f: (f.pk != d_abord, f.emise_le, f.pk))


def apercu(famille: Famille, montant: Decimal, d_abord: int | None = None) -> Apercu:
    """What would be settled now. Writes nothing."""
    factures = dues(famille, d_abord)
    parts = repartir([(f.pk, f.reste) for f in factures], montant)
    par_cle = {f.pk: f for f in factures}
    return Apercu([(par_cle[pk], part) for pk, part in parts], montant - sum((p for _, p in parts), Decimal(0)))


def midi(jour: dt.date) -> dt.datetime:
    """The instant of a day of value: noon in the town, never in the future."""
    instant = timezone.make_aware(dt.datetime.combine(jour, dt.time(12)))
    return min(instant, timezone.now())


def enregistrer(
    *,
    famille: int,
    moyen: str,
    montant: Decimal,
    recu_le: dt.date,
    cle: str,
    par: Utilisateur,
    reference: str = "",
    d_abord: int | None = None,
) -> tuple[Paiement, bool]:
    """Record money received by the régie, once (`cle`), and tell the household."""
    with transaction.atomic():
        paiement, nouveau = encaisser(
            famille=famille,
            montant=montant,
            moyen=moyen,
            cle=cle,
            recu_le=midi(recu_le),
            par=par,
            reference=reference,
            d_abord=[d_abord] if d_abord else [],
        )
        if nouveau:
            courriels_guichet.dire_l_encaissement(paiement, avance=avance(paiement))
    return paiement, nouveau


def reprendre(*, paiement: Paiement, motif: str, par: Utilisateur | None) -> tuple[Rejet, bool]:
    """The bank took the money back: reopen what it had settled, once, and tell the household."""
    with transaction.atomic():
        rejet, nouveau = rejeter(paiement=paiement, motif=motif, par=par)
        if nouveau:
            Prelevement.objects.filter(paiement=paiement).update(etat=Prelevement.Etat.REJETE)
            courriels_guichet.dire_le_rejet(rejet)
    return rejet, nouveau
