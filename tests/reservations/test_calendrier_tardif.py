"""Late meals in the calendar: the price is said before the parent sends, and is the one of the recap."""

import datetime as dt
from decimal import Decimal

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from reservations.models import Mouvement
from reservations.regles import PARIS
from tests.factories import foyer, ouvrir

pytestmark = pytest.mark.django_db
# Thursday at dawn: Thursday and Friday are past their cut-off of two days, not their morning.
AUBE = dt.datetime(2026, 12, 10, 7, tzinfo=PARIS)
JEUDI, VENDREDI, LUNDI = (dt.date(2026, 12, n) for n in (10, 11, 14))


@pytest.fixture
def aube():
    with time_machine.travel(AUBE, tick=False):
        yield


def famille(**regle):
    activite = ouvrir(**regle)
    activite.tarifs.update(cout="9.00")
    f = foyer(activite=activite)
    client = Client()
    client.force_login(f.utilisateur)
    return f, client, reverse("reservations:calendrier", args=[f.inscription.pk]) + "?mois=2026-12"


def cellule(page, jour):
    return next(c for c in page.context["calendrier"].cases if c.date == jour)


@pytest.mark.usefixtures("aube")
def test_a_late_day_says_its_price_and_until_when():
    _, client, adresse = famille(retard="fixe", retard_montant="2.50")
    page = client.get(adresse)
    jeudi = cellule(page, JEUDI)
    assert (jeudi.tardif, jeudi.prix, jeudi.signe) == (True, Decimal("7.47"), "!")
    assert "Tardif 7,47\N{NO-BREAK SPACE}€" in page.content.decode()
    assert "réservation tardive possible avant le jeudi 10" in jeudi.delais
    assert not cellule(page, LUNDI).tardif


@pytest.mark.usefixtures("aube")
def test_without_late_bookings_the_day_is_past_its_cut_off():
    _, client, adresse = famille()
    assert cellule(client.get(adresse), JEUDI).etat == "hors-delai"


@pytest.mark.usefixtures("aube")
@pytest.mark.parametrize(
    ("regle", "somme"),
    [
        ({"retard": "fixe", "retard_montant": "2.50"}, "19.91"),
        ({"retard": "pourcentage", "retard_montant": "50"}, "19.89"),
        ({"retard": "forfait", "retard_montant": "6.50"}, "17.97"),
        ({"retard": "franchise", "retard_franchise": 1}, "18.94"),  # one at 4.97, one at the ceiling of 9.00
        ({"retard": "franchise", "retard_franchise": 5}, "14.91"),
    ],
)
def test_the_sum_of_the_bar_is_the_sum_of_the_recap(regle, somme):
    f, client, adresse = famille(**regle)
    page = client.get(f"{adresse}&plus=20261210.20261211.20261214")
    annonce = page.context["calendrier"].montant_des_ajouts
    client.post(adresse, {"jours": [JEUDI, VENDREDI, LUNDI]})
    assert sum(Mouvement.objects.values_list("prix", flat=True)) == annonce == Decimal(somme)
    assert f.inscription.reservations.filter(tardive=True).count() == 2
