"""Book and cancel meals: one submission, one transaction, one operation with one line per day."""

import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from reservations.courriels import envoyer_recapitulatif
from reservations.lecture_tarifs import poser_les_tarifs
from reservations.models import AnnulationCollective, Inscription, Journee, Mouvement, Operation, Reservation
from reservations.regles import SANS_EFFET, Detenteur, Motif, est_tardive, motif_de_refus, motif_de_refus_annulation
from reservations.regles_changements import Changements
from reservations.services.inserer import inserer
from reservations.services.places import compter_les_places
from reservations.tarifs import prix_du_repas

TARDIVE = "réservation tardive"


def cle_du_formulaire(jeton: str, demandes: Mapping[int, Changements]) -> str:
    """The fingerprint of a form sent: the same form with the same changes, sent again, is the same operation.

    A page kept by the browser's back button carries the same token; with other changes it is another operation.
    """
    lignes = [jeton] + [
        f"{pk}:{','.join(map(str, sorted(c.ajouts)))}:{','.join(map(str, sorted(c.annulations)))}"
        for pk, c in sorted(demandes.items())
    ]
    return hashlib.sha256("\n".join(lignes).encode()).hexdigest()


class RetardNonAnnonce(Exception):
    """Late meals would cost more than the parent was told; nothing is written. `retards`: their unsaved lines."""

    def __init__(self, retards: list[Mouvement]):
        super().__init__("late meals above the price announced")
        self.retards = retards


@dataclass
class _Ecriture:
    """What the decisions will write."""

    mouvements: list[Mouvement] = field(default_factory=list)
    reservations: list[Reservation] = field(default_factory=list)
    annulees: list[int] = field(default_factory=list)
    places: Counter[int] = field(default_factory=Counter)
    tardives: Counter[int] = field(default_factory=Counter)  # enrolment → late meals of its year, so far
    retard: bool = True  # whether late meals are taken


def reserver(
    *,
    demandes: Mapping[int, Changements],
    auteur,
    cle: str,
    origine: str | None = None,
    annule: Operation | None = None,
    retard: bool = True,
    annonce: Decimal | None = None,
    horloge: Callable[[], dt.datetime] = timezone.now,
) -> Operation:
    """Apply what was asked for each enrolment (by primary key, all of one household); return the operation.

    Every day gets its line: booked, cancelled, or refused with its reason. Partial success is normal. The same `cle`
    twice returns the operation of the first time, `repetee` being true. Rights are the caller's business:
    `Inscription.objects.de(...)`. `annule` is the operation to undo: it is undone once, and only by an operation that
    changes a meal. Without `retard` no late meal is taken. `annonce`, in euros, is what the screen said that the late
    meals cost: above it nothing is booked and RetardNonAnnonce is raised. `horloge` is read once, after the locks: the
    demo town books its past meals in the past.

    Locks: the children in key order, then the days by service and date; everybody in this order, so nobody waits in a
    circle.
    """
    with transaction.atomic():
        inscriptions = list(
            Inscription.objects.filter(pk__in=demandes)
            .completes()
            .avec_tarif()
            .avec_signatures()
            .avec_courriels()
            .verrouillees()
        )
        (famille,) = {i.famille for i in inscriptions}
        # The lock on the children makes a form sent twice wait here, so the second finds the first.
        meme = Q(famille=famille, cle=cle) | (Q(annule=annule) if annule else Q())
        deja = Operation.objects.filter(meme).first()
        if deja:
            deja.repetee = True
            return deja
        journees = _verrouiller_les_journees(inscriptions, demandes)
        maintenant = horloge()  # the instant of the decision, after the locks
        poser_les_tarifs(inscriptions)
        reservees, tardives = _reservees(inscriptions, demandes)
        AnnulationCollective.objects.poser_les_sorties(inscriptions, _jours(demandes))
        operation = Operation(
            famille=famille, auteur=auteur, origine=origine or Operation.Origine.de(auteur), cle=cle, cree_le=maintenant
        )
        ecriture = _Ecriture(tardives=tardives, retard=retard)
        _decider(ecriture, operation, inscriptions, demandes, journees, reservees)
        if annonce is not None:
            _verifier_l_annonce(ecriture, inscriptions, annonce)
        if ecriture.annulees or ecriture.reservations:
            operation.annule = annule
        operation.save(force_insert=True)
        Reservation.objects.filter(pk__in=ecriture.annulees).delete()
        inserer(ecriture.reservations)
        compter_les_places(ecriture.places)
        for mouvement in ecriture.mouvements:
            mouvement.operation = operation  # its key is known now
        inserer(ecriture.mouvements)
        envoyer_recapitulatif(operation, ecriture.mouvements, inscriptions)
    return operation


