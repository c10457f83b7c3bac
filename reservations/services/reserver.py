"""Book and cancel meals: one submission, one transaction, one operation with one line per day."""

import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from reservations.courriels import envoyer_recapitulatif
from reservations.models import Inscription, Journee, Mouvement, Operation, Reservation
from reservations.regles import SANS_EFFET, Changements, Detenteur, Motif, motif_de_refus, motif_de_refus_annulation
from reservations.services.places import compter_les_places
from reservations.tarifs import prix_du_repas


def cle_du_formulaire(jeton: str, demandes: Mapping[int, Changements]) -> str:
    """The fingerprint of a form sent: the same form with the same changes, sent again, is the same operation.

    A page kept by the browser's back button carries the same token; with other changes it is another operation.
    """
    lignes = [jeton] + [
        f"{pk}:{','.join(map(str, sorted(c.ajouts)))}:{','.join(map(str, sorted(c.annulations)))}"
        for pk, c in sorted(demandes.items())
    ]
    return hashlib.sha256("\n".join(lignes).encode()).hexdigest()


@dataclass
class _Ecriture:
    """What the decisions will write."""

    mouvements: list[Mouvement] = field(default_factory=list)
    reservations: list[Reservation] = field(default_factory=list)
    annulees: list[int] = field(default_factory=list)
    places: Counter[int] = field(default_factory=Counter)


def reserver(
    *,
    demandes: Mapping[int, Changements],
    auteur,
    cle: str,
    origine: str = Operation.Origine.PARENT,
    horloge: Callable[[], dt.datetime] = timezone.now,
) -> Operation:
    """Apply what was asked for each enrolment (by primary key, all of one household); return the operation.

    Every day gets its line: booked, cancelled, or refused with its reason. Partial success is normal. The same `cle`
    twice returns the operation of the first time. Rights are the caller's business: `Inscription.objects.de(...)`.
    `horloge` is read once, after the locks: the demo town books its past meals in the past.

    Locks: the children in key order, then the days by service and date; everybody in this order, so nobody waits in a
    circle.
    """
    with transaction.atomic():
        inscriptions = list(
            Inscription.objects.filter(pk__in=demandes).completes().avec_prix().avec_courriels().verrouillees()
        )
        (famille,) = {i.famille for i in inscriptions}
        # The lock on the children makes a form sent twice wait here, so the second finds the first.
        deja = Operation.objects.filter(famille=famille, cle=cle).first()
        if deja:
            return deja
        journees = _verrouiller_les_journees(inscriptions, demandes)
        maintenant = horloge()  # the instant of the decision, after the locks
        reservees = _reservees(inscriptions, demandes)
        operation = Operation.objects.create(
            famille=famille, auteur=auteur, origine=origine, cle=cle, cree_le=maintenant
        )
        ecriture = _Ecriture()
        # What is cancelled first frees its place for what is added.
        for inscription in inscriptions:
            _annuler(ecriture, operation, inscription, demandes[inscription.pk].annulations, journees, reservees)
        for inscription in inscriptions:
            _ajouter(ecriture, operation, inscription, demandes[inscription.pk].ajouts, journees, reservees)
        Reservation.objects.filter(pk__in=ecriture.annulees).delete()
        Reservation.objects.bulk_create(ecriture.reservations)
        compter_les_places(ecriture.places)
        Mouvement.objects.bulk_create(ecriture.mouvements)
        envoyer_recapitulatif(operation, ecriture.mouvements, inscriptions)
    return operation


def _verrouiller_les_journees(inscriptions, demandes) -> dict[tuple[int, dt.date], Journee]:
    filtre = Q(pk__in=[])
    for inscription in inscriptions:
        changements = demandes[inscription.pk]
        filtre |= Q(activite=inscription.activite_id, date__in=changements.ajouts | changements.annulations)
    return {(j.activite_id, j.date): j for j in Journee.objects.filter(filtre).verrouillees()}


def _reservees(inscriptions, demandes) -> dict[tuple[int, dt.date], Reservation]:
    """The meals that these children hold on the days asked for, whatever the household."""
    jours = frozenset().union(*(c.ajouts | c.annulations for c in demandes.values()))
    enfants = [i.enfant.pk for i in inscriptions]
    return {(r.enfant_id, r.date): r for r in Reservation.objects.filter(enfant__in=enfants, date__in=jours)}


def _detenteur(reservation: Reservation | None, inscription: Inscription) -> Detenteur | None:
    if reservation is None:
        return None
    return Detenteur.MOI if reservation.inscription_id == inscription.pk else Detenteur.AUTRE


def _annuler(ecriture, operation, inscription, jours, journees, reservees) -> None:
    for jour in sorted(jours):
        journee = journees.get((inscription.activite_id, jour))
        reservation = reservees.get((inscription.enfant.pk, jour))
        motif = motif_de_refus_annulation(
            journee, detenteur=_detenteur(reservation, inscription), maintenant=operation.cree_le
        )
        if motif is None:
            assert journee is not None
            assert reservation is not None
            ecriture.annulees.append(reservation.pk)
            ecriture.places[journee.pk] -= 1
            del reservees[inscription.enfant.pk, jour]
        ecriture.mouvements.append(
            _mouvement(operation, inscription, jour, journee, motif, Mouvement.Nature.ANNULATION)
        )
        if motif is None:
            journee.places_prises -= 1


def _ajouter(ecriture, operation, inscription, jours, journees, reservees) -> None:
    for jour in sorted(jours):
        journee = journees.get((inscription.activite_id, jour))
        prix = prix_du_repas(jour, prix_fixe=inscription.prix_fixe)
        motif = motif_de_refus(
            journee,
            debut=inscription.debut,
            fin=inscription.fin,
            ouverte=inscription.annee.est_ouverte(operation.cree_le),
            prix=prix,
            detenteur=_detenteur(reservees.get((inscription.enfant.pk, jour)), inscription),
            maintenant=operation.cree_le,
        )
        if motif is None:
            assert journee is not None
            reservation = Reservation(inscription=inscription, journee=journee, enfant=inscription.enfant, date=jour)
            reservees[inscription.enfant.pk, jour] = reservation
            ecriture.reservations.append(reservation)
            ecriture.places[journee.pk] += 1
        ecriture.mouvements.append(_mouvement(operation, inscription, jour, journee, motif, Mouvement.Nature.AJOUT))
        if motif is None:
            journee.places_prises += 1


def _mouvement(operation, inscription, jour, journee, motif, voulu) -> Mouvement:
    """The line of a day. Capacity and count are those that the decision read."""
    if motif is None:
        nature = voulu
    elif motif in SANS_EFFET:
        nature = Mouvement.Nature.SANS_EFFET
    elif voulu == Mouvement.Nature.ANNULATION:
        nature = Mouvement.Nature.REFUS_ANNULATION
    else:
        nature = Mouvement.Nature.REFUS
    return Mouvement(
        operation=operation,
        inscription=inscription,
        date=jour,
        nature=nature,
        motif=motif or "",
        precision=journee.fermeture if motif == Motif.FERME else "",
        prix=prix_du_repas(jour, prix_fixe=inscription.prix_fixe),
        capacite=journee.capacite if journee else None,
        places_prises=journee.places_prises if journee else None,
    )
