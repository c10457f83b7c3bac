"""The two guides name things as the screens do: a button that is renamed fails here until the guide follows."""

import ast
import re
from functools import cache
from html import unescape
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib import admin
from django.core.management import get_commands
from django.test import Client
from django.urls import reverse
from django.utils.translation import gettext
from PIL import Image

from reservations.models import Activite, AnnulationCollective
from tests.factories import UtilisateurFactory
from tests.portail.html import Page
from tests.portail.test_pages import verifier

RACINE = Path(settings.BASE_DIR)
GUIDES = {nom: RACINE / "templates" / "portail" / f"{nom}.html" for nom in ("guide", "guide_agents")}
TEXTES = {**GUIDES, "README": RACINE / "README.md"}
# Words quoted that are no label of ours, with the reason.
DE_DJANGO = {gettext("History"), gettext("Add %(name)s") % {"name": AnnulationCollective._meta.verbose_name}}
COUPURE = "\n"


def mot(texte: str) -> str:
    """A label without its spaces and its first capital: the administration puts one on the names of fields."""
    texte = re.sub(r"\s+", " ", unescape(texte).replace("\u00a0", " ")).strip(" :.,;")
    return texte[:1].lower() + texte[1:]


def citations(nom: str) -> list[str]:
    """What a guide puts between « »."""
    texte = re.sub(r"<[^>]+>|{%.*?%}", "", TEXTES[nom].read_text())
    return [mot(cite) for cite in re.findall(r"«\s(.*?)\s»", texte)]


@cache
def textes_des_ecrans() -> set[str]:
    """Every text of a template, cut at its tags, and every string of the code that makes screens."""
    trouves = set()
    for gabarit in (RACINE / "templates").rglob("*.html"):
        if gabarit.stem not in GUIDES:
            source = gabarit.read_text()
            attributs = re.findall(r'(?:value|aria-label|title)="([^"]+)"', source)
            textes = re.sub(r"{#.*?#}|{%.*?%}|{{.*?}}|<[^>]*>", COUPURE, source, flags=re.DOTALL).split(COUPURE)
            trouves |= {mot(texte) for texte in [*attributs, *textes]}
    for piece in ("comptes", "reservations", "facturation", "portail"):
        for module in (RACINE / piece).rglob("*.py"):
            if not {"migrations", "bench", "local"} & set(module.parts):
                trouves |= {
                    mot(noeud.value)
                    for noeud in ast.walk(ast.parse(module.read_text()))
                    if isinstance(noeud, ast.Constant) and isinstance(noeud.value, str)
                }
    return trouves


@pytest.mark.parametrize("nom", TEXTES)
def test_every_label_that_a_guide_quotes_is_on_a_screen(nom):
    citees = citations(nom)
    assert len(citees) > 20
    assert set(citees) - textes_des_ecrans() - {mot(m) for m in DE_DJANGO} == set()


def test_the_net_tells_a_label_that_no_screen_has():
    """A control: cut at tags, whole texts only. « Déclarer une absence » is close to a button, and is none."""
    assert mot("Déclarer l’absence") in textes_des_ecrans()
    assert mot("Déclarer une absence") not in textes_des_ecrans()
    assert mot("l’absence") not in textes_des_ecrans()


@pytest.mark.django_db
def test_the_guide_has_small_pictures_of_the_screens_that_a_reader_without_sight_is_told(client):
    images = Page(client.get(reverse("portail:guide"))).attributs("img")
    assert len(images) == len(list((RACINE / "static" / "img" / "guide").iterdir())) >= 4
    for image in images:
        fichier = RACINE / image["src"].lstrip("/")
        assert fichier.stat().st_size <= 30_000, fichier
        with Image.open(fichier) as ouverte:
            largeur, hauteur = ouverte.size
        assert (int(image["width"]) * 2, int(image["height"]) * 2) == (largeur, hauteur)
        assert int(image["width"]) <= 340
        assert image["loading"] == "lazy"
        assert len(image["alt"].split()) > 8


@pytest.mark.django_db
def test_the_guide_of_the_agents_is_for_agents(client):
    adresse = reverse("portail:guide_agents")
    assert client.get(adresse).status_code == 302
    parent, agent = Client(), Client()
    parent.force_login(UtilisateurFactory())
    agent.force_login(UtilisateurFactory(agent=True))
    assert parent.get(adresse).status_code == 403
    assert agent.get(adresse).status_code == 200
    for page in ("portail:accueil", "portail:guide", "admin:index"):
        assert adresse in Page(agent.get(reverse(page))).liens(), page
    for page in ("portail:accueil", "portail:guide"):
        assert adresse not in Page(parent.get(reverse(page))).liens(), page


@pytest.fixture
def guide_agents(db):
    client = Client()
    client.force_login(UtilisateurFactory(agent=True))
    return verifier(client.get(reverse("portail:guide_agents")))


def test_its_typography_is_french_and_its_anchors_exist(guide_agents):
    assert re.findall(r".{0,20} [;:!?»].{0,10}|«[^\u00a0].{0,10}|.{0,20}\w'\w.{0,10}", guide_agents.texte) == []
    ancres = {a["href"][1:] for a in guide_agents.attributs("a") if (a.get("href") or "").startswith("#")}
    identifiants = [a["id"] for _, a in guide_agents.balises if "id" in a]
    assert ancres <= set(identifiants)
    assert len(identifiants) == len(set(identifiants))


def test_it_names_every_page_of_the_bookings_and_every_command(guide_agents):
    commandes = set(re.findall(r"manage\.py (\w+)", guide_agents.texte))
    notres = {nom for nom, app in get_commands().items() if app in {"portail", "comptes", "reservations"}}
    assert commandes <= notres
    assert {"annuler_repas", "rappeler", "peupler"} <= commandes
    cites = set(citations("guide_agents"))
    menu = {mot(str(m._meta.verbose_name_plural)) for m in admin.site._registry if m._meta.app_label == "reservations"}
    for page in (
        "activités", "journées", "fermetures", "annulations collectives", "absences", "liste d’attente",
        "registre des refus", "rappels", "opérations",
    ):  # fmt: skip
        assert page in menu
        assert page in cites


def test_the_figures_of_the_guides_are_those_of_the_code(guide_agents):
    champs = {champ.name: champ.default for champ in Activite._meta.get_fields() if hasattr(champ, "default")}
    assert f"{champs['offre_heures']} par défaut" in guide_agents.texte
    assert settings.CELERY_BEAT_SCHEDULE["rappeler"]["schedule"].hour == {9}
    assert "Chaque matin à 9 heures" in guide_agents.texte
