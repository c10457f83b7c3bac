"""What bookings tell a household, in the portal and by mail. Each is written in the transaction of what it tells."""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from django.urls import reverse

from comptes.courriels import Lettre, mettre_en_file_ensemble
from comptes.francais import INSECABLE, date_sans_annee
from comptes.models import Categorie
from comptes.services.notifier import Avis, notifier_chacune
from reservations.models import AnnulationCollective, Inscription, Mouvement, Operation
from reservations.recapitulatif import Recapitulatif, auteur_en_mots


class Annonce(NamedTuple):
    """An operation to tell its household: its lines, and their enrolments with their `courriels`."""

    operation: Operation
    mouvements: Sequence[Mouvement]
    inscriptions: Sequence[Inscription]


def envoyer_recapitulatif(
    operation: Operation,
    mouvements: Sequence[Mouvement],
    inscriptions: Sequence[Inscription],
    *,
    et: Sequence[Lettre | None] = (),
) -> None:
    """Tell the adults of the household what was done: a notification, born read for its author, and a mail.

    `et`: letters to others, queued in the same insert.
    """
    envoyer_recapitulatifs([Annonce(operation, mouvements, inscriptions)], categorie=Categorie.RESERVATIONS, et=et)


def envoyer_recapitulatifs(
    annonces: Iterable[Annonce], *, categorie: Categorie, et: Sequence[Lettre | None] = ()
) -> None:
    """The same for operations of one author and instant; the statements do not count the households.

    Nothing of an operation that would tell nothing (see `Recapitulatif.a_ecrire`).
    """
    recapitulatifs = [r for r in map(_recapitulatif, annonces) if r.a_ecrire]
    if not recapitulatifs:
        return
    premiere = recapitulatifs[0].operation
    notifier_chacune(map(_avis, recapitulatifs), categorie=categorie, sauf=premiere.auteur, quand=premiere.cree_le)
    lettres = [*(_lettre(r, categorie) for r in recapitulatifs if r.parties[0].inscription.courriels), *et]
    if ecrites := [lettre for lettre in lettres if lettre]:
        mettre_en_file_ensemble(ecrites)


def _recapitulatif(annonce: Annonce) -> Recapitulatif:
    return Recapitulatif.de(annonce.operation, annonce.mouvements, annonce.inscriptions)


def _avis(recapitulatif: Recapitulatif) -> Avis:
    operation = recapitulatif.operation
    titre = f"Repas de {recapitulatif.prenoms}{INSECABLE}: {recapitulatif.resume}"
    if operation.collective:
        titre = _sujet_collectif(recapitulatif, operation.collective)
    return Avis(
        operation.famille_id,
        titre,
        f"Opération n° {operation.numero}, par {auteur_en_mots(operation)}.",
        reverse("reservations:operation", args=[operation.numero]),
    )


def _sujet_collectif(recapitulatif: Recapitulatif, collective: AnnulationCollective) -> str:
    nature = f"{collective.get_nature_display()}{INSECABLE}:"
    if recapitulatif.attente_seule:
        return f"{nature} liste d’attente de {recapitulatif.prenoms}"
    fait = "rétablis" if collective.retablie_le else "annulés sans frais"
    return f"{nature} repas de {recapitulatif.prenoms} {fait}"


def _lettre(recapitulatif: Recapitulatif, categorie: Categorie) -> Lettre:
    operation = recapitulatif.operation
    par_la_ville = operation.origine != Operation.Origine.PARENT
    objet = "liste d’attente" if par_la_ville and recapitulatif.attente_seule else "repas"
    debut = "Récapitulatif des repas"
    if par_la_ville:
        debut = "La mairie a modifié la liste d’attente" if objet != "repas" else "La mairie a modifié les repas"
    sujet = f"{debut} de {recapitulatif.prenoms}"
    if operation.collective:
        sujet = _sujet_collectif(recapitulatif, operation.collective)
    return Lettre(
        destinataires=recapitulatif.parties[0].inscription.courriels,
        sujet=f"{sujet} (opération n° {operation.numero})",
        gabarit="reservations_recapitulatif",
        contexte={"recapitulatif": recapitulatif, "operation": operation, "par_la_ville": par_la_ville},
        categorie=categorie,
    )


def composer_pour_la_cantine(inscription: Inscription, jour: dt.date, *, absent: bool) -> Lettre | None:
    """Tell the service, when it has an address, that a child will not eat that day, or will after all. No reason."""
    if not inscription.activite.courriel:
        return None
    enfant, quand = inscription.enfant, date_sans_annee(jour)
    return Lettre(
        destinataires=[inscription.activite.courriel],
        sujet=f"Absence de {enfant} {quand}" if absent else f"Absence annulée, {enfant} mangera {quand}",
        gabarit="absence_cantine",
        contexte={"enfant": enfant, "jour": jour, "activite": inscription.activite, "absent": absent},
    )
