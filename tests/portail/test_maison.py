"""What a newcomer or an operator meets before any page: settings that refuse, launcher that explains."""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from portail.local import amorce, controles, lancer, postgres
from portail.local.processus import ErreurLocale, attendre_la_fin, commande, depart, vivant
from portail.settings import base_de_donnees
from portail.sonde import sonder

RACINE = Path(__file__).resolve().parent.parent.parent
PRODUCTION = controles.environnement_de_production()


def regler(**variables):
    """Load the settings in a process with these variables alone; give its exit code and what it said."""
    env = {"PATH": os.environ["PATH"], **variables}
    mots = [sys.executable, "-c", "import portail.settings as s; print(s.DEMO, s.HTTPS, s.DEBUG)"]
    fini = subprocess.run(mots, cwd=RACINE, env=env, text=True, capture_output=True, check=False)
    return fini.returncode, fini.stdout + fini.stderr


# --- Settings --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("absente", ["SECRET_KEY", "SITE_URL", "DATABASE_URL"])
@pytest.mark.parametrize("vide", [False, True])
def test_production_refuses_to_start_without(absente, vide):
    variables = {**PRODUCTION, absente: ""} if vide else {n: v for n, v in PRODUCTION.items() if n != absente}
    code, texte = regler(**variables)
    assert code != 0
    assert f"La variable {absente} est obligatoire" in texte


def test_a_database_address_alone_makes_it_production():
    code, texte = regler(DATABASE_URL="postgresql://base.exemple.fr/portail")
    assert code != 0
    assert "SECRET_KEY est obligatoire" in texte


def test_production_starts_with_its_variables_over_https_without_debug():
    assert regler(**PRODUCTION) == (0, "False True False\n")


@pytest.mark.parametrize(
    ("variables", "phrase"),
    [
        ({"PAYFIP_URL": "http://127.0.0.1:8001"}, "le PayFiP simulé est pour la démonstration seule"),
        ({"PAYFIP_NUMCLI": ""}, "PAYFIP_NUMCLI doit être"),
        ({}, ""),
    ],
)
def test_production_refuses_the_simulated_payment_service(variables, phrase):
    payfip = {"PAIEMENT_PASSERELLE": "payfip", "PAYFIP_NUMCLI": "123456", "PAYFIP_SAISIE": "W"}
    code, texte = regler(**PRODUCTION, **{**payfip, **variables})
    assert (code != 0, phrase in texte) == (bool(phrase), True)


def test_a_number_that_is_none_is_named():
    code, texte = regler(**PRODUCTION, SESSION_INACTIVITE_MINUTES="trente")
    assert code != 0
    assert "SESSION_INACTIVITE_MINUTES doit être un nombre entier, pas « trente »" in texte


@pytest.mark.parametrize("url", ["sqlite:///base.sqlite3", "mysql://base/portail", "portail", ""])
def test_only_postgresql_is_accepted(url):
    with pytest.raises(Exception, match=r"postgresql://"):
        base_de_donnees(url)


def test_a_database_address_may_hold_a_socket_folder_and_odd_characters():
    base = base_de_donnees("postgresql://p%40s:m%2Fdp@/ma%20base?host=%2Fun%20dossier%2Fs&sslmode=require")
    assert (base["USER"], base["PASSWORD"], base["NAME"]) == ("p@s", "m/dp", "ma base")
    assert base["HOST"] == "/un dossier/s"
    assert base["OPTIONS"]["sslmode"] == "require"


def test_a_command_while_the_demo_is_stopped_says_what_to_do(tmp_path):
    env = {"PATH": os.environ["PATH"], "PORTAIL_VAR": str(tmp_path)}
    mots = [sys.executable, "manage.py", "migrate"]
    fini = subprocess.run(mots, cwd=RACINE, env=env, text=True, capture_output=True, check=False)
    assert fini.returncode == 1
    assert fini.stderr.strip() == postgres.ARRETE


# --- PostgreSQL ------------------------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_the_server_of_the_tests_is_private_and_knows_french():
    assert postgres.PREFIXE_ESSAIS in settings.DATABASES["default"]["HOST"]
    assert Path(settings.DATABASES["default"]["HOST"]).stat().st_mode & 0o077 == 0
    with connection.cursor() as curseur:
        curseur.execute("SELECT upper('é'), current_setting('listen_addresses')")
        assert curseur.fetchone() == ("É", "")


def test_initdb_uses_the_builtin_locale_when_it_exists():
    assert "--builtin-locale=C.UTF-8" in postgres.options_initdb(18)
    assert "--locale=C.UTF-8" in postgres.options_initdb(15)


def test_the_address_of_the_demo_is_read_from_its_file(tmp_path):
    assert not postgres.repond(postgres.url_de_la_demo(tmp_path))
    (tmp_path / postgres.FICHIER_URL).write_text("postgresql://portail@/portail?host=%2Ftmp%2Fici\n")
    assert postgres.url_de_la_demo(tmp_path) == "postgresql://portail@/portail?host=%2Ftmp%2Fici"