def simuler(
    *, demandes: Mapping[int, Changements], retard: bool = True, horloge: Callable[[], dt.datetime] = timezone.now
) -> tuple[list[Mouvement], list[Inscription]]:
    """The lines that `reserver` would write now, unsaved, and their enrolments. No lock: nothing here is a promise."""
    inscriptions = list(Inscription.objects.filter(pk__in=demandes).completes().avec_tarif().avec_signatures())
    poser_les_tarifs(inscriptions)
    journees = {(j.activite_id, j.date): j for j in _journees(inscriptions, demandes)}
    reservees, tardives = _reservees(inscriptions, demandes)
    AnnulationCollective.objects.poser_les_sorties(inscriptions, _jours(demandes))
    ecriture = _Ecriture(tardives=tardives, retard=retard)
    _decider(ecriture, Operation(cree_le=horloge()), inscriptions, demandes, journees, reservees)
    return ecriture.mouvements, inscriptions


def _verifier_l_annonce(ecriture, inscriptions: Iterable[Inscription], annonce: Decimal) -> None:
    lues = {inscription.pk: inscription for inscription in inscriptions}
    tardives = [r for r in ecriture.reservations if r.tardive]
    plus_cheres = any(r.prix > _prix(lues[r.inscription_id], r.date) for r in tardives)
    if plus_cheres and sum(r.prix for r in tardives) > annonce:
        raise RetardNonAnnonce([m for m in ecriture.mouvements if m.precision == TARDIVE])


def _decider(ecriture, operation, inscriptions, demandes, journees, reservees) -> None:
    # What is cancelled first frees its place for what is added.
    for inscription in inscriptions:
        _annuler(ecriture, operation, inscription, demandes[inscription.pk].annulations, journees, reservees)
    for inscription in inscriptions:
        _ajouter(ecriture, operation, inscription, demandes[inscription.pk].ajouts, journees, reservees)


def _verrouiller_les_journees(inscriptions, demandes) -> dict[tuple[int, dt.date], Journee]:
    return {(j.activite_id, j.date): j for j in _journees(inscriptions, demandes).verrouillees()}


def _journees(inscriptions, demandes):
    filtre, enfants = Q(pk__in=[]), [i.enfant.pk for i in inscriptions]
    for inscription in inscriptions:
        changements = demandes[inscription.pk]
        filtre |= Q(activite=inscription.activite_id, date__in=changements.ajouts | changements.annulations)
    return Journee.objects.filter(filtre).avec_absents(enfants)


def _jours(demandes) -> frozenset[dt.date]:
    return frozenset().union(*(c.ajouts | c.annulations for c in demandes.values()))


def _reservees(inscriptions, demandes) -> tuple[dict[tuple[int, dt.date], Reservation], Counter[int]]:
    """The meals that these children hold on the days asked for, whatever the household; enrolment → its late meals.

    Not the `tardives` of `avec_prix()`: a statement that waits for a lock counts with eyes of before.
    """
    voulues = Q(enfant__in=[i.enfant.pk for i in inscriptions], date__in=_jours(demandes))
    tardives = Q(inscription__in=inscriptions, tardive=True)
    lues = list(Reservation.objects.filter(voulues | tardives).avec_famille().avec_file().order_by())
    ids = {i.pk for i in inscriptions}
    return (
        {(r.enfant_id, r.date): r for r in lues},
        Counter(r.inscription_id for r in lues if r.tardive and r.inscription_id in ids),
    )


