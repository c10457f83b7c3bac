import re

import pytest
from django.test import Client
from django.urls import reverse
from post_office.models import STATUS, Email

from tests.factories import EnfantFactory, FamilleFactory, RattachementFactory, ResponsableFactory, UtilisateurFactory
from tests.portail.html import Page

pytestmark = pytest.mark.django_db
PUBLIQUES = [
    "reglement_interieur",
    "guide",
    "conditions_generales",
    "donnees_personnelles",
    "accessibilite",
    "contact",
]


@pytest.fixture
def parent():
    famille = FamilleFactory()
    responsable = ResponsableFactory(famille=famille)
    RattachementFactory(famille=famille, enfant=EnfantFactory(prenom="Léa", nom="Martin"))
    return responsable.utilisateur


@pytest.fixture
def connecte(parent):
    client = Client()
    client.force_login(parent)
    return client


def verifier(reponse) -> Page:
    """What every page of the portal owes its reader."""
    page = Page(reponse)
    noms = page.noms()
    assert re.fullmatch(r"\S.* – Portail famille de Carcassonne", " ".join(page.titre.split()))
    assert dict(page.balises)["html"] == {"lang": "fr"}
    assert noms.count("h1") == 1
    assert [noms.count(repere) for repere in ("header", "main", "footer")] == [1, 1, 1]
    assert all(attributs.get("aria-label") for attributs in page.attributs("nav"))
    assert page.code_dans_la_page() == []
    politique = reponse["Content-Security-Policy"]
    assert "default-src 'none'" in politique
    assert "unsafe" not in politique
    return page


@pytest.mark.parametrize("nom", PUBLIQUES)
def test_a_public_page_is_read_by_everyone(nom, client, connecte):
    adresse = reverse(f"portail:{nom}")
    for lecteur in (client, connecte):
        reponse = lecteur.get(adresse)
        assert reponse.status_code == 200
        page = verifier(reponse)
        assert len(page.texte.split()) > 60


def test_the_page_of_authorisations_is_for_parents(client, connecte):
    adresse = reverse("portail:autorisations")
    assert client.get(adresse).status_code == 302
    page = verifier(connecte.get(adresse))
    assert "Ce que vous autorisez pour chacun de vos enfants" in page.texte


def test_the_menu_has_the_words_of_the_tutorial_in_its_order(connecte):
    corps = connecte.get(reverse("portail:guide")).content.decode()
    menu = corps[corps.index('id="menu"') : corps.index("<main")]
    mots = [
        "Mon compte", "Accueil", "Mon compte famille", "Notifications", "Enfants", "Léa Martin",
        "Contacts", "Règlement intérieur", "Guide utilisateur portail", "Conditions générales",
    ]  # fmt: skip
    places = [menu.index(f">{mot}<") for mot in mots]
    assert places == sorted(places)
    assert '<a href="/guide/" aria-current="page">Guide utilisateur portail</a>' in " ".join(menu.split())


def test_the_menu_is_not_shown_to_a_stranger(client):
    corps = client.get(reverse("portail:guide")).content.decode()
    assert 'id="menu"' not in corps
    assert "Se déconnecter" not in corps


@pytest.mark.parametrize("nom", [*PUBLIQUES, "autorisations"])
def test_every_link_of_a_page_leads_somewhere(nom, connecte):
    for adresse in Page(connecte.get(reverse(f"portail:{nom}"))).liens():
        assert connecte.get(adresse).status_code in {200, 302}, adresse


@pytest.mark.parametrize("nom", PUBLIQUES)
def test_every_link_of_a_page_leads_a_stranger_somewhere(nom, client):
    for adresse in Page(client.get(reverse(f"portail:{nom}"))).liens():
        assert client.get(adresse).status_code in {200, 302}, adresse


@pytest.mark.parametrize("nom", [*PUBLIQUES, "autorisations"])
def test_every_anchor_of_a_page_exists(nom, connecte):
    page = Page(connecte.get(reverse(f"portail:{nom}")))
    ancres = {attributs["href"][1:] for attributs in page.attributs("a") if attributs.get("href", "").startswith("#")}
    identifiants = [attributs["id"] for _, attributs in page.balises if "id" in attributs]
    assert ancres <= set(identifiants)
    assert len(identifiants) == len(set(identifiants))


