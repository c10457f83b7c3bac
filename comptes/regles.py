"""The rules of a household's file: telephone numbers. No database, no request."""

import re

# --- Telephone numbers -----------------------------------------------------------------------------------------------
_SEPARATEURS = re.compile(r"[\s.\-/\u2010-\u2015]+")
_FRANCAIS = re.compile(r"(?:(?:\+|00)33|0)([1-9][0-9]{8})")
# E.164: fifteen digits at most, the country's included. Those of France are written the French way, or are wrong.
_ETRANGER = re.compile(r"(?:\+|00)((?!33)[1-9][0-9]{6,14})")


def normaliser_telephone(brut: str) -> str | None:
    """The one way in which the portal writes a number: `06 12 34 56 78`, `+41227306111`. None when it is no number."""
    compact = _SEPARATEURS.sub("", brut)
    if compact.startswith(("+", "00")):
        compact = compact.replace("(0)", "", 1)
    compact = compact.replace("(", "").replace(")", "")
    if francais := _FRANCAIS.fullmatch(compact):
        chiffres = f"0{francais[1]}"
        return " ".join(chiffres[i : i + 2] for i in range(0, 10, 2))
    etranger = _ETRANGER.fullmatch(compact)
    return f"+{etranger[1]}" if etranger else None
