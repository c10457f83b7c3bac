"""The demo town: real school calendar, real-looking schools, invented families. Writing it twice changes nothing."""

import datetime as dt
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from comptes.models import (
    Contact,
    Enfant,
    Famille,
    FicheCantine,
    QuotientFamilial,
    Rattachement,
    Responsable,
    Texte,
    Utilisateur,
)
from comptes.roles import appliquer_les_roles, creer_agent
from comptes.services.autorisations import signer
from comptes.services.textes import poser_les_textes
from portail.demo_factures import facturer_la_demo
from portail.demo_menus import creer_les_menus
from portail.demo_tarifs import poser_les_grilles
from reservations.donnees_calendrier import CalendrierScolaire, calendriers
from reservations.models import Activite, AnneeScolaire, Ecole, Fermeture, Inscription
from reservations.regles import PARIS
from reservations.regles_changements import Changements
from reservations.services import reserver
from reservations.services.annees import ouvrir_annee
from reservations.services.messages import Message, envoyer

MOT_DE_PASSE = "Portail-demo-2026"  # nosec B105  the demo's, public
PRIX = Decimal("4.97")
CANTINE = "cantine@exemple.fr"
OUVERTURE = (7, 15, dt.time(8, 30))  # month, day, hour in the town

ECOLES = [
    # name, address, services: (level, capacity)
    ("Villalbe Pierre Paul Riquet", "Rue des Écoles, Villalbe", [("elementaire", 90), ("maternelle", 45)]),
    ("Jean Giono", "Avenue Jean Giono", [("maternelle", 24), ("elementaire", 120)]),
    ("La Gravette", "Rue de la Gravette", [("elementaire", 110)]),
]
BIENVENUE = Message(
    "Bienvenue sur le portail famille",
    "Bonjour,\n\nles réservations de repas, leurs récapitulatifs et les messages de la mairie sont désormais ici. "
    "Le guide, dans le menu, montre chaque étape.\n\nLe guichet unique",
)
PRENOMS = ["Alice", "Amine", "Anaïs", "Baptiste", "Chloé", "Élise", "Enzo", "Eva", "Gaspard", "Inès", "Jade", "Jules"]
NOMS = ["Bonnet", "Cathala", "Delmas", "Escande", "Fabre", "Garric", "Houlès", "Izard", "Jalabert", "Kaci", "Laffont"]


@dataclass(frozen=True)
class Personne:
    courriel: str
    prenom: str
    nom: str
    mot_de_passe: str | None = MOT_DE_PASSE


MERE = Personne("parent@exemple.fr", "Camille", "Martin")
PERE = Personne("separe@exemple.fr", "Nicolas", "Roux")
NOUVELLE = Personne("nouveau@exemple.fr", "Samira", "Benali", None)
AGENTS = [
    (Personne("guichet@exemple.fr", "Odile", "Sarda"), "guichet"),
    (Personne(CANTINE, "Karim", "Vidal"), "cantine"),
    (Personne("regie@exemple.fr", "Lucie", "Pujol"), "regie"),
    (Personne("admin@exemple.fr", "Denis", "Astruc"), "admin"),
]


def annees_voisines(aujourdhui: dt.date) -> list[CalendrierScolaire]:
    """The school year of today (in summer, the next) with the one before and the one after."""
    toutes = sorted(calendriers().values(), key=lambda a: a.debut)
    rang = next((n for n, a in enumerate(toutes) if a.fin >= aujourdhui), len(toutes) - 1)
    return toutes[max(rang - 1, 0) : rang + 2]


def ouverture_de(calendrier: CalendrierScolaire) -> dt.datetime:
    """15 July before the school year, at 8:30: the date of the town's tutorial."""
    mois, jour, heure = OUVERTURE
    return dt.datetime.combine(dt.date(calendrier.debut.year, mois, jour), heure, tzinfo=PARIS)


def creer_la_ville(*, dire=lambda phrase: None) -> None:
    """Create what is missing of the demo town, and the school years around today."""
    aujourdhui = timezone.localdate()
    with transaction.atomic():
        nouvelle = not Famille.objects.exists()
        poser_les_textes()
        _ecoles(aujourdhui)
        _agents()
        annees = [
            ouvrir_annee(calendrier=c, ouverture=ouverture_de(c), prix=PRIX)[0]
            for c in annees_voisines(aujourdhui)
            if not AnneeScolaire.objects.filter(libelle=c.libelle).exists()
        ]
        dire(f"{len(annees)} année(s) scolaire(s) ajoutée(s)")
        if nouvelle:
            poser_les_grilles(annees_voisines(aujourdhui)[0].debut)
            _familles(AnneeScolaire.objects.all(), aujourdhui)
            envoyer(message=BIENVENUE, auteur=Utilisateur.objects.get(email=AGENTS[0][0].courriel), cle="bienvenue")
            dire(f"{Famille.objects.count()} familles inventées")
            dire(f"{creer_les_menus(aujourdhui)} menus inventés")
            courante = AnneeScolaire.objects.en_cours(aujourdhui).first()
            if courante:
                dire(f"{facturer_la_demo(courante, aujourdhui)} factures émises")


