from django.core.management.base import CommandError
from django.db import transaction

from comptes.commandes import Commande
from comptes.francais import nombre
from facturation.services.avoirs import proposer_avoirs
from facturation.verification import ecarts


class Command(Commande):
    help = (
        "Vérifie les comptes : pour chaque foyer, factures − avoirs − paiements + remboursements = solde, de trois "
        "façons ; numéros sans trou ; chaque repas facturé une fois. N’écrit rien, sauf, avec --proposer, les "
        "propositions d’avoir des repas annulés depuis leur facture. Échoue s’il trouve un écart."
    )

    def add_arguments(self, parser):
        parser.add_argument("--proposer", action="store_true", help="propose d’abord les avoirs qui manquent")

    def handle(self, *, proposer, **options):
        if proposer:
            nouvelles = proposer_avoirs()
            self.stdout.write(f"{nombre(nouvelles, 'proposition d’avoir', 'propositions d’avoir')} de plus.")
        trouves = 0
        with transaction.atomic():
            for ecart in ecarts():
                self.stdout.write(f"{ecart}.")
                trouves += 1
        if trouves:
            raise CommandError(f"{nombre(trouves, 'écart')} dans les comptes.")
        self.stdout.write("Les comptes sont exacts.")
