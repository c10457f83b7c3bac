"""The absences that a household can declare or undo now, in four statements whatever it holds."""

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal

from django.utils import timezone

from comptes.francais import INSECABLE, euros
from comptes.models import Enfant
from reservations.models import Absence, AnnulationCollective, Journee, Reservation
from reservations.regles import (
    ABSENCES_D_AVANCE,
    Detenteur,
    Motif,
    absences_de_suite,
    en_jours_d_absence,
    motif_de_refus_absence,
    motif_de_refus_retour,
)
from reservations.services.absences import SUITE_AU_PLUS
from reservations.tarifs import prix_de_l_absence


@dataclass(frozen=True)
class AbsenceDuJour:
    """A meal whose absence can be declared, or is: what the home page says of it before the parent sends."""

    inscription_id: int
    enfant: Enfant
    journee: Journee
    prix: Decimal
    rang: int
    declaree: bool
    motif: Motif | None  # why it cannot be undone

    @property
    def consequence(self) -> str:
        """What stays due, in a sentence."""
        rang = en_jours_d_absence(self.rang)
        if self.prix:
            return f"Le repas de ce jour reste dû{INSECABLE}: {euros(self.prix)} ({rang})."
        return f"Le repas de ce jour ne sera pas facturé ({rang})."


def absences_du_jour(utilisateur, *, maintenant: dt.datetime) -> list[AbsenceDuJour]:
    """What the household of this login can declare or undo, and has declared for the coming days; in order of days."""
    aujourdhui = timezone.localtime(maintenant).date()
    au_plus_tard = aujourdhui + ABSENCES_D_AVANCE
    reservations = [
        r
        for r in Reservation.objects.de(utilisateur)
        .filter(date__range=(aujourdhui, au_plus_tard), journee__limite_absence__gt=maintenant)
        .select_related("enfant", "journee__activite", "inscription")
        if motif_de_refus_absence(r.journee, detenteur=Detenteur.MOI, maintenant=maintenant) is None
    ]
    declarees = list(
        Absence.objects.de(utilisateur)
        .filter(date__range=(aujourdhui - SUITE_AU_PLUS, au_plus_tard))
        .select_related("enfant", "journee__activite", "inscription")
    )
    tenues: list[Reservation | Absence] = [*reservations, *(a for a in declarees if a.date >= aujourdhui)]
    if not tenues:
        return []
    service = defaultdict(list)
    for activite, jour in Journee.objects.filter(
        activite__in={t.journee.activite_id for t in tenues},
        fermeture="",
        date__range=(aujourdhui - SUITE_AU_PLUS, au_plus_tard),
    ).values_list("activite", "date"):
        service[activite].append(jour)
    absences = defaultdict(set)
    for declaree in declarees:
        absences[declaree.inscription_id].add(declaree.date)
    inscriptions = {t.inscription_id: t.inscription for t in tenues}
    AnnulationCollective.objects.poser_les_sorties(
        inscriptions.values(), {j for jours in service.values() for j in jours}
    )
    lues = []
    for t in tenues:
        sorties = inscriptions[t.inscription_id].sorties
        servis = [jour for jour in service[t.journee.activite_id] if jour not in sorties]
        lues.append(_lue(t, servis, absences[t.inscription_id], sorties.get(t.date, ""), maintenant))
    return sorted(lues, key=lambda a: (a.journee.date, a.enfant.prenom, a.inscription_id))


def _lue(tenue: Reservation | Absence, service, absences, sortie, maintenant) -> AbsenceDuJour:
    avant = absences_de_suite(tenue.date, service=service, absences=absences)
    declaree = isinstance(tenue, Absence)
    return AbsenceDuJour(
        inscription_id=tenue.inscription_id,
        enfant=tenue.enfant,
        journee=tenue.journee,
        prix=tenue.prix
        if declaree
        else prix_de_l_absence(tenue.prix, absences_avant=avant, carence=tenue.journee.activite.absence_carence),
        rang=avant + 1,
        declaree=declaree,
        motif=motif_de_refus_retour(
            tenue.journee,
            debut=tenue.inscription.debut,
            fin=tenue.inscription.fin,
            detenteur=Detenteur.ABSENT,
            maintenant=maintenant,
            sortie=sortie,
        )
        if declaree
        else None,
    )
