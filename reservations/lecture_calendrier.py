"""Read the calendar of an enrolment from the database, in two statements whatever it holds."""

import calendar
import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from comptes.francais import euros
from reservations.calendrier import SIGNES, Calendrier, Case, Mois
from reservations.lecture_tarifs import poser_les_tarifs, prix_a_venir
from reservations.models import (
    Absence,
    AnnulationCollective,
    Attente,
    Inscription,
    Journee,
    PeriodeSansClasse,
    Reservation,
)
from reservations.regles import (
    Detenteur,
    Etat,
    JourneeLue,
    Motif,
    est_tardive,
    etat_du_jour,
    motif_de_refus,
    motif_de_refus_annulation,
)
from reservations.regles_changements import Changements
from reservations.tarifs import prix_du_repas, prix_en_mots

# What the rules read of a day (`JourneeLue`), and its service.
LUS = [
    "activite_id", "date", "capacite", "places_prises", "limite_reservation", "limite_annulation", "limite_tardive",
    "limite_absence", "fermeture",
]  # fmt: skip


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


def charger_calendrier(inscription: Inscription, **options) -> Calendrier:
    """The year of one enrolment. Options: those of `charger_calendriers`."""
    return charger_calendriers([inscription], **options)[0]


def charger_calendriers(
    inscriptions: Sequence[Inscription],
    *,
    premier: dt.date,
    maintenant: dt.datetime,
    aujourdhui: dt.date,
    en_attente: Mapping[int, Changements] | None = None,
) -> list[Calendrier]:
    """Read a whole year for some enrolments of it (`completes()` and `avec_prix()`), in their order.

    `en_attente`: the unsent changes of each, by primary key. Six statements, eight when the town has grids, whatever
    they hold and however many they are.
    """
    if not inscriptions:
        return []
    annee = inscriptions[0].annee
    poser_les_tarifs(inscriptions)
    enfants = {i.enfant.pk for i in inscriptions}
    journees: dict[int, dict[dt.date, JourneeLue]] = defaultdict(dict)
    activites = {i.activite_id for i in inscriptions}
    # Rows, not models: half the time, for 140 days.
    for j in Journee.objects.filter(activite__in=activites).de_l_annee(annee).order_by().values_list(*LUS, named=True):
        journees[j.activite_id][j.date] = j
    reservations = {
        (r.enfant_id, r.date): r
        for r in Reservation.objects.filter(enfant__in=enfants).de_l_annee(annee).avec_famille().order_by()
    }
    absents = set(
        Absence.objects.filter(enfant__in=enfants, date__range=(annee.debut, annee.fin)).values_list("enfant", "date")
    )
    attentes = {
        (a.inscription_id, a.date): a
        for a in Attente.objects.filter(inscription__in=inscriptions)
        .actives()
        .avec_rang()
        .select_related("journee")
        .order_by("pk")
    }
    sans_classe = _raisons(annee.periodes.all())
    AnnulationCollective.objects.poser_les_sorties(inscriptions, {jour for lues in journees.values() for jour in lues})
    return [
        _Lecteur(
            inscription=inscription,
            journees=journees[inscription.activite_id],
            reservations={jour: r for (e, jour), r in reservations.items() if e == inscription.enfant.pk},
            absences={jour for e, jour in absents if e == inscription.enfant.pk},
            attentes={jour: a for (i, jour), a in attentes.items() if i == inscription.pk},
            sans_classe=sans_classe,
            effaces=frozenset({6, 7} - {j.isoweekday() for j in journees[inscription.activite_id]}),
            maintenant=maintenant,
            aujourdhui=aujourdhui,
            en_attente=(en_attente or {}).get(inscription.pk) or Changements(),
        ).calendrier(premier)
        for inscription in inscriptions
    ]


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
    journees: Mapping[dt.date, JourneeLue]
    reservations: Mapping[dt.date, Reservation]
    absences: Collection[dt.date]
    attentes: Mapping[dt.date, Attente]
    sans_classe: Mapping[dt.date, str]
    effaces: frozenset[int]
    maintenant: dt.datetime
    aujourdhui: dt.date
    en_attente: Changements

    def __post_init__(self):
        self.ouverte = self.inscription.annee.est_ouverte(self.maintenant)

    def calendrier(self, premier: dt.date) -> Calendrier:
        """The whole year; `premier` is the first day of the month to show."""
        annee = self.inscription.annee
        mois, courant = [], annee.debut.replace(day=1)
        while courant <= annee.fin:
            semaines = [
                [self.case(jour, courant.month) for jour in semaine]
                for semaine in calendar.Calendar().monthdatescalendar(courant.year, courant.month)
            ]
            mois.append(Mois(courant, semaines, affiche=courant == premier))
            courant = (courant + dt.timedelta(days=32)).replace(day=1)
        periodes = prix_a_venir(self.inscription, self.aujourdhui)
        return Calendrier(
            inscription=self.inscription,
            mois=mois,
            ouverte=self.ouverte,
            prix=next((prix for _, prix in periodes if prix is not None), None),
            prix_en_mots=prix_en_mots(periodes),
            effaces=self.effaces,
            en_attente=self.en_attente,
        )

    def _detenteur(self, jour: dt.date) -> Detenteur | None:
        if jour in self.absences:
            return Detenteur.ABSENT
        return self.inscription.detenteur(self.reservations.get(jour))

    def _prix(self, jour: dt.date, tardive: bool, tardives_avant: int):
        return prix_du_repas(
            jour,
            self.inscription.tarifs,
            retard=self.inscription.activite.regle_retard if tardive else None,
            tardives_avant=tardives_avant,
        ).montant

    def case(self, jour: dt.date, mois: int) -> Case:
        if jour.month != mois:
            return Case(jour, dans_le_mois=False, effacee=jour.isoweekday() in self.effaces)
        case = Case(jour, aujourdhui=jour == self.aujourdhui, effacee=jour.isoweekday() in self.effaces)
        journee, detenteur = self.journees.get(jour), self._detenteur(jour)
        inscription = self.inscription
        case.tardive = journee is not None and est_tardive(journee, self.maintenant)
        case.prix = self._prix(jour, case.tardive, inscription.tardives)
        if case.tardive:
            case.prix_franc = self._prix(jour, True, 0)
            case.prix_ensuite = self._prix(jour, True, inscription.activite.retard_franchise)
        motif = motif_de_refus(
            journee,
            debut=inscription.debut,
            fin=inscription.fin,
            ouverte=self.ouverte,
            prix=case.prix,
            detenteur=detenteur,
            maintenant=self.maintenant,
            sortie=inscription.sorties.get(jour, ""),
            a_signer=inscription.a_signer,
        )
        case.etat = etat_du_jour(detenteur, motif)
        case.reserve = case.etat == Etat.RESERVE
        if case.reserve:
            case.prix, case.tardive = self.reservations[jour].prix, self.reservations[jour].tardive
            case.cochable = motif_de_refus_annulation(journee, detenteur=detenteur, maintenant=self.maintenant) is None
        else:
            case.cochable = motif is None
        case.coche = (case.reserve and jour not in self.en_attente.annulations) or (
            case.cochable and jour in self.en_attente.ajouts
        )
        fermeture = inscription.fermeture(journee)
        if journee and (case.reserve or not fermeture):
            case.limite_reservation, case.limite_annulation = journee.limite_reservation, journee.limite_annulation
            case.limite_tardive = journee.limite_tardive
        elif journee:
            case.fermeture = journee.fermeture
        case.attente = self.attentes.get(jour)
        if case.etat == Etat.COMPLET and case.attente:
            case.etat = Etat.ATTENTE
        elif case.etat == Etat.COMPLET and journee:
            case.se_demande = self.maintenant < journee.limite_reservation
        case.signe = "!" if case.tardif else SIGNES.get(Etat(case.etat), "")
        case.mot = self._mot(case, fermeture, motif)
        return case

    def _mot(self, case: Case, fermeture: str, motif: Motif | None) -> str:
        if case.etat == Etat.FERME:
            return fermeture or self.sans_classe.get(case.date, "" if case.date.isoweekday() > 5 else "Sans service")
        if case.tardif and case.prix is not None:
            return f"Tardif {'dès ' if case.prix_monte else ''}{euros(case.prix)}"
        if motif == Motif.ABSENT:
            return "Absent"
        if motif == Motif.AUTRE_INSCRIPTION:
            return "Autre inscription"
        if motif == Motif.A_SIGNER:
            return "À signer"
        return Etat(case.etat).label
