from django.db import transaction

from comptes.commandes import Commande
from comptes.francais import nombre
from reservations.services.rappels import rappeler


class Command(Commande):
    help = (
        "Rappelle par e-mail, avant la limite d’une semaine, aux familles d’un enfant inscrit que rien n’y est "
        "réservé. "
        "Sans --appliquer, la commande simule et n’écrit rien. Relancée, elle n’écrit pas deux fois à une famille."
    )

    def add_arguments(self, parser):
        parser.add_argument("--appliquer", action="store_true", help="envoie vraiment, au lieu de simuler")

    def handle(self, *, appliquer, **options):
        with transaction.atomic():
            bilan = rappeler()
            if not appliquer:
                transaction.set_rollback(True)
        self.stdout.write(
            f"{nombre(bilan.familles, 'famille')}, {nombre(bilan.enfants, 'enfant')} sans repas, "
            f"{nombre(bilan.courriels, 'e-mail')}."
        )
        if not appliquer:
            self.stdout.write("Simulation : rien n’a été envoyé. Ajoutez --appliquer pour envoyer.")
