"""A change of a household on which prices depend: its booked meals follow, but those that a bill froze."""

import datetime as dt
from contextlib import AbstractContextManager

from django.db.models import Exists, OuterRef

from comptes.models import Famille, Utilisateur
from facturation.models import RepasFacture
from reservations.models import Inscription, Reservation
from reservations.services.tarifs import prix_recalcules


def autour_d_un_changement(
    famille: Famille, *, depuis: dt.date, par: Utilisateur | None
) -> AbstractContextManager[None]:
    """See `comptes.services.quotients.changement_du_foyer`. Without grid, a quotient changes no price."""
    inscriptions = Inscription.objects.filter(rattachement__famille=famille, activite__tarification__isnull=False)
    factures = RepasFacture.objects.filter(
        inscription=OuterRef("inscription"), date=OuterRef("date"), facture__numero__isnull=False
    )
    facturees = Reservation.objects.filter(Exists(factures))
    return prix_recalcules(inscriptions, depuis=depuis, par=par, sauf=facturees)
