"""A spreadsheet that an agent sends, as lines of texts; and the model file to fill. Nothing sent is ever kept.

An .xlsx is read in a process of its own (tableur_isole.py): an archive unfolds to anything. A .csv is text, read here.
"""

import csv
import datetime as dt
import io
import json
import subprocess  # nosec B404  a fixed command of ours
import sys
import threading
from collections.abc import Iterable
from pathlib import Path

from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from openpyxl import Workbook
from openpyxl.styles import Alignment, Font

from reservations.menus import ABREVIATIONS, COLONNES, COLONNES_LUES, LIGNES_AU_PLUS, Composante

LECTEUR = Path(__file__).with_name("tableur_isole.py")
SECONDES_AU_PLUS = 15
OCTETS_AU_PLUS = 2_000_000
CASE_AU_PLUS = 1_000
ACCEPTES = ".xlsx,.csv"

_PLACE = threading.BoundedSemaphore(1)

PHRASES = {
    "illisible": "Ce classeur est abîmé : il ne s’ouvre pas. Enregistrez-le de nouveau au format .xlsx.",
    "lourd": "Ce classeur est trop lourd une fois déplié. Copiez la feuille des menus dans un classeur neuf.",
    "macros": "Ce classeur contient des macros ou des liens vers d’autres fichiers. Enregistrez-le en .xlsx simple.",
    "long": f"Cette feuille a trop de lignes : {LIGNES_AU_PLUS} au plus.",
    "case": f"Une case de cette feuille est trop longue : {CASE_AU_PLUS} caractères au plus.",
}


def lire_tableau(envoye: UploadedFile) -> list[list[str]]:
    """The lines of the first sheet. Raises ValidationError with a sentence."""
    if (envoye.size or 0) > OCTETS_AU_PLUS:
        raise ValidationError(f"Ce fichier est trop lourd : {OCTETS_AU_PLUS // 1_000_000} Mo au plus.")
    contenu = envoye.read(OCTETS_AU_PLUS + 1)
    if not contenu:
        raise ValidationError("Ce fichier est vide.")
    extension = (envoye.name or "").lower().rpartition(".")[2]
    if extension not in {"xlsx", "csv"}:
        raise ValidationError("Ce fichier n’est pas un tableur : envoyez un fichier .xlsx ou .csv.")
    if contenu.startswith(b"\xd0\xcf\x11\xe0"):
        raise ValidationError("Ce classeur est ancien, ou protégé par un mot de passe. Enregistrez-le au format .xlsx.")
    if (extension == "xlsx") != contenu.startswith(b"PK\x03\x04"):
        raise ValidationError(
            "Le contenu de ce fichier n’est pas celui que son nom annonce. Enregistrez-le de nouveau."
        )
    lignes = _xlsx(contenu) if extension == "xlsx" else _csv(contenu)
    if sum(any(ligne) for ligne in lignes) > LIGNES_AU_PLUS:
        raise ValidationError(PHRASES["long"])
    return lignes


def _xlsx(contenu: bytes) -> list[list[str]]:
    if not _PLACE.acquire(timeout=SECONDES_AU_PLUS):
        raise ValidationError("Un autre fichier est en cours de lecture. Réessayez dans une minute.")
    try:
        lecture = subprocess.run(  # nosec B603  # noqa: S603  no shell, no word of the sender
            [sys.executable, "-I", str(LECTEUR)],
            input=contenu,
            capture_output=True,
            timeout=SECONDES_AU_PLUS,
            check=False,
            env={"MALLOC_ARENA_MAX": "2"},  # no secret of ours
            cwd="/",
        )
    except subprocess.TimeoutExpired:
        raise ValidationError(PHRASES["lourd"]) from None
    finally:
        _PLACE.release()
    if lecture.returncode:
        dit = lecture.stderr.decode(errors="replace").split()[-1:]  # after the warnings of the library
        mot = "lourd" if lecture.returncode < 0 else "".join(dit)  # below zero: stopped by the kernel
        raise ValidationError(PHRASES.get(mot, PHRASES["illisible"]))
    return json.loads(lecture.stdout)