def _detenteur(journee: Journee | None, reservation: Reservation | None, inscription: Inscription) -> Detenteur | None:
    if journee is not None and inscription.enfant.pk in journee.absents:
        return Detenteur.ABSENT
    return inscription.detenteur(reservation)


def _annuler(ecriture, operation, inscription, jours, journees, reservees) -> None:
    for jour in sorted(jours):
        journee = journees.get((inscription.activite_id, jour))
        reservation = reservees.get((inscription.enfant.pk, jour))
        motif = motif_de_refus_annulation(
            journee, detenteur=_detenteur(journee, reservation, inscription), maintenant=operation.cree_le
        )
        if motif is None:
            assert journee is not None
            assert reservation is not None
            ecriture.annulees.append(reservation.pk)
            ecriture.places[journee.pk] -= 1
            ecriture.tardives[inscription.pk] -= reservation.tardive
            del reservees[inscription.enfant.pk, jour]
        prix = reservation.prix if reservation else _prix(inscription, jour)
        ecriture.mouvements.append(
            _mouvement(operation, inscription, jour, journee, motif, prix, Mouvement.Nature.ANNULATION)
        )
        # A freed place goes to who waits, before a brother or sister of the same form.
        if motif is None and not (reservation.attendue and operation.cree_le < journee.limite_reservation):
            journee.places_prises -= 1


def _ajouter(ecriture, operation, inscription, jours, journees, reservees) -> None:
    for jour in sorted(jours):
        journee = journees.get((inscription.activite_id, jour))
        tardive = ecriture.retard and journee is not None and est_tardive(journee, operation.cree_le)
        prix = _prix(inscription, jour, tardive=tardive, deja=ecriture.tardives[inscription.pk])
        motif = motif_de_refus(
            journee,
            debut=inscription.debut,
            fin=inscription.fin,
            ouverte=inscription.annee.est_ouverte(operation.cree_le),
            prix=prix,
            detenteur=_detenteur(journee, reservees.get((inscription.enfant.pk, jour)), inscription),
            maintenant=operation.cree_le,
            retard=ecriture.retard,
            sortie=inscription.sorties.get(jour, ""),
            a_signer=inscription.a_signer,
        )
        if motif is None:
            assert journee is not None
            assert prix is not None
            ecriture.tardives[inscription.pk] += tardive
            reservation = Reservation(
                inscription_id=inscription.pk,
                journee_id=journee.pk,
                enfant_id=inscription.rattachement.enfant_id,
                date=jour,
                prix=prix,
                tardive=tardive,
            )
            reservation.famille = inscription.famille.pk
            reservees[inscription.enfant.pk, jour] = reservation
            ecriture.reservations.append(reservation)
            ecriture.places[journee.pk] += 1
        mouvement = _mouvement(operation, inscription, jour, journee, motif, prix, Mouvement.Nature.AJOUT)
        if motif is None and tardive:
            mouvement.precision = TARDIVE
        ecriture.mouvements.append(mouvement)
        if motif is None:
            journee.places_prises += 1


def _prix(inscription, jour, *, tardive=False, deja=0):
    """What the meal costs if it is booked now, the enrolment having `deja` late meals this year."""
    return prix_du_repas(
        jour,
        inscription.tarifs,
        retard=inscription.activite.regle_retard if tardive else None,
        tardives_avant=deja,
    ).montant


def _mouvement(operation, inscription, jour, journee, motif, prix, voulu) -> Mouvement:
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
        operation_id=operation.pk,
        inscription_id=inscription.pk,
        date=jour,
        nature=nature,
        motif=motif or "",
        precision=inscription.fermeture(journee) if motif == Motif.FERME else "",
        prix=prix,
        capacite=journee.capacite if journee else None,
        places_prises=journee.places_prises if journee else None,
    )
