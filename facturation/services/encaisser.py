"""Money received, whatever the means: one payment, its receipt, and the bills that it settles."""

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from comptes.francais import euros
from comptes.models import Utilisateur
from facturation.models import Compteur, Evenement, Facture, Paiement, Rejet
from facturation.services.imputer import imputer, liberer, noter, verrouiller_le_foyer
from facturation.services.numeros import prochains


def encaisser(
    *,
    famille: int,
    montant: Decimal,
    moyen: str,
    cle: str,
    recu_le: dt.datetime | None = None,
    par: Utilisateur | None = None,
    reference: str = "",
    d_abord: Iterable[int] = (),
) -> tuple[Paiement, bool]:
    """Record a payment once for all (`cle`), settle `d_abord` (bills by key, in that order), then the oldest bills.

    Returns the payment and whether it is new. What no bill absorbs stays an advance, imputed on the next bill.
    `montant` in euros, positive; `recu_le` is the day of value. Nothing is announced here: callers tell the household.
    """
    with transaction.atomic():
        verrouiller_le_foyer(famille)
        deja = Paiement.objects.filter(cle=cle).first()
        if deja:
            return deja, False
        maintenant = timezone.now()  # after the lock
        voulues = list(d_abord)
        dues = list(Facture.objects.filter(famille=famille).impayees().verrouillees())
        dues.sort(key=lambda f: (voulues.index(f.pk) if f.pk in voulues else len(voulues), f.emise_le, f.pk))
        (numero,) = prochains(Compteur.Serie.QUITTANCE, timezone.localdate(maintenant).year)
        paiement = Paiement.objects.create(
            famille_id=famille,
            numero=numero,
            moyen=moyen,
            montant=montant,
            recu_le=recu_le or maintenant,
            saisi_le=maintenant,
            saisi_par=par,
            reference=reference,
            cle=cle,
        )
        avant = {f.pk: f.regle for f in dues}
        imputer(paiement, dues, montant, le=maintenant)
        touchees = [f for f in dues if f.regle != avant[f.pk]]
        texte = f"{paiement.get_moyen_display()}, {euros(montant)}, quittance n° {numero}"
        noter(touchees, Evenement.Nature.PAIEMENT, le=maintenant, par=par, texte=texte)
    return paiement, True


def rejeter(
    *, paiement: Paiement, motif: str, par: Utilisateur | None = None, rejete_le: dt.datetime | None = None
) -> tuple[Rejet, bool]:
    """The bank took the money back: what it had settled is due again. Twice does it once."""
    with transaction.atomic():
        verrouiller_le_foyer(paiement.famille_id)
        deja = Rejet.objects.filter(paiement=paiement).first()
        if deja:
            return deja, False
        maintenant = timezone.now()
        rejet = Rejet.objects.create(
            paiement=paiement, motif=motif, enregistre_par=par, rejete_le=rejete_le or maintenant
        )
        factures = liberer(paiement, le=maintenant)
        texte = f"{euros(paiement.montant)}, quittance n° {paiement.numero} : {motif}"
        noter(factures, Evenement.Nature.REJET, le=maintenant, par=par, texte=texte)
    return rejet, True
