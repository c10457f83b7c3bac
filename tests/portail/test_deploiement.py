"""Files of the production installation, checked against the code that they start."""

import ast
import importlib.util
import re
import shutil
from pathlib import Path

import pytest
import yaml
from django.conf import settings
from django.core.management import get_commands

RACINE = Path(__file__).resolve().parent.parent.parent
COMPOSE_TEXTE = (RACINE / "docker-compose.yml").read_text()
COMPOSE = yaml.safe_load(COMPOSE_TEXTE)
DOCKERFILE = (RACINE / "Dockerfile").read_text()
EXEMPLE = (RACINE / ".env.exemple").read_text()
DE_L_IMAGE_POSTGRES = {"POSTGRES_USER", "POSTGRES_DB", "POSTGRES_PASSWORD", "POSTGRES_INITDB_ARGS"}
A_NOUS = ("web", "worker", "beat", "migrations")


def variables_de_l_exemple():
    return re.findall(r"^#?([A-Z][A-Z0-9_]+)=", EXEMPLE, re.MULTILINE)


def variables_lues():
    """Names of variables in settings.py: arguments of os.environ, oui(), entier(), liste(), obligatoire()."""
    noms = set()
    for noeud in ast.walk(ast.parse((RACINE / "portail" / "settings.py").read_text())):
        lecture = isinstance(noeud, ast.Call) and ast.unparse(noeud.func) in {
            "os.environ.get",
            "oui",
            "entier",
            "liste",
            "obligatoire",
        }
        if lecture and isinstance(noeud.args[0], ast.Constant):
            noms.add(noeud.args[0].value)
    return noms


def commandes():
    for nom in A_NOUS:
        yield nom, COMPOSE["services"][nom]["command"]
    yield "Dockerfile", re.findall(r'"([^"]*)"', DOCKERFILE.rpartition("\nCMD ")[2])


def test_every_variable_of_the_settings_is_in_the_example_once_and_explained():
    exemple = variables_de_l_exemple()
    assert len(exemple) == len(set(exemple))
    assert variables_lues() == set(exemple) - {"POSTGRES_PASSWORD"}
    lignes = EXEMPLE.splitlines()
    for rang, ligne in enumerate(lignes):
        if re.match(r"#?[A-Z][A-Z_]+=", ligne):
            assert re.match(r"# \S", lignes[rang - 1]), ligne


def test_compose_names_only_known_variables():
    citees = set(re.findall(r"(?<!\$)\$\{?([A-Z][A-Z_]+)", COMPOSE_TEXTE))
    citees |= {nom for service in COMPOSE["services"].values() for nom in service.get("environment", {})}
    assert citees <= set(variables_de_l_exemple()) | DE_L_IMAGE_POSTGRES


def test_no_secret_value_is_committed():
    for nom in ("SECRET_KEY", "POSTGRES_PASSWORD", "EMAIL_HOST_PASSWORD"):
        assert re.search(rf"^#?{nom}=$", EXEMPLE, re.MULTILINE)
        valeurs = re.findall(rf"^\s*{nom}:\s*(.*)$", COMPOSE_TEXTE, re.MULTILINE)
        assert set(valeurs) <= {f"${{{nom}:?}}"}
        assert nom not in DOCKERFILE


def test_all_the_services_are_there_and_watched():
    services = COMPOSE["services"]
    assert set(services) == {"proxy", "web", "worker", "beat", "migrations", "postgres", "redis"}
    for nom, service in services.items():
        assert service["healthcheck"].get("test") or (nom == "migrations" and service["healthcheck"]["disable"])


def test_what_ends_is_started_again():
    """A worker that loses Redis ends on purpose (CELERY_BROKER_CONNECTION_RETRY)."""
    for nom, service in COMPOSE["services"].items():
        assert service["restart"] == ("on-failure:3" if nom == "migrations" else "unless-stopped")


def test_volumes_are_declared_and_keep_what_must_last():
    montes = {v.partition(":")[0] for s in COMPOSE["services"].values() for v in s.get("volumes", [])}
    assert montes == set(COMPOSE["volumes"])
    for nom in ("proxy", "web", "postgres", "redis"):
        assert COMPOSE["services"][nom]["volumes"]


def test_the_papers_of_families_are_kept_on_a_volume_that_the_proxy_does_not_see():
    monte = "documents:/srv/var/documents"  # the default of DOCUMENTS under PORTAIL_VAR
    assert "PORTAIL_VAR=/srv/var" in DOCKERFILE
    assert "/srv/var/documents" in DOCKERFILE
    for nom, service in COMPOSE["services"].items():
        assert (monte in service.get("volumes", [])) == (nom in A_NOUS), nom


def test_the_proxy_stops_a_request_that_the_portal_would_refuse():
    (mo,) = re.findall(r"max_size (\d+)MB", COMPOSE["configs"]["caddyfile"]["content"])
    assert settings.ENVOI_OCTETS_AU_PLUS < int(mo) * 1_000_000 < 2 * settings.ENVOI_OCTETS_AU_PLUS


def test_services_wait_for_services_that_exist():
    for service in COMPOSE["services"].values():
        assert set(service.get("depends_on", {})) <= set(COMPOSE["services"])


@pytest.mark.parametrize(("nom", "mots"), list(commandes()))
def test_commands_start_things_that_exist(nom, mots):
    programme, *suite = mots
    if programme == "sh":  # one manage.py after another, the next only when it went well
        for appel in suite[1].split(" && "):
            python, fichier, commande, *_ = appel.split()
            assert python == "python"
            assert (RACINE / fichier).exists()
            assert commande in get_commands()
    else:
        assert programme in {"gunicorn", "celery"}
        assert shutil.which(programme) or importlib.util.find_spec(programme)
        module = suite[0] if programme == "gunicorn" else suite[suite.index("-A") + 1]
        assert importlib.util.find_spec(module)


def test_probes_start_things_that_exist():
    for texte in (DOCKERFILE, COMPOSE_TEXTE):
        assert '"portail.sonde", "/healthz"' in texte
    assert importlib.util.find_spec("portail.sonde")


def test_the_image_copies_what_exists_and_does_not_run_as_root():
    for source in re.findall(r"^COPY (\S+) ", DOCKERFILE, re.MULTILINE):
        assert (RACINE / source).exists()
    assert re.search(r"^USER portail$", DOCKERFILE, re.MULTILINE)
    assert "--require-hashes -r requirements/production.txt" in DOCKERFILE


def test_every_requirement_is_pinned_by_hash():
    for liste in (RACINE / "requirements").glob("*.txt"):
        entrees = re.sub(r"\\\n", " ", liste.read_text())
        for ligne in entrees.splitlines():
            if ligne.strip() and not ligne.startswith("#"):
                assert "==" in ligne, ligne
                assert "--hash=sha256:" in ligne, ligne
