"""The erasure of a household: what names it goes, what proves a meal or a payment stays without a name.

The rule follows the keys of the database. What would go with a row (CASCADE) goes: contacts, papers, requests,
sessions. What holds a row back (PROTECT), operations and enrolments, stays and points at a household, a child and
logins that have lost their names. So a new table is erased or kept as its key says, without a line here.

The orchestration, and what forbids it, is in portail/effacement.py. Source: GDPR, art. 17.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from django.contrib.admin.models import LogEntry
from django.contrib.auth.hashers import make_password
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import CASCADE, ForeignObjectRel, Model, QuerySet
from django.urls import reverse
from django.utils import timezone
from post_office.models import Email

from comptes.courriels import mettre_en_file
from comptes.evenements import evenements
from comptes.models import (
    Categorie,
    Contact,
    Demande,
    DemandeMotDePasse,
    Enfant,
    EssaisConnexion,
    Famille,
    FicheCantine,
    QuotientFamilial,
    Rattachement,
    Responsable,
    Utilisateur,
)
from comptes.models.documents import FichierAuCoffre
from comptes.services.connexion import cle_de
from comptes.services.documents import effacer_les_fichiers
from comptes.services.notifier import notifier

EFFACE = "effacé"
Cles = dict[type[Model], set]


@dataclass
class Dossier:
    """What is known of a household before it is erased: the rest of the work needs it after."""

    famille: Famille
    comptes: list[Utilisateur]
    adresses: set[str]
    rattachements: list[Rattachement]
    enfants: list[Enfant]  # of this household alone: the others stay with their other household
    fichiers: set[str] = field(default_factory=set)
    touches: Cles = field(default_factory=lambda: defaultdict(set))  # rows of which the agents' journal gives the name

    def supprimer(self, objets: QuerySet) -> None:
        """Delete rows with what depends on them; remember their files and their keys."""
        for modele, lignes in _avec_ce_qui_suit(objets):
            champs = [champ.name for champ in modele._meta.local_fields if isinstance(champ, FichierAuCoffre)]
            for cle, *fichiers in lignes.order_by().values_list("pk", *champs):
                self.touches[modele].add(cle)
                self.fichiers |= set(fichiers)
        objets.delete()

    def supprimer_ce_qui_depend(self, objets: QuerySet, *, sauf: Collection[type[Model]] = ()) -> None:
        """Delete the rows that would go with these, and keep these."""
        for lies in _dependants(objets):
            if lies.model not in sauf:
                self.supprimer(lies)


def _dependants(objets: QuerySet) -> list[QuerySet]:
    """The rows that would go with these, table by table; keys without a way back (`related_name="+"`) count too."""
    return [
        lien.related_model._base_manager.filter(**{f"{lien.field.name}__in": objets.order_by().values("pk")})
        for lien in objets.model._meta.get_fields(include_hidden=True)
        if isinstance(lien, ForeignObjectRel)
        and lien.on_delete is CASCADE
        and not lien.related_model._meta.auto_created
    ]


def _avec_ce_qui_suit(objets: QuerySet) -> list[tuple[type[Model], QuerySet]]:
    suite = [paire for lies in _dependants(objets) for paire in _avec_ce_qui_suit(lies)]
    return [(objets.model, objets), *suite]


# --- Asked and answered ----------------------------------------------------------------------------------------------
def demander_l_effacement(*, famille: Famille, par: Utilisateur) -> Demande:
    """Write down that a household asks for its erasure. One request at a time."""
    try:
        with transaction.atomic():
            return Demande.objects.create(famille=famille, nature=Demande.Nature.EFFACEMENT, deposee_par=par)
    except IntegrityError:
        raise ValidationError("Votre demande d’effacement attend déjà sa réponse.") from None


def retirer_la_demande(*, famille: Famille) -> bool:
    attente = Demande.objects.en_attente().filter(famille=famille, nature=Demande.Nature.EFFACEMENT)
    return bool(attente.update(etat=Demande.Etat.RETIREE, traitee_le=timezone.now()))


def refuser_l_effacement(*, demande: Demande, agent: Utilisateur, mot: str) -> bool:
    """Answer no, with the reason. False when somebody has answered already."""
    with transaction.atomic():
        attente = Demande.objects.en_attente().filter(pk=demande.pk, nature=Demande.Nature.EFFACEMENT)
        faite = attente.update(etat=Demande.Etat.REFUSEE, traitee_le=timezone.now(), traitee_par=agent, reponse=mot)
        if faite:
            mettre_en_file(
                destinataires=_adresses_actives(demande.famille),
                gabarit="effacement_refuse",
                contexte={"mot": mot},
                sujet="Votre demande d’effacement",
            )
            notifier(
                familles=[demande.famille_id],
                categorie=Categorie.DEMANDES,
                titre="Votre demande d’effacement est refusée",
                texte=mot,
                lien=reverse("portail:donnees"),
            )
    return bool(faite)


def _adresses_actives(famille: Famille) -> list[str]:
    actifs = Utilisateur.objects.filter(responsable__famille=famille, is_active=True)
    return list(actifs.order_by("responsable__rang").values_list("email", flat=True))


# --- Erasure ---------------------------------------------------------------------------------------------------------
def ouvrir_le_dossier(famille: Famille) -> Dossier:
    """Lock the household, and know all that names it. In a transaction, after the locks of the enrolments."""
    famille = Famille.objects.select_for_update(no_key=True).get(pk=famille.pk)
    comptes = list(Utilisateur.objects.filter(responsable__famille=famille, is_staff=False))
    anciennes = evenements(Utilisateur)._base_manager.filter(pgh_obj__in=[compte.pk for compte in comptes])
    partages = Rattachement.objects.exclude(famille=famille).filter(famille__anonymisee_le=None)
    return Dossier(
        famille=famille,
        comptes=comptes,
        adresses={compte.email for compte in comptes} | set(anciennes.values_list("email", flat=True)),
        rattachements=list(Rattachement.objects.filter(famille=famille)),
        enfants=list(Enfant.objects.filter(rattachements__famille=famille).exclude(rattachements__in=partages)),
    )


def effacer_le_foyer(dossier: Dossier, *, maintenant: dt.datetime) -> None:
    """Erase what this room holds. The files go, and the household is told, when the transaction is committed."""
    famille, cles = dossier.famille, [compte.pk for compte in dossier.comptes]
    destinataires = _adresses_actives(famille)
    foyer = Famille.objects.filter(pk=famille.pk)
    enfants = Enfant.objects.filter(pk__in=[enfant.pk for enfant in dossier.enfants])
    rattachements = Rattachement.objects.filter(pk__in=[r.pk for r in dossier.rattachements])
    dossier.supprimer_ce_qui_depend(rattachements)
    dossier.supprimer_ce_qui_depend(enfants, sauf=[Rattachement])
    dossier.supprimer(Demande.objects.filter(famille=famille).exclude(nature=Demande.Nature.EFFACEMENT))
    dossier.supprimer_ce_qui_depend(foyer, sauf=[Rattachement, Demande])
    dossier.supprimer_ce_qui_depend(Utilisateur.objects.filter(pk__in=cles), sauf=[LogEntry])
    Demande.objects.filter(famille=famille).update(contenu={}, piece=None, reponse="")
    foyer.update(
        nom=f"effacée n° {famille.pk}",
        **dict.fromkeys(["adresse", "code_postal", "commune", "telephone"], ""),
        rappels=False,
        anonymisee_le=maintenant,
    )
    for enfant in dossier.enfants:
        neutre = {"prenom": "Enfant", "nom": EFFACE, "naissance": dt.date(enfant.naissance.year, 1, 1)}
        Enfant.objects.filter(pk=enfant.pk).update(**neutre)
    for cle in cles:
        Utilisateur.objects.filter(pk=cle).update(
            email=f"efface-{cle}@efface.invalid",
            **dict.fromkeys(["prenom", "nom"], ""),
            password=make_password(None),
            is_active=False,
            last_login=None,
        )
    _oublier_les_adresses(dossier.adresses)
    _oublier_l_historique(dossier)
    _oublier_dans_le_journal(dossier)
    fichiers = sorted(dossier.fichiers)
    transaction.on_commit(lambda: effacer_les_fichiers(fichiers))
    if destinataires:
        mettre_en_file(
            destinataires=destinataires, gabarit="effacement_fait", contexte={}, sujet="Vos données sont effacées"
        )


def _oublier_les_adresses(adresses: set[str]) -> None:
    """What is kept under an address rather than under a key."""
    Email.objects.filter(to__in=adresses).delete()
    DemandeMotDePasse.objects.filter(courriel__in=adresses).delete()
    EssaisConnexion.objects.filter(pk__in=[cle_de(adresse) for adresse in adresses]).delete()


def _oublier_l_historique(dossier: Dossier) -> None:
    """Last of all: what was just erased has written its own lines there."""
    famille, enfants = dossier.famille.pk, [enfant.pk for enfant in dossier.enfants]
    conditions: list[tuple[type[Model], dict]] = [
        (Famille, {"pgh_obj": famille}),
        (Responsable, {"famille": famille}),
        (Rattachement, {"famille": famille}),
        (QuotientFamilial, {"famille": famille}),
        (Contact, {"rattachement__in": [r.pk for r in dossier.rattachements]}),
        (Utilisateur, {"pgh_obj__in": [compte.pk for compte in dossier.comptes]}),
        (Enfant, {"pgh_obj__in": enfants}),
        (FicheCantine, {"enfant__in": enfants}),
    ]
    for modele, condition in conditions:
        evenements(modele)._base_manager.filter(**condition).delete()


def _oublier_dans_le_journal(dossier: Dossier) -> None:
    """The agents' journal keeps who did something, when, to which number; not the names that it copied."""
    dossier.touches[Famille].add(dossier.famille.pk)
    dossier.touches[Rattachement] |= {r.pk for r in dossier.rattachements}
    dossier.touches[Enfant] |= {enfant.pk for enfant in dossier.enfants}
    dossier.touches[Utilisateur] |= {compte.pk for compte in dossier.comptes}
    for modele, cles in dossier.touches.items():
        oublier_dans_le_journal(modele, cles)


def oublier_dans_le_journal(modele: type[Model], cles: Iterable[int]) -> None:
    """Take the names of these rows (primary keys) out of the agents' journal."""
    lignes = LogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(modele), object_id__in=[str(cle) for cle in cles]
    )
    lignes.update(object_repr=EFFACE, change_message="")
