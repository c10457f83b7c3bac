"""The categories of notifications, and which of their mails an adult may refuse. No database here."""

from dataclasses import dataclass

from django.db import models


class Categorie(models.TextChoices):
    RESERVATIONS = "reservations", "Réservations"
    ANNULATIONS = "annulations", "Annulations par la ville"
    PLACES = "places", "Places libérées"
    FACTURES = "factures", "Factures"
    PAIEMENTS = "paiements", "Paiements"
    DEMANDES = "demandes", "Réponses à vos demandes"
    MESSAGES = "messages", "Messages de la ville"


@dataclass(frozen=True)
class Regime:
    """What a category tells, and the law that has its mails sent to everybody; empty when they can be refused."""

    objet: str
    obligation: str = ""

    @property
    def refusable(self) -> bool:
        return not self.obligation


REGIMES: dict[Categorie, Regime] = {
    Categorie.RESERVATIONS: Regime(
        "L’accusé de réception de chaque réservation, annulation ou absence faite pour votre foyer.",
        "la loi demande un accusé de réception de vos démarches (code des relations entre le public et "
        "l’administration, article L112-11)",
    ),
    Categorie.ANNULATIONS: Regime("Une grève, une sortie ou une fermeture qui annule des repas, et leur retour."),
    Categorie.PLACES: Regime(
        "Une place proposée depuis la liste d’attente, avec l’heure jusqu’à laquelle elle attend."
    ),
    Categorie.FACTURES: Regime(
        "Chaque facture et son échéance.",
        "une somme due à la ville vous est toujours annoncée",
    ),
    Categorie.PAIEMENTS: Regime("Un paiement reçu, refusé ou remboursé."),
    Categorie.DEMANDES: Regime("La réponse de la mairie à ce que vous lui avez demandé."),
    Categorie.MESSAGES: Regime("Une information de la mairie ou de l’école."),
}


def est_refusable(categorie: str) -> bool:
    """Whether the mails of this category (a value of `Categorie`) can be refused; False for what is not one."""
    return categorie in REFUSABLES


REFUSABLES = frozenset(c for c, regime in REGIMES.items() if regime.refusable)
