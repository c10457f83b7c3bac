"""Gap-free numbers: the counter of a series and year is locked until the transaction that numbers ends."""

from facturation.models import Compteur


def prochains(serie: str, annee: int, combien: int = 1) -> list[str]:
    """Take the next numbers of a series, like « F2026-000123 ». Call inside a transaction, as late as possible.

    Whoever numbers waits here for the transaction before; undone, its numbers are taken again: no gap.
    """
    Compteur.objects.get_or_create(serie=serie, annee=annee)
    compteur = Compteur.objects.select_for_update().get(serie=serie, annee=annee)
    debut = compteur.dernier + 1
    compteur.dernier += combien
    compteur.save(update_fields=["dernier"])
    return [f"{serie}{annee}-{rang:06d}" for rang in range(debut, debut + combien)]
