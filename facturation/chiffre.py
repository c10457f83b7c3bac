"""The number of a bank account, ciphered at rest: a copy of the database without the key of the site tells none."""

import base64

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


def _cle(secret: str) -> Fernet:
    tiree = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"facturation.mandat.iban").derive(secret.encode())
    return Fernet(base64.urlsafe_b64encode(tiree))


def _cles() -> MultiFernet:
    """The key of today ciphers; those before it (SECRET_KEY_FALLBACKS) still read."""
    return MultiFernet([_cle(str(secret)) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)])


def chiffrer(clair: str) -> str:
    return _cles().encrypt(clair.encode()).decode()


def dechiffrer(chiffre: str) -> str | None:
    """None when it was erased, or ciphered with a key that the site no longer has."""
    try:
        return _cles().decrypt(chiffre.encode()).decode()
    except InvalidToken:
        return None
