"""History, undo and calendar feed in a browser: axe, both themes, 320 and 360 pixels, without JavaScript."""

import datetime as dt

import pytest
import time_machine

from reservations.models import Journee
from reservations.services.flux import creer_flux
from tests.factories import INSTANT, foyer
from tests.navigateur.outils import deborde, violations

pytestmark = [pytest.mark.navigateur, pytest.mark.django_db(transaction=True)]
LUNDI, MARDI, JEUDI = (dt.date(2026, 12, n) for n in (7, 8, 10))


@pytest.fixture
def f():
    with time_machine.travel(INSTANT, tick=True):
        cree = foyer(reserves=[JEUDI])
        cree.operation = cree.reserver(LUNDI, MARDI, annuler=[JEUDI])
        Journee.objects.filter(date=MARDI).update(limite_annulation=INSTANT)
        yield cree


@pytest.mark.parametrize(("largeur", "sombre"), [(320, False), (360, True), (1280, False)])
def test_the_pages_of_operations_have_no_violation(page_a, connecter, f, largeur, sombre):
    page = connecter(page_a(largeur, sombre=sombre), f.utilisateur)
    recap = f"/reservations/operations/{f.operation.numero}/"
    fautes = {}
    for chemin in [
        "/reservations/historique/",
        recap,
        f"{recap}annuler/",
        "/reservations/flux/",
        "/compte/",
        "/guide/",
    ]:
        page.goto(chemin)
        fautes[chemin] = violations(page) + [deborde(page)] * bool(deborde(page))
    creer_flux(f.utilisateur)
    page.goto("/reservations/flux/")
    fautes["adresse"] = violations(page) + [deborde(page)] * bool(deborde(page))
    assert not any(fautes.values()), fautes


def test_an_operation_is_found_again_and_undone_without_javascript(page_a, connecter, f):
    page = connecter(page_a(360, js=False), f.utilisateur)
    page.goto("/")
    page.get_by_role("link", name="Historique des opérations").click()
    page.get_by_role("link", name=f.operation.numero).click()
    page.get_by_role("link", name="Annuler cette opération").click()
    assert page.get_by_role("heading", name="Ce qui ne peut plus l’être").is_visible()
    page.get_by_role("button", name="Confirmer l’annulation").click()
    page.wait_for_url("**/reservations/operations/**")
    assert "Elle annule l’opération" in page.get_by_role("main").inner_text()
