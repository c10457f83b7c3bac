"""The régie's list of online payments (PayFiP), as CSV. Pure: bytes in, lines out, or a sentence.

The columns of PayFiP's own export are not published: a neutral file, whose titles are recognised under several names.
What is sent is hostile until read: its size, its encoding, its columns and its lines are bounded.
"""

import csv
import datetime as dt
import io
import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal

from comptes.francais import INSECABLE, enumerer
from facturation.regles_moyens import lire_montant

OCTETS_AU_PLUS = 1_000_000
LIGNES_AU_PLUS = 5_000
FAUTES_AU_PLUS = 20
PAYES = {"P", "V"}
RESULTATS = PAYES | {"A", "R", "Z"}
COLONNES = {
    "refdet": {"refdet", "referencedette", "referencedeladette", "reference"},
    "idop": {"idop", "identifiantoperation", "identifiantdoperation", "idoperation"},
    "date": {"date", "dattrans", "datetransaction", "datedetransaction", "datepaiement", "datedepaiement"},
    "montant": {"montant", "montantpaye", "montanteneuros"},
    "resultat": {"resultat", "resultrans", "statut"},
}
FACULTATIVES = {"idop"}
DATES = ("%d/%m/%Y", "%Y-%m-%d", "%d%m%Y")
REFDET = re.compile(r"[A-Za-z0-9]{6,30}")
IDOP = re.compile(r"[A-Za-z0-9-]{0,64}")


@dataclass(frozen=True)
class LigneDeReleve:
    refdet: str
    idop: str
    date: dt.date
    montant: Decimal
    resultat: str


class ReleveIllisible(ValueError):
    """`fautes`: sentences for whoever sent the file."""

    def __init__(self, *fautes: str):
        super().__init__(*fautes)
        self.fautes = list(fautes)


def lire_releve(contenu: bytes) -> list[LigneDeReleve]:
    """Every line, or ReleveIllisible: a file is taken whole or not at all."""
    lignes = _cases(_texte(contenu))
    titres, *corps = lignes or [[]]
    rangs = _rangs(titres)
    lues: list[LigneDeReleve] = []
    fautes: list[str] = []
    for numero, cases in enumerate(corps, start=2):
        if not any(case.strip() for case in cases):
            continue
        try:
            lues.append(_ligne(cases, rangs))
        except ValueError as erreur:
            fautes.append(f"Ligne {numero}{INSECABLE}: {erreur}")
        if len(fautes) >= FAUTES_AU_PLUS:
            break
    if fautes:
        raise ReleveIllisible(*fautes)
    if not lues:
        raise ReleveIllisible("Ce fichier ne contient aucun paiement.")
    return lues


def _texte(contenu: bytes) -> str:
    if len(contenu) > OCTETS_AU_PLUS:
        raise ReleveIllisible(f"Ce fichier est trop lourd{INSECABLE}: {OCTETS_AU_PLUS // 1_000_000} Mo au plus.")
    if not contenu.strip():
        raise ReleveIllisible("Ce fichier est vide.")
    if b"\0" in contenu:
        raise ReleveIllisible("Ce fichier n’est pas un texte. Exportez le relevé au format CSV.")
    try:
        return contenu.decode("utf-8-sig")
    except UnicodeDecodeError:
        return contenu.decode("latin-1")


def _cases(texte: str) -> list[list[str]]:
    lignes: list[list[str]] = []
    try:
        for cases in csv.reader(io.StringIO(texte, newline=""), delimiter=";"):
            lignes.append(cases)
            if len(lignes) > LIGNES_AU_PLUS + 1:
                raise ReleveIllisible(f"Ce fichier a trop de lignes{INSECABLE}: {LIGNES_AU_PLUS} au plus.")
    except csv.Error:
        raise ReleveIllisible("Ce fichier CSV est abîmé. Exportez le relevé de nouveau.") from None
    return lignes


def _simple(titre: str) -> str:
    nu = unicodedata.normalize("NFKD", titre).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]", "", nu.lower())


def _rangs(titres: list[str]) -> dict[str, int]:
    """Column → its place in the file, whatever the order."""
    simples = [_simple(titre) for titre in titres[:100]]
    rangs: dict[str, int] = {}
    for nom, synonymes in COLONNES.items():
        places = [rang for rang, titre in enumerate(simples) if titre in synonymes]
        if len(places) > 1:
            raise ReleveIllisible(f"La colonne «{INSECABLE}{nom}{INSECABLE}» est présente plusieurs fois.")
        if places:
            rangs[nom] = places[0]
    manquent = [f"«{INSECABLE}{nom}{INSECABLE}»" for nom in COLONNES if nom not in rangs.keys() | FACULTATIVES]
    if manquent:
        raise ReleveIllisible(
            f"Ce fichier n’est pas le relevé des paiements en ligne de la régie{INSECABLE}: il y manque "
            f"{enumerer(manquent)}. La première ligne donne le nom des colonnes, séparées par des points-virgules."
        )
    return rangs


def _ligne(cases: list[str], rangs: dict[str, int]) -> LigneDeReleve:
    valeurs = {nom: cases[rang].strip() if rang < len(cases) else "" for nom, rang in rangs.items()}
    if not REFDET.fullmatch(valeurs["refdet"]):
        raise ValueError("la référence de dette a de 6 à 30 lettres ou chiffres.")
    idop = valeurs.get("idop", "")
    if not IDOP.fullmatch(idop):
        raise ValueError("l’identifiant d’opération n’en est pas un.")
    resultat = valeurs["resultat"].upper()
    if resultat not in RESULTATS:
        raise ValueError("le résultat est P, V, A, R ou Z.")
    return LigneDeReleve(
        refdet=valeurs["refdet"].upper(),
        idop=idop,
        date=_date(valeurs["date"]),
        montant=lire_montant(valeurs["montant"]),
        resultat=resultat,
    )


def _date(texte: str) -> dt.date:
    for forme in DATES:
        try:
            jour = dt.datetime.strptime(texte, forme).date()
        except ValueError:
            continue
        if 2000 <= jour.year < 2200:
            return jour
    raise ValueError("la date s’écrit JJ/MM/AAAA.")
