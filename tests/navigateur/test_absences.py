"""The absences of the home page in a browser: no violation, no sideways scroll, the whole way with the keyboard."""

import datetime as dt
import os
import re
from pathlib import Path

import pytest
import time_machine

from reservations.models import Absence, Journee
from reservations.regles import PARIS
from reservations.services import declarer_absence
from tests.factories import INSTANT, foyer, ouvrir
from tests.navigateur.outils import fautes

pytestmark = [pytest.mark.navigateur, pytest.mark.django_db(transaction=True)]
LUNDI, MARDI = dt.date(2026, 12, 7), dt.date(2026, 12, 8)
VUES = os.environ.get("VUES")  # a folder for screenshots


@pytest.fixture
def f():
    """Meals of Monday and Tuesday; Monday 7 December 2026, 8:00."""
    with time_machine.travel(INSTANT, tick=True):
        cree = foyer(activite=ouvrir(), reserves=[LUNDI, MARDI])
    with time_machine.travel(dt.datetime(2026, 12, 7, 8, tzinfo=PARIS), tick=True):
        yield cree


def photographier(page, nom):
    if VUES:
        page.screenshot(path=str(Path(VUES) / f"{nom}.png"), full_page=True)


def test_the_section_has_no_violation_and_does_not_scroll_sideways(page_a, connecter, f):
    page = connecter(page_a(), f.utilisateur)
    for etape in ("proposee", "declaree"):
        page.goto("/")
        photographier(page, etape)
        assert fautes(page, [(360, False), (320, True), (1280, False)]) == []
        declarer_absence(inscription=f.inscription.pk, jour=LUNDI, auteur=f.utilisateur, cle=etape)


@pytest.mark.parametrize("js", [True, False])
def test_a_parent_declares_an_absence_and_takes_it_back(page_a, connecter, f, js):
    page = connecter(page_a(360, js=js), f.utilisateur)
    page.goto("/")
    assert "reste dû" in page.get_by_role("region", name="Absent aujourd’hui").inner_text()
    page.get_by_role("button", name=re.compile(r"Déclarer l’absence de Léa\W+lundi")).press("Enter")
    page.wait_for_url("**/operations/**")
    assert "Absence déclarée" in page.inner_text("main")
    photographier(page, f"recapitulatif-{js}")
    assert Journee.objects.get(date=LUNDI).places_prises == 0
    page.goto("/")
    page.get_by_role("button", name=re.compile(r"Annuler l’absence de Léa\W+lundi")).click()
    page.wait_for_url("**/operations/**")
    assert "absence annulée" in page.inner_text("main")
    assert not Absence.objects.exists()
