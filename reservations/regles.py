"""The rules of booking: pure functions, no database, no request.

The calendar, the service, the admin and the commands all ask here, so all give the same answer in the same words.
"""

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol
from zoneinfo import ZoneInfo

from django.db.models import TextChoices

PARIS = ZoneInfo("Europe/Paris")
# No cut-off comes later on the day of the meal: by then it is eaten.
FIN_DU_SERVICE = dt.time(14, 0)
# An absence is declared when a meal can no longer be cancelled: this early at most.
ABSENCES_D_AVANCE = dt.timedelta(days=15)
LETTRES_UAI = "ABCDEFGHJKLMNPRSTUVWXYZ"


class Motif(TextChoices):
    """Why a day was not changed, as the parent reads it."""

    PAS_OUVERT = "pas-ouvert", "les réservations de cette année scolaire ne sont pas encore ouvertes"
    SANS_SERVICE = "sans-service", "il n’y a pas de service de restauration ce jour-là"
    HORS_INSCRIPTION = "hors-inscription", "ce jour est en dehors des dates de l’inscription"
    FERME = "ferme", "la restauration est fermée ce jour-là"
    SANS_PRIX = "sans-prix", "le prix du repas n’est pas encore fixé"
    A_SIGNER = "a-signer", "une autorisation que la ville demande reste à signer"
    AUTRE_FOYER = "autre-foyer", "réservé par l’autre foyer"
    AUTRE_INSCRIPTION = "autre-inscription", "déjà réservé par une autre inscription de l’enfant"
    DEJA_RESERVE = "deja-reserve", "ce repas est déjà réservé"
    HORS_DELAI = "hors-delai", "le délai de réservation est dépassé"
    COMPLET = "complet", "la capacité maximale est atteinte"
    PAS_RESERVE = "pas-reserve", "ce repas n’était pas réservé"
    HORS_DELAI_ANNULATION = "hors-delai-annul", "le délai d’annulation est dépassé"
    ABSENT = "absent", "une absence est déclarée ce jour-là"
    ANNULABLE = "annulable", "ce repas peut encore être annulé sans frais dans le calendrier"
    SANS_ABSENCE = "sans-absence", "les absences ne se déclarent pas sur le portail ce jour-là"
    ABSENCE_TROP_TOT = "absence-trop-tot", "une absence se déclare au plus quinze jours avant"
    HORS_DELAI_ABSENCE = "hors-delai-absence", "l’heure limite des absences est passée"
    PAS_ABSENT = "pas-absent", "aucune absence n’est déclarée ce jour-là"
    PLACE_LIBRE = "place-libre", "une place est libre, réservez-la dans le calendrier"
    DEJA_EN_ATTENTE = "deja-en-attente", "vous êtes déjà sur la liste d’attente de ce jour"


# What asks for a state that is already so changes nothing, and is no refusal.
SANS_EFFET = {Motif.DEJA_RESERVE, Motif.PAS_RESERVE, Motif.DEJA_EN_ATTENTE}

# Why a meal, a place of the waiting list or the return of an absence is refused: the reasons of the register.
REFUS_DE_REPAS = (
    Motif.COMPLET, Motif.HORS_DELAI, Motif.FERME, Motif.PAS_OUVERT, Motif.SANS_SERVICE, Motif.HORS_INSCRIPTION,
    Motif.SANS_PRIX, Motif.AUTRE_FOYER, Motif.AUTRE_INSCRIPTION, Motif.ABSENT, Motif.PLACE_LIBRE, Motif.PAS_ABSENT,
    Motif.HORS_DELAI_ABSENCE, Motif.A_SIGNER,
)  # fmt: skip


class Etat(TextChoices):
    """The state of a day in the calendar: the stable code of `data-etat`, and its word."""

    RESERVE = "reserve", "Réservé"
    LIBRE = "libre", "Libre"
    COMPLET = "complet", "Complet"
    FERME = "ferme", "Fermé"
    HORS_DELAI = "hors-delai", "Délai dépassé"
    ATTENTE = "attente", "En attente"
    AUTRE_FOYER = "autre-foyer", "Autre foyer"
    HORS_INSCRIPTION = "hors-inscription", "Hors inscription"


class JourneeLue(Protocol):
    """What the rules read of a day of service (a `Journee`, or a row of it)."""

    date: dt.date
    capacite: int
    places_prises: int
    limite_reservation: dt.datetime
    limite_annulation: dt.datetime
    limite_tardive: dt.datetime | None
    limite_absence: dt.datetime | None
    fermeture: str


class Detenteur(TextChoices):
    """Who holds the child's meal of a day, seen from one enrolment."""

    MOI = "moi", "cette inscription"
    AUTRE = "autre", "l’autre foyer"
    AUTRE_INSCRIPTION = "autre-inscription", "une autre inscription du même foyer"
    ABSENT = "absent", "personne : absence déclarée"


