"""Absences of the morning: declared until the hour of each day, undone until the same hour."""

import datetime as dt
import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from django.db import transaction
from django.db.models import FilteredRelation, Q
from django.utils import timezone

from reservations.courriels import composer_pour_la_cantine, envoyer_recapitulatif
from reservations.models import Absence, AnnulationCollective, Inscription, Journee, Mouvement, Operation, Reservation
from reservations.models.inscription import InscriptionQuerySet
from reservations.regles import (
    ABSENCES_D_AVANCE,
    SANS_EFFET,
    Detenteur,
    Motif,
    absences_de_suite,
    en_jours_d_absence,
    motif_de_refus_absence,
    motif_de_refus_retour,
)
from reservations.services.places import compter_les_places
from reservations.services.reserver import TARDIVE
from reservations.tarifs import prix_de_l_absence

# Thirty waiting days are seven weeks of meals; with two holidays between, less than this.
SUITE_AU_PLUS = dt.timedelta(days=120)
RETOUR = "absence annulée"
N = Mouvement.Nature


def declarer_absence(
    *,
    inscription: int,
    jour: dt.date,
    auteur,
    cle: str,
    origine: str | None = None,
    parmi: InscriptionQuerySet | None = None,
    horloge: Callable[[], dt.datetime] = timezone.now,
) -> Operation:
    """Say that the child of this enrolment (primary key) will not eat the meal booked on `jour`; return the operation.

    The place is free again, what stays due follows the waiting days of the activity, the household gets its recap and
    the canteen a mail. A refusal is an operation too, with its reason. The same `cle` twice returns the operation of
    the first time. `parmi` is the caller's door (`Inscription.objects.de(...)`), all of them by default; raises
    Inscription.DoesNotExist for an enrolment that is not behind it. Locks: those of `reserver`.
    """
    with transaction.atomic():
        dossier = _ouvrir(inscription, jour, auteur, cle, origine, parmi, horloge)
        if isinstance(dossier, Operation):
            return dossier
        motif = motif_de_refus_absence(
            dossier.journee, detenteur=dossier.detenteur, maintenant=dossier.operation.cree_le
        )
        dossier.operation.save(force_insert=True)
        mouvements = [dossier.refus(motif, N.REFUS_ANNULATION)] if motif else _declarer(dossier)
        _terminer(dossier, mouvements, change=motif is None, absent=True)
    return dossier.operation


def annuler_absence(
    *,
    inscription: int,
    jour: dt.date,
    auteur,
    cle: str,
    origine: str | None = None,
    parmi: InscriptionQuerySet | None = None,
    horloge: Callable[[], dt.datetime] = timezone.now,
) -> Operation:
    """Book again the meal of a declared absence, if its place is still there, at the price that it had.

    Arguments, locks and repeats: those of `declarer_absence`. The operation undoes the one that declared.
    """
    with transaction.atomic():
        dossier = _ouvrir(inscription, jour, auteur, cle, origine, parmi, horloge)
        if isinstance(dossier, Operation):
            return dossier
        motif = motif_de_refus_retour(
            dossier.journee,
            debut=dossier.inscription.debut,
            fin=dossier.inscription.fin,
            detenteur=dossier.detenteur_du_retour,
            maintenant=dossier.operation.cree_le,
            sortie=dossier.inscription.sorties.get(jour, ""),
        )
        tardive = False
        if motif is None:
            dossier.operation.annule_id, tardive = _passe(dossier)
        dossier.operation.save(force_insert=True)
        mouvements = [dossier.refus(motif, N.REFUS)] if motif else _revenir(dossier, tardive)
        _terminer(dossier, mouvements, change=motif is None, absent=False)
    return dossier.operation


