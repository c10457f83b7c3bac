"""What the waiting list tells, in the portal and by mail. Each is written in the transaction of what it tells."""

from django.urls import reverse

from comptes.courriels import mettre_en_file
from comptes.francais import INSECABLE, date_sans_annee, de, limite
from comptes.models import Categorie
from comptes.services.notifier import notifier
from reservations.models import Attente, Inscription, Mouvement, Operation
from reservations.recapitulatif import Recapitulatif


def envoyer_offre(attente: Attente, inscription: Inscription) -> None:
    """A place is free and waits for the household's answer until `expire_le`."""
    assert attente.expire_le is not None
    _envoyer(
        "attente_offre",
        f"Une place se libère pour {inscription.enfant.prenom}{INSECABLE}: {date_sans_annee(attente.date)}",
        inscription,
        {"jour": attente.date, "attente": attente},
        texte=f"Elle est gardée pour vous jusqu’au {limite(attente.expire_le)}.",
        lien=reverse("reservations:attente", args=[inscription.pk]),
    )


def envoyer_place_reservee(operation: Operation, ligne: Mouvement, inscription: Inscription) -> None:
    """The meal was booked on its own: the recap, and where the place came from. The acknowledgement of a booking."""
    recapitulatif = Recapitulatif.de(operation, [ligne], [inscription])
    _envoyer(
        "attente_reservee",
        f"Repas {de(inscription.enfant.prenom)} réservé{INSECABLE}: {date_sans_annee(ligne.date)}",
        inscription,
        {"jour": ligne.date, "operation": operation, "recapitulatif": recapitulatif},
        texte="Une place s’est libérée : vous aviez demandé, en liste d’attente, que le repas soit réservé.",
        operation=operation,
        categorie=Categorie.RESERVATIONS,
    )


def envoyer_place_perdue(ligne: Mouvement, inscription: Inscription) -> None:
    """The place went to the next: the offer is over, or the meal could no longer be booked."""
    _envoyer(
        "attente_perdue",
        f"Liste d’attente {de(inscription.enfant.prenom)}{INSECABLE}: {date_sans_annee(ligne.date)}",
        inscription,
        {"jour": ligne.date, "operation": ligne.operation, "raison": ligne.get_motif_display()},
        texte="La place n’est plus gardée pour vous, et votre demande est close.",
        lien=reverse("reservations:operation", args=[ligne.operation.numero]),
    )


def _envoyer(
    gabarit: str,
    sujet: str,
    inscription: Inscription,
    contexte: dict,
    *,
    texte: str,
    lien: str = "",
    operation: Operation | None = None,
    categorie: Categorie = Categorie.PLACES,
) -> None:
    """To the adults of the household who have a login (`courriels`, annotated). Nobody's is born read."""
    if operation:
        lien = reverse("reservations:operation", args=[operation.numero])
    notifier(familles=[inscription.famille.pk], categorie=categorie, titre=sujet, texte=texte, lien=lien)
    if inscription.courriels:
        mettre_en_file(
            destinataires=inscription.courriels,
            sujet=f"{sujet} (opération n° {operation.numero})" if operation else sujet,
            gabarit=gabarit,
            contexte={"inscription": inscription, "prenom": inscription.enfant.prenom, **contexte},
            categorie=categorie,
        )
