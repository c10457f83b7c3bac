"""A family in front of its browser: signs in, opens calendars, books, reads the recap. Over HTTP, nothing else."""

import http.client
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlencode

MOT_DE_PASSE = "Portail-demo-2026"  # nosec B105  the demo's, public
JETON_CSRF = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
CHAMP = re.compile(r'<input type="hidden"\s+name="(jeton|deja|vus)"\s+value="([^"]*)"')
INSCRIT = re.compile(r'href="/reservations/enfants/(\d+)/"')
CHOIX = re.compile(r'name="inscription" value="(\d+)"')
REUSSIES = re.compile(r"effectuées avec succès\s*: <strong>(\d+)")
EN_ATTENTE = re.compile(r"mis en liste d’attente\s*: <strong>(\d+)")
LIGNE_AJOUTEE = re.compile(r'<li class="ajout">[^<]*?(\d\d/\d\d/\d{4})')
LIGNE_ANNULEE = re.compile(r'<li class="annulation">[^<]*?(\d\d/\d\d/\d{4})')
LISTE_D_ATTENTE = re.compile(r'href="/reservations/inscriptions/\d+/attente/[?"]')
JOUR_COMPLET = re.compile(r'name="jours" value="([\d-]+)"')
ANNULEES = re.compile(r"réservations annulées\s*: <strong>(\d+)")


class Echec(Exception):
    """An answer that a family would not expect."""


@dataclass
class Releve:
    """Times of the requests, in seconds, by what they were for."""

    temps: dict[str, list[float]] = field(default_factory=dict)
    octets: dict[str, int] = field(default_factory=dict)
    reservations: int = 0
    repas: set[tuple[int, str]] = field(default_factory=set)  # (enrolment, 15/05/2025) of each line read as booked
    attentes: int = 0
    reprises: int = 0  # requests sent again: no answer, or a 503
    recapitulatifs: dict[str, tuple[int, int]] = field(default_factory=dict)  # as read: number → booked, cancelled

    def noter(self, quoi: str, duree: float, octets: int) -> None:
        self.temps.setdefault(quoi, []).append(duree)
        self.octets[quoi] = octets

    def ajouter(self, autre: "Releve") -> None:
        for quoi, durees in autre.temps.items():
            self.temps.setdefault(quoi, []).extend(durees)
        self.octets |= autre.octets
        self.reservations += autre.reservations
        self.repas |= autre.repas
        self.attentes += autre.attentes
        self.reprises += autre.reprises
        self.recapitulatifs |= autre.recapitulatifs


