"""People, schools and days of the tests. `foyer()` makes a household that can book; the factories make its parts.

Nothing here is of today: `INSTANT` is the morning on which 2026-2027 opens, with the whole year ahead. Freeze it by
name: `@time_machine.travel(INSTANT, tick=False)`.
"""

import datetime as dt
import functools
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal

import factory
from django.contrib.auth.hashers import make_password

from comptes.models import Contact, Enfant, Famille, Rattachement, Responsable, Utilisateur
from reservations.donnees_calendrier import calendriers
from reservations.models import (
    Activite,
    AnneeScolaire,
    Ecole,
    Grille,
    Inscription,
    Journee,
    Operation,
    PeriodeSansClasse,
    Tarif,
    Tarification,
    Tranche,
)
from reservations.regles import LETTRES_UAI, PARIS
from reservations.regles_changements import Changements
from reservations.services import actualiser_journees, reserver

ANNEE = "2026-2027"
OUVERTURE = dt.datetime(2026, 7, 15, 8, 30, tzinfo=PARIS)
INSTANT = dt.datetime(2026, 7, 15, 9, 0, tzinfo=PARIS)
PRIX = Decimal("4.97")
MOT_DE_PASSE = "cassoulet-et-remparts"
hacher = functools.cache(make_password)


class UtilisateurFactory(factory.django.DjangoModelFactory):
    """Someone who signs in by `client.force_login`. The trait `avec_mot_de_passe` gives `MOT_DE_PASSE`."""

    class Meta:
        model = Utilisateur

    class Params:
        # Hashing costs 30 ms: once, and only for the tests that sign in by the form.
        avec_mot_de_passe = factory.Trait(password=factory.LazyFunction(lambda: hacher(MOT_DE_PASSE)))
        agent = factory.Trait(is_staff=True)

    email = factory.Sequence(lambda n: f"parent{n}@exemple.fr")
    prenom = "Camille"
    nom = factory.Sequence(lambda n: f"Martin{n}")
    password = "!jamais"


class FamilleFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Famille

    nom = factory.Sequence(lambda n: f"Martin{n}")
    adresse = "12 rue de Verdun"
    code_postal = "11000"
    commune = "Carcassonne"
    telephone = "04 68 00 00 00"


class ResponsableFactory(factory.django.DjangoModelFactory):
    """With a login; `utilisateur=None` for who has no e-mail on file."""

    class Meta:
        model = Responsable

    famille = factory.SubFactory(FamilleFactory)
    utilisateur = factory.SubFactory(UtilisateurFactory)
    rang = 1
    prenom = "Camille"
    nom = factory.LazyAttribute(lambda o: o.famille.nom)


class EnfantFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Enfant

    prenom = "Léa"
    nom = factory.Sequence(lambda n: f"Martin{n}")
    naissance = dt.date(2017, 3, 14)


class RattachementFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Rattachement

    famille = factory.SubFactory(FamilleFactory)
    enfant = factory.SubFactory(EnfantFactory)


class EcoleFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Ecole

    nom = factory.Sequence(lambda n: f"École {n}")
    uai = factory.Sequence(lambda n: f"{110000 + n:07d}{LETTRES_UAI[(110000 + n) % len(LETTRES_UAI)]}")


class ActiviteFactory(factory.django.DjangoModelFactory):
    """Monday, Tuesday, Thursday, Friday; two calendar days before at 23:59. Without days: see `ouvrir`."""

    class Meta:
        model = Activite

    ecole = factory.SubFactory(EcoleFactory)
    niveau = Activite.Niveau.ELEMENTAIRE
    nom = factory.Sequence(lambda n: f"Restauration scolaire {n} élémentaire")
    capacite = 90


class AnneeScolaireFactory(factory.django.DjangoModelFactory):
    """A year of the committed calendar (`libelle`), open since `OUVERTURE`, with its periods without class."""

    class Meta:
        model = AnneeScolaire
        django_get_or_create = ("libelle",)
        skip_postgeneration_save = True

    libelle = ANNEE
    debut = factory.LazyAttribute(lambda o: calendriers()[o.libelle].debut)
    fin = factory.LazyAttribute(lambda o: calendriers()[o.libelle].fin)
    source = factory.LazyAttribute(lambda o: calendriers()[o.libelle].source)
    ouverture = OUVERTURE

    @factory.post_generation
    def periodes(self, create, extracted, **kwargs):
        PeriodeSansClasse.objects.bulk_create(
            [PeriodeSansClasse(annee=self, **vars(p)) for p in calendriers()[self.libelle].periodes],
            ignore_conflicts=True,
        )


class TarifFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Tarif
        django_get_or_create = ("activite", "annee")

    activite = factory.SubFactory(ActiviteFactory)
    annee = factory.SubFactory(AnneeScolaireFactory)
    prix = PRIX


class TarificationFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Tarification
        django_get_or_create = ("nom",)

    nom = "Restauration scolaire"


