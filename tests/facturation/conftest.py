import pytest

from tests.facturation.payfip import tresor


@pytest.fixture
def payfip(settings):
    """The simulated PayFiP over real HTTP, and the settings that lead to it."""
    with tresor(settings) as t:
        yield t
