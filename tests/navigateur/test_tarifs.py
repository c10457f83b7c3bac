"""The tariffs and « Pourquoi ce prix ? », in a browser: read by everyone, at any width, light or dark."""

import datetime as dt

import pytest

from comptes.models import QuotientFamilial
from tests.factories import INSTANT, GrilleFactory, foyer
from tests.navigateur.outils import deborde, violations

pytestmark = [pytest.mark.navigateur, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def lea(time_machine):
    time_machine.move_to(INSTANT)
    f = foyer()
    grille = GrilleFactory(prix_exterieur="6.50", prix_panier="1.20", fratrie_rang=3, fratrie_reduction=10)
    f.activite.tarification = grille.tarification
    f.activite.save()
    QuotientFamilial.objects.create(famille=f.famille, mois=dt.date(2026, 11, 1), valeur=845, source="agent")
    return f


@pytest.mark.parametrize(("largeur", "sombre"), [(320, True), (1280, False)])
def test_the_price_is_explained_from_the_calendar_to_the_simulator(page_a, connecter, lea, largeur, sombre):
    page = connecter(page_a(largeur, sombre=sombre), lea.utilisateur)
    page.goto(f"/reservations/inscriptions/{lea.inscription.pk}/?mois=2026-11")
    page.get_by_role("link", name="pourquoi ce prix").click()
    page.get_by_label("Jour du repas").fill("2026-11-03")
    page.get_by_role("button", name="Voir").click()
    assert "3,40" in page.get_by_role("heading", level=2, name="Mardi 3 novembre 2026").inner_text()
    assert violations(page) == []
    assert deborde(page) == 0
    page.get_by_role("link", name="Tarifs de la cantine").click()
    page.get_by_label("Quotient familial").fill("300")
    page.get_by_role("button", name="Calculer").click()
    assert page.get_by_text("2,30").first.is_visible()
    assert violations(page) == []
    assert deborde(page) == 0
