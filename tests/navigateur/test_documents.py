"""« Documents » and « Mes données » in a browser, with and without JavaScript."""

import datetime as dt
import os

import pytest
import time_machine
from playwright.sync_api import expect

from comptes.models import Document
from comptes.services.documents import deposer
from comptes.services.effacement import demander_l_effacement
from comptes.televersement import FichierLu
from tests.administration import agent
from tests.comptes.fichiers import image
from tests.factories import EnfantFactory, RattachementFactory, ResponsableFactory
from tests.navigateur.outils import deborde, violations

pytestmark = [pytest.mark.navigateur, pytest.mark.django_db(transaction=True)]
UN_MARDI = "2026-11-24T10:00:00+01:00"


@pytest.fixture
def parent(settings, tmp_path):
    settings.DOCUMENTS = tmp_path / "documents"
    with time_machine.travel(UN_MARDI, tick=True):
        responsable = ResponsableFactory()
        lea = RattachementFactory(famille=responsable.famille, enfant=EnfantFactory(prenom="Léa", nom="Martin"))
        for n, (nature, jour) in enumerate([("pai", 1), ("assurance", 30), ("autre", None)]):
            deposer(
                famille=responsable.famille,
                enfant=lea.enfant if jour else None,
                nature=nature,
                lu=FichierLu("Un nom de fichier assez long " * (n + 1) + ".pdf", "application/pdf", b"%PDF", 4, str(n)),
                expire_le=jour and dt.date(2026, 12, jour),
                par=responsable.utilisateur,
            )
        Document.objects.filter(nature="pai").update(expire_le=dt.date(2026, 11, 1))
        yield responsable.utilisateur


def photographier(page, nom):
    if dossier := os.environ.get("PHOTOS"):
        page.screenshot(path=f"{dossier}/{nom}.png", full_page=True)


@pytest.mark.parametrize("js", [True, False], ids=["avec JavaScript", "sans JavaScript"])
def test_a_photograph_is_given_then_deleted(page_a, connecter, parent, tmp_path, js):
    photo = tmp_path / "photo.heic"
    photo.write_bytes(image("HEIF", (400, 300)))
    page = connecter(page_a(360, js=js), parent)
    page.goto("/documents/")
    page.get_by_label("Nature du document").select_option("domicile")
    page.get_by_label("Fichier").set_input_files(photo)
    page.get_by_role("button", name="Déposer").click()
    expect(page.get_by_text("Votre document est déposé.")).to_be_visible()
    assert Document.objects.get(nature="domicile").type_mime == "image/jpeg"
    page.get_by_role("link", name="Supprimer « photo.jpg »").click()
    page.get_by_role("button", name="Supprimer").click()
    expect(page.get_by_text("Le document est supprimé.")).to_be_visible()
    assert not Document.objects.filter(nature="domicile").exists()


@pytest.mark.parametrize(("largeur", "sombre"), [(320, True), (1280, False)])
def test_the_pages_of_papers_and_data_have_no_violation(page_a, connecter, parent, largeur, sombre):
    page = connecter(page_a(largeur, sombre=sombre), parent)
    suppression = f"/documents/{Document.objects.first().pk}/supprimer/"
    for adresse in ("/documents/", "/documents-de-la-ville/", "/compte/donnees/", suppression):
        page.goto(adresse)
        photographier(page, f"{adresse.strip('/').replace('/', '-')}-{largeur}")
        assert violations(page) == [], adresse
        assert deborde(page) == 0, adresse


def test_the_agents_pages_have_no_violation(page_a, parent, live_server):
    demande = demander_l_effacement(famille=parent.responsable.famille, par=parent)
    cookie = agent("guichet").cookies["session"]
    page = page_a(1280)
    page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])
    for adresse in (
        "/admin/effacements/",
        f"/admin/effacements/{demande.pk}/",
        "/admin/comptes/document/",
        "/admin/comptes/documentdelaville/add/",
    ):
        page.goto(adresse)
        photographier(page, adresse.strip("/").replace("/", "-"))
        assert violations(page) == [], adresse
