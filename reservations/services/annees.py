"""Open a school year: its calendar, its prices and the days of every activity."""

import datetime as dt
import uuid
from collections.abc import Callable
from decimal import Decimal

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from reservations.donnees_calendrier import CalendrierScolaire
from reservations.models import Activite, AnneeScolaire, Inscription, Journee, PeriodeSansClasse, Tarif
from reservations.services.fermer import fermer_journees
from reservations.services.journees import SANS_SERVICE, Bilan, actualiser_a_venir, actualiser_journees


def ouvrir_annee(
    *,
    calendrier: CalendrierScolaire,
    ouverture: dt.datetime,
    prix: Decimal | None = None,
    auteur=None,
    dire: Callable[[str], object] = lambda phrase: None,
) -> tuple[AnneeScolaire, Bilan]:
    """Create the year, or bring it up to date: running twice changes nothing more.

    `prix` is given to the activities that have no price yet for the year. `dire` hears of each activity done.
    """
    with transaction.atomic():
        annee, _ = AnneeScolaire.objects.update_or_create(
            libelle=calendrier.libelle,
            defaults={
                "debut": calendrier.debut,
                "fin": calendrier.fin,
                "ouverture": ouverture,
                "source": calendrier.source,
            },
        )
        PeriodeSansClasse.objects.bulk_create(
            [PeriodeSansClasse(annee=annee, **vars(periode)) for periode in calendrier.periodes],
            update_conflicts=True,
            unique_fields=["annee", "nature", "debut"],
            update_fields=["libelle", "fin"],
        )
        activites = list(Activite.objects.filter(active=True).order_by("pk"))
        if prix is not None:
            Tarif.objects.bulk_create(
                [Tarif(activite=activite, annee=annee, prix=prix) for activite in activites], ignore_conflicts=True
            )
        bilan = Bilan()
        for rang, activite in enumerate(activites, 1):
            bilan += actualiser_journees(activite=activite, annee=annee, auteur=auteur)
            dire(f"{rang}/{len(activites)} {activite}")
    return annee, bilan


def suivre_le_calendrier(*, annee: AnneeScolaire, avant: tuple[dt.date, dt.date] | None = None, auteur=None) -> Bilan:
    """The year's dates or periods have changed: its enrolments and its days to come follow.

    `avant`: first and last day before the change. Enrolments that began or ended with the year still do; days that the
    year no longer holds are closed.
    """
    debut, fin = avant or (annee.debut, annee.fin)
    aujourdhui = timezone.localdate()
    with transaction.atomic():
        inscriptions = Inscription.objects.filter(annee=annee)
        if (debut, fin) != (annee.debut, annee.fin):
            list(inscriptions.completes().verrouillees())
            inscriptions.filter(Q(debut=debut) | Q(debut__lt=annee.debut)).update(debut=annee.debut)
            inscriptions.filter(Q(fin=fin) | Q(fin__gt=annee.fin)).update(fin=annee.fin)
        # All the days at once, in the order of the locks, before the first count is read.
        etendue = (min(debut, annee.debut), max(fin, annee.fin))
        journees = list(Journee.objects.filter(date__range=etendue, date__gte=aujourdhui).verrouillees())
        dehors = {j: SANS_SERVICE for j in journees if not (annee.debut <= j.date <= annee.fin or j.fermeture)}
        bilan = Bilan()
        if dehors:
            bilan.fermees = len(dehors)
            bilan.repas_annules = fermer_journees(dehors, auteur=auteur, cle=uuid.uuid4().hex)
        if annee.fin >= aujourdhui:
            bilan += actualiser_a_venir(periode=(annee.debut, annee.fin), auteur=auteur)
    return bilan


def supprimer_annee(annee: AnneeScolaire) -> None:
    """A year without enrolment, hence without meal, goes with its days. Raises ProtectedError when it has some."""
    with transaction.atomic():
        Journee.objects.de_l_annee(annee).filter(reservations=None).delete()
        annee.delete()


def supprimer_activite(activite: Activite) -> None:
    """A service that nobody was ever enrolled in goes with its days. Raises ProtectedError otherwise."""
    with transaction.atomic():
        activite.journees.filter(reservations=None).delete()
        activite.delete()
