"""Where the launcher works, and how it speaks."""

import time
from contextlib import contextmanager
from pathlib import Path

RACINE = Path(__file__).resolve().parent.parent.parent
VAR = RACINE / "var"
JOURNAUX = VAR / "journaux"
# Variables of a real installation: the demo never touches its servers.
DE_PRODUCTION = (
    *("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "ALLOWED_HOSTS", "SITE_URL", "HTTPS", "DERRIERE_PROXY"),
    *("PAIEMENT_PASSERELLE", "PAYFIP_NUMCLI", "PAYFIP_SAISIE", "PAYFIP_URL"),
)


def dire(*mots: str) -> None:
    print(*mots, flush=True)


@contextmanager
def etape(nom: str):
    debut = time.monotonic()
    print(f"• {nom} … ", end="", flush=True)
    yield
    dire(f"{time.monotonic() - debut:.1f} s")
