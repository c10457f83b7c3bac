"""The verbs that write: bookings, days, school years."""

from reservations.services.annees import ouvrir_annee
from reservations.services.journees import actualiser_journees
from reservations.services.reserver import reserver

__all__ = ["actualiser_journees", "ouvrir_annee", "reserver"]
