"""Unpaid bills: when a reminder is due, when the comptable public is told, how a schedule is cut. No database here."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal

CENTIME = Decimal("0.01")


@dataclass(frozen=True)
class Situation:
    """What is known of one unpaid bill. `du_foyer`: what the household owes in all, in euros."""

    echeance: dt.date
    du_foyer: Decimal
    niveau: int = 0  # of the last reminder
    relancee_le: dt.date | None = None
    reportee: bool = False
    prelevement: bool = False  # a direct debit is on its way
    echeancier_tenu: bool = False


def niveau_du(situation: Situation, *, jour: dt.date, delais: Sequence[int], seuil: Decimal) -> int | None:
    """The level of the reminder that is due on `jour`, or None.

    `delais`: days after the due date, one for each level, like [15, 30]. Two levels never follow each other faster than
    their delays do, however late the first was sent. Under `seuil` a debt waits for the next bill; a schedule that is
    kept, or a debit on its way, is not reminded of.
    """
    if situation.du_foyer < seuil or situation.reportee or situation.prelevement or situation.echeancier_tenu:
        return None
    if situation.niveau >= len(delais):
        return None
    delai = delais[situation.niveau]
    depuis = situation.echeance + dt.timedelta(days=delai)
    if situation.niveau and situation.relancee_le:
        ecart = delai - delais[situation.niveau - 1]
        depuis = max(depuis, situation.relancee_le + dt.timedelta(days=ecart))
    return situation.niveau + 1 if jour >= depuis else None


def a_transmettre(situation: Situation, *, jour: dt.date, niveaux: int, delai: int, seuil: Decimal) -> bool:
    """Whether the bill goes on the list for the comptable public: all reminders sent, the last `delai` days ago."""
    if situation.niveau < niveaux or situation.relancee_le is None:
        return False
    sans_suite = situation.du_foyer < seuil or situation.prelevement or situation.echeancier_tenu
    return not sans_suite and jour >= situation.relancee_le + dt.timedelta(days=delai)


def mois_suivant(jour: dt.date, n: int) -> dt.date:
    """The same day `n` months later, or the last day of that month."""
    annee, mois = divmod(jour.year * 12 + jour.month - 1 + n, 12)
    fin = (dt.date(annee + (mois == 11), (mois + 1) % 12 + 1, 1) - dt.timedelta(days=1)).day
    return dt.date(annee, mois + 1, min(jour.day, fin))


def couper(montant: Decimal, fois: int, *, premiere: dt.date) -> list[tuple[dt.date, Decimal]]:
    """`montant` in `fois` monthly instalments, equal to the cent; the first one takes what does not divide.

    Raises ValueError when an instalment would be under one cent.
    """
    part = (montant / fois).quantize(CENTIME, ROUND_DOWN)
    if part <= 0:
        raise ValueError("Une échéance est d’au moins un centime.")
    parts = [montant - part * (fois - 1)] + [part] * (fois - 1)
    return [(mois_suivant(premiere, n), p) for n, p in enumerate(parts)]


def echeancier_tenu(echeances: Sequence[tuple[dt.date, Decimal]], *, regle_depuis: Decimal, jour: dt.date) -> bool:
    """Whether what was paid since the agreement covers the instalments that are past."""
    return sum((m for date, m in echeances if date < jour), Decimal(0)) <= regle_depuis
