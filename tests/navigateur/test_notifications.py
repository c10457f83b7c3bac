"""Notifications on a screen: read, choose the mails, write to families."""

import os
from pathlib import Path

import pytest
from django.urls import reverse

from comptes.models import Categorie, Notification
from comptes.refus import adresse_du_refus
from comptes.roles import creer_agent
from comptes.services.notifier import notifier
from reservations.models import MessageDeLaVille
from tests.factories import ResponsableFactory
from tests.navigateur import outils

pytestmark = [pytest.mark.navigateur, pytest.mark.django_db(transaction=True)]
IMAGES = os.environ.get("COURRIELS_EN_IMAGES")


@pytest.fixture
def parent():
    """An adult with a read notification, an unread one with a page, and an unread long message."""
    qui = ResponsableFactory()
    tous = {"familles": [qui.famille_id]}
    notifier(
        **tous, categorie=Categorie.RESERVATIONS, titre="Repas de Léa : 12 réservés", lien="/", sauf=qui.utilisateur
    )
    notifier(**tous, categorie=Categorie.DEMANDES, titre="Votre adresse est changée", lien="/compte/")
    texte = "Bonjour,\n\nLe pique-nique est à la rivière : https://exemple.fr/" + "riviere" * 12
    notifier(**tous, categorie=Categorie.MESSAGES, titre="Pique-nique de l’école", texte=texte)
    return qui


def regarder(page, nom, etats=()) -> list[str]:
    if IMAGES:
        largeur = page.viewport_size["width"]
        page.screenshot(full_page=True, path=str(Path(IMAGES) / f"page-{nom}-{largeur}.png"))
    return [f"{nom} : {faute}" for faute in outils.fautes(page, etats)]


def test_the_pages_have_no_violation_and_do_not_scroll_sideways(page_a, connecter, parent):
    page = connecter(page_a(), parent.utilisateur)
    fautes, etats = [], [(320, False), (360, True), (1280, False)]
    for nom, adresse in (
        ("liste", "/notifications/"),
        ("vide", "/notifications/?categorie=factures"),
        ("choix", "/notifications/choix/"),
        ("refus", adresse_du_refus(parent.pk, "places")),
    ):
        page.goto(adresse)
        fautes += regarder(page, nom, etats)
    page.get_by_role("button", name="Ne plus recevoir").click()
    page.get_by_text("C’est noté").wait_for()
    assert fautes + regarder(page, "refuse", etats) == []


def test_a_parent_reads_then_chooses_without_javascript(page_a, connecter, parent):
    page = connecter(page_a(360, js=False), parent.utilisateur)
    page.goto("/notifications/")
    assert page.get_by_role("button", name="Menu 2 non lues").is_visible()
    page.get_by_role("button", name="Ouvrir : Votre adresse est changée").click()
    assert page.url.endswith("/compte/")
    page.goto("/notifications/")
    page.get_by_role("button", name="Tout marquer comme lu").click()
    page.get_by_text("1 notification marquée").wait_for()
    assert not Notification.objects.non_lues().exists()
    page.get_by_role("link", name="Choisir mes e-mails").click()
    page.get_by_label("Messages de la ville").uncheck()
    page.get_by_role("button", name="Enregistrer").click()
    page.get_by_text("Vos choix d’e-mails sont enregistrés").wait_for()
    assert [r.categorie for r in parent.refus_de_courriel.all()] == ["messages"]


@pytest.mark.parametrize(("largeur", "sombre"), [(360, True), (1280, False)])
def test_an_agent_writes_sees_then_sends(page_a, connecter, parent, largeur, sombre):
    agent, _ = creer_agent(courriel="guichet@exemple.fr", role="guichet", prenom="Odile", nom="Sarda")
    page = connecter(page_a(largeur, sombre=sombre), agent)
    page.goto(reverse("admin:reservations_messagedelaville_changelist"))
    fautes = regarder(page, "registre")
    page.goto(reverse("admin:reservations_messagedelaville_add"))
    page.get_by_label("Titre").fill("Pique-nique")
    page.get_by_label("Texte").fill("Bonjour,\n\nprévoyez un sac.")
    fautes += regarder(page, "ecrire")
    page.get_by_role("button", name="Voir qui le lira").click()
    page.get_by_text("Tel que les familles le liront").wait_for()
    fautes += regarder(page, "apercu")
    page.get_by_role("button", name="Envoyer à 1 adulte").click()
    page.get_by_text("C’est envoyé").wait_for()
    assert fautes + regarder(page, "envoye") == []
    assert MessageDeLaVille.objects.get().destinataires == 1
