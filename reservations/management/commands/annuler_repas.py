import datetime as dt

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError

from comptes.commandes import Commande
from comptes.francais import date_longue, nombre
from reservations.models import Activite, AnnulationCollective
from reservations.services.annuler_collectivement import (
    Demande,
    annuler_collectivement,
    apercu,
    bilan,
    classes_de,
    jours_de_service,
)

NATURES = AnnulationCollective.Nature


class Command(Commande):
    help = (
        "Annule sans frais les repas d’activités ou de classes, pour une grève, une sortie, un enseignant non remplacé "
        "ou une fermeture, et prévient les familles. Sans --classe, les activités ferment ces jours-là. Sans "
        "--appliquer, la commande simule et n’écrit rien. Relancée, elle ne fait rien deux fois. L’annulation se "
        "rétablit sur sa page de l’administration."
    )

    def add_arguments(self, parser):
        parser.add_argument("--nature", required=True, choices=NATURES.values, help="pourquoi")
        parser.add_argument("--motif", required=True, help="tel que les familles le lisent, 80 caractères au plus")
        parser.add_argument(
            "--activite",
            required=True,
            action="append",
            help="nom exact ou numéro d’une activité ; à répéter, ou « toutes »",
        )
        parser.add_argument("--classe", action="append", default=[], help="une classe de ces activités ; à répéter")
        parser.add_argument("--jours", required=True, help="par exemple 2026-12-10,2026-12-11")
        parser.add_argument("--appliquer", action="store_true", help="écrit vraiment, au lieu de simuler")

    def handle(self, *, nature, motif, activite, classe, jours, appliquer, **options):
        motif = motif.strip()
        if not len(motif) <= 80 or motif.splitlines() != [motif] or "\0" in motif:
            raise CommandError("Le motif a de 1 à 80 caractères, sur une ligne.")
        activites, demandes = lire_activites(activite), lire_jours(jours)
        inconnues = set(classe) - set(classes_de(activites, demandes))
        if inconnues:
            raise CommandError(f"Classe inconnue de ces activités : {', '.join(sorted(inconnues))}.")
        demande = Demande(nature, motif, activites, demandes, tuple(sorted(set(classe))))
        cle = cle_de(demande)
        faite = AnnulationCollective.objects.filter(cle=cle).first()
        if faite:
            self.stdout.write(f"Déjà fait : {phrase(bilan(faite))}. Rien n’a été changé.")
            return
        ouverts = set(jours_de_service(activites, min(demandes), max(demandes)))
        fermes = [jour for jour in demandes if jour not in ouverts]
        if fermes:
            raise CommandError(f"Pas de service ouvert le {', le '.join(map(date_longue, fermes))}.")
        if appliquer:
            try:
                fait = bilan(annuler_collectivement(demande=demande, auteur=None, cle=cle))
            except ValidationError as refus:
                raise CommandError(" ".join(refus.messages)) from None
            self.stdout.write(f"{phrase(fait)}.")
            return
        for ligne in (vue := apercu(demande)).lignes:
            ou = f"{ligne['activite']}, {ligne['classe'] or 'sans classe'}"
            self.stdout.write(f"{ou}, {date_longue(ligne['date'])} : {ligne['repas']}")
        self.stdout.write(f"{phrase(vars(vue))}.")
        self.stdout.write("Simulation : rien n’a été écrit. Ajoutez --appliquer pour écrire.")


def phrase(fait) -> str:
    repas = nombre(fait["repas"], "repas annulé", "repas annulés")
    return f"{repas}, {nombre(fait['familles'], 'famille')}"


def cle_de(demande: Demande) -> str:
    """The same words twice are the same action, until it is undone: then they are another."""
    base = demande.empreinte("commande")[:48]
    defaites = AnnulationCollective.objects.filter(cle__startswith=base, retablie_le__isnull=False).count()
    return f"{base}-{defaites}"


def lire_activites(noms: list[str]) -> tuple[Activite, ...]:
    connues = list(Activite.objects.filter(active=True).order_by("pk"))
    if "toutes" in noms:
        return tuple(connues)
    par_nom = {cle: a for a in connues for cle in (a.nom, str(a.pk))}
    for nom in noms:
        if nom not in par_nom:
            raise CommandError(f"L’activité « {nom} » n’existe pas, ou n’est plus en service.")
    return tuple(sorted({par_nom[nom] for nom in noms}, key=lambda a: a.pk))


def lire_jours(texte: str) -> tuple[dt.date, ...]:
    try:
        return tuple(sorted({dt.date.fromisoformat(jour.strip()) for jour in texte.split(",")}))
    except ValueError:
        raise CommandError(f"« {texte} » n’est pas une liste de jours, par exemple 2026-12-10,2026-12-11.") from None
