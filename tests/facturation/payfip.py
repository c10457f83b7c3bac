"""The simulated PayFiP on a thread, and what the tests do with it: pay, refuse, let a night pass."""

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.test import Client

from facturation.models import TransactionEnLigne
from portail.payfip_simule.etat import Simulateur
from portail.payfip_simule.serveur import Serveur


@contextmanager
def servir(serveur):
    fil = threading.Thread(target=serveur.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    fil.start()
    try:
        yield serveur
    finally:
        serveur.shutdown()
        serveur.server_close()
        fil.join()


@dataclass
class Tresor:
    """The service and the notifications that it sent, delivered by the test when and if it wants."""

    envoyees: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self):
        self.simulateur = Simulateur(lambda url, idop: self.envoyees.append((url, idop)))

    def choisir(self, ligne: TransactionEnLigne, resultat: str) -> None:
        ligne.refresh_from_db()
        self.simulateur.choisir(ligne.idop, resultat)

    def notifier(self, client: Client | None = None) -> list[int]:
        """Deliver what was sent; the statuses answered."""
        partent, self.envoyees = self.envoyees, []
        client = client or Client()
        return [client.post("/payfip/notification/", {"idop": idop}).status_code for _, idop in partent]


@dataclass
class Guichet:
    """One server for all the tests, so that its contract is read once; each test has a memory of its own."""

    serveur: Serveur

    def ouvrir(self, settings) -> Tresor:
        """Point the settings at a simulator of this test's own."""
        t = Tresor()
        self.serveur.simulateur = t.simulateur
        settings.PAYFIP = {**settings.PAYFIP, "url": self.serveur.adresse}
        return t
