"""Connections beside the pool, and connections cut."""

from contextlib import contextmanager

import psycopg
from django.db import connection


def parametres() -> dict:
    """Of a connection that is not of the pool, to the same database."""
    return {nom: v for nom, v in connection.get_connection_params().items() if nom != "pool"}


@contextmanager
def ailleurs():
    with psycopg.connect(**parametres()) as sql:
        yield sql


def nouvelle_reserve() -> None:
    connection.close()
    connection.close_pool()


def couper_les_autres() -> int:
    """As PostgreSQL does when it is restarted; give how many connections it had."""
    with ailleurs() as sql:
        coupees = sql.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        ).fetchall()
    return len(coupees)