@pytest.mark.parametrize("nom", [*PUBLIQUES, "autorisations"])
def test_the_typography_is_french(nom, connecte):
    """No-break spaces before double signs and inside « », real apostrophes."""
    texte = Page(connecte.get(reverse(f"portail:{nom}"))).texte
    assert re.findall(r".{0,20} [;:!?»].{0,10}|«[^\u00a0].{0,10}|.{0,20}\w'\w.{0,10}", texte) == []


def test_the_guide_tells_the_tutorial(client):
    texte = " ".join(Page(client.get(reverse("portail:guide"))).texte.split())
    for mot in (
        "Générer votre mot de passe", "Identifiant", "Valider", "3 erreurs", "Gérer mes réservations",
        "Choix de l’inscrit", "+ cette semaine", "Tous les jours", "+ tous les jours de l’année", "Aide", "Continuer",
        "Violet : réservation", "Blanc : non réservé", "Rose : capacité maximale atteinte, repas non réservé",
        "Réservation ajoutée : 15/05/2025 - Prix : 4,97 €",
    ):  # fmt: skip
        assert mot in texte


def test_the_state_of_accessibility_is_a_setting_said_on_every_page(client, settings):
    settings.VILLE = {**settings.VILLE, "accessibilite": "partiellement conforme"}
    corps = client.get(reverse("portail:contact")).content.decode()
    assert "Accessibilité\N{NO-BREAK SPACE}: partiellement conforme" in corps
    page = client.get(reverse("portail:accessibilite")).content.decode()
    assert "partiellement conforme" in page
    assert "Aucun audit" not in page


def test_a_page_of_text_costs_a_stranger_no_statement(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        client.get(reverse("portail:contact"))


def test_the_security_contact_is_published(client):
    reponse = client.get("/.well-known/security.txt")
    assert reponse.status_code == 200
    assert reponse["Content-Type"].startswith("text/plain")
    assert re.search(r"^Contact: mailto:\S+@\S+$", reponse.text, re.M)
    assert re.search(r"^Expires: \d{4}-\d\d-\d\dT", reponse.text, re.M)


def test_robots_are_kept_out_of_personal_pages(client):
    assert "Disallow: /reservations/" in client.get("/robots.txt").text


# --- Administration --------------------------------------------------------------------------------------------------
@pytest.fixture
def agent(client):
    client.force_login(UtilisateurFactory(is_staff=True, is_superuser=True, prenom="Odile", nom="Sarda"))
    return client


def test_the_administration_wears_the_theme_of_the_town(agent):
    reponse = agent.get("/admin/")
    page = Page(reponse)
    assert "css/administration.css" in reponse.text
    assert page.code_dans_la_page() == []
    assert {"/", reverse("comptes:changer_mot_de_passe")} <= page.liens()
    assert reverse("comptes:deconnexion") in {attributs.get("action") for attributs in page.attributs("form")}


def test_the_administration_signs_in_and_changes_passwords_through_the_portal(agent, client):
    assert agent.get("/admin/password_change/")["Location"] == reverse("comptes:changer_mot_de_passe")
    assert Client().get("/admin/login/?next=/admin/auth/")["Location"] == "/connexion/?next=%2Fadmin%2Fauth%2F"


def test_the_administration_never_sends_an_agent_to_another_site(agent):
    assert agent.get("/admin/login/?next=https://exemple.org/")["Location"] == "/admin/"


def test_the_administration_is_refused_to_a_parent_with_a_sentence(connecte):
    reponse = connecte.get("/admin/login/")
    assert reponse.status_code == 403
    assert "réservée aux agents de la ville" in verifier(reponse).texte


def test_the_mail_queue_is_read_without_the_text_of_the_mails(agent):
    courriel = Email.objects.create(
        from_email="ville@exemple.fr",
        to=["parent@exemple.fr"],
        subject="Vos identifiants",
        message="mot de passe : secret",
        status=STATUS.sent,
    )
    liste = agent.get("/admin/post_office/email/?q=parent")
    assert "Vos identifiants" in liste.text
    assert "envoyé" in liste.text
    fiche = agent.get(f"/admin/post_office/email/{courriel.pk}/change/")
    assert fiche.status_code == 200
    assert "parent@exemple.fr" in fiche.text
    assert "secret" not in fiche.text
    assert agent.post(f"/admin/post_office/email/{courriel.pk}/delete/", {"post": "yes"}).status_code == 403
    assert agent.get(f"/admin/post_office/email/{courriel.pk}/resend/").status_code != 200
    assert Email.objects.filter(pk=courriel.pk, status=STATUS.sent).exists()
    assert agent.get("/admin/post_office/emailtemplate/add/").status_code == 404
