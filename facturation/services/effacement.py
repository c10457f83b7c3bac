"""The erasure of a household, in this room: what forbids it. Bills and payments stay, they are accounting.

Kept ten years with the names they print: code de commerce, art. L123-22; instruction codificatrice M57.
"""

import datetime as dt

from comptes.francais import euros
from comptes.models import Famille
from facturation.models import Facture, Mandat, Prelevement, TransactionEnLigne
from facturation.services.imputer import disponibles


def empechements(famille: Famille) -> list[str]:
    """Why the household cannot be erased yet, one sentence each."""
    reste = Facture.objects.filter(famille=famille).impayees().reste()
    avance = sum(montant for _, montant in disponibles(famille.pk))
    en_cours = (
        TransactionEnLigne.objects.filter(famille=famille).ouvertes().exists()
        or Prelevement.objects.filter(
            mandat__famille=famille, etat__in=[Prelevement.Etat.ANNONCE, Prelevement.Etat.REMIS]
        ).exists()
    )
    phrases = [
        (reste, f"{euros(reste)} restent à payer sur ses factures."),
        (avance, f"{euros(avance)} restent à lui rembourser ou à imputer."),
        (en_cours, "Un paiement est en cours : attendez son résultat."),
    ]
    return [phrase for oui, phrase in phrases if oui]


def clore(famille: Famille, *, maintenant: dt.datetime) -> None:
    """Its mandate ends; its bank account and the addresses given to PayFiP go. Household locked by the caller."""
    TransactionEnLigne.objects.filter(famille=famille).update(courriel="")
    Mandat.objects.filter(famille=famille).actifs().update(revoque_le=maintenant)
    Mandat.objects.filter(famille=famille).update(iban="")
