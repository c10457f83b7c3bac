"""Faults while the rush runs: `make bench ARGS=pannes`. Nothing lost, nothing twice, every recap true, every mail gone.

A town of its own, 16 families at a time, who press reload as people do. The faults come one after the other, each when
a new part of the families has signed in: a quick machine and a slow one meet them at the same points of the rush.
"""

import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import mkdtemp
from typing import LiteralString
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import psycopg

from portail.bench.lancer import (
    DOSSIER,
    annee_a_venir,
    attendre,
    compter,
    ecrire,
    lancer,
    manage,
    port_libre,
    services,
    verite,
)
from portail.bench.mesures import ENTETE, Ligne, Matinee, matin_d_ouverture
from portail.local import postgres
from portail.local.processus import enfants
from portail.local.terminal import DE_PRODUCTION, dire, etape

FAMILLES = 200
TENTATIVES = 120  # half a second or more apart: longer than any of the faults
# Milliseconds, shorter than in production: some families do wait too long.
DELAIS = {"DB_DELAI_VERROU": "1000", "DB_DELAI_REQUETE": "1500"}
LONGTEMPS = 12  # seconds without PostgreSQL: longer than a request waits for a connection
COURRIELS_AU_PLUS = 90  # seconds from the end of the rush to the last mail: the sweep comes every 30
REDIS = shutil.which("redis-server")


class Ville:
    """The servers of one trial, all its own. Redis too, when the machine has it: as in production."""

    def __init__(self, familles: int):
        self.familles, self.fin = familles, threading.Event()
        self.veilleur = threading.Thread(target=self.surveiller, daemon=True)
        self.etat = Path(mkdtemp(prefix="portail-pannes-"))
        for nom in ("celery", "celery-controle", "courriels", "static", "fichiers", "journaux", "redis"):
            (self.etat / nom).mkdir()
        self.base = postgres.demarrer(self.etat, durable=True)
        self.port, self.port_redis, self.annee = port_libre(), port_libre(), annee_a_venir()
        self.env = {nom: valeur for nom, valeur in os.environ.items() if nom not in DE_PRODUCTION}
        self.env.pop("DJANGO_SETTINGS_MODULE", None)
        self.env |= {"PORTAIL_DEMO": "1", "PORTAIL_VAR": str(self.etat), "PORT": str(self.port)}
        self.env |= {"LOG_LEVEL": "ERROR", **DELAIS}
        self.programmes = dict(services(self.port))
        self.processus: dict[str, subprocess.Popen] = {}
        try:
            self.demarrer()
        except BaseException:
            self.fermer()
            raise

    def demarrer(self) -> None:
        if REDIS:
            self.env["REDIS_URL"] = f"redis://127.0.0.1:{self.port_redis}/0"
            mots = [REDIS, "--bind", "127.0.0.1", "--port", str(self.port_redis), "--appendonly", "yes"]
            self.programmes["redis"] = [*mots, "--dir", str(self.etat / "redis")]
            self.lancer("redis")
        manage(self.env, "migrate", "--no-input")
        manage(self.env, "collectstatic", "--no-input")
        manage(self.env, "peupler", f"--familles={self.familles}", f"--annee={self.annee}")
        for nom in ("web", "worker"):
            self.lancer(nom)
        self.veilleur.start()
        attendre(self.port)

    def lancer(self, nom: str) -> None:
        self.processus[nom] = lancer(nom, self.programmes[nom], self.env, self.etat)

    def surveiller(self) -> None:
        """What ends is started again, as Docker does (`restart: unless-stopped`)."""
        while not self.fin.wait(0.2):
            for nom in ("web", "worker"):
                if self.processus[nom].poll() is not None:
                    self.lancer(nom)

    def tuer(self, nom: str) -> None:
        """`kill -9` of a program and of its children."""
        for pid in [*enfants(self.processus[nom].pid), self.processus[nom].pid]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.processus[nom].wait()

    def fermer(self) -> None:
        self.fin.set()
        if self.veilleur.is_alive():
            self.veilleur.join()
        for un in self.processus.values():
            un.terminate()
        for nom, un in self.processus.items():
            try:
                un.wait(20)
            except subprocess.TimeoutExpired:
                self.tuer(nom)
        self.base.arreter()
        shutil.rmtree(self.etat, ignore_errors=True)

    def sql(self) -> psycopg.Connection:
        return psycopg.connect(self.base.url, autocommit=True)

    # --- The faults ----------------------------------------------------------------------------------------------
    def tuer_un_serveur_web(self) -> None:
        os.kill(enfants(self.processus["web"].pid)[0], signal.SIGKILL)

    def retenir_les_jours(self) -> str:
        """Longer than the web server's patience for a lock."""
        with psycopg.connect(self.base.url) as sql:
            sql.execute("SELECT FROM reservations_journee ORDER BY id FOR UPDATE")
            time.sleep(int(DELAIS["DB_DELAI_VERROU"]) / 1000 * 2)
        return self.arretees("lock")

    def ralentir_les_operations(self) -> str:
        """Each submission takes longer than the web server's patience for a statement."""
        with self.sql() as sql:
            sql.execute("CREATE FUNCTION ralentir() RETURNS trigger LANGUAGE plpgsql AS "
                        "'BEGIN PERFORM pg_sleep(5); RETURN new; END'")  # fmt: skip
            sql.execute("CREATE TRIGGER ralentir BEFORE INSERT ON reservations_operation "
                        "FOR EACH ROW EXECUTE FUNCTION ralentir()")  # fmt: skip
            time.sleep(int(DELAIS["DB_DELAI_REQUETE"]) / 1000 * 2)
            sql.execute("DROP TRIGGER ralentir ON reservations_operation")
        return self.arretees("statement")

    def arretees(self, delai: str) -> str:
        """How many statements PostgreSQL has stopped for a time-out: its log tells."""
        journal = (self.base.donnees.parent / "postgres.log").read_text(errors="replace")
        return f"{journal.count(f'canceling statement due to {delai} timeout')} requête(s) SQL arrêtée(s)"

    def tuer_le_worker(self) -> None:
        self.tuer("worker")

    def arreter_redis(self) -> None:
        """Ten seconds without it: bookings go on, mails wait."""
        self.tuer("redis")
        time.sleep(10)
        self.lancer("redis")

    def couper_les_connexions(self) -> None:
        with self.sql() as sql:
            sql.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'client backend' "
                        "AND pid <> pg_backend_pid()")  # fmt: skip

    def tuer_postgresql(self) -> None:
        self.base.tuer()
        self.base = postgres.demarrer(self.etat, durable=True)

    def tuer_postgresql_longtemps(self) -> str:
        """How long the pages take to come back once PostgreSQL did."""
        self.base.tuer()
        time.sleep(LONGTEMPS)
        self.base = postgres.demarrer(self.etat, durable=True)
        revenu = debut = time.monotonic()
        servies = 0
        while servies < 20:  # both processes of the web server
            if not self.sert():
                servies = 0
                continue
            servies += 1
            if servies == 1:
                revenu = time.monotonic()
        return f"retour en {revenu - debut:.1f} s"

    def sert(self) -> bool:
        """Whether a page that reads a session is answered."""
        demande = Request(f"http://127.0.0.1:{self.port}/connexion/", headers={"Cookie": "session=" + "a" * 32})
        try:
            with urlopen(demande, timeout=30):  # noqa: S310  # nosec B310
                return True
        except (HTTPError, OSError):
            time.sleep(0.1)
            return False


