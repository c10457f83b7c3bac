from comptes.commandes import Commande
from comptes.francais import nombre
from comptes.services.textes import poser_les_textes


class Command(Commande):
    help = (
        "Pose les textes par défaut de la ville (règlement intérieur, conditions générales, autorisations…). "
        "Relancée, la commande n’ajoute que ce qui manque : une version de la ville n’est jamais remplacée."
    )

    def handle(self, **options):
        poses = poser_les_textes()
        self.stdout.write(f"{nombre(poses, 'texte posé', 'textes posés')}.")
