"""What `make bench` measures, with its targets: the calendar, a submission, the opening morning."""

import gzip
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path
from random import Random
from statistics import median, quantiles

from portail.bench.famille import CHAMP, LISTE_D_ATTENTE, Echec, Navigateur, Releve

STATIQUES = ["css/portail.css", "css/calendrier.css", "js/session.js", "js/calendrier.js"]
POLICE = "police/atkinson-hyperlegible-next.woff2"


@dataclass
class Ligne:
    """One row of the table. Times in milliseconds."""

    nom: str
    mediane: float | None = None
    p95: float | None = None
    sql: int | None = None
    octets: int | None = None  # of the page, not compressed
    valeur: str = ""
    cible: str = ""
    atteinte: bool | None = None

    def __str__(self) -> str:
        mesures = " " * 17 if self.mediane is None else f"{self.mediane:8.1f} {self.p95:8.1f}"
        cout = f"{'' if self.sql is None else self.sql:>5} {'' if self.octets is None else self.octets:>8}"
        verdict = {True: "oui", False: "NON", None: ""}[self.atteinte]
        return f"{self.nom:<44} {mesures} {cout}  {self.valeur:<34} {self.cible:<24} {verdict}"

    def en_json(self) -> dict:
        return asdict(self)


ENTETE = f"{'':<44} {'médiane':>8} {'p95':>8} {'SQL':>5} {'octets':>8}  {'':<34} {'cible':<24} tenue"


def temps(nom: str, durees: list[float], *, cible: float | None = None, valeur: str = "") -> Ligne:
    ms = [d * 1000 for d in durees]
    milieu, haut = median(ms), quantiles(ms, n=20)[-1] if len(ms) > 1 else ms[0]
    but = f"médiane ≤ {cible:.0f} ms" if cible else ""
    return Ligne(nom, milieu, haut, valeur=valeur, cible=but, atteinte=milieu <= cible if cible else None)


def mesurer_le_calendrier(
    port: int, racine: Path, courriel: str, annee: str, requetes: Callable[[str], int]
) -> Iterator[Ligne]:
    """The page of one enrolment, the year fully booked by the whole town."""
    releve = Releve()
    navigateur = Navigateur(port, releve)
    navigateur.se_connecter(courriel)
    inscription = navigateur.inscriptions(annee)[0]
    for _ in range(10):
        page = navigateur.calendrier(inscription)
    releve.temps.clear()
    for _ in range(100):
        navigateur.calendrier(inscription)
    chemin = f"/reservations/inscriptions/{inscription}/"
    ligne = temps("calendrier, année pleine", releve.temps["calendrier"], cible=40)
    ligne.sql, ligne.octets = requetes(chemin), releve.octets["calendrier"]
    yield ligne
    fixes = sum(len(gzip.compress((racine / f).read_bytes(), 9)) for f in STATIQUES)
    total = len(gzip.compress(page.encode(), 6)) + fixes + (racine / POLICE).stat().st_size
    yield Ligne(
        "calendrier, poids à froid compressé",
        valeur=f"{total / 1000:.1f} ko",
        cible="≤ 60 ko",
        atteinte=total <= 60_000,
    )


def mesurer_le_foyer(port: int, courriel: str, annee: str, requetes: Callable[[str], int]) -> Iterator[Ligne]:
    """The calendar of all the children of a household that has three, the year fully booked by the whole town."""
    releve, chemin = Releve(), f"/reservations/tous/?annee={annee}"
    navigateur = Navigateur(port, releve)
    navigateur.se_connecter(courriel)
    for tour in range(60):
        navigateur.page("calendrier du foyer" if tour >= 10 else "chauffe", chemin)
    ligne = temps("calendrier du foyer, trois enfants", releve.temps["calendrier du foyer"], cible=80)
    ligne.sql, ligne.octets = requetes(chemin), releve.octets["calendrier du foyer"]
    yield ligne


