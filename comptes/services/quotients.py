"""Record a household's quotient familial. The rooms above follow a change on which prices depend."""

import datetime as dt
from contextlib import AbstractContextManager

from django.conf import settings
from django.utils import timezone
from django.utils.module_loading import import_string

from comptes.models import Famille, QuotientFamilial, Utilisateur


def changement_du_foyer(famille: Famille, *, depuis: dt.date, par: Utilisateur | None) -> AbstractContextManager[None]:
    """Inside the block, change what the household's prices depend on from `depuis` on: a quotient, the commune.

    `settings.AUTOUR_D_UN_CHANGEMENT` names what the rooms above do around it, in one transaction: they lock before the
    block, for a household is locked after its enrolments, and set the prices of its booked meals after it.
    """
    return import_string(settings.AUTOUR_D_UN_CHANGEMENT)(famille, depuis=depuis, par=par)


def enregistrer_un_quotient(
    *, famille: Famille, mois: dt.date, valeur: int, source: str, par: Utilisateur | None
) -> QuotientFamilial:
    """Write the quotient that counts from this month on, in place of another of the month."""
    with changement_du_foyer(famille, depuis=mois, par=par):
        quotient, _ = QuotientFamilial.objects.update_or_create(
            famille=famille,
            mois=mois,
            defaults={"valeur": valeur, "source": source, "saisi_par": par, "saisi_le": timezone.now()},
        )
    return quotient
