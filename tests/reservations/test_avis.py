"""What each gesture tells the adults of a household in the portal: who, which category, where it leads, read or not."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from post_office.models import Email

from comptes.categories import REFUSABLES
from comptes.models import Categorie, Notification, RefusDeCourriel
from reservations.models import AnnulationCollective, Attente, Journee, Operation
from reservations.regles import PARIS
from reservations.services.absences import declarer_absence
from reservations.services.annuler_collectivement import Demande, annuler_collectivement
from reservations.services.annuler_operation import annuler_operation
from reservations.services.attente import demander, servir
from reservations.services.places import compter_les_places
from reservations.services.retablir import retablir
from tests.factories import ResponsableFactory, UtilisateurFactory, foyer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("ouverture", "comptes_justes")]
LUNDI, MARDI = dt.date(2026, 12, 7), dt.date(2026, 12, 8)


@pytest.fixture
def f():
    """A household of two adults; the first acts. Another household shares neither child nor login."""
    f = foyer()
    f.autre = ResponsableFactory(famille=f.famille, rang=2)
    foyer(activite=f.activite)
    return f


def dernieres(f) -> dict:
    """Responsable → their latest notification; nobody out of the household has any."""
    assert not Notification.objects.exclude(destinataire__famille=f.famille).exists()
    return {n.destinataire_id: n for n in Notification.objects.order_by("pk")}


def verifier(f, *, categorie, titre, auteur_lu, lien="operation"):
    lues = dernieres(f)
    assert lues.keys() == {f.responsable.pk, f.autre.pk}
    for n in lues.values():
        assert (n.categorie, n.titre.replace("\xa0", " ")) == (categorie, titre)
        if lien == "operation":
            assert n.lien == f"/reservations/operations/{Operation.objects.latest('pk').numero}/"
        else:
            assert n.lien == lien
    assert bool(lues[f.responsable.pk].lue_le) is auteur_lu
    assert lues[f.autre.pk].lue_le is None


def test_a_booking_tells_the_other_adult_and_the_author_s_is_born_read(f):
    f.reserver(LUNDI, MARDI)
    verifier(f, categorie="reservations", titre="Repas de Léa : 2 réservés", auteur_lu=True)
    f.reserver(annuler=[MARDI])
    verifier(f, categorie="reservations", titre="Repas de Léa : 1 annulé", auteur_lu=True)


def test_a_form_that_changes_nothing_or_is_sent_twice_tells_nothing(f):
    f.reserver(LUNDI, cle="a")
    f.reserver(LUNDI, cle="a")
    f.reserver(LUNDI)
    assert Notification.objects.count() == 2


def test_the_undo_tells_as_a_booking_does(f):
    annuler_operation(operation=f.reserver(LUNDI), auteur=f.utilisateur)
    verifier(f, categorie="reservations", titre="Repas de Léa : 1 annulé", auteur_lu=True)


def test_an_absence_is_told_without_a_reason(f, ouverture):
    f.reserver(LUNDI)
    ouverture.move_to(dt.datetime(2026, 12, 7, 8, 0, tzinfo=PARIS))
    declarer_absence(inscription=f.inscription.pk, jour=LUNDI, auteur=f.utilisateur, cle="a")
    verifier(f, categorie="reservations", titre="Repas de Léa : 1 absence déclarée", auteur_lu=True)


def test_what_an_agent_does_is_unread_for_both(f):
    f.utilisateur = UtilisateurFactory(agent=True)
    f.reserver(LUNDI)
    verifier(f, categorie="reservations", titre="Repas de Léa : 1 réservé", auteur_lu=False)


def greve(f, auteur=None) -> AnnulationCollective:
    demande = Demande("greve", "Grève", (f.activite,), (LUNDI,))
    return annuler_collectivement(demande=demande, auteur=auteur, cle="k")


def test_a_cancellation_by_the_town_and_its_return_are_told_to_both(f):
    f.reserver(LUNDI)
    annulation = greve(f)
    verifier(f, categorie="annulations", titre="Grève : repas de Léa annulés sans frais", auteur_lu=False)
    retablir(annulation=annulation, auteur=None)
    verifier(f, categorie="annulations", titre="Grève : repas de Léa rétablis", auteur_lu=False)


def test_a_cancellation_of_many_households_costs_the_statements_of_one(f):
    def cout(jour) -> int:
        demande = Demande("greve", "Grève", (f.activite,), (jour,))
        with CaptureQueriesContext(connection) as lus:
            annuler_collectivement(demande=demande, auteur=None, cle=str(jour))
        return len(lus)

    f.reserver(LUNDI, MARDI)
    un = cout(LUNDI)
    for _ in range(10):
        foyer(activite=f.activite, reserves=[MARDI])
    assert cout(MARDI) == un
    assert Notification.objects.filter(categorie="annulations").count() == 2 + 12


@pytest.mark.parametrize(
    ("mode", "categorie", "titre"),
    [
        (Attente.Mode.PROPOSER, "places", "Une place se libère pour Léa : lundi 7 décembre"),
        (Attente.Mode.AUTO, "reservations", "Repas de Léa réservé : lundi 7 décembre"),
    ],
)
def test_a_place_freed_is_told_as_an_offer_or_as_a_booking(f, mode, categorie, titre):
    Journee.objects.filter(date=LUNDI).update(capacite=0)
    demander(demandes={f.inscription.pk: [LUNDI]}, mode=mode, auteur=f.utilisateur, cle="a")
    verifier(f, categorie="reservations", titre="Repas de Léa : 1 en liste d’attente", auteur_lu=True)
    rendre_une_place()
    servir()
    lien = f"/reservations/inscriptions/{f.inscription.pk}/attente/" if categorie == "places" else "operation"
    verifier(f, categorie=categorie, titre=titre, auteur_lu=False, lien=lien)


def rendre_une_place():
    (journee,) = Journee.objects.filter(date=LUNDI)
    journee.capacite = 1
    journee.save()
    compter_les_places({journee.pk: 0})


@pytest.mark.parametrize("geste", ["reserver", "greve", "offre"])
def test_the_mails_follow_the_refusals_but_the_acknowledgements(f, geste):
    RefusDeCourriel.objects.bulk_create(RefusDeCourriel(responsable=f.autre, categorie=c) for c in Categorie)
    f.reserver(MARDI)
    if geste == "offre":
        Journee.objects.filter(date=LUNDI).update(capacite=0)
        demander(demandes={f.inscription.pk: [LUNDI]}, mode=Attente.Mode.PROPOSER, auteur=f.utilisateur, cle="a")
        rendre_une_place()
    else:
        f.reserver(LUNDI)
    if geste != "reserver":
        Email.objects.all().delete()
        greve(f) if geste == "greve" else servir()
    ecrits = {courriel.to[0] for courriel in Email.objects.all()}
    refusable = geste != "reserver"
    assert ecrits == {f.utilisateur.email} | (set() if refusable else {f.autre.utilisateur.email})
    assert all(("List-Unsubscribe" in (c.headers or {})) is refusable for c in Email.objects.all())
    assert Categorie.RESERVATIONS not in REFUSABLES