def mesurer_les_envois(port: int, courriel: str, annee: str, requetes: Callable[[str, int], int]) -> Iterator[Ligne]:
    """Book then cancel 1, 16 and all the days, again and again."""
    for nombre, cible in ((1, 25), (16, 30), (140, 60)):
        releve = Releve()
        navigateur = Navigateur(port, releve)
        navigateur.se_connecter(courriel)
        inscription = navigateur.inscriptions(annee)[0]
        for tour in range(43):  # the last time of 1 and 140 days cancels: all can be booked again, and counted
            page = navigateur.calendrier(inscription)
            nom = "envoi" if tour > 1 else "chauffe"
            navigateur.reserver(
                nom, inscription, page, lambda libres, reserves, n=nombre: [] if reserves else libres[:n]
            )
        ligne = temps(f"envoi de {nombre} jour{'s' if nombre > 1 else ''}", releve.temps["envoi"], cible=cible)
        ligne.sql = requetes(f"/reservations/inscriptions/{inscription}/", nombre)
        yield ligne


def mesurer_le_journal(port: int, courriel: str, annee: str, octets: Callable[[], int]) -> Iterator[Ligne]:
    """Bytes of write-ahead log of a meal booked and of a meal cancelled, of a year sent at once."""
    navigateur = Navigateur(port, Releve())
    navigateur.se_connecter(courriel)
    inscription = navigateur.inscriptions(annee)[0]
    couts: dict[str, list[float]] = {"ajouté": [], "annulé": []}
    for _ in range(7):
        page = navigateur.calendrier(inscription)
        avant = octets()
        faites, annulees = navigateur.reserver(
            "envoi", inscription, page, lambda libres, reserves: [] if reserves else libres
        )
        couts["ajouté" if faites else "annulé"].append((octets() - avant) / (faites or annulees))
    for mot, par_repas in couts.items():
        yield Ligne(f"journal (WAL) par repas {mot}", valeur=f"{median(par_repas):.0f} octets")


@dataclass
class Matinee:
    """The opening morning as it went."""

    familles: int
    duree: float
    releve: Releve
    erreurs: list[str]

    @property
    def par_minute(self) -> float:
        return self.familles * 60 / self.duree


def matin_d_ouverture(
    port: int, courriels: list[str], annee: str, *, clients: int, doubles: float = 0.0, tentatives: int = 1
) -> Matinee:
    """Every family signs in, opens the calendar of each child, books the whole year, reads the recap."""
    suivant, verrou = count(), threading.Lock()
    total, erreurs, hasard = Releve(), [], Random(1)  # noqa: S311  # nosec B311  which forms are sent twice
    deux_fois = {n for n in range(len(courriels)) if hasard.random() < doubles}

    def client() -> None:
        releve = Releve()
        while (rang := next(suivant)) < len(courriels):
            navigateur = Navigateur(port, releve, tentatives)
            try:
                navigateur.se_connecter(courriels[rang])
                for inscription in navigateur.inscriptions(annee):
                    page = navigateur.calendrier(inscription)
                    toute_l_annee = lambda libres, reserves: libres + reserves  # noqa: E731
                    fois = 2 if rang in deux_fois else 1
                    if not navigateur_a_des_jours(page):
                        if LISTE_D_ATTENTE.search(page):
                            navigateur.attendre(inscription, fois=fois)
                    else:
                        navigateur.reserver("envoi de l’année", inscription, page, toute_l_annee, fois=fois)
            except (Echec, OSError) as erreur:
                erreurs.append(f"{courriels[rang]} : {erreur}")
            finally:
                navigateur.fermer()
        with verrou:
            total.ajouter(releve)

    debut = time.perf_counter()
    fils = [threading.Thread(target=client) for _ in range(clients)]
    for fil in fils:
        fil.start()
    for fil in fils:
        fil.join()
    return Matinee(len(courriels), time.perf_counter() - debut, total, erreurs)


def navigateur_a_des_jours(page: str) -> bool:
    """Whether a day of the page can still change: the child's other household may have booked them all."""
    return dict(CHAMP.findall(page)).get("vus") != ""
