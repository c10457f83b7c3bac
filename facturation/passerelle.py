"""The one door to payment gateways: who asks for a payment, and what became of it. No database, no row is written here.

A gateway is a module that has `demander`, `resultat` and `lire_notification`; the settings choose it by name. What it
answers is hostile until read: whatever it is, the caller gets a `Resultat` or one of the errors below.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from typing import Any, Protocol
from zoneinfo import ZoneInfo

PARIS = ZoneInfo("Europe/Paris")
# Seconds: to connect, then between two readings; and in all for one answer.
DELAI, DELAI_TOTAL = 8, 20
OCTETS_AU_PLUS = 200_000
MINIMUM = Decimal("1.00")


class ErreurDePasserelle(Exception):
    """`phrase` is for the parent; `code` is the gateway's, for the régie."""

    phrase = "Le service de paiement n’a pas répondu comme attendu. Rien n’a été débité ; réessayez dans un moment."

    def __init__(self, code: str = ""):
        super().__init__(code)
        self.code = code[:40]


class PasserelleIndisponible(ErreurDePasserelle):
    """Down, slow, or answering what nobody can read: nothing is known."""

    phrase = (
        "Le service de paiement ne répond pas pour le moment. Rien n’a été débité ; réessayez dans quelques minutes."
    )


class DemandeRefusee(ErreurDePasserelle):
    """The gateway read the request and said no."""

    phrase = "Le service de paiement a refusé la demande. Rien n’a été débité ; la régie peut vous aider."


class CourrielRefuse(DemandeRefusee):
    """PayFiP A2: it wants an address that it can write to."""

    phrase = (
        "Le service de paiement a refusé votre adresse e-mail. Vérifiez-la dans « Mon compte famille », puis réessayez."
    )


class PasInconnu(ErreurDePasserelle):
    """PayFiP P1: this operation is unknown, or purged."""


class PasEncore(ErreurDePasserelle):
    """PayFiP P5: the result is not known yet."""


class Etat(Enum):
    PAYE = "paye"
    REFUSE = "refuse"
    ABANDONNE = "abandonne"


class Moyen(Enum):
    CARTE = "carte"
    PRELEVEMENT = "prelevement"


@dataclass(frozen=True)
class Adresses:
    """Where the gateway sends the parent back, and where it tells us, both whole."""

    retour: str
    notification: str


@dataclass(frozen=True)
class Depart:
    """Where the parent goes. With `champs` it is a form to post; `memoire` is kept with our row."""

    url: str
    idop: str
    champs: Mapping[str, str] = field(default_factory=dict)

    @property
    def memoire(self) -> dict[str, Any]:
        return {"url": self.url, "champs": dict(self.champs)}


@dataclass(frozen=True)
class Resultat:
    """What the gateway says of an operation. `montant` in euros, None when it is no amount; `brut` is its answer."""

    etat: Etat
    moyen: Moyen
    code: str
    montant: Decimal | None
    refdet: str
    numcli: str
    saisie: str
    recu_le: dt.datetime | None
    brut: dict[str, str]


@dataclass(frozen=True)
class Indice:
    """What a notification points at: an operation, and what proves it when it is signed. Never a result by itself."""

    idop: str
    preuve: str = ""


class Demande(Protocol):
    """What a gateway reads of our row."""

    montant: Decimal
    refdet: str
    numcli: str
    saisie: str
    exercice: str
    courriel: str
    idop: str
    memoire: dict[str, Any]


class Passerelle(Protocol):
    NOM: str

    def identite(self) -> tuple[str, str]:
        """The number of the régie and the mode (T, X, W) of the next requests."""

    def origine(self) -> str:
        """Scheme and host of the payment page, for the security policy of ours."""

    def demander(self, demande: Demande, objet: str, adresses: Adresses) -> Depart: ...

    def resultat(self, demande: Demande) -> Resultat: ...

    def lire_notification(self, corps: str) -> Indice | None:
        """What the body or query of a notification points at; None when it is not one."""


def centimes(brut: str) -> Decimal | None:
    """« 1491 » → 14.91; None for anything else."""
    if not (brut.isascii() and brut.isdecimal() and len(brut) <= 9):
        return None
    return Decimal(int(brut)) / 100


def court(valeur: object, au_plus: int = 200) -> str:
    """A text that can be kept: of a gateway nothing is known, neither the type nor the length."""
    return "".join(c for c in str(valeur) if c.isprintable())[:au_plus] if isinstance(valeur, (str, int)) else ""
