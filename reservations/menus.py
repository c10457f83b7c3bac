"""What a spreadsheet of menus says: its columns, its words, its lines. No database, no file.

One line a dish. Allergens are never guessed: a word that is not in the table is reported, and nothing is imported
before somebody corrects it.
"""

import datetime as dt
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache

from comptes.francais import JOURS, MOIS
from reservations.models.menu import Allergene, Plat

Composante = Plat.Composante
LIGNES_AU_PLUS = 1500
COLONNES_LUES = 12
LIBELLE_AU_PLUS = REMARQUE_AU_PLUS = 120  # Plat.libelle, Menu.remarque
TOUS = "Tous les services"

# The layout: the key of a column → its title in the model file, and the other titles that are read.
COLONNES: dict[str, tuple[str, ...]] = {
    "date": ("Date", "jour"),
    "activite": ("Service", "activité", "restaurant"),
    "composante": ("Composante", "rubrique"),
    "libelle": ("Plat", "intitulé", "libellé"),
    "allergenes": ("Allergènes",),
    "signes": ("Signes", "labels"),
    "remarque": ("Remarque du jour", "remarque"),
}
OBLIGATOIRES = ("date", "composante", "libelle")

COMPOSANTES: dict[Composante, tuple[str, ...]] = {
    Composante.ENTREE: ("hors d’œuvre", "crudités"),
    Composante.PLAT: ("plat principal", "plat chaud", "plat protidique"),
    Composante.GARNITURE: ("accompagnement", "légumes", "légumes et féculents"),
    Composante.LAITAGE: ("laitage", "fromage", "fromage ou laitage", "lait"),
    Composante.DESSERT: (),
}
# Two letters where one would name two allergens: C and S alone are unknown; L and M are the usual ones.
ABREVIATIONS: dict[Allergene, str] = {
    Allergene.GLUTEN: "G",
    Allergene.CRUSTACES: "CR",
    Allergene.OEUFS: "O",
    Allergene.POISSONS: "P",
    Allergene.ARACHIDES: "A",
    Allergene.SOJA: "SO",
    Allergene.LAIT: "L",
    Allergene.FRUITS_A_COQUE: "F",
    Allergene.CELERI: "CE",
    Allergene.MOUTARDE: "M",
    Allergene.SESAME: "SE",
    Allergene.SULFITES: "SU",
    Allergene.LUPIN: "LU",
    Allergene.MOLLUSQUES: "MO",
}
# Source: annex II of regulation (EU) n° 1169/2011, which names the cereals and the nuts.
AUTRES_MOTS: dict[Allergene, tuple[str, ...]] = {
    Allergene.GLUTEN: (
        "céréales contenant du gluten", "céréales", "blé", "froment", "seigle", "orge", "avoine", "épeautre", "kamut",
    ),
    Allergene.CRUSTACES: ("crevettes", "crabe"),
    Allergene.POISSONS: ("poisson",),
    Allergene.ARACHIDES: ("cacahuètes",),
    Allergene.LAIT: ("lactose", "produits laitiers", "lait et lactose"),
    Allergene.FRUITS_A_COQUE: (
        "fruits à coques", "fruit à coque", "noix", "noisettes", "amandes", "noix de cajou", "noix de pécan",
        "pistaches", "noix de macadamia", "noix du Brésil",
    ),
    Allergene.SESAME: ("graines de sésame",),
    Allergene.SULFITES: ("anhydride sulfureux", "anhydride sulfureux et sulfites", "SO2"),
    Allergene.MOLLUSQUES: ("moules",),
}  # fmt: skip
AUCUN = {"", "aucun", "aucune", "neant", "sans", "ras", "non"}
VEGETARIEN = {"vegetarien", "vegetarienne", "vege", "veg", "v"}
LOCAL = {"local", "locale", "locaux", "produit local", "produits locaux", "loc"}


