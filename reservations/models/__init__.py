"""What: school years, schools, meal services, enrolments, days, bookings, and the proof of each."""

from reservations.models.activite import Activite, Ecole, Fermeture, Tarif
from reservations.models.annee import AnneeScolaire, PeriodeSansClasse
from reservations.models.attente import Absence, Attente
from reservations.models.collective import AnnulationCollective
from reservations.models.flux import FluxCalendrier
from reservations.models.grille import Grille, Tarification, Tranche
from reservations.models.inscription import Inscription
from reservations.models.journee import Journee, Reservation
from reservations.models.menu import Allergene, Menu, Plat
from reservations.models.message import MessageDeLaVille
from reservations.models.operation import Mouvement, Operation, RefusEnregistre
from reservations.models.pointage import Ecart, Pointage
from reservations.models.premiere import EnfantDeLaDemande, PieceDeLaDemande, PremiereDemande
from reservations.models.rappel import Rappel

__all__ = [
    "Absence",
    "Activite",
    "Allergene",
    "AnneeScolaire",
    "AnnulationCollective",
    "Attente",
    "Ecart",
    "Ecole",
    "EnfantDeLaDemande",
    "Fermeture",
    "FluxCalendrier",
    "Grille",
    "Inscription",
    "Journee",
    "Menu",
    "MessageDeLaVille",
    "Mouvement",
    "Operation",
    "PeriodeSansClasse",
    "PieceDeLaDemande",
    "Plat",
    "Pointage",
    "PremiereDemande",
    "Rappel",
    "RefusEnregistre",
    "Reservation",
    "Tarif",
    "Tarification",
    "Tranche",
]