def test_a_folder_is_reachable_only_if_each_parent_is(tmp_path):
    ferme = tmp_path / "ferme"
    (ferme / "dedans").mkdir(parents=True)
    autre = postgres.Compte(uid=54321, gid=54321)
    ferme.chmod(0o700)
    assert not postgres.franchissable(ferme / "dedans", autre)
    assert postgres.franchissable(Path("/usr"), autre)


def test_data_of_another_version_is_refused_in_one_sentence(tmp_path):
    donnees = tmp_path / "donnees"
    donnees.mkdir()
    (donnees / "PG_VERSION").write_text("9\n")
    with pytest.raises(ErreurLocale, match=r"vient de PostgreSQL 9 .* supprimez ce dossier"):
        postgres._lancer(donnees, tmp_path, postgres.compte(), [])


# --- Launcher --------------------------------------------------------------------------------------------------------
def test_a_recycled_pid_is_not_taken_for_the_launcher(tmp_path, monkeypatch):
    monkeypatch.setattr(lancer, "ETAT", tmp_path / "run.json")
    assert lancer.lire_etat() == {}
    (tmp_path / "run.json").write_text(json.dumps({"pid": os.getpid(), "depart": "1", "adresse": "x"}))
    assert lancer.lire_etat() == {}
    lancer.prendre_la_place(8000)  # the stale file gives way
    assert lancer.lire_etat()["pid"] == os.getpid()
    with pytest.raises(lancer.DejaLance) as deja:
        lancer.prendre_la_place(8001)
    assert "Le portail tourne déjà : http://127.0.0.1:8000/" in deja.value.phrase


@pytest.mark.parametrize("contenu", ["", "{", "[]", '{"pid": "x"}', "null"])
def test_a_damaged_state_file_means_that_nothing_runs(tmp_path, monkeypatch, contenu):
    monkeypatch.setattr(lancer, "ETAT", tmp_path / "run.json")
    (tmp_path / "run.json").write_text(contenu)
    assert lancer.lire_etat() == {}


@pytest.mark.parametrize("port", ["abc", "0", "70000", "-1", "80 80", "²"])
def test_a_wrong_port_is_named(monkeypatch, port):
    monkeypatch.setenv("PORT", port)
    with pytest.raises(ErreurLocale, match="entre 1 et 65535"):
        lancer.lire_port()


def test_a_taken_port_is_told_with_a_way_out(monkeypatch):
    with socket.socket() as occupant:
        occupant.bind(("127.0.0.1", 0))
        occupant.listen()
        monkeypatch.setenv("PORT", str(occupant.getsockname()[1]))
        with pytest.raises(ErreurLocale, match="déjà pris par un autre programme"):
            lancer.lire_port()


def test_the_demo_ignores_the_variables_of_a_real_installation(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://production/portail")
    monkeypatch.setenv("REDIS_URL", "redis://production")
    env = lancer.environnement(8123)
    assert not {"DATABASE_URL", "REDIS_URL"} & set(env)
    assert (env["PORTAIL_DEMO"], env["PORT"]) == ("1", "8123")


def test_a_process_is_known_by_pid_and_start_until_it_ends():
    enfant = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    debut = depart(enfant.pid)
    assert vivant(enfant.pid, debut)
    assert not vivant(enfant.pid, "1")
    limite = time.monotonic() + 5
    while "import time; time.sleep(60)" not in commande(enfant.pid) and time.monotonic() < limite:
        pass  # between fork and exec it still bears our own command line
    assert commande(enfant.pid)[-1] == "import time; time.sleep(60)"
    enfant.kill()
    enfant.wait()
    assert depart(enfant.pid) == ""
    assert attendre_la_fin(enfant.pid, debut, 1)


@pytest.mark.parametrize(
    ("sortie", "phrase"),
    [
        ("OSError: [Errno 28] No space left on device", "Le disque est plein"),
        ("THESE PACKAGES DO NOT MATCH THE HASHES FROM", "empreinte attendue"),
        ("NewConnectionError: Temporary failure in name resolution\nNo matching distribution", "l’accès au réseau"),
        ("ERROR: No matching distribution found for django", "Un paquet est introuvable"),
        ("autre chose", "l’accès au réseau"),
    ],
)
def test_a_failed_installation_says_what_to_do(sortie, phrase):
    assert phrase in amorce.cause(sortie)


def test_the_first_half_needs_nothing_but_the_standard_library():
    mots = [sys.executable, "-I", "-S", str(RACINE / "portail" / "local" / "amorce.py"), "inconnue"]
    fini = subprocess.run(mots, text=True, capture_output=True, check=False)
    assert fini.returncode == 1
    assert fini.stderr.startswith("Usage")


def test_the_probe_reports_a_server_that_does_not_answer(monkeypatch):
    monkeypatch.setenv("PORT", "1")
    assert sonder("/healthz")[0] == 0


def test_every_target_of_the_makefile_is_listed_in_french():
    fini = subprocess.run(["make", "-s", "help"], cwd=RACINE, text=True, capture_output=True, check=True)
    for cible in ("run", "stop", "test", "check"):
        assert f"make {cible}\t" in fini.stdout
