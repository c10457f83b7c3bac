"""First half of every `make` target: build the Python environment, then hand over to `portail.local.lancer` in it.

Runs by path on the system's Python (`python3 portail/local/amorce.py run`), standard library only; the lines before
`trop_vieux()` must parse on Pythons that are too old, so that these get a sentence and not a syntax error.
"""

import os
import sys

CIBLES = {"run": "local", "test": "dev", "check": "dev", "bench": "local", "stop": None}
MINIMUM = (3, 11)


def trop_vieux():
    """Change to a recent Python of the machine, or say what to install."""
    chemins = os.environ.get("PATH", "").split(os.pathsep)
    for mineure in range(15, MINIMUM[1] - 1, -1):
        for chemin in chemins:
            candidat = os.path.join(chemin, "python3.%d" % mineure)  # noqa: UP031
            if os.access(candidat, os.X_OK):
                os.execv(candidat, [candidat, *sys.argv])  # noqa: S606  # nosec B606
    phrase = "Python 3.11 ou plus récent est nécessaire (ici %d.%d) : apt install python3 python3-venv."
    return phrase % sys.version_info[:2]


if __name__ == "__main__" and sys.version_info < MINIMUM:
    sys.exit(trop_vieux())

import contextlib  # noqa: E402
import errno  # noqa: E402
import fcntl  # noqa: E402
import hashlib  # noqa: E402
import importlib.util  # noqa: E402
import json  # noqa: E402
import shutil  # noqa: E402
import subprocess  # noqa: E402
import time  # noqa: E402
from pathlib import Path  # noqa: E402

RACINE = Path(__file__).resolve().parent.parent.parent
VAR = RACINE / "var"
VENV = VAR / "venv"
PYTHON = VENV / "bin" / "python"
MARQUE = VENV / ".exigences.json"
JOURNAL = VAR / "installation.log"
OPTIONS = ["--require-hashes", "--no-deps", "--only-binary", ":all:"]  # the lock names every package, exactly
EMPREINTE = "Un paquet téléchargé n’a pas l’empreinte attendue : réessayez, et n’insistez pas si cela se répète."
ECHECS = {
    "No space left": "Le disque est plein : libérez environ 500 Mo puis relancez la commande.",
    "DO NOT MATCH THE HASHES": EMPREINTE,
    "hash mismatch": EMPREINTE,
    "Permission denied": "L’environnement Python n’est pas accessible en écriture : à qui appartient le dossier var/ ?",
    "No matching distribution": "Un paquet est introuvable : vérifiez l’accès au réseau et au registre PyPI.",
}
RESEAU = "Le téléchargement des dépendances a échoué : vérifiez l’accès au réseau, puis relancez la commande."


class Echec(Exception):
    """One French sentence: what is missing, what to do."""


def empreinte(nom: str) -> str:
    contenu = (RACINE / "requirements" / f"{nom}.txt").read_bytes()
    return hashlib.sha256(contenu).hexdigest()


def installe() -> dict:
    """What the environment holds; nothing when it is absent or was built by another version of Python."""
    try:
        marque = json.loads(MARQUE.read_text())
    except (OSError, ValueError):
        return {}
    # A link to a Python that was removed does not exist.
    return marque if PYTHON.exists() and marque.get("python") == list(sys.version_info[:2]) else {}


def cause(sortie: str) -> str:
    if any(mot in sortie for mot in ("NewConnectionError", "ConnectTimeout", "name resolution", "dns error")):
        return RESEAU
    return next((phrase for signe, phrase in ECHECS.items() if signe.lower() in sortie.lower()), RESEAU)


