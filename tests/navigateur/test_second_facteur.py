"""An agent's first sign-in where the town asks for a second factor, in a browser, with and without scripts."""

import time

import pytest
from django_otp.oath import TOTP
from django_otp.plugins.otp_totp.models import TOTPDevice

from tests.factories import MOT_DE_PASSE, UtilisateurFactory
from tests.navigateur.outils import deborde, violations

pytestmark = [pytest.mark.navigateur, pytest.mark.django_db(transaction=True)]


def code_de(utilisateur, pas=0) -> str:
    appareil = TOTPDevice.objects.get(user=utilisateur)
    totp = TOTP(appareil.bin_key, drift=appareil.drift)
    totp.time = time.time() + 30 * pas
    return f"{totp.token():06d}"


@pytest.mark.parametrize("js", [True, False], ids=["avec-scripts", "sans-script"])
def test_un_agent_active_son_second_facteur_puis_entre_avec_lui(page_a, settings, js):
    settings.SECOND_FACTEUR_AGENTS = True
    agent = UtilisateurFactory(agent=True, is_superuser=True, avec_mot_de_passe=True)
    page = page_a(360, js=js, sombre=not js)

    def entrer():
        page.goto("/connexion/")
        page.get_by_label("Identifiant").fill(agent.email)
        page.get_by_label("Mot de passe").fill(MOT_DE_PASSE)
        page.get_by_role("button", name="Valider").click()

    entrer()
    page.get_by_role("heading", name="Second facteur").wait_for()
    assert js is False or not violations(page)
    assert deborde(page) == 0
    page.screenshot(path=f"/tmp/shots-acces-2f-{js}.png", full_page=True)
    page.get_by_label("Code affiché par l’application").fill(code_de(agent))
    page.get_by_label("Mot de passe actuel").fill(MOT_DE_PASSE)
    page.get_by_role("button", name="Activer").click()
    page.get_by_role("heading", name="Vos codes de secours").wait_for()
    page.screenshot(path=f"/tmp/shots-acces-codes-{js}.png", full_page=True)
    assert page.locator(".codes-de-secours code").count() == 10
    secours = page.locator(".codes-de-secours code").first.inner_text()
    assert js is False or not violations(page)
    assert deborde(page) == 0
    page.get_by_role("link", name="J’ai gardé mes codes").click()
    page.get_by_role("button", name="Se déconnecter").click()
    entrer()
    page.get_by_role("heading", name="Code de connexion").wait_for()
    assert js is False or not violations(page)
    page.get_by_label("Code", exact=True).fill("000000")
    page.get_by_role("button", name="Valider").click()
    page.get_by_text("Ce code est faux").wait_for()
    page.get_by_label("Code", exact=True).fill(secours)
    page.get_by_role("button", name="Valider").click()
    page.wait_for_url("**/")
    page.goto("/admin/")
    page.get_by_role("heading", name="Administration du portail famille").wait_for()
