"""What the settings of online payment must be for the portal to start. Pure: no settings are read here."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

ICI = {"127.0.0.1", "localhost"}
TRESOR = "payfip.gouv.fr"


def verifier_les_passerelles(
    nom: str, payfip: Mapping[str, str], payzen: Mapping[str, str], *, demo: bool = False
) -> None:
    """Production never believes a simulator, nor does the demo ever speak to the Treasury."""
    if nom not in {"", "payfip", "payzen"}:
        raise ImproperlyConfigured(f"PAIEMENT_PASSERELLE est « payfip », « payzen » ou vide, pas « {nom} ».")
    if nom == "payfip":
        _payfip(payfip, demo)
    if nom == "payzen":
        _payzen(payzen, demo)


def _payfip(payfip: Mapping[str, str], demo: bool) -> None:
    numcli, url = payfip["numcli"], urlsplit(payfip["url"])
    if not (numcli.isascii() and numcli.isdecimal() and len(numcli) == 6):
        raise ImproperlyConfigured("PAYFIP_NUMCLI doit être le numéro à 6 chiffres que la DGFiP a donné à la régie.")
    if payfip["saisie"] not in {"T", "X", "W"}:
        raise ImproperlyConfigured("PAYFIP_SAISIE est T (essai), X (activation) ou W (production).")
    hote = url.hostname or ""
    if demo and hote not in ICI:
        raise ImproperlyConfigured("La démonstration ne s’adresse qu’au PayFiP simulé de cette machine (PAYFIP_URL).")
    du_tresor = url.scheme == "https" and (hote == TRESOR or hote.endswith(f".{TRESOR}"))
    if not demo and payfip["url"] and not du_tresor:
        raise ImproperlyConfigured(
            "PAYFIP_URL reste vide, ou nomme un serveur https de payfip.gouv.fr : le PayFiP simulé est pour la "
            "démonstration seule."
        )


def _payzen(payzen: Mapping[str, str], demo: bool) -> None:
    if demo:
        raise ImproperlyConfigured("La démonstration ne connaît que le PayFiP simulé (PAIEMENT_PASSERELLE).")
    if not (payzen["vads_site_id"].isdecimal() and len(payzen["vads_site_id"]) == 8):
        raise ImproperlyConfigured("PAYZEN_SITE doit être l’identifiant à 8 chiffres de la boutique.")
    if payzen["vads_ctx_mode"] not in {"TEST", "PRODUCTION"}:
        raise ImproperlyConfigured("PAYZEN_MODE est TEST ou PRODUCTION.")
    if not payzen[f"secret_{payzen['vads_ctx_mode'].lower()}"]:
        raise ImproperlyConfigured(f"PAYZEN_CLE_{payzen['vads_ctx_mode']} est obligatoire.")
