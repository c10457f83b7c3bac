"""Absences on the screens: the buttons of the home page, the agents' list."""

import datetime as dt

import pytest
from django.test import Client
from django.urls import reverse

from reservations.models import Absence, Activite, Operation, Reservation
from tests.administration import adresse, agent
from tests.factories import UtilisateurFactory, foyer
from tests.reservations.absences import (
    JEUDI,
    LUNDI,
    MARDI,
    VENDREDI,
    declarer,
    matin,
    semaine_de_repas,
)
from tests.reservations.test_nombre_de_requetes import AU_PLUS, instructions

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("ouverture", "comptes_justes")]


@pytest.fixture
def f():
    return semaine_de_repas()


# --- The home page ---------------------------------------------------------------------------------------------------
def client_de(utilisateur) -> Client:
    client = Client()
    client.force_login(utilisateur)
    return client


def url(f, jour=LUNDI, verbe="declarer"):
    return reverse(f"reservations:{verbe}_absence", args=[f.inscription.pk, str(jour)])


def accueil(f) -> str:
    return " ".join(client_de(f.utilisateur).get("/").content.decode().replace("\xa0", " ").split())


def test_the_home_page_offers_it_and_says_until_when_and_what_stays_due(f, ouverture):
    ouverture.move_to(matin(LUNDI))
    page = accueil(f)
    assert "Absent aujourd’hui" in page
    assert "Le repas de ce jour reste dû : 4,97 € (1er jour d’absence)" in page
    assert "À déclarer avant lundi 7 décembre à 9 h." in page
    assert url(f, LUNDI) in page
    assert url(f, MARDI) in page
    assert url(f, JEUDI) not in page
    declarer(f, LUNDI)
    page = accueil(f)
    assert "Absence déclarée. Le repas de ce jour reste dû : 4,97 €" in page
    assert "Le repas de ce jour ne sera pas facturé (2e jour d’absence)" in page
    assert url(f, LUNDI, "annuler") in page


@pytest.mark.parametrize("instant", [matin(dt.date(2026, 12, 4)), matin(dt.date(2026, 12, 12)), matin(VENDREDI, 9)])
def test_the_home_page_says_nothing_when_it_cannot_be_used(f, ouverture, instant):
    ouverture.move_to(instant)
    assert "Déclarer l’absence" not in accueil(f)


def test_the_home_page_says_nothing_to_the_other_household(f, ouverture):
    autre = foyer(enfant=f.enfant, activite=f.activite)
    ouverture.move_to(matin(LUNDI))
    assert "Déclarer l’absence" not in accueil(autre)
    declarer(f, LUNDI)
    assert "Absence" not in accueil(autre)


def test_the_button_leads_to_the_recap(f, ouverture):
    ouverture.move_to(matin(LUNDI))
    reponse = client_de(f.utilisateur).post(url(f), {"jeton": "a"}, follow=True)
    assert reponse.redirect_chain[0][0] == reverse("reservations:operation", args=[Operation.objects.first().numero])
    page = reponse.content.decode().replace("\xa0", " ")
    assert "Absence déclarée : 07/12/2026 - Reste dû : 4,97 € (1er jour d’absence)" in page
    assert "Nombre d’absences déclarées" in page
    assert Absence.objects.count() == 1


def test_the_way_back_leads_to_its_own_recap(f, ouverture):
    ouverture.move_to(matin(LUNDI))
    declarer(f, LUNDI)
    page = client_de(f.utilisateur).post(url(f, verbe="annuler"), {"jeton": "a"}, follow=True).content.decode()
    assert "absence annulée" in page
    assert not Absence.objects.exists()


def test_past_the_hour_the_refusal_is_a_sentence(f, ouverture):
    ouverture.move_to(matin(LUNDI, 9))
    reponse = client_de(f.utilisateur).post(url(f), {"jeton": "a"}, follow=True)
    assert reponse.status_code == 200
    assert "l’heure limite des absences est passée" in reponse.content.decode()
    assert Reservation.objects.filter(date=LUNDI).exists()


