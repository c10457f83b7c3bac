import datetime as dt
import time

from django.core.management.base import CommandError

from comptes.atelier import ImprimanteEnPanne
from comptes.commandes import Commande
from comptes.francais import de, mois_long, nombre
from facturation.models import PieceImprimee
from facturation.regles import lire_mois
from facturation.services.imprimer import imprimer


class Command(Commande):
    help = (
        "Fait les PDF des factures d’un mois qui n’en ont pas encore, et les garde. Interrompue, elle reprend où "
        "elle en était ; relancée, elle ne refait rien. Sans mois : tout ce qui manque, avoirs et quittances compris."
    )

    def add_arguments(self, parser):
        parser.add_argument("mois", nargs="?", help="le mois, écrit 2026-09")
        parser.add_argument("--mains", type=int, default=2, help="nombre d’imprimantes côte à côte (2)")

    def handle(self, *, mois, mains, **options):
        jour = self.lire(mois) if mois else None
        natures = [PieceImprimee.Nature.FACTURE] if jour else list(PieceImprimee.Nature.values)[:3]
        debut = time.monotonic()

        def suivre(faites, total):
            rythme = faites / max(time.monotonic() - debut, 0.001)
            self.stdout.write(f"{faites}/{total}, {rythme:.1f} par seconde")

        try:
            faites, ratees = imprimer(natures=natures, mois=jour, mains=max(mains, 1), suivre=suivre)
        except ImprimanteEnPanne as erreur:
            raise CommandError(f"{erreur} Ce qui est fait est gardé.") from None
        du_mois = f" {de(mois_long(jour))}" if jour else ""
        self.stdout.write(f"{nombre(faites, 'PDF', 'PDF')}{du_mois} en {time.monotonic() - debut:.1f} s.")
        for ratee in ratees:
            self.stderr.write(ratee)
        if ratees:
            raise CommandError(f"{nombre(len(ratees), 'PDF non fait', 'PDF non faits')}.")

    def lire(self, mois: str) -> dt.date:
        try:
            return lire_mois(mois)
        except ValueError as erreur:
            raise CommandError(str(erreur)) from None
