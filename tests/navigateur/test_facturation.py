"""From the meals of last month to the bill, its PDF, the payment by the simulated PayFiP, the receipt, the balance."""

import subprocess
from decimal import Decimal

import pytest
import time_machine
from post_office.models import Email

from comptes.roles import creer_agent
from facturation import views_paiement
from facturation.models import Facture, Paiement
from facturation.services import imprimer
from facturation.verification import ecarts
from portail.payfip_simule.etat import Simulateur
from portail.payfip_simule.serveur import Serveur, poster
from tests.factories import INSTANT, foyer
from tests.facturation.conftest import OCTOBRE
from tests.facturation.payfip import servir
from tests.facturation.test_preparer import JOURS

pytestmark = [pytest.mark.navigateur, pytest.mark.lit_un_pdf, pytest.mark.django_db(transaction=True)]
TOTAL = "19,88"


@pytest.fixture
def famille():
    """Four meals of September, booked in July; it is now the 2nd of October."""
    with time_machine.travel(INSTANT, tick=True) as voyage:
        f = foyer(reserves=JOURS)
        voyage.move_to(OCTOBRE)
        yield f


def texte_du_pdf(numero: str) -> str:
    with imprimer.piece("facture", numero).fichier.open("rb") as fichier:
        lu = subprocess.run(["pdftotext", "-layout", "-", "-"], input=fichier.read(), capture_output=True, check=True)
    return lu.stdout.decode()


def test_the_demo_s_road_from_a_month_of_meals_to_the_receipt(
    page_a, connecter, famille, settings, live_server, monkeypatch, tmp_path
):
    settings.SITE_URL, settings.DOCUMENTS = live_server.url, tmp_path
    monkeypatch.setattr(views_paiement, "annoncer", lambda tache: None)  # no worker here: the return settles
    regie, _ = creer_agent(courriel="regie@exemple.fr", role="regie")

    page = connecter(page_a(1280), regie)
    page.goto("/admin/facturation/facturation/add/")
    page.get_by_role("button", name="Préparer").click()
    page.get_by_role("link", name="Émettre les factures").click()
    page.get_by_role("button", name="Émettre 1").click()
    page.get_by_text("1 facture émise, famille prévenue").wait_for()
    facture = Facture.objects.get()

    parent = connecter(page_a(360, js=False), famille.utilisateur)
    parent.goto("/factures/")
    parent.get_by_role("link", name=f"facture n°\xa0{facture.numero}").first.click()
    assert TOTAL in parent.locator(".somme-due").inner_text()
    assert TOTAL in parent.get_by_role("row", name="Total de la facture").inner_text()
    assert TOTAL in texte_du_pdf(facture.numero)
    assert any(TOTAL in c.message and TOTAL in c.html_message for c in Email.objects.all())
    assert facture.total == Decimal(TOTAL.replace(",", "."))

    with servir(Serveur(Simulateur(poster))) as tresor:
        settings.PAYFIP = {**settings.PAYFIP, "url": tresor.adresse}
        parent.get_by_role("link", name=f"Payer {TOTAL}").click()
        parent.get_by_role("button", name=f"Payer {TOTAL}").click()
        parent.get_by_role("button", name="Payer par carte").click()
        parent.get_by_role("link", name="Revenir au portail").click()
        parent.get_by_text("est enregistré").wait_for()
    quittance = Paiement.objects.get().numero
    parent.goto(f"/factures/quittances/{quittance}/")
    assert TOTAL in parent.locator("main").inner_text()
    parent.goto("/factures/")
    assert "Rien à payer" in parent.locator("main").inner_text()
    assert list(ecarts()) == []

    page.goto("/admin/exports/?du=2026-10-01&au=2026-10-31")
    totaux = page.locator("#content-main, main").first.inner_text()
    assert TOTAL in totaux
