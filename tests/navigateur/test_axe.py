"""Accessibility and width of the public pages, the error pages and the administration, in a browser."""

import pytest
from django.test import Client

from comptes.models import Notification
from portail import vues_erreurs
from tests.factories import EnfantFactory, FamilleFactory, RattachementFactory, ResponsableFactory, UtilisateurFactory
from tests.navigateur import outils
from tests.navigateur.outils import deborde, violations

pytestmark = [pytest.mark.navigateur, pytest.mark.django_db(transaction=True)]
PUBLIQUES = [
    "/reglement-interieur/",
    "/guide/",
    "/conditions-generales/",
    "/donnees-personnelles/",
    "/accessibilite/",
    "/contact/",
    "/nulle/part/",
]
ERREURS = [vues_erreurs.requete_incorrecte, vues_erreurs.interdit, vues_erreurs.csrf, vues_erreurs.erreur]


@pytest.fixture
def parent():
    famille = FamilleFactory()
    RattachementFactory(famille=famille, enfant=EnfantFactory(prenom="Léa", nom="Martin"))
    return ResponsableFactory(famille=famille).utilisateur


def fautes(page, adresses, etats=()) -> dict[str, list[str]]:
    """What axe and the width say of each address; nothing when all is well."""
    trouvees = {}
    for adresse in adresses:
        page.goto(adresse)
        trouvees[adresse] = outils.fautes(page, etats)
    return {adresse: liste for adresse, liste in trouvees.items() if liste}


def test_public_pages_have_no_violation_for_a_stranger(page_a):
    assert fautes(page_a(), PUBLIQUES, [(360, False), (360, True), (1280, False), (1280, True)]) == {}


def test_public_pages_have_no_violation_for_a_parent(page_a, connecter, parent):
    page = connecter(page_a(), parent)
    assert fautes(page, [*PUBLIQUES, "/autorisations/"], [(360, True), (1280, False)]) == {}


def test_no_page_scrolls_sideways_at_320_pixels(page_a, connecter, parent):
    inconnu, connecte = page_a(320), connecter(page_a(320), parent)
    for page in (inconnu, connecte):
        for adresse in [*PUBLIQUES, "/autorisations/"]:
            page.goto(adresse)
            assert deborde(page) == 0, adresse


def test_no_page_scrolls_sideways_before_the_font_has_come(page_a, connecter, parent):
    """On a slow line the text is drawn first with the telephone's own font, which is wider."""
    Notification.objects.create(destinataire=parent.responsable, categorie="messages", titre="Bonjour")
    for largeur in (320, 360):
        page = connecter(page_a(largeur), parent)
        page.route("**/*.woff2", lambda route: route.abort())
        for adresse in ("/guide/", "/notifications/", "/menus/"):
            page.goto(adresse)
            assert deborde(page) == 0, (largeur, adresse)


def repondre(reponse):
    def remplir(route):
        route.fulfill(status=reponse.status_code, body=reponse.content, content_type="text/html; charset=utf-8")

    return remplir


def test_error_pages_have_no_violation(page_a, rf):
    """The browser receives what the view answers, from an address that the portal does not have."""
    page = page_a(360)
    for vue in ERREURS:
        reponse = vue(rf.get("/"))
        page.unroute_all()
        page.route("**/erreur", repondre(reponse))
        assert fautes(page, ["/erreur"], [(360, False), (360, True)]) == {}, vue.__name__


def test_the_menu_opens_on_a_phone_without_javascript(page_a, connecter, parent):
    page = connecter(page_a(360, js=False), parent)
    page.goto("/guide/")
    menu = page.get_by_role("navigation", name="Menu")
    assert not menu.is_visible()
    page.get_by_role("button", name="Menu").click()
    assert menu.get_by_role("link", name="Léa Martin").is_visible()


def test_the_menu_stands_on_a_wide_screen(page_a, connecter, parent):
    page = connecter(page_a(1280), parent)
    page.goto("/guide/")
    assert page.get_by_role("navigation", name="Menu").is_visible()
    assert not page.get_by_role("button", name="Menu").is_visible()


def test_the_open_menu_has_no_violation(page_a, connecter, parent):
    page = connecter(page_a(360), parent)
    page.goto("/guide/")
    page.get_by_role("button", name="Menu").click()
    assert violations(page) == []


def test_the_first_tab_leads_to_the_content(page_a):
    page = page_a(360)
    page.goto("/guide/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Aller au contenu"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "contenu"


# --- Administration: `page_a` fails on any breach of the content security policy ------------------------------------
@pytest.fixture
def agent():
    return UtilisateurFactory(is_staff=True, is_superuser=True, prenom="Odile", nom="Sarda")


@pytest.fixture
def modeles(agent):
    """What the administration offers, as its home page lists it."""
    client = Client()
    client.force_login(agent)
    applications = client.get("/admin/").context["app_list"]
    return [modele for application in applications for modele in application["models"]]


@pytest.mark.parametrize(("largeur", "sombre"), [(360, True), (1280, False)])
def test_lists_and_forms_of_the_administration_obey_the_security_policy(
    page_a, connecter, agent, modeles, largeur, sombre
):
    page = connecter(page_a(largeur, sombre=sombre), agent)
    adresses = ["/admin/", *(m["admin_url"] for m in modeles), *(m["add_url"] for m in modeles if m["add_url"])]
    for adresse in adresses:
        assert page.goto(adresse).status == 200, adresse
        assert "Atkinson Hyperlegible Next" in page.evaluate("getComputedStyle(document.body).fontFamily")
        essayer_les_outils(page)


def essayer_les_outils(page):
    """Open what Django's scripts add to a form: the calendar, the clock, the search in a related list."""
    for outil, ouvert in [
        ("[id^=calendarlink]", ".calendarbox"),
        ("[id^=clocklink]", ".clockbox"),
        (".select2-selection", ".select2-dropdown"),
    ]:
        bouton = page.locator(f"{outil}:visible").first
        if bouton.count():
            bouton.click()
            page.locator(f"{ouvert}:visible").first.wait_for()
            page.keyboard.press("Escape")


def test_the_home_of_the_administration_has_no_violation(page_a, connecter, agent):
    assert fautes(connecter(page_a(), agent), ["/admin/"], [(1280, False), (1280, True)]) == {}
