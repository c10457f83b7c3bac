"""The demo town's money: the months of the school year that are over, pointed, billed, and paid but the last."""

import datetime as dt

from django.utils import timezone

from comptes.models import Utilisateur
from facturation.models import Facture, Paiement
from facturation.services.emettre import emettre
from facturation.services.encaisser import encaisser
from facturation.services.preparer import preparer
from reservations.models import AnneeScolaire, Journee, Pointage
from reservations.regles import PARIS

# The attendance of the last days is left to be taken.
JOURS_A_POINTER = 3
JOUR_D_EMISSION = 5
REGLEMENT = dt.timedelta(days=12)  # a cheque comes so long after the bill


def mois_finis(annee: AnneeScolaire, aujourdhui: dt.date) -> list[dt.date]:
    """The first days of the months of this year that are over, with their bills already out: after the 5th."""
    mois, trouves = annee.debut.replace(day=1), []
    while (suivant := (mois + dt.timedelta(days=31)).replace(day=1)) <= aujourdhui:
        if suivant.replace(day=JOUR_D_EMISSION) <= aujourdhui:
            trouves.append(mois)
        mois = suivant
    return trouves


def facturer_la_demo(annee: AnneeScolaire, aujourdhui: dt.date) -> int:
    """Bill these months as on the 5th of the next; all but the last are paid by cheque. How many bills."""
    _pointer(aujourdhui)
    finis = mois_finis(annee, aujourdhui)
    for mois in finis:
        emission = (mois + dt.timedelta(days=31)).replace(day=JOUR_D_EMISSION)
        instant = dt.datetime.combine(emission, dt.time(9), PARIS)
        facturation = preparer(mois=mois)
        emettre(facturation=facturation, horloge=lambda instant=instant: instant)  # type: ignore[misc]
        if mois != finis[-1]:
            for facture in Facture.objects.filter(facturation=facturation).impayees().order_by("pk"):
                encaisser(
                    famille=facture.famille_id,
                    montant=facture.reste,
                    moyen=Paiement.Moyen.CHEQUE,
                    cle=f"demo-{facture.numero}",
                    recu_le=instant + REGLEMENT,
                    d_abord=[facture.pk],
                )
    return Facture.objects.emises().count()


def _pointer(aujourdhui: dt.date) -> None:
    """Every meal of the past was eaten, as the canteen said at noon."""
    cantine = Utilisateur.objects.filter(groups__name="cantine").order_by("pk").first()
    passees = Journee.objects.filter(date__lt=aujourdhui - dt.timedelta(days=JOURS_A_POINTER), fermeture="")
    Pointage.objects.bulk_create(
        Pointage(
            journee=journee, fait_le=timezone.make_aware(dt.datetime.combine(journee.date, dt.time(12, 40))),
            fait_par=cantine,
        )
        for journee in passees.filter(places_prises__gt=0).order_by("pk")
    )  # fmt: skip
