"""The calendar of an enrolment: months, weeks and days with their state, read in three statements."""

import calendar
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from comptes.francais import JOURS, MOIS, limite, mois_long
from reservations.models import Inscription, Journee, PeriodeSansClasse, Reservation
from reservations.regles import (
    Changements,
    Detenteur,
    Etat,
    Motif,
    basculer,
    etat_du_jour,
    motif_de_refus,
    motif_de_refus_annulation,
)
from reservations.tarifs import prix_du_repas

SIGNES = {
    Etat.RESERVE: "✓",
    Etat.COMPLET: "✕",
    Etat.AUTRE_FOYER: "◇",
    Etat.HORS_DELAI: "⊘",
}


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
    prix: Decimal | None = None
    limite_reservation: dt.datetime | None = None
    limite_annulation: dt.datetime | None = None

    @property
    def change(self) -> str:
        """The class of a change not sent yet."""
        if not self.cochable or self.coche == self.reserve:
            return ""
        return "a-ajouter" if self.coche else "a-annuler"

    @property
    def week_end(self) -> bool:
        return self.date.isoweekday() > 5

    @property
    def fige(self) -> bool:
        return self.reserve and not self.cochable

    @property
    def nom_du_jour(self) -> str:
        return JOURS[self.date.weekday()]

    @property
    def quantieme(self) -> str:
        return "1er" if self.date.day == 1 else str(self.date.day)

    @property
    def ouverte(self) -> bool:
        return self.limite_reservation is not None and self.etat != Etat.HORS_INSCRIPTION

    @property
    def limite_affichee(self) -> str:
        """What the bar says of this day: until when it can still be changed."""
        instant = self.limite_annulation if self.reserve else self.limite_reservation
        return limite(instant) if instant else ""


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

    @property
    def cases(self) -> list[Case]:
        return [case for semaine in self.semaines for case in semaine if case.dans_le_mois]

    @property
    def reserves(self) -> int:
        return sum(case.reserve for case in self.cases)

    @property
    def ouverts(self) -> int:
        return sum(case.ouverte for case in self.cases)

    @property
    def montres_reserves(self) -> str:
        """The days shown as booked with a box: the form carries them, so that only changes are applied."""
        return ",".join(str(case.date) for case in self.cases if case.reserve and case.cochable)

    @property
    def lignes(self) -> list[tuple[list[Case], str]]:
        """Each week with the value of its toggle: its first day of the month that can change, or nothing."""
        return [
            (semaine, next((str(c.date) for c in semaine if c.dans_le_mois and c.cochable), ""))
            for semaine in self.semaines
        ]

    @property
    def changeable(self) -> bool:
        return any(case.cochable for case in self.cases)


@dataclass
class Calendrier:
    inscription: Inscription
    mois: list[Mois]
    ouverte: bool
    prix: Decimal | None
    en_attente: Changements = field(default_factory=Changements)

    @property
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

    @property
    def cases(self) -> list[Case]:
        return [case for mois in self.mois for case in mois.cases]

    @property
    def reserves(self) -> int:
        return sum(mois.reserves for mois in self.mois)

    @property
    def jours_de_service(self) -> list[int]:
        return [n for n in range(1, 8) if any(c.cochable and c.date.isoweekday() == n for c in self.cases)]

    @property
    def montant_des_ajouts(self) -> Decimal:
        return sum((c.prix or Decimal(0) for c in self.cases if c.change == "a-ajouter"), Decimal(0))

    @property
    def montant_des_annulations(self) -> Decimal:
        return sum((c.prix or Decimal(0) for c in self.cases if c.change == "a-annuler"), Decimal(0))

    @property
    def ailleurs(self) -> Changements:
        """The unsent changes of the other months, that the page carries in hidden fields."""
        premier = self.affiche.premier
        dehors = lambda jours: frozenset(j for j in jours if (j.year, j.month) != (premier.year, premier.month))  # noqa: E731
        return Changements(dehors(self.en_attente.ajouts), dehors(self.en_attente.annulations))

    def plage(self, portee: str) -> frozenset[dt.date] | None:
        """The days that can still change in a range: `semaine:2026-12-07`, `mois:2026-12`, `jour:1`, `annee`.

        A week is the row of the table: the days of that week that are in the month. None when it is not a range.
        """
        genre, _, valeur = portee.partition(":")
        cochables = [c.date for c in self.cases if c.cochable]
        try:
            match genre:
                case "annee":
                    return frozenset(cochables)
                case "mois":
                    return frozenset(j for j in cochables if f"{j:%Y-%m}" == valeur)
                case "jour":
                    return frozenset(j for j in cochables if j.isoweekday() == int(valeur))
                case "semaine":
                    repere = dt.date.fromisoformat(valeur)
                    return frozenset(
                        j
                        for j in cochables
                        if j.isocalendar()[:2] == repere.isocalendar()[:2] and j.month == repere.month
                    )
        except ValueError:
            pass
        return None

    def basculer(self, plage: frozenset[dt.date], demandes: Changements) -> Changements:
        """What is asked for once a toggle is pressed over changes not sent yet."""
        montres = frozenset(c.date for c in self.cases if c.cochable and c.reserve)
        coches = basculer((montres - demandes.annulations) | demandes.ajouts, plage)
        return Changements.entre(montres, coches)


