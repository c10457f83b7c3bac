"""Undo a collective cancellation as a whole, once: its days open again, its meals are booked again."""

import datetime as dt
import hashlib
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import OuterRef, Subquery
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
from reservations.services.absences import RETOUR
from reservations.services.fermer import ecrire_les_operations
from reservations.services.journees import actualiser_a_venir
from reservations.services.places import compter_les_places
from reservations.services.reserver import TARDIVE

N = Mouvement.Nature


def est_retablissable(annulation: AnnulationCollective) -> bool:
    """Whether it can be undone: never undone yet, and a meal of it is still to come. Billing will ask here too."""
    return annulation.retablie_le is None and any(not _passe(jour) for jour in annulation.jours)


def _passe(jour: dt.date) -> bool:
    maintenant = timezone.localtime()
    return (jour, FIN_DU_SERVICE) <= (maintenant.date(), maintenant.time())


def retablir(*, annulation: AnnulationCollective, auteur) -> AnnulationCollective:
    """Open the days again and book the meals again as they were, at their price, late or not, whatever the cut-offs.

    What was still due of an absence is due again.
    Never above the capacity, twice for a child and a day, outside an enrolment or on a day that something else closes:
    those lines say why. Raises ValidationError when it cannot be undone.

    Locks: the action (nobody else's), the enrolments, then the days.
    """
    with transaction.atomic():
        annulation = AnnulationCollective.objects.select_for_update(of=("self",), no_key=True).get(pk=annulation.pk)
        if not est_retablissable(annulation):
            raise ValidationError("Cette annulation est déjà rétablie, ou tous ses jours sont passés.")
        annules = _annules(annulation)
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
        # This one is undone already: only what else keeps a class away is left.
        AnnulationCollective.objects.poser_les_sorties(inscriptions.values(), annulation.jours)
        attentes = _attentes(inscriptions, journees.values())
        ecriture = _Ecriture()
        for annule in annules:
            inscription = inscriptions[annule.inscription_id]
            journee = journees.get((inscription.activite_id, annule.date))
            if annule.nature == N.ABSENCE:
                ecriture.devoir_de_nouveau(inscription, journee, annule, tenus)
            else:
                attente = attentes.get((inscription.pk, journee.pk)) if journee else None
                ecriture.reserver_de_nouveau(inscription, journee, annule, tenus, attente)
        ecriture.ecrire()
        cle = hashlib.sha256(f"retablir:{annulation.cle}".encode()).hexdigest()
        defaites = {m.operation.famille_id: m.operation_id for m in annules}
        ecrire_les_operations(ecriture.lignes, auteur=auteur, cle=cle, collective=annulation, annule=defaites)
    return annulation


@dataclass
class _Ecriture:
    """What the decisions will write."""

    reservations: list[Reservation] = field(default_factory=list)
    absences: list[Absence] = field(default_factory=list)
    finies: list[Attente] = field(default_factory=list)
    places: Counter[int] = field(default_factory=Counter)
    lignes: dict[int, list[Mouvement]] = field(default_factory=lambda: defaultdict(list))

    def reserver_de_nouveau(self, inscription, journee, annule, tenus, attente) -> None:
        """Book the meal as it was; `attente` is this enrolment's request of that day, made since.

        A place held for that request is counted already, for this very meal.
        """
        tenue = attente is not None and attente.etat == Attente.Etat.ATTRIBUEE
        if tenue:
            journee.places_prises -= 1
        motif = _motif(inscription, journee, annule, tenus)
        self.lignes[inscription.famille.pk].append(_ligne(inscription, journee, annule, motif))
        if motif is None:
            repas = Reservation(
                inscription=inscription,
                journee=journee,
                enfant=inscription.enfant,
                date=annule.date,
                prix=annule.prix,
                tardive=annule.reserve == TARDIVE,
            )
            tenus[inscription.enfant.pk, annule.date] = repas
            self.reservations.append(repas)
            self.places[journee.pk] += not tenue
            if attente:
                self.finies.append(attente)
        if tenue or motif is None:
            journee.places_prises += 1

    def devoir_de_nouveau(self, inscription, journee, annule, tenus) -> None:
        """The meal of an absence is served after all: what the family was told before is due again."""
        absence = tenus.get((inscription.enfant.pk, annule.date))
        ouverte = journee is not None and not inscription.fermeture(journee) and not _passe(annule.date)
        if not (annule.du and ouverte and isinstance(absence, Absence) and absence.inscription_id == inscription.pk):
            return
        absence.prix = annule.du
        self.absences.append(absence)
        self.lignes[inscription.famille.pk].append(
            Mouvement(
                inscription=inscription,
                date=annule.date,
                nature=N.ABSENCE,
                precision=annule.rang,
                prix=annule.du,
                capacite=journee.capacite,
                places_prises=journee.places_prises,
            )
        )

    def ecrire(self) -> None:
        finies = Attente.objects.filter(pk__in=[a.pk for a in self.finies])
        finies.update(etat=Attente.Etat.CADUQUE, close_le=timezone.now())
        Absence.objects.bulk_update(self.absences, ["prix"], batch_size=2000)
        Reservation.objects.bulk_create(self.reservations, batch_size=2000)
        compter_les_places(self.places)


