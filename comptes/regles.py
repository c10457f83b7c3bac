"""The rules of a household's file: telephone numbers, contacts, what is missing. No database, no request."""

import datetime as dt
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from django.db.models import TextChoices

CONTACTS_AU_PLUS = 10  # for a child of a household: nobody calls the eleventh
PAI_BIENTOT = dt.timedelta(days=30)

# --- Telephone numbers -----------------------------------------------------------------------------------------------
_SEPARATEURS = re.compile(r"[\s.\-/\u2010-\u2015]+")
_FRANCAIS = re.compile(r"(?:(?:\+|00)33|0)([1-9][0-9]{8})")
# E.164: fifteen digits at most, the country's included. Those of France are written the French way, or are wrong;
# two zeros and eight digits are a French number mistyped.
_ETRANGER = re.compile(r"(?:\+(?=[0-9]{7})|00(?=[0-9]{9}))((?!33)[1-9][0-9]{6,14})")


def normaliser_telephone(brut: str) -> str | None:
    """The one way in which the portal writes a number: `06 12 34 56 78`, `+41227306111`. None when it is no number."""
    compact = _SEPARATEURS.sub("", brut)
    if compact.startswith(("+", "00")):
        compact = compact.replace("(0)", "", 1)
    compact = compact.replace("(", "").replace(")", "")
    if francais := _FRANCAIS.fullmatch(compact):
        chiffres = f"0{francais[1]}"
        return " ".join(chiffres[i : i + 2] for i in range(0, 10, 2))
    etranger = _ETRANGER.fullmatch(compact)
    return f"+{etranger[1]}" if etranger else None


# --- Contacts --------------------------------------------------------------------------------------------------------
class Personne(Protocol):
    prenom: str
    nom: str
    telephone: str


P = TypeVar("P", bound=Personne)


def cle_de_la_personne(personne: Personne) -> tuple[str, ...]:
    """Two contacts with the same key are one person: accents, case and blanks do not make another."""

    def simple(mot: str) -> str:
        decompose = unicodedata.normalize("NFKD", mot.casefold())
        return "".join(lettre for lettre in decompose if lettre.isalnum())

    return simple(personne.prenom), simple(personne.nom), simple(personne.telephone)


@dataclass(frozen=True)
class Import:
    """What copying the contacts of a brother or a sister does with each of them."""

    ajouts: list
    doublons: list
    sans_place: list


def contacts_a_importer(source: Iterable[P], cible: Iterable[P], *, au_plus: int = CONTACTS_AU_PLUS) -> Import:
    """The contacts of `source` to add to those of `cible`, in their order; those that are there already are skipped."""
    connus = [cle_de_la_personne(contact) for contact in cible]
    lu = Import([], [], [])
    for contact in source:
        cle = cle_de_la_personne(contact)
        if cle in connus:
            lu.doublons.append(contact)
        elif len(connus) >= au_plus:
            lu.sans_place.append(contact)
        else:
            lu.ajouts.append(contact)
            connus.append(cle)
    return lu


T = TypeVar("T")


def deplacer(rangee: Sequence[T], place: int, sens: int) -> list[T]:
    """The same things with the one at `place` moved by one: up (-1) or down (+1). At an end nothing moves."""
    autre = place + sens
    deplacee = list(rangee)
    if 0 <= autre < len(deplacee):
        deplacee[place], deplacee[autre] = deplacee[autre], deplacee[place]
    return deplacee


# --- What is missing -------------------------------------------------------------------------------------------------
class Manque(TextChoices):
    """What is incomplete in the file of a child, as the parent reads it."""

    PAS_INSCRIT = "pas-inscrit", "Aucune inscription à la restauration pour cette année scolaire."
    SANS_CONTACT = "sans-contact", "Personne n’est à appeler si nous n’arrivons pas à vous joindre."
    PAI_SANS_DOCUMENT = "pai-sans-document", "Le document du PAI n’est pas déposé, ou n’est plus valable."
    PAI_FINI = "pai-fini", "Le PAI est arrivé à sa date de fin."
    PAI_BIENTOT_FINI = "pai-bientot-fini", "Le PAI se termine dans moins de 30 jours."
    PAI_SANS_MEDECIN = "pai-sans-medecin", "Le médecin à appeler n’est pas indiqué, alors qu’il y a un PAI."
    AUTORISATIONS = "autorisations", "Des autorisations attendent votre réponse."


def ce_qui_manque(
    *,
    inscrit: bool,
    a_appeler: int,
    pai: bool,
    pai_fin: dt.date | None,
    pai_document: bool,
    medecin: bool,
    sans_reponse: int,
    aujourdhui: dt.date,
) -> list[Manque]:
    """What the file of a child still needs, in the order in which it is told.

    `a_appeler` counts the contacts to call, `medecin` says that there is a doctor with a number, `sans_reponse` counts
    the texts to sign whose version in force has no answer.
    """
    fini = pai and pai_fin is not None and pai_fin < aujourdhui
    bientot = pai and pai_fin is not None and not fini and pai_fin - aujourdhui <= PAI_BIENTOT
    cas = {
        Manque.PAS_INSCRIT: not inscrit,
        Manque.SANS_CONTACT: not a_appeler,
        Manque.PAI_SANS_DOCUMENT: pai and not pai_document,
        Manque.PAI_FINI: fini,
        Manque.PAI_BIENTOT_FINI: bientot,
        Manque.PAI_SANS_MEDECIN: pai and not medecin,
        Manque.AUTORISATIONS: sans_reponse > 0,
    }
    return [manque for manque, vrai in cas.items() if vrai]


def auteur_vu(
    *, auteur: int | None, agent: bool, nom: str, foyer_de_l_auteur: int | None, lecteur: int, foyer: int
) -> str:
    """Who changed the card of a shared child, as a reader of this household may know it. Empty: nothing to say."""
    if auteur is None:
        return ""
    if auteur == lecteur:
        return "vous"
    if agent:
        return "un agent de la ville"
    if foyer_de_l_auteur is None:
        return ""
    return nom if foyer_de_l_auteur == foyer else "l’autre foyer"
