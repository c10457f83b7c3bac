"""WSGI entry point, served by gunicorn."""

import gc
import os

from django.core.wsgi import get_wsgi_application

from portail.discretion import proteger_gunicorn

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portail.settings")
# Milliseconds. A page that waits longer is told to come back (503): its thread serves somebody else.
os.environ.setdefault("DB_DELAI_REQUETE", "15000")
os.environ.setdefault("DB_DELAI_VERROU", "5000")
application = get_wsgi_application()
proteger_gunicorn()
# What was loaded lives as long as the process: the collector does not look at it again, and comes less often. A
# calendar makes thousands of objects that nothing holds in a circle.
gc.freeze()
gc.set_threshold(50_000, 20, 20)
