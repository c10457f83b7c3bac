"""Tasks of the worker. Each resumes what the database holds: run twice, or late, it does no harm."""

import logging

from celery import shared_task

from comptes.atelier import ImprimanteEnPanne
from facturation.services.imprimer import imprimer

journal = logging.getLogger(__name__)
# Mails wait behind the printing of a month: no longer than this, then they go first.
SECONDES = 20


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
