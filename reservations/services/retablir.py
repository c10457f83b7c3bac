"""Undo a collective cancellation as a whole, once: its days open again, its meals are booked again."""

import datetime as dt
import hashlib
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import OuterRef, Q, Subquery
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

    What was still due of an absence is due again. Who waited waits again at the same rank, until the cut-off; a place
    that is left goes to them first.
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
        finies = _finies(annules)
        ecriture = _Ecriture()
        for annule in annules:
            inscription = inscriptions[annule.inscription_id]
            journee = journees.get((inscription.activite_id, annule.date))
            if annule.nature == N.ABSENCE:
                ecriture.devoir_de_nouveau(inscription, journee, annule, tenus)
            elif annule.nature == N.SORTIE_D_ATTENTE:
                finie = finies.get((inscription.pk, annule.date))
                deja = journee is not None and (inscription.pk, journee.pk) in attentes
                ecriture.attendre_de_nouveau(inscription, journee, annule, tenus, finie, deja)
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
    revenues: list[Attente] = field(default_factory=list)
    places: Counter[int] = field(default_factory=Counter)
    lignes: dict[int, list[Mouvement]] = field(default_factory=lambda: defaultdict(list))

    def reserver_de_nouveau(self, inscription, journee, annule, tenus, attente) -> None:
        """Book the meal as it was; `attente` is this enrolment's request of that day, made since.

        A place held for that request is counted already, for this very meal.
        """
        tenue = attente is not None and attente.etat == Attente.Etat.ATTRIBUEE
        if tenue:
            journee.places_prises -= 1
        motif = _motif_du_repas(inscription, journee, annule, tenus)
        self.lignes[inscription.famille.pk].append(_ligne_du_repas(inscription, journee, annule, motif))
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
            _ligne(inscription, journee, annule, N.ABSENCE, precision=annule.rang, prix=annule.du)
        )

    def attendre_de_nouveau(self, inscription, journee, annule, tenus, attente, deja) -> None:
        """Give a request its rank back: the same row, as it was asked. Or say why it waits no more.

        `deja`: this enrolment asked again since. The meals of the action, decided before, hold their places.
        """
        motif = Motif.DEJA_EN_ATTENTE if deja else _motif_de_l_attente(inscription, journee, annule, tenus)
        revient = attente is not None and motif in (None, Motif.COMPLET)
        nature = N.ATTENTE if revient else N.SANS_EFFET if motif in SANS_EFFET else N.SORTIE_D_ATTENTE
        precision = f"{attente.get_mode_display()}, rang gardé" if revient else ""
        self.lignes[inscription.famille.pk].append(
            _ligne(
                inscription,
                journee,
                annule,
                nature,
                motif="" if revient else motif or "",
                precision=inscription.fermeture(journee) if motif == Motif.FERME else precision,
            )
        )
        if revient:
            self.revenues.append(attente)
            self.places[journee.pk] += 0  # what is free goes to who waits

    def ecrire(self) -> None:
        finies = Attente.objects.filter(pk__in=[a.pk for a in self.finies])
        finies.update(etat=Attente.Etat.CADUQUE, close_le=timezone.now())
        revenues = Attente.objects.filter(pk__in=[a.pk for a in self.revenues])
        revenues.update(
            etat=Attente.Etat.EN_ATTENTE, close_le=None, attribuee_le=None, annoncee_le=None, expire_le=None
        )
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
            nature__in=(N.ANNULATION, N.ABSENCE, N.SORTIE_D_ATTENTE),
        )
        .annotate(
            reserve=Subquery(reservation.values("precision")[:1]),
            du=Subquery(absence.values("prix")[:1]),
            rang=Subquery(absence.values("precision")[:1]),
            attendait=Q(nature=N.SORTIE_D_ATTENTE),
        )
        .select_related("operation")
        .order_by("attendait", "operation", "pk")
    )


