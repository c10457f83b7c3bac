import datetime as dt
from decimal import Decimal, InvalidOperation

from django.core.management.base import CommandError
from django.db import transaction

from comptes.commandes import Commande
from comptes.francais import date_longue, instant_long, nombre
from reservations.donnees_calendrier import calendriers
from reservations.models import AnneeScolaire
from reservations.regles import PARIS
from reservations.services.annees import ouvrir_annee


class Command(Commande):
    help = (
        "Ouvre une année scolaire : calendrier officiel de la zone C, prix du repas, jours de service de chaque "
        "activité. Sans --appliquer, la commande simule et n’écrit rien. Relancée, elle met l’année à jour sans rien "
        "faire deux fois."
    )

    def add_arguments(self, parser):
        parser.add_argument("annee", help="année scolaire, par exemple 2026-2027")
        parser.add_argument(
            "--ouverture",
            help="instant d’ouverture des réservations, heure de Paris, par exemple « 2026-07-15 08:30 » ; "
            "obligatoire la première fois",
        )
        parser.add_argument("--prix", help="prix du repas des activités qui n’en ont pas encore, par exemple 4,97")
        parser.add_argument("--appliquer", action="store_true", help="écrit vraiment, au lieu de simuler")

    def handle(self, *, annee, ouverture, prix, appliquer, **options):
        connus = calendriers()
        if annee not in connus:
            raise CommandError(f"L’année « {annee} » n’est pas dans le calendrier officiel ({', '.join(connus)}).")
        existante = AnneeScolaire.objects.filter(libelle=annee).first()
        if ouverture:
            instant = lire_instant(ouverture)
        elif existante:
            instant = existante.ouverture
        else:
            raise CommandError("Dites quand les réservations ouvrent, par exemple --ouverture « 2026-07-15 08:30 ».")
        with transaction.atomic():
            creee, bilan = ouvrir_annee(
                calendrier=connus[annee],
                ouverture=instant,
                prix=lire_prix(prix) if prix else None,
                dire=self.stdout.write,
            )
            if not appliquer:
                transaction.set_rollback(True)
        self.stdout.write(f"Année {annee} : du {date_longue(creee.debut)} au {date_longue(creee.fin)}.")
        self.stdout.write(f"Ouverture des réservations : {instant_long(instant)}.")
        self.stdout.write(
            f"Jours de service : {nombre(bilan.creees, 'ajouté')}, {nombre(bilan.modifiees, 'modifié')}, "
            f"{nombre(bilan.fermees, 'fermé')}, {nombre(bilan.rouvertes, 'rouvert')} ; "
            f"{nombre(bilan.repas_annules, 'repas annulé', 'repas annulés')}."
        )
        if not appliquer:
            self.stdout.write("Simulation : rien n’a été écrit. Ajoutez --appliquer pour écrire.")


def lire_instant(texte: str) -> dt.datetime:
    try:
        return dt.datetime.strptime(texte.strip(), "%Y-%m-%d %H:%M").replace(tzinfo=PARIS)
    except ValueError:
        raise CommandError(f"« {texte} » n’est pas un instant de la forme 2026-07-15 08:30.") from None


def lire_prix(texte: str) -> Decimal:
    try:
        prix = Decimal(texte.replace(",", "."))
    except InvalidOperation:
        prix = Decimal("NaN")
    if not prix.is_finite() or not 0 <= prix < 10_000 or prix != round(prix, 2):
        raise CommandError(f"« {texte} » n’est pas un prix en euros, par exemple 4,97.")
    return prix
