"""Read the calendar of an enrolment from the database, in two statements whatever it holds."""

import calendar
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from reservations.calendrier import SIGNES, Calendrier, Case, Mois
from reservations.models import Inscription, Journee, PeriodeSansClasse
from reservations.regles import (
    Changements,
    Detenteur,
    Etat,
    Motif,
    etat_du_jour,
    motif_de_refus,
    motif_de_refus_annulation,
)
from reservations.tarifs import prix_du_repas


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
    """Read the whole year of an enrolment (`completes()` and `avec_prix()`): two statements, whatever it holds."""
    annee = inscription.annee
    lues = Journee.objects.filter(activite=inscription.activite_id).de_l_annee(annee)
    journees = {j.date: j for j in lues.avec_reservation_de(inscription.enfant)}
    detenteurs = {
        jour: Detenteur.MOI if j.inscription_reservee == inscription.pk else Detenteur.AUTRE
        for jour, j in journees.items()
        if j.inscription_reservee
    }
    lecteur = _Lecteur(
        inscription=inscription,
        journees=journees,
        detenteurs=detenteurs,
        sans_classe=_raisons(annee.periodes.all()),
        effaces=frozenset({6, 7} - {j.isoweekday() for j in journees}),
        maintenant=maintenant,
        aujourdhui=aujourdhui,
        en_attente=en_attente or Changements(),
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
        effaces=lecteur.effaces,
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
    effaces: frozenset[int]
    maintenant: dt.datetime
    aujourdhui: dt.date
    en_attente: Changements

    def __post_init__(self):
        self.ouverte = self.inscription.annee.est_ouverte(self.maintenant)

    def case(self, jour: dt.date, mois: int) -> Case:
        if jour.month != mois:
            return Case(jour, dans_le_mois=False, effacee=jour.isoweekday() in self.effaces)
        case = Case(jour, aujourdhui=jour == self.aujourdhui, effacee=jour.isoweekday() in self.effaces)
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
            return self.sans_classe.get(case.date, "" if case.date.isoweekday() > 5 else "Sans service")
        return Etat(case.etat).label