def mois_par_defaut(inscription: Inscription, aujourdhui: dt.date) -> dt.date:
    """The month to open: today's, or the nearest of the school year."""
    annee = inscription.annee
    return min(max(aujourdhui, annee.debut), annee.fin).replace(day=1)


def lire_mois(texte: str, inscription: Inscription) -> dt.date | None:
    """`2026-12` → its first day, or None when it is not a month of the school year."""
    try:
        premier = dt.datetime.strptime(texte, "%Y-%m").date()
    except ValueError:
        return None
    annee = inscription.annee
    return premier if annee.debut.replace(day=1) <= premier <= annee.fin else None


def charger_calendrier(
    inscription: Inscription,
    *,
    premier: dt.date,
    maintenant: dt.datetime,
    aujourdhui: dt.date,
    en_attente: Changements | None = None,
) -> Calendrier:
    """Read the whole year of an enrolment (`completes()` and `avec_prix()`): three statements, whatever it holds."""
    annee = inscription.annee
    journees = {j.date: j for j in Journee.objects.filter(activite=inscription.activite_id).de_l_annee(annee)}
    detenteurs = {
        jour: Detenteur.MOI if pk == inscription.pk else Detenteur.AUTRE
        for jour, pk in Reservation.objects.filter(
            enfant=inscription.enfant, date__range=(annee.debut, annee.fin)
        ).values_list("date", "inscription_id")
    }
    sans_classe = _raisons(annee.periodes.all())
    lecteur = _Lecteur(
        inscription, journees, detenteurs, sans_classe, maintenant, aujourdhui, en_attente or Changements()
    )
    mois, courant = [], annee.debut.replace(day=1)
    while courant <= annee.fin:
        semaines = [
            [lecteur.case(jour, courant.month) for jour in semaine]
            for semaine in calendar.Calendar().monthdatescalendar(courant.year, courant.month)
        ]
        mois.append(Mois(courant, semaines, affiche=courant == premier))
        courant = (courant + dt.timedelta(days=32)).replace(day=1)
    return Calendrier(
        inscription=inscription,
        mois=mois,
        ouverte=annee.est_ouverte(maintenant),
        prix=inscription.prix_fixe,
        en_attente=en_attente or Changements(),
    )


def _raisons(periodes) -> dict[dt.date, str]:
    """Each day without class → the word that the calendar shows. A public holiday inside holidays says holidays."""
    mots = {
        PeriodeSansClasse.Nature.VACANCES: "Vacances",
        PeriodeSansClasse.Nature.PONT: "Pont",
        PeriodeSansClasse.Nature.FERIE: "Férié",
    }
    raisons: dict[dt.date, str] = {}
    for periode in sorted(periodes, key=lambda p: p.nature == PeriodeSansClasse.Nature.VACANCES):
        for n in range((periode.fin - periode.debut).days + 1):
            raisons[periode.debut + dt.timedelta(days=n)] = mots[PeriodeSansClasse.Nature(periode.nature)]
    return raisons


@dataclass
class _Lecteur:
    """Turns a date into its cell, through the same rules as the booking service."""

    inscription: Inscription
    journees: Mapping[dt.date, Journee]
    detenteurs: Mapping[dt.date, Detenteur]
    sans_classe: Mapping[dt.date, str]
    maintenant: dt.datetime
    aujourdhui: dt.date
    en_attente: Changements

    def __post_init__(self):
        self.ouverte = self.inscription.annee.est_ouverte(self.maintenant)

    def case(self, jour: dt.date, mois: int) -> Case:
        if jour.month != mois:
            return Case(jour, dans_le_mois=False)
        case = Case(jour, aujourdhui=jour == self.aujourdhui)
        journee, detenteur = self.journees.get(jour), self.detenteurs.get(jour)
        inscription = self.inscription
        case.prix = prix_du_repas(jour, prix_fixe=inscription.prix_fixe)
        motif = motif_de_refus(
            journee,
            debut=inscription.debut,
            fin=inscription.fin,
            ouverte=self.ouverte,
            prix=case.prix,
            detenteur=detenteur,
            maintenant=self.maintenant,
        )
        case.etat = etat_du_jour(detenteur, motif)
        case.reserve = case.etat == Etat.RESERVE
        if case.reserve:
            case.cochable = motif_de_refus_annulation(journee, detenteur=detenteur, maintenant=self.maintenant) is None
        else:
            case.cochable = motif is None
        case.coche = (case.reserve and jour not in self.en_attente.annulations) or (
            case.cochable and jour in self.en_attente.ajouts
        )
        if journee and not journee.fermeture:
            case.limite_reservation, case.limite_annulation = journee.limite_reservation, journee.limite_annulation
        case.signe = SIGNES.get(Etat(case.etat), "")
        case.mot = self._mot(case, journee, motif)
        return case

    def _mot(self, case: Case, journee: Journee | None, motif: Motif | None) -> str:
        if case.etat == Etat.FERME:
            if journee and journee.fermeture:
                return journee.fermeture
            return self.sans_classe.get(case.date, "" if case.week_end else "Fermé")
        return Etat(case.etat).label
