"""What the tests of money share: the clock, the accounts that must be right, and the simulated PayFiP."""

import datetime as dt

import pytest
import time_machine

from facturation.services.avoirs import proposer_avoirs
from facturation.verification import ecarts
from portail.payfip_simule.serveur import Serveur
from reservations.regles import PARIS
from tests.factories import INSTANT
from tests.facturation.payfip import Guichet, Tresor, servir

# September 2026 is over.
OCTOBRE = dt.datetime(2026, 10, 2, 9, 0, tzinfo=PARIS)


@pytest.fixture
def ouverture():
    """The morning on which the year opens. Yields the traveller: `ouverture.move_to(OCTOBRE)` once meals are booked."""
    with time_machine.travel(INSTANT, tick=False) as voyage:
        yield voyage


@pytest.fixture
def comptes_exacts(db):
    """After the test the accounts are right: balances, numbers, totals; what is no longer due has its proposal."""
    yield
    proposer_avoirs()
    assert list(ecarts()) == []


@pytest.fixture(scope="session")
def guichet_payfip():
    with servir(Serveur(Tresor().simulateur)) as serveur:
        yield Guichet(serveur)


@pytest.fixture
def payfip(settings, guichet_payfip):
    """The simulated PayFiP over real HTTP, and the settings that lead to it."""
    return guichet_payfip.ouvrir(settings)
