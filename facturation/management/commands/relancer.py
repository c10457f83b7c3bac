"""Send the reminders of unpaid bills."""

from comptes.commandes import Commande
from comptes.francais import euros, nombre
from facturation.services.relancer import relancer


class Command(Commande):
    help = (
        "Relance les factures impayées, une fois par niveau : par e-mail, sinon par une lettre à imprimer. "
        "Sans --appliquer, compte seulement. Interrompue, elle reprend où elle en était."
    )

    def add_arguments(self, parser):
        parser.add_argument("--appliquer", action="store_true", help="Envoyer pour de bon.")

    def handle(self, *args, appliquer, **options):
        bilan = relancer(appliquer=appliquer, dire=self.stdout.write)
        if not bilan.niveaux:
            self.stdout.write("Aucune facture à relancer.")
            return
        for niveau, n in sorted(bilan.niveaux.items()):
            self.stdout.write(f"Relance n° {niveau} : {nombre(n, 'facture')}.")
        self.stdout.write(f"Reste dû : {euros(bilan.reste)}. Lettres à imprimer : {bilan.lettres}.")
        if not appliquer:
            self.stdout.write("Simulation : rien n’est envoyé. Ajoutez --appliquer pour envoyer.")
