"""What `make bench` reads of the pages is what they say: else it would measure nothing and call it fast."""

import pytest
from django.test import Client
from django.urls import reverse

from portail.bench.famille import Echec, formulaire
from portail.bench.mesures import navigateur_a_des_jours
from reservations.models import Journee
from tests.factories import foyer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("ouverture")]


def calendrier(f) -> str:
    client = Client()
    client.force_login(f.utilisateur)
    return client.get(reverse("reservations:calendrier", args=[f.inscription.pk])).content.decode()


def test_the_bench_finds_the_days_of_the_calendar():
    f = foyer()
    jour = Journee.objects.filter(activite=f.activite).order_by("date").values_list("date", flat=True)[5]
    f.reserver(jour)
    page = calendrier(f)
    assert navigateur_a_des_jours(page)
    champs = formulaire(page, lambda libres, reserves: libres + reserves)
    jours = [valeur for nom, valeur in champs if nom == "jours"]
    assert len(jours) > 100
    assert dict(champs)["deja"] == str(jour)
    assert dict(champs)["jeton"]


def test_a_calendar_of_which_no_day_can_change_has_none():
    f = foyer()
    Journee.objects.update(fermeture="Grève")
    assert not navigateur_a_des_jours(calendrier(f))


def test_a_page_that_is_no_calendar_is_a_failure_and_not_a_quick_answer():
    with pytest.raises(Echec):
        formulaire("<html></html>", lambda libres, reserves: libres)
