"""The calendar of all the children: a month of rows, one for each school day, with a cell for each enrolment."""

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from comptes.francais import INSECABLE, JOURS, JOURS_COURTS, date_sans_annee, enumerer
from reservations.calendrier import Calendrier, Case, Mois, difference_en_mots, fermetures
from reservations.models import Attente, Inscription
from reservations.regles import Etat
from reservations.regles_changements import Changements, vers_le_rythme


@dataclass(frozen=True)
class CaseDEnfant:
    """A day of a child, and the column that it is in."""

    colonne: "ColonneDEnfant"
    case: Case


@dataclass(frozen=True)
class ColonneDEnfant:
    """One enrolment. `activite` is said when the child has two columns."""

    calendrier: Calendrier
    seule: bool = True

    @property
    def inscription(self) -> Inscription:
        return self.calendrier.inscription

    @property
    def prenom(self) -> str:
        return self.inscription.enfant.prenom

    @property
    def nom(self) -> str:
        return self.prenom if self.seule else f"{self.prenom}, {self.inscription.activite}"


@dataclass
class LigneDeFamille:
    """A school day with its cells, or a band of closed days with their reason."""

    premier: dt.date
    cases: list[CaseDEnfant] = field(default_factory=list)
    dernier: dt.date | None = None
    mot: str = ""

    @property
    def bande(self) -> str:
        """`sam. 5 et dim. 6 : pas de service`; empty for a school day."""
        if self.dernier is None:
            return ""
        jours = [f"{JOURS_COURTS[j.weekday()].lower()}{INSECABLE}{j.day}" for j in (self.premier, self.dernier)]
        lien = " et " if (self.dernier - self.premier).days == 1 else " au "
        return f"{lien.join(dict.fromkeys(jours))}{INSECABLE}: {self.mot or 'pas de service'}"

    @property
    def jour(self) -> str:
        return JOURS[self.premier.weekday()]

    @property
    def court(self) -> str:
        return JOURS_COURTS[self.premier.weekday()]

    @property
    def jour_en_lettres(self) -> str:
        return date_sans_annee(self.premier)

    @property
    def changeable(self) -> bool:
        return any(c.case.cochable for c in self.cases)

    @property
    def aujourdhui(self) -> bool:
        return any(c.case.aujourdhui for c in self.cases)


@dataclass
class SemaineDeFamille:
    """The rows of an ISO week that are in the month."""

    lignes: list[LigneDeFamille]

    @property
    def numero(self) -> int:
        return self.lignes[0].premier.isocalendar().week

    @property
    def parite(self) -> str:
        return "impaire" if self.numero % 2 else "paire"

    @property
    def repere(self) -> str:
        """A day that names the week in its toggle; empty when nothing in it can change."""
        return next((str(ligne.premier) for ligne in self.lignes if ligne.changeable), "")


@dataclass
class MoisDeFamille:
    """A month for all the children, as the list of months shows it."""

    mois: list[Mois]

    def __getattr__(self, nom):
        """`code`, `nom`, `nom_court`, `premier` and `affiche` are the same for every child."""
        return getattr(self.mois[0], nom)

    @property
    def reserves(self) -> int:
        return sum(m.reserves for m in self.mois)

    @property
    def ajouts(self) -> int:
        return sum(m.ajouts for m in self.mois)

    @property
    def annulations(self) -> int:
        return sum(m.annulations for m in self.mois)


@dataclass(frozen=True)
class FileDEnfant:
    """The waiting list of an enrolment over the month shown: places offered, requests, days on which one may ask."""

    colonne: ColonneDEnfant
    offres: list[Attente]
    demandes: list[Attente]
    complets: list[Case]


