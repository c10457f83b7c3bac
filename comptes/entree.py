"""The last steps of signing in, whatever the way in: the second factor where there is one, then the session."""

import time
from dataclasses import dataclass

from django.contrib.auth import login
from django.shortcuts import redirect
from django_otp import login as marquer_verifie
from django_otp.plugins.otp_totp.models import TOTPDevice

from comptes.models import Utilisateur
from comptes.services.second_facteur import appareil_de
from comptes.sessions import APPAREIL, OUVERTE

ATTENTE = "second_facteur"  # key of the session: who has given a password and owes a code
DUREE = 300  # seconds to type the code


@dataclass(frozen=True)
class EntreeEnAttente:
    """A password was right; the code of the telephone is awaited. Nobody is signed in yet."""

    utilisateur: Utilisateur
    backend: str
    suite: str


def entrer(request, utilisateur: Utilisateur, *, backend: str, suite: str):
    """Sign the person in and send them to `suite`; by the page of the code first, when they have a second factor."""
    if appareil_de(utilisateur) is None:
        ouvrir(request, utilisateur, backend=backend)
        return redirect(suite)
    request.session.cycle_key()
    request.session[ATTENTE] = {
        "utilisateur": utilisateur.pk,
        "empreinte": utilisateur.get_session_auth_hash(),
        "backend": backend,
        "suite": suite,
        "depuis": int(time.time()),
    }
    return redirect("comptes:code_de_connexion")


def en_attente(request) -> EntreeEnAttente | None:
    """Who owes a code in this browser. None once it is too late, or when the password has changed since."""
    garde = request.session.get(ATTENTE)
    if not garde or not 0 <= time.time() - garde["depuis"] <= DUREE:
        return None
    utilisateur = Utilisateur.objects.filter(pk=garde["utilisateur"], is_active=True).first()
    if utilisateur is None or utilisateur.get_session_auth_hash() != garde["empreinte"]:
        return None
    return EntreeEnAttente(utilisateur, garde["backend"], garde["suite"])


def ouvrir(request, utilisateur: Utilisateur, *, backend: str, appareil: TOTPDevice | None = None) -> None:
    """Open the session, under a new key, and write down when and on what."""
    request.session.pop(ATTENTE, None)
    login(request, utilisateur, backend=backend)
    request.session[OUVERTE] = int(time.time())
    request.session[APPAREIL] = request.META.get("HTTP_USER_AGENT", "").replace("\0", "")[:200]
    if appareil:
        marquer_verifie(request, appareil)
