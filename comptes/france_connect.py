"""FranceConnect (OpenID Connect), by mozilla-django-oidc: state, nonce, PKCE and signatures are its work.

What we add: the issuer, the audience and the subject are checked, and an identity opens the login that its owner
linked, never the one that has the same e-mail. Source: FranceConnect's documentation for service providers, v2.
"""

import time
from dataclasses import dataclass
from urllib.parse import urlencode

import jwt
import requests
from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from mozilla_django_oidc.auth import OIDCAuthenticationBackend
from mozilla_django_oidc.utils import import_from_settings

from comptes.models import Utilisateur
from comptes.services.france_connect import compte_de

A_LIER, JETON = "france_connect_a_lier", "france_connect_jeton"  # keys of the session
DUREE = 600  # seconds to prove the local login after FranceConnect
# What a provider that is down, slow, broken or hostile makes the library raise.
ECHECS = (
    requests.RequestException,
    jwt.PyJWTError,
    SuspiciousOperation,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
)


def actif() -> bool:
    return bool(settings.FRANCECONNECT["emetteur"])


def reglage(nom: str, *defaut):
    """The library's settings, made of ours."""
    emetteur, client, secret = (settings.FRANCECONNECT[cle] for cle in ("emetteur", "client", "secret"))
    notres = {
        "OIDC_OP_AUTHORIZATION_ENDPOINT": f"{emetteur}/authorize",
        "OIDC_OP_TOKEN_ENDPOINT": f"{emetteur}/token",
        "OIDC_OP_USER_ENDPOINT": f"{emetteur}/userinfo",
        "OIDC_OP_JWKS_ENDPOINT": f"{emetteur}/jwks",
        "OIDC_RP_CLIENT_ID": client,
        "OIDC_RP_CLIENT_SECRET": secret,
        "OIDC_RP_SIGN_ALGO": "RS256",
        "OIDC_RP_SCOPES": "openid",
        "OIDC_USE_PKCE": True,
        "OIDC_TIMEOUT": 5,
        "OIDC_AUTHENTICATION_CALLBACK_URL": "comptes:france_connect_retour",
        "OIDC_AUTH_REQUEST_EXTRA_PARAMS": {"acr_values": "eidas1", "prompt": "login"},
    }
    return notres[nom] if nom in notres else import_from_settings(nom, *defaut)


@dataclass(frozen=True)
class Identite:
    emetteur: str
    sub: str


class Echange(OIDCAuthenticationBackend):
    """One exchange of a code for an identity. Not in AUTHENTICATION_BACKENDS: only our view calls it."""

    identite: Identite | None = None
    jeton = ""

    @staticmethod
    def get_settings(attr, *args):
        return reglage(attr, *args)

    def verify_token(self, token, **kwargs):
        """Issuer, audience, expiry and subject: OpenID Connect Core 1.0, §3.1.3.7. The library checks the rest."""
        contenu = super().verify_token(token, **kwargs)
        client = settings.FRANCECONNECT["client"]
        public = contenu.get("aud")
        if contenu.get("iss") != settings.FRANCECONNECT["emetteur"]:
            raise SuspiciousOperation("Jeton d’un autre émetteur.")
        if public != client and not (isinstance(public, list) and public == [client]):
            raise SuspiciousOperation("Jeton destiné à un autre service.")
        if not isinstance(contenu.get("exp"), int | float):
            raise SuspiciousOperation("Jeton sans fin.")
        if not isinstance(contenu.get("sub"), str) or not 0 < len(contenu["sub"]) <= 255:
            raise SuspiciousOperation("Jeton sans identifiant.")
        return contenu

    def store_tokens(self, access_token, id_token):
        self.jeton = id_token

    def get_or_create_user(self, access_token, id_token, payload) -> Utilisateur | None:
        """The linked login. What FranceConnect knows of the person (userinfo) is not even asked for."""
        self.identite = Identite(payload["iss"], payload["sub"])
        return compte_de(emetteur=self.identite.emetteur, sub=self.identite.sub)


def retenir(request, identite: Identite, jeton: str) -> None:
    """Keep a proved identity until its owner has signed in with the local password."""
    request.session[A_LIER] = {"emetteur": identite.emetteur, "sub": identite.sub, "depuis": int(time.time())}
    request.session[JETON] = jeton


def a_lier(request) -> Identite | None:
    """The identity proved a moment ago in this browser, not linked yet."""
    garde = request.session.get(A_LIER)
    if not garde or not 0 <= time.time() - garde["depuis"] <= DUREE:
        return None
    return Identite(garde["emetteur"], garde["sub"])


def adresse_de_deconnexion(request, retour: str) -> str | None:
    """Where FranceConnect ends its own session, for who came in by it; the person comes back to `retour`."""
    jeton = request.session.get(JETON)
    if not (jeton and actif()):
        return None
    parametres = {"id_token_hint": jeton, "post_logout_redirect_uri": retour, "state": "fin"}
    return f"{settings.FRANCECONNECT['emetteur']}/session/end?{urlencode(parametres)}"