@dataclass
class _Dossier:
    """What the locks hold and the decision reads."""

    inscription: Inscription
    jour: dt.date
    journee: Journee | None
    operation: Operation  # not written yet
    reservation: Reservation | None
    absences: dict[dt.date, Absence]  # those of this enrolment
    d_ailleurs: set[dt.date]  # those of the child's other enrolments in the activity
    service: list[dt.date]

    @property
    def detenteur(self) -> Detenteur | None:
        if self.reservation:
            return self.inscription.detenteur(self.reservation)
        return Detenteur.ABSENT if self.jour in self.absences or self.jour in self.d_ailleurs else None

    @property
    def detenteur_du_retour(self) -> Detenteur | None:
        """Only the enrolment that declared an absence may undo it."""
        return None if self.detenteur == Detenteur.ABSENT and self.jour not in self.absences else self.detenteur

    def mouvement(self, nature, **champs) -> Mouvement:
        return Mouvement(operation=self.operation, inscription=self.inscription, nature=nature, **champs)

    def refus(self, motif: Motif, nature) -> Mouvement:
        sans_effet = motif in SANS_EFFET or (motif, nature) == (Motif.ABSENT, N.REFUS_ANNULATION)
        return self.mouvement(
            N.SANS_EFFET if sans_effet else nature,
            date=self.jour,
            motif=motif,
            precision=self.inscription.fermeture(self.journee) if motif == Motif.FERME else "",
            prix=self.reservation.prix if self.reservation else None,
            capacite=self.journee.capacite if self.journee else None,
            places_prises=self.journee.places_prises if self.journee else None,
        )


def _ouvrir(pk, jour, auteur, cle, origine, parmi, horloge) -> "_Dossier | Operation":
    """Lock the enrolment and its child, then the day, then read the clock; or the operation of the same form."""
    toutes: InscriptionQuerySet = Inscription.objects.all() if parmi is None else parmi
    inscription = toutes.completes().avec_courriels().verrouillees().get(pk=pk)
    while deja := Operation.objects.filter(famille=inscription.famille, cle=cle).select_related("annulee_par").first():
        if not hasattr(deja, "annulee_par"):
            return deja
        # Undone since: the page kept by the browser asks for it again.
        cle = hashlib.sha256(f"{cle}:{deja.annulee_par.pk}".encode()).hexdigest()
    journee = Journee.objects.filter(activite=inscription.activite_id, date=jour).verrouillees().first()
    maintenant = horloge()  # the instant of the decision, after the locks
    operation = Operation(
        famille=inscription.famille,
        auteur=auteur,
        origine=origine or Operation.Origine.de(auteur),
        cle=cle,
        cree_le=maintenant,
    )
    return _lire(_Dossier(inscription, jour, journee, operation, None, {}, set(), []))


def _lire(dossier: _Dossier) -> _Dossier:
    """Fill in the days of service around, with the child's absences there, and its meal of the day: two statements."""
    enfant, jour = dossier.inscription.enfant, dossier.jour
    lues = list(
        Journee.objects.filter(
            activite=dossier.inscription.activite_id, date__range=(jour - SUITE_AU_PLUS, jour + ABSENCES_D_AVANCE)
        )
        .annotate(
            a=FilteredRelation("absences", condition=Q(absences__enfant=enfant)),
            r=FilteredRelation("reservations", condition=Q(reservations__enfant=enfant, reservations__date=jour)),
        )
        .order_by("date")
        .values(
            "pk", "date", "fermeture",
            "a__pk", "a__inscription", "a__declaree_le", "a__prix_du_repas", "a__prix",
            "r__pk", "r__inscription", "r__prix", "r__inscription__rattachement__famille",
        )
    )  # fmt: skip
    AnnulationCollective.objects.poser_les_sorties([dossier.inscription], [lue["date"] for lue in lues])
    for lue in lues:
        if not lue["fermeture"] and lue["date"] not in dossier.inscription.sorties:
            dossier.service.append(lue["date"])
        if lue["a__inscription"] == dossier.inscription.pk:
            dossier.absences[lue["date"]] = Absence(
                pk=lue["a__pk"],
                inscription=dossier.inscription,
                journee_id=lue["pk"],
                enfant=enfant,
                date=lue["date"],
                declaree_le=lue["a__declaree_le"],
                prix_du_repas=lue["a__prix_du_repas"],
                prix=lue["a__prix"],
            )
        elif lue["a__pk"]:
            dossier.d_ailleurs.add(lue["date"])
        if lue["r__pk"]:
            dossier.reservation = Reservation(
                pk=lue["r__pk"], inscription_id=lue["r__inscription"], enfant=enfant, date=jour, prix=lue["r__prix"]
            )
            dossier.reservation.famille = lue["r__inscription__rattachement__famille"]
    return dossier


