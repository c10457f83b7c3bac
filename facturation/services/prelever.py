"""Direct debits: announced, put in a lot (pain.008), handed to the bank, recorded at the day of value.

Locks: the households, their bills, then the counters; never the other way.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from sepaxml import SepaDD

from comptes.francais import INSECABLE, date_courte, euros
from comptes.models import Utilisateur
from facturation import courriels_guichet
from facturation.chiffre import dechiffrer
from facturation.models import Evenement, Facture, LotDePrelevements, Mandat, Paiement, Prelevement
from facturation.services.encaisser import encaisser
from facturation.services.guichet import midi
from facturation.services.imputer import noter, verrouiller_les_foyers
from facturation.services.mandats import ouvert

SCHEMA = "pain.008.001.02"
E = Prelevement.Etat
PHRASE_FERMEE = f"Le prélèvement automatique n’est pas ouvert{INSECABLE}: l’ICS, l’IBAN ou le BIC de la régie manquent."


@dataclass
class Bilan:
    annonces: int = 0
    montant: Decimal = Decimal(0)
    payes: int = 0


def a_annoncer():
    """Bills that a mandate in course pays, not announced yet nor rejected once, not carried onto the next."""
    return (
        Facture.objects.impayees()
        .filter(famille__mandats__revoque_le=None, famille__mandats__isnull=False, reportee_sur=None)
        .exclude(prelevements__etat__in=[E.ANNONCE, E.REMIS, E.REJETE])
    )


def preparer(*, appliquer: bool) -> Bilan:
    """Announce what is to be debited; record the debits handed over whose day has come. Simulates by default."""
    bilan = Bilan()
    if not ouvert():
        raise ValidationError(PHRASE_FERMEE)
    for famille in sorted(set(a_annoncer().values_list("famille", flat=True))):
        annonces = _annoncer(famille) if appliquer else list(a_annoncer().filter(famille=famille))
        bilan.annonces += len(annonces)
        bilan.montant += sum((a.montant if isinstance(a, Prelevement) else a.reste for a in annonces), Decimal(0))
    echus = Prelevement.objects.filter(etat=E.REMIS, paiement=None, date__lte=timezone.localdate())
    for prelevement in echus.select_related("mandat", "facture"):
        bilan.payes += _payer(prelevement) if appliquer else 1
    return bilan


def _annoncer(famille: int) -> list[Prelevement]:
    with transaction.atomic():
        verrouiller_les_foyers([famille])
        factures = list(Facture.objects.filter(pk__in=a_annoncer().filter(famille=famille)).verrouillees())
        mandat = Mandat.objects.filter(famille=famille).actifs().first()
        if mandat is None or not factures:
            return []
        maintenant = timezone.now()
        plus_tot = timezone.localdate(maintenant) + dt.timedelta(days=settings.REGIE["preavis_jours"])
        prelevements = Prelevement.objects.bulk_create(
            Prelevement(
                mandat=mandat,
                facture=facture,
                montant=facture.reste,
                date=max(plus_tot, facture.echeance or plus_tot),
                sequence="RCUR",
                annonce_le=maintenant,
            )
            for facture in factures
        )
        for p in prelevements:
            titre = f"Prélèvement de {euros(p.montant)} le {date_courte(p.date)}"
            texte = f"Facture n° {p.facture.numero}, sur le compte se terminant par {mandat.fin_iban}."
            contexte = {"prelevement": p, "mandat": mandat, "facture": p.facture, "regie": settings.REGIE}
            courriels_guichet.dire(
                famille, "prelevement_annonce", titre, texte, contexte, lien=reverse("facturation:mandat")
            )
    return prelevements


def faire_le_lot(*, jusqu_au: dt.date, par: Utilisateur | None) -> LotDePrelevements | None:
    """The file for the bank of the debits announced until a day; None when there is none. What is paid is withdrawn."""
    with transaction.atomic():
        voulus = Prelevement.objects.filter(etat=E.ANNONCE, lot=None, date__lte=jusqu_au)
        verrouiller_les_foyers(set(voulus.values_list("facture__famille", flat=True)))
        maintenant = timezone.now()
        choisis = list(voulus.select_related("mandat", "facture").order_by("mandat", "pk"))
        factures = {f.pk: f for f in Facture.objects.filter(pk__in=[p.facture_id for p in choisis]).verrouillees()}
        gardes = []
        commences = set(
            Prelevement.objects.filter(mandat__in={p.mandat_id for p in choisis}, etat__in=[E.REMIS, E.PAYE])
            .values_list("mandat", flat=True)
        )  # fmt: skip
        for p in choisis:
            p.montant = min(p.montant, factures[p.facture_id].reste)
            if p.montant <= 0 or p.mandat.revoque_le or not dechiffrer(p.mandat.iban):
                Prelevement.objects.filter(pk=p.pk).update(etat=E.RETIRE)
                continue
            p.sequence = "RCUR" if p.mandat_id in commences else "FRST"
            commences.add(p.mandat_id)
            gardes.append(p)
        if not gardes:
            return None
        aujourdhui = timezone.localdate(maintenant)
        jour = max(aujourdhui, *(p.date for p in gardes))
        lot = LotDePrelevements.objects.create(
            date=jour, cree_le=maintenant, cree_par=par, message=f"LOT{maintenant:%Y%m%d%H%M%S%f}"
        )
        for p in gardes:
            p.lot, p.date = lot, max(p.date, aujourdhui)  # each on the day that was announced
        Prelevement.objects.bulk_update(gardes, ["lot", "date", "montant", "sequence"], batch_size=500)
        lot.xml = pain008(lot, gardes)
        lot.save(update_fields=["xml"])
    return lot


def pain008(lot: LotDePrelevements, prelevements: Sequence[Prelevement]) -> str:
    """The file of a lot, validated against the schema of the library."""
    regie = settings.REGIE
    configuration = {
        "name": str(regie["nom"]),
        "IBAN": str(regie["iban"]).replace(" ", ""),
        "BIC": str(regie["bic"]),
        "batch": True,
        "creditor_id": str(regie["ics"]),
        "currency": "EUR",
    }
    sepa = SepaDD(configuration, schema=SCHEMA, clean=True)
    for p in prelevements:
        paiement = {
            "name": p.mandat.titulaire,
            "IBAN": dechiffrer(p.mandat.iban),
            "amount": int(p.montant * 100),
            "type": p.sequence,
            "collection_date": p.date,
            "mandate_id": p.mandat.rum,
            "mandate_date": timezone.localdate(p.mandat.signe_le),
            "description": f"Restauration scolaire facture {p.facture.numero}",
            "endtoend_id": f"{p.facture.numero}-{p.pk}",
        }
        if p.mandat.bic:
            paiement["BIC"] = p.mandat.bic
        sepa.add_payment(paiement)
    return sepa.export(validate=True).decode()


def remettre(*, lot: LotDePrelevements, par: Utilisateur | None) -> bool:
    """The file was handed to the bank. Twice does it once."""
    with transaction.atomic():
        maintenant = timezone.now()
        if not LotDePrelevements.objects.filter(pk=lot.pk, remis_le=None).update(remis_le=maintenant):
            return False
        lot.prelevements.filter(etat=E.ANNONCE).update(etat=E.REMIS)
        factures = [p.facture for p in lot.prelevements.select_related("facture")]
        texte = f"Prélèvement remis à la banque pour le {date_courte(lot.date)}"
        noter(factures, Evenement.Nature.PAIEMENT, le=maintenant, par=par, texte=texte)
    return True


def _payer(prelevement: Prelevement) -> bool:
    """The day of value has come: one payment. Rejected later, `rejeter` reopens the debt."""
    with transaction.atomic():
        verrouiller_les_foyers([prelevement.facture.famille_id])
        relu = Prelevement.objects.select_for_update(of=("self",), no_key=True).get(pk=prelevement.pk)
        if relu.etat != E.REMIS or relu.paiement_id:
            return False
        paiement, nouveau = encaisser(
            famille=prelevement.facture.famille_id,
            montant=relu.montant,
            moyen=Paiement.Moyen.PRELEVEMENT,
            cle=f"prelevement:{relu.pk}",
            recu_le=midi(relu.date),
            reference=prelevement.mandat.rum,
            d_abord=[relu.facture_id],
        )
        relu.paiement, relu.etat = paiement, E.PAYE
        relu.save(update_fields=["paiement", "etat"])
        if nouveau:
            courriels_guichet.dire_l_encaissement(paiement, avance=Decimal(0))
    return nouveau
