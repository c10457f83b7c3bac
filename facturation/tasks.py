"""Tasks of the worker. Each resumes what the database holds: run twice, or late, it does no harm."""

from celery import shared_task
from django.utils import timezone

from facturation.models import TransactionEnLigne
from facturation.passerelle import PasserelleIndisponible
from facturation.regles_en_ligne import verifiee_a_l_instant
from facturation.services.avoirs import proposer_avoirs
from facturation.services.en_ligne import verifier, verifier_les_ouvertes


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