class GrilleFactory(factory.django.DjangoModelFactory):
    """By brackets: < 700, 700-1099, ≥ 1100. `tranches`: (quotient, price) of each."""

    class Meta:
        model = Grille
        skip_postgeneration_save = True

    tarification = factory.SubFactory(TarificationFactory)
    deliberation = "2026-041"
    votee_le = dt.date(2026, 6, 12)
    debut = dt.date(2026, 9, 1)
    cout = Decimal("8.12")

    @factory.post_generation
    def tranches(self, create, extracted, **kwargs):
        lues = [(0, "2.30"), (700, "3.40"), (1100, "3.90")] if extracted is None else extracted
        Tranche.objects.bulk_create(Tranche(grille=self, a_partir_de=de, prix=prix) for de, prix in lues)


class InscriptionFactory(factory.django.DjangoModelFactory):
    """The whole school year."""

    class Meta:
        model = Inscription

    rattachement = factory.SubFactory(RattachementFactory)
    activite = factory.SubFactory(ActiviteFactory)
    annee = factory.SubFactory(AnneeScolaireFactory)
    debut = factory.LazyAttribute(lambda o: o.annee.debut)
    fin = factory.LazyAttribute(lambda o: o.annee.fin)


class JourneeFactory(factory.django.DjangoModelFactory):
    """One day by hand. The days of a whole year: `ouvrir`."""

    class Meta:
        model = Journee

    activite = factory.SubFactory(ActiviteFactory)
    date = dt.date(2026, 12, 10)
    capacite = factory.LazyAttribute(lambda o: o.activite.capacite)
    limite_reservation = factory.LazyAttribute(lambda o: o.activite.regle_reservation.limite(o.date))
    limite_annulation = factory.LazyAttribute(lambda o: o.activite.regle_annulation.limite(o.date))


def ouvrir(activite: Activite | None = None, annee: AnneeScolaire | None = None, prix: Decimal | None = PRIX, **champs):
    """An activity with its price and every day of the year, made by the service; `champs` are the activity's."""
    activite = activite or ActiviteFactory(**champs)
    annee = annee or AnneeScolaireFactory()
    if prix is not None:
        TarifFactory(activite=activite, annee=annee, prix=prix)
    actualiser_journees(activite=activite, annee=annee)
    return activite


@dataclass
class Foyer:
    utilisateur: Utilisateur
    famille: Famille
    responsable: Responsable
    enfant: Enfant
    rattachement: Rattachement
    inscription: Inscription
    activite: Activite
    annee: AnneeScolaire

    def reserver(self, *ajouts: dt.date, annuler: Collection[dt.date] = (), cle: str = "") -> Operation:
        """What the parent's form does, without the form."""
        return reserver(
            demandes={self.inscription.pk: Changements(frozenset(ajouts), frozenset(annuler))},
            auteur=self.utilisateur,
            cle=cle or uuid.uuid4().hex,
        )


def foyer(
    *,
    enfant: Enfant | None = None,
    activite: Activite | None = None,
    annee: AnneeScolaire | None = None,
    utilisateur: Utilisateur | None = None,
    prix: Decimal | None = PRIX,
    debut: dt.date | None = None,
    fin: dt.date | None = None,
    reserves: Collection[dt.date] = (),
) -> Foyer:
    """A household with a login, a child and an enrolment; without `activite`, one is made with the days of the year.

    `enfant` given: the other household of that child. `reserves`: meals booked through the service, so the clock must
    be before their cut-off (`INSTANT`).
    """
    annee = annee or AnneeScolaireFactory()
    activite = activite or ouvrir(annee=annee, prix=prix)
    responsable = ResponsableFactory(**({"utilisateur": utilisateur} if utilisateur else {}))
    rattachement = RattachementFactory(famille=responsable.famille, enfant=enfant or EnfantFactory())
    inscription = InscriptionFactory(
        rattachement=rattachement,
        activite=activite,
        annee=annee,
        debut=debut or annee.debut,
        fin=fin or annee.fin,
    )
    cree = Foyer(
        utilisateur=responsable.utilisateur,
        famille=responsable.famille,
        responsable=responsable,
        enfant=rattachement.enfant,
        rattachement=rattachement,
        inscription=inscription,
        activite=activite,
        annee=annee,
    )
    if reserves:
        cree.reserver(*reserves)
    return cree


class ContactFactory(factory.django.DjangoModelFactory):
    """Someone to call for a child of a household; `ordre` follows the factory's own count, never twice the same."""

    class Meta:
        model = Contact

    rattachement = factory.SubFactory(RattachementFactory)
    ordre = factory.Sequence(lambda n: n % 30_000 + 1)
    prenom = "Odile"
    nom = factory.Sequence(lambda n: f"Sarda{n}")
    lien = "grand-mère"
    telephone = "06 11 11 11 11"