def _annules(annulation) -> list[Mouvement]:
    """The lines to undo, annotated with what the family had been told before: how the meal was booked (`reserve`), or
    what was due of the absence (`du`) and its rank (`rang`)."""
    avant = Mouvement.objects.filter(
        inscription=OuterRef("inscription"), date=OuterRef("date"), operation__lt=OuterRef("operation")
    ).order_by("-pk")
    reservation = avant.filter(nature=N.AJOUT).exclude(precision=RETOUR)
    absence = avant.filter(nature=N.ABSENCE)
    return list(
        Mouvement.objects.filter(
            operation__collective=annulation,
            operation__annule=None,
            operation__annulee_par=None,
            nature__in=(N.ANNULATION, N.ABSENCE),
        )
        .annotate(
            reserve=Subquery(reservation.values("precision")[:1]),
            du=Subquery(absence.values("prix")[:1]),
            rang=Subquery(absence.values("precision")[:1]),
        )
        .select_related("operation")
        .order_by("operation", "pk")
    )


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
        sortie=inscription.sorties.get(annule.date, ""),
        maintenant=(journee.limite_reservation if journee else timezone.now()) - dt.timedelta(seconds=1),
    )


def _detenteur(tenu, inscription) -> Detenteur | None:
    if isinstance(tenu, Absence):
        return Detenteur.ABSENT
    if tenu is not None and tenu.pk is None:  # booked again a moment ago, by this very action
        return Detenteur.MOI if tenu.inscription_id == inscription.pk else Detenteur.AUTRE_INSCRIPTION
    return inscription.detenteur(tenu)


def _attentes(inscriptions, journees) -> dict[tuple[int, int], Attente]:
    actives = Attente.objects.filter(inscription__in=inscriptions, journee__in=journees).actives()
    return {(a.inscription_id, a.journee_id): a for a in actives}


def _ligne(inscription, journee, annule, motif) -> Mouvement:
    nature = N.AJOUT if motif is None else N.SANS_EFFET if motif in SANS_EFFET else N.REFUS
    precision = TARDIVE if motif is None and annule.reserve == TARDIVE else ""
    return Mouvement(
        inscription=inscription,
        date=annule.date,
        nature=nature,
        motif=motif or "",
        precision=inscription.fermeture(journee) if motif == Motif.FERME else precision,
        prix=annule.prix,
        capacite=journee.capacite if journee else None,
        places_prises=journee.places_prises if journee else None,
    )


def non_retablis(annulation: AnnulationCollective):
    """The lines of meals that could not be booked again, or already were."""
    return (
        Mouvement.objects.filter(operation__collective=annulation, operation__annule__isnull=False)
        .exclude(nature__in=(N.AJOUT, N.ABSENCE))
        .select_related(
            "inscription__rattachement__enfant", "inscription__rattachement__famille", "inscription__activite"
        )
        .order_by("date", "pk")
    )
