import pytest

from portail.payfip_simule.serveur import Serveur
from tests.facturation.payfip import Guichet, Tresor, servir


@pytest.fixture(scope="session")
def guichet_payfip():
    with servir(Serveur(Tresor().simulateur)) as serveur:
        yield Guichet(serveur)


@pytest.fixture
def payfip(settings, guichet_payfip):
    """The simulated PayFiP over real HTTP, and the settings that lead to it."""
    return guichet_payfip.ouvrir(settings)
