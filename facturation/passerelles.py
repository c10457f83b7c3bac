"""Which gateways the portal knows, and the one that the town chose."""

from django.conf import settings

from facturation import passerelle_payfip, passerelle_payzen
from facturation.passerelle import Passerelle

PASSERELLES: dict[str, Passerelle] = {p.NOM: p for p in (passerelle_payfip, passerelle_payzen)}


def choisie() -> Passerelle | None:
    """The gateway of new payments; None when the town takes none online."""
    return PASSERELLES.get(settings.PAIEMENT_PASSERELLE)
