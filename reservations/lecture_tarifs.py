"""What the price of a meal depends on, read for any number of enrolments in a constant number of statements."""

from collections.abc import Iterable

from reservations.models import Inscription, Tarif
from reservations.tarifs import TarifsDuFoyer


def tarifs_des(inscriptions: Iterable[Inscription]) -> dict[int, TarifsDuFoyer]:
    """Enrolment key → what its household pays, day by day."""
    inscriptions = list(inscriptions)
    fixes = {
        (t.activite_id, t.annee_id): t
        for t in Tarif.objects.filter(
            activite__in={i.activite_id for i in inscriptions}, annee__in={i.annee_id for i in inscriptions}
        ).order_by()
    }
    trouves = {i.pk: fixes.get((i.activite_id, i.annee_id)) for i in inscriptions}
    return {
        pk: TarifsDuFoyer(prix_fixe=tarif.prix, cout_fixe=tarif.cout) if tarif else TarifsDuFoyer()
        for pk, tarif in trouves.items()
    }
