"""French typography of dates, money and ages: one home for screens, mails and documents."""

import datetime as dt
import re
import unicodedata
from collections.abc import Iterable
from decimal import Decimal
from functools import lru_cache

from django.utils import timezone

INSECABLE = "\N{NO-BREAK SPACE}"
FINE = "\N{NARROW NO-BREAK SPACE}"
JOURS = ["lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"]
JOURS_COURTS = ["Lun.", "Mar.", "Mer.", "Jeu.", "Ven.", "Sam.", "Dim."]
MOIS = [
    "janvier", "février", "mars", "avril", "mai", "juin",
    "juillet", "août", "septembre", "octobre", "novembre", "décembre",
]  # fmt: skip


@lru_cache(maxsize=4096)  # a page writes the same price a hundred times
def euros(montant: Decimal | int) -> str:
    """`Decimal("1234.5")` → `1 234,50 €`, with no-break spaces."""
    signe = "−" if montant < 0 else ""
    entiers, centimes = f"{abs(Decimal(montant)):.2f}".split(".")
    groupes = f"{int(entiers):,}".replace(",", FINE)
    return f"{signe}{groupes},{centimes}{INSECABLE}€"


def nombre(n: int, singulier: str, pluriel: str | None = None) -> str:
    """`0 ajout`, `1 ajout`, `2 ajouts`: French counts zero and one as singular."""
    return f"{n}{INSECABLE}{singulier if abs(n) < 2 else pluriel or singulier + 's'}"


def date_courte(jour: dt.date) -> str:
    """`15/05/2025`."""
    return f"{jour.day:02}/{jour.month:02}/{jour.year:04}"


def quantieme(jour: dt.date) -> str:
    """`1er`, `2`."""
    return "1er" if jour.day == 1 else str(jour.day)


def date_longue(jour: dt.date) -> str:
    """`mardi 15 juillet 2025`, `mercredi 1er octobre 2025`."""
    return f"{JOURS[jour.weekday()]} {quantieme(jour)}{INSECABLE}{MOIS[jour.month - 1]} {jour.year}"


def date_sans_annee(jour: dt.date) -> str:
    """`jeudi 10 décembre`."""
    return f"{JOURS[jour.weekday()]} {quantieme(jour)}{INSECABLE}{MOIS[jour.month - 1]}"


def mois_long(jour: dt.date) -> str:
    """`décembre 2026`."""
    return f"{MOIS[jour.month - 1]} {jour.year}"


def heure(instant: dt.time | dt.datetime) -> str:
    """`23 h 59`, `8 h`. An aware datetime is shown in the town's zone."""
    if isinstance(instant, dt.datetime) and timezone.is_aware(instant):
        instant = timezone.localtime(instant)
    minutes = f"{INSECABLE}{instant:%M}" if instant.minute else ""
    return f"{instant.hour}{INSECABLE}h{minutes}"


def instant_long(instant: dt.datetime) -> str:
    """`mardi 15 juillet 2025 à 8 h 30`, in the town's zone."""
    local = timezone.localtime(instant)
    return f"{date_longue(local.date())} à {heure(local)}"


def jour_long(instant: dt.datetime) -> str:
    """The day of an instant in the town's zone: `mardi 15 juillet 2025`."""
    return date_longue(timezone.localdate(instant))


def limite(instant: dt.datetime) -> str:
    """A cut-off as parents read it: `jeudi 10 décembre à 23 h 59`."""
    local = timezone.localtime(instant)
    return f"{date_sans_annee(local.date())} à {heure(local)}"


def age(naissance: dt.date, aujourdhui: dt.date) -> str:
    """`8 ans 3 mois`; under two years `14 mois`."""
    mois = (aujourdhui.year - naissance.year) * 12 + aujourdhui.month - naissance.month
    if aujourdhui.day < naissance.day:
        mois -= 1
    ans, reste = divmod(max(mois, 0), 12)
    if ans < 2:
        return f"{max(mois, 0)}{INSECABLE}mois"
    return f"{ans}{INSECABLE}ans" + (f" {reste}{INSECABLE}mois" if reste else "")


def enumerer(noms: Iterable[str]) -> str:
    """`Léa, Tom et Zoé`, each name once."""
    *debut, dernier = dict.fromkeys(noms) or [""]
    return " et ".join(filter(None, [", ".join(debut), dernier]))


def de(prenom: str) -> str:
    """`de Léa`, `d’Élise`: elided before a vowel; not before h and y, where usage hesitates."""
    return f"d’{prenom}" if prenom[:1].lower() in set("aeiouàâäéèêëîïôöùûü") else f"de {prenom}"


def typographie(texte: str) -> str:
    """What a keyboard has not: no-break spaces around « » and before double signs, the true apostrophe."""
    texte = re.sub(r"(?<=\w)'(?=\w)", "’", texte)
    texte = re.sub(r"« ", f"«{INSECABLE}", texte)
    return re.sub(r" (?=[;:!?»%€])", INSECABLE, texte)


def nu(texte: str) -> str:
    """Lower case, without accents, blanks and signs: what two spellings of one word have in common."""
    decompose = unicodedata.normalize("NFKD", texte.casefold())
    return "".join(c for c in decompose if c.isalnum())
