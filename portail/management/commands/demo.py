from django.conf import settings
from django.core.management.base import CommandError

from comptes.commandes import Commande
from portail.demo import creer_la_ville


class Command(Commande):
    help = (
        "Crée la ville de démonstration (écoles, calendrier scolaire réel, familles inventées, comptes d’essai). "
        "Relancée, la commande n’ajoute que ce qui manque. Refusée hors de la démonstration."
    )

    def handle(self, **options):
        if not settings.DEMO:
            raise CommandError(
                "Cette commande n’existe que pour la démonstration : sur une vraie base, elle créerait des comptes "
                "dont le mot de passe est public. Pour une démonstration, mettez PORTAIL_DEMO=1."
            )
        creer_la_ville(dire=self.stdout.write)
