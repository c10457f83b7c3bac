"""Money: bills, avoirs, payments, and what was done about them."""

from facturation.models.avoir import Avoir, LigneAvoir, PropositionAvoir
from facturation.models.en_ligne import TransactionEnLigne
from facturation.models.evenement import Evenement
from facturation.models.facture import Compteur, Facturation, Facture, LigneFacture, RepasFacture
from facturation.models.paiement import Imputation, Paiement, Rejet, Remboursement, avec_disponible
from facturation.models.pdf import PieceImprimee
from facturation.models.prelevement import LotDePrelevements, Mandat, Prelevement
from facturation.models.relance import Echeance, Echeancier, Relance, Transmission

__all__ = [
    "Avoir",
    "Compteur",
    "Echeance",
    "Echeancier",
    "Evenement",
    "Facturation",
    "Facture",
    "Imputation",
    "LigneAvoir",
    "LigneFacture",
    "LotDePrelevements",
    "Mandat",
    "Paiement",
    "PieceImprimee",
    "Prelevement",
    "PropositionAvoir",
    "Rejet",
    "Relance",
    "Remboursement",
    "RepasFacture",
    "TransactionEnLigne",
    "Transmission",
    "avec_disponible",
]
