"""The waiting list of full days: ask, withdraw, be served, accept or refuse. Order of request only.

Locks, as everywhere: enrolments and children, then days; the requests of a day change under its lock only. The instant
is read after the locks.
"""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Collection, Mapping

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from reservations.courriels import envoyer_recapitulatif
from reservations.courriels_attente import envoyer_offre, envoyer_place_perdue, envoyer_place_reservee
from reservations.lecture_tarifs import poser_les_tarifs
from reservations.models import (
    Absence,
    AnnulationCollective,
    Attente,
    Inscription,
    Journee,
    Mouvement,
    Operation,
    Reservation,
)
from reservations.regles import SANS_EFFET, Detenteur, Motif, motif_de_place_tenue, motif_de_refus_attente
from reservations.services.places import compter_les_places
from reservations.tarifs import prix_du_repas

Etat, Mode, Nature = Attente.Etat, Attente.Mode, Mouvement.Nature
Horloge = Callable[[], dt.datetime]
LISTE_D_ATTENTE = "liste d’attente"
# Why a household leaves the list, in the words of its line.
SORTIES = {
    Etat.RETIREE: "à votre demande",
    Etat.REFUSEE: "place refusée",
    Etat.EXPIREE: "place non acceptée à temps",
    Etat.CADUQUE: "",
}


class AttenteClose(Exception):
    """What was asked is no longer possible; the message is the sentence for the person."""


def demander(
    *,
    demandes: Mapping[int, Collection[dt.date]],
    mode: str,
    auteur,
    cle: str,
    origine: str | None = None,
    horloge: Horloge = timezone.now,
) -> Operation:
    """Ask to wait on these days, for each enrolment (by primary key, all of one household); return the operation.

    Only a day that is full for this child at this instant takes the request; every other day gets a line that says why
    not. The same `cle` twice returns the operation of the first time. Rights are the caller's business.
    """
    with transaction.atomic():
        inscriptions = list(_lues(demandes).verrouillees())
        (famille,) = {i.famille for i in inscriptions}
        deja = Operation.objects.filter(famille=famille, cle=cle).first()
        if deja:
            return deja
        filtre = Q(pk__in=[])
        for inscription in inscriptions:
            filtre |= Q(activite=inscription.activite_id, date__in=demandes[inscription.pk])
        journees = {(j.activite_id, j.date): j for j in Journee.objects.filter(filtre).verrouillees()}
        maintenant = horloge()
        poser_les_tarifs(inscriptions)
        jours = {jour for dates in demandes.values() for jour in dates}
        tenus = _tenus({i.enfant.pk for i in inscriptions}, jours)
        AnnulationCollective.objects.poser_les_sorties(inscriptions, jours)
        attendus = set(
            Attente.objects.filter(inscription__in=inscriptions, date__in=jours)
            .actives()
            .values_list("inscription", "date")
        )
        operation = Operation.objects.create(
            famille=famille, auteur=auteur, origine=origine or Operation.Origine.de(auteur), cle=cle, cree_le=maintenant
        )
        attentes, mouvements = [], []
        for inscription in inscriptions:
            for jour in sorted(demandes[inscription.pk]):
                journee = journees.get((inscription.activite_id, jour))
                motif = motif_de_refus_attente(
                    journee,
                    en_attente=(inscription.pk, jour) in attendus,
                    maintenant=maintenant,
                    **_contexte(inscription, tenus.get((inscription.enfant.pk, jour)), jour, maintenant),
                )
                if motif is None:
                    attentes.append(
                        Attente(
                            inscription=inscription,
                            journee=journee,
                            enfant=inscription.enfant,
                            date=jour,
                            mode=mode,
                            demandee_le=maintenant,
                        )
                    )
                mouvements.append(_ligne_de_demande(operation, inscription, jour, journee, motif, mode))
        Attente.objects.bulk_create(attentes)
        Mouvement.objects.bulk_create(mouvements)
        envoyer_recapitulatif(operation, mouvements, inscriptions)
    return operation


def retirer(*, attente: int, auteur, horloge: Horloge = timezone.now) -> Operation:
    """Withdraw a request; a place held for it goes to the next. Asked for twice, done once. Raises AttenteClose."""
    return _quitter(attente, auteur, Etat.RETIREE, Attente.ACTIFS, "Cette demande n’est plus en attente.", horloge)


def refuser(*, attente: int, auteur, horloge: Horloge = timezone.now) -> Operation:
    """Decline an offer: the place goes to the next. Asked for twice, done once. Raises AttenteClose."""
    return _quitter(attente, auteur, Etat.REFUSEE, (Etat.ATTRIBUEE,), "Cette place n’est plus proposée.", horloge)


def _quitter(pk, auteur, etat, depuis, phrase, horloge) -> Operation:
    with transaction.atomic():
        prise = _prendre(pk)
        if prise is None:
            raise AttenteClose(phrase)
        inscription, journee, attente = prise
        if attente.etat == etat:
            return Operation.objects.get(famille=inscription.famille, cle=_cle(attente, "sortie"))
        if attente.etat not in depuis:
            raise AttenteClose(phrase)
        operation, ligne = _sortir(inscription, journee, attente, etat, horloge(), auteur=auteur)
        envoyer_recapitulatif(operation, [ligne], [inscription])
    return operation