def motif_de_refus(
    journee: JourneeLue | None,
    *,
    debut: dt.date,
    fin: dt.date,
    ouverte: bool,
    prix: Decimal | None,
    detenteur: Detenteur | None,
    maintenant: dt.datetime,
    retard: bool = True,
    sortie: str = "",
    a_signer: bool = False,
) -> Motif | None:
    """Why a meal cannot be booked on this day, or None when it can.

    `a_signer`: the household has not answered, for this child, a text without which the town books nothing.
    Without `retard` no late meal is taken, whatever the service's rule: an undo never books at a late price.
    `debut` and `fin` are the enrolment's, `ouverte` tells whether the school year takes bookings, `journee` is None
    when the activity does not serve that day. A full day is refused only on the count of this instant
    (Conseil d'État, 22/03/2021, n° 429361). `sortie`: why the child's class is away, though the day is open.
    """
    if journee is None:
        return Motif.SANS_SERVICE
    if not debut <= journee.date <= fin:
        return Motif.HORS_INSCRIPTION
    if detenteur == Detenteur.MOI:
        return Motif.DEJA_RESERVE
    if detenteur == Detenteur.AUTRE:
        return Motif.AUTRE_FOYER
    if detenteur == Detenteur.AUTRE_INSCRIPTION:
        return Motif.AUTRE_INSCRIPTION
    if journee.fermeture or sortie:
        return Motif.FERME
    if detenteur == Detenteur.ABSENT:
        return Motif.ABSENT
    if not ouverte:
        return Motif.PAS_OUVERT
    if maintenant >= journee.limite_reservation and not (retard and est_tardive(journee, maintenant)):
        return Motif.HORS_DELAI
    if prix is None:
        return Motif.SANS_PRIX
    if a_signer:
        return Motif.A_SIGNER
    if journee.places_prises >= journee.capacite:
        return Motif.COMPLET
    return None


def motif_de_place_tenue(journee: JourneeLue | None, *, maintenant: dt.datetime, **contexte) -> Motif | None:
    """Why a place held for who waited cannot be booked, or None when it can. `contexte`: as `motif_de_refus`.

    The count does not matter, for the place is in it. Past the cut-off nothing is booked, not even at the late price.
    """
    motif = motif_de_refus(journee, maintenant=maintenant, **contexte)
    if motif not in (None, Motif.COMPLET):
        return motif
    return Motif.HORS_DELAI if journee is None or maintenant >= journee.limite_reservation else None


def motif_de_refus_attente(
    journee: JourneeLue | None, *, en_attente: bool, maintenant: dt.datetime, **contexte
) -> Motif | None:
    """Why one cannot ask to wait for a place, or None when one can: the day is full at this instant, and only that.

    `en_attente`: this enrolment waits already. `contexte`: as `motif_de_refus`.
    """
    motif = motif_de_refus(journee, maintenant=maintenant, **contexte)
    if motif is None:
        return Motif.PLACE_LIBRE
    if motif != Motif.COMPLET:
        return motif
    if journee is None or maintenant >= journee.limite_reservation:
        return Motif.HORS_DELAI
    return Motif.DEJA_EN_ATTENTE if en_attente else None


def est_tardive(journee: JourneeLue, maintenant: dt.datetime) -> bool:
    """Whether a meal booked now is past the cut-off, and still taken at the late price."""
    tardive = journee.limite_tardive
    return tardive is not None and journee.limite_reservation <= maintenant < tardive


def motif_de_refus_annulation(
    journee: JourneeLue | None, *, detenteur: Detenteur | None, maintenant: dt.datetime
) -> Motif | None:
    """Why a booked meal cannot be cancelled, or None when it can."""
    if journee is None or detenteur is None or detenteur == Detenteur.ABSENT:
        return Motif.PAS_RESERVE
    if detenteur == Detenteur.AUTRE:
        return Motif.AUTRE_FOYER
    if detenteur == Detenteur.AUTRE_INSCRIPTION:
        return Motif.AUTRE_INSCRIPTION
    if maintenant >= journee.limite_annulation:
        return Motif.HORS_DELAI_ANNULATION
    return None


# --- Absences --------------------------------------------------------------------------------------------------------
def motif_de_refus_absence(
    journee: JourneeLue | None, *, detenteur: Detenteur | None, maintenant: dt.datetime
) -> Motif | None:
    """Why an absence cannot be declared, or None when it can: a booked meal, too late to cancel, before the hour."""
    if journee is None or detenteur is None:
        return Motif.PAS_RESERVE
    if detenteur == Detenteur.ABSENT:
        return Motif.ABSENT
    if detenteur == Detenteur.AUTRE:
        return Motif.AUTRE_FOYER
    if detenteur == Detenteur.AUTRE_INSCRIPTION:
        return Motif.AUTRE_INSCRIPTION
    if journee.limite_absence is None:
        return Motif.SANS_ABSENCE
    if maintenant >= journee.limite_absence:
        return Motif.HORS_DELAI_ABSENCE
    if maintenant < journee.limite_annulation:
        return Motif.ANNULABLE
    if journee.date > maintenant.astimezone(PARIS).date() + ABSENCES_D_AVANCE:
        return Motif.ABSENCE_TROP_TOT
    return None


