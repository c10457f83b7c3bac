"""Read a hostile workbook in a process of its own: `python -I tableur_isole.py < sent.xlsx > lines.json`.

Started by reservations/tableur.py, which does not import it. It holds no secret, writes no file, and the kernel stops
it when it takes too much time or memory.

Status 0: the first sheet as a JSON list of lines of texts. Else one of the words below is on the error output.
"""

import datetime as dt
import io
import json
import resource
import sys
import zipfile

from openpyxl import load_workbook

ILLISIBLE, LOURD, MACROS, LONG, CASE = "illisible", "lourd", "macros", "long", "case"

SECONDES, OCTETS_DE_MEMOIRE = 10, 700_000_000
OCTETS_DEPLIES, PIECES_AU_PLUS = 20_000_000, 300
LIGNES_AU_PLUS, LIGNES_PARCOURUES = 2_000, 20_000
COLONNES_LUES, CASE_AU_PLUS = 12, 1_000


class Refus(Exception):
    """The workbook is not read: the word that says why."""


def texte(valeur) -> str:
    """What the cell shows, for what a menu needs: a text, or the date in ISO."""
    if valeur is None:
        return ""
    if isinstance(valeur, dt.datetime):
        valeur = valeur.date()
    mot = valeur.isoformat() if isinstance(valeur, dt.date) else str(valeur)
    if len(mot) > CASE_AU_PLUS:
        raise Refus(CASE)
    return mot


def verifier_l_archive(contenu: bytes) -> None:
    """Sizes are those that the archive declares: its reader never gives more bytes than that."""
    with zipfile.ZipFile(io.BytesIO(contenu)) as archive:
        pieces = archive.infolist()
        if len(pieces) > PIECES_AU_PLUS or sum(piece.file_size for piece in pieces) > OCTETS_DEPLIES:
            raise Refus(LOURD)
        noms = [piece.filename.lower() for piece in pieces]
        actives = ("vbaproject", "activex", "embeddings/", "macrosheets/", "externallinks/")
        if any(mot in nom for nom in noms for mot in actives):
            raise Refus(MACROS)


def lire(contenu: bytes) -> list[list[str]]:
    try:
        verifier_l_archive(contenu)
        classeur = load_workbook(io.BytesIO(contenu), read_only=True, data_only=True, keep_links=False)
        lignes: list[list[str]] = []
        feuille = classeur.worksheets[0]
        feuille.reset_dimensions()  # as declared, they would be believed
        parcours = feuille.iter_rows(max_col=COLONNES_LUES, values_only=True)
        for rang, ligne in enumerate(parcours, 1):
            if rang > LIGNES_PARCOURUES:
                raise Refus(LONG)
            cases = [texte(valeur) for valeur in ligne]
            while cases and not cases[-1]:
                cases.pop()
            lignes.append(cases)
            while rang > LIGNES_AU_PLUS and lignes and not any(lignes[-1]):
                lignes.pop()  # blank lines at the end are no lines
            if len(lignes) > LIGNES_AU_PLUS:
                raise Refus(LONG)
        return lignes
    except Refus:
        raise
    except MemoryError:
        raise Refus(LOURD) from None
    except Exception:  # noqa: BLE001  whatever a library says of a broken file, it is a broken file
        raise Refus(ILLISIBLE) from None


def principal() -> str:
    """What to exit with: nothing, or the word of a refusal, that `sys.exit` writes on the error output."""
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDES, SECONDES))
    resource.setrlimit(resource.RLIMIT_AS, (OCTETS_DE_MEMOIRE, OCTETS_DE_MEMOIRE))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        lignes = lire(sys.stdin.buffer.read())
    except Refus as refus:
        return str(refus)
    json.dump(lignes, sys.stdout)
    return ""


if __name__ == "__main__":
    sys.exit(principal() or 0)
