"""The file of a child as its household reads it: card, papers, contacts, answers; and what they still lack."""

import datetime as dt
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q

from comptes.lecture_autorisations import nombre_a_signer
from comptes.models import Contact, Document, Enfant, FicheCantine, Rattachement, Utilisateur
from comptes.regles import Manque, auteur_vu, ce_qui_manque


@dataclass(frozen=True)
class Dossier:
    """`fiche` is blank when nobody has filled it, None for the agent who helps the family: health stays with it.

    `pai_document` is this household's, `pai_ailleurs` says that the other one gave it.
    """

    rattachement: Rattachement
    fiche: FicheCantine | None
    auteur: str
    partage: bool
    pai_document: Document | None
    pai_ailleurs: bool
    contacts: list[Contact]
    sans_reponse: int

    def manques(self, *, inscrit: bool, aujourdhui: dt.date) -> list[Manque]:
        fiche = self.fiche or FicheCantine()
        return ce_qui_manque(
            inscrit=inscrit,
            a_appeler=sum(contact.a_appeler for contact in self.contacts),
            pai=fiche.pai,
            pai_fin=fiche.pai_fin,
            pai_document=bool(self.pai_document or self.pai_ailleurs),
            medecin=bool(fiche.medecin and fiche.medecin_telephone),
            sans_reponse=self.sans_reponse,
            aujourdhui=aujourdhui,
        )


def auteur_de(fiche: FicheCantine, *, lecteur: Utilisateur, foyer: int) -> str:
    """Whom the reader is told of as the last author; the card comes with `modifie_par__responsable`."""
    par = fiche.modifie_par
    responsable = getattr(par, "responsable", None)
    return auteur_vu(
        auteur=par.pk if par else None,
        agent=bool(par and par.is_staff),
        nom=str(responsable or ""),
        foyer_de_l_auteur=responsable.famille_id if responsable else None,
        lecteur=lecteur.pk,
        foyer=foyer,
    )


def fiche_de(enfant: Enfant) -> FicheCantine:
    """The card of a child that a door has opened, or a blank one, not saved."""
    connue = FicheCantine.objects.filter(enfant=enfant).select_related("modifie_par__responsable").first()
    return connue or FicheCantine(enfant=enfant)


def pai_valables(enfant: Enfant, *, aujourdhui: dt.date) -> list[Document]:
    """The papers of a PAI that still hold, the latest first, whichever household gave them: health."""
    valables = Q(expire_le__isnull=True) | Q(expire_le__gte=aujourdhui)
    return list(Document.objects.filter(valables, enfant=enfant, nature=Document.Nature.PAI))


def lire_dossier(enfant: Enfant, *, lecteur: Utilisateur, aujourdhui: dt.date) -> Dossier:
    """What concerns this child and may be read by this household. The child comes from its door."""
    autres = Rattachement.objects.filter(enfant=OuterRef("enfant")).exclude(pk=OuterRef("pk"))
    rattachement = Rattachement.objects.de(lecteur).annotate(partage=Exists(autres)).get(enfant=enfant)
    fiche = None if lecteur.famille_accompagnee else fiche_de(enfant)
    documents = pai_valables(enfant, aujourdhui=aujourdhui) if fiche and fiche.pai else []
    return Dossier(
        rattachement=rattachement,
        fiche=fiche,
        auteur=auteur_de(fiche, lecteur=lecteur, foyer=rattachement.famille_id) if fiche else "",
        partage=rattachement.partage,
        pai_document=next((d for d in documents if d.famille_id == rattachement.famille_id), None),
        pai_ailleurs=any(d.famille_id != rattachement.famille_id for d in documents),
        contacts=list(Contact.objects.filter(rattachement=rattachement)),
        sans_reponse=nombre_a_signer(lecteur, enfant=enfant),
    )