def motif_de_refus_retour(
    journee: JourneeLue | None,
    *,
    debut: dt.date,
    fin: dt.date,
    detenteur: Detenteur | None,
    maintenant: dt.datetime,
    sortie: str = "",
) -> Motif | None:
    """Why a declared absence cannot be undone, or None when the meal can be booked again.

    `debut` and `fin` are the enrolment's, which may have been shortened since. `detenteur` is ABSENT when this
    enrolment declared it. The place may have been taken since: then the day is full, which is proved as any refusal.
    `sortie`: as `motif_de_refus`.
    """
    if detenteur == Detenteur.MOI:
        return Motif.DEJA_RESERVE
    if journee is None or detenteur != Detenteur.ABSENT:
        return Motif.PAS_ABSENT
    if not debut <= journee.date <= fin:
        return Motif.HORS_INSCRIPTION
    if journee.fermeture or sortie:
        return Motif.FERME
    if journee.limite_absence is None or maintenant >= journee.limite_absence:
        return Motif.HORS_DELAI_ABSENCE
    if journee.places_prises >= journee.capacite:
        return Motif.COMPLET
    return None


def absences_de_suite(jour: dt.date, *, service: Iterable[dt.date], absences: Collection[dt.date]) -> int:
    """How many absences were declared on the days of `service` directly before `jour`, none left out between."""
    suite = 0
    for precedent in sorted((s for s in service if s < jour), reverse=True):
        if precedent not in absences:
            break
        suite += 1
    return suite


def en_jours_d_absence(rang: int) -> str:
    """`1er jour d’absence`, `2e jour d’absence`."""
    return f"{rang}{'er' if rang == 1 else 'e'} jour d’absence"


def etat_du_jour(detenteur: Detenteur | None, motif: Motif | None) -> Etat:
    """The state that the calendar shows, from who holds the meal and why it cannot be booked."""
    if detenteur == Detenteur.MOI:
        return Etat.RESERVE
    match motif:
        case Motif.AUTRE_FOYER | Motif.AUTRE_INSCRIPTION:
            return Etat.AUTRE_FOYER
        case Motif.COMPLET:
            return Etat.COMPLET
        case Motif.HORS_DELAI | Motif.ABSENT:
            return Etat.HORS_DELAI
        case Motif.HORS_INSCRIPTION:
            return Etat.HORS_INSCRIPTION
        case Motif.FERME | Motif.SANS_SERVICE:
            return Etat.FERME
    return Etat.LIBRE


# --- Cut-offs --------------------------------------------------------------------------------------------------------
class UniteDeDelai(TextChoices):
    CALENDAIRES = "calendaires", "jours calendaires"
    OUVRES = "ouvres", "jours ouvrés"
    SEMAINE = "semaine", "semaine précédente"


@dataclass(frozen=True)
class RegleDeDelai:
    """`jours` days before the meal, at `heure` in the town's zone; 0 day is the same morning.

    With the unit `SEMAINE`, the weekday `jour_semaine` (ISO, 1 is Monday) of the week before the meal's, whatever
    `jours`: one cut-off for the whole week.
    """

    Unite = UniteDeDelai

    jours: int
    unite: str
    heure: dt.time
    jour_semaine: int | None = None

    def limite(self, jour: dt.date, chomes: Collection[dt.date] = ()) -> dt.datetime:
        """The instant before which one may act for the meal of `jour`, aware, in the town's zone.

        Open days are Monday to Friday without `chomes` (public holidays). The hour is a wall clock's, right across the
        two clock changes.
        """
        if self.unite == UniteDeDelai.SEMAINE:
            lundi = jour - dt.timedelta(days=jour.isoweekday() - 1)
            veille = lundi - dt.timedelta(days=7) + dt.timedelta(days=(self.jour_semaine or 1) - 1)
            return dt.datetime.combine(veille, self.heure, tzinfo=PARIS)
        limite = jour
        reste = self.jours
        while reste:
            limite -= dt.timedelta(days=1)
            if self.unite == UniteDeDelai.CALENDAIRES or (limite.isoweekday() <= 5 and limite not in chomes):
                reste -= 1
        return dt.datetime.combine(limite, self.heure, tzinfo=PARIS)


def a_plusieurs(annees: Iterable[int]) -> bool:
    """Whether two enrolments of a household, given by their school years, share one: then one calendar shows them."""
    vues = list(annees)
    return len(set(vues)) < len(vues)


def uai_valide(code: str) -> bool:
    """Seven digits and the check letter of the number modulo 23 (Éducation nationale, répertoire UAI)."""
    return (
        len(code) == 8
        and code[:7].isascii()
        and code[:7].isdigit()
        and code[7] == LETTRES_UAI[int(code[:7]) % len(LETTRES_UAI)]
    )