def simplifier(texte: str) -> str:
    """`Œufs` → `oeuf`: no accent, no capital, no plural, one space between words. What is compared, never shown."""
    texte = texte.replace("œ", "oe").replace("Œ", "oe").replace("’", "'")
    lettres = (c for c in unicodedata.normalize("NFKD", texte.casefold()) if not unicodedata.combining(c))
    mots = re.split(r"[^a-z0-9]+", "".join(lettres))
    return " ".join(mot[:-1] if len(mot) > 3 and mot.endswith("s") else mot for mot in mots if mot)


@cache
def _vocabulaire() -> dict[str, Allergene]:
    mots = {simplifier(a.label): a for a in Allergene}
    mots |= {simplifier(abrege): a for a, abrege in ABREVIATIONS.items()}
    return mots | {simplifier(mot): a for a, autres in AUTRES_MOTS.items() for mot in autres}


@cache
def _composantes() -> dict[str, Composante]:
    return {simplifier(m): c for c, autres in COMPOSANTES.items() for m in (c.label, *autres)}


@cache
def _colonnes() -> dict[str, str]:
    return {simplifier(mot): cle for cle, titres in COLONNES.items() for mot in titres}


def ranger(codes: Iterable[str]) -> tuple[str, ...]:
    """Allergens once each, in the order of the regulation."""
    codes = set(codes)
    return tuple(a.value for a in Allergene if a.value in codes)


