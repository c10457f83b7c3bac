"""The worker: mails, passwords to send, nightly housekeeping.

No booking, bill or payment depends on it: every task only resumes work that the database already holds.
"""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portail.settings")
app = Celery("portail")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
