"""What the calendar's form may carry. Everything in it is hostile until read here."""

import datetime as dt
import uuid
from dataclasses import dataclass

from reservations.regles import Changements

# A school year has fewer days; more dates than this is not a parent's form.
DATES_AU_PLUS = 400


class FormulaireIncorrect(ValueError):
    """The form cannot be read; the message is the sentence for the person."""


@dataclass(frozen=True)
class FormulaireDuCalendrier:
    changements: Changements
    jeton: str
    portee: str = ""
    aller: str = ""

    @classmethod
    def lire(cls, donnees) -> "FormulaireDuCalendrier":
        """Read a QueryDict: `jours` (boxes ticked), `deja` (days shown as booked with a box), `jeton`, and a button.

        Raises FormulaireIncorrect with a sentence in French.
        """
        coches = lire_dates(donnees.getlist("jours"))
        montres = lire_dates(date for liste in donnees.getlist("deja") for date in liste.split(",") if date)
        return cls(
            changements=Changements.entre(montres, coches),
            jeton=_lire_jeton(donnees.get("jeton", "")),
            portee=donnees.get("portee", ""),
            aller=donnees.get("aller", ""),
        )


def lire_dates(textes) -> frozenset[dt.date]:
    """ISO dates, at most `DATES_AU_PLUS` of them."""
    dates = set()
    for texte in textes:
        try:
            dates.add(dt.datetime.strptime(texte, "%Y-%m-%d").date())
        except ValueError:
            court = "".join(c for c in texte[:20] if c.isprintable())
            raise FormulaireIncorrect(f"« {court} » n’est pas une date. Rien n’a été changé.") from None
        if len(dates) > DATES_AU_PLUS:
            raise FormulaireIncorrect("Le formulaire contient trop de dates. Rien n’a été changé.")
    return frozenset(dates)


def _lire_jeton(texte: str) -> str:
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
