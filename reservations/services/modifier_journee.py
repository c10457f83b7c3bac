"""One day, changed by an agent: its capacity, its cut-offs, whether it serves."""

import datetime as dt
import uuid
from dataclasses import dataclass, replace

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from comptes.francais import date_longue
from reservations.models import Absence, AnneeScolaire, AnnulationCollective, Attente, Fermeture, Journee
from reservations.services.annuler_collectivement import Demande, annuler_collectivement
from reservations.services.annuler_collectivement import bilan as annulations
from reservations.services.journees import REGLES, Bilan, actualiser_journees
from reservations.services.places import compter_les_places


@dataclass(frozen=True)
class Reglages:
    """What the agent changed; None where nothing was. `vides`: the cut-offs that the agent emptied."""

    capacite: int | None = None
    limite_reservation: dt.datetime | None = None
    limite_annulation: dt.datetime | None = None
    limite_tardive: dt.datetime | None = None
    limite_absence: dt.datetime | None = None
    fermeture: str | None = None
    manuelle: bool | None = None
    vides: frozenset[str] = frozenset()  # the cut-offs that the agent emptied

    @property
    def a_la_main(self) -> dict:
        """The fields that the activity's rules set otherwise."""
        poses = {champ: valeur for champ in REGLES if (valeur := getattr(self, champ)) is not None}
        return poses | dict.fromkeys(self.vides)


def fermeture_du_jour(journee: Journee) -> Fermeture | None:
    """The closure of this day and service alone, which the day's page writes and takes back."""
    return _du_jour(journee).filter(collective=None).first()


def annulation_du_jour(journee: Journee) -> AnnulationCollective | None:
    """The collective cancellation that closes this day: it is undone on its own page, which gives the meals back."""
    seule = _du_jour(journee).order_by("pk").select_related("collective").last() if journee.fermeture else None
    return seule.collective if seule else None


def _du_jour(journee: Journee):
    return Fermeture.objects.filter(activite=journee.activite_id, debut=journee.date, fin=journee.date)


def verifier_la_fermeture(journee: Journee, motif: str) -> None:
    """Refuse, in a sentence, to reopen a day that something wider than its own closure keeps closed."""
    if annulation := annulation_du_jour(journee):
        raise ValidationError(
            f"Cette journée est fermée par l’annulation collective « {annulation.motif} » : c’est sur sa page "
            "qu’elle se rétablit, avec les repas annulés."
        )
    if motif or not journee.fermeture or fermeture_du_jour(journee):
        return
    raise ValidationError(
        f"Cette journée est fermée par le calendrier ou par une fermeture plus large (« {journee.fermeture} ») : "
        "modifiez l’année scolaire, l’activité ou la fermeture."
    )


def modifier_journee(*, journee: Journee, reglages: Reglages, auteur) -> Bilan:
    """Apply an agent's changes to a day to come; return what became of its meals.

    A capacity or a cut-off set here makes the day `manuelle`: it keeps them when the activity changes, until the agent
    hands it back. A capacity below the meals already booked cancels none: it tolerates those, and takes no more. A
    closure is written as a `Fermeture` of one day, so that the next refresh of the days agrees with it; when meals are
    booked or waited for, it is a collective cancellation, which can be undone. Raises ValidationError for a day past,
    or one that something wider closes.
    """
    with transaction.atomic():
        annee = AnneeScolaire.objects.filter(debut__lte=journee.date, fin__gte=journee.date).first()
        # A refresh locks the days of the year in their order: so do we, rather than this day first.
        siennes = Q(pk=journee.pk)
        if annee:
            siennes |= Q(activite=journee.activite_id, date__range=(annee.debut, annee.fin))
        lue = next(j for j in Journee.objects.filter(siennes).verrouillees() if j.pk == journee.pk)
        if lue.date < timezone.localdate():
            raise ValidationError(f"Le {date_longue(lue.date)} est passé : la journée reste telle qu’elle a été.")
        bilan = Bilan()
        if reglages.a_la_main:
            for champ, valeur in reglages.a_la_main.items():
                setattr(lue, champ, valeur)
            lue.manuelle, lue.depassement = True, max(0, lue.places_prises - lue.capacite)
            bilan.modifiees, bilan.en_depassement = 1, int(bool(lue.depassement))
            lue.save(update_fields=[*reglages.a_la_main, "manuelle", "depassement"])
            compter_les_places({lue.pk: 0})  # a capacity raised serves the waiting list
        elif reglages.manuelle is not None:
            lue.manuelle = reglages.manuelle
            lue.save(update_fields=["manuelle"])
        if reglages.fermeture is not None:
            verifier_la_fermeture(lue, reglages.fermeture)
            if reglages.fermeture and not lue.fermeture and _est_attendue(lue):
                bilan += _annuler_les_repas(lue, reglages.fermeture, auteur)
            else:
                _ecrire_la_fermeture(lue, reglages.fermeture)
        if annee and (reglages.fermeture is not None or reglages.manuelle is False):
            fait = actualiser_journees(activite=lue.activite, annee=annee, auteur=auteur)
            bilan += replace(fait, en_depassement=0)
    return bilan


def _est_attendue(journee: Journee) -> bool:
    """Whether somebody would lose a meal, a request, or what they were told of an absence."""
    return (
        journee.reservations.exists()
        or Absence.objects.filter(journee=journee).exists()
        or Attente.objects.filter(journee=journee).actives().exists()
    )


def _annuler_les_repas(journee: Journee, motif: str, auteur) -> Bilan:
    demande = Demande(AnnulationCollective.Nature.FERMETURE, motif, (journee.activite,), (journee.date,))
    faite = annuler_collectivement(demande=demande, auteur=auteur, cle=uuid.uuid4().hex)
    return Bilan(fermees=1, repas_annules=annulations(faite)["repas"])


def _ecrire_la_fermeture(journee: Journee, motif: str) -> None:
    seule = fermeture_du_jour(journee)
    if not motif:
        if seule:
            seule.delete()
    elif seule:
        seule.motif = motif
        seule.save(update_fields=["motif"])
    else:
        Fermeture.objects.create(activite=journee.activite, debut=journee.date, fin=journee.date, motif=motif)
