"""Money that the régie types or is sent: amounts, dates, lines of a statement. Pure: no database."""

import datetime as dt
import re
from decimal import Decimal

from comptes.francais import INSECABLE, euros

MONTANT_AU_PLUS = Decimal(100_000)
ANCIENNETE = dt.timedelta(days=366)
_MONTANT = re.compile(r"[0-9]{1,9}(?:[.,][0-9]{1,2})?")
_BLANCS = re.compile(r"[\s\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}]+")


def lire_montant(texte: str) -> Decimal:
    """« 12,50 », « 12.50 », « 1 234,5 € » → euros. Raises ValueError with a sentence."""
    nu = _BLANCS.sub("", texte).removesuffix("€")
    if not _MONTANT.fullmatch(nu):
        raise ValueError(f"Écrivez un montant en euros et centimes, par exemple{INSECABLE}: 12,50.")
    montant = Decimal(nu.replace(",", "."))
    if not montant:
        raise ValueError("Un paiement est d’un montant positif.")
    if montant > MONTANT_AU_PLUS:
        raise ValueError(f"Un paiement est de {euros(MONTANT_AU_PLUS)} au plus.")
    return montant.quantize(Decimal("0.01"))


def refus_de_la_date(jour: dt.date, *, aujourdhui: dt.date) -> str:
    """Why money cannot have come on that day, empty when it can."""
    if jour > aujourdhui:
        return "Cette date n’est pas encore venue."
    if jour < aujourdhui - ANCIENNETE:
        return "Cette date est trop ancienne\N{NO-BREAK SPACE}: un an au plus."
    return ""