def _csv(contenu: bytes) -> list[list[str]]:
    """UTF-8, else the Windows code page that French spreadsheets write; `;` between cells."""
    if b"\0" in contenu:
        raise ValidationError(
            "Ce fichier n’est pas un texte. Enregistrez-le au format CSV UTF-8 (séparateur : point-virgule)."
        )
    try:
        texte = contenu.decode("utf-8-sig")
    except UnicodeDecodeError:
        texte = contenu.decode("cp1252", errors="replace")
    lignes: list[list[str]] = []
    try:
        for ligne in csv.reader(io.StringIO(texte, newline=""), delimiter=";"):
            if len(lignes) > 2 * LIGNES_AU_PLUS:
                raise ValidationError(PHRASES["long"])
            lignes.append(ligne[:COLONNES_LUES])
            if any(len(case) > CASE_AU_PLUS for case in lignes[-1]):
                raise ValidationError(PHRASES["case"])
    except csv.Error:
        raise ValidationError("Ce fichier CSV est abîmé : enregistrez-le de nouveau depuis votre tableur.") from None
    return lignes


# --- The model file ---------------------------------------------------------------------------------------------------
AIDE = [
    ("Une ligne par plat. Une case Date vide reprend la date et le service de la ligne du dessus.",),
    ("Service : le nom exact d’une activité ; vide, le même repas pour tous les services.",),
    ("Le menu d’un jour et d’un service remplace en entier celui qui était enregistré.",),
    ("Signes : végétarien, local.",),
    ("",),
    ("Composantes", ", ".join(c.label.lower() for c in Composante)),
    ("Allergènes", "En toutes lettres, séparés par des virgules ; ou leur abréviation :"),
    *((allergene.label, abrege) for allergene, abrege in ABREVIATIONS.items()),
]
LARGEURS = (14, 40, 18, 42, 34, 22, 30)


def lignes_du_modele(jours: Iterable[dt.date]) -> list[list[str | dt.date]]:
    """Titles, then for each day one line a part of the meal, to fill."""
    titres: list[str | dt.date] = [noms[0] for noms in COLONNES.values()]
    vides: list[list[str | dt.date]] = [[jour, "", c.label, "", "", "", ""] for jour in jours for c in Composante]
    return [titres, *vides]


def modele_xlsx(jours: Iterable[dt.date]) -> bytes:
    classeur = Workbook()
    feuille = classeur.active
    feuille.title = "Menus"
    for ligne in lignes_du_modele(jours):
        feuille.append(ligne)
    for rang, largeur in enumerate(LARGEURS):
        feuille.column_dimensions["ABCDEFG"[rang]].width = largeur
    for case in feuille[1]:
        case.font = Font(bold=True)
    for case in feuille["A"]:
        case.number_format = "dd/mm/yyyy"
    feuille.freeze_panes = "A2"
    aide = classeur.create_sheet("Aide")
    for conseil in AIDE:
        aide.append(conseil)
    aide.column_dimensions["A"].width, aide.column_dimensions["B"].width = 24, 90
    for case in aide["B"]:
        case.alignment = Alignment(wrap_text=True)
    sortie = io.BytesIO()
    classeur.save(sortie)
    return sortie.getvalue()


def modele_csv(jours: Iterable[dt.date]) -> bytes:
    """With the mark that makes Excel read UTF-8."""
    sortie = io.StringIO(newline="")
    ecriture = csv.writer(sortie, delimiter=";")
    for ligne in lignes_du_modele(jours):
        ecriture.writerow([f"{case:%d/%m/%Y}" if isinstance(case, dt.date) else case for case in ligne])
    return sortie.getvalue().encode("utf-8-sig")
