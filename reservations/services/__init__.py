"""The verbs that write: bookings, days, school years."""

from reservations.services.absences import annuler_absence, declarer_absence
from reservations.services.annees import ouvrir_annee
from reservations.services.journees import actualiser_journees
from reservations.services.reserver import reserver

__all__ = ["actualiser_journees", "annuler_absence", "declarer_absence", "ouvrir_annee", "reserver"]
