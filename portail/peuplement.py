"""A town of invented families, as large as one wants, the same for the same seed. For load tests and trials."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from django.contrib.auth.hashers import make_password
from django.db import connection, transaction
from django.utils import timezone

from comptes.models import Enfant, Famille, QuotientFamilial, Rattachement, Responsable, Utilisateur
from portail.demo import MOT_DE_PASSE, PRIX
from portail.demo_tarifs import poser_les_grilles
from reservations.donnees_calendrier import CalendrierScolaire
from reservations.lecture_tarifs import tarifs_des
from reservations.models import Activite, AnneeScolaire, Ecole, Inscription
from reservations.services.annees import ouvrir_annee

ECOLES = [
    "Les Amandiers", "Barbacane", "Berthe Morisot", "Le Bosquet", "Les Cèdres", "La Cité", "Clair Vallon", "La Conte",
    "Les Corbières", "Fontaine", "Les Genêts", "Grazailles", "Les Halles", "Iéna", "Jean Moulin", "Le Lac",
    "Les Micocouliers", "Montlegun", "Les Oliviers", "La Palme", "Pasteur", "Le Pont Vieux", "La Prade", "Les Remparts",
    "Saint-Gimer", "Saint-Michel", "Les Serres", "Trivalle", "La Trinité", "Le Vignoble", "Viollet-le-Duc",
]  # fmt: skip
PRENOMS = [
    "Adam", "Agathe", "Ambre", "Arthur", "Basile", "Capucine", "Diane", "Émile", "Flora", "Gabin", "Hana", "Isaac",
    "Jeanne", "Karim", "Léonie", "Malo", "Nina", "Oscar", "Paola", "Rayan", "Salomé", "Tom", "Violette", "Zélie",
]  # fmt: skip
NOMS = [
    "Albarel", "Barthès", "Cros", "Delpech", "Espitalier", "Ferrand", "Gleizes", "Huc", "Iché", "Jammes",
    "Labatut", "Maury", "Navarro", "Olive", "Pech", "Raynaud", "Sicre", "Tisseyre", "Vergès", "Zaoui",
]  # fmt: skip
PAR_LOT = 500
ENFANTS = (0.70, 0.25, 0.05)  # families with one, two, three children in school: 1.35 on average
AUTRE_FOYER = 0.08  # children of two households
SECOND_RESPONSABLE = 0.45
AVEC_QUOTIENT = 0.70  # the others pay the top bracket


@dataclass(frozen=True)
class Ville:
    familles: int
    enfants: int
    activites: int


def peupler(
    *,
    familles: int,
    graine: int,
    calendrier: CalendrierScolaire,
    ouverture: dt.datetime,
    dire: Callable[[str], object] = lambda phrase: None,
) -> Ville:
    """Create the town's schools and families, batch by batch; stopped and run again, it goes on where it stopped.

    Everybody has the demo's password. Each family depends on the seed and its rank only.
    """
    annee = AnneeScolaire.objects.filter(libelle=calendrier.libelle).first()
    _ecoles()
    if annee is None or not annee.tarifs.filter(activite__ecole__nom__in=ECOLES).exists():
        annee, _ = ouvrir_annee(calendrier=calendrier, ouverture=ouverture, prix=PRIX)
    poser_les_grilles(annee.debut)
    dire(f"{len(ECOLES)} écoles, année {annee}")
    activites = list(Activite.objects.filter(ecole__nom__in=ECOLES).order_by("pk"))
    mot_de_passe = make_password(MOT_DE_PASSE)  # hashed once: 3,000 hashes would take minutes
    faites = Utilisateur.objects.filter(email__startswith=f"famille-{graine}-", email__endswith="-1@exemple.fr").count()
    for debut in range(faites, familles, PAR_LOT):
        rangs = range(debut, min(debut + PAR_LOT, familles))
        with transaction.atomic():
            _lot(rangs, graine, activites, annee, mot_de_passe)
        dire(f"{rangs[-1] + 1}/{familles} familles")
    _analyser()
    return Ville(Famille.objects.count(), Enfant.objects.count(), Activite.objects.count())


def _ecoles() -> None:
    if Ecole.objects.filter(nom=ECOLES[-1]).exists():
        return
    with transaction.atomic():
        ecoles = Ecole.objects.bulk_create(Ecole(nom=nom, adresse=f"Rue {nom}") for nom in ECOLES)
        Activite.objects.bulk_create(
            Activite(
                ecole=ecole,
                niveau=niveau,
                nom=f"Restauration scolaire {ecole.nom} {niveau.label}",
                capacite=200,
            )
            for rang, ecole in enumerate(ecoles)
            for niveau in Activite.Niveau
            if rang % 3 or niveau == Activite.Niveau.ELEMENTAIRE  # a third has no nursery classes
        )


def _lot(rangs: range, graine: int, activites: list[Activite], annee: AnneeScolaire, mot_de_passe: str) -> None:
    """A batch of families, one insert for each table."""
    hasards = {n: Random(f"{graine}-{n}") for n in rangs}  # noqa: S311  # nosec B311  invented people, not secrets
    noms = {n: hasards[n].choice(NOMS) for n in rangs}
    familles = dict(
        zip(
            rangs,
            Famille.objects.bulk_create(
                Famille(nom=noms[n], adresse=f"{n + 1} rue de la Ville", code_postal="11000", commune="Carcassonne")
                for n in rangs
            ),
            strict=True,
        )
    )
    adultes = [(n, rang) for n in rangs for rang in (1, 2) if rang == 1 or hasards[n].random() < SECOND_RESPONSABLE]
    comptes = Utilisateur.objects.bulk_create(
        Utilisateur(
            email=f"famille-{graine}-{n}-{rang}@exemple.fr",
            prenom=hasards[n].choice(PRENOMS),
            nom=noms[n],
            password=mot_de_passe,
        )
        for n, rang in adultes
    )
    Responsable.objects.bulk_create(
        Responsable(famille=familles[n], utilisateur=compte, rang=rang, prenom=compte.prenom, nom=compte.nom)
        for (n, rang), compte in zip(adultes, comptes, strict=True)
    )
    parents = [n for n in rangs for _ in range(hasards[n].choices((1, 2, 3), ENFANTS)[0])]
    enfants = Enfant.objects.bulk_create(
        Enfant(
            prenom=hasards[n].choice(PRENOMS),
            nom=noms[n],
            naissance=annee.debut - dt.timedelta(days=365 * 3 + hasards[n].randrange(365 * 8)),
        )
        for n in parents
    )
    foyers = []
    for n, enfant in zip(parents, enfants, strict=True):
        foyers.append((n, enfant))
        if hasards[n].random() < AUTRE_FOYER and n + 1 in familles:
            foyers.append((n + 1, enfant))
    rattachements = Rattachement.objects.bulk_create(Rattachement(famille=familles[n], enfant=e) for n, e in foyers)
    choisies = {enfant.pk: hasards[n].choice(activites) for n, enfant in zip(parents, enfants, strict=True)}
    Inscription.objects.bulk_create(
        Inscription(rattachement=r, activite=choisies[r.enfant_id], annee=annee, debut=annee.debut, fin=annee.fin)
        for r in rattachements
    )
    QuotientFamilial.objects.bulk_create(
        QuotientFamilial(
            famille=famille, mois=annee.debut.replace(day=1), valeur=hasards[n].randrange(150, 2_200), source="document"
        )
        for n, famille in familles.items()
        if hasards[n].random() < AVEC_QUOTIENT
    )


# The whole town at once, as its families did in July: one operation for each enrolment, one line and one meal a day.
_RESERVER = """
WITH choisies AS (
    SELECT DISTINCT ON (r.enfant_id) i.id, i.activite_id, r.enfant_id, r.famille_id
      FROM reservations_inscription i JOIN comptes_rattachement r ON r.id = i.rattachement_id
     WHERE i.annee_id = %(annee)s
     ORDER BY r.enfant_id, i.id
), jours AS (
    SELECT c.*, p.prix, j.id AS journee_id, j.date, j.capacite, j.places_prises
      FROM choisies c JOIN reservations_journee j ON j.activite_id = c.activite_id
      JOIN unnest(%(ids)s::bigint[], %(prix)s::numeric[]) AS p (id, prix) ON p.id = c.id
     WHERE j.fermeture = '' AND j.date BETWEEN %(debut)s AND %(fin)s
       AND NOT EXISTS (
           SELECT FROM reservations_reservation d WHERE d.enfant_id = c.enfant_id AND d.date = j.date
       )
), operations AS (
    INSERT INTO reservations_operation (famille_id, auteur_id, origine, cree_le, cle)
    SELECT DISTINCT famille_id, NULL::bigint, 'commande', %(instant)s, 'peuplement-' || id FROM jours
    RETURNING id, cle
), mouvements AS (
    INSERT INTO reservations_mouvement
           (operation_id, inscription_id, date, nature, motif, "precision", prix, capacite, places_prises)
    SELECT o.id, j.id, j.date, 'ajout', '', '', j.prix, j.capacite, j.places_prises
      FROM jours j JOIN operations o ON o.cle = 'peuplement-' || j.id
), repas AS (
    INSERT INTO reservations_reservation (inscription_id, journee_id, enfant_id, date, prix, tardive)
    SELECT id, journee_id, enfant_id, date, prix, false FROM jours
    RETURNING journee_id
), comptes AS (
    SELECT journee_id, count(*) AS n FROM repas GROUP BY journee_id
)
UPDATE reservations_journee j
   SET places_prises = j.places_prises + c.n, capacite = GREATEST(j.capacite, j.places_prises + c.n)
  FROM comptes c WHERE j.id = c.journee_id
"""


def reserver_toute_la_ville(annee: AnneeScolaire) -> int:
    """Book every day of the year for every enrolled child, in one statement; the number of meals added."""
    _analyser()  # without statistics of the families just written, the planner joins line by line: minutes
    with transaction.atomic(), connection.cursor() as curseur:
        curseur.execute("SELECT count(*) FROM reservations_reservation")
        avant = curseur.fetchone()[0]
        # Their quotients count from before the first day: one price for the year.
        prix = {pk: tarifs.le(annee.debut).montant for pk, tarifs in tarifs_des(annee.inscriptions.all()).items()}
        curseur.execute(
            _RESERVER,
            {
                "annee": annee.pk,
                "debut": annee.debut,
                "fin": annee.fin,
                "instant": timezone.now(),
                "ids": list(prix),
                "prix": list(prix.values()),
            },
        )
        curseur.execute("SELECT count(*) FROM reservations_reservation")
        apres = curseur.fetchone()[0]
    _analyser()
    return apres - avant


def _analyser() -> None:
    """Fresh statistics: the planner must not believe that the tables are still empty."""
    with connection.cursor() as curseur:
        curseur.execute("ANALYZE")
