"""What may be written of a household and its children, wherever it is typed."""

import datetime as dt
import re

from django.core.exceptions import ValidationError

ANS_AU_PLUS = 20


def verifier_naissance(naissance: dt.date, aujourdhui: dt.date) -> None:
    """Raise ValidationError for a date that is not the birth of a child, already born."""
    if not aujourdhui.year - ANS_AU_PLUS <= naissance.year or naissance > aujourdhui:
        raise ValidationError("La date de naissance est celle d’un enfant, déjà né.")


def verifier_code_postal(texte: str) -> None:
    if not re.fullmatch(r"[0-9]{5}", texte):
        raise ValidationError("Un code postal a 5 chiffres, par exemple 11000.")
