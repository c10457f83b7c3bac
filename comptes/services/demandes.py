"""Requests of a household that the town must check: filed, withdrawn, answered by an agent with a word."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pghistory
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from comptes.courriels import mettre_en_file
from comptes.francais import INSECABLE
from comptes.models import Categorie, Demande, Document, Famille, QuotientFamilial, Utilisateur
from comptes.regles_quotient import verifier_un_quotient
from comptes.services.documents import deposer
from comptes.services.notifier import adresses_pour, notifier
from comptes.services.quotients import changement_du_foyer, enregistrer_un_quotient
from comptes.televersement import FichierLu

DEJA = "Une demande de cette nature attend déjà sa réponse. Retirez-la pour en faire une autre."


def demander_une_adresse_postale(
    *, famille: Famille, par: Utilisateur, adresse: str, code_postal: str, commune: str, justificatif: FichierLu | None
) -> Demande:
    """Ask for another postal address: it counts for the tariff of residents, so an agent looks at it."""
    contenu = {"adresse": adresse, "code_postal": code_postal, "commune": commune}
    if contenu == {nom: getattr(famille, nom) for nom in contenu}:
        raise ValidationError("C’est déjà votre adresse.")
    return _deposer(famille, par, Demande.Nature.ADRESSE, contenu, justificatif, Document.Nature.DOMICILE)


def demander_un_quotient(
    *, famille: Famille, par: Utilisateur, valeur: int, mois: dt.date, attestation: FichierLu | None
) -> Demande:
    """Give one's quotient familial with the attestation of the CAF or the MSA. Raises ValidationError without it."""
    if attestation is None:
        raise ValidationError("Joignez l’attestation de la CAF ou de la MSA.")
    contenu = {"valeur": valeur, "mois": mois.replace(day=1).isoformat()}
    return _deposer(famille, par, Demande.Nature.QUOTIENT, contenu, attestation, Document.Nature.QUOTIENT)


def _deposer(famille, par, nature, contenu, lu, nature_du_document) -> Demande:
    """The request with its paper, or neither. Raises ValidationError when one is waiting already."""
    if Demande.objects.filter(famille=famille, nature=nature).en_attente().exists():
        raise ValidationError(DEJA)
    try:
        with transaction.atomic():
            piece = _papier(famille, par, lu, nature_du_document) if lu else None
            return Demande.objects.create(famille=famille, nature=nature, contenu=contenu, piece=piece, deposee_par=par)
    except IntegrityError:
        raise ValidationError(DEJA) from None


def _papier(famille, par, lu: FichierLu, nature) -> Document:
    """The paper: the one kept already when it is the same."""
    garde = Document.objects.filter(famille=famille, enfant=None, nature=nature, empreinte=lu.empreinte).first()
    return garde or deposer(famille=famille, enfant=None, nature=nature, lu=lu, par=par)


def retirer(*, demande: Demande, par: Utilisateur) -> None:
    """The household changes its mind, while nobody has answered. Raises ValidationError afterwards."""
    with transaction.atomic():
        demande = _attendue(demande)
        _clore(demande, Demande.Etat.RETIREE, par, "")


def accepter(*, demande: Demande, agent: Utilisateur, mot: str = "", lu: dict[str, Any] | None = None) -> Demande:
    """Do what was asked, and tell the household. Raises ValidationError when it was answered before.

    `lu`: the `valeur` and the `mois` of a quotient as the agent reads them on the attestation, which count.
    """
    with transaction.atomic(), pghistory.context(user=agent.pk):
        demande = _attendue(demande)
        if lu is not None:
            _corriger(demande, lu)
        APPLIQUER[demande.nature](demande, agent)
        return _repondre(demande, Demande.Etat.ACCEPTEE, agent, mot)


def refuser(*, demande: Demande, agent: Utilisateur, mot: str) -> Demande:
    """Refuse with a reason, that the household reads."""
    if not mot.strip():
        raise ValidationError("Dites à la famille pourquoi sa demande est refusée.")
    with transaction.atomic():
        return _repondre(_attendue(demande), Demande.Etat.REFUSEE, agent, mot)


def _attendue(demande: Demande) -> Demande:
    """The request under lock, still waiting."""
    verrou = Demande.objects.select_related("famille").select_for_update(of=("self",), no_key=True)
    verrouillee = verrou.get(pk=demande.pk)
    if verrouillee.etat != Demande.Etat.DEPOSEE:
        raise ValidationError(f"Cette demande est déjà {verrouillee.get_etat_display().lower()}.")
    return verrouillee


def _appliquer_l_adresse(demande: Demande, agent: Utilisateur) -> None:
    with changement_du_foyer(demande.famille, depuis=timezone.localdate(), par=agent):
        famille = Famille.objects.select_for_update(no_key=True).get(pk=demande.famille_id)
        for nom in ("adresse", "code_postal", "commune"):
            setattr(famille, nom, demande.contenu[nom])
        famille.save(update_fields=["adresse", "code_postal", "commune"])


def _corriger(demande: Demande, lu: dict[str, Any]) -> None:
    """Keep what the agent read beside what the family asked, when they differ."""
    retenu = {"valeur": lu["valeur"], "mois": lu["mois"].isoformat()}
    if retenu != {nom: demande.contenu[nom] for nom in retenu}:
        demande.contenu["retenu"] = retenu
        demande.save(update_fields=["contenu"])


def _appliquer_le_quotient(demande: Demande, agent: Utilisateur) -> None:
    retenu = demande.contenu.get("retenu", demande.contenu)
    valeur, mois = retenu["valeur"], dt.date.fromisoformat(retenu["mois"])
    verifier_un_quotient(valeur, mois, timezone.localdate())
    enregistrer_un_quotient(
        famille=demande.famille, mois=mois, valeur=valeur, source=QuotientFamilial.Source.DOCUMENT, par=agent
    )


# Nature → what accepting it does. An erasure goes through every room: it has its own service.
APPLIQUER: dict[str, Callable[[Demande, Utilisateur], None]] = {
    Demande.Nature.ADRESSE: _appliquer_l_adresse,
    Demande.Nature.QUOTIENT: _appliquer_le_quotient,
}


def _clore(demande, etat, par, mot) -> None:
    demande.etat, demande.traitee_par, demande.traitee_le, demande.reponse = etat, par, timezone.now(), mot.strip()
    demande.save(update_fields=["etat", "traitee_par", "traitee_le", "reponse"])


def _repondre(demande, etat, agent, mot) -> Demande:
    _clore(demande, etat, agent, mot)
    titre = f"{demande.get_nature_display()}{INSECABLE}: demande {demande.get_etat_display().lower()}"
    notifier(
        familles=[demande.famille_id],
        categorie=Categorie.DEMANDES,
        titre=titre,
        texte=" ".join(filter(None, [demande.retenu, demande.reponse])),
        lien=reverse("comptes:compte"),
    )
    mettre_en_file(
        destinataires=adresses_pour(demande.famille, Categorie.DEMANDES).get(demande.famille_id, []),
        sujet=titre,
        gabarit="demande_repondue",
        contexte={"demande": demande, "acceptee": etat == Demande.Etat.ACCEPTEE},
        categorie=Categorie.DEMANDES,
    )
    return demande
