"""Who: people who sign in, households, children, and the papers, contacts, consents and messages of a household."""

from comptes.models.acces import (
    ESSAIS_AU_PLUS,
    ChangementDeCourriel,
    CodeDeSecours,
    DemandeMotDePasse,
    EssaisConnexion,
    LienFranceConnect,
    MotDePasseGenere,
    SessionDuCompte,
)
from comptes.models.autorisations import Autorisation
from comptes.models.contacts import Contact
from comptes.models.demandes import Demande, QuotientFamilial
from comptes.models.documents import Document, DocumentDeLaVille
from comptes.models.fiches import FicheCantine
from comptes.models.foyers import Enfant, EnfantQuerySet, Famille, Rattachement, Responsable
from comptes.models.notifications import Categorie, Notification, RefusDeCourriel
from comptes.models.personnes import Utilisateur, UtilisateurManager, normaliser_courriel
from comptes.models.textes import Texte, VersionDeTexte

__all__ = [
    "ESSAIS_AU_PLUS",
    "Autorisation",
    "Categorie",
    "ChangementDeCourriel",
    "CodeDeSecours",
    "Contact",
    "Demande",
    "DemandeMotDePasse",
    "Document",
    "DocumentDeLaVille",
    "Enfant",
    "EnfantQuerySet",
    "EssaisConnexion",
    "Famille",
    "FicheCantine",
    "LienFranceConnect",
    "MotDePasseGenere",
    "Notification",
    "QuotientFamilial",
    "Rattachement",
    "RefusDeCourriel",
    "Responsable",
    "SessionDuCompte",
    "Texte",
    "Utilisateur",
    "UtilisateurManager",
    "VersionDeTexte",
    "normaliser_courriel",
]
