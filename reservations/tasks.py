"""Tasks of the worker. Each resumes what the database holds: run twice, or late, it does no harm."""

from celery import shared_task

from reservations.services.attente import servir
from reservations.services.messages import annoncer_les_textes, poster_les_courriels
from reservations.services.premiere import balayer
from reservations.services.rappels import rappeler


@shared_task
def servir_les_attentes() -> None:
    """Book or offer the places given to households that wait."""
    servir()


@shared_task
def envoyer_les_rappels() -> None:
    """Remind the households that have booked nothing for a week whose cut-off comes."""
    rappeler()


@shared_task
def envoyer_les_messages() -> None:
    """Tell of the texts to sign, then queue the mails of the messages of the town, from where the last run stopped."""
    annoncer_les_textes()
    poster_les_courriels()


@shared_task
def effacer_les_premieres_demandes() -> None:
    """Delete the first requests never handed in, and the papers of those answered."""
    balayer()