Panne = Callable[[Ville], str | None]
PANNES: list[tuple[str, Panne]] = [
    ("serveur web tué", Ville.tuer_un_serveur_web),
    ("PostgreSQL tué", Ville.tuer_postgresql),
    ("jours verrouillés", Ville.retenir_les_jours),
    ("worker tué", Ville.tuer_le_worker),
    ("base lente", Ville.ralentir_les_operations),
    *([("Redis tué, 10 s", Ville.arreter_redis)] if REDIS else []),
    ("connexions coupées", Ville.couper_les_connexions),
    ("PostgreSQL tué", Ville.tuer_postgresql),
    (f"PostgreSQL tué, {LONGTEMPS} s", Ville.tuer_postgresql_longtemps),
]


def essayer(ville: Ville, *, clients: int = 16) -> Iterator[Ligne]:
    """One line per fault done while the rush ran, then the truth of the database. The town is closed at the end."""
    try:
        adresses = [f"famille-1-{n}-1@exemple.fr" for n in range(ville.familles)]
        matins: list[Matinee] = []
        ruee = threading.Thread(
            target=lambda: matins.append(
                matin_d_ouverture(
                    ville.port, adresses, ville.annee, clients=clients, doubles=0.3, tentatives=TENTATIVES
                )
            )
        )
        ruee.start()
        for rang, (nom, panne) in enumerate(PANNES, 1):
            while ruee.is_alive() and connectees(ville) < ville.familles * rang / (len(PANNES) + 1):
                time.sleep(0.05)
            pendant = ruee.is_alive()
            valeur = panne(ville) or ""
            pendant = pendant and ruee.is_alive()
            yield Ligne(nom, valeur=valeur, cible="pendant la ruée", atteinte=pendant)
        ruee.join()
        if not REDIS:
            yield Ligne("Redis tué", valeur="pas sur cette machine")
        yield from constater(ville, matins[0])
    finally:
        ville.fermer()


