"""What the calendar's form may carry. Everything in it is hostile until read here."""

import datetime as dt
import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from decimal import Decimal

from comptes.francais import date_courte
from reservations.models import AnneeScolaire
from reservations.regles_changements import Changements, basculer, plage

# A school year has fewer days; more dates than this is not a parent's form.
DATES_AU_PLUS = 400


class FormulaireIncorrect(ValueError):
    """The form cannot be read; the message is the sentence for the person."""


@dataclass(frozen=True)
class FormulaireDuCalendrier:
    changements: Changements
    jeton: str
    aller: str = ""
    annonce: Decimal = Decimal(0)  # what the page said that the late meals cost

    @classmethod
    def lire(cls, donnees, annee: AnneeScolaire) -> "FormulaireDuCalendrier":
        """Read a QueryDict: `jours` (boxes ticked), `deja` (days shown as booked with a box), `jeton`, `annonce`, and a
        button. One field may hold several days, with commas.

        Raises FormulaireIncorrect with a sentence in French.
        """
        coches, montres = (lire_dates(separer(donnees.getlist(champ))) for champ in ("jours", "deja"))
        dans_l_annee(coches | montres, annee)
        changements = Changements.entre(montres, coches)
        if portee := donnees.get("portee", ""):
            libres, reserves = lire_vus(donnees.get("vus", ""))
            dans_l_annee(libres | reserves, annee)
            changements = _avec_la_portee(portee, changements, libres - montres, reserves | montres)
        return cls(changements, **lire_la_suite(donnees))


def _avec_la_portee(portee: str, demandes: Changements, libres, reserves) -> Changements:
    """The bulk button of a browser without JavaScript, over the boxes sent with it.

    It starts from what the page showed, not from what the database holds by now: a button pressed in a stale tab, or
    twice, never cancels what was booked since.
    """
    jours = plage(portee, libres | reserves)
    if jours is None:
        raise FormulaireIncorrect("Ce bouton n’est pas reconnu. Rien n’a été changé.")
    return Changements.entre(reserves, basculer((reserves - demandes.annulations) | demandes.ajouts, jours, reserves))


def lire_vus(texte: str) -> tuple[frozenset[dt.date], frozenset[dt.date]]:
    """The days of the year that the page showed as free and as booked: `2026-12-07:0:497 2026-12-08:1:497`."""
    etats = [jour.partition(":")[::2] for jour in texte.split()]
    return (
        lire_dates(date for date, suite in etats if suite[:1] != "1"),
        lire_dates(date for date, suite in etats if suite[:1] == "1"),
    )


def dans_l_annee(jours: Collection[dt.date], annee: AnneeScolaire) -> None:
    for jour in jours:
        if not annee.debut <= jour <= annee.fin:
            raise FormulaireIncorrect(
                f"Le {date_courte(jour)} n’est pas dans l’année scolaire {annee}. Rien n’a été changé."
            )


def lire_dates(textes) -> frozenset[dt.date]:
    """ISO dates, at most `DATES_AU_PLUS` of them."""
    dates = set()
    for texte in textes:
        try:
            dates.add(_date(texte))
        except ValueError:
            court = "".join(c for c in texte[:20] if c.isprintable())
            raise FormulaireIncorrect(f"« {court} » n’est pas une date. Rien n’a été changé.") from None
        if len(dates) > DATES_AU_PLUS:
            raise FormulaireIncorrect("Le formulaire contient trop de dates. Rien n’a été changé.")
    return frozenset(dates)


def separer(listes: Iterable[str]) -> list[str]:
    return [texte for liste in listes for texte in liste.split(",") if texte]


def lire_la_suite(donnees) -> dict:
    """What the two calendars' forms carry besides their days."""
    return {
        "jeton": lire_jeton(donnees.get("jeton", "")),
        "aller": donnees.get("aller", ""),
        "annonce": lire_annonce(donnees.get("annonce", "")),
    }


def lire_annonce(texte: str) -> Decimal:
    """Cents → euros. What is not a sum has announced nothing."""
    return Decimal(int(texte)) / 100 if texte.isascii() and texte.isdigit() and len(texte) < 10 else Decimal(0)


def _date(texte: str) -> dt.date:
    """`2026-12-07`, and no other form of ISO 8601: a hundred times quicker than `strptime`. Raises ValueError."""
    jour = dt.date.fromisoformat(texte)
    if texte != jour.isoformat():
        raise ValueError
    return jour


def lire_jeton(texte: str) -> str:
    """The page's own token. A form without one is read, and is then never the repetition of another."""
    try:
        return uuid.UUID(texte).hex
    except ValueError:
        return uuid.uuid4().hex


def lire_changements(plus: str, moins: str) -> Changements:
    """The unsent changes of an address: `plus=20261201.20261203&moins=…`. What is not a date is left out."""
    ajouts, annulations = _dates_de_l_adresse(plus), _dates_de_l_adresse(moins)
    return Changements(ajouts - annulations, annulations - ajouts)


def ecrire_dates(jours) -> str:
    return ".".join(f"{jour:%Y%m%d}" for jour in sorted(jours))


def _dates_de_l_adresse(texte: str) -> frozenset[dt.date]:
    dates = set()
    for morceau in texte.split(".")[:DATES_AU_PLUS]:
        try:
            dates.add(dt.datetime.strptime(morceau, "%Y%m%d").date())
        except ValueError:
            continue
    return frozenset(dates)
