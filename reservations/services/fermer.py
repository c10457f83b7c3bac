"""Close days: the meals booked are cancelled without charge and the families told, in one operation for each."""

from collections import Counter, defaultdict
from collections.abc import Mapping

from django.utils import timezone

from reservations.courriels import envoyer_recapitulatif
from reservations.models import Attente, Inscription, Journee, Mouvement, Operation, Reservation
from reservations.regles import Motif
from reservations.services.places import compter_les_places


def fermer_journees(motifs: Mapping[Journee, str], *, auteur, cle: str, collective=None) -> int:
    """Close the days, locked by the caller, each with its reason; return the number of meals cancelled.

    Who waited for a place waits no more, and a place that was held is given back.

    `auteur` is the agent, or None for a command; `cle` names the action, so that run again it does nothing twice.
    """
    reservations = list(
        Reservation.objects.filter(journee__in=motifs).order_by("inscription_id", "date").select_related("journee")
    )
    inscriptions = {
        i.pk: i
        for i in Inscription.objects.filter(pk__in={r.inscription_id for r in reservations})
        .completes()
        .avec_courriels()
    }
    par_famille = defaultdict(list)
    for reservation in reservations:
        par_famille[inscriptions[reservation.inscription_id].famille.pk].append(reservation)
    maintenant = timezone.now()
    Reservation.objects.filter(pk__in=[r.pk for r in reservations]).delete()
    attentes = Attente.objects.filter(journee__in=motifs).actives()
    tenues = Counter(attentes.filter(etat=Attente.Etat.ATTRIBUEE).values_list("journee", flat=True))
    attentes.update(etat=Attente.Etat.CADUQUE, close_le=maintenant)
    rendues = Counter(r.journee_id for r in reservations) + tenues
    compter_les_places({pk: -n for pk, n in rendues.items()})
    for journee, motif in motifs.items():
        journee.fermeture, journee.places_prises, journee.depassement = motif, 0, 0
    Journee.objects.bulk_update(motifs, ["fermeture"])
    motif_par_journee = {journee.pk: motif for journee, motif in motifs.items()}
    operations = {
        operation.famille_id: operation
        for operation in Operation.objects.bulk_create(
            Operation(
                famille_id=famille,
                auteur=auteur,
                origine=Operation.Origine.AGENT if auteur else Operation.Origine.COMMANDE,
                cle=cle,
                cree_le=maintenant,
                collective=collective,
            )
            for famille in par_famille
        )
    }
    mouvements = Mouvement.objects.bulk_create(
        Mouvement(
            operation=operations[famille],
            inscription=inscriptions[r.inscription_id],
            date=r.date,
            nature=Mouvement.Nature.ANNULATION,
            motif=Motif.FERME,
            precision=motif_par_journee[r.journee_id],
            prix=r.prix,
            capacite=r.journee.capacite,
            places_prises=r.journee.places_prises,
        )
        for famille, siennes in par_famille.items()
        for r in siennes
    )
    for famille, operation in operations.items():
        siens = [m for m in mouvements if m.operation_id == operation.pk]
        concernees = {r.inscription_id: inscriptions[r.inscription_id] for r in par_famille[famille]}
        envoyer_recapitulatif(operation, siens, concernees.values())
    return len(reservations)
