"""The canteen card of a child, written by either household: never over what the writer has not read."""

import datetime as dt
from collections.abc import Mapping

from django.db import transaction

from comptes.models import Enfant, FicheCantine, Utilisateur


class FicheChangee(Exception):
    """Somebody else wrote the card since it was shown. `fiche` is what it says now."""

    def __init__(self, fiche: FicheCantine):
        super().__init__("La fiche a changé entre-temps.")
        self.fiche = fiche


def enregistrer_fiche(
    *, enfant: Enfant, valeurs: Mapping[str, object], vue_le: dt.datetime | None, par: Utilisateur
) -> bool:
    """Write the card if it is still the one of `vue_le` (None: there was none). False when it already says so.

    The child is locked, not the card: two parents may write the first one at once.
    """
    with transaction.atomic():
        list(Enfant.objects.filter(pk=enfant.pk).verrouilles())
        fiche = FicheCantine.objects.filter(enfant=enfant).select_related("modifie_par__responsable").first()
        if fiche and all(getattr(fiche, champ) == valeur for champ, valeur in valeurs.items()):
            return False
        if fiche and fiche.modifie_le != vue_le:
            raise FicheChangee(fiche)
        FicheCantine.objects.update_or_create(enfant=enfant, defaults={**valeurs, "modifie_par": par})
    return True
