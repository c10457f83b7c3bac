"""What a canteen reads in the morning: who eats, with which menu, and who has a PAI. For that role only."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q

from comptes.models import FicheCantine
from reservations.models import Activite, Reservation


@dataclass(frozen=True)
class Convive:
    """A child who eats; `fiche` is a blank one when no household has filled it."""

    reservation: Reservation
    fiche: FicheCantine

    @property
    def pai_fini(self) -> bool:
        return self.fiche.pai_fin is not None and self.fiche.pai_fin < self.reservation.date


def services_du_jour(jour: dt.date) -> list[dict[str, Any]]:
    """One row for each service with meals: `activite`, `repas`, `pai`, `menus` as [(label, count)]. One statement."""
    autres = [regime for regime in FicheCantine.Regime if regime != FicheCantine.Regime.STANDARD]
    comptes = {f"n_{r}": Count("pk", filter=Q(enfant__fiche__regime=r)) for r in autres}
    lignes: Any = (
        Reservation.objects.filter(date=jour)
        .order_by("journee__activite__nom", "journee__activite")
        .values("journee__activite", "journee__activite__nom")
        .annotate(repas=Count("pk"), pai=Count("pk", filter=Q(enfant__fiche__pai=True)), **comptes)
    )
    return [
        {
            "activite": ligne["journee__activite"],
            "nom": ligne["journee__activite__nom"],
            "repas": ligne["repas"],
            "pai": ligne["pai"],
            "menus": [ligne["repas"] - sum(ligne[n] for n in comptes), *(ligne[n] for n in comptes)],
        }
        for ligne in lignes
    ]


def convives(activite: Activite, jour: dt.date) -> list[Convive]:
    """The children who eat that day in this service, class by class."""
    repas = (
        Reservation.objects.filter(date=jour, journee__activite=activite)
        .select_related("enfant__fiche", "inscription")
        .order_by("inscription__classe", "enfant__nom", "enfant__prenom", "pk")
    )
    return [Convive(r, getattr(r.enfant, "fiche", None) or FicheCantine(enfant=r.enfant)) for r in repas]
