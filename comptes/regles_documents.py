"""What is said of a paper's end of validity: the household's page and the agents' read the same words."""

import datetime as dt
from dataclasses import dataclass

from comptes.francais import date_courte

BIENTOT = dt.timedelta(days=30)


@dataclass(frozen=True)
class Validite:
    code: str  # « sans-fin », « valable », « bientot », « expire »
    phrase: str


def validite(expire_le: dt.date | None, aujourdhui: dt.date) -> Validite:
    """A paper is good until the end of its last day."""
    if expire_le is None:
        return Validite("sans-fin", "Sans date de fin")
    if expire_le < aujourdhui:
        return Validite("expire", f"Expiré depuis le {date_courte(expire_le)}")
    if expire_le == aujourdhui:
        return Validite("bientot", "Expire aujourd’hui")
    if expire_le - aujourdhui <= BIENTOT:
        return Validite("bientot", f"Expire bientôt : valable jusqu’au {date_courte(expire_le)}")
    return Validite("valable", f"Valable jusqu’au {date_courte(expire_le)}")
