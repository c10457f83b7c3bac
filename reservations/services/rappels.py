"""Remind, by one mail a week at most, the households that have booked nothing for a week whose cut-off comes."""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Min
from django.db.models.functions import TruncWeek
from django.utils import timezone

from comptes.francais import enumerer
from comptes.models import Enfant, Famille
from comptes.services.rappels import adresse_de_refus
from reservations.courriels_rappel import envoyer_les_rappels
from reservations.lecture_tarifs import poser_les_tarifs
from reservations.models import AnnulationCollective, Inscription, Journee, Reservation

SEMAINE = dt.timedelta(days=7)
# The unique key is the promise: of two runs at once, one only gets the row back.
_NOTER = """
INSERT INTO reservations_rappel (famille_id, semaine, envoye_le)
SELECT f, s, %(maintenant)s FROM unnest(%(familles)s::bigint[], %(semaines)s::date[]) AS r (f, s)
ON CONFLICT (famille_id, semaine) DO NOTHING
RETURNING famille_id, semaine
"""


@dataclass
class RappelAEnvoyer:
    """One mail: a household, a week (its Monday), the children without a meal, the first and last cut-offs."""

    famille: Famille
    semaine: dt.date
    courriels: list[str]
    enfants: dict[int, Enfant] = field(default_factory=dict)
    inscriptions: list[Inscription] = field(default_factory=list)
    limites: set[dt.datetime] = field(default_factory=set)

    @property
    def premiere(self) -> dt.datetime:
        return min(self.limites)

    @property
    def derniere(self) -> dt.datetime:
        return max(self.limites)

    @property
    def prenoms(self) -> str:
        return enumerer(enfant.prenom for enfant in self.enfants.values())

    @property
    def refus(self) -> str:
        return adresse_de_refus(self.famille)


@dataclass(frozen=True)
class BilanDesRappels:
    familles: int = 0
    enfants: int = 0
    courriels: int = 0


def rappeler(*, horloge: Callable[[], dt.datetime] = timezone.now) -> BilanDesRappels:
    """Send the reminders that are due. Running twice sends once: a row is kept for each household and week."""
    with transaction.atomic():
        maintenant = horloge()
        dus = {(r.famille.pk, r.semaine): r for r in _dus(maintenant)}
        if not dus:
            return BilanDesRappels()
        with connection.cursor() as curseur:
            familles, semaines = zip(*dus, strict=True)
            curseur.execute(_NOTER, {"familles": list(familles), "semaines": list(semaines), "maintenant": maintenant})
            notes = [dus[cle] for cle in sorted(curseur.fetchall())]
        envoyer_les_rappels(notes)
    return BilanDesRappels(
        familles=len({r.famille.pk for r in notes}),
        enfants=len({pk for r in notes for pk in r.enfants}),
        courriels=sum(len(r.courriels) for r in notes),
    )


def _dus(maintenant: dt.datetime) -> list[RappelAEnvoyer]:
    """The reminders due now, sent already or not. Five statements, whatever the number of families."""
    reservables = _reservables(maintenant)
    if not reservables:
        return []
    semaines = sorted({semaine for _, semaine in reservables})
    servis = set(
        Reservation.objects.filter(date__gte=semaines[0], date__lt=semaines[-1] + SEMAINE)
        .annotate(semaine=TruncWeek("date"))
        .order_by()
        .values_list("enfant", "semaine")
        .distinct()
    )
    inscriptions = (
        Inscription.objects.filter(
            activite__in={activite for activite, _ in reservables},
            annee__ouverture__lte=maintenant,
            rattachement__famille__rappels=True,
            fin__gte=semaines[0],
            debut__lt=semaines[-1] + SEMAINE,
        )
        .completes()
        .avec_prix()
        .avec_courriels()
        .order_by("rattachement__famille", "rattachement__enfant", "pk")
    )
    jours = {j.date for lues in reservables.values() for j in lues}
    AnnulationCollective.objects.poser_les_sorties(inscriptions, jours)
    poser_les_tarifs(inscriptions)
    rappels: dict[tuple[int, dt.date], RappelAEnvoyer] = {}
    for inscription in inscriptions:
        if not inscription.courriels:
            continue
        for semaine in semaines:
            ouvertes = reservables.get((inscription.activite_id, semaine), [])
            limites = {
                j.limite_reservation
                for j in ouvertes
                if inscription.debut <= j.date <= inscription.fin
                and not inscription.fermeture(j)
                and inscription.tarifs.le(j.date).montant is not None
            }
            if not limites or (inscription.enfant.pk, semaine) in servis:
                continue
            famille = inscription.famille
            rappel = rappels.setdefault((famille.pk, semaine), RappelAEnvoyer(famille, semaine, inscription.courriels))
            rappel.enfants[inscription.enfant.pk] = inscription.enfant
            rappel.inscriptions.append(inscription)
            rappel.limites |= limites
    return list(rappels.values())


def _reservables(maintenant: dt.datetime) -> dict[tuple[int, dt.date], list[Journee]]:
    """(activity, Monday) of the weeks to come whose first cut-off is near → the days that can still be booked."""
    aujourdhui = timezone.localdate(maintenant)
    lundi = aujourdhui - dt.timedelta(days=aujourdhui.weekday()) + SEMAINE
    a_venir = Journee.objects.filter(date__gte=lundi, fermeture="").annotate(semaine=TruncWeek("date")).order_by()
    bientot = maintenant + dt.timedelta(hours=settings.RAPPEL_HEURES)
    proches = set(
        a_venir.values("activite", "semaine")
        .annotate(premiere=Min("limite_reservation"))
        .filter(premiere__lte=bientot)
        .values_list("activite", "semaine")
    )
    if not proches:
        return {}
    lus: dict[tuple[int, dt.date], list[Journee]] = defaultdict(list)
    for journee in a_venir.filter(
        date__lt=max(semaine for _, semaine in proches) + SEMAINE,
        limite_reservation__gt=maintenant,
        places_prises__lt=F("capacite"),
    ):
        if (journee.activite_id, journee.semaine) in proches:
            lus[journee.activite_id, journee.semaine].append(journee)
    return dict(lus)
