"""A parent books while an agent cancels: no meal stays on a day that closes, nor of a class that is away."""

import contextlib
import datetime as dt
import threading
import time

import pytest
from django.db import IntegrityError, transaction

from reservations.models import AnnulationCollective, Journee, Reservation
from reservations.models.journee import JourneeQuerySet
from reservations.services.annuler_collectivement import Demande, annuler_collectivement
from tests.factories import INSTANT, foyer
from tests.reservations.test_concurrence import attendre_le_blocage, ensemble, envoi, horloge_qui_tourne

__all__ = ["horloge_qui_tourne"]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("horloge_qui_tourne", "comptes_justes")]
JEUDI = dt.date(2026, 12, 10)


def annuler(f, classes=(), cle="x"):
    demande = Demande("greve", "Grève", (f.activite,), (JEUDI,), tuple(classes))
    return lambda: annuler_collectivement(demande=demande, auteur=None, cle=cle)


def dans_les_verrous(f):
    """A clock that a booking reads after its locks: it lets the agent arrive, and goes on."""
    arrive, suite = threading.Event(), threading.Event()

    def horloge():
        arrive.set()
        suite.wait(timeout=5)
        return INSTANT

    return horloge, arrive, suite


@pytest.mark.parametrize("classes", [(), ("CE2 B",)])
def test_a_meal_being_booked_when_the_agent_comes_goes_too(classes):
    f = foyer()
    type(f.inscription).objects.filter(pk=f.inscription.pk).update(classe="CE2 B")
    horloge, arrive, suite = dans_les_verrous(f)

    def agent():
        arrive.wait(timeout=5)
        threading.Timer(0.4, suite.set).start()
        return annuler(f, classes)()

    _, faite = ensemble(envoi(f, JEUDI, horloge=horloge), agent)
    assert isinstance(faite, AnnulationCollective)
    assert not Reservation.objects.exists()
    assert faite.operations.count() == 1


def test_control_without_the_lock_on_the_days_the_meal_stays_or_the_net_holds(monkeypatch):
    """The same race when the agent does not lock: the meal that is being written is not seen."""
    f = foyer()
    horloge, arrive, suite = dans_les_verrous(f)
    verrouillees = JourneeQuerySet.verrouillees
    sans = threading.local()
    monkeypatch.setattr(
        JourneeQuerySet,
        "verrouillees",
        lambda self: self.order_by("activite_id", "date") if getattr(sans, "verrou", 0) else verrouillees(self),
    )

    def agent():
        sans.verrou = 1
        arrive.wait(timeout=5)
        threading.Timer(0.4, suite.set).start()
        return annuler(f)()

    resultats = ensemble(envoi(f, JEUDI, horloge=horloge), agent)
    assert any(isinstance(r, IntegrityError) for r in resultats) or Reservation.objects.exists()


@pytest.mark.parametrize("classes", [(), ("CE2 B",)])
def test_who_comes_after_the_agent_is_refused(classes):
    f = foyer()
    type(f.inscription).objects.filter(pk=f.inscription.pk).update(classe="CE2 B")
    debut = time.monotonic()
    with contextlib.ExitStack() as pile:
        pile.enter_context(transaction.atomic())
        annuler(f, classes)()
        fil = threading.Thread(target=lambda: ensemble(envoi(f, JEUDI)))
        fil.start()
        attendre_le_blocage()
    fil.join(timeout=10)
    assert time.monotonic() - debut < 10
    assert not Reservation.objects.exists()
    assert Journee.objects.get(activite=f.activite, date=JEUDI).fermeture == ("" if classes else "Grève")


def test_the_same_confirmation_sent_twice_at_once_is_one_action():
    f = foyer(reserves=[JEUDI])
    faites = ensemble(annuler(f), annuler(f))
    assert [type(faite) for faite in faites] == [AnnulationCollective] * 2
    assert faites[0] == faites[1]
