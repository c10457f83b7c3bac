"""Open a school year: its calendar, its prices and the days of every activity."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal

from django.db import transaction

from reservations.donnees_calendrier import CalendrierScolaire
from reservations.models import Activite, AnneeScolaire, PeriodeSansClasse, Tarif
from reservations.services.journees import Bilan, actualiser_journees


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