def executer(mots: list) -> str | None:
    """Run a step of the installation; give what it printed when it failed."""
    mots = [str(mot) for mot in mots]
    fini = subprocess.run(mots, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    with JOURNAL.open("a") as journal:
        journal.write(f"$ {' '.join(mots)}\n{fini.stdout}\n")
    return fini.stdout or "?" if fini.returncode else None


def creer_environnement(avec_pip: bool) -> None:
    if importlib.util.find_spec("venv") is None or (avec_pip and importlib.util.find_spec("ensurepip") is None):
        raise Echec(
            "Le module venv de Python manque : installez-le (apt install python3-venv) puis relancez la commande."
        )
    if erreur := executer([sys.executable, "-m", "venv", "--clear", *([] if avec_pip else ["--without-pip"]), VENV]):
        raise Echec(
            ECHECS["No space left"]
            if "No space left" in erreur
            else f"L’environnement Python n’a pas pu être créé : le détail est dans {JOURNAL}."
        )


def installer(nom: str) -> None:
    liste = RACINE / "requirements" / f"{nom}.txt"
    marque = installe()
    uv = shutil.which("uv")
    if not marque:
        creer_environnement(avec_pip=not uv)
    if uv and executer([uv, "pip", "install", "--python", PYTHON, *OPTIONS, "-r", liste]) is None:
        return
    # Without uv, or when it failed: it does not read pip's configuration (proxy, mirror).
    if executer([PYTHON, "-m", "pip", "--version"]) and (erreur := executer([PYTHON, "-m", "ensurepip"])):
        raise Echec("pip manque à l’environnement Python : installez python3-venv (apt install python3-venv).")
    pip = [
        "-m",
        "pip",
        "install",
        "--no-input",
        "--disable-pip-version-check",
        "--retries",
        "2",
        "--progress-bar",
        "off",
    ]
    if erreur := executer([PYTHON, *pip, *OPTIONS, "-r", liste]):
        raise Echec(f"{cause(erreur)} (journal : {JOURNAL})")


@contextlib.contextmanager
def seul():
    """Two commands at once build the environment once."""
    with (VAR / "installation.lock").open("w") as verrou:
        fcntl.flock(verrou, fcntl.LOCK_EX)
        yield


def preparer(nom: str) -> None:
    """Make the environment hold `requirements/<nom>.txt`; nothing to do when it does already."""
    voulue = empreinte(nom)
    if installe().get(nom) == voulue:
        return
    with seul():
        if installe().get(nom) == voulue:
            return
        debut = time.monotonic()
        sys.stdout.write("• Environnement Python (téléchargement, une seule fois) … ")
        sys.stdout.flush()
        JOURNAL.unlink(missing_ok=True)
        installer(nom)
        faites = {"python": list(sys.version_info[:2]), nom: voulue}
        if nom == "dev":
            faites["local"] = empreinte("local")  # dev.txt holds all of local.txt
        MARQUE.write_text(json.dumps(faites))
        sys.stdout.write(f"{time.monotonic() - debut:.1f} s\n")


def main(cible: str, arguments: list) -> None:
    exigences = CIBLES[cible]
    os.environ.setdefault("PORTAIL_DEPART", str(time.time()))
    try:
        VAR.mkdir(exist_ok=True)
        if not os.access(VAR, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, "", str(VAR))
        if exigences:
            preparer(exigences)
        elif not PYTHON.exists():
            sys.stdout.write("Rien à arrêter : le portail ne tourne pas.\n")
            return
    except Echec as echec:
        sys.exit(f"\n{echec}")
    except KeyboardInterrupt:
        sys.exit("\nInterrompu.")
    except OSError as erreur:
        if erreur.errno == errno.ENOSPC:
            sys.exit("\n" + ECHECS["No space left"])
        if erreur.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
            sys.exit(
                f"\nLe dossier {VAR} n’est pas accessible en écriture : placez le projet dans un dossier à vous, "
                "ou supprimez var/ s’il a été créé par un autre compte."
            )
        raise
    os.chdir(RACINE)
    os.execv(PYTHON, [str(PYTHON), "-m", "portail.local.lancer", cible, *arguments])  # noqa: S606  # nosec B606


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in CIBLES:
        sys.exit(f"Usage : amorce.py {' | '.join(CIBLES)}")
    main(sys.argv[1], sys.argv[2:])
