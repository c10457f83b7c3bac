"""The régie's list of online payments against ours: what it says first, then what is missing is recorded, once."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.conf import settings
from django.core import signing
from django.db import models, transaction
from django.utils import timezone

from comptes.models import Utilisateur
from facturation import courriels_guichet
from facturation.models import Paiement, TransactionEnLigne
from facturation.releve import PAYES, LigneDeReleve
from facturation.services.en_ligne import avance
from facturation.services.encaisser import encaisser
from facturation.services.guichet import midi
from facturation.services.imputer import verrouiller_le_foyer

SEL = "facturation.releve"
VALIDITE = dt.timedelta(hours=2)
E = TransactionEnLigne.Etat


class Nature(models.TextChoices):
    A_ENREGISTRER = "a-enregistrer", "à enregistrer"
    DEJA = "deja", "déjà enregistré"
    INCONNUE = "inconnue", "référence inconnue"
    DIFFERENTE = "differente", "montant ou opération différents"
    CONTREDITE = "contredite", "payé chez nous, refusé sur le relevé"
    ESSAI = "essai", "paiement d’essai"
    DOUBLE = "double", "deux fois dans le fichier"
    NON_PAYEE = "non-payee", "non payé"


@dataclass(frozen=True)
class Difference:
    """A line, our transaction when we know it, and what is to be done of it."""

    ligne: LigneDeReleve
    nature: Nature
    transaction: TransactionEnLigne | None = None


def comparer(lignes: Sequence[LigneDeReleve]) -> list[Difference]:
    """What each line says of ours, in one statement. Writes nothing."""
    connues = TransactionEnLigne.objects.filter(refdet__in={ligne.refdet for ligne in lignes})
    par_refdet = {t.refdet: t for t in connues.select_related("famille", "facture")}
    payees = Counter(ligne.refdet for ligne in lignes if ligne.resultat in PAYES)
    vues: set[str] = set()
    differences = []
    for ligne in lignes:
        ours = par_refdet.get(ligne.refdet)
        nature = juger(ligne, ours)
        if nature is Nature.A_ENREGISTRER and payees[ligne.refdet] > 1:
            nature = Nature.DOUBLE if ligne.refdet in vues else nature
            vues.add(ligne.refdet)
        differences.append(Difference(ligne, nature, ours))
    return differences


def juger(ligne: LigneDeReleve, ours: TransactionEnLigne | None) -> Nature:
    """What a line says of our transaction."""
    if ours is None:
        return Nature.INCONNUE
    paye = ligne.resultat in PAYES
    if not paye:
        return Nature.CONTREDITE if ours.etat == E.PAYEE else Nature.NON_PAYEE
    if ligne.montant != ours.montant or (ligne.idop and ours.idop and ligne.idop != ours.idop):
        return Nature.DIFFERENTE
    if ours.etat == E.PAYEE:
        return Nature.DEJA
    if ours.saisie != "W" and not settings.DEMO:
        return Nature.ESSAI
    return Nature.A_ENREGISTRER


def appliquer(lignes: Iterable[LigneDeReleve], *, par: Utilisateur) -> list[Paiement]:
    """Record what is missing, each in its transaction: stopped, the same file goes on. Twice records once."""
    enregistres = []
    for difference in comparer(list(lignes)):
        if difference.nature is Nature.A_ENREGISTRER and difference.transaction:
            paiement = _crediter(difference.transaction, difference.ligne, par)
            if paiement:
                enregistres.append(paiement)
    return enregistres


def _crediter(connue: TransactionEnLigne, ligne: LigneDeReleve, par: Utilisateur) -> Paiement | None:
    """Under the locks, judged again: a notification may have credited it meanwhile."""
    with transaction.atomic():
        verrouiller_le_foyer(connue.famille_id)
        ours = TransactionEnLigne.objects.filter(pk=connue.pk).verrouillees().get()
        if juger(ligne, ours) is not Nature.A_ENREGISTRER:
            return None
        carte = ligne.resultat == "P"
        paiement, nouveau = encaisser(
            famille=ours.famille_id,
            montant=ours.montant,
            moyen=Paiement.Moyen.CARTE if carte else Paiement.Moyen.PRELEVEMENT_EN_LIGNE,
            # The key of the online payment: whoever learns it first credits it.
            cle=f"{ours.passerelle}:{ours.idop or ligne.idop or ours.refdet}",
            recu_le=midi(ligne.date),
            par=par,
            reference=ours.refdet,
            d_abord=[ours.facture_id],
        )
        ours.etat, ours.paiement, ours.resultat = E.PAYEE, paiement, ligne.resultat
        ours.idop, ours.verifiee_le = ours.idop or ligne.idop, timezone.now()
        ours.save(update_fields=["etat", "paiement", "resultat", "idop", "verifiee_le"])
        if nouveau:
            courriels_guichet.dire_l_encaissement(paiement, avance=avance(paiement))
    return paiement if nouveau else None


# --- Between the differences shown and their confirmation -------------------------------------------------------------
def sceller(lignes: Iterable[LigneDeReleve]) -> str:
    """The lines, signed, for the form that confirms them: the file is not kept."""
    cases = [[ligne.refdet, ligne.idop, ligne.date.isoformat(), str(ligne.montant), ligne.resultat] for ligne in lignes]
    return signing.dumps(cases, salt=SEL, compress=True)


def desceller(sceau: str) -> list[LigneDeReleve] | None:
    """The lines that were shown, None when they were not, or too long ago."""
    try:
        cases = signing.loads(sceau, salt=SEL, max_age=VALIDITE)
    except signing.BadSignature:
        return None
    return [
        LigneDeReleve(refdet, idop, dt.date.fromisoformat(jour), Decimal(montant), resultat)
        for refdet, idop, jour, montant, resultat in cases
    ]
