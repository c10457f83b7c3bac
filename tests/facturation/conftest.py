"""The clock of the bills' tests: September 2026 is over."""

import datetime as dt

import pytest
import time_machine

from reservations.regles import PARIS
from tests.factories import INSTANT

OCTOBRE = dt.datetime(2026, 10, 2, 9, 0, tzinfo=PARIS)


@pytest.fixture
def ouverture():
    """The morning on which the year opens. Yields the traveller: `ouverture.move_to(OCTOBRE)` once meals are booked."""
    with time_machine.travel(INSTANT, tick=False) as voyage:
        yield voyage
