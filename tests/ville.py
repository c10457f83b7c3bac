"""The demo town of the tests: made once in a process, then copied back into empty tables.

Making it takes two seconds (three years of days, households that book, passwords hashed); the copy, a tenth of one.
"""

from collections.abc import Callable

import pytest
import time_machine
from django.db import connection, transaction

from comptes.models import Utilisateur
from portail.demo import creer_la_ville
from tests.conftest import tables

UN_MARDI = "2026-11-24T10:00:00+01:00"
Copies = dict[str, bytes]
copies: Copies = {}


def photographier(copies: Copies) -> None:
    """Keep what every table holds."""
    with connection.cursor() as curseur:
        for table in tables():
            with curseur.copy(f"COPY {table} TO STDOUT") as flux:
                contenu = b"".join(flux)
            if contenu:
                copies[table] = contenu


def reposer(copies: Copies) -> None:
    """Write it back, keys included, which no counter gives twice; without triggers, for their rows are in the copy."""
    with transaction.atomic(), connection.cursor() as curseur:
        curseur.execute("SET LOCAL session_replication_role = replica")
        for table, contenu in copies.items():
            curseur.execute(f"DELETE FROM {table}")  # what a migration wrote is in the copy too
            with curseur.copy(f"COPY {table} FROM STDIN") as flux:
                flux.write(contenu)
        curseur.execute("SET LOCAL session_replication_role = origin")  # a test's own transaction goes on


def poser(copies: Copies, creer: Callable[[], object]) -> None:
    """What `creer` makes, made once in a process and copied after that; no test may have written before."""
    if copies:
        reposer(copies)
    else:
        creer()
        photographier(copies)


def poser_la_ville() -> None:
    """The clock must be at `UN_MARDI`, and no test have written before."""
    poser(copies, creer_la_ville)


@pytest.fixture
def ville(transactional_db):
    """The demo town on a school day, seen by the mother of two children."""
    with time_machine.travel(UN_MARDI, tick=True):
        poser_la_ville()
        yield Utilisateur.objects.get(email="parent@exemple.fr")
