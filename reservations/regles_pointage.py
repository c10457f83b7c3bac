"""Attendance: when it can be taken, and what an unannounced absence or an unbooked meal costs. No database here."""

import datetime as dt
from decimal import Decimal


def refus_de_pointer(jour: dt.date, *, aujourdhui: dt.date, delai: int) -> str:
    """Why the attendance of `jour` cannot be taken or changed today; nothing when it can. `delai`: in days."""
    if jour > aujourdhui:
        return "Ce jour n’est pas encore venu : le pointage se fait le jour même ou après."
    if aujourdhui > jour + dt.timedelta(days=delai):
        return f"Le pointage se change pendant {delai} jours : après, la régie facture."
    return ""


def supplement_d_absence(prix: Decimal, *, supplement: Decimal, cout: Decimal | None) -> Decimal:
    """What is added to `prix`, the meal booked and not eaten: never above the cost with it (R531-53)."""
    if cout is None:
        return Decimal(0)
    return max(Decimal(0), min(supplement, cout - prix))


def prix_de_l_imprevu(prix: Decimal, *, deja_du: Decimal) -> Decimal:
    """What is due of an unbooked meal when an announced absence of that day costs `deja_du` already."""
    return max(Decimal(0), prix - deja_du)
