"""The delays and amounts of the town (settings.REGIE), with their types."""

import datetime as dt
from decimal import Decimal

from django.conf import settings


def echeance(jour: dt.date) -> dt.date:
    """The due date of what is issued on `jour`."""
    return jour + dt.timedelta(days=int(str(settings.REGIE["echeance_jours"])))


def seuil() -> Decimal:
    """Under so many euros, a debt waits for the next bill."""
    return Decimal(str(settings.REGIE["seuil"]))
