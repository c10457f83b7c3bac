"""`make test` and `make check`: what the tests need, and what is verified before them."""

import os
import secrets
import shlex
import shutil
import subprocess
import sys
import time

from portail.local import postgres
from portail.local.terminal import DE_PRODUCTION, JOURNAUX, RACINE, dire, etape

PAQUETS = (
    "chromium",
    "libpango-1.0-0",
    "libpangoft2-1.0-0",
    "libharfbuzz-subset0",
    "fonts-dejavu-core",
    "poppler-utils",
)


def paquets_manquants() -> list[str]:
    """The Debian packages that the tests want and this machine lacks; none on a machine without dpkg."""
    if not shutil.which("dpkg-query"):
        return []
    manquants = []
    for paquet in PAQUETS:
        fini = subprocess.run(
            ["dpkg-query", "-W", "-f", "${db:Status-Status}", paquet],  # noqa: S607  # nosec B607
            text=True,
            capture_output=True,
            check=False,
        )
        if fini.stdout.strip() != "installed" and not (paquet == "chromium" and shutil.which("chromium")):
            manquants.append(paquet)
    return manquants


def installer_les_paquets() -> None:
    manquants = paquets_manquants()
    if not manquants:
        return
    prefixe: list[str] = []
    if os.geteuid() != 0:
        prefixe = ["sudo", "-n"]
        sudo = shutil.which("sudo")
        if not sudo or subprocess.run([sudo, "-n", "true"], capture_output=True, check=False).returncode:
            dire(
                f"Paquets absents : {' '.join(manquants)}. Les tests qui en ont besoin seront signalés ; pour les "
                f"lancer : apt install {' '.join(manquants)}"
            )
            return
    with etape(f"Paquets {' '.join(manquants)}"):
        env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        commande = [*prefixe, "apt-get", "-q", "-y"]
        JOURNAUX.mkdir(exist_ok=True)
        with (JOURNAUX / "apt.log").open("wb") as sortie:
            for mots in (["update"], ["install", "--no-install-recommends", *manquants]):
                code = subprocess.run([*commande, *mots], env=env, stdout=sortie, stderr=sortie, check=False).returncode
    if code:
        dire(f"apt n’a pas pu installer {' '.join(manquants)} (journal : {JOURNAUX / 'apt.log'}).")


def test(arguments: list[str]) -> int:
    installer_les_paquets()
    mots = [sys.executable, "-m", "pytest", *shlex.split(os.environ.get("ARGS", "")), *arguments]
    env = {nom: valeur for nom, valeur in os.environ.items() if nom not in DE_PRODUCTION}
    env.pop("DJANGO_SETTINGS_MODULE", None)  # importing portail has set the demo's
    os.chdir(RACINE)
    os.execve(sys.executable, mots, env)  # noqa: S606  # nosec B606


def environnement_de_production() -> dict[str, str]:
    """What a real installation would set, with a secret made for the occasion."""
    return {
        "PORTAIL_DEMO": "0",
        "DATABASE_URL": "postgresql://portail:secret@base.exemple.fr/portail",
        "REDIS_URL": "redis://redis.exemple.fr/0",
        "SECRET_KEY": secrets.token_urlsafe(64),
        "ALLOWED_HOSTS": "portail.exemple.fr",
        "SITE_URL": "https://portail.exemple.fr",
    }


def verifications() -> list[tuple[str, list[str], dict[str, str]]]:
    outil = [sys.executable, "-m"]
    manage_py = [sys.executable, "manage.py"]
    code = ["comptes", "reservations", "facturation", "portail", "manage.py"]
    base = {"PORTAIL_DEMO": "1", "DATABASE_URL": postgres.serveur_de_test()}
    return [
        ("ruff check", [*outil, "ruff", "check", "--quiet", "."], {}),
        ("ruff format", [*outil, "ruff", "format", "--check", "--quiet", "."], {}),
        ("djlint, mise en forme", [*outil, "djlint", "--check", "--quiet", "templates"], {}),
        ("djlint, règles", [*outil, "djlint", "--lint", "--quiet", "templates"], {}),
        ("mypy", [*outil, "mypy", "."], {"PORTAIL_DEMO": "1"}),
        ("bandit", [*outil, "bandit", "-q", "-c", "pyproject.toml", "-r", *code], {}),
        ("migrations manquantes", [*manage_py, "makemigrations", "--check", "--dry-run"], base),
        (
            "réglages de production",
            [*manage_py, "check", "--deploy", "--fail-level", "WARNING"],
            environnement_de_production(),
        ),
    ]


def check() -> int:
    sobre = {nom: valeur for nom, valeur in os.environ.items() if nom not in DE_PRODUCTION}
    rates = []
    for nom, mots, env in verifications():
        debut = time.monotonic()
        fini = subprocess.run(
            mots,
            cwd=RACINE,
            env={**sobre, **env},
            text=True,
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        dire(f"• {nom} … {'ERREUR' if fini.returncode else 'bon'} ({time.monotonic() - debut:.1f} s)")
        if fini.returncode:
            rates.append(nom)
            dire(fini.stdout.rstrip())
    dire(f"À corriger : {', '.join(rates)}." if rates else "Tout est bon.")
    return 1 if rates else 0
