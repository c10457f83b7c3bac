"""Late meals in a browser: the bar's script announces to the cent what is stored, for one child and for all."""

import datetime as dt
import re
from decimal import Decimal

import pytest
import time_machine
from playwright.sync_api import expect

from reservations.models import Operation, Reservation
from tests.factories import foyer, ouvrir
from tests.navigateur.outils import deborde, violations
from tests.navigateur.test_famille import photographier
from tests.reservations.test_calendrier_tardif import AUBE, JEUDI, LUNDI, MARDI, MODES, SOMMES, VENDREDI, deja_tardif
from tests.reservations.test_famille import cadet

pytestmark = [pytest.mark.navigateur, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def aube():
    with time_machine.travel(AUBE, tick=True):
        yield


def famille(mode):
    """Léa without any late meal, Tom with one that he may cancel, in a service of this late mode."""
    activite = ouvrir(**MODES[mode])
    activite.tarifs.update(cout="9.00")
    f = foyer(activite=activite)
    tom = cadet(f, activite=activite)
    deja_tardif(tom)
    return f, tom


def annonce(page) -> Decimal:
    """The sum of the bar."""
    return Decimal(re.search(r"(\d+,\d\d)\s€$", page.locator("[data-bilan]").inner_text())[1].replace(",", "."))


@pytest.mark.usefixtures("aube")
@pytest.mark.parametrize("mode", ["fixe", "pourcentage", "forfait", "franchise 1", "franchise 2"])
def test_the_bar_announces_the_price_of_the_late_meals(page_a, connecter, mode):
    f, tom = famille(mode)
    page = connecter(page_a(360), f.utilisateur)
    page.goto("/reservations/tous/?mois=2026-12")
    for jour in (JEUDI, VENDREDI, LUNDI):
        page.locator(f"button[value='date:{jour}']").click()
    sans, avec, libere = (Decimal(s) for s in SOMMES[mode])
    assert annonce(page) == sans + avec
    page.locator(f"[data-inscription='{tom.pk}'][data-date='{MARDI}'] label").click()
    assert annonce(page) == sans + libere
    page.locator(".barre").get_by_role("button", name="Valider").click()
    expect(page.locator("h1")).to_have_text("Récapitulatif")
    ajouts = Operation.objects.get().mouvements.filter(nature="ajout")
    assert sum(ajouts.values_list("prix", flat=True)) == sans + libere


@pytest.mark.usefixtures("aube")
@pytest.mark.parametrize("js", [True, False], ids=["avec JavaScript", "sans JavaScript"])
def test_one_child_pays_what_was_announced(page_a, connecter, js):
    f, tom = famille("franchise 1")
    page = connecter(page_a(360, js=js), f.utilisateur)
    page.goto(f"/reservations/inscriptions/{tom.pk}/?mois=2026-12")
    for jour in (JEUDI, VENDREDI, LUNDI, MARDI):  # Tuesday is cancelled
        page.locator(f"[data-date='{jour}'] label").click()
    valider = page.locator(".barre").get_by_role("button", name="Valider")
    if not js:
        valider.click()
        expect(page.get_by_text("Rien n’est encore enregistré")).to_be_visible()
        assert not Operation.objects.exists()
    attendue = Decimal(SOMMES["franchise 1"][2])
    assert annonce(page) == attendue
    valider.click()
    expect(page.locator("h1")).to_have_text("Récapitulatif")
    assert sum(Reservation.objects.values_list("prix", flat=True)) == attendue


@pytest.mark.usefixtures("aube")
@pytest.mark.parametrize("largeur", [320, 1280])
def test_the_pages_with_late_days_fit_and_have_no_violation(page_a, connecter, largeur):
    f, tom = famille("franchise 1")
    lea = f.activite.journees.filter(date=dt.date(2026, 12, 17))
    lea.update(fermeture="Grève nationale du personnel communal")
    page = connecter(page_a(largeur), f.utilisateur)
    for adresse in ("/reservations/tous/?mois=2026-12", f"/reservations/inscriptions/{tom.pk}/?mois=2026-12"):
        page.goto(adresse)
        page.locator("[data-etat=libre] label").first.click()
        photographier(page, f"tardif-{largeur}-{'tous' in adresse}")
        assert (violations(page), deborde(page)) == ([], 0), adresse
        page.locator("[data-effacer]").click()
