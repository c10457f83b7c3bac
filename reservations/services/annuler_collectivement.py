"""One staff action over many households: the meals of services or classes, cancelled without charge on some days."""

import datetime as dt
import hashlib
from collections.abc import Collection
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, F, Q
from django.utils import timezone

from reservations.models import (
    Absence,
    Activite,
    AnnulationCollective,
    Attente,
    Fermeture,
    Inscription,
    Journee,
    Mouvement,
    Operation,
    Reservation,
)
from reservations.regles import FIN_DU_SERVICE
from reservations.services.fermer import fermer_journees, liberer, ne_plus_devoir, prouver

JOURS_AU_PLUS = 62


@dataclass(frozen=True)
class Demande:
    """What an agent asks for. Without classes, the services close on these days."""

    nature: str
    motif: str
    activites: tuple[Activite, ...]
    jours: tuple[dt.date, ...]
    classes: tuple[str, ...] = ()

    def reservations(self):
        """The meals concerned."""
        repas = Reservation.objects.filter(journee__activite__in=self.activites, date__in=self.jours)
        return repas.filter(inscription__classe__in=self.classes) if self.classes else repas

    def attentes(self):
        attentes = Attente.objects.filter(journee__activite__in=self.activites, date__in=self.jours)
        return attentes.filter(inscription__classe__in=self.classes) if self.classes else attentes

    def journees(self):
        return Journee.objects.filter(activite__in=self.activites, date__in=self.jours)

    def empreinte(self, jeton: str) -> str:
        """The key of this demand sent with this token: sent again, it is the same."""
        parties = [jeton, self.nature, self.motif, *(str(a.pk) for a in self.activites), "", *self.classes, ""]
        return hashlib.sha256("\n".join([*parties, *map(str, self.jours)]).encode()).hexdigest()


@dataclass(frozen=True)
class Apercu:
    """Who is concerned. `lignes`: activite, classe, date → repas."""

    lignes: list[dict]
    repas: int
    familles: int
    en_attente: int
    ouvertes: int


def classes_de(activites: Collection[Activite], jours: Collection[dt.date]) -> list[str]:
    """The classes of those enrolled in these services in the school years of these days."""
    if not activites or not jours:
        return []
    inscrits = Inscription.objects.filter(activite__in=activites, debut__lte=max(jours), fin__gte=min(jours))
    return list(inscrits.exclude(classe="").order_by("classe").values_list("classe", flat=True).distinct())


def jours_de_service(activites: Collection[Activite], debut: dt.date, fin: dt.date) -> tuple[dt.date, ...]:
    """The days of this range on which one of these services is open and the meal is not over."""
    maintenant = timezone.localtime()
    premier = maintenant.date() + dt.timedelta(days=maintenant.time() >= FIN_DU_SERVICE)
    ouvertes = Journee.objects.filter(activite__in=activites, date__range=(debut, fin), date__gte=premier, fermeture="")
    return tuple(ouvertes.order_by("date").values_list("date", flat=True).distinct())


def apercu(demande: Demande) -> Apercu:
    repas = demande.reservations()
    lignes = (
        repas.values("date", activite=F("journee__activite__nom"), classe=F("inscription__classe"))
        .annotate(repas=Count("pk"))
        .order_by("activite", "classe", "date")
    )
    total = repas.aggregate(repas=Count("pk"), familles=Count("inscription__rattachement__famille", distinct=True))
    attend = Q(attentes__etat__in=Attente.ACTIFS)
    if demande.classes:
        attend &= Q(attentes__inscription__classe__in=demande.classes)
    journees = demande.journees().aggregate(
        ouvertes=Count("pk", distinct=True, filter=Q(fermeture="")),
        en_attente=Count("attentes", distinct=True, filter=attend),
    )
    return Apercu(lignes=list(lignes), **total, **journees)


def annuler_collectivement(*, demande: Demande, auteur, cle: str) -> AnnulationCollective:
    """Cancel the meals whatever the cut-off, without charge, and tell the families: one operation for each household.

    Without classes the days close, and a `Fermeture` of each agrees with the next refresh. With classes the days stay
    open: the places go to who waits. The same `cle` twice returns the action of the first time. `auteur` is the agent,
    or None for a command. Raises ValidationError when there is nothing to cancel nor to close.

    Locks: the enrolments of the classes, then the days, as a booking does.
    """
    with transaction.atomic():
        if demande.classes:
            visees = Inscription.objects.filter(
                activite__in=demande.activites,
                classe__in=demande.classes,
                debut__lte=max(demande.jours),
                fin__gte=min(demande.jours),
            )
            list(visees.completes().verrouillees())
        journees = list(demande.journees().select_related("activite").verrouillees())
        # Sent twice at once, the second waited for the days and finds the first.
        deja = AnnulationCollective.objects.filter(cle=cle).first()
        if deja:
            return deja
        ouvertes = [journee for journee in journees if not journee.fermeture]
        if not ouvertes:
            raise ValidationError("Aucune de ces journées n’est ouverte : il n’y a rien à annuler.")
        annulation = AnnulationCollective.objects.create(
            nature=demande.nature,
            motif=demande.motif,
            classes=list(demande.classes),
            jours=list(demande.jours),
            auteur=auteur,
            cree_le=timezone.now(),
            cle=cle,
        )
        annulation.activites.set(demande.activites)
        if demande.classes:
            reservations = list(demande.reservations().select_related("journee"))
            attentes = liberer(reservations, demande.attentes())
            textes = {journee.pk: demande.motif for journee in ouvertes}
            absences = Absence.objects.filter(journee__in=ouvertes, inscription__classe__in=demande.classes)
            prouver(
                reservations,
                absences=ne_plus_devoir(absences),
                attentes=attentes,
                motif="",
                textes=textes,
                auteur=auteur,
                cle=cle,
                collective=annulation,
            )
        else:
            Fermeture.objects.bulk_create(
                Fermeture(activite=j.activite, debut=j.date, fin=j.date, motif=demande.motif, collective=annulation)
                for j in ouvertes
            )
            motifs = dict.fromkeys(ouvertes, demande.motif)
            fermer_journees(motifs, auteur=auteur, cle=cle, collective=annulation)
    return annulation


def bilan(annulation: AnnulationCollective) -> dict[str, int]:
    """`familles` told, `repas` cancelled and `demandes` of the waiting list ended by the action itself."""
    operations = Operation.objects.filter(collective=annulation, annule=None)
    annules = Q(mouvements__nature=Mouvement.Nature.ANNULATION)
    finies = Q(mouvements__nature=Mouvement.Nature.SORTIE_D_ATTENTE)
    return operations.aggregate(
        familles=Count("pk", distinct=True),
        repas=Count("mouvements", filter=annules),
        demandes=Count("mouvements", filter=finies),
    )
