"""Faults while the rush runs: `python -m portail.bench.pannes`. Nothing lost, nothing twice, every recap true.

A town of its own, 16 families at a time; a web worker killed, the Celery worker killed, a lock held on all the days,
PostgreSQL killed and started again. Families press reload, as people do.
"""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from tempfile import mkdtemp

import psycopg

from portail.bench.lancer import annee_a_venir, attendre, compter, lancer, manage, port_libre, services, verite
from portail.bench.mesures import Ligne, matin_d_ouverture
from portail.local import postgres
from portail.local.terminal import DE_PRODUCTION, dire

FAMILLES = 200
TENTATIVES = 60  # half a second or more apart: longer than any of the faults
DELAI_VERROU = 1000  # ms: shorter than in production, so that the fault makes some families wait too long


class Ville:
    """The servers of one trial, all its own."""

    def __init__(self, familles: int):
        self.etat = Path(mkdtemp(prefix="portail-pannes-"))
        for nom in ("celery", "celery-controle", "courriels", "static", "fichiers", "journaux"):
            (self.etat / nom).mkdir()
        self.base = postgres.demarrer(self.etat, durable=True)
        self.port, self.annee = port_libre(), annee_a_venir()
        self.env = {nom: valeur for nom, valeur in os.environ.items() if nom not in DE_PRODUCTION}
        self.env.pop("DJANGO_SETTINGS_MODULE", None)
        self.env |= {"PORTAIL_DEMO": "1", "PORTAIL_VAR": str(self.etat), "PORT": str(self.port)}
        self.env |= {"LOG_LEVEL": "CRITICAL", "DB_DELAI_VERROU": str(DELAI_VERROU)}
        manage(self.env, "migrate", "--no-input")
        manage(self.env, "collectstatic", "--no-input")
        manage(self.env, "peupler", f"--familles={familles}", f"--annee={self.annee}")
        self.processus: dict[str, subprocess.Popen] = {}
        for nom in ("web", "worker"):
            self.lancer(nom)
        attendre(self.port)

    def lancer(self, nom: str) -> None:
        self.processus[nom] = lancer(nom, dict(services(self.port))[nom], self.env, self.etat)

    def fermer(self) -> None:
        for un in self.processus.values():
            un.terminate()
        for un in self.processus.values():
            un.wait(20)
        self.base.arreter()
        shutil.rmtree(self.etat, ignore_errors=True)

    # --- The faults ----------------------------------------------------------------------------------------------
    def tuer_un_serveur_web(self) -> None:
        maitre = self.processus["web"].pid
        enfants = Path(f"/proc/{maitre}/task/{maitre}/children").read_text().split()
        os.kill(int(enfants[0]), signal.SIGKILL)

    def tuer_le_worker(self) -> None:
        self.processus["worker"].kill()
        self.processus["worker"].wait()
        self.lancer("worker")

    def retenir_les_jours(self) -> None:
        """Longer than the web server's patience for a lock."""
        with psycopg.connect(self.base.url) as sql:
            sql.execute("SELECT FROM reservations_journee ORDER BY id FOR UPDATE")
            time.sleep(DELAI_VERROU / 1000 * 2)

    def tuer_postgresql(self) -> None:
        self.base.processus.kill()
        self.base.processus.wait()
        time.sleep(1)  # its children notice, and end
        self.base = postgres.demarrer(self.etat, durable=True)


PANNES = (Ville.tuer_un_serveur_web, Ville.retenir_les_jours, Ville.tuer_le_worker, Ville.tuer_postgresql)


def essayer(familles: int = FAMILLES, *, ecart: float = 3.0, clients: int = 16) -> list[Ligne]:
    """One line per fault done while the rush ran, then the truth of the database."""
    ville = Ville(familles)
    try:
        adresses = [f"famille-1-{n}-1@exemple.fr" for n in range(familles)]
        matins, lignes = [], []
        ruee = threading.Thread(
            target=lambda: matins.append(
                matin_d_ouverture(
                    ville.port, adresses, ville.annee, clients=clients, doubles=0.3, tentatives=TENTATIVES
                )
            )
        )
        ruee.start()
        for panne in PANNES:
            time.sleep(ecart)
            pendant = ruee.is_alive()
            panne(ville)
            lignes.append(Ligne(panne.__name__.replace("_", " "), cible="pendant la ruée", atteinte=pendant))
        ruee.join()
        matin = matins[0]
        with psycopg.connect(ville.base.url, autocommit=True) as sql:
            lignes.append(Ligne("  requêtes recommencées", valeur=str(matin.releve.reprises)))
            lignes.append(verite(sql, matin, 0))
            lignes.append(doublons(sql))
        return lignes
    finally:
        ville.fermer()


def doublons(sql: psycopg.Connection) -> Ligne:
    """Each meal has its line in the register, once."""
    ecart = compter(
        sql,
        """
        SELECT count(*) FROM (
            SELECT m.inscription_id, m.date, count(*) AS n
              FROM reservations_mouvement m WHERE m.nature = 'ajout' AND m.motif = '' GROUP BY 1, 2
        ) m FULL JOIN reservations_reservation r ON r.inscription_id = m.inscription_id AND r.date = m.date
         WHERE m.n IS DISTINCT FROM 1 OR r.id IS NULL
        """,
    )
    return Ligne("  repas égaux au registre", valeur=f"{ecart} écart(s)", cible="0", atteinte=not ecart)


if __name__ == "__main__":
    resultats = essayer(*map(int, sys.argv[1:2]))
    for resultat in resultats:
        dire(str(resultat))
    sys.exit(any(ligne.atteinte is False for ligne in resultats))
