"""Tasks of the worker. Each resumes what the database holds: run twice, or late, it does no harm."""

from celery import shared_task


@shared_task
def servir_les_attentes() -> None:
    """Book or offer the places given to households that wait."""
