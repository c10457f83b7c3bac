"""Tasks of the worker. Each resumes what the database holds: run twice, or late, it does no harm."""

import logging

from celery import shared_task
from django.utils import timezone

from comptes.atelier import ImprimanteEnPanne
from facturation.models import TransactionEnLigne
from facturation.passerelle import PasserelleIndisponible
from facturation.regles_en_ligne import verifiee_a_l_instant
from facturation.services.avoirs import proposer_avoirs
from facturation.services.en_ligne import verifier, verifier_les_ouvertes
from facturation.services.imprimer import imprimer

journal = logging.getLogger(__name__)
# Mails wait behind the printing of a month: no longer than this, then they go first.
SECONDES = 20


@shared_task
def verifier_les_paiements() -> None:
    """Settle the payments online whose notification and return were lost."""
    verifier_les_ouvertes()


@shared_task
def verifier_un_paiement(pk: int) -> None:
    """After a notification. A gateway that is down does not matter: the sweep asks again."""
    ligne = TransactionEnLigne.objects.filter(pk=pk).first()
    if ligne and not verifiee_a_l_instant(ligne, timezone.now()):
        try:
            verifier(ligne)
        except PasserelleIndisponible:
            return


@shared_task
def proposer_les_avoirs() -> None:
    """Propose avoirs for the billed meals that are no longer due."""
    proposer_avoirs()


@shared_task
def imprimer_les_pieces() -> None:
    """Make the PDFs of the bills, avoirs and receipts that have none. What is left is for the next sweep."""
    try:
        _, ratees = imprimer(secondes=SECONDES, mains=1)
    except ImprimanteEnPanne as erreur:
        journal.warning("Aucun PDF : %s", erreur)
        return
    for ratee in ratees:
        journal.error("PDF non fait, %s", ratee)