def _declarer(dossier: _Dossier) -> list[Mouvement]:
    reservation, journee = dossier.reservation, dossier.journee
    assert reservation is not None
    assert journee is not None
    Reservation.objects.filter(pk=reservation.pk).delete()
    dossier.absences[dossier.jour] = Absence(
        inscription=dossier.inscription,
        journee=journee,
        enfant=dossier.inscription.enfant,
        date=dossier.jour,
        declaree_le=dossier.operation.cree_le,
        prix_du_repas=reservation.prix,
        prix=reservation.prix,
    )
    mouvements = _appliquer_la_carence(dossier)
    mouvements[0].capacite, mouvements[0].places_prises = journee.capacite, journee.places_prises
    compter_les_places({journee.pk: -1})
    return mouvements


def _revenir(dossier: _Dossier, tardive: bool) -> list[Mouvement]:
    journee, absence = dossier.journee, dossier.absences.pop(dossier.jour)
    assert journee is not None
    Absence.objects.filter(pk=absence.pk).delete()
    Reservation.objects.create(
        inscription=dossier.inscription,
        journee=journee,
        enfant=dossier.inscription.enfant,
        date=dossier.jour,
        prix=absence.prix_du_repas,
        tardive=tardive,
    )
    compter_les_places({journee.pk: 1})
    return [
        dossier.mouvement(
            N.AJOUT,
            date=dossier.jour,
            precision=RETOUR,
            prix=absence.prix_du_repas,
            capacite=journee.capacite,
            places_prises=journee.places_prises,
        ),
        *_appliquer_la_carence(dossier),
    ]


def _appliquer_la_carence(dossier: _Dossier) -> list[Mouvement]:
    """Price the absences of this day and of those that directly follow it: their rank has changed. A line for each."""
    mouvements, changees = [], []
    for jour in (j for j in dossier.service if j >= dossier.jour):
        absence = dossier.absences.get(jour)
        if absence is None:
            if jour == dossier.jour:
                continue
            break
        avant = absences_de_suite(jour, service=dossier.service, absences=dossier.absences)
        prix = prix_de_l_absence(
            absence.prix_du_repas, absences_avant=avant, carence=dossier.inscription.activite.absence_carence
        )
        if jour != dossier.jour and prix == absence.prix:
            continue
        absence.prix = prix
        changees.append(absence)
        mouvements.append(dossier.mouvement(N.ABSENCE, date=jour, prix=prix, precision=en_jours_d_absence(avant + 1)))
    for absence in changees:
        absence.pk = None  # found again by its child and day
    Absence.objects.bulk_create(
        changees, update_conflicts=True, unique_fields=["enfant", "date"], update_fields=["prix"]
    )
    return mouvements


def _passe(dossier: _Dossier) -> tuple[int | None, bool]:
    """The operation that declared the absence of this day, unless undone already; whether the meal was booked late.

    The meal is the one that was booked last: another of that day, cancelled since, may have been late.
    """
    declaree_le = dossier.absences[dossier.jour].declaree_le
    mouvements = list(
        Mouvement.objects.filter(inscription=dossier.inscription, date=dossier.jour)
        .order_by("pk")
        .values_list("nature", "precision", "operation", "operation__cree_le", "operation__annulee_par")
    )
    declarations = [
        operation
        for nature, _, operation, cree_le, annulee_par in mouvements
        if nature == N.ABSENCE and cree_le == declaree_le and annulee_par is None
    ]
    reserves = [precision for nature, precision, *_ in mouvements if nature == N.AJOUT and precision != RETOUR]
    return next(iter(declarations), None), reserves[-1:] == [TARDIVE]


def _terminer(dossier: _Dossier, mouvements: list[Mouvement], *, change: bool, absent: bool) -> None:
    """Write the lines; tell the household, and the canteen of what changed."""
    Mouvement.objects.bulk_create(mouvements)
    cantine = composer_pour_la_cantine(dossier.inscription, dossier.jour, absent=absent) if change else None
    envoyer_recapitulatif(dossier.operation, mouvements, [dossier.inscription], et=[cantine])
