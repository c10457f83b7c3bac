"""« Mes données »: what this room holds on a household, and what it leaves out with a reason."""

from comptes.donnees import CLE_D_ACCES, INTERNE
from comptes.evenements import evenements
from comptes.export import Section
from reservations.models import (
    Absence,
    Attente,
    Ecart,
    EnfantDeLaDemande,
    FluxCalendrier,
    Inscription,
    MessageDeLaVille,
    Mouvement,
    Operation,
    PieceDeLaDemande,
    PremiereDemande,
    Rappel,
    Reservation,
)

DE_LA_VILLE = "décision de la ville pour tous, sans donnée d’une famille"
COPIE = "copie de l’inscription et du jour"
PAR_INSCRIPTION = (
    "inscription__rattachement__enfant",
    "inscription__rattachement__famille",
    "inscription__activite",
    "inscription__annee",
)

SECTIONS = [
    Section(
        Inscription,
        "rattachement__famille",
        avec=("rattachement__enfant", "rattachement__famille"),
    ),
    Section(
        Reservation, "inscription__rattachement__famille", tus={"journee": COPIE, "enfant": COPIE}, avec=PAR_INSCRIPTION
    ),
    Section(
        Absence, "inscription__rattachement__famille", tus={"journee": COPIE, "enfant": COPIE}, avec=PAR_INSCRIPTION
    ),
    Section(
        Ecart,
        "inscription__rattachement__famille",
        tus={"pointage": "travail de la cantine", "enfant": COPIE},
        avec=PAR_INSCRIPTION,
    ),
    Section(
        Attente, "inscription__rattachement__famille", tus={"journee": COPIE, "enfant": COPIE}, avec=PAR_INSCRIPTION
    ),
    Section(Operation, "famille", tus={"cle": "empreinte technique du formulaire"}),
    Section(Mouvement, "operation__famille", avec=PAR_INSCRIPTION),
    Section(Rappel, "famille"),
    Section(MessageDeLaVille, "famille"),
    Section(FluxCalendrier, "utilisateur__responsable__famille", tus={"jeton": CLE_D_ACCES}),
    Section(
        PremiereDemande, "famille", tus={"empreinte": CLE_D_ACCES, "expediteur": "empreinte qui protège d’un abus"}
    ),
    Section(EnfantDeLaDemande, "demande__famille"),
    Section(PieceDeLaDemande, "demande__famille", tus={"fichier": INTERNE}),
    Section(evenements(Inscription), "rattachement__famille"),
    Section(
        evenements(Ecart),
        "inscription__rattachement__famille",
        tus={"pointage": "travail de la cantine", "enfant": COPIE},
    ),
]

EXCLUS = {
    "reservations.AnnulationCollective": DE_LA_VILLE,
    "reservations.AnnulationCollective_activites": DE_LA_VILLE,
    "reservations.Fermeture": DE_LA_VILLE,
    "reservations.FermetureEvent": DE_LA_VILLE,
    "reservations.Pointage": "travail de la cantine sur tout un service",
    "reservations.PointageEvent": "travail de la cantine sur tout un service",
}
