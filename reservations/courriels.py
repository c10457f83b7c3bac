"""The mails that bookings send. Each is queued in the transaction of what it tells."""

from collections.abc import Iterable

from post_office.models import Email

from comptes.courriels import composer, mettre_tout_en_file
from comptes.francais import INSECABLE
from reservations.models import Inscription, Mouvement, Operation
from reservations.recapitulatif import Recapitulatif


def envoyer_recapitulatif(
    operation: Operation, mouvements: Iterable[Mouvement], inscriptions: Iterable[Inscription]
) -> None:
    """Queue the recap for the adults of the household who have a login (`courriels`, annotated)."""
    if lettres := composer_recapitulatif(operation, mouvements, inscriptions):
        mettre_tout_en_file(lettres)


def composer_recapitulatif(
    operation: Operation, mouvements: Iterable[Mouvement], inscriptions: Iterable[Inscription]
) -> list[Email]:
    """The recap as mails to queue: those of many households go in one insert."""
    inscriptions = list(inscriptions)
    recapitulatif = Recapitulatif.de(operation, mouvements, inscriptions)
    destinataires = inscriptions[0].courriels
    if not destinataires:
        return []
    par_la_ville = operation.origine != Operation.Origine.PARENT
    debut = "La mairie a modifié les repas" if par_la_ville else "Récapitulatif des repas"
    sujet = f"{debut} de {recapitulatif.prenoms}"
    if operation.collective:
        fait = "rétablis" if operation.collective.retablie_le else "annulés sans frais"
        nature = operation.collective.get_nature_display()
        sujet = f"{nature}{INSECABLE}: repas de {recapitulatif.prenoms} {fait}"
    return composer(
        destinataires=destinataires,
        sujet=f"{sujet} (opération n° {operation.numero})",
        gabarit="reservations_recapitulatif",
        contexte={"recapitulatif": recapitulatif, "operation": operation, "par_la_ville": par_la_ville},
    )
