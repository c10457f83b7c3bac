"""Undo a collective cancellation as a whole, once: its days open again, its meals are booked again."""

import datetime as dt
import hashlib
from collections import Counter, defaultdict

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from reservations.models import (
    Absence,
    AnnulationCollective,
    Attente,
    Inscription,
    Journee,
    Mouvement,
    Reservation,
)
from reservations.regles import FIN_DU_SERVICE, SANS_EFFET, Detenteur, Motif, motif_de_refus
from reservations.services.fermer import ecrire_les_operations
from reservations.services.journees import actualiser_a_venir
from reservations.services.places import compter_les_places

N = Mouvement.Nature


def est_retablissable(annulation: AnnulationCollective) -> bool:
    """Whether it can be undone: never undone yet, and a meal of it is still to come. Billing will ask here too."""
    return annulation.retablie_le is None and any(not _passe(jour) for jour in annulation.jours)


def _passe(jour: dt.date) -> bool:
    maintenant = timezone.localtime()
    return (jour, FIN_DU_SERVICE) <= (maintenant.date(), maintenant.time())


def retablir(*, annulation: AnnulationCollective, auteur) -> AnnulationCollective:
    """Open the days again and book the meals again at the price they had, whatever the cut-offs.

    Never above the capacity, twice for a child and a day, outside an enrolment or on a day that something else closes:
    those lines say why. Raises ValidationError when it cannot be undone.

    Locks: the action (nobody else's), the enrolments, then the days.
    """
    with transaction.atomic():
        annulation = AnnulationCollective.objects.select_for_update(of=("self",), no_key=True).get(pk=annulation.pk)
        if not est_retablissable(annulation):
            raise ValidationError("Cette annulation est déjà rétablie, ou tous ses jours sont passés.")
        annules = list(
            Mouvement.objects.filter(
                operation__collective=annulation,
                operation__annule=None,
                operation__annulee_par=None,
                nature=N.ANNULATION,
            )
            .select_related("operation")
            .order_by("operation", "pk")
        )
        inscriptions = {
            i.pk: i
            for i in Inscription.objects.filter(pk__in={m.inscription_id for m in annules})
            .completes()
            .avec_courriels()
            .verrouillees()
        }
        journees = _rouvrir(annulation, auteur)
        annulation.retablie_par, annulation.retablie_le = auteur, timezone.now()
        annulation.save(update_fields=["retablie_par", "retablie_le"])
        tenus = _tenus(inscriptions.values(), annulation.jours)
        reservations: list[Reservation] = []
        places: Counter[int] = Counter()
        lignes: dict[int, list[Mouvement]] = defaultdict(list)
        for annule in annules:
            inscription = inscriptions[annule.inscription_id]
            journee = journees.get((inscription.activite_id, annule.date))
            motif = _motif(inscription, journee, annule, tenus)
            lignes[inscription.famille.pk].append(_ligne(inscription, journee, annule, motif))
            if motif is None:
                assert journee is not None
                assert annule.prix is not None
                repas = Reservation(
                    inscription=inscription,
                    journee=journee,
                    enfant=inscription.enfant,
                    date=annule.date,
                    prix=annule.prix,
                )
                tenus[inscription.enfant.pk, annule.date] = repas
                reservations.append(repas)
                places[journee.pk] += 1
                journee.places_prises += 1
        # Who asked to wait since then for the meal that comes back waits no more.
        _quitter_la_file(reservations, places)
        Reservation.objects.bulk_create(reservations, batch_size=2000)
        compter_les_places(places)
        cle = hashlib.sha256(f"retablir:{annulation.cle}".encode()).hexdigest()
        defaites = {m.operation.famille_id: m.operation_id for m in annules}
        ecrire_les_operations(lignes, auteur=auteur, cle=cle, collective=annulation, annule=defaites)
    return annulation


def _rouvrir(annulation, auteur) -> dict[tuple[int, dt.date], Journee]:
    """Open the days that it closed, unless something else closes them; all of them locked, as they are now."""
    activites = list(annulation.activites.all())
    fermees, _ = annulation.fermetures.all().delete()
    if fermees:
        jours = annulation.jours
        actualiser_a_venir(activites=activites, periode=(min(jours), max(jours)), auteur=auteur)
    journees = Journee.objects.filter(activite__in=activites, date__in=annulation.jours).verrouillees()
    return {(j.activite_id, j.date): j for j in journees}


def _tenus(inscriptions, jours) -> dict[tuple[int, dt.date], Reservation | Absence]:
    """The meals that these children hold on these days, whatever the household, or their declared absence."""
    filtre = {"enfant__in": {i.enfant.pk for i in inscriptions}, "date__in": jours}
    absences = {(a.enfant_id, a.date): a for a in Absence.objects.filter(**filtre)}
    return absences | {(r.enfant_id, r.date): r for r in Reservation.objects.filter(**filtre).avec_famille()}


def _motif(inscription, journee, annule, tenus) -> Motif | None:
    """The same rules as a booking's, but for the cut-off and the opening; a meal past is past."""
    if _passe(annule.date):
        return Motif.HORS_DELAI
    tenu = tenus.get((inscription.enfant.pk, annule.date))
    return motif_de_refus(
        journee,
        debut=inscription.debut,
        fin=inscription.fin,
        ouverte=True,
        prix=annule.prix,
        detenteur=_detenteur(tenu, inscription),
        maintenant=(journee.limite_reservation if journee else timezone.now()) - dt.timedelta(seconds=1),
    )


def _detenteur(tenu, inscription) -> Detenteur | None:
    if isinstance(tenu, Absence):
        return Detenteur.ABSENT
    if tenu is not None and tenu.pk is None:  # booked again a moment ago, by this very action
        return Detenteur.MOI if tenu.inscription_id == inscription.pk else Detenteur.AUTRE_INSCRIPTION
    return inscription.detenteur(tenu)


def _quitter_la_file(reservations, places) -> None:
    attentes = Attente.objects.filter(
        inscription__in={r.inscription_id for r in reservations}, journee__in={r.journee_id for r in reservations}
    ).actives()
    repris = {(r.inscription_id, r.journee_id) for r in reservations}
    siennes = [a for a in attentes if (a.inscription_id, a.journee_id) in repris]
    places.subtract(Counter(a.journee_id for a in siennes if a.etat == Attente.Etat.ATTRIBUEE))
    Attente.objects.filter(pk__in=[a.pk for a in siennes]).update(etat=Attente.Etat.CADUQUE, close_le=timezone.now())


def _ligne(inscription, journee, annule, motif) -> Mouvement:
    nature = N.AJOUT if motif is None else N.SANS_EFFET if motif in SANS_EFFET else N.REFUS
    return Mouvement(
        inscription=inscription,
        date=annule.date,
        nature=nature,
        motif=motif or "",
        precision=journee.fermeture if motif == Motif.FERME else "",
        prix=annule.prix,
        capacite=journee.capacite if journee else None,
        places_prises=journee.places_prises if journee else None,
    )


def non_retablis(annulation: AnnulationCollective):
    """The lines of meals that could not be booked again, or already were."""
    return (
        Mouvement.objects.filter(operation__collective=annulation, operation__annule__isnull=False)
        .exclude(nature=N.AJOUT)
        .select_related(
            "inscription__rattachement__enfant", "inscription__rattachement__famille", "inscription__activite"
        )
        .order_by("date", "pk")
    )
