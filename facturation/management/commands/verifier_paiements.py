from comptes.commandes import Commande
from facturation.services.en_ligne import PAR_PASSAGE, verifier_les_ouvertes


class Command(Commande):
    help = (
        "Demande au service de paiement ce que sont devenus les paiements en ligne dont le résultat n’est pas connu, "
        "et crédite ceux qui sont payés. Le worker le fait toutes les trois minutes. Relancée, la commande ne crédite "
        "rien deux fois."
    )

    def add_arguments(self, parser):
        parser.add_argument("--au-plus", type=int, default=PAR_PASSAGE, help="nombre de transactions, 200 par défaut")

    def handle(self, *, au_plus, **options):
        self.stdout.write(str(verifier_les_ouvertes(au_plus=max(au_plus, 0))))
