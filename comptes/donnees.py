"""« Mes données »: what this room holds on a household, and what it leaves out with a reason."""

from django.db.models import Q
from post_office.models import Email

from comptes.evenements import evenements
from comptes.export import Section
from comptes.models import (
    Autorisation,
    ChangementDeCourriel,
    Contact,
    Demande,
    DemandeMotDePasse,
    Document,
    Enfant,
    Famille,
    FicheCantine,
    LienFranceConnect,
    Notification,
    QuotientFamilial,
    Rattachement,
    RefusDeCourriel,
    Responsable,
    SessionDuCompte,
    Utilisateur,
)

CLE_D_ACCES = "secret d’accès : le donner affaiblirait le compte"
AUTRE_PARENT = "peut être un parent de l’autre foyer de l’enfant"
INTERNE = "emplacement interne : le fichier lui-même est joint"


def adresses_de(famille: int):
    return Utilisateur.objects.filter(responsable__famille=famille).values("email")


def _courriels(famille: int) -> Q:
    return Q(to__in=adresses_de(famille))


def _mots_de_passe_demandes(famille: int) -> Q:
    return Q(courriel__in=adresses_de(famille))


SECTIONS = [
    Section(Famille, "pk"),
    Section(Responsable, "famille"),
    Section(Utilisateur, "responsable__famille", tus={"password": CLE_D_ACCES}),
    Section(Enfant, "rattachements__famille"),
    Section(Rattachement, "famille"),
    Section(FicheCantine, "enfant__rattachements__famille", tus={"modifie_par": AUTRE_PARENT}),
    Section(Contact, "rattachement__famille", avec=("rattachement__enfant", "rattachement__famille")),
    Section(
        Autorisation,
        "rattachement__famille",
        avec=("rattachement__enfant", "rattachement__famille", "version__texte"),
    ),
    Section(QuotientFamilial, "famille"),
    Section(Document, "famille", tus={"fichier": INTERNE}),
    Section(Demande, "famille"),
    Section(Notification, "destinataire__famille"),
    Section(RefusDeCourriel, "responsable__famille"),
    Section(
        SessionDuCompte,
        "utilisateur__responsable__famille",
        tus={"session_key": CLE_D_ACCES, "session_data": CLE_D_ACCES},
    ),
    Section(ChangementDeCourriel, "utilisateur__responsable__famille", tus={"empreinte": CLE_D_ACCES}),
    Section(LienFranceConnect, "utilisateur__responsable__famille"),
    Section(
        DemandeMotDePasse,
        _mots_de_passe_demandes,
        tus={"expediteur": "empreinte qui protège d’un abus, sans lien avec la famille"},
    ),
    Section(Email, _courriels, seulement=("to", "subject", "message", "created")),
    Section(evenements(Famille), "pgh_obj"),
    Section(evenements(Responsable), "famille"),
    Section(evenements(Utilisateur), "pgh_obj__responsable__famille"),
    Section(evenements(Enfant), "pgh_obj__rattachements__famille"),
    Section(evenements(Rattachement), "famille"),
    Section(evenements(FicheCantine), "enfant__rattachements__famille", tus={"modifie_par": AUTRE_PARENT}),
    Section(evenements(Contact), "rattachement__famille"),
    Section(evenements(QuotientFamilial), "famille"),
]

# Models that lead to a household, an adult or a child, and why they are not given.
EXCLUS = {
    "admin.LogEntry": "journal des actes des agents : leur nom et leur travail",
    "comptes.CodeDeSecours": CLE_D_ACCES,
    "comptes.MotDePasseGenere": CLE_D_ACCES,
    "comptes.Utilisateur_groups": "rôles des agents",
    "comptes.Utilisateur_user_permissions": "rôles des agents",
    "comptes.VersionDeTexte": "texte public de la ville ; son auteur est un agent",
    "otp_static.StaticDevice": CLE_D_ACCES,
    "otp_static.StaticToken": CLE_D_ACCES,
    "otp_totp.TOTPDevice": CLE_D_ACCES,
}
