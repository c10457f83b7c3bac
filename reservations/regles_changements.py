"""What a person asks for, as pure functions: changes of days, bulk toggles, patterns."""

import datetime as dt
from collections.abc import Collection, Hashable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from django.db.models import TextChoices

# A day, or the day of a child: a toggle is the same over both.
Jour = TypeVar("Jour", bound=Hashable)


@dataclass(frozen=True)
class Changements:
    """What a person asks for: days to add and days to cancel, disjoint."""

    ajouts: frozenset[dt.date] = frozenset()
    annulations: frozenset[dt.date] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.ajouts or self.annulations)

    def __len__(self) -> int:
        return len(self.ajouts) + len(self.annulations)

    @classmethod
    def entre(cls, montres: Iterable[dt.date], coches: Iterable[dt.date]) -> "Changements":
        """Only what the person changed: ticked and not shown as booked, or shown as booked and no longer ticked."""
        montres, coches = frozenset(montres), frozenset(coches)
        return cls(ajouts=coches - montres, annulations=montres - coches)


def changements_inverses(ajoutes: Iterable[dt.date], annules: Iterable[dt.date]) -> Changements:
    """What undoes an operation: the meals that it booked are cancelled, those that it cancelled are booked again."""
    return Changements(ajouts=frozenset(annules), annulations=frozenset(ajoutes))


def basculer(coches: Collection[Jour], plage: Collection[Jour], reserves: Collection[Jour]) -> frozenset[Jour]:
    """The boxes ticked after a toggle over `plage`, the days of a range that can still change.

    All that can be added is added. When all are ticked, additions not sent yet are taken back; when all are booked
    already, those that can be cancelled are: pressing twice by mistake never cancels a meal.
    """
    coches, plage = frozenset(coches), frozenset(plage)
    if plage - coches:
        return coches | plage
    return coches - (plage - frozenset(reserves) or plage)


def plage(portee: str, jours: Iterable[dt.date]) -> frozenset[dt.date] | None:
    """Those of `jours` in a range: `date:2026-12-07`, `semaine:2026-12-07`, `mois:2026-12`, `jour:1`,
    `annee`. None when it is not one.

    A week is the row of the table: the days of that week that are in the month.
    """
    genre, _, valeur = portee.partition(":")
    try:
        match genre:
            case "annee":
                return frozenset(jours)
            case "mois":
                return frozenset(j for j in jours if f"{j:%Y-%m}" == valeur)
            case "date":
                return frozenset(jours) & {dt.date.fromisoformat(valeur)}
            case "jour":
                numero = int(valeur)
                return frozenset(j for j in jours if j.isoweekday() == numero)
            case "semaine":
                repere = dt.date.fromisoformat(valeur)
                return frozenset(
                    j for j in jours if j.isocalendar()[:2] == repere.isocalendar()[:2] and j.month == repere.month
                )
    except ValueError:
        pass
    return None


class Semaines(TextChoices):
    """The weeks of a pattern, by their ISO number: the custody rhythm of separated parents."""

    TOUTES = "toutes", "toutes les semaines"
    PAIRES = "paires", "les semaines paires"
    IMPAIRES = "impaires", "les semaines impaires"


def rythme(
    jours: Iterable[dt.date], *, jours_de_semaine: Collection[int], semaines: str, du: dt.date, au: dt.date
) -> frozenset[dt.date]:
    """Those of `jours` that a pattern contains: these weekdays (ISO, 1 is Monday) of these weeks, from `du` to `au`.

    A year of 53 weeks is followed by week 1: two odd weeks in a row, as on every printed calendar.
    """
    restes = {Semaines.PAIRES: {0}, Semaines.IMPAIRES: {1}}.get(Semaines(semaines), {0, 1})
    return frozenset(
        j for j in jours if du <= j <= au and j.isoweekday() in jours_de_semaine and j.isocalendar().week % 2 in restes
    )


def vers_le_rythme(
    *,
    reserves: Collection[dt.date],
    libres: Collection[dt.date],
    voulus: Collection[dt.date],
    remplacer: Collection = (),
) -> Changements:
    """What brings an enrolment to the days of a pattern: `libres` can be booked, `reserves` can be cancelled.

    `remplacer`: the days on which a meal that the pattern does not contain is cancelled; none when it only adds.
    """
    voulus, reserves = frozenset(voulus), frozenset(reserves)
    return Changements(voulus & frozenset(libres), (reserves & frozenset(remplacer)) - voulus)
