"""The reminder of a week without a meal: many households at once, in one insert."""

from comptes.courriels import Lettre, mettre_en_file_ensemble
from comptes.francais import de


def envoyer_les_rappels(rappels) -> None:
    """Queue one mail for each adult of each household (`RappelAEnvoyer`)."""
    mettre_en_file_ensemble(
        Lettre(
            destinataires=rappel.courriels,
            sujet=f"Aucun repas réservé pour la semaine du {rappel.semaine:%d/%m/%Y} : pensez aux repas "
            f"{de(rappel.prenoms)}",
            gabarit="rappel",
            contexte={"rappel": rappel},
        )
        for rappel in rappels
    )
