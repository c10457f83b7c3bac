"""History of a household's own rows, as its adults may read it: when, who, what, before and after.

Read from the tables of pghistory, which triggers write. Health and diet are not in it, nor what agents note.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.apps import apps

from comptes.francais import INSECABLE
from comptes.models import Famille, QuotientFamilial, Responsable, Utilisateur

LIGNES = 100


@dataclass(frozen=True)
class Changement:
    quand: dt.datetime
    qui: str
    quoi: str  # « Adresse »
    avant: str
    apres: str


# Model → (path to the household, what names the row, the fields to show).
SUIVIS = {
    Famille: ("id", lambda e: "Foyer", ["nom", "adresse", "code_postal", "commune", "telephone", "rappels"]),
    Responsable: ("famille_id", lambda e: f"{e.prenom} {e.nom}", ["prenom", "nom", "telephone"]),
    QuotientFamilial: ("famille_id", lambda e: f"Quotient familial depuis {e.mois:%m/%Y}", ["valeur"]),
}
# A first row of these is a change that a household reads; a first row of the others is the opening of its file.
NES_EN_CHEMIN = {QuotientFamilial}


def changements_du_foyer(
    famille: Famille, *, lecteur: Utilisateur, par: Utilisateur | None = None, depuis: dt.datetime | None = None
) -> list[Changement]:
    """The last changes, the latest first; those of `par` alone, `depuis` an instant. Four statements."""
    lignes = [ligne for modele in SUIVIS for ligne in _du_modele(modele, famille)]
    if par:
        lignes = [ligne for ligne in lignes if _auteur(ligne[0]) == par.pk]
    if depuis:
        lignes = [ligne for ligne in lignes if ligne[0].pgh_created_at >= depuis]
    lignes.sort(key=lambda ligne: ligne[0].pgh_created_at, reverse=True)
    lignes = lignes[:LIGNES]
    noms = _noms((evenement for evenement, *_ in lignes), famille, lecteur)
    return [
        Changement(e.pgh_created_at, _qui(_auteur(e), noms), quoi, avant, apres) for e, quoi, avant, apres in lignes
    ]


def _du_modele(modele, famille: Famille) -> list[tuple]:
    """(event, what, before, after) for each field that changed from one event of a row to the next."""
    chemin, nommer, champs = SUIVIS[modele]
    evenements = (
        apps.get_model(modele._meta.app_label, f"{modele.__name__}Event")
        .objects.filter(**{chemin: famille.pk})
        .select_related("pgh_context")
        .order_by("-pgh_id")[: 2 * LIGNES]
    )
    precedent: dict = {}
    trouves = []
    for e in reversed(list(evenements)):
        avant = precedent.get(e.pgh_obj_id)
        precedent[e.pgh_obj_id] = e
        if avant is None and not (modele in NES_EN_CHEMIN and e.pgh_label == "insert"):
            continue
        for champ in champs:
            avant_lui = getattr(avant, champ, None)
            if avant_lui != getattr(e, champ):
                mots = modele._meta.get_field(champ).verbose_name
                trouves.append((e, f"{nommer(e)}{INSECABLE}: {mots}", _mot(avant_lui), _mot(getattr(e, champ))))
    return trouves


def _qui(auteur: int | None, noms: dict[int | None, str]) -> str:
    """Nobody signed what a command did, nor the link of a mail."""
    return "le portail" if auteur is None else noms.get(auteur, "la mairie")


def _mot(valeur) -> str:
    """A quotient of 0 or 1 is a number: only true and false are read as yes and no."""
    if isinstance(valeur, bool):
        return "oui" if valeur else "non"
    return "vide" if valeur in ("", None) else str(valeur)


def _auteur(evenement) -> int | None:
    contexte = evenement.pgh_context
    return contexte.metadata.get("user") if contexte else None


def _noms(evenements: Iterable, famille: Famille, lecteur: Utilisateur) -> dict[int | None, str]:
    """Login → how the household reads it: « vous », the other adult by name, else the town hall without a name."""
    auteurs = {auteur for e in evenements if (auteur := _auteur(e))}
    siens = Utilisateur.objects.filter(responsable__famille=famille, pk__in=auteurs)
    return {u.pk: "vous" if u.pk == lecteur.pk else str(u) for u in siens}