@pytest.mark.parametrize("verbe", ["declarer", "annuler"])
def test_strangers_and_the_other_household_get_404_and_nobody_may_get_it(f, ouverture, verbe):
    autre = foyer(enfant=f.enfant, activite=f.activite)
    ouverture.move_to(matin(LUNDI))
    for personne in (UtilisateurFactory(), autre.utilisateur, UtilisateurFactory(agent=True)):
        assert client_de(personne).post(url(f, verbe=verbe)).status_code == 404
    assert client_de(f.utilisateur).get(url(f, verbe=verbe)).status_code == 405
    assert Client().post(url(f, verbe=verbe)).status_code == 302
    assert Operation.objects.count() == 1  # the booking


@pytest.mark.parametrize(
    "jour", ["hier", "2026-13-01", "0001-01-01", "9999-12-31", "2026-12-07T00:00", "²026-12-07", "%00"]
)
def test_a_hostile_day_is_not_found(f, ouverture, jour):
    ouverture.move_to(matin(LUNDI))
    adresse_ = f"/reservations/inscriptions/{f.inscription.pk}/absences/{jour}/"
    assert client_de(f.utilisateur).post(adresse_).status_code == 404
    assert client_de(f.utilisateur).post(f"/reservations/inscriptions/{2**70}/absences/2026-12-07/").status_code == 404


def test_the_statements_do_not_depend_on_the_absences(f, ouverture):
    for _ in range(3):  # another household with more of everything
        g = foyer(activite=f.activite, reserves=[LUNDI, MARDI])
    ouverture.move_to(matin(LUNDI))
    Activite.objects.update(absence_carence=2)
    un, deux = client_de(f.utilisateur), client_de(g.utilisateur)
    un.get("/"), deux.get("/")  # the session has begun
    seule = instructions(lambda: un.post(url(f)))
    deux.post(url(g, MARDI))
    suivie = instructions(lambda: deux.post(url(g)))  # Tuesday's rank changes with it
    assert len(seule) == len(suivie) <= AU_PLUS, "\n".join(seule)
    retour = instructions(lambda: un.post(url(f, verbe="annuler")))
    retour_suivi = instructions(lambda: deux.post(url(g, verbe="annuler")))
    assert len(retour) <= len(retour_suivi) <= AU_PLUS, "\n".join(retour_suivi)
    deux.post(url(g, MARDI, verbe="annuler"))
    sans = instructions(lambda: un.get("/"))
    declarer(g, LUNDI)
    avec = instructions(lambda: deux.get("/"))
    assert len(sans) == len(avec) <= AU_PLUS, "\n".join(avec)


# --- The agents' list ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("role", "argent"), [("cantine", False), ("guichet", True)])
def test_agents_see_todays_absences_first(f, ouverture, role, argent):
    ouverture.move_to(matin(LUNDI))
    declarer(f, LUNDI)
    client = agent(role)
    page = client.get(adresse("changelist", Absence))
    assert [a.date for a in page.context["cl"].result_list] == [LUNDI]
    assert ("4,97" in page.content.decode()) == argent
    fiche = client.get(adresse("change", Absence, Absence.objects.get().pk))
    assert fiche.status_code == 200
    assert ("4,97" in fiche.content.decode()) == argent
    ouverture.move_to(matin(MARDI))
    client = agent(role)
    assert list(client.get(adresse("changelist", Absence)).context["cl"].result_list) == []
    toutes = client.get(adresse("changelist", Absence), {"periode": "toutes", "q": f.enfant.nom})
    assert len(toutes.context["cl"].result_list) == 1


def test_the_agents_list_asks_the_same_for_one_absence_and_for_many(f, ouverture):
    autres = [foyer(activite=f.activite, reserves=[LUNDI]) for _ in range(6)]
    ouverture.move_to(matin(LUNDI))
    declarer(f, LUNDI)
    client = agent("cantine")
    client.get(adresse("changelist", Absence))
    une = instructions(lambda: client.get(adresse("changelist", Absence)))
    for autre in autres:
        declarer(autre, LUNDI)
    assert len(instructions(lambda: client.get(adresse("changelist", Absence)))) == len(une)


def test_the_region_office_does_not_see_them():
    assert agent("regie").get(adresse("changelist", Absence)).status_code == 403
