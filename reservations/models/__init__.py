"""What: school years, schools, meal services, enrolments, days, bookings, and the proof of each."""

from reservations.models.activite import Activite, Ecole, Fermeture, Tarif
from reservations.models.annee import AnneeScolaire, PeriodeSansClasse
from reservations.models.inscription import Inscription
from reservations.models.journee import Journee, Reservation
from reservations.models.operation import Mouvement, Operation

__all__ = [
    "Activite",
    "AnneeScolaire",
    "Ecole",
    "Fermeture",
    "Inscription",
    "Journee",
    "Mouvement",
    "Operation",
    "PeriodeSansClasse",
    "Reservation",
    "Tarif",
]
