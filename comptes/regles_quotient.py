"""What a quotient familial may be, wherever it comes from: a family, an agent, API Particulier."""

import datetime as dt

from django.core.exceptions import ValidationError

QUOTIENT_AU_PLUS = 20_000  # euros a month, as the table's constraint
MOIS_ADMIS = 24  # the current month and those before it


def mois_admis(aujourd_hui: dt.date, nombre: int = MOIS_ADMIS) -> list[dt.date]:
    """The first days of the months that a quotient may count from, the latest first."""
    rang = aujourd_hui.year * 12 + aujourd_hui.month - 1
    return [dt.date((rang - n) // 12, (rang - n) % 12 + 1, 1) for n in range(nombre)]


def verifier_un_quotient(valeur: int, mois: dt.date, aujourd_hui: dt.date) -> None:
    """Raises ValidationError, with the sentence of what is wrong."""
    if valeur < 0:
        raise ValidationError("Un quotient familial n’est pas négatif.")
    if valeur > QUOTIENT_AU_PLUS:
        raise ValidationError("Ce quotient est trop grand : vérifiez l’attestation.")
    if mois not in mois_admis(aujourd_hui):
        raise ValidationError("Ce quotient est d’un mois à venir, ou trop ancien.")