def accepter(*, attente: int, auteur, horloge: Horloge = timezone.now) -> Operation:
    """Book the place offered, which is counted already. Asked for twice, done once.

    Raises AttenteClose when the offer is over or the meal can no longer be booked; the place then goes to the next.
    """
    phrase = "Cette place n’est plus proposée."
    with transaction.atomic():
        prise = _prendre(attente)
        if prise is None:
            raise AttenteClose(phrase)
        inscription, journee, offre = prise
        maintenant = horloge()
        if offre.etat == Etat.SATISFAITE:
            return Operation.objects.get(famille=inscription.famille, cle=_cle(offre, "repas"))
        if offre.etat == Etat.EXPIREE or (offre.etat == Etat.ATTRIBUEE and maintenant >= offre.proposee_jusqu_a):
            raise AttenteClose("Le temps pour accepter cette place est passé : elle n’est plus gardée pour vous.")
        if offre.etat != Etat.ATTRIBUEE:
            raise AttenteClose(phrase)
        motif = _motif(inscription, journee, maintenant)
        if motif is None:
            operation, ligne = _reserver(inscription, journee, offre, maintenant, auteur=auteur)
            envoyer_recapitulatif(operation, [ligne], [inscription])
            return operation
        if motif == Motif.A_SIGNER:  # the place stays theirs: signing takes a minute
            raise AttenteClose(f"Ce repas n’est pas encore réservé : {motif.label}. Signez, puis revenez l’accepter.")
        _sortir(inscription, journee, offre, Etat.CADUQUE, maintenant, motif=motif)
    raise AttenteClose(f"Ce repas ne peut plus être réservé : {motif.label}.")


def servir(*, horloge: Horloge = timezone.now) -> Counter[str]:
    """Do what each place given calls for: book it, offer it, or pass it on. Returns how many of each, by state.

    One transaction for each, and what somebody else holds is left to them, or to the next sweep. A place passed on is
    announced by `compter_les_places`, and served by another run.
    """
    maintenant = horloge()
    a_servir = Q(mode=Mode.AUTO) | Q(annoncee_le=None) | Q(expire_le__lte=maintenant)
    a_servir |= Q(journee__limite_reservation__lte=maintenant)
    attribuees = Attente.objects.filter(a_servir, etat=Etat.ATTRIBUEE).order_by("pk").values_list("pk", flat=True)
    faits: Counter[str] = Counter()
    for pk in list(attribuees):
        with transaction.atomic():
            if prise := _prendre(pk, sauter=True):
                faits[_servir_une(*prise, horloge)] += 1
    faits[Etat.CADUQUE] += _clore_les_passees(horloge)
    return +faits


def _servir_une(inscription, journee, attente, horloge) -> str:
    maintenant = horloge()
    if attente.etat != Etat.ATTRIBUEE:
        return ""
    if attente.mode == Mode.PROPOSER and maintenant >= attente.proposee_jusqu_a:
        _, ligne = _sortir(inscription, journee, attente, Etat.EXPIREE, maintenant)
        envoyer_place_perdue(ligne, inscription)
    elif motif := _motif(inscription, journee, maintenant):
        _, ligne = _sortir(inscription, journee, attente, Etat.CADUQUE, maintenant, motif=motif)
        envoyer_place_perdue(ligne, inscription)
    elif attente.mode == Mode.AUTO:
        operation, ligne = _reserver(inscription, journee, attente, maintenant)
        envoyer_place_reservee(operation, ligne, inscription)
    elif attente.annoncee_le is None:
        attente.annoncee_le = maintenant
        delai = dt.timedelta(hours=inscription.activite.offre_heures)
        attente.expire_le = min(journee.limite_reservation, maintenant + delai)
        attente.save(update_fields=["annoncee_le", "expire_le"])
        attente.prix = prix_de_la_place(inscription, attente.date)
        envoyer_offre(attente, inscription)
    return attente.etat


def _clore_les_passees(horloge) -> int:
    """Close, without a word, the requests whose cut-off is past: there is nothing left to hope for."""
    with transaction.atomic():
        attendues = Attente.objects.filter(etat=Etat.EN_ATTENTE).values("journee")
        passees = Journee.objects.filter(pk__in=attendues, limite_reservation__lte=horloge())
        journees = list(passees.verrouillees())
        maintenant = horloge()
        return Attente.objects.filter(
            journee__in=[j for j in journees if j.limite_reservation <= maintenant], etat=Etat.EN_ATTENTE
        ).update(etat=Etat.CADUQUE, close_le=maintenant)


# --- One request, under its locks ------------------------------------------------------------------------------------
def _lues(pks):
    return Inscription.objects.filter(pk__in=pks).completes().avec_prix().avec_courriels()


