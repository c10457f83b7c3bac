"""« Mon compte famille », « Contacts » and the page of a child: what a household sees of itself, and of no other."""

import datetime as dt

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from comptes.models import Responsable
from tests.factories import (
    INSTANT,
    EnfantFactory,
    InscriptionFactory,
    RattachementFactory,
    ResponsableFactory,
    UtilisateurFactory,
    foyer,
)
from tests.portail.html import Page

pytestmark = pytest.mark.django_db
JEUDI = dt.date(2026, 12, 10)
PAGES = ["comptes:compte", "comptes:contacts"]


@pytest.fixture(autouse=True)
def instant(time_machine):
    time_machine.move_to(INSTANT, tick=False)


def connecte(compte) -> Client:
    client = Client()
    client.force_login(compte)
    client.get(reverse("comptes:contacts"))  # the session has begun
    return client


def lire(compte, nom, *cles) -> Page:
    reponse = connecte(compte).get(reverse(nom, args=cles))
    assert reponse.status_code == 200
    return Page(reponse)


@pytest.fixture
def separes():
    """Hugo's two households: Camille and Ali Martin with Léa too, and Nicolas Roux."""
    f = foyer()
    Responsable.objects.filter(pk=f.responsable.pk).update(prenom="Camille", telephone="06 00 00 00 01")
    ResponsableFactory(famille=f.famille, rang=2, prenom="Ali", utilisateur=None)
    autre = foyer(enfant=f.enfant, activite=f.activite)
    Responsable.objects.filter(pk=autre.responsable.pk).update(prenom="Nicolas", nom="Roux", telephone="06 99 99 99 99")
    autre.famille.adresse = "3 avenue Pierre Sémard"
    autre.famille.nom = "Roux"
    autre.famille.save()
    return f, autre


# --- Household -------------------------------------------------------------------------------------------------------
def test_the_account_shows_the_household_its_adults_and_its_children_with_their_age(separes):
    f, _ = separes
    page = lire(f.utilisateur, "comptes:compte")
    texte = " ".join(page.texte.split())
    for mot in (str(f.famille), "12 rue de Verdun, 11000 Carcassonne", "04 68 00 00 00", "Camille", "Ali"):
        assert mot in texte
    for mot in (f.utilisateur.email, "aucune adresse e-mail", str(f.enfant), "9\xa0ans 4\xa0mois".replace("\xa0", " ")):
        assert mot in texte.replace("\xa0", " ")
    assert {reverse("comptes:changer_mot_de_passe"), reverse("portail:contact")} <= page.liens()
    assert reverse("reservations:enfant", args=[f.enfant.pk]) in page.liens()


@pytest.mark.parametrize("nom", PAGES)
def test_nothing_of_the_other_household_of_a_child_is_shown(separes, nom):
    f, autre = separes
    page = lire(f.utilisateur, nom)
    for secret in ("Roux", "Nicolas", "Sémard", "06 99 99 99 99", autre.utilisateur.email):
        assert secret not in page.texte


def test_the_contacts_are_the_adults_and_the_guichet(separes, settings):
    f, _ = separes
    texte = lire(f.utilisateur, "comptes:contacts").texte
    for mot in ("Camille", "06 00 00 00 01", "Ali", settings.VILLE["telephone"], settings.VILLE["service"]):
        assert mot in texte


@pytest.mark.parametrize("nom", PAGES)
def test_an_agent_is_told_that_the_work_is_elsewhere(nom):
    page = lire(UtilisateurFactory(agent=True), nom)
    assert "agent de la ville" in page.texte
    assert reverse("admin:index") in page.liens()


@pytest.mark.parametrize("nom", PAGES)
def test_a_login_without_household_is_sent_to_the_guichet(nom):
    page = lire(UtilisateurFactory(), nom)
    assert "rattaché à aucune famille" in page.texte
    assert reverse("portail:contact") in page.liens()
    assert reverse("admin:index") not in page.liens()


@pytest.mark.parametrize("nom", PAGES)
def test_a_stranger_signs_in_first(client, nom):
    url = reverse(nom)
    assert client.get(url)["Location"] == f"{reverse('comptes:connexion')}?next={url}"


@pytest.mark.parametrize("nom", PAGES)
def test_these_pages_are_read_only(separes, nom):
    assert connecte(separes[0].utilisateur).post(reverse(nom)).status_code == 405


# --- Child -----------------------------------------------------------------------------------------------------------
def test_the_page_of_a_child_shows_its_enrolments_and_its_next_meals(separes):
    f, autre = separes
    f.reserver(JEUDI)
    autre.reserver(dt.date(2026, 12, 11))
    page = lire(f.utilisateur, "reservations:enfant", f.enfant.pk)
    texte = page.texte.replace("\xa0", " ")
    for mot in (str(f.enfant), "14/03/2017", "2026-2027", str(f.activite), "du 01/09/2026", "Jeudi 10 décembre"):
        assert mot in texte
    assert "11 décembre" not in texte  # booked by the other household
    assert reverse("reservations:calendrier", args=[f.inscription.pk]) in page.liens()
    assert reverse("reservations:calendrier", args=[autre.inscription.pk]) not in page.liens()


def test_meals_past_are_no_longer_next(separes, time_machine):
    f, _ = separes
    f.reserver(JEUDI)
    time_machine.move_to(dt.datetime(2026, 12, 11, 12, tzinfo=dt.UTC), tick=False)
    assert "Aucun repas à venir" in lire(f.utilisateur, "reservations:enfant", f.enfant.pk).texte


def test_a_child_without_enrolment_says_whom_to_ask():
    rattachement = RattachementFactory(famille=ResponsableFactory().famille)
    compte = rattachement.famille.responsables.get().utilisateur
    page = lire(compte, "reservations:enfant", rattachement.enfant.pk)
    assert "pas inscrit" in page.texte
    assert reverse("portail:contact") in page.liens()


def test_the_child_of_another_household_an_unknown_or_a_huge_number_is_not_found(separes):
    f, _ = separes
    ailleurs = foyer().enfant
    client = connecte(f.utilisateur)
    for pk in (ailleurs.pk, 999_999, 2**63, 10**30):
        assert client.get(reverse("reservations:enfant", args=[pk])).status_code == 404
    assert connecte(UtilisateurFactory(agent=True)).get(f"/enfants/{f.enfant.pk}/").status_code == 404


@pytest.mark.parametrize("nom", [*PAGES, "reservations:enfant"])
def test_a_page_costs_the_same_for_one_child_and_for_many(nom):
    f, g = foyer(reserves=[JEUDI]), foyer()
    g.reserver(*g.activite.journees.values_list("date", flat=True))
    for _ in range(5):
        cadet = RattachementFactory(famille=g.famille, enfant=EnfantFactory())
        InscriptionFactory(rattachement=cadet, activite=g.activite, annee=g.annee)
    ResponsableFactory(famille=g.famille, rang=2)

    def cout(x):
        client = connecte(x.utilisateur)
        cles = [x.enfant.pk] if nom == "reservations:enfant" else []
        with CaptureQueriesContext(connection) as requetes:
            assert client.get(reverse(nom, args=cles)).status_code == 200
        return len(requetes)

    assert cout(f) == cout(g) <= 15
