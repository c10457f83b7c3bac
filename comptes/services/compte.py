"""« Mon compte famille »: what applies at once, an address that its owner proves, the sessions open elsewhere."""

import datetime as dt
import hashlib
import secrets

import pghistory
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import salted_hmac

from comptes.courriels import mettre_en_file
from comptes.models import (
    ChangementDeCourriel,
    Famille,
    MotDePasseGenere,
    Responsable,
    SessionDuCompte,
    Utilisateur,
    normaliser_courriel,
)

DUREE = dt.timedelta(hours=24)
PAUSE = dt.timedelta(minutes=2)  # between two links: nobody's mailbox is filled from here


# --- Telephones ------------------------------------------------------------------------------------------------------
def changer_les_telephones(*, famille: Famille, par: Utilisateur, foyer: str, responsables: dict[int, str]) -> int:
    """Write the telephones of the household and of its adults (key → number). How many changed; all or none."""
    changes = 0
    with transaction.atomic(), pghistory.context(user=par.pk):
        verrouillee = Famille.objects.select_for_update(no_key=True).get(pk=famille.pk)
        if verrouillee.telephone != foyer:
            verrouillee.telephone = foyer
            verrouillee.save(update_fields=["telephone"])
            changes += 1
        for responsable in Responsable.objects.filter(famille=famille).select_for_update(no_key=True):
            neuf = responsables.get(responsable.pk, responsable.telephone)
            if neuf != responsable.telephone:
                responsable.telephone = neuf
                responsable.save(update_fields=["telephone"])
                changes += 1
    return changes


# --- Another e-mail address ------------------------------------------------------------------------------------------
def demander_une_adresse(*, utilisateur: Utilisateur, courriel: str) -> None:
    """Send a link to the new address, which alone proves it, and tell the old one. The present password was checked.

    An address that is somebody else's gets a mail too, that says so: the page answers the same. Raises ValidationError
    for one's own address, an agent's account, or a second try too soon.
    """
    adresse = normaliser_courriel(courriel)
    if utilisateur.is_staff or utilisateur.is_superuser:
        raise ValidationError("Votre compte est celui d’un agent : un administrateur change son adresse.")
    if adresse == utilisateur.email:
        raise ValidationError("C’est déjà votre adresse.")
    jeton = secrets.token_urlsafe(32)
    with transaction.atomic():
        compte = Utilisateur.objects.select_for_update(no_key=True).get(pk=utilisateur.pk)
        precedent = ChangementDeCourriel.objects.filter(utilisateur=compte).first()
        if precedent and timezone.now() < precedent.expire_le - DUREE + PAUSE:
            raise ValidationError("Un lien vient de partir. Attendez deux minutes avant d’en demander un autre.")
        ChangementDeCourriel.objects.update_or_create(
            utilisateur=compte,
            defaults={"courriel": adresse, "empreinte": _empreinte(jeton), "expire_le": timezone.now() + DUREE},
        )
        prise = Utilisateur.objects.filter(email=adresse).exists()
        lien = "" if prise else reverse("comptes:confirmer_adresse", args=[jeton])
        mettre_en_file(
            destinataires=[adresse],
            sujet="Votre nouvelle adresse sur le portail famille",
            gabarit="adresse_a_prouver",
            contexte={"lien": lien, "prise": prise},
        )
        mettre_en_file(
            destinataires=[compte.email],
            sujet="Une autre adresse est demandée pour votre compte du portail famille",
            gabarit="adresse_demandee",
            contexte={"utilisateur": compte, "nouvelle": adresse, "instant": timezone.now()},
        )


def adresse_du_lien(jeton: str) -> ChangementDeCourriel | None:
    """The change that this link proves; None when it is over, replaced, or not ours."""
    return (
        ChangementDeCourriel.objects.filter(
            empreinte=_empreinte(jeton), expire_le__gt=timezone.now(), utilisateur__is_active=True
        )
        .select_related("utilisateur")
        .first()
    )


def confirmer_l_adresse(jeton: str) -> Utilisateur | None:
    """The login takes its new address; the link is spent. None when the link is no good, or the address taken since."""
    with transaction.atomic():
        changement = adresse_du_lien(jeton)
        if changement is None or not ChangementDeCourriel.objects.filter(pk=changement.pk).delete()[0]:
            return None
        compte, ancienne = changement.utilisateur, changement.utilisateur.email
        try:
            with transaction.atomic(), pghistory.context(user=compte.pk):
                compte.email = changement.courriel
                compte.save(update_fields=["email"])
        except IntegrityError:
            return None
        # A password sent to the old mailbox must not open the account any more.
        MotDePasseGenere.objects.filter(utilisateur=compte).delete()
        for destinataire in (ancienne, compte.email):
            mettre_en_file(
                destinataires=[destinataire],
                sujet="L’adresse de votre compte du portail famille a changé",
                gabarit="adresse_changee",
                contexte={"ancienne": ancienne, "nouvelle": compte.email, "instant": timezone.now()},
            )
    return compte


def _empreinte(jeton: str) -> str:
    return hashlib.sha256(jeton.encode(errors="replace")).hexdigest()


# --- Sessions --------------------------------------------------------------------------------------------------------
def repere(session: SessionDuCompte) -> str:
    """What names a session on a page: its key would let in whoever reads the page."""
    return salted_hmac("comptes.session", session.session_key, algorithm="sha256").hexdigest()[:32]


def sessions_ailleurs(*, utilisateur: Utilisateur, ici: str | None) -> list[SessionDuCompte]:
    """The sessions of this account that are still open, but this one; the latest seen first."""
    return list(
        SessionDuCompte.objects.filter(utilisateur=utilisateur, expire_date__gt=timezone.now())
        .exclude(session_key=ici)
        .order_by("-vue_le", "session_key")
    )


def fermer_les_sessions(*, utilisateur: Utilisateur, ici: str | None, seulement: str = "") -> int:
    """End the sessions open elsewhere, or the one that `seulement` names. How many ended."""
    fermees = [
        s.session_key
        for s in sessions_ailleurs(utilisateur=utilisateur, ici=ici)
        if not seulement or repere(s) == seulement
    ]
    return SessionDuCompte.objects.filter(session_key__in=fermees).delete()[0]
