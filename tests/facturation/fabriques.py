"""Bills of the tests, issued without the billing run: for the tests of what comes after it."""

import datetime as dt
from decimal import Decimal

from django.utils import timezone

from comptes.models import Famille
from facturation.models import Facturation, Facture, LigneFacture, RepasFacture
from facturation.services.numeros import prochains
from reservations.models import Inscription

SEPTEMBRE = dt.date(2026, 9, 1)
ECHEANCE = dt.date(2026, 10, 31)


def facture_emise(
    inscription: Inscription,
    *,
    repas: int = 3,
    prix: Decimal = Decimal("4.97"),
    mois: dt.date = SEPTEMBRE,
    emise_le: dt.datetime | None = None,
    echeance: dt.date = ECHEANCE,
    copie: dict | None = None,
) -> Facture:
    """A bill of `repas` meals of one child, with its number, line and meals. Call inside a transaction."""
    famille: Famille = inscription.rattachement.famille
    facturation, _ = Facturation.objects.get_or_create(mois=mois, defaults={"echeance": echeance})
    facture = Facture.objects.create(facturation=facturation, famille=famille, total=repas * prix, copie=copie or {})
    jours = [mois + dt.timedelta(days=n) for n in range(repas)]
    ligne = LigneFacture.objects.create(
        facture=facture,
        inscription=inscription,
        rang=1,
        nature=LigneFacture.Nature.REPAS,
        enfant=str(inscription.enfant),
        service=str(inscription.activite),
        tranche="prix unique",
        quantite=repas,
        prix=prix,
        montant=repas * prix,
        jours=jours,
    )
    RepasFacture.objects.bulk_create(
        RepasFacture(facture=facture, ligne=ligne, inscription=inscription, date=jour, prix=prix) for jour in jours
    )
    facture.emise_le = emise_le or timezone.now()
    facture.echeance = echeance
    (facture.numero,) = prochains("F", facture.emise_le.year)
    facture.save(update_fields=["emise_le", "echeance", "numero"])
    return facture