def _finies(annules) -> dict[tuple[int, dt.date], Attente]:
    """The requests that the action ended: the last that closed before its lines were written."""
    sorties = {(m.inscription_id, m.date): m.operation.cree_le for m in annules if m.nature == N.SORTIE_D_ATTENTE}
    if not sorties:
        return {}
    closes = Attente.objects.filter(
        inscription__in={pk for pk, _ in sorties},
        date__in={jour for _, jour in sorties},
        etat=Attente.Etat.CADUQUE,
        close_le__lte=max(sorties.values()),
    ).order_by("close_le", "pk")
    lues = {}
    for a in closes:
        ecrite_le = sorties.get((a.inscription_id, a.date))
        if ecrite_le and a.close_le and a.close_le <= ecrite_le:
            lues[a.inscription_id, a.date] = a
    return lues


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


def _motif(inscription, journee, annule, tenus, *, prix, maintenant) -> Motif | None:
    """The same rules as a booking's, but for the opening, and no late meal."""
    return motif_de_refus(
        journee,
        debut=inscription.debut,
        fin=inscription.fin,
        ouverte=True,
        prix=prix,
        detenteur=_detenteur(tenus.get((inscription.enfant.pk, annule.date)), inscription),
        sortie=inscription.sorties.get(annule.date, ""),
        maintenant=maintenant,
        retard=False,
    )


def _motif_du_repas(inscription, journee, annule, tenus) -> Motif | None:
    """Whatever the cut-off; a meal past is past."""
    if _passe(annule.date):
        return Motif.HORS_DELAI
    avant = (journee.limite_reservation if journee else timezone.now()) - dt.timedelta(seconds=1)
    return _motif(inscription, journee, annule, tenus, prix=annule.prix, maintenant=avant)


def _motif_de_l_attente(inscription, journee, annule, tenus) -> Motif | None:
    """None or COMPLET when one can still wait. The day had a price when the request was made."""
    return _motif(inscription, journee, annule, tenus, prix=Decimal(0), maintenant=timezone.now())


def _detenteur(tenu, inscription) -> Detenteur | None:
    if isinstance(tenu, Absence):
        return Detenteur.ABSENT
    if tenu is not None and tenu.pk is None:  # booked again a moment ago, by this very action
        return Detenteur.MOI if tenu.inscription_id == inscription.pk else Detenteur.AUTRE_INSCRIPTION
    return inscription.detenteur(tenu)


def _attentes(inscriptions, journees) -> dict[tuple[int, int], Attente]:
    actives = Attente.objects.filter(inscription__in=inscriptions, journee__in=journees).actives()
    return {(a.inscription_id, a.journee_id): a for a in actives}


def _ligne_du_repas(inscription, journee, annule, motif) -> Mouvement:
    nature = N.AJOUT if motif is None else N.SANS_EFFET if motif in SANS_EFFET else N.REFUS
    precision = TARDIVE if motif is None and annule.reserve == TARDIVE else ""
    if motif == Motif.FERME:
        precision = inscription.fermeture(journee)
    return _ligne(inscription, journee, annule, nature, motif=motif or "", precision=precision, prix=annule.prix)


def _ligne(inscription, journee, annule, nature, **champs) -> Mouvement:
    return Mouvement(
        inscription=inscription,
        date=annule.date,
        nature=nature,
        capacite=journee.capacite if journee else None,
        places_prises=journee.places_prises if journee else None,
        **champs,
    )


def _lignes_du_retour(annulation: AnnulationCollective):
    return (
        Mouvement.objects.filter(operation__collective=annulation, operation__annule__isnull=False)
        .select_related(
            "inscription__rattachement__enfant", "inscription__rattachement__famille", "inscription__activite"
        )
        .order_by("date", "pk")
    )


def non_retablis(annulation: AnnulationCollective):
    """The lines of meals and requests that could not come back, or already had."""
    return _lignes_du_retour(annulation).exclude(nature__in=(N.AJOUT, N.ABSENCE, N.ATTENTE))


def attentes_revenues(annulation: AnnulationCollective):
    """The lines of the requests that wait again, at the rank that they had."""
    return _lignes_du_retour(annulation).filter(nature=N.ATTENTE)
