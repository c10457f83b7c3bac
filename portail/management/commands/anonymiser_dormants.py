"""Erase the households that nobody has used for two years."""

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone

from comptes.commandes import Commande
from comptes.francais import nombre
from portail.effacement import dormantes, effacer

PAS = 50


class Command(Commande):
    help = (
        "Efface les familles sans activité depuis COMPTE_DORMANT_JOURS jours. Ce qui a été servi est gardé sans nom. "
        "Sans --appliquer, compte seulement. Interrompue, elle reprend où elle en était."
    )

    def add_arguments(self, parser):
        parser.add_argument("--appliquer", action="store_true", help="Effacer pour de bon. Sans retour.")
        parser.add_argument("--limite", type=int, default=0, help="Au plus ce nombre de familles.")

    def handle(self, *args, appliquer, limite, **options):
        cles = list(dormantes(timezone.now()).values_list("pk", flat=True))
        cles = cles[:limite] if limite > 0 else cles
        trouvees = nombre(len(cles), "famille sans activité", "familles sans activité")
        self.stdout.write(f"{trouvees} depuis {nombre(settings.COMPTE_DORMANT_JOURS, 'jour')}.")
        if not appliquer:
            self.stdout.write("Simulation : rien n’est effacé. Ajoutez --appliquer pour effacer.")
            return
        faites = 0
        for rang, cle in enumerate(cles, start=1):
            faites += self._effacer(cle)
            if rang % PAS == 0:
                self.stdout.write(f"{rang} sur {len(cles)}…")
        self.stdout.write(f"{nombre(faites, 'famille effacée', 'familles effacées')}.")

    def _effacer(self, cle: int) -> bool:
        """One household, one transaction; one that woke up since is left alone."""
        famille = dormantes(timezone.now()).filter(pk=cle).first()
        if famille is None:
            return False
        try:
            effacer(famille=famille)
        except ValidationError as refus:
            self.stderr.write(f"Famille n° {cle} : {' '.join(refus.messages)}")
            return False
        return True
