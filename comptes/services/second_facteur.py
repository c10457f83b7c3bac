"""Second factor: a code of the telephone (TOTP, RFC 6238), and recovery codes for the day it is lost."""

import base64
import secrets

from django.conf import settings
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django_otp import verify_token
from django_otp.plugins.otp_totp.models import TOTPDevice

from comptes.courriels import mettre_en_file
from comptes.models import CodeDeSecours, SessionDuCompte, Utilisateur

CODES = 10
OCTETS = 10  # 80 bits: a fast hash is enough, nobody guesses them


def impose_a(utilisateur: Utilisateur) -> bool:
    """Whether the town asks this person for a second factor: agents, where the setting says so."""
    return settings.SECOND_FACTEUR_AGENTS and (utilisateur.is_staff or utilisateur.is_superuser)


def appareil_de(utilisateur: Utilisateur) -> TOTPDevice | None:
    """The telephone that this person proved to hold."""
    return TOTPDevice.objects.filter(user=utilisateur, confirmed=True).first()


def preparer(utilisateur: Utilisateur) -> TOTPDevice:
    """The secret offered to a telephone: reloading the page does not change it."""
    with transaction.atomic():
        Utilisateur.objects.select_for_update(no_key=True).get(pk=utilisateur.pk)
        attente = TOTPDevice.objects.filter(user=utilisateur, confirmed=False).first()
        return attente or TOTPDevice.objects.create(user=utilisateur, name="Téléphone", confirmed=False)


def confirmer(*, utilisateur: Utilisateur, code: str, session: str | None) -> tuple[TOTPDevice | None, list[str]]:
    """The first code of the telephone: from now on it is asked. The device and the recovery codes, shown once.

    The other sessions of the account end, they were opened without it. (None, []) when the code is wrong.
    """
    with transaction.atomic():
        compte = Utilisateur.objects.select_for_update(no_key=True).get(pk=utilisateur.pk)
        attente = TOTPDevice.objects.select_for_update().filter(user=compte, confirmed=False).first()
        if attente is None or appareil_de(compte) or not attente.verify_token(code):
            return None, []
        attente.confirmed = True
        attente.save(update_fields=["confirmed"])
        SessionDuCompte.objects.filter(utilisateur=compte).exclude(session_key=session).delete()
        codes = _nouveaux_codes(compte)
        _prevenir(compte, "active")
    return attente, codes


def renouveler_les_codes(utilisateur: Utilisateur) -> list[str]:
    """New recovery codes: the former ones end."""
    with transaction.atomic():
        Utilisateur.objects.select_for_update(no_key=True).get(pk=utilisateur.pk)
        return _nouveaux_codes(utilisateur)


def verifier_code(*, utilisateur: Utilisateur, code: str) -> TOTPDevice | None:
    """The person's device when this is one of its codes, or one of the recovery codes, which is spent.

    A code serves once, and after each wrong one the device refuses all for twice as long (django-otp). A recovery code
    is read even then: nobody can keep a person out by guessing.
    """
    appareil = appareil_de(utilisateur)
    if appareil is None:
        return None
    saisi = "".join(code.split()).replace("-", "")
    if len(saisi) > 6:
        depense, _ = CodeDeSecours.objects.filter(utilisateur=utilisateur, empreinte=_empreinte(saisi)).delete()
        return appareil if depense else None
    return verify_token(utilisateur, appareil.persistent_id, saisi)


def attente_restante(utilisateur: Utilisateur) -> int:
    """Seconds before the device reads a code again, after wrong ones."""
    appareil = appareil_de(utilisateur)
    if appareil is None:
        return 0
    permis, detail = appareil.verify_is_allowed()
    if permis or not detail:
        return 0
    return max(1, round((detail["locked_until"] - timezone.now()).total_seconds()))


def retirer(*, utilisateur: Utilisateur, agent: Utilisateur | None = None) -> bool:
    """No second factor any more: by the person, or by an agent for who lost the telephone and the codes.

    Sessions end when an agent does it. False when there was none.
    """
    with transaction.atomic():
        retires, _ = TOTPDevice.objects.filter(user=utilisateur).delete()
        CodeDeSecours.objects.filter(utilisateur=utilisateur).delete()
        if not retires:
            return False
        if agent:
            SessionDuCompte.objects.filter(utilisateur=utilisateur).delete()
            LogEntry.objects.create(
                user=agent,
                content_type=ContentType.objects.get_for_model(Utilisateur),
                object_id=str(utilisateur.pk),
                object_repr=str(utilisateur)[:200],
                action_flag=CHANGE,
                change_message="Second facteur retiré",
            )
        _prevenir(utilisateur, "retire")
    return True


def _nouveaux_codes(utilisateur: Utilisateur) -> list[str]:
    bruts = [base64.b32encode(secrets.token_bytes(OCTETS)).decode().lower() for _ in range(CODES)]
    CodeDeSecours.objects.filter(utilisateur=utilisateur).delete()
    CodeDeSecours.objects.bulk_create([CodeDeSecours(utilisateur=utilisateur, empreinte=_empreinte(b)) for b in bruts])
    return ["-".join(brut[n : n + 4] for n in range(0, len(brut), 4)) for brut in bruts]


def _empreinte(code: str) -> str:
    return salted_hmac("comptes.code_de_secours", code.lower(), algorithm="sha256").hexdigest()


def _prevenir(utilisateur: Utilisateur, fait: str) -> None:
    mettre_en_file(
        destinataires=[utilisateur.email],
        sujet=f"Second facteur {'activé' if fait == 'active' else 'retiré'} sur votre compte du portail famille",
        gabarit="second_facteur",
        contexte={"utilisateur": utilisateur, "active": fait == "active", "instant": timezone.now()},
    )
