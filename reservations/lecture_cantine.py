"""What a canteen reads in the morning: who eats, with which menu, and who has a PAI. For that role only."""

import datetime as dt
from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q

from comptes.models import FicheCantine
from reservations.models import Activite, Inscription, Journee, Pointage, Reservation


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


@dataclass(frozen=True)
class LignePointee:
    """A child booked, as the attendance form shows it: present unless it was noted otherwise."""

    enfant: Any
    classe: str
    present: bool


@dataclass(frozen=True)
class FeuillePointage:
    """The attendance form of a service: who is booked, who may have come without a booking, what was noted."""

    journee: Journee
    pointage: Pointage | None
    lignes: list[LignePointee]
    possibles: list[tuple[int, str, bool]]  # enrolment, « Léa Martin, CE1 A », ate without a booking


def feuille_de_pointage(journee: Journee) -> FeuillePointage:
    """Four statements, whatever the number of children."""
    pointage = Pointage.objects.filter(journee=journee).select_related("fait_par").first()
    notes = {e.enfant_id: e for e in pointage.ecarts.all()} if pointage else {}
    reservations = (
        Reservation.objects.filter(journee=journee)
        .select_related("enfant", "inscription")
        .order_by("inscription__classe", "enfant__nom", "enfant__prenom", "pk")
    )
    autres = list(
        Inscription.objects.sans_repas(journee)
        .select_related("rattachement__enfant", "rattachement__famille")
        .order_by("rattachement__enfant__nom", "rattachement__enfant__prenom", "pk")
    )
    partages = {e for e, n in Counter(i.enfant.pk for i in autres).items() if n > 1}
    return FeuillePointage(
        journee=journee,
        pointage=pointage,
        lignes=[LignePointee(r.enfant, r.inscription.classe, r.enfant_id not in notes) for r in reservations],
        possibles=[
            (
                i.pk,
                _en_clair(i, i.enfant.pk in partages),
                (note := notes.get(i.enfant.pk)) is not None and note.inscription_id == i.pk,
            )
            for i in autres
        ],
    )


def _en_clair(inscription: Inscription, partage: bool) -> str:
    """A child as the canteen looks for it; of two households, also with the one that pays."""
    enfant = inscription.enfant
    morceaux = [f"{enfant.nom} {enfant.prenom}", inscription.classe, str(inscription.famille) if partage else ""]
    return ", ".join(m for m in morceaux if m)
