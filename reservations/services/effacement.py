"""The erasure of a household, in this room: what forbids it, and what goes."""

import datetime as dt

from django.conf import settings

from comptes.francais import nombre
from comptes.models import Famille
from comptes.services.effacement import Dossier
from reservations.models import Absence, Attente, Inscription, PremiereDemande, Reservation


def verrouiller(famille: Famille) -> list[Inscription]:
    """The enrolments of the household and their children, locked: nothing is booked while it is erased."""
    return list(Inscription.objects.filter(rattachement__famille=famille).completes().verrouillees())


def empechements(famille: Famille, *, aujourdhui: dt.date) -> list[str]:
    """Why the household cannot be erased yet, one sentence each."""
    a_elle = {"inscription__rattachement__famille": famille}
    depuis = aujourdhui - dt.timedelta(days=settings.FACTURATION_JOURS)
    a_venir = Reservation.objects.filter(**a_elle, date__gte=aujourdhui).count()
    attentes = Attente.objects.actives().filter(**a_elle, date__gte=aujourdhui).count()
    dus = (
        Reservation.objects.filter(**a_elle, date__range=(depuis, aujourdhui), prix__gt=0)
        .exclude(date=aujourdhui)
        .count()
        + Absence.objects.filter(**a_elle, date__gte=depuis, prix__gt=0).count()
    )
    phrases = [
        (a_venir, "{} à venir : annulez-les d’abord.", "repas réservé", "repas réservés"),
        (attentes, "{} : retirez-les d’abord.", "demande en liste d’attente", "demandes en liste d’attente"),
        (
            dus,
            "{} récemment : ce qui reste à facturer doit l’être d’abord.",
            "repas servi ou dû",
            "repas servis ou dus",
        ),
    ]
    return [phrase.format(nombre(n, un, plusieurs)) for n, phrase, un, plusieurs in phrases if n]


def clore(inscriptions: list[Inscription], dossier: Dossier, *, aujourdhui: dt.date) -> None:
    """End the enrolments: who waited for their lock with a form in hand finds the day outside their dates.

    First requests go, their papers too; enrolments, operations and their lines stay, without names.
    """
    hier = aujourdhui - dt.timedelta(days=1)
    for inscription in inscriptions:
        debut, fin = min(inscription.debut, hier), min(inscription.fin, hier)
        if (debut, fin) != (inscription.debut, inscription.fin):
            Inscription.objects.filter(pk=inscription.pk).update(debut=debut, fin=fin)
        dossier.touches[Inscription].add(inscription.pk)
    dossier.supprimer(PremiereDemande.objects.filter(famille=dossier.famille))
    dossier.supprimer(PremiereDemande.objects.filter(courriel__in=dossier.adresses))
