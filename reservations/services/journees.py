"""The days of service of an activity, made and remade from its rules, the calendar and the closures."""

import datetime as dt
import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from reservations.models import Activite, AnneeScolaire, Fermeture, Journee, Mouvement, PeriodeSansClasse, Reservation
from reservations.regles import Motif
from reservations.services.fermer import fermer_journees
from reservations.services.places import compter_les_places

SANS_SERVICE = "Pas de service"
# What a day takes from its activity.
REGLES = ("capacite", "limite_reservation", "limite_annulation", "limite_tardive", "limite_absence")


@dataclass
class Bilan:
    """What a refresh of the days did."""

    creees: int = 0
    modifiees: int = 0
    fermees: int = 0
    rouvertes: int = 0
    repas_annules: int = 0
    en_depassement: int = 0

    def __add__(self, autre: "Bilan") -> "Bilan":
        return Bilan(*(a + b for a, b in zip(vars(self).values(), vars(autre).values(), strict=True)))


def jours_de(debut: dt.date, fin: dt.date):
    for n in range((fin - debut).days + 1):
        yield debut + dt.timedelta(days=n)


def actualiser_journees(*, activite: Activite, annee: AnneeScolaire, auteur=None) -> Bilan:
    """Make the days of a year agree with the activity, the calendar and the closures.

    Days to come follow the activity's capacity and cut-offs, but for those that staff set one by one. Days past stay as
    they were: they are proof. A day that no longer serves is closed and its meals cancelled.
    """
    with transaction.atomic():
        existantes = {j.date: j for j in activite.journees.de_l_annee(annee).verrouillees()}
        aujourdhui = timezone.localdate()
        voulues = _fermetures_par_jour(activite, annee)
        chomes = _jours_feries(annee)
        bilan = Bilan()
        ecrites, a_fermer = [], {}
        for jour, fermeture in voulues.items():
            journee = existantes.get(jour)
            if journee is None:
                journee = Journee(activite=activite, date=jour, fermeture=fermeture)
                bilan.creees += 1
            elif jour < aujourdhui:
                continue
            elif fermeture and not journee.fermeture:
                a_fermer[journee] = fermeture
            elif journee.fermeture != fermeture:
                bilan.rouvertes += not fermeture
                bilan.modifiees += bool(fermeture)
                journee.fermeture = fermeture
            if not journee.manuelle and _appliquer_les_regles(journee, activite, chomes):
                bilan.modifiees += journee.pk is not None
            ecrites.append(journee)
        for jour, journee in existantes.items():
            if jour not in voulues and jour >= aujourdhui and not journee.fermeture:
                a_fermer[journee] = SANS_SERVICE
        if a_fermer:
            bilan.fermees = len(a_fermer)
            bilan.repas_annules = fermer_journees(a_fermer, auteur=auteur, cle=uuid.uuid4().hex)
        bilan.en_depassement = sum(bool(journee.depassement) for journee in ecrites)
        _ecrire(ecrites)
    return bilan


def actualiser_a_venir(
    *, activites: Iterable[Activite] | None = None, periode: tuple[dt.date, dt.date] | None = None, auteur=None
) -> Bilan:
    """Make the days to come agree: of these services or of all, in the years that the period meets.

    All: those in service, and those that no longer are but still have meals to serve.

    Services in the order of their keys and years in the order of their dates: the order in which everybody locks days.
    """
    aujourdhui = timezone.localdate()
    annees = AnneeScolaire.objects.en_cours(aujourdhui)
    if periode:
        annees = annees.filter(debut__lte=periode[1], fin__gte=periode[0])
    if activites is None:
        servis = Reservation.objects.filter(date__gte=aujourdhui).values("journee__activite")
        activites = Activite.objects.filter(Q(active=True) | Q(pk__in=servis))
    bilan = Bilan()
    with transaction.atomic():
        for activite in sorted(activites, key=lambda activite: activite.pk):
            for annee in annees:
                bilan += actualiser_journees(activite=activite, annee=annee, auteur=auteur)
    return bilan


def repas_perdus(fermetures: Iterable[Fermeture]):
    """The meals to come that a closure cancelled on these days, open again since, and that nobody booked again.

    Those of a collective cancellation are not among them: its undoing gives them back.
    """
    jours = Q(pk__in=[])
    for fermeture in fermetures:
        siens = Q(date__range=(fermeture.debut, fermeture.fin), date__gte=timezone.localdate())
        jours |= siens & Q(inscription__activite=fermeture.activite_id) if fermeture.activite_id else siens
    meme = {"inscription": OuterRef("inscription"), "date": OuterRef("date")}
    ouverte = Journee.objects.filter(activite=OuterRef("inscription__activite"), date=OuterRef("date"), fermeture="")
    return (
        Mouvement.objects.filter(
            jours, nature=Mouvement.Nature.ANNULATION, motif=Motif.FERME, operation__collective=None
        )
        .filter(Exists(ouverte), ~Exists(Reservation.objects.filter(**meme)))
        .order_by()
        .values("inscription", "date")
        .distinct()
    )


def _appliquer_les_regles(journee: Journee, activite: Activite, chomes) -> bool:
    """Set capacity and cut-offs; tell whether anything changed."""
    avant = [getattr(journee, champ) for champ in REGLES]
    journee.capacite = activite.capacite
    journee.depassement = max(0, journee.places_prises - journee.capacite)
    journee.limite_reservation = activite.regle_reservation.limite(journee.date, chomes)
    journee.limite_annulation = activite.regle_annulation.limite(journee.date, chomes)
    journee.limite_tardive = activite.limite_tardive(journee.date)
    journee.limite_absence = activite.limite_absence(journee.date)
    return avant != [getattr(journee, champ) for champ in REGLES]


def _ecrire(journees: list[Journee]) -> None:
    Journee.objects.bulk_create(
        journees,
        update_conflicts=True,
        unique_fields=["activite", "date"],
        update_fields=[*REGLES, "depassement", "fermeture"],
    )
    # A capacity raised, or a day opened again, frees places: the waiting list comes first.
    compter_les_places({journee.pk: 0 for journee in journees if not journee.fermeture})


def _jours_feries(annee: AnneeScolaire) -> set[dt.date]:
    return {
        jour
        for periode in annee.periodes.filter(nature=PeriodeSansClasse.Nature.FERIE)
        for jour in jours_de(periode.debut, periode.fin)
    }


def _fermetures_par_jour(activite: Activite, annee: AnneeScolaire) -> dict[dt.date, str]:
    """Each day that the activity would serve → the reason why it is closed, or an empty string."""
    sans_classe = {jour for p in annee.periodes.all() for jour in jours_de(p.debut, p.fin)}
    fermetures = {
        jour: fermeture.motif
        for fermeture in Fermeture.objects.filter(Q(activite=activite) | Q(activite=None))
        .filter(debut__lte=annee.fin, fin__gte=annee.debut)
        .order_by("pk")
        for jour in jours_de(max(fermeture.debut, annee.debut), min(fermeture.fin, annee.fin))
    }
    return {
        jour: fermetures.get(jour, "")
        for jour in jours_de(annee.debut, annee.fin)
        if jour.isoweekday() in activite.jours and jour not in sans_classe
    }
