"""Health, for proxies and supervisors: `/healthz` (the process answers) and `/readyz` (what it depends on answers too).

Both are public, without cookie or cache, and answer over plain HTTP. A probe must send a host of ALLOWED_HOSTS, as
everyone: `python -m portail.sonde /healthz` does so inside a container, from the host name in SITE_URL.
"""

import os
from pathlib import Path

import psycopg
import redis
from django.conf import settings
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.http import JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

DELAI = 2  # seconds: a probe that waits longer has given up already
_schema_a_jour = False  # migrations are only ever added by a new release, hence a new process


@require_safe
@never_cache
def healthz(request):
    return JsonResponse({"etat": "ok"})


@require_safe
@never_cache
def readyz(request):
    parties = {**etat_de_la_base(), "broker": broker_joignable()}
    pret = all(parties.values())
    noms = {nom: "ok" if bon else "indisponible" for nom, bon in parties.items()}
    return JsonResponse({"etat": "ok" if pret else "indisponible", **noms}, status=200 if pret else 503)


def etat_de_la_base() -> dict[str, bool]:
    """Ask through a connection of its own: neither an exhausted pool nor its 10 s patience is the probe's."""
    global _schema_a_jour
    parametres = {**connection.get_connection_params(), "connect_timeout": DELAI}
    try:
        with psycopg.connect(**parametres, autocommit=True) as liaison:
            liaison.execute("SELECT 1")
            if not _schema_a_jour:
                faites = set(liaison.execute("SELECT app, name FROM django_migrations").fetchall())
                _schema_a_jour = MigrationLoader(None).graph.nodes.keys() <= faites
    except psycopg.errors.UndefinedTable:
        return {"base": True, "migrations": False}
    except psycopg.Error:
        return {"base": False, "migrations": False}
    return {"base": True, "migrations": _schema_a_jour}


def broker_joignable() -> bool:
    if not settings.REDIS_URL:  # the demo's queue is a folder
        return os.access(Path(settings.VAR) / "celery", os.W_OK | os.X_OK)
    try:
        with redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=DELAI, socket_timeout=DELAI) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False
