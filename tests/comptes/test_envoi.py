"""The queue of mails is emptied by one sender at a time, and by the next one when it dies."""

import os
from contextlib import closing

import psycopg
import pytest
from celery import current_app
from django.conf import settings
from django.core import mail
from django.db import connection
from post_office.mail import send_queued_mail_until_done
from post_office.models import STATUS, Email

from comptes import envoi
from comptes.envoi import envoyer_les_courriels
from tests.pannes import ailleurs, couper_les_autres, parametres

pytestmark = pytest.mark.django_db(transaction=True)


def en_file(n: int) -> None:
    Email.objects.bulk_create(
        Email(from_email="a@exemple.fr", to=[f"p{rang}@exemple.fr"], subject=f"{rang}", status=STATUS.queued)
        for rang in range(n)
    )


def test_all_the_mails_leave_in_one_go_however_many():
    en_file(45)
    envoyer_les_courriels()
    assert len(mail.outbox) == 45
    assert set(Email.objects.values_list("status", flat=True)) == {STATUS.sent}


def test_one_sender_at_a_time_and_the_other_leaves_it_alone():
    en_file(1)
    with ailleurs() as sql:
        sql.execute("SELECT pg_advisory_xact_lock(%s)", [envoi.VERROU])
        envoyer_les_courriels()
        assert not mail.outbox
    envoyer_les_courriels()
    assert len(mail.outbox) == 1


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # a file that post_office leaves open
def test_a_sender_killed_while_it_sends_keeps_nobody_out(tmp_path):
    """Its place is free with its connection; post_office's lock (the control) outlives it under its number."""
    en_file(1)
    (tmp_path / "ancien.lock").write_text(str(os.getpid()))
    (tmp_path / "poste.lock").symlink_to(tmp_path / "ancien.lock")
    send_queued_mail_until_done(lockfile=str(tmp_path / "poste"))
    assert not mail.outbox
    with closing(psycopg.connect(**parametres())) as expediteur:
        expediteur.execute("SELECT pg_advisory_xact_lock(%s)", [envoi.VERROU])
        connection.close()
        assert couper_les_autres()
    envoyer_les_courriels()
    assert len(mail.outbox) == 1


def test_the_worker_knows_every_task_of_its_timetable():
    app = current_app._get_current_object()
    app.loader.import_default_modules()
    assert {prevue["task"] for prevue in settings.CELERY_BEAT_SCHEDULE.values()} <= set(app.tasks)
