import pytest
from django.test import Client

from portail import sante


@pytest.fixture(autouse=True)
def _schema_inconnu(monkeypatch):
    monkeypatch.setattr(sante, "_schema_a_jour", False)


def test_alive_answers_without_database_cookie_or_cache(client):
    reponse = client.get("/healthz")
    assert reponse.status_code == 200
    assert reponse.json() == {"etat": "ok"}
    assert "no-store" in reponse["Cache-Control"]
    assert not reponse.cookies


@pytest.mark.django_db
def test_ready_names_each_part(client):
    reponse = client.get("/readyz")
    assert reponse.status_code == 200
    assert reponse.json() == {"etat": "ok", "base": "ok", "migrations": "ok", "broker": "ok"}
    assert "no-store" in reponse["Cache-Control"]
    assert not reponse.cookies


@pytest.mark.django_db
def test_ready_needs_the_broker(client, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    reponse = client.get("/readyz")
    assert reponse.status_code == 503
    assert reponse.json()["broker"] == "indisponible"
    assert reponse.json()["base"] == "ok"


def test_ready_needs_the_database(client, monkeypatch):
    ailleurs = {"host": "/nulle/part", "dbname": "portail"}
    monkeypatch.setattr(sante.connection, "get_connection_params", lambda: ailleurs, raising=False)
    reponse = client.get("/readyz")
    assert reponse.status_code == 503
    assert reponse.json() == {
        "etat": "indisponible",
        "base": "indisponible",
        "migrations": "indisponible",
        "broker": "ok",
    }


@pytest.mark.django_db
def test_ready_needs_every_migration(client, monkeypatch):
    class Chargeur(sante.MigrationLoader):
        def build_graph(self):
            super().build_graph()
            self.graph.add_node(("comptes", "9999_pas_encore_appliquee"), None)

    monkeypatch.setattr(sante, "MigrationLoader", Chargeur)
    reponse = client.get("/readyz")
    assert reponse.status_code == 503
    assert reponse.json()["migrations"] == "indisponible"


def test_health_answers_over_plain_http_in_production(settings):
    settings.SECURE_SSL_REDIRECT = True
    assert Client().get("/healthz").status_code == 200


def test_health_cannot_be_posted_to(client):
    assert client.post("/healthz").status_code == 405
