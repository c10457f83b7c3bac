"""The rules of a bill. No database here."""

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal

from facturation.models import LigneFacture
from reservations.tarifs import Prix

N = LigneFacture.Nature

# One meal of a child on a day is billed once: what was eaten as booked, else without a booking, else said absent.
RANGS = {N.REPAS: 0, N.TARDIF: 0, N.IMPREVU: 1, N.ABSENCE: 2, N.ABSENT: 0}
IMPRESSION = [N.REPAS, N.TARDIF, N.IMPREVU, N.ABSENCE, N.ABSENT]
_MOIS = re.compile(r"(20[0-9]{2})-(0[1-9]|1[0-2])")


def lire_mois(texte: str) -> dt.date:
    """`2026-09` → its first day. Raises ValueError with a sentence."""
    lu = _MOIS.fullmatch(texte.strip())
    if not lu:
        raise ValueError(f"« {texte[:40]} » n’est pas un mois : écrivez par exemple 2026-09.")
    return dt.date(int(lu[1]), int(lu[2]), 1)


def dernier_jour(mois: dt.date) -> dt.date:
    return mois_suivant(mois) - dt.timedelta(days=1)


def mois_suivant(mois: dt.date) -> dt.date:
    return (mois.replace(day=1) + dt.timedelta(days=32)).replace(day=1)


def est_fini(mois: dt.date, aujourdhui: dt.date) -> bool:
    """Whether the last day of the month is past."""
    return aujourdhui > dernier_jour(mois)


@dataclass(frozen=True, slots=True)
class Du:
    """One meal, or surcharge, that a household owes: enrolment (primary key), day, nature, price in euros."""

    inscription: int
    date: dt.date
    nature: str
    prix: Decimal

    @property
    def supplement(self) -> bool:
        return self.nature == N.ABSENT


@dataclass(frozen=True, slots=True)
class Ligne:
    """Meals of one enrolment, of one month, at one price for one reason."""

    inscription: int
    nature: str
    prix: Decimal
    tranche: str
    deliberation: str
    jours: tuple[dt.date, ...]

    @property
    def montant(self) -> Decimal:
        return self.prix * len(self.jours)


def retenir(dus: Iterable[Du]) -> list[Du]:
    """Of several debts for the same meal, one: a child said absent who came after all pays one meal."""
    gardes: dict[tuple[int, dt.date, bool], Du] = {}
    for du in dus:
        cle = (du.inscription, du.date, du.supplement)
        if cle not in gardes or RANGS[N(du.nature)] < RANGS[N(gardes[cle].nature)]:
            gardes[cle] = du
    return list(gardes.values())


def grouper(dus: Iterable[Du], prix_du: Callable[[int, dt.date], Prix], ordre: Callable[[int], tuple]) -> list[Ligne]:
    """The lines of a bill in the order in which they are printed, the same whatever the order of `dus`.

    `prix_du` gives the bracket and the deliberation of a day, `ordre` where an enrolment stands on the paper.
    """
    groupes: dict[tuple, list[dt.date]] = defaultdict(list)
    for du in retenir(dus):
        regle = prix_du(du.inscription, du.date)
        cle = (du.inscription, (du.date.year, du.date.month), du.nature, du.prix, regle.tranche, regle.deliberation)
        groupes[cle].append(du.date)
    lignes = [
        (mois, Ligne(inscription, nature, prix, tranche, deliberation, tuple(sorted(jours))))
        for (inscription, mois, nature, prix, tranche, deliberation), jours in groupes.items()
    ]
    lignes.sort(
        key=lambda m: (
            ordre(m[1].inscription), m[1].inscription, m[0], IMPRESSION.index(N(m[1].nature)), m[1].prix, m[1].tranche,
            m[1].deliberation,
        )
    )  # fmt: skip
    return [ligne for _, ligne in lignes]


def se_reporte(restes: Iterable[Decimal], seuil: Decimal) -> bool:
    """Whether what a household owes of before waits for the new bill: under the threshold (CGCT, D1611-1)."""
    return 0 < sum(restes, Decimal(0)) < seuil


@dataclass(frozen=True)
class Anomalie:
    """What the régie should look at before it issues. It warns, it does not block. `lien`: where to look."""

    code: str
    phrase: str
    combien: int
    lien: str = ""
    exemples: tuple[str, ...] = ()
