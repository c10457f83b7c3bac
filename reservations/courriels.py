"""The mails that bookings send. Each is queued in the transaction of what it tells."""

import datetime as dt
from collections.abc import Iterable

from comptes.courriels import Lettre, mettre_en_file_ensemble
from comptes.francais import INSECABLE, date_sans_annee
from reservations.models import Inscription, Mouvement, Operation
from reservations.recapitulatif import Recapitulatif


def envoyer_recapitulatif(
    operation: Operation, mouvements: Iterable[Mouvement], inscriptions: Iterable[Inscription]
) -> None:
    """Queue the recap for the adults of the household who have a login (`courriels`, annotated)."""
    envoyer([composer_recapitulatif(operation, mouvements, inscriptions)])


def envoyer(lettres: Iterable[Lettre | None]) -> None:
    """Queue those that there are, in one insert."""
    if ecrites := [lettre for lettre in lettres if lettre]:
        mettre_en_file_ensemble(ecrites)


def composer_recapitulatif(
    operation: Operation, mouvements: Iterable[Mouvement], inscriptions: Iterable[Inscription]
) -> Lettre | None:
    """The recap as a letter to queue: those of many households go in one insert.

    None when it would tell nothing (see `Recapitulatif.a_ecrire`), or nobody.
    """
    inscriptions = list(inscriptions)
    recapitulatif = Recapitulatif.de(operation, mouvements, inscriptions)
    destinataires = inscriptions[0].courriels
    if not destinataires or not recapitulatif.a_ecrire:
        return None
    par_la_ville = operation.origine != Operation.Origine.PARENT
    debut = "La mairie a modifié les repas" if par_la_ville else "Récapitulatif des repas"
    sujet = f"{debut} de {recapitulatif.prenoms}"
    if operation.collective:
        fait = "rétablis" if operation.collective.retablie_le else "annulés sans frais"
        nature = operation.collective.get_nature_display()
        sujet = f"{nature}{INSECABLE}: repas de {recapitulatif.prenoms} {fait}"
    return Lettre(
        destinataires=destinataires,
        sujet=f"{sujet} (opération n° {operation.numero})",
        gabarit="reservations_recapitulatif",
        contexte={"recapitulatif": recapitulatif, "operation": operation, "par_la_ville": par_la_ville},
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
