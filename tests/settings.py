"""Settings of the tests: a private PostgreSQL of their own, never the demo's.

pytest-django reads the settings before any conftest, so the server starts here.
"""

import os

from portail.local.postgres import serveur_de_test

os.environ.setdefault("PORTAIL_DEMO", "1")
os.environ["DATABASE_URL"] = serveur_de_test()

from portail.settings import *  # noqa: E402, F403