def lire_allergenes(texte: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """`« gluten, œufs, lait »`, `« G L O »` → the codes, and the words that are no allergen, as they were written."""
    trouves, inconnus = [], []
    texte = re.sub(r"^\s*(?:allergènes?|contient)\s*:?", "", texte, flags=re.IGNORECASE)
    for morceau in re.split(r"[,;/+\n|]", texte):
        # The longest reading first: « fruits à coque », « anhydride sulfureux et sulfites », then « œufs et lait ».
        if (entier := _allergene(morceau)) is not None:
            trouves += entier
            continue
        for partie in re.split(r"\bet\b|&", morceau):
            lus = _allergene(partie)
            if lus is None:  # « G L O »
                mots = [(mot, _allergene(mot)) for mot in re.split(r"[\s.·-]+", partie) if mot]
                lus = [a for _, connus in mots for a in connus or []] if all(c is not None for _, c in mots) else None
            if lus is None:
                inconnus.append(" ".join(partie.split()))
            else:
                trouves += lus
    return ranger(trouves), tuple(dict.fromkeys(inconnus))


def _allergene(texte: str) -> list[Allergene] | None:
    """The allergen of these words; nothing for « aucun »; None when they say something else."""
    mot = simplifier(texte)
    if mot in AUCUN and (mot or not re.search(r"\w", texte)):
        return []
    return [_vocabulaire()[mot]] if mot in _vocabulaire() else None


def ecrire_allergenes(codes: Iterable[str]) -> str:
    """`gluten, œufs, lait`: what `lire_allergenes` reads back."""
    return ", ".join(Allergene(code).label.lower() for code in ranger(codes))


def lire_signes(texte: str) -> tuple[bool, bool, tuple[str, ...]]:
    """`« végétarien, local »` → vegetarian, local, and the words that are no sign."""
    vegetarien = local = False
    inconnus = []
    for morceau in re.split(r"[,;/+\n|]|\bet\b", texte):
        mots = [morceau] if simplifier(morceau) in {simplifier(m) for m in LOCAL} else morceau.split()
        for mot in mots:
            lu = simplifier(mot)
            if lu in VEGETARIEN:
                vegetarien = True
            elif lu in {simplifier(m) for m in LOCAL}:
                local = True
            elif lu not in AUCUN or (not lu and re.search(r"\w", mot)):
                inconnus.append(mot)
    return vegetarien, local, tuple(dict.fromkeys(inconnus))


def lire_composante(texte: str) -> Composante | None:
    return _composantes().get(simplifier(texte))


def lire_date(texte: str) -> dt.date | None:
    """`28/09/2026`, `2026-09-28`, `lundi 28 septembre 2026`; None when it is no date, or a day that does not exist."""
    texte = texte.strip()
    if m := re.fullmatch(r"(\d{4})-(\d\d?)-(\d\d?)(?:[T ]00:00(?::00)?)?", texte, re.ASCII):
        annee, mois, jour = map(int, m.groups())
    elif m := re.fullmatch(r"(?:\w+ )?(\d\d?)[/.-](\d\d?)[/.-](\d{4})", texte, re.ASCII):
        jour, mois, annee = map(int, m.groups())
    elif m := re.fullmatch(r"(?:([a-z]+) )?(\d\d?)(?:er)? ([a-z]+) (\d{4})", _sans_accent(texte), re.ASCII):
        noms = [_sans_accent(nom) for nom in MOIS]
        if m[3] not in noms or (m[1] and m[1] not in JOURS):
            return None
        jour, mois, annee = int(m[2]), noms.index(m[3]) + 1, int(m[4])
    else:
        return None
    try:
        return dt.date(annee, mois, jour)
    except ValueError:
        return None


def _sans_accent(texte: str) -> str:
    lettres = (c for c in unicodedata.normalize("NFKD", texte.casefold()) if not unicodedata.combining(c))
    return " ".join("".join(lettres).split())


@dataclass(frozen=True)
class PlatLu:
    composante: str
    libelle: str
    allergenes: tuple[str, ...] = ()
    vegetarien: bool = False
    local: bool = False

    @property
    def allergenes_en_lettres(self) -> str:
        return ecrire_allergenes(self.allergenes)


@dataclass(frozen=True)
class MenuLu:
    """The meal of a date, for a service (its key) or for all (None)."""

    date: dt.date
    activite: int | None
    plats: tuple[PlatLu, ...]
    remarque: str = ""


@dataclass
class Lecture:
    """What the lines say, and what is wrong with them: nothing is imported while `fautes` is not empty."""

    menus: list[MenuLu] = field(default_factory=list)
    fautes: list[str] = field(default_factory=list)


FAUTES_AU_PLUS = 50


def lire_lignes(lignes: Sequence[Sequence[str]], activites: dict[str, int]) -> Lecture:
    """The menus of a table of texts, titles included. `activites`: the simplified name of a service → its key."""
    lecture = Lecture()
    titres, debut = _titres(lignes)
    manquants = [COLONNES[cle][0] for cle in OBLIGATOIRES if cle not in titres]
    if manquants:
        mots = ", ".join(f"« {titre} »" for titre in manquants)
        lecture.fautes.append(f"Il manque la colonne {mots} : gardez les titres du modèle.")
        return lecture
    menus: dict[tuple[dt.date, int | None], list[PlatLu]] = {}
    remarques: dict[tuple[dt.date, int | None], str] = {}
    date: dt.date | None = None
    activite: int | None = None
    for numero, ligne in enumerate(lignes[debut:], debut + 1):
        cases = {cle: _texte(ligne, rang) for cle, rang in titres.items()}
        if not any(cases.values()):
            continue
        if cases["date"]:
            date = lire_date(cases["date"])
            if date is None:
                _faute(lecture, numero, f"« {_court(cases['date'])} » n’est pas une date : écrivez 28/09/2026.")
        nomme = cases.get("activite", "")
        if cases["date"] or nomme:
            activite = _activite(nomme, activites, lecture, numero)
        if not cases["libelle"] and not cases.get("remarque"):
            continue  # a line of the model that was not filled
        if date is None:
            if not cases["date"]:
                _faute(lecture, numero, "il n’y a pas de date, ni au-dessus.")
            continue
        cle = (date, activite)
        if cases.get("remarque"):
            _mesurer(lecture, numero, "la remarque", cases["remarque"], REMARQUE_AU_PLUS)
            remarques[cle] = cases["remarque"]
            menus.setdefault(cle, [])
        if cases["libelle"] and (plat := _plat(cases, lecture, numero)):
            deja = menus.setdefault(cle, [])
            if any((p.composante, p.libelle) == (plat.composante, plat.libelle) for p in deja):
                _faute(lecture, numero, f"« {_court(plat.libelle)} » est déjà au menu de ce jour.")
            deja.append(plat)
    lecture.menus = [
        MenuLu(jour, service, tuple(plats), remarques.get((jour, service), ""))
        for (jour, service), plats in sorted(menus.items(), key=lambda m: (m[0][0], m[0][1] or 0))
    ]
    if not lecture.menus and not lecture.fautes:
        lecture.fautes.append("Aucun plat n’est saisi dans ce fichier.")
    return lecture


def _titres(lignes: Sequence[Sequence[str]]) -> tuple[dict[str, int], int]:
    """Column → rank, and the rank of the first line below the titles: the line, among the first ten, with the most."""
    trouves: dict[str, int] = {}
    debut = 0
    for numero, ligne in enumerate(lignes[:10], 1):
        lus: dict[str, int] = {}
        for rang, titre in enumerate(ligne[:COLONNES_LUES]):
            if cle := _colonnes().get(simplifier(titre)):
                lus.setdefault(cle, rang)
        if len(lus) > len(trouves):
            trouves, debut = lus, numero
    return trouves, debut


def _texte(ligne: Sequence[str], rang: int) -> str:
    """One line of readable text: no control, no mark of direction, one space between words."""
    brut = unicodedata.normalize("NFC", ligne[rang]) if rang < len(ligne) else ""
    brut = "".join(" " if c in "\n\t" else c for c in brut if c in "\n\t" or unicodedata.category(c)[0] != "C")
    return " ".join(brut.split())


def _activite(nom: str, activites: dict[str, int], lecture: Lecture, numero: int) -> int | None:
    mot = simplifier(nom)
    if not mot or mot in {simplifier(TOUS), "tou", "tous", "toute"}:
        return None
    if mot not in activites:
        _faute(lecture, numero, f"le service « {_court(nom)} » n’existe pas : copiez son nom exact, ou laissez vide.")
    return activites.get(mot)


def _plat(cases: dict[str, str], lecture: Lecture, numero: int) -> PlatLu | None:
    composante = lire_composante(cases["composante"])
    if composante is None:
        mots = ", ".join(c.label.lower() for c in Composante)
        _faute(lecture, numero, f"« {_court(cases['composante'])} » n’est pas une composante : {mots}.")
        return None
    libelle = cases["libelle"]
    if libelle[0] in "=@":
        _faute(lecture, numero, "le nom du plat est une formule : écrivez son texte.")
    _mesurer(lecture, numero, "le nom du plat", libelle, LIBELLE_AU_PLUS)
    allergenes, inconnus = lire_allergenes(cases.get("allergenes", ""))
    for mot in inconnus:
        _faute(lecture, numero, f"« {_court(mot)} » n’est pas l’un des quatorze allergènes.")
    vegetarien, local, autres = lire_signes(cases.get("signes", ""))
    for mot in autres:
        _faute(lecture, numero, f"« {_court(mot)} » n’est pas un signe : végétarien, local.")
    return PlatLu(composante.value, libelle, allergenes, vegetarien, local)


def _mesurer(lecture: Lecture, numero: int, quoi: str, texte: str, au_plus: int) -> None:
    if len(texte) > au_plus:
        _faute(lecture, numero, f"{quoi} est trop long : {au_plus} caractères au plus.")


def _faute(lecture: Lecture, numero: int, phrase: str) -> None:
    if len(lecture.fautes) == FAUTES_AU_PLUS:
        lecture.fautes.append("Et d’autres encore : corrigez celles-ci d’abord.")
    if len(lecture.fautes) < FAUTES_AU_PLUS:
        lecture.fautes.append(f"Ligne {numero} : {phrase}")


def _court(texte: str) -> str:
    return texte if len(texte) <= 40 else f"{texte[:39]}…"
