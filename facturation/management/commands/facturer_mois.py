from django.core.exceptions import ValidationError
from django.core.management.base import CommandError
from django.db import transaction

from comptes.commandes import Commande
from comptes.francais import de, euros, mois_long, nombre
from facturation.lecture_campagne import anomalies
from facturation.models import Facturation
from facturation.regles import lire_mois
from facturation.services.emettre import emettre
from facturation.services.preparer import bilan, preparer


class Command(Commande):
    help = (
        "Prépare les factures d’un mois d’après les réservations et les pointages. Sans --appliquer, la commande "
        "simule et n’écrit rien. Avec --appliquer, les brouillons du mois sont refaits ; avec --emettre en plus, ils "
        "sont numérotés et les familles prévenues. Arrêtée, elle reprend ; relancée, elle ne facture pas deux fois."
    )

    def add_arguments(self, parser):
        parser.add_argument("mois", help="par exemple 2026-09")
        parser.add_argument("--appliquer", action="store_true", help="écrit les brouillons, au lieu de simuler")
        parser.add_argument("--emettre", action="store_true", help="émet les factures (avec --appliquer)")
        parser.add_argument("--avant-la-fin", action="store_true", help="accepte un mois qui n’est pas fini")

    def handle(self, *, mois, appliquer, avant_la_fin, **options):
        if options["emettre"] and not appliquer:
            raise CommandError("--emettre demande --appliquer : une simulation n’émet rien.")
        try:
            lu = lire_mois(mois)
            deja = Facturation.objects.filter(mois=lu, etat=Facturation.Etat.EMISE).first()
            if deja and options["emettre"]:
                self.stdout.write(f"Les factures {de(mois_long(lu))} sont déjà émises. Rien n’a été changé.")
                return
            with transaction.atomic():
                facturation = preparer(mois=lu, dire=self.stdout.write, avant_la_fin=avant_la_fin)
                self.dire(facturation)
                if not appliquer:
                    transaction.set_rollback(True)
        except (ValueError, ValidationError) as refus:
            phrases = refus.messages if isinstance(refus, ValidationError) else [str(refus)]
            raise CommandError(" ".join(phrases)) from None
        if not appliquer:
            self.stdout.write("Simulation : rien n’a été écrit. Ajoutez --appliquer pour écrire.")
        elif options["emettre"]:
            emises = emettre(facturation=facturation, dire=self.stdout.write)
            self.stdout.write(f"{nombre(emises, 'facture émise', 'factures émises')}.")
        else:
            self.stdout.write("Brouillons écrits. Ajoutez --emettre pour émettre.")

    def dire(self, facturation: Facturation) -> None:
        fait = bilan(facturation)
        self.stdout.write(
            f"{mois_long(facturation.mois)} : {nombre(fait.factures, 'facture')} à émettre, "
            f"{nombre(fait.repas, 'repas', 'repas')}, {euros(fait.total)}."
        )
        if fait.deja:
            self.stdout.write(f"{nombre(fait.deja, 'facture')} déjà émise(s) pour ce mois.")
        for anomalie in anomalies(facturation):
            exemples = f" ({', '.join(anomalie.exemples)})" if anomalie.exemples else ""
            self.stdout.write(f"Anomalie : {anomalie.phrase}{exemples}.")
