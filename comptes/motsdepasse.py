"""Rules of passwords: the one that the portal generates, and what a person's own may not be."""

import re
import secrets
from difflib import SequenceMatcher

from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError

from comptes.francais import nu

# Without the letters and digits that a reader confuses: i l o, 0 1.
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
GROUPES, LETTRES = 3, 6
FORME = re.compile(rf"(?:[{ALPHABET}]{{{LETTRES}}}-){{{GROUPES - 1}}}[{ALPHABET}]{{{LETTRES}}}")
OCTETS_AU_PLUS = 256


def generer() -> str:
    """`k7mfpq-x3nzrt-9wcdhj`: 18 symbols among 31, that is 89 bits."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(LETTRES)) for _ in range(GROUPES))


def lire_genere(texte: str) -> str | None:
    """The generated password typed or pasted, or None when it has not its form."""
    nettoye = texte.strip().lower()
    return nettoye if FORME.fullmatch(nettoye) else None


class PasProcheDuCourriel:
    """A password may not be the e-mail, nor be made of it."""

    RESSEMBLANCE = 0.7
    MOT_DE_PASSE_PROCHE = "Ce mot de passe ressemble trop à votre adresse e-mail."

    def validate(self, password, user=None):
        """Raise ValidationError when the password is made of the address, or looks like it."""
        if user is None or not user.email:
            return
        saisi = nu(password)
        local, _, domaine = user.email.partition("@")
        morceaux = [m for m in (nu(user.email), nu(local), nu(domaine.partition(".")[0])) if len(m) >= 4]
        for morceau in [*morceaux, *(m[::-1] for m in morceaux)]:
            reste = saisi.replace(morceau, "")
            if len(saisi) - len(reste) and len(reste) < 8:
                raise ValidationError(self.MOT_DE_PASSE_PROCHE, code="proche_du_courriel")
            if SequenceMatcher(None, saisi[:OCTETS_AU_PLUS], morceau).ratio() >= self.RESSEMBLANCE:
                raise ValidationError(self.MOT_DE_PASSE_PROCHE, code="proche_du_courriel")

    def get_help_text(self):
        return "Votre mot de passe ne ressemble pas à votre adresse e-mail."


class PasCourant(CommonPasswordValidator):
    """A common word does not become rare between digits (`motdepasse2026`), nor by repeating one sign."""

    SIGNES_DIFFERENTS = 5
    BORDS = re.compile(r"^[\W\d_]+|[\W\d_]+$")

    def validate(self, password, user=None):
        """Raise ValidationError when the password is common, without its digits and signs at both ends too."""
        super().validate(password, user)
        mot = self.BORDS.sub("", password.lower())
        if not mot or mot in self.passwords or len(set(password)) < self.SIGNES_DIFFERENTS:
            raise ValidationError(self.get_error_message(), code="password_too_common")


class PasTropLong:
    """Hashing takes time and memory: nobody sends it megabytes."""

    def validate(self, password, user=None):
        if len(password.encode(errors="replace")) > OCTETS_AU_PLUS:
            raise ValidationError("Ce mot de passe est trop long.", code="trop_long")

    def get_help_text(self):
        return "Votre mot de passe ne dépasse pas 256 caractères."
