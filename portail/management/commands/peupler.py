import time

from django.conf import settings
from django.core.management.base import CommandError
from django.utils import timezone

from comptes.commandes import Commande
from comptes.francais import nombre
from portail.demo import annees_voisines, ouverture_de
from portail.peuplement import peupler, reserver_toute_la_ville
from reservations.donnees_calendrier import calendriers
from reservations.models import AnneeScolaire


class Command(Commande):
    help = (
        "Peuple une base d’essai : 31 écoles et des familles inventées, les mêmes pour la même graine. Arrêtée puis "
        "relancée, la commande reprend où elle en était. Refusée hors de la démonstration."
    )

    def add_arguments(self, parser):
        parser.add_argument("--familles", type=int, default=3000, help="nombre de familles (3000 par défaut)")
        parser.add_argument("--graine", type=int, default=1, help="graine du hasard (1 par défaut)")
        parser.add_argument("--annee", help="année scolaire des inscriptions ; celle en cours par défaut")
        parser.add_argument("--reserver", action="store_true", help="réserve toute l’année de chaque enfant")

    def handle(self, *, familles, graine, annee, reserver, **options):
        if not settings.DEMO:
            raise CommandError("Cette commande invente des familles : elle n’existe que pour la démonstration.")
        if not 0 < familles <= 1_000_000:
            raise CommandError("Le nombre de familles va de 1 à 1 000 000.")
        connus = calendriers()
        if annee and annee not in connus:
            raise CommandError(f"L’année « {annee} » n’est pas dans le calendrier officiel ({', '.join(connus)}).")
        aujourdhui = timezone.localdate()
        voisines = annees_voisines(aujourdhui)
        courante = next((a for a in voisines if a.fin >= aujourdhui), voisines[-1])
        calendrier = connus[annee] if annee else courante
        depart = time.monotonic()
        ville = peupler(
            familles=familles,
            graine=graine,
            calendrier=calendrier,
            ouverture=min(ouverture_de(calendrier), timezone.now()),
            dire=self.stdout.write,
        )
        if reserver:
            repas = reserver_toute_la_ville(AnneeScolaire.objects.get(libelle=calendrier.libelle))
            self.stdout.write(nombre(repas, "repas réservé", "repas réservés"))
        self.stdout.write(
            f"{ville.familles} familles, {ville.enfants} enfants, {ville.activites} activités, "
            f"en {time.monotonic() - depart:.1f} s."
        )
