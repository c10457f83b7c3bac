"""The worker sends the queued mails: one sender at a time, whatever died before it.

post_office's own task keeps others out by a file that names a process. After a `kill -9` in a container that starts
again another process soon has that number, and no mail leaves any more.
"""

from celery import shared_task
from django.db import connection, transaction
from post_office.mail import get_queued, send_queued

VERROU = 7_303_014  # of PostgreSQL's advisory locks: any number of our own


@shared_task
def envoyer_les_courriels() -> None:
    """Batch by batch, until none is left. The lock ends with the transaction, hence with whoever holds it."""
    while True:
        with transaction.atomic():
            if not _seul():
                return  # the other one looks again after its last batch
            send_queued(processes=1)
        if not get_queued().exists():
            return


def _seul() -> bool:
    with connection.cursor() as curseur:
        curseur.execute("SELECT pg_try_advisory_xact_lock(%s)", [VERROU])
        return curseur.fetchone()[0]
