"""Suite-wide nets. The database server is started by tests/settings.py, before this file is read."""

import gc
import os
import shutil

import pytest
from django.db import connection, transaction
from django.test import TransactionTestCase

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
# Marker → (what it needs, the program found, the Debian package).
OUTILS = {
    "navigateur": ("Chromium", CHROMIUM, "chromium"),
    "lit_un_pdf": ("pdftotext", shutil.which("pdftotext"), "poppler-utils"),
}


# What Django makes after a migration, the same for every test.
A_DJANGO = {"django_migrations", "django_content_type", "auth_permission"}


def tables() -> list[str]:
    """The tables that tests fill."""
    return sorted(set(connection.introspection.django_table_names(only_existing=True)) - A_DJANGO)


def vider(test) -> None:
    """Empty the tables that a transactional test filled, and those alone.

    Django's flush truncates all of them, then makes the permissions again: three times as long. Without triggers: ours
    refuse that a proof is deleted.
    """
    with transaction.atomic(), connection.cursor() as curseur:
        curseur.execute(" UNION ALL ".join(f"SELECT '{t}' WHERE EXISTS (SELECT FROM {t})" for t in tables()))
        pleines = [table for (table,) in curseur.fetchall()]
        curseur.execute("SET LOCAL session_replication_role = replica")
        for table in pleines:
            curseur.execute(f"DELETE FROM {table}")


@pytest.fixture(scope="session", autouse=True)
def vidage_rapide():
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(TransactionTestCase, "_fixture_teardown", vider)
        yield


def pytest_xdist_auto_num_workers(config):
    """The whole suite takes every core; chosen tests take one process, for each worker builds a database first."""
    choisis = config.args_source is not config.ArgsSource.TESTPATHS or config.option.keyword or config.option.markexpr
    return 0 if choisis else len(os.sched_getaffinity(0))


def pytest_collection_finish():
    """What was imported stays: Python's collector need not walk through it again, nor come after every 700 objects."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def pytest_runtest_setup(item):
    """Without its tool a test is skipped under its own name; with CI=true it fails."""
    for marque, (nom, trouve, paquet) in OUTILS.items():
        if trouve or not item.get_closest_marker(marque):
            continue
        phrase = f"{item.nodeid} : {nom} manque (apt install {paquet})"
        if os.environ.get("CI", "").lower() in {"1", "true"}:
            pytest.fail(phrase, pytrace=False)
        pytest.skip(phrase)