def _prendre(pk: int, *, sauter: bool = False) -> tuple[Inscription, Journee, Attente] | None:
    """Lock the enrolment and the day of a request, and read it again. `sauter`: None when somebody holds the child."""
    attente = Attente.objects.filter(pk=pk).first()
    if attente is None:
        return None
    prises = _lues([attente.inscription_id]).verrouillees()
    if sauter:
        prises = prises.select_for_update(of=("self", "rattachement__enfant"), no_key=True, skip_locked=True)
    inscription = prises.first()
    if inscription is None:
        return None
    (journee,) = Journee.objects.filter(pk=attente.journee_id).verrouillees()
    attente.refresh_from_db()
    attente.journee = journee
    poser_les_tarifs([inscription])
    return inscription, journee, attente


def _tenus(enfants, jours) -> dict[tuple[int, dt.date], Reservation | Absence]:
    """The meals or absences of these children on these days, whatever the household."""
    lus: dict[tuple[int, dt.date], Reservation | Absence] = {
        (a.enfant_id, a.date): a for a in Absence.objects.filter(enfant__in=enfants, date__in=jours)
    }
    reservations = Reservation.objects.filter(enfant__in=enfants, date__in=jours).avec_famille()
    return lus | {(r.enfant_id, r.date): r for r in reservations}


def prix_de_la_place(inscription, jour):
    """What the meal of a place given will cost, in euros: never late, for a place is never given past the cut-off.

    `inscription`: with its `tarifs`.
    """
    return prix_du_repas(jour, inscription.tarifs).montant


def _contexte(inscription, tenu, jour, maintenant) -> dict:
    """What the rules ask besides the day."""
    return {
        "debut": inscription.debut,
        "fin": inscription.fin,
        "ouverte": inscription.annee.est_ouverte(maintenant),
        "prix": prix_de_la_place(inscription, jour),
        "detenteur": Detenteur.ABSENT if isinstance(tenu, Absence) else inscription.detenteur(tenu),
        "sortie": inscription.sorties.get(jour, ""),
        "a_signer": inscription.a_signer,
    }


def _motif(inscription, journee, maintenant) -> Motif | None:
    enfant = inscription.enfant.pk
    AnnulationCollective.objects.poser_les_sorties([inscription], [journee.date])
    tenu = _tenus([enfant], [journee.date]).get((enfant, journee.date))
    contexte = _contexte(inscription, tenu, journee.date, maintenant)
    return motif_de_place_tenue(journee, maintenant=maintenant, **contexte)


def _cle(attente: Attente, issue: str) -> str:
    """A request ends once: so does its operation."""
    return f"attente-{attente.pk}-{issue}"


def _clore(attente, etat, maintenant) -> None:
    attente.etat, attente.close_le = etat, maintenant
    attente.save(update_fields=["etat", "close_le"])


def _operation(inscription, attente, issue, auteur, maintenant) -> Operation:
    return Operation.objects.create(
        famille=inscription.famille,
        auteur=auteur,
        origine=Operation.Origine.de(auteur),
        cle=_cle(attente, issue),
        cree_le=maintenant,
    )


def _reserver(inscription, journee, attente, maintenant, *, auteur=None) -> tuple[Operation, Mouvement]:
    """Book the place held: the count does not move."""
    operation = _operation(inscription, attente, "repas", auteur, maintenant)
    prix = prix_de_la_place(inscription, journee.date)
    Reservation.objects.create(
        inscription=inscription, journee=journee, enfant=inscription.enfant, date=journee.date, prix=prix
    )
    ligne = Mouvement.objects.create(
        operation=operation,
        inscription=inscription,
        date=journee.date,
        nature=Nature.AJOUT,
        precision=LISTE_D_ATTENTE,
        prix=prix,
        capacite=journee.capacite,
        places_prises=journee.places_prises - 1,
    )
    _clore(attente, Etat.SATISFAITE, maintenant)
    return operation, ligne


def _sortir(inscription, journee, attente, etat, maintenant, *, motif="", auteur=None) -> tuple[Operation, Mouvement]:
    """Leave the list; a place held goes to the next, in the statement that frees it."""
    operation = _operation(inscription, attente, "sortie", auteur, maintenant)
    ligne = Mouvement.objects.create(
        operation=operation,
        inscription=inscription,
        date=journee.date,
        nature=Nature.SORTIE_D_ATTENTE,
        motif=motif,
        precision=SORTIES[etat],
        capacite=journee.capacite,
        places_prises=journee.places_prises,
    )
    tenait = attente.etat == Etat.ATTRIBUEE
    _clore(attente, etat, maintenant)
    if tenait:
        compter_les_places({journee.pk: -1})
    return operation, ligne


def _ligne_de_demande(operation, inscription, jour, journee, motif, mode) -> Mouvement:
    """The line of a day asked for, with the capacity and the count on which it was decided."""
    if motif is None:
        nature, precision = Nature.ATTENTE, Mode(mode).label
    else:
        nature = Nature.SANS_EFFET if motif in SANS_EFFET else Nature.REFUS
        precision = inscription.fermeture(journee) if motif == Motif.FERME else ""
    return Mouvement(
        operation=operation,
        inscription=inscription,
        date=jour,
        nature=nature,
        motif=motif or "",
        precision=precision,
        capacite=journee.capacite if journee else None,
        places_prises=journee.places_prises if journee else None,
    )
