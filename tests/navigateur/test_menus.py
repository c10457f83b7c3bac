"""The menus in a browser: read, printed, imported; without violation, on a phone, without JavaScript, in the dark."""

import pytest
from django.utils import timezone

from comptes.models import Utilisateur
from reservations.lecture_menus import code_de, lundi_de
from reservations.models import Plat
from tests.navigateur.outils import deborde, violations

pytestmark = [pytest.mark.navigateur, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize(
    ("largeur", "sombre", "js"), [(320, False, True), (360, True, True), (1280, False, True), (360, False, False)]
)
def test_the_week_is_read_on_every_screen(page_a, connecter, ville, largeur, sombre, js):
    page = connecter(page_a(largeur, sombre=sombre, js=js), ville)
    for adresse in ("/menus/", "/menus/?activite=toutes", "/"):
        assert page.goto(adresse).status == 200
        assert deborde(page) == 0, adresse
        assert not js or violations(page) == [], adresse
    page.goto("/menus/")
    # The roles hold where the rows are blocks.
    assert page.get_by_role("table").first.get_by_role("row").count() >= 5
    assert page.get_by_role("columnheader", name="Produit laitier").count()
    assert page.get_by_role("cell").filter(has_text="Allergènes").count()
    page.get_by_role("link", name="Semaine suivante").click()
    page.get_by_label("Service").select_option(label="Tous les services")
    page.get_by_role("button", name="Afficher").click()
    assert "activite=toutes" in page.url


def test_a_stranger_reads_it_and_it_prints_on_one_sheet_in_landscape(page_a, ville):
    page = page_a(1280)
    page.goto(f"/menus/?semaine={code_de(lundi_de(timezone.localdate()))}")
    assert violations(page) == []
    page.emulate_media(media="print")
    for bouton in ("Afficher", "Semaine suivante"):
        assert not page.get_by_text(bouton).is_visible()
    feuilles = page.locator(".page-menus section.carte").count()
    pdf = page.pdf(prefer_css_page_size=True)
    assert b"/MediaBox [0 0 841.91998 594.95996]" in pdf or b"841" in pdf
    assert pdf.count(b"/Type /Page\n") <= feuilles


@pytest.mark.parametrize(("largeur", "js"), [(1280, True), (360, False)])
def test_an_agent_imports_a_file_and_copies_a_week(page_a, connecter, ville, largeur, js):
    page = connecter(page_a(largeur, js=js), Utilisateur.objects.get(email="cantine@exemple.fr"))
    page.goto("/admin/reservations/menu/importer/")
    assert not js or violations(page) == []
    lignes = "Date;Composante;Plat;Allergènes\n17/12/2026;plat;Dinde aux marrons;L\n;dessert;Bûche;G L O\n"
    page.get_by_label("Fichier").set_input_files(
        {"name": "noel.csv", "mimeType": "text/csv", "buffer": lignes.encode()}
    )
    page.get_by_role("button", name="Voir ce qui change").click()
    assert not js or violations(page) == []
    assert page.get_by_text("Bûche (gluten, œufs, lait)").is_visible()
    page.get_by_role("button", name="Enregistrer ces menus").click()
    assert page.get_by_text("menu remplacé").or_(page.get_by_text("menu ajouté")).first.wait_for() is None
    assert Plat.objects.filter(libelle="Dinde aux marrons").exists()
    assert not js or violations(page) == []
    page.get_by_role("link", name="Copier des menus").click()
    page.get_by_label("Jour à copier").fill("17/12/2026")
    page.get_by_label("Vers le jour").fill("05/01/2027")
    page.get_by_role("button", name="Voir ce qui change").click()
    assert not js or violations(page) == []
    page.goto("/admin/reservations/menu/add/")
    assert not js or violations(page) == []
