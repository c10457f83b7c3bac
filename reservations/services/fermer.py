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

    Who waited for a place waits no more and is told; a place that was held is given back.

    `auteur` is the agent, or None for a command; `cle` names the action, so that run again it does nothing twice.
    """
    reservations = list(Reservation.objects.filter(journee__in=motifs).select_related("journee"))
    attentes = liberer(reservations, Attente.objects.filter(journee__in=motifs))
    for journee, motif in motifs.items():
        journee.fermeture, journee.places_prises, journee.depassement = motif, 0, 0
    Journee.objects.bulk_update(motifs, ["fermeture"])
    textes = {journee.pk: motif for journee, motif in motifs.items()}
    absences = ne_plus_devoir(Absence.objects.filter(journee__in=motifs))
    prouver(
        reservations,
        absences=absences,
        attentes=attentes,
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


def liberer(reservations: Iterable[Reservation], attentes) -> list[Attente]:
    """Delete the meals and end the requests that wait, under the days' locks; return those requests.

    The places of both are given back.
    """
    Reservation.objects.filter(pk__in=[r.pk for r in reservations]).delete()
    finies = list(attentes.actives().select_related("journee"))
    Attente.objects.filter(pk__in=[a.pk for a in finies]).update(etat=Attente.Etat.CADUQUE, close_le=timezone.now())
    rendues = Counter(r.journee_id for r in reservations)
    rendues.update(a.journee_id for a in finies if a.etat == Attente.Etat.ATTRIBUEE)
    compter_les_places({pk: -n for pk, n in rendues.items()})
    return finies


def prouver(
    reservations: Iterable[Reservation],
    *,
    absences: Iterable[Absence] = (),
    attentes: Iterable[Attente] = (),
    motif: str,
    textes: Mapping[int, str],
    auteur,
    cle: str,
    collective=None,
) -> None:
    """Write what became of these meals: an operation and its mail for each household, a line for each meal.

    `motif` is the code of the lines, `textes` the words of each day (by primary key). `absences` are due no more,
    `attentes` wait no more.
    """
    concernees = {lu.inscription_id for lus in (reservations, absences, attentes) for lu in lus}
    inscriptions = {i.pk: i for i in Inscription.objects.filter(pk__in=concernees).completes().avec_courriels()}
    mouvements = defaultdict(list)

    def dire(lu, nature, **champs):
        inscription = inscriptions[lu.inscription_id]
        mouvements[inscription.famille.pk].append(
            Mouvement(
                inscription=inscription,
                date=lu.date,
                nature=nature,
                precision=textes[lu.journee_id],
                capacite=lu.journee.capacite,
                places_prises=lu.journee.places_prises,
                **champs,
            )
        )

    for r in sorted(reservations, key=lambda r: (r.inscription_id, r.date)):
        dire(r, Mouvement.Nature.ANNULATION, motif=motif, prix=r.prix)
    for absence in absences:
        dire(absence, Mouvement.Nature.ABSENCE, prix=0)
    # An operation says one thing of a day: the meal first.
    dits = {(lu.inscription_id, lu.date) for lus in (reservations, absences) for lu in lus}
    for attente in attentes:
        if (attente.inscription_id, attente.date) not in dits:
            dire(attente, Mouvement.Nature.SORTIE_D_ATTENTE, motif=motif)
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
