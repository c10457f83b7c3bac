"""The school year of the tests: 2026-2027, frozen on the morning of its opening, every day still to come."""

import pytest
import time_machine
from django.db.models import Count, F, Q

from reservations.models import Journee
from tests.factories import INSTANT


@pytest.fixture
def ouverture():
    """Freeze Wednesday 15 July 2026 at 9:00. Yields the traveller: `ouverture.move_to(…)`."""
    with time_machine.travel(INSTANT, tick=False) as voyage:
        yield voyage


@pytest.fixture
def comptes_justes(db):
    """After the test, the count of every day is the number of its bookings and of the places held for who waits."""
    yield
    tenues = Count("attentes", filter=Q(attentes__etat="attribuee"), distinct=True)
    faux = (
        Journee.objects.annotate(reels=Count("reservations", distinct=True) + tenues)
        .exclude(places_prises=F("reels"))
        .values_list("activite", "date", "places_prises", "reels")
    )
    assert list(faux) == []
