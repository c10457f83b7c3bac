"""What the tests of absences share: a week of meals, and the two verbs."""

import datetime as dt
import uuid

from reservations.models import Operation
from reservations.regles import PARIS
from reservations.services import annuler_absence, declarer_absence
from tests.factories import Foyer, foyer, ouvrir

LUNDI, MARDI, JEUDI, VENDREDI = (dt.date(2026, 12, n) for n in (7, 8, 10, 11))
CANTINE = "cantine@exemple.fr"


def matin(jour, heure=8, minute=0):
    return dt.datetime.combine(jour, dt.time(heure, minute), tzinfo=PARIS)


def semaine_de_repas() -> Foyer:
    """Meals of the whole week booked; the canteen has an address; one waiting day."""
    return foyer(activite=ouvrir(courriel=CANTINE), reserves=[LUNDI, MARDI, JEUDI, VENDREDI])


def declarer(f, jour, cle="", verbe=declarer_absence) -> Operation:
    return verbe(inscription=f.inscription.pk, jour=jour, auteur=f.utilisateur, cle=cle or uuid.uuid4().hex)


def annuler(f, jour, cle="") -> Operation:
    return declarer(f, jour, cle, verbe=annuler_absence)
