"""What households and the régie are told of payments online, in the transaction of what it tells."""

from collections.abc import Iterable
from decimal import Decimal

from django.conf import settings
from django.urls import reverse

from comptes.courriels import mettre_en_file
from comptes.francais import INSECABLE, euros
from comptes.models import Categorie
from comptes.services.notifier import adresses_pour, notifier
from facturation.models import Paiement, TransactionEnLigne


def dire_le_paiement(ligne: TransactionEnLigne, *, avance: Decimal) -> None:
    """Received, with its receipt number; what no bill needed is the household's advance."""
    paiement = ligne.paiement
    assert paiement
    texte = f"Quittance n° {paiement.numero}."
    if avance:
        texte += f" {euros(avance)} ne correspondaient à aucune facture due{INSECABLE}: ils restent votre avance."
    _dire(
        ligne,
        "paiement_recu",
        f"Paiement reçu{INSECABLE}: {euros(paiement.montant)}",
        texte,
        {
            "paiement": paiement,
            "avance": avance,
            "revocable": paiement.moyen == Paiement.Moyen.PRELEVEMENT_EN_LIGNE,
        },
    )


def dire_le_refus(ligne: TransactionEnLigne) -> None:
    """Refused: the page said it to whoever came back; the others read it here. No mail: nothing has changed."""
    notifier(
        familles=[ligne.famille_id],
        categorie=Categorie.PAIEMENTS,
        titre=f"Paiement refusé{INSECABLE}: {euros(ligne.montant)}",
        texte=f"La facture n° {ligne.facture.numero} reste à régler. Rien n’a été débité.",
        lien=reverse("facturation:retour", args=[ligne.refdet]),
    )


def dire_le_rejet(ligne: TransactionEnLigne) -> None:
    """A direct debit that the bank took back: due again."""
    _dire(
        ligne,
        "paiement_rejete",
        f"Prélèvement rejeté{INSECABLE}: {euros(ligne.montant)}",
        f"La facture n° {ligne.facture.numero} est de nouveau à régler.",
        {"paiement": ligne.paiement},
    )


def prevenir_la_regie(ligne: TransactionEnLigne, ecarts: Iterable[str]) -> None:
    """What the gateway says is not what was asked: nothing is credited, a person looks."""
    if settings.REGIE["courriel"]:
        mettre_en_file(
            destinataires=[str(settings.REGIE["courriel"])],
            sujet=f"Paiement en ligne à vérifier{INSECABLE}: {ligne.refdet}",
            gabarit="paiement_suspect",
            contexte={"ligne": ligne, "ecarts": list(ecarts)},
        )


def _dire(ligne: TransactionEnLigne, gabarit: str, titre: str, texte: str, contexte: dict) -> None:
    lien = reverse("facturation:retour", args=[ligne.refdet])
    notifier(familles=[ligne.famille_id], categorie=Categorie.PAIEMENTS, titre=titre, texte=texte, lien=lien)
    if adresses := adresses_pour(ligne.famille_id, Categorie.PAIEMENTS).get(ligne.famille_id):
        mettre_en_file(
            destinataires=adresses,
            sujet=titre,
            gabarit=gabarit,
            contexte={"ligne": ligne, "facture": ligne.facture, "lien": lien, **contexte},
            categorie=Categorie.PAIEMENTS,
        )
