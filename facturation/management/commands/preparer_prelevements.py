"""Announce the direct debits, and record those whose day has come."""

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError

from comptes.commandes import Commande
from comptes.francais import euros, nombre
from facturation.services.prelever import preparer


class Command(Commande):
    help = (
        "Annonce aux familles les prélèvements de leurs factures, et enregistre ceux remis à la banque dont le jour "
        "est venu. Sans --appliquer, compte seulement."
    )

    def add_arguments(self, parser):
        parser.add_argument("--appliquer", action="store_true", help="Annoncer et enregistrer pour de bon.")

    def handle(self, *args, appliquer, **options):
        try:
            bilan = preparer(appliquer=appliquer)
        except ValidationError as refus:
            raise CommandError(" ".join(refus.messages)) from None
        self.stdout.write(f"Prélèvements à annoncer : {bilan.annonces}, {euros(bilan.montant)}.")
        self.stdout.write(f"{nombre(bilan.payes, 'prélèvement venu', 'prélèvements venus')} à son jour.")
        if not appliquer:
            self.stdout.write("Simulation : rien n’est écrit. Ajoutez --appliquer pour agir.")
