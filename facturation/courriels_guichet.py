"""What households are told of money recorded by the régie, in the transaction of what it tells."""

from decimal import Decimal

from django.urls import reverse

from comptes.courriels import mettre_en_file
from comptes.francais import INSECABLE, euros
from comptes.models import Categorie
from comptes.services.notifier import adresses_pour, notifier
from facturation.models import Paiement, Rejet


def dire_l_encaissement(paiement: Paiement, *, avance: Decimal) -> None:
    """Received, with its receipt number; what no bill needed is the household's advance."""
    texte = f"{paiement.get_moyen_display()}, quittance n° {paiement.numero}."
    if avance:
        texte += f" {euros(avance)} restent votre avance, pour la prochaine facture."
    titre = f"Paiement reçu{INSECABLE}: {euros(paiement.montant)}"
    contexte = {"paiement": paiement, "avance": avance}
    lien = reverse("facturation:quittance", args=[paiement.numero])
    dire(paiement.famille_id, "paiement_recu_guichet", titre, texte, contexte, lien=lien)


def dire_le_rejet(rejet: Rejet) -> None:
    """The bank took the money back: due again."""
    paiement = rejet.paiement
    titre = f"Paiement rejeté{INSECABLE}: {euros(paiement.montant)}"
    texte = f"{paiement.get_moyen_display()}, quittance n° {paiement.numero}{INSECABLE}: {rejet.motif}."
    dire(paiement.famille_id, "paiement_rejete_guichet", titre, texte, {"rejet": rejet, "paiement": paiement})


def dire(famille: int, gabarit: str, titre: str, texte: str, contexte: dict, *, lien: str = "/factures/") -> None:
    """The notification of every adult, and the mail of those who want it."""
    notifier(familles=[famille], categorie=Categorie.PAIEMENTS, titre=titre, texte=texte, lien=lien)
    if adresses := adresses_pour(famille, Categorie.PAIEMENTS).get(famille):
        mettre_en_file(
            destinataires=adresses,
            sujet=titre,
            gabarit=gabarit,
            contexte={**contexte, "lien": lien},
            categorie=Categorie.PAIEMENTS,
        )
