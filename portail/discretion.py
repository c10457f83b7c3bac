"""Addresses that are secrets by themselves stay out of the logs: whoever read them there could open them."""

import logging
import re
from urllib.parse import unquote

# The feed of meals, the refusals of reminders and mails, the proof of an address; the code of FranceConnect's answer;
# the identity that API Particulier is asked about. A test finds every address with a `jeton`, and wants it here.
_SECRETS = re.compile(
    r"(/reservations/flux/|/rappels/|/courriels/refuser/|/adresse-electronique/|/premiere-visite/)[^\s\"'?#]+"
    r"|(/france-connect/retour/\?)[^\s\"']+"
    r"|(/quotient_familial/identite\?)[\s\S]+"  # to the end: a name may hold an apostrophe
)
_DE_GUNICORN = ("gunicorn.access", "gunicorn.error")


def masquer(texte: str) -> str:
    """The line without its secrets, be they written in percents."""
    clair = unquote(texte)
    if not _SECRETS.search(clair):
        return texte
    return "".join(c if c.isprintable() else "?" for c in _SECRETS.sub(r"\1\2\3***", clair))


class SansAdresseSecrete(logging.Filter):
    """Of any logger or handler: it lets all the lines through, some of them masked."""

    def filter(self, record: logging.LogRecord) -> bool:
        texte = record.getMessage()
        masque = masquer(texte)
        if masque != texte:
            record.msg, record.args = masque, None
        return True


def proteger_gunicorn() -> None:
    """Its loggers are its own: neither our settings nor our handlers reach them, whatever the command line."""
    for nom in _DE_GUNICORN:
        logging.getLogger(nom).addFilter(SansAdresseSecrete())
