"""« Mes données »: what this room holds on a household, and what it leaves out with a reason."""

from django.db.models import Q

from comptes.donnees import CLE_D_ACCES, INTERNE, adresses_de
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


def premieres_demandes(famille: int) -> Q:
    """The first requests of a household: the one that made it, and those that its addresses proved, refused ones too.

    One never confirmed may have been written by anybody under an address that is not theirs.
    """
    prouvees = Q(courriel__in=adresses_de(famille)) & ~Q(etat=PremiereDemande.Etat.A_CONFIRMER)
    return Q(famille=famille) | prouvees


def _de_la_demande(famille: int) -> Q:
    return Q(demande__in=PremiereDemande.objects.filter(premieres_demandes(famille)))


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
        PremiereDemande,
        premieres_demandes,
        tus={"empreinte": CLE_D_ACCES, "expediteur": "empreinte qui protège d’un abus"},
    ),
    Section(EnfantDeLaDemande, _de_la_demande),
    Section(PieceDeLaDemande, _de_la_demande, tus={"fichier": INTERNE}),
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
