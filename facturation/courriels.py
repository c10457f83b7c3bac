"""What a household is told of its bills: a notification for each adult, and a mail. Amounts and dates, no meal."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse

from comptes.courriels import Lettre, mettre_en_file_ensemble
from comptes.francais import date_longue, euros, typographie
from comptes.models import Categorie
from comptes.services.notifier import Avis, adresses_pour, notifier_chacune
from facturation.models import Avoir, Facture


@dataclass(frozen=True)
class Annonce:
    """A bill that was issued, with what is asked for: its rest and the older debts carried onto it."""

    facture: Facture
    a_payer: str


def lien_de(facture: Facture) -> str:
    return reverse("facturation:facture", args=[facture.numero])


def annoncer_les_factures(annonces: Sequence[Annonce], *, quand) -> None:
    """Three statements, whatever their number."""
    adresses = adresses_pour([a.facture.famille_id for a in annonces], Categorie.FACTURES)
    avis = [
        Avis(
            a.facture.famille_id,
            typographie(f"Facture n° {a.facture.numero} : {a.a_payer} à payer"),
            f"À payer au plus tard le {date_longue(a.facture.echeance)}." if a.facture.echeance else "",
            lien_de(a.facture),
        )
        for a in annonces
    ]
    notifier_chacune(avis, categorie=Categorie.FACTURES, quand=quand)
    mettre_en_file_ensemble(
        Lettre(
            adresses[a.facture.famille_id],
            "facture_emise",
            {"facture": a.facture, "a_payer": a.a_payer, "lien": lien_de(a.facture)},
            f"Facture n° {a.facture.numero}",
            Categorie.FACTURES,
        )
        for a in annonces
        if a.facture.famille_id in adresses
    )


def annoncer_l_avoir(avoir: Avoir, suite: str) -> None:
    """`suite`: what becomes of the euros, in a sentence."""
    adresses = adresses_pour(avoir.famille_id, Categorie.FACTURES)
    notifier_chacune(
        [
            Avis(
                avoir.famille_id,
                typographie(f"Avoir n° {avoir.numero} : {euros(avoir.total)}"),
                suite,
                lien_de(avoir.facture),
            )
        ],
        categorie=Categorie.FACTURES,
        quand=avoir.emis_le,
    )
    mettre_en_file_ensemble(
        [
            Lettre(
                adresses.get(avoir.famille_id, []),
                "avoir_emis",
                {"avoir": avoir, "suite": suite, "lien": lien_de(avoir.facture)},
                f"Avoir n° {avoir.numero}",
                Categorie.FACTURES,
            )
        ]
    )
