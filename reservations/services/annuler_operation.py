"""Undo an operation, as long as the cut-offs allow: an operation of its own, with its own recap."""

import datetime as dt
import hashlib
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.utils import timezone

from reservations.models import Inscription, Mouvement, Operation
from reservations.recapitulatif import Recapitulatif, ligne_a_venir, ligne_definitive
from reservations.regles_changements import Changements, changements_inverses
from reservations.services.reserver import reserver, simuler

N = Mouvement.Nature
# Asked for, and not undone here: the waiting list and the absences have their own pages.
DEFINITIVES = (N.ATTENTE, N.SORTIE_D_ATTENTE, N.ABSENCE)


class PasAnnulable(ValueError):
    """The operation cannot be undone; the message is the sentence for the parent."""


@dataclass(frozen=True)
class Prevision:
    """What undoing would do now: the lines of `simuler`, and those that no undo touches."""

    inscriptions: Sequence[Inscription]
    mouvements: Sequence[Mouvement]
    definitifs: Sequence[Mouvement]

    @property
    def parties(self) -> list[tuple[str, list[str], list[str]]]:
        """(first name, what will be undone, what no longer can) for each enrolment."""
        return [
            (
                i.enfant.prenom,
                [ligne_a_venir(m) for m in self.mouvements if m.inscription_id == i.pk and not m.motif],
                [ligne_a_venir(m) for m in self.mouvements if m.inscription_id == i.pk and m.motif]
                + [ligne_definitive(m) for m in self.definitifs if m.inscription_id == i.pk],
            )
            for i in self.inscriptions
        ]

    @property
    def possible(self) -> bool:
        return any(not m.motif for m in self.mouvements)


def est_annulable(operation: Operation, recapitulatif: Recapitulatif) -> bool:
    """Whether to offer the undo: the page that it leads to tells what the cut-offs still allow."""
    mouvements = [m for partie in recapitulatif.parties for m in partie.mouvements]
    return _du_foyer(operation, mouvements) and bool(recapitulatif.ajouts or recapitulatif.annulations)


def _du_foyer(operation: Operation, mouvements) -> bool:
    """Whether the household asked for it, by itself or at the desk; what the town decided has a reason on its lines."""
    if operation.origine == Operation.Origine.PARENT:
        return not operation.collective_id
    if operation.origine != Operation.Origine.AGENT or operation.auteur_id is None or operation.collective_id:
        return False
    return not any(m.motif for m in mouvements if m.nature in (N.AJOUT, N.ANNULATION))


def prevoir_l_annulation(
    operation: Operation, mouvements: Sequence[Mouvement], *, horloge: Callable[[], dt.datetime] = timezone.now
) -> Prevision:
    """Decided by the same code as the undo itself. Raises PasAnnulable."""
    lignes, inscriptions = simuler(demandes=_demandes(operation, mouvements), retard=False, horloge=horloge)
    definitifs = [m for m in mouvements if m.nature in DEFINITIVES]
    return Prevision(inscriptions, sorted(lignes, key=lambda m: m.date), definitifs)


def annuler_operation(
    *, operation: Operation, auteur, jeton: str = "", horloge: Callable[[], dt.datetime] = timezone.now
) -> Operation:
    """Cancel what `operation` booked and book again what it cancelled; what is too late gets its refused line.

    An operation is undone once: the second click is answered with the first undo (`repetee`). When nothing can be
    undone, the operation that says why undoes none (`annule` is empty), so that another form, with another `jeton`, may
    try again. Never at a late price. Rights are the caller's business: `Operation.objects.de(...)`. Raises
    PasAnnulable.
    """
    return reserver(
        demandes=_demandes(operation, operation.mouvements.all()),
        auteur=auteur,
        cle=hashlib.sha256(f"annule\n{operation.pk}\n{jeton}".encode()).hexdigest(),
        annule=operation,
        retard=False,
        horloge=horloge,
    )


def _demandes(operation: Operation, mouvements) -> dict[int, Changements]:
    """What undoes each enrolment of the operation. Its lines never change, so two clicks ask for the same."""
    mouvements = list(mouvements)
    if not _du_foyer(operation, mouvements):
        raise PasAnnulable(
            f"Cette opération a été faite par {operation.get_origine_display()} : elle ne se défait pas ici."
        )
    jours: dict[int, dict[str, list[dt.date]]] = defaultdict(lambda: {N.AJOUT: [], N.ANNULATION: []})
    for m in mouvements:
        if m.nature in (N.AJOUT, N.ANNULATION):
            jours[m.inscription_id][m.nature].append(m.date)
    if not jours:
        raise PasAnnulable("Cette opération n’a changé aucun repas : il n’y a rien à défaire.")
    return {pk: changements_inverses(j[N.AJOUT], j[N.ANNULATION]) for pk, j in jours.items()}
