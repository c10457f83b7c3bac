"""What a bill or an avoir prints and is not a line, frozen on the day of its issue. Read by facturation/papier.py."""

from collections.abc import Iterable
from decimal import Decimal

from django.conf import settings

from comptes.francais import enumerer
from comptes.models import Famille, Responsable
from facturation.services.mandats import ouvert

TVA = "TVA non applicable, article 256 B du code général des impôts."  # a public service, not the 293 B of small firms
RECOURS = (
    "Cette somme se conteste, dans les deux mois, devant le tribunal judiciaire ou administratif compétent selon la "
    "nature de la créance (code général des collectivités territoriales, article L1617-5). Une question se règle "
    "d’abord auprès de la régie."
)
TITRE = "À défaut de paiement à l’échéance, la somme est recouvrée par le comptable public."
VILLE = ("nom", "service", "adresse", "telephone", "courriel")
REGIE = ("nom", "siret", "comptable", "courriel", "telephone", "iban", "bic")


def moyens_de_paiement() -> list[str]:
    """Ways to pay, in the words printed."""
    regie = settings.REGIE
    moyens = [
        "En ligne, dans le portail famille, par carte bancaire ou prélèvement unique.",
        f"En espèces, par chèque ou CESU, à la régie : {regie['nom']}.",
    ]
    if ouvert():
        moyens.insert(1, "Par prélèvement automatique, si vous en avez signé le mandat.")
    if regie["iban"]:
        moyens.append(f"Par virement sur le compte {regie['iban']}, en rappelant le numéro de la facture.")
    return moyens


def nom_du_debiteur(famille: Famille, responsables: Iterable[Responsable]) -> str:
    """`Camille et Dominique Martin`; the household's name when it has no adult on file."""
    adultes = list(responsables)
    if len({adulte.nom for adulte in adultes}) == 1:
        return f"{enumerer(adulte.prenom for adulte in adultes)} {adultes[0].nom}"
    return enumerer(map(str, adultes)) or str(famille)


def composer(
    famille: Famille,
    responsables: Iterable[Responsable],
    *,
    imputations: Iterable[tuple[str, Decimal]] = (),
    reports: Iterable[tuple[str, Decimal]] = (),
    **suite,
) -> dict:
    """The copy, as JSON keeps it: amounts are texts. Of an avoir, `suite` says which bill it corrects."""
    return {
        "ville": {nom: settings.VILLE[nom] for nom in VILLE},
        "regie": {nom: settings.REGIE[nom] for nom in REGIE},
        "debiteur": {
            "nom": nom_du_debiteur(famille, responsables),
            "adresse": famille.adresse,
            "code_postal": famille.code_postal,
            "commune": famille.commune,
        },
        "moyens": moyens_de_paiement(),
        "mentions": [TVA, TITRE, RECOURS],
        "imputations": [{"quoi": quoi, "montant": str(montant)} for quoi, montant in imputations],
        "reports": [{"quoi": numero, "montant": str(montant)} for numero, montant in reports],
        **suite,
    }
