"""Pay a bill with the simulated PayFiP, in a real browser, without JavaScript, and get the receipt."""

import os
from decimal import Decimal
from pathlib import Path

import pytest
from django.db import transaction

from facturation import views_paiement
from facturation.models import Facture, Paiement
from portail.payfip_simule.etat import Simulateur
from portail.payfip_simule.serveur import Serveur, poster
from tests.factories import foyer
from tests.facturation.fabriques import facture_emise
from tests.facturation.payfip import servir
from tests.navigateur.outils import deborde, violations

pytestmark = [pytest.mark.navigateur, pytest.mark.django_db(transaction=True)]
IMAGES = os.environ.get("PAIEMENT_EN_IMAGES")


@pytest.fixture
def tresor(settings, live_server, monkeypatch):
    """The simulator notifies the live portal; the worker does not run here, so the return alone settles."""
    settings.SITE_URL = live_server.url
    recues = []
    monkeypatch.setattr(views_paiement, "annoncer", recues.append)
    with servir(Serveur(Simulateur(poster))) as serveur:
        settings.PAYFIP = {**settings.PAYFIP, "url": serveur.adresse}
        yield serveur


def regarder(page, nom) -> list[str]:
    if IMAGES:
        largeur = page.viewport_size["width"]
        page.screenshot(full_page=True, path=str(Path(IMAGES) / f"{nom}-{largeur}.png"))
    return violations(page) + [f"{nom} déborde de {px} px" for px in [deborde(page)] if px]


@pytest.mark.parametrize(("largeur", "sombre"), [(320, True), (1280, False)])
def test_a_parent_pays_by_card_and_reads_the_receipt(page_a, connecter, tresor, largeur, sombre):
    f = foyer()
    with transaction.atomic():
        facture = facture_emise(f.inscription)
    page = connecter(page_a(largeur, sombre=sombre), f.utilisateur)
    page.goto(f"/factures/{facture.numero}/payer/")
    fautes = regarder(page, "payer")
    page.get_by_role("button", name="Payer 14,91").click()
    page.get_by_role("heading", name="Régler une dette publique").wait_for()
    assert page.url.startswith(tresor.adresse)
    fautes += regarder(page, "simulateur")
    page.get_by_role("button", name="Payer par carte").click()
    fautes += regarder(page, "simulateur-fait")
    page.get_by_role("link", name="Revenir au portail").click()
    page.get_by_text("est enregistré").wait_for()
    assert f"Quittance n° {Paiement.objects.get().numero}" in page.locator(".alerte[role=status]").inner_text()
    fautes += regarder(page, "retour")
    page.goto(f"/factures/{facture.numero}/payer/")
    page.get_by_text("il n’y a rien à payer").wait_for()
    fautes += regarder(page, "regle")
    page.goto(f"{tresor.adresse}/simulateur/")
    assert fautes + regarder(page, "pannes") == []
    assert Facture.objects.get().regle == Decimal("14.91")


def test_a_parent_abandons_then_pays_by_direct_debit_without_javascript(page_a, connecter, tresor):
    f = foyer()
    with transaction.atomic():
        facture = facture_emise(f.inscription)
    page = connecter(page_a(360, js=False), f.utilisateur)
    for bouton, phrase in (("Abandonner", "Vous avez abandonné"), ("Payer par prélèvement", "est enregistré")):
        page.goto(f"/factures/{facture.numero}/payer/")
        page.get_by_role("button", name="Payer 14,91").click()
        page.get_by_role("button", name=bouton).click()
        page.get_by_role("link", name="Revenir au portail").click()
        page.get_by_text(phrase).wait_for()
    assert Paiement.objects.get().moyen == "prelev-ligne"
