"""Settings of the tests: a private PostgreSQL and folder of their own, never the demo's.

pytest-django reads the settings before any conftest, so the server starts here: once, in the process that hands out
the tests. Each of xdist's workers has its own database on it (`test_portail_gw0`) and its own folder.
"""

import os
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from portail.local.postgres import serveur_de_test

os.environ["PORTAIL_DEMO"] = "1"
A_NOUS = ("PAIEMENT_PASSERELLE", "PAYFIP_NUMCLI", "PAYFIP_SAISIE", "PAYFIP_URL")
for nom in ("REDIS_URL", "HTTPS", "PROXYS_DE_CONFIANCE", "ALLOWED_HOSTS", "SITE_URL", "PORT", *A_NOUS):
    os.environ.pop(nom, None)  # what the caller's shell says is not tested
OUVRIER = os.environ.get("PYTEST_XDIST_WORKER", "")  # set by xdist in its workers, which inherit the address too
if not OUVRIER:
    os.environ["DATABASE_URL"] = serveur_de_test()
# Queue, mails and files: under the server's folder, removed with it. The demo's worker must not take our tasks.
_dossier = Path(dict(parse_qsl(urlsplit(os.environ["DATABASE_URL"]).query))["host"]).parent / f"var{OUVRIER}"
os.environ["PORTAIL_VAR"] = str(_dossier)
for nom in ("celery", "celery-controle", "courriels", "static", "fichiers"):
    (_dossier / nom).mkdir(parents=True)

from portail.settings import *  # noqa: E402, F403
from portail.settings import POST_OFFICE, STORAGES  # noqa: E402

# Plain names: the hashed ones exist only after collectstatic.
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
ENVOI_DES_COURRIELS = "django.core.mail.backends.locmem.EmailBackend"
POST_OFFICE["BACKENDS"]["default"] = ENVOI_DES_COURRIELS
