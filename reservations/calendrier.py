"""The calendar of an enrolment as a page shows it: months, weeks and days with their state."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property

from comptes.francais import INSECABLE, JOURS, JOURS_COURTS, MOIS, date_sans_annee, euros, limite, mois_long
from reservations.models import Attente, Inscription
from reservations.regles import Etat
from reservations.regles_changements import Changements

SIGNES = {
    Etat.RESERVE: "✓",
    Etat.COMPLET: "✕",
    Etat.AUTRE_FOYER: "◇",
    Etat.HORS_DELAI: "⊘",
    Etat.ATTENTE: "…",
}

# A word as long as « Vacances » keeps on one line of a cell at 320 px.
LETTRES_SUR_TELEPHONE = 8


def centimes(prix: Decimal | None) -> int:
    return int((prix or 0) * 100)


@dataclass(slots=True)
class Case:
    """One day of the table. `cochable` has a box; `coche` is what the box shows, unsent changes included."""

    date: dt.date
    etat: str = Etat.FERME
    mot: str = ""
    signe: str = ""
    cochable: bool = False
    coche: bool = False
    reserve: bool = False
    aujourdhui: bool = False
    dans_le_mois: bool = True
    effacee: bool = False
    fermeture: str = ""
    tardive: bool = False  # booked late, or late if it is booked now
    attente: Attente | None = None
    se_demande: bool = False  # full, and one may ask to wait
    prix: Decimal | None = None
    prix_franc: Decimal | None = None  # of a late day, while the year has free late meals left
    prix_ensuite: Decimal | None = None  # of a late day, once they are spent
    limite_reservation: dt.datetime | None = None
    limite_annulation: dt.datetime | None = None
    limite_tardive: dt.datetime | None = None

    @property
    def change(self) -> str:
        """The class of a change not sent yet."""
        if not self.cochable or self.coche == self.reserve:
            return ""
        return "a-ajouter" if self.coche else "a-annuler"

    @property
    def tardif(self) -> bool:
        """Past its cut-off, free, and still taken at the late price."""
        return self.tardive and self.cochable and not self.reserve

    @property
    def prix_monte(self) -> bool:
        """A late day whose price is that of the next late meal only: those after it may cost more."""
        return self.tardif and self.prix != self.prix_ensuite

    @property
    def _prix_tardif(self) -> str:
        prix = euros(self.prix or 0)
        if not self.prix_monte:
            return prix
        return f"{prix}, puis {euros(self.prix_ensuite or 0)} quand vos retards sans supplément de l’année sont épuisés"

    @property
    def mot_court(self) -> str:
        """On a phone, the word of a closure whose reason has no room there: the list below the table gives it."""
        return Etat.FERME.label if len(self.fermeture) > LETTRES_SUR_TELEPHONE else ""

    @property
    def fige(self) -> bool:
        return self.reserve and not self.cochable

    @property
    def vu(self) -> str:
        """What a script and the form know of the day; see `Calendrier.vus`."""
        if self.tardif:
            prix = f"{centimes(self.prix_franc)}:{centimes(self.prix_ensuite)}"
        elif self.tardive:
            prix = f"{centimes(self.prix)}:{centimes(self.prix)}"
        else:
            prix = f"{centimes(self.prix)}"
        return f"{self.date}:{int(self.reserve)}:{prix}"

    @property
    def jour_en_lettres(self) -> str:
        return date_sans_annee(self.date)

    @property
    def ouverte(self) -> bool:
        return self.limite_reservation is not None and self.etat != Etat.HORS_INSCRIPTION

    @property
    def delais(self) -> str:
        """Until when the day can be booked and cancelled; empty when it has no service."""
        if not self.limite_reservation or not self.limite_annulation:
            return ""
        if self.tardif and self.limite_tardive and self.prix is not None:
            return f"réservation tardive jusqu’au {limite(self.limite_tardive)}, au prix de {self._prix_tardif}"
        if self.limite_reservation == self.limite_annulation:
            return f"réserver ou annuler avant le {limite(self.limite_reservation)}"
        return f"réserver avant le {limite(self.limite_reservation)}, annuler avant le {limite(self.limite_annulation)}"


@dataclass
class Ligne:
    """A row of the table: a week, Monday first, of which the days of other months are blank."""

    cases: list[Case]

    @property
    def repere(self) -> str:
        """A day of the row that names it in its toggle; empty when nothing in it can change."""
        return next((str(c.date) for c in self.cases if c.dans_le_mois and c.cochable), "")

    @property
    def bande(self) -> bool:
        """Five closed days for one reason, such as a week of holidays: the reason is written once."""
        jours = self.cases[:5]
        return bool(jours[0].mot) and all(
            c.dans_le_mois and c.etat == Etat.FERME and c.mot == jours[0].mot and not c.aujourdhui for c in jours
        )


def _du_au(premier: Case, dernier: Case) -> str:
    if premier is dernier:
        return premier.jour_en_lettres
    return f"du {premier.jour_en_lettres.rpartition(INSECABLE)[0]} au {dernier.jour_en_lettres}"


def fermetures(cases: Iterable[Case]) -> list[tuple[str, str]]:
    """The closures of these days and their reasons in full: (`du lundi 7 au vendredi 11 décembre`, reason)."""
    groupes: list[list[Case]] = []
    for case in cases:
        if case.fermeture and groupes and groupes[-1][-1].fermeture == case.fermeture:
            groupes[-1].append(case)
        elif case.fermeture or case.limite_reservation:  # a day of service parts two closures for one reason
            groupes.append([case])
    return [(_du_au(g[0], g[-1]), g[0].fermeture) for g in groupes if g[0].fermeture]


@dataclass
class Mois:
    premier: dt.date
    semaines: list[list[Case]]
    affiche: bool = False

    @property
    def code(self) -> str:
        """`2026-12`, the value of `?mois=`."""
        return f"{self.premier:%Y-%m}"

    @property
    def nom(self) -> str:
        return mois_long(self.premier)

    @property
    def nom_court(self) -> str:
        return MOIS[self.premier.month - 1]

    @cached_property
    def cases(self) -> list[Case]:
        return [case for semaine in self.semaines for case in semaine if case.dans_le_mois]

    @cached_property
    def reserves(self) -> int:
        return sum(case.reserve for case in self.cases)

    @cached_property
    def ouverts(self) -> int:
        return len(self.ouvertes)

    @cached_property
    def complets(self) -> int:
        """Full days, waited for or not."""
        return sum(case.etat in (Etat.COMPLET, Etat.ATTENTE) for case in self.cases)

    @property
    def fermetures(self) -> list[tuple[str, str]]:
        return fermetures(self.cases)

    @property
    def limites(self) -> list[tuple[str, list[Case]]]:
        return [("", self.ouvertes)] if self.ouvertes else []

    @property
    def ouvertes(self) -> list[Case]:
        return [case for case in self.cases if case.ouverte]

    @property
    def montres_reserves(self) -> str:
        """The days shown as booked with a box: the form carries them, so that only changes are applied."""
        return ",".join(str(case.date) for case in self.cases if case.reserve and case.cochable)

    @cached_property
    def lignes(self) -> list["Ligne"]:
        return [Ligne(semaine) for semaine in self.semaines]

    @property
    def ajouts(self) -> int:
        return sum(case.change == "a-ajouter" for case in self.cases)

    @property
    def annulations(self) -> int:
        return sum(case.change == "a-annuler" for case in self.cases)

    @property
    def changeable(self) -> bool:
        return any(case.cochable for case in self.cases)


@dataclass(frozen=True)
class Colonne:
    """A weekday. `effacee` is a weekend day without service: a phone does not show its column."""

    numero: int
    changeable: bool
    effacee: bool

    @property
    def nom(self) -> str:
        return JOURS[self.numero - 1]

    @property
    def court(self) -> str:
        return JOURS_COURTS[self.numero - 1]


@dataclass
class Calendrier:
    inscription: Inscription
    mois: list[Mois]
    ouverte: bool
    prix: Decimal | None  # the first of the prices to come; None when the town has set none
    prix_en_mots: str
    effaces: frozenset[int]
    en_attente: Changements = field(default_factory=Changements)

    @cached_property
    def affiche(self) -> Mois:
        return next(m for m in self.mois if m.affiche)

    @property
    def precedent(self) -> Mois | None:
        rang = self.mois.index(self.affiche)
        return self.mois[rang - 1] if rang else None

    @property
    def suivant(self) -> Mois | None:
        rang = self.mois.index(self.affiche)
        return self.mois[rang + 1] if rang + 1 < len(self.mois) else None

    @cached_property
    def cases(self) -> list[Case]:
        return [case for mois in self.mois for case in mois.cases]

    @property
    def reserves(self) -> int:
        return sum(mois.reserves for mois in self.mois)

    @cached_property
    def colonnes(self) -> list["Colonne"]:
        """The seven weekdays; the toggle of one exists when a day of the year can change."""
        changeables = {c.date.isoweekday() for c in self.cases if c.cochable}
        return [Colonne(n, n in changeables, n in self.effaces) for n in range(1, 8)]

    @cached_property
    def vus(self) -> str:
        """The days of the year that can change, `date:booked:cents` each: what every toggle starts from.

        A late meal has a fourth part, its price once the free late meals of the year are spent; the third is then its
        price before.
        """
        return " ".join(c.vu for c in self.cases if c.cochable)

    @property
    def retards_restants(self) -> int:
        """Late meals that the enrolment may still book this year at the ordinary price; below zero, too many are."""
        inscription = self.inscription
        return inscription.activite.retard_franchise - inscription.tardives

    @property
    def ajouts(self) -> list[Case]:
        return [c for c in self.cases if c.change == "a-ajouter"]

    @property
    def annulations(self) -> list[Case]:
        return [c for c in self.cases if c.change == "a-annuler"]

    @property
    def montant_tardif(self) -> Decimal:
        """As the service counts: late meals cancelled free their rank, and the first late days, by date, take it."""
        francs = max(0, self.retards_restants + sum(c.tardive for c in self.annulations))
        tardifs = [c for c in self.ajouts if c.tardif]
        return sum(
            ((c.prix_franc if rang < francs else c.prix_ensuite) or Decimal(0) for rang, c in enumerate(tardifs)),
            Decimal(0),
        )

    @property
    def montant_des_ajouts(self) -> Decimal:
        return sum((c.prix or Decimal(0) for c in self.ajouts if not c.tardif), self.montant_tardif)

    @property
    def annonce(self) -> int:
        """In cents, what the bar says that the late meals cost: the form carries it; see `reserver`."""
        return centimes(self.montant_tardif)

    @property
    def difference(self) -> Decimal:
        """What the changes not sent yet add to the bill, or take off it."""
        return self.montant_des_ajouts - sum((c.prix or Decimal(0) for c in self.annulations), Decimal(0))

    @property
    def difference_en_mots(self) -> str:
        return difference_en_mots(self.annulations, self.difference)

    @property
    def ajouts_ailleurs(self) -> str:
        """The unsent additions of the other months, which the page carries in a hidden field."""
        return self._ailleurs("a-ajouter")

    @property
    def annulations_ailleurs(self) -> str:
        return self._ailleurs("a-annuler")

    def _ailleurs(self, change: str) -> str:
        return ",".join(str(c.date) for m in self.mois if not m.affiche for c in m.cases if c.change == change)


def difference_en_mots(annulations: list[Case], difference: Decimal) -> str:
    """As static/js/calendrier.js says it too."""
    if not annulations:
        return "Pas encore validé"
    if not difference:
        return "sans changement de montant"
    return f"soit {euros(abs(difference))} {'de plus' if difference > 0 else 'de moins'}"
