"""What every table that leaves for a spreadsheet has in common."""

import csv
import datetime as dt
import io
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import IO

from django.utils import timezone
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

Case = str | int | Decimal | dt.date | None  # a datetime is a date
MORCEAU = 64_000  # characters sent at once


def sans_formule(mots: str) -> str:
    """A cell that no spreadsheet runs (OWASP, CSV injection): what people typed never begins a formula."""
    return f"'{mots}" if mots[:1] in "=+-@\t\r" and mots else mots


def en_csv(lignes: Iterable[Sequence[Case]]) -> Iterator[bytes]:
    """The lines one after the other, for a spreadsheet in French: `;`, decimal comma, days JJ/MM/AAAA, UTF-8 mark."""
    tampon = io.StringIO()
    ecrivain = csv.writer(tampon, delimiter=";", lineterminator="\r\n")
    tampon.write("\ufeff")
    for ligne in lignes:
        ecrivain.writerow([_en_mots(case) for case in ligne])
        if tampon.tell() > MORCEAU:
            yield tampon.getvalue().encode()
            tampon.seek(0)
            tampon.truncate()
    yield tampon.getvalue().encode()


def _en_mots(case: Case) -> str | int | None:
    if isinstance(case, Decimal):
        return f"{case:.2f}".replace(".", ",")
    if isinstance(case, dt.datetime):
        return f"{timezone.localtime(case):%d/%m/%Y %H:%M}"
    if isinstance(case, dt.date):
        return f"{case:%d/%m/%Y}"
    return sans_formule(case) if isinstance(case, str) else case


def en_xlsx(lignes: Iterable[Sequence[Case]], *, titre: str) -> IO[bytes]:
    """The same lines as a workbook of one sheet, in a temporary file at its beginning: memory does not follow them."""
    classeur = Workbook(write_only=True)
    feuille = classeur.create_sheet(titre)
    feuille.freeze_panes = "A2"
    for ligne in lignes:
        feuille.append([_en_case(feuille, case) for case in ligne])
    fichier = tempfile.TemporaryFile()  # noqa: SIM115  the caller sends it, then closes it
    classeur.save(fichier)
    fichier.seek(0)
    return fichier


def _en_case(feuille, case: Case):
    """Numbers and days stay numbers and days; no text is a formula, and none has what XML forbids."""
    if isinstance(case, str):
        return ILLEGAL_CHARACTERS_RE.sub("", sans_formule(case))
    if isinstance(case, dt.datetime):
        return _forme(feuille, timezone.localtime(case).replace(tzinfo=None), "dd/mm/yyyy hh:mm")
    if isinstance(case, dt.date):
        return _forme(feuille, case, "dd/mm/yyyy")
    return _forme(feuille, case, "#,##0.00") if isinstance(case, Decimal) else case


def _forme(feuille, valeur, forme: str) -> WriteOnlyCell:
    cellule = WriteOnlyCell(feuille, value=valeur)
    cellule.number_format = forme
    return cellule
