"""The clock of the bills' tests: September 2026 is over."""

import datetime as dt

import pytest
import time_machine

from facturation.services.avoirs import proposer_avoirs
from facturation.verification import ecarts
from reservations.regles import PARIS
from tests.factories import INSTANT

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
