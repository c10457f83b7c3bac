"""What the portal holds on a household, read model by model: the same rows make the JSON and the page to read.

Each room lists its `SECTIONS`, and with a reason what it leaves out (`EXCLUS`, `tus`). A model or a field in neither
list fails tests/portail/test_donnees.py: nobody adds data on families without deciding.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db.models import Field, ForeignKey, Model, Q

from comptes.francais import date_courte, instant_long
from comptes.models import Utilisateur

# Of every table of history: what the library needs to find its way.
DE_L_HISTORIQUE = {
    "pgh_obj": "clé interne de l’historique",
    "pgh_context": "clé interne de l’historique, et nom de l’agent",
}


@dataclass(frozen=True)
class Section:
    """The rows of a model that concern a household, found by `chemin`: a path of lookups to it, or a condition."""

    modele: type[Model]
    chemin: str | Callable[[int], Q]
    tus: Mapping[str, str] = field(default_factory=dict)  # field → why it is left out
    seulement: tuple[str, ...] = ()  # of a library's model: the fields that say something
    avec: tuple[str, ...] = ()  # what the names of its foreign keys are made of

    @property
    def historique(self) -> bool:
        return any(champ.name == "pgh_id" for champ in self.modele._meta.concrete_fields)

    @property
    def titre(self) -> str:
        nom = str(self.modele._meta.verbose_name_plural)
        if self.historique:
            suivi = self.modele._meta.get_field("pgh_obj").related_model
            nom = f"historique : {suivi._meta.verbose_name_plural}"  # type: ignore[union-attr]
        return nom[:1].upper() + nom[1:]

    def champs(self) -> list[Field]:
        tus = {*self.tus, *(DE_L_HISTORIQUE if self.historique else ())}
        concrets = self.modele._meta.concrete_fields
        return [c for c in concrets if c.name not in tus and (not self.seulement or c.name in self.seulement)]

    def lignes(self, famille: int) -> list[list["Valeur"]]:
        condition = Q(**{self.chemin: famille}) if isinstance(self.chemin, str) else self.chemin(famille)
        objets = self.modele._base_manager.filter(condition).order_by("pk")
        if not self.historique:
            cles = [c.name for c in self.champs() if isinstance(c, ForeignKey)]
            objets = objets.select_related(*cles, *self.avec) if cles or self.avec else objets
        return [[self._valeur(objet, champ) for champ in self.champs()] for objet in objets]

    def _valeur(self, objet: Model, champ: Field) -> "Valeur":
        if isinstance(champ, ForeignKey) and self.historique:
            brute: Any = getattr(objet, champ.attname)
        elif isinstance(champ, ForeignKey):
            brute = _personne_ou_chose(getattr(objet, champ.name))
        else:
            brute = getattr(objet, champ.name)
        texte = (
            getattr(objet, f"get_{champ.name}_display")() if champ.choices and brute is not None else _lisible(brute)
        )
        libelle = {"pgh_id": "numéro", "pgh_created_at": "le", "pgh_label": "quoi", "id": "numéro"}.get(
            champ.name, str(champ.verbose_name)
        )
        return Valeur(champ.name, libelle[:1].upper() + libelle[1:], _simple(brute), texte)


@dataclass(frozen=True)
class Valeur:
    champ: str
    libelle: str
    simple: Any  # for JSON
    texte: str  # for who reads


def _personne_ou_chose(objet: Any) -> str | None:
    """The name of what a foreign key points at. An agent is the town: their name is not the household's data."""
    if isinstance(objet, Utilisateur) and objet.is_staff:
        return "la mairie"
    return None if objet is None else str(objet)


def _simple(valeur: Any) -> Any:
    if valeur is None or isinstance(valeur, bool | int | str):
        return valeur
    if isinstance(valeur, dt.date | dt.time):
        return valeur.isoformat()
    if isinstance(valeur, Decimal):
        return str(valeur)
    if isinstance(valeur, dict):
        return {str(cle): _simple(v) for cle, v in valeur.items()}
    if isinstance(valeur, list | tuple):
        return [_simple(v) for v in valeur]
    return str(valeur)


def _lisible(valeur: Any) -> str:
    if valeur is None or valeur == "":
        return "–"
    if isinstance(valeur, bool):
        return "oui" if valeur else "non"
    if isinstance(valeur, dt.datetime):
        return instant_long(valeur)
    if isinstance(valeur, dt.date):
        return date_courte(valeur)
    if isinstance(valeur, Decimal):
        return str(valeur).replace(".", ",")
    if isinstance(valeur, dict):
        return ", ".join(f"{cle} : {_lisible(v)}" for cle, v in valeur.items()) or "–"
    if isinstance(valeur, list | tuple):
        return ", ".join(map(_lisible, valeur)) or "–"
    return str(valeur)
