"""What the simulated PayFiP remembers, and how it errs on purpose. Rules: « Guide de mise en œuvre PayFiP régie »."""

import datetime as dt
import json
import re
import secrets
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from enum import Enum
from pathlib import Path
from zoneinfo import ZoneInfo

PARIS = ZoneInfo("Europe/Paris")
VALIDITE = dt.timedelta(minutes=15)
COURRIEL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


class Fonctionnelle(Exception):
    """A FonctionnelleErreur. P1, P5, R3, A2, M3 and M5 are PayFiP's codes; the others are ours."""

    def __init__(self, code: str, libelle: str):
        super().__init__(code, libelle)
        self.code, self.libelle = code, libelle


class Notifications(Enum):
    NORMALES = "normales"
    PERDUES = "perdues"
    EN_RETARD = "en-retard"
    DOUBLEES = "doublees"
    FORGEES = "forgees"


@dataclass
class Operation:
    idop: str
    demande: dict[str, str]
    cree_le: float
    resultat: str = ""
    fini_le: float = 0.0


def champ_fautif(demande: dict[str, str]) -> Fonctionnelle | None:
    """The first thing wrong in a request to pay."""
    montant, numcli = demande.get("montant", ""), demande.get("numcli", "")
    fautes = [
        (not re.fullmatch(r"[0-9]{6}", numcli), "T1", "Numéro de client incorrect"),
        (not re.fullmatch(r"[0-9]{4}", demande.get("exer", "")), "E1", "Exercice incorrect"),
        (not re.fullmatch(r"[A-Za-z0-9]{6,30}", demande.get("refdet", "")), "R3", "Référence de dette incorrecte"),
        (not montant.isdecimal() or len(montant) > 7, "M3", "Montant incorrect"),
        (montant.isdecimal() and int(montant) < 100, "M5", "Montant inférieur à 1 euro"),
        (not COURRIEL.fullmatch(demande.get("mel", "")[:81]), "A2", "Adresse mél incorrecte"),
        (demande.get("saisie") not in {"T", "X", "W"}, "S1", "Type de saisie incorrect"),
        (not re.fullmatch(r"[ -~]{0,100}", demande.get("objet", "")), "O1", "Objet incorrect"),
    ]
    return next((Fonctionnelle(code, libelle) for faux, code, libelle in fautes if faux), None)


@dataclass
class Simulateur:
    """Thread-safe. `envoyer(url, idop)` carries a notification; `fichier` keeps the operations between two starts."""

    envoyer: Callable[[str, str], None]
    fichier: Path | None = None
    notifications: Notifications = Notifications.NORMALES
    en_panne: bool = False
    operations: dict[str, Operation] = field(default_factory=dict)
    en_attente: list[tuple[str, str]] = field(default_factory=list)
    # Fields that the next answers give instead of the true ones: a wrong amount, « 20 » for the year.
    faux: dict[str, str] = field(default_factory=dict)
    verrou: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self):
        if self.fichier and self.fichier.exists():
            for garde in json.loads(self.fichier.read_text()):
                self.operations[garde["idop"]] = Operation(**garde)

    def garder(self) -> None:
        if self.fichier:
            neuf = self.fichier.with_suffix(".neuf")
            neuf.write_text(json.dumps([asdict(o) for o in self.operations.values()]))
            neuf.replace(self.fichier)

    def creer(self, demande: dict[str, str]) -> str:
        if faute := champ_fautif(demande):
            raise faute
        with self.verrou:
            idop = secrets.token_hex(16)
            self.operations[idop] = Operation(idop, demande, dt.datetime.now(dt.UTC).timestamp())
            self.garder()
        return idop

    def detail(self, idop: str) -> dict[str, str]:
        operation = self.operations.get(idop)
        if operation is None:
            raise Fonctionnelle("P1", "IdOp incorrect")
        if not operation.resultat:
            raise Fonctionnelle("P5", "Résultat de la transaction non connu")
        fini = dt.datetime.fromtimestamp(operation.fini_le, PARIS)
        vrai = {
            "dattrans": f"{fini:%d%m%Y}",
            "exer": operation.demande["exer"],
            "heurtrans": f"{fini:%H%M}",
            "idOp": idop,
            "mel": operation.demande["mel"],
            "montant": operation.demande["montant"],
            "numauto": idop[:6].upper() if operation.resultat == "P" else "",
            "numcli": operation.demande["numcli"],
            "objet": operation.demande.get("objet", ""),
            "refdet": operation.demande["refdet"],
            "resultrans": operation.resultat,
            "saisie": operation.demande["saisie"],
        }
        return {nom: valeur for nom, valeur in {**vrai, **self.faux}.items() if valeur}

    def a_ouvrir(self, idop: str) -> Operation | None:
        """The operation whose page can be opened: young, and without a result but « abandoned »."""
        operation = self.operations.get(idop)
        if operation is None or operation.resultat not in {"", "A"}:
            return None
        age = dt.datetime.now(dt.UTC).timestamp() - operation.cree_le
        return operation if age < VALIDITE.total_seconds() else None

    def choisir(self, idop: str, resultat: str, *, apres: float = 0) -> Operation:
        """The parent's choice on the page, then the notification, as the switch has it."""
        with self.verrou:
            operation = self.operations[idop]
            operation.resultat = resultat
            operation.fini_le = dt.datetime.now(dt.UTC).timestamp() + apres
            self.garder()
        self._notifier(operation.demande.get("urlnotif", ""), idop)
        return operation

    def _notifier(self, url: str, idop: str) -> None:
        envois = {
            Notifications.NORMALES: [idop],
            Notifications.DOUBLEES: [idop, idop],
            Notifications.FORGEES: [secrets.token_hex(16), "'; --", *list(self.operations)[:1]],
        }
        if self.notifications is Notifications.EN_RETARD:
            self.en_attente.append((url, idop))
        for envoi in envois.get(self.notifications, []):
            self.envoyer(url, envoi)

    def livrer(self) -> int:
        """Send the notifications that were late."""
        with self.verrou:
            partent, self.en_attente = self.en_attente, []
        for url, idop in partent:
            self.envoyer(url, idop)
        return len(partent)

    def rejeter(self) -> int:
        """The bank refuses, days later, the direct debits that were accepted."""
        with self.verrou:
            acceptees = [o for o in self.operations.values() if o.resultat == "V"]
            for operation in acceptees:
                operation.resultat = "Z"
            self.garder()
        return len(acceptees)

    def purger(self) -> int:
        """The night: what was not finished is unknown from now on."""
        with self.verrou:
            finies = {idop: o for idop, o in self.operations.items() if o.resultat not in {"", "A"}}
            n = len(self.operations) - len(finies)
            self.operations = finies
            self.garder()
        return n
