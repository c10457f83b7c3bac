"""API Particulier, v3: the quotient familial of a person, from the CAF or the MSA.

Source: https://particulier.api.gouv.fr/developpeurs/openapi, « Quotient familial CAF & MSA », identity parameters. The
identity goes in the address: neither it nor the token is ever logged, and no error keeps them.
"""

import datetime as dt
import json
import logging
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

import requests
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone
from urllib3.exceptions import HTTPError

from comptes.regles_quotient import verifier_un_quotient

CHEMIN = "/v3/dss/quotient_familial/identite"
FRANCE = "99100"  # COG code of the country
TAILLE = 256 * 1024  # bytes of an answer; theirs have 2 or 3 thousand
ATTENTE, ATTENTE_AU_PLUS = 60, 3600  # seconds before asking again after a 429

journal = logging.getLogger(__name__)


@dataclass(frozen=True, repr=False)
class Identite:
    """Who is asked about, as the CAF knows them. `commune` and `departement` of birth: in France alone."""

    nom: str  # of birth
    prenoms: tuple[str, ...]
    naissance: dt.date
    sexe: str  # F or M
    pays: str = FRANCE
    commune: str = ""
    departement: str = ""

    def parametres(self) -> dict[str, Any]:
        lieu = {"nomCommuneNaissance": self.commune, "codeCogInseeDepartementNaissance": self.departement}
        return {
            "nomNaissance": self.nom,
            "prenoms[]": list(self.prenoms),
            "anneeDateNaissance": self.naissance.year,
            "moisDateNaissance": self.naissance.month,
            "jourDateNaissance": self.naissance.day,
            "sexeEtatCivil": self.sexe,
            "codeCogInseePaysNaissance": self.pays,
            **(lieu if self.pays == FRANCE else {}),
        }


@dataclass(frozen=True)
class Quotient:
    valeur: int  # euros a month
    mois: int
    annee: int

    @property
    def premier(self) -> dt.date:
        return dt.date(self.annee, self.mois, 1)


class Echec(Exception):
    """No quotient came back. The message is for the agent."""


class PasTrouve(Echec):
    """Neither the CAF nor the MSA knows this person."""


class TropDeDemandes(Echec):
    """Ask again in `attendre` seconds."""

    def __init__(self, attendre: int):
        super().__init__(f"API Particulier reçoit trop de demandes. Réessayez dans {attendre} secondes.")
        self.attendre = attendre


class Indisponible(Echec):
    """Down, slow, or it answers something that makes no sense."""


def actif() -> bool:
    return bool(settings.API_PARTICULIER["jeton"])


def lire_le_quotient(identite: Identite) -> Quotient:
    """The latest quotient of this person. Raises PasTrouve, TropDeDemandes or Indisponible, never anything else."""
    reglages: dict[str, Any] = settings.API_PARTICULIER
    fin = time.monotonic() + reglages["delai"]
    try:
        with _demander(identite) as reponse:
            _verifier_le_statut(reponse)
            return _comprendre(_lire(reponse, fin))
    except (requests.RequestException, HTTPError, OSError):
        # Their messages hold the address: nothing of them goes further.
        journal.warning("API Particulier injoignable ou trop lente")
        raise Indisponible("API Particulier ne répond pas. Réessayez plus tard.") from None


def _demander(identite: Identite) -> requests.Response:
    reglages: dict[str, Any] = settings.API_PARTICULIER
    delai = reglages["delai"]
    return requests.get(
        reglages["url"] + CHEMIN,
        params={"recipient": reglages["recipient"], **identite.parametres()},
        auth=_porter_le_jeton,
        headers={"Accept": "application/json", "Accept-Encoding": "identity"},
        timeout=delai,
        allow_redirects=False,
        stream=True,
    )


def _porter_le_jeton(requete: requests.PreparedRequest) -> requests.PreparedRequest:
    """As `auth`, for a .netrc of the machine would replace the header."""
    requete.headers["Authorization"] = f"Bearer {settings.API_PARTICULIER['jeton']}"
    return requete


def _verifier_le_statut(reponse: requests.Response) -> None:
    """404: no file there; 422: nobody of this identity, or a parameter that it refuses."""
    if reponse.status_code == 200:
        return
    journal.warning("API Particulier répond %d", reponse.status_code)
    if reponse.status_code in (404, 422):
        raise PasTrouve(
            "Ni la CAF ni la MSA ne trouve cette personne. Vérifiez son nom de naissance, ses prénoms, sa date et son "
            "lieu de naissance."
        )
    if reponse.status_code == 429:
        raise TropDeDemandes(_secondes(reponse.headers.get("Retry-After", "")))
    if reponse.status_code in (401, 403):
        raise Indisponible("API Particulier refuse le jeton de la ville. Prévenez la personne qui exploite le portail.")
    raise Indisponible("API Particulier est en panne. Réessayez plus tard.")


def _secondes(entete: str) -> int:
    """Of a Retry-After: a number or a date (RFC 9110, 10.2.3), from 1 second to an hour."""
    if entete.isascii() and entete.isdecimal() and len(entete) < 10:
        return min(max(int(entete), 1), ATTENTE_AU_PLUS)
    try:
        reste = (parsedate_to_datetime(entete) - timezone.now()).total_seconds()
    except (TypeError, ValueError, OverflowError):
        return ATTENTE
    return min(max(int(reste) + 1, 1), ATTENTE_AU_PLUS)


def _lire(reponse: requests.Response, fin: float) -> bytes:
    """The body, bounded in bytes and in time: one byte every second would never be late for a socket."""
    corps = bytearray()
    while morceau := reponse.raw.read1(64 * 1024):
        corps += morceau
        if len(corps) > TAILLE or time.monotonic() > fin:
            journal.warning("API Particulier répond trop long ou trop lentement")
            raise Indisponible("API Particulier ne répond pas comme prévu. Réessayez plus tard.")
    return bytes(corps)


def _comprendre(corps: bytes) -> Quotient:
    """`{"data": {"quotient_familial": {"valeur": 845, "mois": 10, "annee": 2026}}}`, and what else it holds is left."""
    try:
        lu = json.loads(corps)["data"]["quotient_familial"]
        valeur, mois, annee = (lu[nom] for nom in ("valeur", "mois", "annee"))
        if not all(type(nombre) is int for nombre in (valeur, mois, annee)):
            raise TypeError
        quotient = Quotient(valeur=valeur, mois=mois, annee=annee)
        verifier_un_quotient(valeur, quotient.premier, timezone.localdate())
    except (ValueError, TypeError, KeyError, IndexError, OverflowError, RecursionError, ValidationError):
        journal.warning("API Particulier répond autre chose qu’un quotient plausible")
        raise Indisponible("API Particulier a répondu une valeur qui n’a pas de sens. Rien n’a changé.") from None
    return quotient
