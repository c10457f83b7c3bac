"""Payments online: what decides. Pure: no database, no request, no gateway."""

import datetime as dt
from typing import Protocol
from zoneinfo import ZoneInfo

from facturation.passerelle import Demande, Resultat

PARIS = ZoneInfo("Europe/Paris")
# PayFiP: a payment page must be opened within 15 minutes, and what was begun on it ends a little later.
ROUVRIR = dt.timedelta(minutes=14)
EN_COURS = dt.timedelta(minutes=20)
# An answer that never comes: nobody asks any more. A notification still would be heard.
SANS_REPONSE = dt.timedelta(days=2)
SANS_DEPART = dt.timedelta(hours=1)
# However many notifications come, the gateway is not asked more often about one operation.
REPIT = dt.timedelta(seconds=5)
TOLERANCE = dt.timedelta(days=1)
PRODUCTION = "W"


class Datee(Protocol):
    cree_le: dt.datetime
    verifiee_le: dt.datetime | None


def ecarts(demande: Demande, resultat: Resultat) -> list[str]:
    """What the gateway says otherwise than we asked. Not the year: PayFiP has answered « 20 » for « 2019 »."""
    return [nom for nom in ("refdet", "montant", "numcli", "saisie") if getattr(demande, nom) != getattr(resultat, nom)]


def credite(saisie: str, *, demo: bool) -> bool:
    """Whether money in this mode pays a debt: T and X are tries, but in the demo whose debts are invented."""
    return saisie == PRODUCTION or demo


def purgee(cree_le: dt.datetime, maintenant: dt.datetime) -> bool:
    """Whether a night has passed: unknown (P1) then means never paid."""
    nuit = cree_le.astimezone(PARIS).date() < maintenant.astimezone(PARIS).date()
    return nuit and maintenant - cree_le >= SANS_DEPART


def rouvrable(transaction: Datee, maintenant: dt.datetime) -> bool:
    """Whether its payment page can still be opened."""
    return maintenant - transaction.cree_le < ROUVRIR


def valeur(recu_le: dt.datetime | None, cree_le: dt.datetime, maintenant: dt.datetime) -> dt.datetime:
    """The instant of value: the gateway's, when it can be true."""
    if recu_le is None or not cree_le - TOLERANCE <= recu_le <= maintenant + TOLERANCE:
        return maintenant
    return min(recu_le, maintenant)


def verifiee_a_l_instant(transaction: Datee, maintenant: dt.datetime) -> bool:
    return transaction.verifiee_le is not None and maintenant - transaction.verifiee_le < REPIT
