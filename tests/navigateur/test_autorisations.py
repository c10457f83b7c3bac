"""« Mes autorisations » and the texts of the town in a browser: a parent without JavaScript, an agent who publishes."""

import pytest
from playwright.sync_api import expect

from comptes.lecture_autorisations import manquantes
from comptes.models import Autorisation, Texte, Utilisateur
from comptes.services.textes import publier
from tests.navigateur.outils import deborde, violations

pytestmark = [pytest.mark.navigateur, pytest.mark.django_db(transaction=True)]


def test_a_parent_signs_on_a_phone_without_javascript_then_is_asked_again(ville, page_a, connecter):
    page = connecter(page_a(360, js=False), ville)
    page.goto("/")
    page.get_by_role("link", name="Répondre", exact=True).click()
    expect(page.get_by_role("heading", name="Mes autorisations")).to_be_visible()
    for titre, reponse in [
        ("Image sur internet", "Non pour tous"),
        ("Sorties de proximité", "Oui pour tous"),
        ("Soins urgents à l’hôpital", "Oui pour tous"),
        ("Départ seul", "Non pour tous"),
    ]:
        page.get_by_role("region", name=titre).get_by_label(reponse).check()
    page.get_by_role("button", name="Enregistrer mes réponses").click()
    expect(page.get_by_text("Tout est signé.")).to_be_visible()
    assert manquantes(ville) == []
    assert deborde(page) == 0
    photos = Texte.objects.get(code="photographies")
    publier(texte=photos, contenu="Photographies et films.", precedente=1, auteur=None)
    page.goto("/autorisations/")
    section = page.get_by_role("region", name="Photographies et films")
    section.get_by_role("group", name="Léa Martin").get_by_label("Non").check()
    page.get_by_role("button", name="Enregistrer mes réponses").click()
    expect(section.get_by_text("Non, signé par Camille Martin")).to_be_visible()
    section.get_by_text("Réponses précédentes pour Léa").click()
    section.get_by_role("link", name="Version 1").first.click()
    expect(page.get_by_text("Cette version n’est plus en vigueur.")).to_be_visible()


def test_an_agent_publishes_a_version_and_takes_the_list_along(ville, page_a, connecter):
    agent = Utilisateur.objects.get(email="guichet@exemple.fr")
    page = connecter(page_a(1280), agent)
    page.goto("/admin/comptes/texte/")
    page.get_by_role("link", name="Sorties de proximité").click()
    page.get_by_role("link", name="Publier une nouvelle version").click()
    page.get_by_label("Texte", exact=False).first.fill("## Où\n\nÀ pied ou en car.\n\n- parc\n- piscine")
    page.get_by_role("button", name="Voir l’aperçu et les différences").click()
    expect(page.get_by_role("heading", name="Où")).to_be_visible()
    assert violations(page) == []
    page.get_by_role("button", name="Publier cette version").click()
    expect(page.get_by_text("Version 2 publiée")).to_be_visible()
    page.get_by_role("link", name="Version 2").click()
    assert violations(page) == []
    page.goto("/admin/comptes/autorisation/")
    page.get_by_label("Texte").select_option(label="Photographies et films")
    page.get_by_label("École").select_option(label="Jean Giono")
    page.get_by_role("button", name="Voir les réponses").click()
    hugo = page.get_by_role("row", name="Martin Hugo")
    expect(hugo).to_contain_text("les foyers ne disent pas la même chose")
    assert violations(page) == []
    with page.expect_download() as telechargement:
        page.get_by_role("link", name="Télécharger pour un tableur").click()
    assert telechargement.value.suggested_filename == "autorisations-photographies.csv"


@pytest.mark.parametrize(("largeur", "sombre"), [(360, True), (1280, False)])
def test_the_pages_have_no_violation(ville, page_a, connecter, largeur, sombre):
    assert Autorisation.objects.exists()
    page = connecter(page_a(largeur, sombre=sombre), ville)
    for adresse in ("/autorisations/", "/reglement-interieur/", "/textes/sorties/1/", "/guide/"):
        page.goto(adresse)
        assert violations(page) == [], adresse
        assert deborde(page) == 0, adresse
    page.set_viewport_size({"width": 320, "height": 640})
    page.goto("/autorisations/")
    assert deborde(page) == 0
