"""The mails that bookings send. Each is queued in the transaction of what it tells."""

import datetime as dt
from collections.abc import Iterable

from comptes.courriels import mettre_en_file
from comptes.francais import date_sans_annee
from reservations.models import Inscription, Mouvement, Operation
from reservations.recapitulatif import Recapitulatif


def envoyer_recapitulatif(
    operation: Operation, mouvements: Iterable[Mouvement], inscriptions: Iterable[Inscription]
) -> None:
    """Queue the recap for the adults of the household who have a login (`courriels`, annotated).

    No mail when it would tell nothing: see `Recapitulatif.a_ecrire`.
    """
    inscriptions = list(inscriptions)
    recapitulatif = Recapitulatif.de(operation, mouvements, inscriptions)
    destinataires = inscriptions[0].courriels
    if not destinataires or not recapitulatif.a_ecrire:
        return
    par_la_ville = operation.origine != Operation.Origine.PARENT
    debut = "La mairie a modifié les repas" if par_la_ville else "Récapitulatif des repas"
    mettre_en_file(
        destinataires=destinataires,
        sujet=f"{debut} de {recapitulatif.prenoms} (opération n° {operation.numero})",
        gabarit="reservations_recapitulatif",
        contexte={"recapitulatif": recapitulatif, "operation": operation, "par_la_ville": par_la_ville},
    )


def prevenir_la_cantine(inscription: Inscription, jour: dt.date, *, absent: bool) -> None:
    """Tell the service, when it has an address, that a child will not eat that day, or will after all. No reason."""
    if not inscription.activite.courriel:
        return
    enfant, quand = inscription.enfant, date_sans_annee(jour)
    mettre_en_file(
        destinataires=[inscription.activite.courriel],
        sujet=f"Absence de {enfant} {quand}" if absent else f"Absence annulée, {enfant} mangera {quand}",
        gabarit="absence_cantine",
        contexte={"enfant": enfant, "jour": jour, "activite": inscription.activite, "absent": absent},
    )
