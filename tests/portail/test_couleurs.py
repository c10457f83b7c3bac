"""Contrasts of the theme, computed from the style sheets (WCAG 2.1, 1.4.3: text; 1.4.11: edges that mean something)."""

import re

import pytest
from django.conf import settings

CSS = settings.BASE_DIR / "static/css"
TEXTES = [
    ("encre", "papier"), ("encre", "carte"), ("encre", "pierre"), ("encre", "violet-pale"), ("encre", "ocre-pale"),
    ("encre", "vert-pale"), ("encre", "rouge-pale"),
    ("encre-douce", "papier"), ("encre-douce", "carte"), ("encre-douce", "pierre"),
    ("violet", "papier"), ("violet", "carte"), ("violet", "violet-pale"),
    ("violet-fonce", "papier"), ("violet-fonce", "carte"), ("violet-fonce", "violet-pale"),
    ("sur-violet", "violet"), ("sur-violet", "violet-fonce"), ("sur-rose", "rose"), ("sur-ocre", "ocre"),
    ("ocre", "carte"), ("ocre", "ocre-pale"), ("rouge", "carte"), ("rouge", "rouge-pale"),
]  # fmt: skip
TRAITS = [
    ("trait-fort", "carte"), ("trait-fort", "papier"), ("violet", "carte"), ("violet", "papier"),
    ("rose-trait", "carte"), ("rose-trait", "rose"), ("ocre", "carte"), ("ocre", "papier"), ("ocre", "pierre"),
    ("rouge", "carte"), ("vert", "carte"), ("vert", "papier"),
]  # fmt: skip


def themes(fichier: str) -> dict[str, dict[str, str]]:
    """`{"clair": {"encre": "#241a38", …}, "sombre": {…}}`: the first block with colours is light, the next is dark."""
    blocs = re.findall(r"\{([^{}]*--encre:[^{}]*)\}", (CSS / fichier).read_text())
    clair, sombre = (dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", bloc)) for bloc in blocs[:2])
    return {"clair": clair, "sombre": clair | sombre}


def luminance(couleur: str) -> float:
    canaux = (int(couleur[i : i + 2], 16) / 255 for i in (1, 3, 5))
    rouge, vert, bleu = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in canaux)
    return 0.2126 * rouge + 0.7152 * vert + 0.0722 * bleu


def contraste(une: str, autre: str) -> float:
    clair, fonce = sorted((luminance(une), luminance(autre)), reverse=True)
    return (clair + 0.05) / (fonce + 0.05)


@pytest.mark.parametrize(("une", "autre", "attendu"), [("#000000", "#ffffff", 21.0), ("#777777", "#ffffff", 4.48)])
def test_the_ratio_is_the_one_of_wcag(une, autre, attendu):
    assert round(contraste(une, autre), 2) == attendu


@pytest.mark.parametrize("theme", ["clair", "sombre"])
def test_every_text_can_be_read(theme):
    couleurs = themes("portail.css")[theme]
    faibles = {(t, f): round(contraste(couleurs[t], couleurs[f]), 2) for t, f in TEXTES}
    assert {paire: ratio for paire, ratio in faibles.items() if ratio < 4.5} == {}


@pytest.mark.parametrize("theme", ["clair", "sombre"])
def test_every_edge_that_carries_a_meaning_can_be_seen(theme):
    couleurs = themes("portail.css")[theme]
    faibles = {(t, f): round(contraste(couleurs[t], couleurs[f]), 2) for t, f in TRAITS}
    assert {paire: ratio for paire, ratio in faibles.items() if ratio < 3} == {}


@pytest.mark.parametrize("theme", ["clair", "sombre"])
def test_the_administration_wears_the_colours_of_the_portal(theme):
    portail, administration = themes("portail.css")[theme], themes("administration.css")[theme]
    communes = portail.keys() & administration.keys()
    assert len(communes) > 12
    assert {nom: administration[nom] for nom in communes} == {nom: portail[nom] for nom in communes}


def test_the_dark_theme_of_the_administration_is_the_same_chosen_or_followed():
    suivi, choisi = re.findall(r"\{([^{}]*--encre:[^{}]*)\}", (CSS / "administration.css").read_text())[1:3]
    assert suivi.split() == choisi.split()


def test_the_tokens_hold_every_colour_of_the_calendar():
    """A colour written outside the tokens has no dark twin and no contrast test."""
    brutes = re.findall(r"#[0-9a-fA-F]{3,6}\b", (CSS / "calendrier.css").read_text())
    assert brutes == []
