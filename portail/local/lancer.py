"""Second half of the `make` targets, inside the environment: run and stop here, test and check in `controles`."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.request import urlopen

from portail.bench.lancer import bench
from portail.bench.pannes import pannes
from portail.local import controles, postgres
from portail.local.processus import ErreurLocale, attendre_la_fin, depart, mourir_avec_le_parent, vivant
from portail.local.terminal import DE_PRODUCTION, JOURNAUX, RACINE, VAR, dire, etape

ETAT = VAR / "run.json"
MOT_DE_PASSE = "Portail-demo-2026"  # nosec B105  the demo's, public
COMPTES = [
    ("parent@exemple.fr", "une mère, deux enfants dans deux écoles"),
    ("separe@exemple.fr", "l’autre foyer d’un des deux enfants"),
    ("nouveau@exemple.fr", "pas encore de mot de passe : à générer"),
    ("guichet@exemple.fr", "agente du guichet unique"),
    ("cantine@exemple.fr", "agent de la cantine"),
    ("regie@exemple.fr", "agente de la régie"),
    ("admin@exemple.fr", "administrateur"),
]
RELANCES_PAR_MINUTE = 3


class Arret(BaseException):
    """SIGINT, SIGTERM or SIGHUP received: stop everything, in order."""


# --- What runs -------------------------------------------------------------------------------------------------------
def lire_etat() -> dict:
    """The launcher that runs now, {} when there is none. The start time tells a recycled pid apart."""
    try:
        etat = json.loads(ETAT.read_text())
        return etat if vivant(etat["pid"], etat["depart"]) else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def prendre_la_place(port: int) -> None:
    """Write ourselves in var/run.json, whole or not at all; two `make run` at once give one launcher."""
    moi = {"pid": os.getpid(), "depart": depart(os.getpid()), "adresse": f"http://127.0.0.1:{port}/"}
    neuf = ETAT.with_name(f"run.{os.getpid()}.json")
    neuf.write_text(json.dumps(moi))
    try:
        for _ in range(2):
            try:
                os.link(neuf, ETAT)
                return
            except FileExistsError:
                if autre := lire_etat():
                    raise DejaLance(autre) from None
                ETAT.unlink(missing_ok=True)
    finally:
        neuf.unlink()
    raise DejaLance(lire_etat())


class DejaLance(Exception):
    def __init__(self, etat: dict):
        super().__init__()
        self.phrase = (
            f"Le portail tourne déjà : {etat.get('adresse', 'il démarre')} "
            f"(processus {etat.get('pid', '?')} ; make stop pour l’arrêter)."
        )


def lire_port() -> int:
    brut = os.environ.get("PORT") or "8000"
    if not brut.isascii() or not brut.isdigit() or not 0 < int(brut) < 65536:
        raise ErreurLocale(f"PORT doit être un nombre entre 1 et 65535, pas « {brut} ».")
    port = int(brut)
    with socket.socket() as essai:
        essai.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            essai.bind(("127.0.0.1", port))
        except PermissionError:
            raise ErreurLocale(
                f"Le port {port} est réservé à root : choisissez-en un plus grand, par exemple PORT=8123 make run."
            ) from None
        except OSError:
            raise ErreurLocale(
                f"Le port {port} est déjà pris par un autre programme : choisissez-en un autre, "
                "par exemple PORT=8123 make run."
            ) from None
    return port


def port_libre(apres: int) -> int:
    """The first free port after this one: the simulated PayFiP needs one of its own."""
    for port in range(apres + 1, min(apres + 50, 65536)):
        with socket.socket() as essai:
            essai.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with suppress(OSError):
                essai.bind(("127.0.0.1", port))
                return port
    raise ErreurLocale(f"Aucun port libre après {apres} pour le PayFiP simulé : choisissez un autre PORT.")


def environnement(port: int) -> dict[str, str]:
    reste = {nom: valeur for nom, valeur in os.environ.items() if nom not in DE_PRODUCTION}
    payfip = f"http://127.0.0.1:{port_libre(port)}"
    return {
        **reste,
        "DJANGO_SETTINGS_MODULE": "portail.settings",
        "PORTAIL_DEMO": "1",
        "PORT": str(port),
        "PAYFIP_URL": payfip,
    }


def manage(nom: str, env: dict[str, str], *mots: str) -> None:
    """Run a management command; what it prints is kept in var/journaux, and shown when it fails."""
    journal = JOURNAUX / f"{mots[0]}.log"
    with journal.open("wb") as sortie:
        # Its own session: Ctrl-C reaches the launcher alone, which then stops it.
        enfant = subprocess.Popen(
            [sys.executable, "manage.py", *mots],
            cwd=RACINE,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=sortie,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=mourir_avec_le_parent(),
        )
    try:
        code = enfant.wait()
    finally:
        if enfant.poll() is None:
            enfant.terminate()
            enfant.wait()
    if code:
        texte = journal.read_text(errors="replace")
        if "No space left" in texte:
            raise ErreurLocale("Le disque est plein : libérez de la place puis relancez make run.")
        fin = "\n".join(texte.strip().splitlines()[-15:])
        raise ErreurLocale(f"L’étape « {nom} » a échoué ; fin de son journal ({journal}) :\n{fin}")


@dataclass
class Service:
    """A program that lasts: started in its own process group, restarted when it dies."""

    nom: str
    mots: list[str]
    env: dict[str, str]
    processus: subprocess.Popen | None = None
    relances: deque = field(default_factory=lambda: deque(maxlen=RELANCES_PAR_MINUTE))

    @property
    def journal(self) -> Path:
        return JOURNAUX / f"{self.nom}.log"

    def lancer(self) -> None:
        with self.journal.open("ab") as sortie:
            self.processus = subprocess.Popen(
                self.mots,
                cwd=RACINE,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=sortie,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=mourir_avec_le_parent(),
            )

    def signaler(self, envoye: int) -> None:
        if self.processus:
            with suppress(ProcessLookupError):
                os.killpg(self.processus.pid, envoye)

    def demander_la_fin(self) -> None:
        if self.processus and self.processus.poll() is None:
            self.processus.terminate()

    def finir(self, limite: float) -> None:
        if self.processus:
            with suppress(subprocess.TimeoutExpired):
                self.processus.wait(max(0.1, limite - time.monotonic()))
            self.signaler(signal.SIGKILL)  # what is left of the group, children included
            self.processus.wait()


def services(port: int, env: dict[str, str]) -> list[Service]:
    web = [sys.executable, "-m", "gunicorn", "portail.wsgi", "--bind", f"127.0.0.1:{port}", "--worker-class", "gthread"]
    web += ["--workers", "2", "--threads", "4", "--no-control-socket", "--access-logfile", "-"]
    worker = [sys.executable, "-m", "celery", "-A", "portail", "worker", "--beat", "--concurrency", "1"]
    worker += ["--loglevel", "INFO", "--without-gossip", "--without-mingle"]
    payfip = [sys.executable, "-m", "portail.payfip_simule", "--port", env["PAYFIP_URL"].rpartition(":")[2]]
    payfip += ["--fichier", str(VAR / "payfip-simule.json")]
    return [Service("web", web, env), Service("worker", worker, env), Service("payfip", payfip, env)]


def attendre_pret(port: int, lances: list[Service]) -> None:
    limite = time.monotonic() + 60
    while True:
        for service in lances:
            if service.processus and service.processus.poll() is not None:
                fin = "\n".join(service.journal.read_text(errors="replace").strip().splitlines()[-15:])
                raise ErreurLocale(f"Le service « {service.nom} » s’est arrêté ; fin de {service.journal} :\n{fin}")
        with suppress(OSError), urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as reponse:  # nosec B310
            if reponse.status == 200:
                return
        if time.monotonic() > limite:
            raise ErreurLocale(f"Le portail ne répond pas après une minute : voyez les journaux dans {JOURNAUX}.")
        time.sleep(0.1)


def surveiller(base: postgres.Serveur, lances: list[Service]) -> None:
    """Until a signal comes: a service that dies is started again, three times a minute at most."""
    while True:
        time.sleep(0.5)
        if base.processus.poll() is not None:
            raise ErreurLocale(
                "Le serveur PostgreSQL s’est arrêté : le portail s’arrête aussi, relancez make run "
                f"(journal : {base.donnees.parent / 'postgres.log'})."
            )
        for service in lances:
            if service.processus and (code := service.processus.poll()) is not None:
                service.signaler(signal.SIGKILL)
                maintenant = time.monotonic()
                if len(service.relances) == RELANCES_PAR_MINUTE and maintenant - service.relances[0] < 60:
                    raise ErreurLocale(
                        f"Le service « {service.nom} » s’arrête sans cesse : le portail s’arrête aussi "
                        f"(journal : {service.journal})."
                    )
                service.relances.append(maintenant)
                dire(f"Le service « {service.nom} » s’est arrêté (code {code}) : il est relancé.")
                service.lancer()


def presenter(port: int, payfip: str) -> None:
    duree = time.time() - float(os.environ.get("PORTAIL_DEPART", time.time()))
    largeur = max(len(adresse) for adresse, _ in COMPTES)
    dire(f"\nLe portail est prêt en {duree:.0f} s : http://127.0.0.1:{port}/\n")
    dire(f"Comptes de démonstration (mot de passe : {MOT_DE_PASSE})")
    for adresse, role in COMPTES:
        dire(f"  {adresse:<{largeur}}  {role}")
    dire(f"\nCourriels envoyés : http://127.0.0.1:{port}/demo/courriels/")
    dire(f"PayFiP simulé et ses pannes : {payfip}/simulateur/")
    dire("Ctrl-C, ou make stop dans un autre terminal, arrête tout.")


def run() -> None:
    def sur_signal(*_):
        # Once: `make` hands on the signal that the terminal has sent to all of us already.
        for numero in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(numero, signal.SIG_IGN)
        raise Arret

    for numero in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(numero, sur_signal)
    if etat := lire_etat():
        raise DejaLance(etat)
    port = lire_port()
    prendre_la_place(port)
    base: postgres.Serveur | None = None
    lances: list[Service] = []
    try:
        for dossier in ("journaux", "celery", "celery-controle", "courriels", "fichiers", "static"):
            (VAR / dossier).mkdir(exist_ok=True)
        for journal in JOURNAUX.glob("*.log"):
            journal.unlink()
        env = environnement(port)
        with etape("Base de données PostgreSQL"):
            base = postgres.demarrer(VAR)
        for nom, *mots in [
            ("Schéma de la base", "migrate", "--no-input"),
            ("Fichiers statiques", "collectstatic", "--no-input"),
            ("Ville de démonstration", "demo"),
        ]:
            with etape(nom):
                manage(nom, env, *mots)
        with etape("Serveur web et worker"):
            lances = services(port, env)
            for service in lances:
                service.lancer()
            attendre_pret(port, lances)
        presenter(port, env["PAYFIP_URL"])
        surveiller(base, lances)
    except Arret:
        dire("\nArrêt en cours …")
    finally:
        for numero in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(numero, signal.SIG_IGN)
        limite = time.monotonic() + 20
        for service in lances:
            service.demander_la_fin()
        for service in lances:
            service.finir(limite)
        if base:
            base.arreter()
        postgres.arreter(VAR)
        ETAT.unlink(missing_ok=True)
    dire("Tout est arrêté.")


def stop() -> None:
    etat = lire_etat()
    if not etat:
        postgres.arreter(VAR)  # a launcher that was killed may have left it
        dire("Rien à arrêter : le portail ne tourne pas.")
        return
    try:
        os.kill(etat["pid"], signal.SIGTERM)
    except PermissionError:
        raise ErreurLocale("Le portail a été lancé par un autre compte : arrêtez-le depuis ce compte.") from None
    except ProcessLookupError:
        pass
    if not attendre_la_fin(etat["pid"], etat["depart"], 45):
        with suppress(ProcessLookupError):
            os.kill(etat["pid"], signal.SIGKILL)  # its children die with it
        attendre_la_fin(etat["pid"], etat["depart"], 10)
        postgres.arreter(VAR)
        ETAT.unlink(missing_ok=True)
    dire("Le portail est arrêté.")


def banc() -> int:
    """`make bench`: the measures, then the faults; `ARGS=pannes`: the faults alone."""
    code = 0 if os.environ.get("ARGS") == "pannes" else bench()
    return pannes() or code


def main(cible: str, arguments: list[str]) -> int:
    actions: dict[str, Callable[[], int | None]] = {"run": run, "stop": stop, "check": controles.check, "bench": banc}
    try:
        return (controles.test(arguments) if cible == "test" else actions[cible]()) or 0
    except DejaLance as deja:
        dire(deja.phrase)
        return 0
    except ErreurLocale as erreur:
        print(f"\n{erreur}", file=sys.stderr, flush=True)
        return 1
    except KeyboardInterrupt:
        return 130
    except OSError as erreur:
        if erreur.filename is None or not str(erreur.filename).startswith(str(VAR)):
            raise
        print(
            f"\nImpossible d’écrire {erreur.filename} ({erreur.strerror}) : libérez de la place ou vérifiez à qui "
            "appartient le dossier var/.",
            file=sys.stderr,
        )
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