def personne(qui: Personne, **champs) -> Utilisateur:
    """The account of one of the demo's people, created once: a password changed since stays."""
    trouvee = Utilisateur.objects.filter(email=qui.courriel).first()
    return trouvee or Utilisateur.objects.create_user(
        qui.courriel, qui.mot_de_passe, prenom=qui.prenom, nom=qui.nom, **champs
    )


def _agents() -> None:
    appliquer_les_roles()
    for qui, role in AGENTS:
        creer_agent(courriel=qui.courriel, role=role, prenom=qui.prenom, nom=qui.nom)
        compte = Utilisateur.objects.get(email=qui.courriel)
        if not compte.has_usable_password():
            compte.set_password(MOT_DE_PASSE)
            compte.save(update_fields=["password"])


def _ecoles(aujourdhui: dt.date) -> None:
    if Ecole.objects.exists():
        return
    for nom, adresse, services in ECOLES:
        ecole = Ecole.objects.create(nom=nom, adresse=adresse)
        for niveau, capacite in services:
            mots = Activite.Niveau(niveau).label
            # One canteen that is told of the absences of the morning: the tutorial's.
            courriel = CANTINE if (nom, niveau) == (ECOLES[0][0], Activite.Niveau.ELEMENTAIRE) else ""
            Activite.objects.create(
                ecole=ecole,
                niveau=niveau,
                capacite=capacite,
                courriel=courriel,
                nom=f"Restauration scolaire {nom} {mots}",
            )
    jeudi = aujourdhui + dt.timedelta(days=21 + (4 - aujourdhui.isoweekday()) % 7)
    Fermeture.objects.create(debut=jeudi, fin=jeudi, motif="Grève")


def _familles(annees: Iterable[AnneeScolaire], aujourdhui: dt.date) -> None:
    elementaire = Activite.objects.get(nom="Restauration scolaire Villalbe Pierre Paul Riquet élémentaire")
    maternelle = Activite.objects.get(nom="Restauration scolaire Jean Giono maternelle")
    lea = Enfant.objects.create(prenom="Léa", nom="Martin", naissance=dt.date(aujourdhui.year - 9, 3, 14))
    hugo = Enfant.objects.create(prenom="Hugo", nom="Martin", naissance=dt.date(aujourdhui.year - 5, 6, 2))
    yanis = Enfant.objects.create(prenom="Yanis", nom="Benali", naissance=dt.date(aujourdhui.year - 7, 1, 22))
    martin = _famille(MERE, "Martin", "12 rue de Verdun", [lea, hugo])
    roux = _famille(PERE, "Roux", "3 avenue Pierre Sémard", [hugo])
    # The tutorial's price, that of no quotient, stays the others'.
    rentree = min(a.debut for a in annees)
    QuotientFamilial.objects.create(
        famille=roux, mois=rentree.replace(day=1), valeur=845, source=QuotientFamilial.Source.DOCUMENT
    )
    benali = _famille(NOUVELLE, "Benali", "8 rue Trivalle", [yanis])
    _dossiers(martin, lea, hugo)
    courante = next((a for a in annees if a.fin >= aujourdhui), None)
    for annee in annees:
        inscriptions = {
            "lea": _inscrire(martin, lea, elementaire, annee),
            "hugo": _inscrire(martin, hugo, maternelle, annee),
            "hugo_roux": _inscrire(roux, hugo, maternelle, annee),
            "yanis": _inscrire(benali, yanis, elementaire, annee),
        }
        if annee == courante:
            _reserver_depuis_la_rentree(inscriptions["lea"], {1, 2, 4, 5}, aujourdhui + dt.timedelta(days=9))
            _reserver_depuis_la_rentree(inscriptions["hugo"], {1, 4}, aujourdhui + dt.timedelta(days=20))
            _reserver_depuis_la_rentree(inscriptions["hugo_roux"], {2}, aujourdhui + dt.timedelta(days=30))
            _figurants(maternelle, annee, 18)
            _figurants(elementaire, annee, 12)
            _jours_complets(elementaire, aujourdhui, [2, 9])
            _jours_complets(maternelle, aujourdhui, [3])
    _signer(martin, lea, {"reglement-interieur": True, "photographies": True, "sorties": True, "depart-seul": False})
    _signer(martin, hugo, {"reglement-interieur": True, "photographies": True})
    _signer(roux, hugo, {"photographies": False})


