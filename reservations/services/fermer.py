"""Cancel the meals of many households at once, without charge: days that close, classes that are away."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from django.utils import timezone

from comptes.models import Categorie
from reservations.courriels import Annonce, envoyer_recapitulatifs
from reservations.models import Absence, Attente, Inscription, Journee, Mouvement, Operation, Reservation
from reservations.regles import Motif
from reservations.services.places import compter_les_places


def fermer_journees(motifs: Mapping[Journee, str], *, auteur, cle: str, collective=None) -> int:
    """Close the days, locked by the caller, each with its reason; return the number of meals cancelled.

    Who waited for a place waits no more, and a place that was held is given back.

    `auteur` is the agent, or None for a command; `cle` names the action, so that run again it does nothing twice.
    """
    reservations = list(Reservation.objects.filter(journee__in=motifs).select_related("journee"))
    liberer(reservations, Attente.objects.filter(journee__in=motifs))
    for journee, motif in motifs.items():
        journee.fermeture, journee.places_prises, journee.depassement = motif, 0, 0
    Journee.objects.bulk_update(motifs, ["fermeture"])
    textes = {journee.pk: motif for journee, motif in motifs.items()}
    absences = ne_plus_devoir(Absence.objects.filter(journee__in=motifs))
    prouver(
        reservations,
        absences=absences,
        motif=Motif.FERME,
        textes=textes,
        auteur=auteur,
        cle=cle,
        collective=collective,
    )
    return len(reservations)


def ne_plus_devoir(absences) -> list[Absence]:
    """No meal was served: what stayed due of a declared absence no longer is. Those changed, under the days' locks."""
    dues = list(absences.filter(prix__gt=0).select_related("journee"))
    if dues:
        Absence.objects.filter(pk__in=[a.pk for a in dues]).update(prix=0)
    return dues


def liberer(reservations: Iterable[Reservation], attentes) -> None:
    """Delete the meals and end the requests that wait; the places of both are given back, under the days' locks."""
    Reservation.objects.filter(pk__in=[r.pk for r in reservations]).delete()
    attentes = attentes.actives()
    tenues = Counter(attentes.filter(etat=Attente.Etat.ATTRIBUEE).values_list("journee", flat=True))
    attentes.update(etat=Attente.Etat.CADUQUE, close_le=timezone.now())
    rendues = Counter(r.journee_id for r in reservations) + tenues
    compter_les_places({pk: -n for pk, n in rendues.items()})


def prouver(
    reservations: Iterable[Reservation],
    *,
    absences: Iterable[Absence] = (),
    motif: str,
    textes: Mapping[int, str],
    auteur,
    cle: str,
    collective=None,
) -> None:
    """Write what became of these meals: an operation and its mail for each household, a line for each meal.

    `motif` is the code of the lines, `textes` the words of each day (by primary key). `absences` are due no more.
    """
    concernees = {r.inscription_id for r in reservations} | {a.inscription_id for a in absences}
    inscriptions = {i.pk: i for i in Inscription.objects.filter(pk__in=concernees).completes().avec_courriels()}
    mouvements = defaultdict(list)
    for r in sorted(reservations, key=lambda r: (r.inscription_id, r.date)):
        mouvements[inscriptions[r.inscription_id].famille.pk].append(
            Mouvement(
                inscription=inscriptions[r.inscription_id],
                date=r.date,
                nature=Mouvement.Nature.ANNULATION,
                motif=motif,
                precision=textes[r.journee_id],
                prix=r.prix,
                capacite=r.journee.capacite,
                places_prises=r.journee.places_prises,
            )
        )
    for absence in absences:
        inscription = inscriptions[absence.inscription_id]
        mouvements[inscription.famille.pk].append(
            Mouvement(
                inscription=inscription,
                date=absence.date,
                nature=Mouvement.Nature.ABSENCE,
                precision=textes[absence.journee_id],
                prix=0,
                capacite=absence.journee.capacite,
                places_prises=absence.journee.places_prises,
            )
        )
    ecrire_les_operations(mouvements, auteur=auteur, cle=cle, collective=collective)


def ecrire_les_operations(
    mouvements: Mapping[int, list[Mouvement]],
    *,
    auteur,
    cle: str,
    collective=None,
    annule: Mapping[int, int] | None = None,
) -> None:
    """One operation for each household (by primary key), with its lines, notifications and mails.

    The number of statements does not depend on theirs.

    The enrolments of the lines carry their `courriels`. `annule`: household → the operation that this one undoes.
    """
    maintenant = timezone.now()
    operations = Operation.objects.bulk_create(
        Operation(
            famille_id=famille,
            auteur=auteur,
            origine=Operation.Origine.AGENT if auteur else Operation.Origine.COMMANDE,
            cle=cle,
            cree_le=maintenant,
            collective=collective,
            annule_id=(annule or {}).get(famille),
        )
        for famille in mouvements
    )
    annonces = []
    for operation in operations:
        siens = mouvements[operation.famille_id]
        for mouvement in siens:
            mouvement.operation = operation
        concernees = {m.inscription_id: m.inscription for m in siens}
        annonces.append(Annonce(operation, siens, list(concernees.values())))
    Mouvement.objects.bulk_create([m for siens in mouvements.values() for m in siens], batch_size=2000)
    envoyer_recapitulatifs(annonces, categorie=Categorie.ANNULATIONS)
