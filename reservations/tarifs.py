"""The price of a meal. One pure function, that the calendar, the recap, the receipt and later the bill all call."""

import datetime as dt
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from django.db.models import TextChoices

CENTIME = Decimal("0.01")


class ModeDeRetard(TextChoices):
    """What a meal booked after the cut-off costs."""

    REFUS = "refus", "refuser"
    FIXE = "fixe", "accepter avec un supplément en euros"
    POURCENTAGE = "pourcentage", "accepter avec un supplément en pourcentage"
    FORFAIT = "forfait", "accepter à un prix unique"
    FRANCHISE = "franchise", "accepter sans supplément n fois par an, puis au double"


@dataclass(frozen=True)
class RegleDeRetard:
    """`montant`: euros for FIXE and FORFAIT, a percentage for POURCENTAGE; `franchise`: free late meals of a year."""

    Mode = ModeDeRetard

    mode: str
    montant: Decimal = Decimal(0)
    franchise: int = 0

    def majorer(self, prix: Decimal, tardives_avant: int) -> Decimal:
        """The late price, before any ceiling. `tardives_avant`: late meals that the enrolment has already this year."""
        match self.mode:
            case ModeDeRetard.FIXE:
                return prix + self.montant
            case ModeDeRetard.POURCENTAGE:
                return (prix * (1 + self.montant / 100)).quantize(CENTIME, ROUND_HALF_UP)
            case ModeDeRetard.FORFAIT:
                return self.montant
            case ModeDeRetard.FRANCHISE:
                return prix if tardives_avant < self.franchise else 2 * prix
        return prix


@dataclass(frozen=True)
class Prix:
    """What a meal costs and why. `montant` in euros, None when the town has set none; the words are those printed."""

    montant: Decimal | None
    tranche: str = ""
    deliberation: str = ""


@dataclass(frozen=True)
class TarifsDuFoyer:
    """All that the ordinary price of an enrolment depends on. `le(jour)` is the price of one day."""

    prix_fixe: Decimal | None = None
    cout_fixe: Decimal | None = None

    def le(self, jour: dt.date) -> Prix:
        return Prix(self.prix_fixe, "prix unique" if self.prix_fixe is not None else "")


def prix_du_repas(
    jour: dt.date,
    *,
    prix_fixe: Decimal | None,
    cout: Decimal | None = None,
    retard: RegleDeRetard | None = None,
    tardives_avant: int = 0,
) -> Decimal | None:
    """The price in euros of the meal of `jour`, or None when the town has not set it.

    One flat price per activity and school year; brackets will come in as further arguments, so that no caller computes
    a price by itself. `retard`: the rule of a meal booked past its cut-off. A late price is never above `cout`, the
    recorded cost of a meal (code de l'éducation, art. R531-53), nor below the ordinary price; without a recorded cost
    there is no surcharge.
    """
    if prix_fixe is None or retard is None or cout is None:
        return prix_fixe
    return max(prix_fixe, min(retard.majorer(prix_fixe, tardives_avant), cout))


def prix_de_l_absence(prix: Decimal, *, absences_avant: int, carence: int) -> Decimal:
    """What stays due of a meal for a day of declared absence: all of it on the first `carence` days in a row."""
    return prix if absences_avant < carence else Decimal(0)
