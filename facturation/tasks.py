"""Tasks of the worker. Run twice, or late, they do no harm."""

from celery import shared_task

from facturation.services.avoirs import proposer_avoirs


@shared_task
def proposer_les_avoirs() -> None:
    """Propose avoirs for the billed meals that are no longer due."""
    proposer_avoirs()