@dataclass
class CalendrierDeFamille:
    """`calendriers`: those of the household's enrolments of one year, at the same month; at least one."""

    calendriers: Sequence[Calendrier]

    def __post_init__(self):
        enfants = Counter(c.inscription.enfant.pk for c in self.calendriers)
        self.colonnes = [ColonneDEnfant(c, seule=enfants[c.inscription.enfant.pk] == 1) for c in self.calendriers]
        self.mois = [MoisDeFamille(list(mois)) for mois in zip(*(c.mois for c in self.calendriers), strict=True)]

    @property
    def affiche(self) -> MoisDeFamille:
        return next(m for m in self.mois if m.affiche)

    @property
    def precedent(self) -> MoisDeFamille | None:
        rang = self.mois.index(self.affiche)
        return self.mois[rang - 1] if rang else None

    @property
    def suivant(self) -> MoisDeFamille | None:
        rang = self.mois.index(self.affiche)
        return self.mois[rang + 1] if rang + 1 < len(self.mois) else None

    @property
    def changeable(self) -> bool:
        return any(c.vus for c in self.calendriers)

    @property
    def semaines(self) -> list[SemaineDeFamille]:
        """The month's rows by week; closed days that follow each other for one reason are one band."""
        semaines: list[SemaineDeFamille] = []
        for cases in self._par_jour:
            jour = cases[0].date
            if not semaines or jour.isoweekday() == 1:
                semaines.append(SemaineDeFamille([]))
            lignes = semaines[-1].lignes
            if not all(c.etat == Etat.FERME for c in cases):
                lignes.append(
                    LigneDeFamille(jour, [CaseDEnfant(*paire) for paire in zip(self.colonnes, cases, strict=True)])
                )
                continue
            mot = ", ".join(dict.fromkeys(c.mot.lower() for c in cases if c.mot))
            if lignes and lignes[-1].bande and lignes[-1].mot == mot:
                lignes[-1].dernier = jour
            else:
                lignes.append(LigneDeFamille(jour, dernier=jour, mot=mot))
        return semaines

    def files(self, maintenant: dt.datetime) -> list[FileDEnfant]:
        """Of the children who have something to wait for, or to ask."""
        toutes = []
        for colonne in self.colonnes:
            cases = colonne.calendrier.affiche.cases
            attentes = [c.attente for c in cases if c.attente]
            for c in cases:
                if c.attente:
                    c.attente.prix = c.prix
            offres = [a for a in attentes if a.est_proposee(maintenant)]
            demandes = [a for a in attentes if a not in offres]
            toutes.append(FileDEnfant(colonne, offres, demandes, [c for c in cases if c.se_demande]))
        return [f for f in toutes if f.offres or f.demandes or f.complets]

    @property
    def limites(self) -> list[tuple[str, list[Case]]]:
        """The children who have the same cut-offs, and their open days of the month."""
        groupes: dict[tuple, tuple[list[str], list[Case]]] = {}
        for colonne in self.colonnes:
            if cases := colonne.calendrier.affiche.ouvertes:
                groupes.setdefault(tuple((c.date, c.delais) for c in cases), ([], cases))[0].append(colonne.nom)
        if len(groupes) == 1:
            return [("", cases) for _, cases in groupes.values()]
        return [(enumerer(noms), cases) for noms, cases in groupes.values()]

    @property
    def fermetures(self) -> list[tuple[str, str]]:
        """Those that the bands of the table do not say: another child has a meal on these days."""
        bandes = {c[0].date for c in self._par_jour if all(case.etat == Etat.FERME for case in c)}
        raisons: dict[tuple[str, str], list[str]] = {}
        for colonne in self.colonnes:
            for lue in fermetures(c for c in colonne.calendrier.affiche.cases if c.date not in bandes):
                raisons.setdefault(lue, []).append(colonne.nom)
        return [(f"{enumerer(noms)}, {jours}", raison) for (jours, raison), noms in raisons.items()]

    @property
    def _par_jour(self) -> list[tuple[Case, ...]]:
        """The cells of each day of the month shown."""
        return list(zip(*(m.cases for m in self.affiche.mois), strict=True))

    @property
    def montres_reserves(self) -> str:
        return ecrire_cases(self.calendriers, lambda c, case: case.reserve and case.cochable, affiche=True)

    @property
    def ajouts_ailleurs(self) -> str:
        """The unsent additions of the other months, which the page carries in a hidden field."""
        return ecrire_cases(self.calendriers, lambda c, case: case.change == "a-ajouter", affiche=False)

    @property
    def annulations_ailleurs(self) -> str:
        return ecrire_cases(self.calendriers, lambda c, case: case.change == "a-annuler", affiche=False)

    @property
    def ajouts(self) -> list[Case]:
        return [case for c in self.calendriers for case in c.ajouts]

    @property
    def annulations(self) -> list[Case]:
        return [case for c in self.calendriers for case in c.annulations]

    @property
    def montant_des_ajouts(self) -> Decimal:
        return sum((c.montant_des_ajouts for c in self.calendriers), Decimal(0))

    @property
    def annonce(self) -> int:
        return sum(c.annonce for c in self.calendriers)

    @property
    def difference_en_mots(self) -> str:
        return difference_en_mots(self.annulations, sum((c.difference for c in self.calendriers), Decimal(0)))


