"""`kill -9` of a PostgreSQL of its own, with all its children: what it had acknowledged, and the pool of the portal."""

import shutil
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

import pytest
from django.db import connection, connections
from django.db.backends.postgresql.base import DatabaseWrapper

from portail.local import postgres
from portail.settings import base_de_donnees


@pytest.fixture
def dossier():
    cree = Path(mkdtemp(prefix="portail-panne-"))
    yield cree
    shutil.rmtree(cree, ignore_errors=True)


@contextmanager
def liaison(serveur, **options):
    """A connection of the portal to this server, with its own pool."""
    reglages = {**connection.settings_dict, **base_de_donnees(serveur.url)}
    reglages["OPTIONS"] |= options
    connections["panne"] = DatabaseWrapper(reglages, alias="panne")
    try:
        yield connections["panne"]
    finally:
        connections["panne"].close_pool()
        del connections["panne"]


@pytest.mark.django_db
def test_what_postgresql_has_acknowledged_outlives_kill_9_and_the_pool_reconnects_by_itself(dossier):
    """The control writes as the demo's server does, `synchronous_commit=off`: what was acknowledged is lost."""
    serveur = postgres.demarrer(dossier, durable=True)
    try:
        with liaison(serveur) as durable:
            demander(durable, "ALTER SYSTEM SET wal_writer_delay = '10s'", "SELECT pg_reload_conf()")
            demander(durable, "CREATE TABLE recapitulatif (n int)")
            for n in range(10):
                demander(durable, f"INSERT INTO recapitulatif VALUES ({n})")
            serveur.tuer()
            serveur = postgres.demarrer(dossier, durable=True)
            assert demander(durable, "SELECT count(*) FROM recapitulatif") == 10
        with liaison(serveur, options="-c synchronous_commit=off") as sans:
            demander(sans, "INSERT INTO recapitulatif VALUES (10)")
            assert demander(sans, "SELECT count(*) FROM recapitulatif") == 11
            serveur.tuer()
            serveur = postgres.demarrer(dossier, durable=True)
            assert demander(sans, "SELECT count(*) FROM recapitulatif") == 10
    finally:
        serveur.arreter()


def demander(liaison: DatabaseWrapper, *requetes: str) -> int | None:
    """Statements of one request of the web server: each takes its connection from the pool, and gives it back."""
    with liaison.cursor() as curseur:
        for requete in requetes:
            curseur.execute(requete)
        lu = curseur.fetchone()[0] if curseur.description else None
    liaison.close()
    return lu
