"""The tariffs of the demo town: brackets by quotient, of which the highest is the price of the town's tutorial."""

import datetime as dt
from decimal import Decimal

from reservations.models import Activite, Grille, Tarification, Tranche

TRANCHES = [(0, "1.00"), (400, "2.30"), (700, "3.40"), (1100, "4.97")]


def poser_les_grilles(debut: dt.date) -> None:
    """Give every service without tariffs those of the town, from this day on. Twice changes nothing."""
    tarification, _ = Tarification.objects.get_or_create(nom="Restauration scolaire")
    if not tarification.grilles.exists():
        grille = Grille.objects.create(
            tarification=tarification,
            deliberation=f"{debut.year}-041",
            votee_le=dt.date(debut.year, 6, 12),
            debut=debut,
            cout=Decimal("9.20"),
            prix_exterieur=Decimal("6.50"),
            prix_panier=Decimal("1.20"),
            fratrie_rang=3,
            fratrie_reduction=10,
        )
        Tranche.objects.bulk_create(Tranche(grille=grille, a_partir_de=de, prix=prix) for de, prix in TRANCHES)
    Activite.objects.filter(tarification=None).update(tarification=tarification)
