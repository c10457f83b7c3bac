"""What the form of all the children may carry: the calendar's, each day with its enrolment. Hostile until read here."""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import urlencode

from django.urls import reverse

from reservations.formulaires import (
    DATES_AU_PLUS,
    FormulaireIncorrect,
    dans_l_annee,
    lire_dates,
    lire_la_suite,
    lire_vus,
    separer,
)
from reservations.models import AnneeScolaire, Inscription
from reservations.regles_changements import Changements, basculer, plage

Case = tuple[int, dt.date]  # an enrolment on a day


@dataclass(frozen=True)
class FormulaireDeFamille:
    """`demandes`: the changes of each enrolment that has some. `a_plusieurs`: a bulk button made some of them."""

    demandes: Mapping[int, Changements]
    jeton: str
    aller: str = ""
    a_plusieurs: bool = False
    annonce: Decimal = Decimal(0)

    @classmethod
    def lire(cls, donnees, inscriptions: Sequence[Inscription]) -> "FormulaireDeFamille":
        """Read a QueryDict: `jours` and `deja`, lists of `enrolment:date`, `jeton`, `annonce`, a button.

        `inscriptions`: those of the household for one year; any other is refused. Raises FormulaireIncorrect with a
        sentence in French.
        """
        coches = _lire_cases(donnees.getlist("jours"), inscriptions)
        montres = _lire_cases(donnees.getlist("deja"), inscriptions)
        ajouts, annulations = coches - montres, montres - coches
        if portee := donnees.get("portee", ""):
            libres, reserves = _lire_tous_les_vus(donnees.getlist("vus"), inscriptions)
            libres, reserves = libres - montres, reserves | montres
            touchees = _plage_de_famille(portee, libres | reserves, inscriptions)
            voulues = basculer((reserves - annulations) | ajouts, touchees, reserves)
            ajouts, annulations = voulues - reserves, reserves - voulues
        return cls(_par_inscription(ajouts, annulations), a_plusieurs=bool(portee), **lire_la_suite(donnees))


def _par_inscription(ajouts: Iterable[Case], annulations: Iterable[Case]) -> dict[int, Changements]:
    plus, moins = defaultdict(set), defaultdict(set)
    for pk, jour in ajouts:
        plus[pk].add(jour)
    for pk, jour in annulations:
        moins[pk].add(jour)
    return {pk: Changements(frozenset(plus[pk]), frozenset(moins[pk])) for pk in sorted({*plus, *moins})}


def _lire_cases(listes: Iterable[str], inscriptions: Sequence[Inscription]) -> frozenset[Case]:
    """`12:2026-12-07,13:2026-12-07`; one field may hold many, for a form has at most a thousand fields."""
    textes = defaultdict(list)
    for texte in separer(listes):
        numero, _, date = texte.partition(":")
        textes[numero].append(date)
    cases: set[Case] = set()
    for numero, dates in textes.items():
        inscription = _connue(numero, inscriptions)
        jours = lire_dates(dates)
        dans_l_annee(jours, inscription.annee)
        cases |= {(inscription.pk, jour) for jour in jours}
    return frozenset(cases)


def _lire_tous_les_vus(champs: Iterable[str], inscriptions: Sequence[Inscription]):
    """The days of each enrolment as the page showed them: `12 2026-12-07:0:497 2026-12-08:1:497`, one field each."""
    libres: set[Case] = set()
    reserves: set[Case] = set()
    for champ in champs:
        numero, _, suite = champ.partition(" ")
        inscription = _connue(numero, inscriptions)
        for cases, jours in zip((libres, reserves), lire_vus(suite), strict=True):
            dans_l_annee(jours, inscription.annee)
            cases |= {(inscription.pk, jour) for jour in jours}
    return frozenset(libres), frozenset(reserves)


def _connue(numero: str, inscriptions: Sequence[Inscription]) -> Inscription:
    for inscription in inscriptions:
        if str(inscription.pk) == numero:
            return inscription
    raise FormulaireIncorrect(
        "Une inscription de ce formulaire n’est pas à votre foyer cette année. Rien n’a été changé."
    )


def _plage_de_famille(portee: str, cases: Collection[Case], inscriptions: Sequence[Inscription]) -> frozenset[Case]:
    """Those of `cases` that a bulk button changes: `date:2026-12-07` for all, `mois:2026-12@12` for one enrolment."""
    texte, _, numero = portee.partition("@")
    choisies = [_connue(numero, inscriptions)] if numero else inscriptions
    touchees: set[Case] = set()
    pris: set[Case] = set()  # a child has one meal a day: the first of its enrolments is the one that a button books
    for inscription in choisies:
        jours = plage(texte, {jour for pk, jour in cases if pk == inscription.pk})
        if jours is None:
            raise FormulaireIncorrect("Ce bouton n’est pas reconnu. Rien n’a été changé.")
        for jour in jours:
            if (inscription.enfant.pk, jour) not in pris:
                pris.add((inscription.enfant.pk, jour))
                touchees.add((inscription.pk, jour))
    return frozenset(touchees)


# --- Unsent changes in an address ------------------------------------------------------------------------------------
def adresse_de_famille(annee: AnneeScolaire, premier: dt.date | None = None, demandes=None) -> str:
    """The calendar of all the children at a month, with unsent changes: one bit a day, so five years of days fit."""
    parametres: list[tuple[str, str]] = [("annee", str(annee))]
    if premier:
        parametres.append(("mois", f"{premier:%Y-%m}"))
    for pk, c in (demandes or {}).items():
        parametres.append(("c", f"{pk}.{_bits(c.ajouts, annee.debut)}.{_bits(c.annulations, annee.debut)}"))
    return f"{reverse('reservations:tous')}?{urlencode(parametres)}"


def lire_demandes(textes: Iterable[str], annee: AnneeScolaire) -> dict[int, Changements]:
    """The reverse of `adresse_de_famille`. What cannot be read is left out."""
    demandes = {}
    for texte in list(textes)[:DATES_AU_PLUS]:
        numero, _, suite = texte.partition(".")
        plus, _, moins = suite.partition(".")
        ajouts, annulations = _jours(plus, annee), _jours(moins, annee)
        if numero.isascii() and numero.isdigit() and len(numero) < 20:
            demandes[int(numero)] = Changements(ajouts - annulations, annulations - ajouts)
    return demandes


def _bits(jours: Iterable[dt.date], debut: dt.date) -> str:
    return f"{sum(1 << (jour - debut).days for jour in jours):x}"


def _jours(texte: str, annee: AnneeScolaire) -> frozenset[dt.date]:
    if not texte.isalnum() or len(texte) > DATES_AU_PLUS // 4:
        return frozenset()
    try:
        bits = int(texte, 16)
    except ValueError:
        return frozenset()
    duree = (annee.fin - annee.debut).days + 1
    return frozenset(annee.debut + dt.timedelta(days=n) for n in range(duree) if bits >> n & 1)
