"""Bring up a town of its own, measure, print the table, write it as JSON under var/bench/. The demo is not touched."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import LiteralString
from urllib.request import urlopen

import psycopg

from portail.bench.facturation import mesurer_la_facturation, mesurer_la_liste, mesurer_les_pieces
from portail.bench.mesures import (
    ENTETE,
    Ligne,
    Matinee,
    matin_d_ouverture,
    mesurer_le_calendrier,
    mesurer_le_foyer,
    mesurer_le_journal,
    mesurer_les_envois,
    temps,
)
from portail.local import postgres
from portail.local.processus import ErreurLocale
from portail.local.terminal import DE_PRODUCTION, RACINE, VAR, dire, etape

FAMILLES = 3000
PIECES = 600  # PDFs of bills
PAR_MATIN = 600  # families of one morning: a minute or so each
DOSSIER = VAR / "bench"
OCTETS_DU_JOURNAL: LiteralString = "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint"


def bench() -> int:
    etat = DOSSIER / "etat"
    shutil.rmtree(etat, ignore_errors=True)
    for nom in ("celery", "celery-controle", "courriels", "static", "fichiers", "journaux"):
        (etat / nom).mkdir(parents=True)
    base, processus = None, []
    try:
        with etape("PostgreSQL"):
            base = postgres.demarrer(etat)
        port = port_libre()
        env = {nom: valeur for nom, valeur in os.environ.items() if nom not in DE_PRODUCTION}
        env |= {"PORTAIL_DEMO": "1", "PORTAIL_VAR": str(etat), "PORT": str(port), "LOG_LEVEL": "WARNING"}
        annee = annee_a_venir()
        for mots in (
            ["migrate", "--no-input"],
            ["collectstatic", "--no-input"],
            ["peupler", f"--familles={FAMILLES}", f"--annee={annee}"],
        ):
            with etape(mots[0]):
                manage(env, *mots)
        with etape("Serveur web et worker"):
            processus = [lancer(nom, mots, env, etat) for nom, mots in services(port)]
            attendre(port)
        lignes = list(mesurer(port, base.url, annee, env, etat))
    finally:
        for un in processus:
            un.terminate()
        for un in processus:
            un.wait(20)
        if base:
            base.arreter()
        shutil.rmtree(etat, ignore_errors=True)
    ecrire(lignes)
    return 0


def mesurer(port: int, url: str, annee: str, env: dict[str, str], etat: Path) -> Iterator[Ligne]:
    """Each row is printed as it comes: the bench can be stopped at any time without losing what it showed."""
    dire(f"\n{ENTETE}")
    for ligne in _lignes(port, url, annee, env, etat):
        dire(str(ligne))
        yield ligne


def _lignes(port: int, url: str, annee: str, env: dict[str, str], etat: Path) -> Iterator[Ligne]:
    with psycopg.connect(url, autocommit=True) as sql:
        adresses = [f"famille-1-{n}-1@exemple.fr" for n in range(FAMILLES)]
        yield from une_matinee(port, sql, adresses[:PAR_MATIN], annee, clients=16, cible=True)
        yield from une_matinee(port, sql, adresses[PAR_MATIN : 2 * PAR_MATIN], annee, clients=64, cible=True)
        rares = adresses[2 * PAR_MATIN : 3 * PAR_MATIN]
        rarefier(sql, rares)
        yield from une_matinee(
            port, sql, rares, annee, clients=16, doubles=0.3, suffixe=", places rares, doublons", cible=True
        )
        # The queues would take the places that the submissions measured below give back.
        sql.execute("DELETE FROM reservations_attente")
        manage(env, "peupler", f"--familles={FAMILLES}", f"--annee={annee}", "--reserver")
        total = compter(sql)
        yield Ligne(
            "repas dans la table", valeur=f"{total:,}".replace(",", " "), cible="> 500 000", atteinte=total > 500_000
        )
        fratrie = foyer_de_trois(sql)
        yield from mesurer_le_calendrier(
            port, etat / "static", adresses[0], annee, lambda chemin: requetes(env, adresses[0], chemin)
        )
        yield from mesurer_le_foyer(port, fratrie, annee, lambda chemin: requetes(env, fratrie, chemin))
        yield from mesurer_les_envois(
            port, adresses[1], annee, lambda chemin, jours: requetes(env, adresses[1], chemin, jours=jours)
        )
        yield from mesurer_le_journal(port, adresses[2], annee, lambda: compter(sql, OCTETS_DU_JOURNAL))

        def shell(code: str) -> str:
            return manage(env, "shell", "--no-imports", "-c", code)

        yield from mesurer_la_facturation(shell, annee)
        yield from mesurer_la_liste(shell)
        yield from mesurer_les_pieces(shell, PIECES)


def une_matinee(port, sql, courriels, annee, *, clients, doubles=0.0, suffixe="", cible=False) -> Iterator[Ligne]:
    avant = compter(sql)
    matin = matin_d_ouverture(port, courriels, annee, clients=clients, doubles=doubles)
    nom = f"ouverture, {clients} clients{suffixe}"
    yield Ligne(
        nom,
        valeur=f"{matin.par_minute:.0f} familles/min, {matin.releve.reservations} repas",
        cible="≥ 600 familles/min" if cible else "",
        atteinte=matin.par_minute >= 600 if cible else None,
    )
    toutes = [duree for durees in matin.releve.temps.values() for duree in durees]
    ligne = temps("  toute requête", toutes)
    if cible and clients == 16:
        ligne.cible, ligne.atteinte = "p95 < 1 000 ms", (ligne.p95 or 0) < 1000
    yield ligne
    for quoi, durees in matin.releve.temps.items():
        yield temps(f"  {quoi}", durees)
    yield verite(sql, matin, avant)
    if matin.releve.attentes:
        en_file = compter(sql, "SELECT count(*) FROM reservations_attente WHERE etat = 'attente'")
        yield Ligne(
            "  jours attendus égaux aux récapitulatifs",
            valeur=f"{en_file} jours",
            cible=str(matin.releve.attentes),
            atteinte=en_file == matin.releve.attentes,
        )


def compter(sql: psycopg.Connection, requete: LiteralString = "SELECT count(*) FROM reservations_reservation") -> int:
    ligne = sql.execute(requete).fetchone()
    return ligne[0] if ligne else 0


def verite(sql: psycopg.Connection, matin: Matinee, avant: int) -> Ligne:
    """The database holds each meal that a recap said and no other, the counts of places are right, no family failed."""
    apres = compter(sql)
    faux = compter(
        sql,
        """
        SELECT count(*) FROM reservations_journee j
         WHERE j.places_prises <> (SELECT count(*) FROM reservations_reservation r WHERE r.journee_id = j.id)
                                + (SELECT count(*) FROM reservations_attente a
                                    WHERE a.journee_id = j.id AND a.etat = 'attribuee')
            OR j.places_prises > j.capacite + j.depassement
        """,
    )
    lus = matin.releve.repas
    inscrits = sorted({inscription for inscription, _ in lus})
    ecrits = sql.execute(
        """
        SELECT inscription_id, to_char(date, 'DD/MM/YYYY') FROM reservations_reservation WHERE inscription_id = ANY(%s)
        """,
        [inscrits],
    )
    juste = apres - avant == matin.releve.reservations == len(lus) and set(ecrits.fetchall()) == lus
    juste = juste and not faux and not matin.erreurs
    for erreur in matin.erreurs[:5]:
        dire(f"    {erreur}")
    return Ligne(
        "  base égale à la somme des récapitulatifs",
        valeur=f"{apres - avant} repas, {len(matin.erreurs)} erreur(s)",
        cible="ni perte, ni surréservation",
        atteinte=juste,
    )


def foyer_de_trois(sql: psycopg.Connection) -> str:
    """The address of a parent whose household has three enrolled children."""
    ligne = sql.execute(
        """
        SELECT min(u.email)
          FROM reservations_inscription i
          JOIN comptes_rattachement r ON r.id = i.rattachement_id
          JOIN comptes_responsable p ON p.famille_id = r.famille_id
          JOIN comptes_utilisateur u ON u.id = p.utilisateur_id
         WHERE u.email LIKE 'famille-1-%-1@exemple.fr'
         GROUP BY r.famille_id HAVING count(DISTINCT r.enfant_id) = 3 ORDER BY 1 LIMIT 1
        """
    ).fetchone()
    if ligne is None:
        raise ErreurLocale("La ville du banc d’essai n’a pas de foyer de trois enfants.")
    return ligne[0]


def rarefier(sql, courriels: list[str]) -> None:
    """Leave places for two thirds of the children of these families, on each day."""
    sql.execute(
        """
        WITH attendus AS (
            SELECT i.activite_id, count(DISTINCT r.enfant_id) AS n
              FROM reservations_inscription i
              JOIN comptes_rattachement r ON r.id = i.rattachement_id
              JOIN comptes_responsable p ON p.famille_id = r.famille_id
              JOIN comptes_utilisateur u ON u.id = p.utilisateur_id
             WHERE u.email = ANY(%s)
             GROUP BY 1
        )
        UPDATE reservations_journee j SET capacite = j.places_prises + a.n * 2 / 3
          FROM attendus a WHERE a.activite_id = j.activite_id
        """,
        [courriels],
    )


# --- What runs -------------------------------------------------------------------------------------------------------
def port_libre() -> int:
    with socket.socket() as essai:
        essai.bind(("127.0.0.1", 0))
        return essai.getsockname()[1]


def annee_a_venir() -> str:
    """The first school year of the committed calendar that is all to come."""
    fichier = RACINE / "reservations" / "donnees" / "calendrier_zone_c.json"
    annees = json.loads(fichier.read_text(encoding="utf-8"))["annees"]
    a_venir = sorted(nom for nom, annee in annees.items() if annee["rentree"] > time.strftime("%Y-%m-%d"))
    if not a_venir:
        raise ErreurLocale("Le calendrier officiel du projet n’a plus d’année à venir : ajoutez-la.")
    return a_venir[0]


def services(port: int) -> list[tuple[str, list[str]]]:
    """The same programs as `make run`."""
    web = [sys.executable, "-m", "gunicorn", "portail.wsgi", "--bind", f"127.0.0.1:{port}", "--worker-class", "gthread"]
    web += ["--workers", "2", "--threads", "4", "--no-control-socket"]
    worker = ["nice", sys.executable, "-m", "celery", "-A", "portail", "worker", "--beat", "--concurrency", "1"]
    return [("web", web), ("worker", worker)]


def lancer(nom: str, mots: list[str], env: dict[str, str], etat: Path) -> subprocess.Popen:
    with (etat / "journaux" / f"{nom}.log").open("wb") as sortie:
        return subprocess.Popen(mots, cwd=RACINE, env=env, stdout=sortie, stderr=sortie, stdin=subprocess.DEVNULL)


def manage(env: dict[str, str], *mots: str) -> str:
    fini = subprocess.run(
        [sys.executable, "manage.py", *mots], cwd=RACINE, env=env, text=True, capture_output=True, check=False
    )
    if fini.returncode:
        raise ErreurLocale(f"« {mots[0]} » a échoué :\n{fini.stderr[-2000:]}")
    return fini.stdout


def attendre(port: int) -> None:
    for _ in range(300):
        try:
            with urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5):  # nosec B310
                return
        except OSError:
            time.sleep(0.1)
    raise ErreurLocale("Le serveur web du banc d’essai ne répond pas.")


def requetes(env: dict[str, str], courriel: str, chemin: str, *, jours: int = 0) -> int:
    """The SQL statements of a page, or of a submission that books days, counted by Django in a process of its own."""
    code = f"""
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from comptes.models import Utilisateur
from portail.bench.famille import formulaire
client = Client()
client.force_login(Utilisateur.objects.get(email={courriel!r}))
choisir = lambda libres, reserves: libres[:{jours}] + reserves if libres else []
demander = lambda: client.get({chemin!r})
page = demander().content.decode()
if {jours}:
    champs = {{}}
    for nom, valeur in formulaire(page, choisir):
        champs.setdefault(nom, []).append(valeur)
    demander = lambda: client.post({chemin!r}, champs)
with CaptureQueriesContext(connection) as vues:
    reponse = demander()
assert reponse.status_code == (302 if {jours} else 200), reponse.status_code
print(len(vues))
"""
    return int(manage(env, "shell", "--no-imports", "-c", code).split()[-1])


def ecrire(lignes: list[Ligne], suffixe: str = "") -> None:
    fichier = DOSSIER / f"{time.strftime('%Y-%m-%d-%Hh%M')}{suffixe}.json"
    fichier.write_text(json.dumps([ligne.en_json() for ligne in lignes], ensure_ascii=False, indent=1) + "\n")
    manquees = [ligne.nom.strip() for ligne in lignes if ligne.atteinte is False]
    dire(f"\nTableau écrit dans {fichier.relative_to(RACINE)}.")
    dire(f"Cibles manquées : {', '.join(manquees)}." if manquees else "Toutes les cibles sont tenues.")
