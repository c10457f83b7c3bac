"""No secret address in the logs: the lines of gunicorn, really started, and ours."""

import logging
import os
import re
import subprocess
import sys
import time
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
import yaml
from django.conf import settings
from django.db import connection
from django.urls import URLPattern, get_resolver

from portail.bench.lancer import port_libre
from portail.discretion import SansAdresseSecrete, masquer

JETON = "0f3c5a1e-7b2d-4c8e-9a6f-112233445566"
FLUX = f"/reservations/flux/{JETON}.ics"


@pytest.mark.parametrize(
    ("ligne", "attendue"),
    [
        (f'"GET {FLUX} HTTP/1.1" 200', '"GET /reservations/flux/*** HTTP/1.1" 200'),
        (f'"GET {FLUX}?x=1 HTTP/1.1"', '"GET /reservations/flux/***?x=1 HTTP/1.1"'),
        (f'"GET /static/a.css" "http://x/rappels/{JETON}/"', '"GET /static/a.css" "http://x/rappels/***"'),
        (f"GET /reservations/fl%75x/%30{JETON[1:]}.ics", "GET /reservations/flux/***"),
        (f"GET /reservations/flux/{JETON}%0Afausse", "GET /reservations/flux/***?fausse"),
        ("GET /connexion/france-connect/retour/?code=a&state=b H", "GET /connexion/france-connect/retour/?*** H"),
        ('"GET /v3/dss/quotient_familial/identite?n=D%27ARC%0A H"', '"GET /v3/dss/quotient_familial/identite?***'),
        ("GET /reservations/flux/ HTTP/1.1", "GET /reservations/flux/ HTTP/1.1"),
        ("POST /compte/rappels/ HTTP/1.1", "POST /compte/rappels/ HTTP/1.1"),
        ("GET /reservations/operations/2026-000012/?a=%C3%A9", "GET /reservations/operations/2026-000012/?a=%C3%A9"),
    ],
)
def test_a_line_loses_its_secret_and_nothing_else(ligne, attendue):
    assert masquer(ligne) == attendue


def adresses(motifs=None, debut=""):
    for motif in get_resolver().url_patterns if motifs is None else motifs:
        if isinstance(motif, URLPattern):
            yield "/" + debut + str(motif.pattern)
        else:
            yield from adresses(motif.url_patterns, debut + str(motif.pattern))


def test_every_address_with_a_token_is_masked():
    secretes = [a for a in adresses() if "jeton" in a]
    assert len(secretes) >= 2
    for adresse in secretes:
        assert "jeton" not in masquer(adresse.replace("<uuid:", "<").replace("<str:", "<")), adresse


def test_our_own_lines_go_through_the_same_mask():
    assert settings.LOGGING["root"]["handlers"] == list(settings.LOGGING["handlers"])
    assert all("discretion" in h["filters"] for h in settings.LOGGING["handlers"].values())
    ligne = logging.LogRecord("django.request", logging.WARNING, "", 0, "Not Found: %s", (FLUX,), None)
    assert SansAdresseSecrete().filter(ligne)
    assert ligne.getMessage() == "Not Found: /reservations/flux/***"


def test_the_proxy_masks_what_we_mask():
    compose = yaml.safe_load((settings.BASE_DIR / "docker-compose.yml").read_text())
    regles = re.findall(r'regexp "([^"]+)"', compose["configs"]["caddyfile"]["content"])
    assert len(regles) == 2
    for regle in regles:
        assert [m[0] for m in re.finditer(regle, f"{FLUX}?x=1")] == [FLUX]
        assert re.search(regle, f"http://x/rappels/{JETON}/")[0] == f"/rappels/{JETON}/"


def demander(adresse: str, referent: str = "") -> None:
    limite = time.monotonic() + 20
    while True:
        try:
            urlopen(Request(adresse, headers={"Referer": referent}), timeout=10).close()
            return
        except HTTPError as reponse:
            reponse.close()
            return
        except OSError:
            assert time.monotonic() < limite
            time.sleep(0.05)


@pytest.mark.django_db(transaction=True)
def test_gunicorn_started_as_in_production_writes_no_secret(tmp_path):
    base = os.environ["DATABASE_URL"].replace("/portail?", f"/{connection.settings_dict['NAME']}?")
    port, journal = port_libre(), tmp_path / "journal"
    mots = [sys.executable, "-m", "gunicorn", "portail.wsgi", "--bind", f"127.0.0.1:{port}", "--no-control-socket"]
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "portail.settings", "DATABASE_URL": base, "LOG_LEVEL": "INFO"}
    with journal.open("wb") as sortie:
        serveur = subprocess.Popen([*mots, "--access-logfile", "-"], env=env, stdout=sortie, stderr=sortie)
    try:
        demander(f"http://127.0.0.1:{port}{FLUX}")
        demander(f"http://127.0.0.1:{port}/healthz", f"http://127.0.0.1:{port}/rappels/{JETON}/")
        demander(f"http://127.0.0.1:{port}/rappels/{JETON}/")
    finally:
        serveur.terminate()
        serveur.wait(20)
    texte = journal.read_text()
    assert '"GET /reservations/flux/*** HTTP/1.1" 404' in texte
    assert f'"http://127.0.0.1:{port}/rappels/***"' in texte
    assert "Not Found: /reservations/flux/***" in texte
    assert '"GET /rappels/*** HTTP/1.1"' in texte
    assert JETON not in texte
