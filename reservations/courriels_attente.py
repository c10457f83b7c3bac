"""The mails of the waiting list. Each is queued in the transaction of what it tells."""

from comptes.courriels import mettre_en_file
from comptes.francais import date_sans_annee, de
from reservations.models import Attente, Inscription, Mouvement, Operation
from reservations.recapitulatif import Recapitulatif


def envoyer_offre(attente: Attente, inscription: Inscription) -> None:
    """A place is free and waits for the household's answer until `expire_le`."""
    _envoyer(
        "attente_offre",
        f"Une place se libère pour {inscription.enfant.prenom} : {date_sans_annee(attente.date)}",
        inscription,
        {"jour": attente.date, "attente": attente},
    )


def envoyer_place_reservee(operation: Operation, ligne: Mouvement, inscription: Inscription) -> None:
    """The meal was booked on its own: the recap, and where the place came from."""
    _envoyer(
        "attente_reservee",
        f"Repas {de(inscription.enfant.prenom)} réservé : {date_sans_annee(ligne.date)} "
        f"(opération n° {operation.numero})",
        inscription,
        {
            "jour": ligne.date,
            "operation": operation,
            "recapitulatif": Recapitulatif.de(operation, [ligne], [inscription]),
        },
    )


def envoyer_place_perdue(ligne: Mouvement, inscription: Inscription) -> None:
    """The place went to the next: the offer is over, or the meal could no longer be booked."""
    _envoyer(
        "attente_perdue",
        f"Liste d’attente {de(inscription.enfant.prenom)} : {date_sans_annee(ligne.date)}",
        inscription,
        {"jour": ligne.date, "operation": ligne.operation, "raison": ligne.get_motif_display()},
    )


def _envoyer(gabarit: str, sujet: str, inscription: Inscription, contexte: dict) -> None:
    """To the adults of the household who have a login (`courriels`, annotated)."""
    if inscription.courriels:
        mettre_en_file(
            destinataires=inscription.courriels,
            sujet=sujet,
            gabarit=gabarit,
            contexte={"inscription": inscription, "prenom": inscription.enfant.prenom, **contexte},
        )