class Navigateur:
    """Keeps its cookies and its connection; follows no redirection by itself."""

    def __init__(self, port: int, releve: Releve, tentatives: int = 1):
        self.port, self.releve, self.tentatives = port, releve, tentatives
        self.cookies: dict[str, str] = {}
        self.liaison: http.client.HTTPConnection | None = None

    def demander(self, quoi: str, methode: str, chemin: str, champs=None) -> tuple[int, str, str]:
        """Status, place to go, page. A request that met no server, or 503, is sent again, as people press reload."""
        for reste in reversed(range(self.tentatives)):
            try:
                reponse = self._une_fois(quoi, methode, chemin, champs)
                if reponse[0] != 503 or not reste:
                    return reponse
            except (OSError, http.client.HTTPException):
                self.fermer()
                if not reste:
                    raise
            self.releve.reprises += 1
            time.sleep(0.5)
        raise AssertionError

    def _une_fois(self, quoi, methode, chemin, champs) -> tuple[int, str, str]:
        if self.liaison is None:
            self.liaison = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        entetes = {"Cookie": "; ".join(f"{nom}={valeur}" for nom, valeur in self.cookies.items())}
        corps = None
        if champs is not None:
            corps = urlencode(champs)
            entetes |= {"Content-Type": "application/x-www-form-urlencoded", "Referer": "http://127.0.0.1/"}
        debut = time.perf_counter()
        self.liaison.request(methode, chemin, corps, entetes)
        reponse = self.liaison.getresponse()
        contenu = reponse.read()
        self.releve.noter(quoi, time.perf_counter() - debut, len(contenu))
        for nom, valeur in reponse.getheaders():
            if nom.lower() == "set-cookie":
                cle, _, suite = valeur.partition("=")
                self.cookies[cle] = suite.partition(";")[0]
        return reponse.status, reponse.getheader("Location", ""), contenu.decode()

    def page(self, quoi: str, chemin: str) -> str:
        statut, ou, page = self.demander(quoi, "GET", chemin)
        if statut != 200:
            raise Echec(f"{quoi} : {chemin} répond {statut} {ou}")
        return page

    def envoyer(self, quoi: str, chemin: str, champs) -> str:
        """POST a form, and give the place where it leads."""
        statut, ou, _ = self.demander(quoi, "POST", chemin, champs)
        if statut != 302:
            raise Echec(f"{quoi} : {chemin} répond {statut}")
        return ou

    def fermer(self) -> None:
        if self.liaison:
            self.liaison.close()
            self.liaison = None

    # --- The journey ---------------------------------------------------------------------------------------------
    def se_connecter(self, courriel: str) -> None:
        page = self.page("page de connexion", "/connexion/")
        champs = {"identifiant": courriel, "mot_de_passe": MOT_DE_PASSE, **_csrf(page)}
        self.envoyer("connexion", "/connexion/", champs)

    def inscriptions(self, annee: str) -> list[str]:
        page = self.page("étape 1", "/reservations/")
        trouvees = []
        for enfant in dict.fromkeys(INSCRIT.findall(page)):
            trouvees += CHOIX.findall(self.page("étape 2", f"/reservations/enfants/{enfant}/?annee={annee}"))
        return trouvees

    def calendrier(self, inscription: str) -> str:
        return self.page("calendrier", f"/reservations/inscriptions/{inscription}/")

    def reserver(self, quoi: str, inscription: str, page: str, choisir: Callable, *, fois: int = 1) -> tuple[int, int]:
        """Tick what `choisir` takes among the free days of the page, send, read the recap: booked and cancelled.

        `choisir` receives the free and the booked days, and gives those that stay ticked.
        """
        champs = [*formulaire(page, choisir), *_csrf(page).items()]
        chemin = f"/reservations/inscriptions/{inscription}/"
        lieu, recapitulatif = self._recapitulatif(quoi, chemin, champs, fois)
        faites, annulees = REUSSIES.search(recapitulatif), ANNULEES.search(recapitulatif)
        if not faites or not annulees:
            raise Echec("Le récapitulatif ne dit pas ce qui a été fait.")
        lus = int(faites[1]), int(annulees[1])
        self.releve.recapitulatifs[lieu.rstrip("/").rpartition("/")[2]] = lus
        self.releve.reservations += lus[0] - lus[1]
        self.releve.repas |= {(int(inscription), jour) for jour in LIGNE_AJOUTEE.findall(recapitulatif)}
        self.releve.repas -= {(int(inscription), jour) for jour in LIGNE_ANNULEE.findall(recapitulatif)}
        if LISTE_D_ATTENTE.search(page) or LISTE_D_ATTENTE.search(recapitulatif):
            self.attendre(inscription, fois=fois)
        return lus

    def attendre(self, inscription: str, *, fois: int = 1) -> None:
        """Ask to wait on every day that is full; read how many were taken."""
        chemin = f"/reservations/inscriptions/{inscription}/attente/"
        page = self.page("page d’attente", chemin)
        jours = [("jours", jour) for jour in JOUR_COMPLET.findall(page)]
        if not jours:
            return
        caches = [(nom, valeur) for nom, valeur in CHAMP.findall(page) if nom == "jeton"]
        champs = [*jours, *caches, ("mode", "auto"), *_csrf(page).items()]
        _, page = self._recapitulatif("envoi de l’attente", chemin, champs, fois)
        mis = EN_ATTENTE.search(page)
        self.releve.attentes += int(mis[1]) if mis else 0

    def _recapitulatif(self, quoi: str, chemin: str, champs, fois: int) -> tuple[str, str]:
        """The address and the text of the recap to which this form leads, however many times it is sent."""
        lieux = {self.envoyer(quoi, chemin, champs) for _ in range(fois)}
        if len(lieux) != 1:
            raise Echec(f"Le même formulaire, envoyé {fois} fois, mène à {len(lieux)} récapitulatifs.")
        lieu = lieux.pop()
        return lieu, self.page("récapitulatif", lieu).replace("\N{NO-BREAK SPACE}", " ")


def formulaire(page: str, choisir: Callable) -> list[tuple[str, str]]:
    """The fields of the calendar of this page, with the days that `choisir` leaves ticked."""
    caches = dict(CHAMP.findall(page))
    if not {"vus", "jeton"} <= caches.keys():
        raise Echec("Le calendrier n’a pas ses champs cachés.")
    libres = [mot[:10] for mot in caches["vus"].split() if mot[11] == "0"]
    reserves = [mot[:10] for mot in caches["vus"].split() if mot[11] == "1"]
    champs = [("jours", jour) for jour in choisir(libres, reserves)]
    return [*champs, ("deja", ",".join(reserves)), ("jeton", caches["jeton"])]


def _csrf(page: str) -> dict[str, str]:
    trouve = JETON_CSRF.search(page)
    if not trouve:
        raise Echec("La page n’a pas de formulaire.")
    return {"csrfmiddlewaretoken": trouve[1]}