def _famille(qui: Personne, nom: str, adresse: str, enfants: list[Enfant]) -> Famille:
    famille = Famille.objects.create(nom=nom, adresse=adresse, code_postal="11000", commune="Carcassonne")
    Responsable.objects.create(famille=famille, utilisateur=personne(qui), prenom=qui.prenom, nom=qui.nom)
    for enfant in enfants:
        Rattachement.objects.create(famille=famille, enfant=enfant)
    return famille


def _dossiers(famille: Famille, lea: Enfant, hugo: Enfant) -> None:
    """A card, and contacts that the brother can copy; what is missing stays to be completed."""
    FicheCantine.objects.create(enfant=hugo, regime=FicheCantine.Regime.VEGETARIEN, remarques="Porte des lunettes.")
    chez = Rattachement.objects.get(famille=famille, enfant=lea)
    for ordre, (prenom, nom, lien) in enumerate([("Odile", "Martin", "grand-mère"), ("Paul", "Rieu", "voisin")], 1):
        Contact.objects.create(
            rattachement=chez, ordre=ordre, prenom=prenom, nom=nom, lien=lien, telephone=f"06 00 00 00 0{ordre}"
        )


def _signer(famille: Famille, enfant: Enfant, reponses: dict[str, bool]) -> None:
    """Answers of the household's first adult; the other texts wait for theirs."""
    rattachement = Rattachement.objects.get(famille=famille, enfant=enfant)
    versions = dict(Texte.objects.a_signer().avec_version().values_list("code", "version_id"))
    signer(
        reponses={(rattachement.pk, versions[code]): accordee for code, accordee in reponses.items()},
        par=famille.responsables.get(rang=1).utilisateur,
    )


def _inscrire(famille: Famille, enfant: Enfant, activite: Activite, annee: AnneeScolaire) -> Inscription:
    return Inscription.objects.create(
        rattachement=Rattachement.objects.get(famille=famille, enfant=enfant),
        activite=activite,
        annee=annee,
        debut=annee.debut,
        fin=annee.fin,
    )


def _reserver_depuis_la_rentree(inscription: Inscription, jours: Iterable[int], jusqu_au: dt.date) -> None:
    """Book those weekdays as the parent did on the opening morning: one operation, dated then."""
    dates = inscription.activite.journees.filter(
        date__range=(inscription.debut, min(jusqu_au, inscription.fin)), date__iso_week_day__in=jours, fermeture=""
    )
    changements = Changements(ajouts=frozenset(dates.values_list("date", flat=True)))
    if not changements:
        return
    responsable = inscription.famille.responsables.first()
    ouverture = inscription.annee.ouverture
    reserver(
        demandes={inscription.pk: changements},
        auteur=responsable.utilisateur if responsable else None,
        cle=uuid.uuid4().hex,
        horloge=lambda: ouverture + dt.timedelta(minutes=inscription.pk),
    )


def _figurants(activite: Activite, annee: AnneeScolaire, nombre: int) -> None:
    """Families without login, so that a canteen has people in it."""
    for n in range(nombre):
        prenom, nom = PRENOMS[n % len(PRENOMS)], NOMS[(n + nombre) % len(NOMS)]
        enfant = Enfant.objects.create(
            prenom=prenom, nom=nom, naissance=dt.date(annee.debut.year - 5, 1 + n % 12, 1 + n)
        )
        famille = Famille.objects.create(nom=nom, code_postal="11000", commune="Carcassonne")
        Rattachement.objects.create(famille=famille, enfant=enfant)
        Responsable.objects.create(famille=famille, prenom=PRENOMS[-1 - n % len(PRENOMS)], nom=nom)
        if n % 3 == 0:
            regime = FicheCantine.Regime.values[n // 3 % len(FicheCantine.Regime.values)]
            FicheCantine.objects.create(enfant=enfant, regime=regime, pai=n % 9 == 0)
        jours = [j for j in activite.jours if (n + j) % 5]
        _reserver_depuis_la_rentree(_inscrire(famille, enfant, activite, annee), jours, annee.fin)


def _jours_complets(activite: Activite, aujourdhui: dt.date, rangs: Iterable[int]) -> None:
    """Days of which staff set the capacity to what is booked."""
    journees = list(
        activite.journees.filter(
            date__gt=aujourdhui + dt.timedelta(days=10), fermeture="", places_prises__gt=0
        ).order_by("date")[:20]
    )
    for rang in rangs:
        for journee in journees[rang : rang + 1]:
            journee.capacite, journee.manuelle = journee.places_prises, True
            journee.save(update_fields=["capacite", "manuelle"])
