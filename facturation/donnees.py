"""« Mes données »: what this room holds on a household, and what it leaves out with a reason."""

from comptes.evenements import evenements
from comptes.export import Section
from facturation.models import (
    Avoir,
    Echeance,
    Echeancier,
    Evenement,
    Facture,
    Imputation,
    LigneAvoir,
    LigneFacture,
    Mandat,
    Paiement,
    Prelevement,
    Rejet,
    Relance,
    Remboursement,
    RepasFacture,
    TransactionEnLigne,
)
from reservations.donnees import PAR_INSCRIPTION

CHIFFRE = "chiffré ; sa fin est donnée"
TRAVAIL = "travail des agents sur tous les foyers"
TECHNIQUE = "donnée technique de l’échange avec le Trésor public"

SECTIONS = [
    Section(Facture, "famille"),
    Section(LigneFacture, "facture__famille", avec=PAR_INSCRIPTION),
    Section(RepasFacture, "facture__famille", tus={"ligne": "même facture"}, avec=PAR_INSCRIPTION),
    Section(Evenement, "facture__famille"),
    Section(Avoir, "famille"),
    Section(LigneAvoir, "avoir__famille", tus={"ligne": "même facture", "repas": "même facture"}),
    Section(Paiement, "famille", tus={"cle": "empreinte technique du formulaire"}),
    Section(Rejet, "paiement__famille"),
    Section(Remboursement, "famille"),
    Section(Imputation, "facture__famille"),
    Section(TransactionEnLigne, "famille", tus={"memoire": TECHNIQUE, "detail": TECHNIQUE}),
    Section(Mandat, "famille", tus={"iban": CHIFFRE}),
    Section(Prelevement, "facture__famille", tus={"lot": TRAVAIL}),
    Section(Relance, "facture__famille"),
    Section(Echeancier, "facture__famille"),
    Section(Echeance, "echeancier__facture__famille", avec=("echeancier__facture",)),
    Section(evenements(Mandat), "famille"),
]

EXCLUS = {
    "facturation.Facturation": TRAVAIL,
    "facturation.LotDePrelevements": TRAVAIL,
    "facturation.PropositionAvoir": "projet de la régie, tant qu’aucun avoir n’est émis",
    "facturation.Transmission": TRAVAIL,
    "facturation.Transmission_factures": TRAVAIL,
}
