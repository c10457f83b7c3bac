"""A private PostgreSQL for the demo and for the tests, on a Unix socket that nobody else can reach."""

import atexit
import hashlib
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

from portail.local.binaires import (
    Compte,
    binaires,
    compte,
    dossier_a_nous,
    dossiers_temporaires,
    environnement,
    executer,
    franchissable,
    version_majeure,
)
from portail.local.processus import (
    ErreurLocale,
    attendre_la_fin,
    commande,
    depart,
    enfants,
    mourir_avec_le_parent,
    vivant,
)

UTILISATEUR = BASE = "portail"
FICHIER_URL = "postgres.url"
LONGUEUR_MAX_SOCKET = 100  # the kernel's limit is 107, ".s.PGSQL.5432" included
ARRETE = "Le serveur PostgreSQL de la démonstration ne tourne pas : lancez make run."
PREFIXE_ESSAIS = "portail-essais"
REGLAGES = ["listen_addresses=", "unix_socket_permissions=0700", "max_connections=100", "synchronous_commit=off"]
REGLAGES_ESSAIS = ["fsync=off", "full_page_writes=off", "autovacuum=off", "wal_level=minimal", "max_wal_senders=0"]


# --- A cluster -------------------------------------------------------------------------------------------------------
def options_initdb(majeure: int) -> list[str]:
    """Under plain C, upper('é') is 'é'; the built-in provider depends on no package of the machine."""
    if majeure >= 17:
        langue = ["--locale=C", "--lc-ctype=C.UTF-8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    else:
        langue = ["--locale=C.UTF-8"]
    return ["--encoding=UTF8", *langue, f"--username={UTILISATEUR}", "--auth=trust", "--no-sync", "--no-instructions"]


@dataclass
class Serveur:
    donnees: Path
    socket: Path
    processus: subprocess.Popen

    @property
    def url(self) -> str:
        return f"postgresql://{UTILISATEUR}@/{BASE}?{urlencode({'host': str(self.socket)})}"

    def arreter(self) -> None:
        if self.processus.poll() is None:
            self.processus.send_signal(signal.SIGINT)  # fast shutdown
            try:
                self.processus.wait(20)
            except subprocess.TimeoutExpired:
                self.processus.send_signal(signal.SIGQUIT)
                self.processus.wait(10)

    def tuer(self) -> None:
        """`kill -9` of the server and of all that it started, at once: what a crash leaves."""
        tous = [self.processus.pid, *enfants(self.processus.pid)]
        departs = {pid: depart(pid) for pid in tous}
        for pid in tous:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.processus.wait()
        for pid, depuis in departs.items():
            attendre_la_fin(pid, depuis, 10)


def _creer(bin_: Path, donnees: Path, qui: Compte, majeure: int) -> None:
    # Beside, then renamed: an initdb that was killed leaves nothing that looks like a database.
    neuf = dossier_a_nous(donnees.with_name(donnees.name + ".neuf"), qui, 0o700)
    for reste in neuf.iterdir():
        shutil.rmtree(reste) if reste.is_dir() else reste.unlink()
    fini = executer(qui, bin_ / "initdb", f"--pgdata={neuf}", *options_initdb(majeure))
    if fini.returncode:
        raise ErreurLocale(f"La base de données n’a pas pu être créée dans {donnees} : {fini.stdout.strip()[-400:]}")
    seul = [str(bin_ / "postgres"), "--single", "-D", str(neuf), "postgres"]
    subprocess.run(
        seul,
        input=f"CREATE DATABASE {BASE}\n",
        text=True,
        cwd="/",
        env=environnement(),
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        **qui.options,
    )
    if donnees.is_dir():
        donnees.rmdir()
    neuf.rename(donnees)


def _lancer(donnees: Path, prise: Path, qui: Compte, reglages: list[str]) -> Serveur:
    bin_ = binaires(qui)
    majeure = version_majeure(bin_, qui)
    marque = donnees / "PG_VERSION"
    if not marque.exists():
        _creer(bin_, donnees, qui, majeure)
    elif (ancienne := marque.read_text().strip()) != str(majeure):
        raise ErreurLocale(
            f"La base de {donnees} vient de PostgreSQL {ancienne} et celui-ci est en version {majeure} : "
            "supprimez ce dossier (la démonstration sera recréée) puis relancez la commande."
        )
    if os.geteuid() == 0:
        _reprendre(donnees, qui)
    journal = donnees.parent / "postgres.log"
    options = [mot for reglage in [*reglages, f'unix_socket_directories="{prise}"'] for mot in ("-c", reglage)]
    with journal.open("ab") as sortie:
        processus = subprocess.Popen(
            [str(bin_ / "postgres"), "-D", str(donnees), *options],
            cwd="/",
            env=environnement(),
            stdin=subprocess.DEVNULL,
            stdout=sortie,
            stderr=sortie,
            start_new_session=True,
            preexec_fn=mourir_avec_le_parent(signal.SIGINT),
            **qui.options,
        )
    serveur = Serveur(donnees, prise, processus)
    limite = time.monotonic() + 60
    while executer(qui, bin_ / "pg_isready", "-q", "-h", prise, "-d", "postgres", "-U", UTILISATEUR).returncode:
        if processus.poll() is not None or time.monotonic() > limite:
            serveur.arreter()
            fin = journal.read_text(errors="replace").strip().splitlines()[-1:]
            raise ErreurLocale(f"PostgreSQL n’a pas démarré : {' '.join(fin)} (journal : {journal})")
        time.sleep(0.02)
    return serveur


def _reprendre(donnees: Path, qui: Compte) -> None:
    """A data folder left by another account (once root, once not) goes to the one that runs the server now."""
    if donnees.stat().st_uid != qui.uid:
        for chemin in [donnees, *donnees.rglob("*")]:
            os.chown(chemin, qui.uid, qui.gid, follow_symlinks=False)


def _arreter_le_reste(donnees: Path) -> None:
    """Stop a server of this very data folder whose launcher is gone."""
    try:
        pid = int((donnees / "postmaster.pid").read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return
    depuis = depart(pid)
    if depuis and str(donnees) in commande(pid):
        for envoye in (signal.SIGINT, signal.SIGQUIT):
            with suppress(ProcessLookupError):
                os.kill(pid, envoye)
            if attendre_la_fin(pid, depuis, 15):
                return


# --- Tests -----------------------------------------------------------------------------------------------------------
def _nettoyer_les_essais(temporaire: Path, qui: Compte) -> None:
    """Remove the clusters of test processes that were killed."""
    for dossier in temporaire.glob(f"{PREFIXE_ESSAIS}-*"):
        trouve = re.fullmatch(rf"{PREFIXE_ESSAIS}-(\d+)-(\d+)-\w+", dossier.name)
        with suppress(OSError):
            infos = dossier.lstat()
            if not trouve or not stat.S_ISDIR(infos.st_mode) or infos.st_uid not in {os.geteuid(), qui.uid}:
                continue
            if not vivant(int(trouve[1]), trouve[2]):
                _arreter_le_reste(dossier / "donnees")
                shutil.rmtree(dossier, ignore_errors=True)


def serveur_de_test() -> str:
    """Start a throw-away PostgreSQL for this process; give its URL. Stopped and removed at exit."""
    qui = compte()
    possibles = dossiers_temporaires(qui)
    temporaire = next((d for d in possibles if len(str(d)) < 50), possibles[0])
    _nettoyer_les_essais(temporaire, qui)
    moi = os.getpid()
    racine = Path(tempfile.mkdtemp(prefix=f"{PREFIXE_ESSAIS}-{moi}-{depart(moi) or 0}-", dir=temporaire))
    dossier_a_nous(racine, qui, 0o700)
    try:
        prise = dossier_a_nous(racine / "s", qui, 0o700)
        serveur = _lancer(racine / "donnees", prise, qui, [*REGLAGES, *REGLAGES_ESSAIS])
    except BaseException:
        shutil.rmtree(racine, ignore_errors=True)
        raise

    def finir() -> None:
        if os.getpid() == moi:  # not in a forked child
            serveur.arreter()
            shutil.rmtree(racine, ignore_errors=True)

    atexit.register(finir)
    return serveur.url


# --- Demo ------------------------------------------------------------------------------------------------------------
def _racine_de_la_demo(etat: Path, qui: Compte) -> Path:
    """The folder of data and socket: under var/, or under a temporary folder when the account cannot get there."""
    etat.mkdir(parents=True, exist_ok=True)
    if franchissable(etat, qui):
        return etat
    nom = f"portail-demo-{os.geteuid()}-{hashlib.sha256(str(etat.resolve()).encode()).hexdigest()[:12]}"
    return dossier_a_nous(dossiers_temporaires(qui, durable=True)[0] / nom, qui, 0o700)


def demarrer(dossier_etat: Path, *, durable: bool = False) -> Serveur:
    """Start the demo's server and write its URL in `<dossier_etat>/postgres.url`.

    `durable`: a commit that was acknowledged outlives `kill -9`, as in production.
    """
    qui = compte()
    etat = Path(dossier_etat).resolve()
    tenant = dossier_a_nous(_racine_de_la_demo(etat, qui) / "postgres-data", qui, 0o700)
    _arreter_le_reste(tenant / "donnees")
    prise = tenant / "s"
    if len(str(prise)) > LONGUEUR_MAX_SOCKET - len("/.s.PGSQL.5432"):
        marque = hashlib.sha256(str(etat).encode()).hexdigest()[:12]
        prise = dossiers_temporaires(qui)[-1] / f"portail-{os.geteuid()}-{marque}"
    dossier_a_nous(prise, qui, 0o700)
    serveur = _lancer(tenant / "donnees", prise, qui, [*REGLAGES, "synchronous_commit=on"] if durable else REGLAGES)
    (etat / FICHIER_URL).write_text(serveur.url + "\n")
    return serveur


def arreter(dossier_etat: Path) -> None:
    """Stop the demo's server, whoever started it, and forget its URL."""
    etat = Path(dossier_etat).resolve()
    _arreter_le_reste(_racine_de_la_demo(etat, compte()) / "postgres-data" / "donnees")
    (etat / FICHIER_URL).unlink(missing_ok=True)


def url_de_la_demo(dossier_etat: Path) -> str:
    """The URL of the demo's server; when it does not run, one that nothing answers."""
    try:
        return (Path(dossier_etat) / FICHIER_URL).read_text().strip()
    except OSError:
        return f"postgresql://{UTILISATEUR}@/{BASE}?{urlencode({'host': str(Path(dossier_etat) / 'postgres-arrete')})}"


def repond(url: str) -> bool:
    """Whether a server listens on the socket of this URL."""
    hote = dict(parse_qsl(urlsplit(url).query)).get("host", "")
    with socket.socket(socket.AF_UNIX) as essai:
        essai.settimeout(2)
        try:
            essai.connect(f"{hote}/.s.PGSQL.5432")
        except OSError:
            return False
    return True