def connectees(ville: Ville) -> int:
    with ville.sql() as sql:
        return compter(sql, "SELECT count(*) FROM comptes_utilisateur WHERE last_login IS NOT NULL")


def constater(ville: Ville, matin: Matinee) -> Iterator[Ligne]:
    with ville.sql() as sql:
        valeur = f"{matin.par_minute:.0f} familles/min, {matin.releve.reprises} requêtes recommencées"
        yield Ligne(f"ruée de {matin.familles} familles", valeur=valeur)
        yield verite(sql, matin, 0)
        yield _sans_ecart("  repas égaux au registre", compter(sql, _HORS_REGISTRE))
        yield _sans_ecart("  récapitulatifs lus égaux aux opérations", recapitulatifs_faux(sql, matin))
        yield _sans_ecart("  opérations sans leur courriel", compter(sql, _SANS_COURRIEL))
        yield courriels(ville, sql)


def _sans_ecart(nom: str, ecarts: int) -> Ligne:
    return Ligne(nom, valeur=f"{ecarts} écart(s)", cible="0", atteinte=not ecarts)


# Each meal has its line in the register, once.
_HORS_REGISTRE: LiteralString = """
    SELECT count(*) FROM (
        SELECT m.inscription_id, m.date, count(*) AS n
          FROM reservations_mouvement m WHERE m.nature = 'ajout' AND m.motif = '' GROUP BY 1, 2
    ) m FULL JOIN reservations_reservation r ON r.inscription_id = m.inscription_id AND r.date = m.date
     WHERE m.n IS DISTINCT FROM 1 OR r.id IS NULL
"""
_SANS_COURRIEL: LiteralString = """
    SELECT count(*) FROM reservations_operation o
     WHERE EXISTS (SELECT FROM reservations_mouvement m WHERE m.operation_id = o.id AND m.nature = 'ajout')
       AND NOT EXISTS (SELECT FROM post_office_email e WHERE e.subject LIKE '%-' || lpad(o.id::text, 6, '0') || ')')
"""


def recapitulatifs_faux(sql: psycopg.Connection, matin: Matinee) -> int:
    """Recaps that say something else than the operation, and operations that no family has read."""
    ecrites = {
        numero: (ajouts, annulations)
        for numero, ajouts, annulations in sql.execute(
            """
            SELECT to_char(o.cree_le AT TIME ZONE 'Europe/Paris', 'YYYY') || '-' || lpad(o.id::text, 6, '0'),
                   count(*) FILTER (WHERE m.nature = 'ajout'), count(*) FILTER (WHERE m.nature = 'annulation')
              FROM reservations_operation o LEFT JOIN reservations_mouvement m ON m.operation_id = o.id GROUP BY o.id
            """
        )
    }
    lues = matin.releve.recapitulatifs
    return sum(ecrites.get(numero) != lues.get(numero) for numero in ecrites.keys() | lues.keys())


def courriels(ville: Ville, sql: psycopg.Connection) -> Ligne:
    """Every mail has left once the worker has had its time. One that was leaving when it was killed may leave twice."""
    debut = time.monotonic()
    while (restants := compter(sql, "SELECT count(*) FROM post_office_email WHERE status <> 0")) and (
        time.monotonic() - debut < COURRIELS_AU_PLUS
    ):
        time.sleep(0.5)
    duree = time.monotonic() - debut
    ecrits = compter(sql, "SELECT count(*) FROM post_office_email")
    partis = sum(f.read_text().count("\nMessage-ID: ") for f in (ville.etat / "courriels").glob("*.log"))
    return Ligne(
        "  courriels partis",
        valeur=f"{ecrits - restants}/{ecrits} en {duree:.0f} s, {max(partis - ecrits, 0)} deux fois",
        cible="tous",
        atteinte=not restants and partis >= ecrits,
    )


def pannes() -> int:
    """`make bench ARGS=pannes`: 0 when everything held."""
    with etape("Ville, serveurs"):
        ville = Ville(FAMILLES)
    dire(f"\n{ENTETE}")
    lignes = []
    for ligne in essayer(ville):
        dire(str(ligne))
        lignes.append(ligne)
    DOSSIER.mkdir(parents=True, exist_ok=True)
    ecrire(lignes, "-pannes")
    tenu = all(ligne.atteinte is not False for ligne in lignes)
    dire(
        "Rien de perdu, rien en double, chaque récapitulatif lu est vrai."
        if tenu
        else "Les pannes ont fait des dégâts."
    )
    return 0 if tenu else 1