def ecrire_cases(calendriers: Sequence[Calendrier], voulue, affiche: bool | None = None) -> str:
    """`12:2026-12-07,13:2026-12-07`: the days that are `voulue(calendar, day)`, of the month shown or of the others."""
    return ",".join(
        f"{c.inscription.pk}:{case.date}"
        for c in calendriers
        for mois in c.mois
        if affiche is None or mois.affiche == affiche
        for case in mois.cases
        if voulue(c, case)
    )


# --- Previews --------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class ApercuDEnfant:
    """What a pattern or a copy will change for one enrolment; its calendar has been read with these changes unsent."""

    calendrier: Calendrier
    changements: Changements
    impossibles: Sequence[tuple[str, int]]  # why some days of the pattern are left out, and how many

    @property
    def inscription(self) -> Inscription:
        return self.calendrier.inscription

    @property
    def lignes(self) -> list[tuple[str, list[Case]]]:
        return [("À réserver", self.calendrier.ajouts), ("À annuler", self.calendrier.annulations)]

    @property
    def montant_annule(self) -> Decimal:
        return self.calendrier.montant_des_ajouts - self.calendrier.difference


@dataclass(frozen=True)
class Apercu:
    enfants: Sequence[ApercuDEnfant]

    @property
    def demandes(self) -> dict[int, Changements]:
        return {e.inscription.pk: e.changements for e in self.enfants if e.changements}

    @property
    def famille(self) -> CalendrierDeFamille:
        return CalendrierDeFamille([e.calendrier for e in self.enfants])

    @property
    def jours(self) -> str:
        return _ecrire({pk: c.ajouts for pk, c in self.demandes.items()})

    @property
    def deja(self) -> str:
        """The meals to cancel, as they were shown: those booked since are not touched."""
        return _ecrire({pk: c.annulations for pk, c in self.demandes.items()})


def apercu(calendriers: Sequence[Calendrier], voulus, remplacer=frozenset()) -> Apercu:
    """The preview of `voulus`, the days wanted for each child; see `regles.vers_le_rythme`.

    A child has one meal a day: the first of its enrolments that can book a day is the one that does.
    """
    enfants, pris = [], set()
    for calendrier in calendriers:
        enfant = calendrier.inscription.enfant.pk
        cases = {c.date: c for c in calendrier.cases}
        changements = vers_le_rythme(
            reserves={j for j, c in cases.items() if c.reserve and c.cochable},
            libres={j for j, c in cases.items() if not c.reserve and c.cochable and (enfant, j) not in pris},
            voulus=voulus,
            remplacer=remplacer,
        )
        pris |= {(enfant, jour) for jour in changements.ajouts}
        for jour in changements.ajouts:
            cases[jour].coche = True
        for jour in changements.annulations:
            cases[jour].coche = False
        laisses = Counter(
            cases[j].mot.lower() or "pas de service"
            for j in voulus
            if j in cases and not cases[j].reserve and not cases[j].cochable
        )
        enfants.append(ApercuDEnfant(calendrier, changements, sorted(laisses.items())))
    return Apercu(enfants)


def _ecrire(jours_par_inscription) -> str:
    return ",".join(f"{pk}:{jour}" for pk, jours in jours_par_inscription.items() for jour in sorted(jours))
