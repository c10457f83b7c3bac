"""WSGI entry point, served by gunicorn."""

import os

from django.core.wsgi import get_wsgi_application

from portail.discretion import proteger_gunicorn

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portail.settings")
# Milliseconds. A page that waits longer is told to come back (503): its thread serves somebody else.
os.environ.setdefault("DB_DELAI_REQUETE", "15000")
os.environ.setdefault("DB_DELAI_VERROU", "5000")
application = get_wsgi_application()
proteger_gunicorn()
