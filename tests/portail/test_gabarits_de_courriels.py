"""Every mail says the same in text and in HTML, reads without images, and tells nothing of health or diet."""

import html
import re

import pytest
from django.conf import settings

from tests.courriels import DOSSIER, exemples, gabarits

EXEMPLES = list(exemples())
MOTS = re.compile(r"\b(malad|santé|médic|allerg|PAI\b|régime|porc\b|végétar|sans viande|halal|casher)", re.IGNORECASE)
# Amounts, dates, hours, numbers of operations, mail addresses, passwords.
DONNEES = re.compile(
    r"\d[\d\u202f]*,\d\d\N{NO-BREAK SPACE}€|\d\d/\d\d/\d{4}|\d{1,2}(?:er)?\N{NO-BREAK SPACE}(?:\w+ 20\d\d|[a-zéû]{3,})"
    r"|\d{1,2}\N{NO-BREAK SPACE}h(?:\N{NO-BREAK SPACE}\d\d)?|20\d\d-\d{6}|[\w.-]+@[\w.-]+\w|\w{6}-\w{6}-\w{6}"
)


def texte_du(code: str) -> str:
    """What a reader of the HTML sees."""
    corps = re.sub(r"(?s)<head>.*?</head>", "", code)
    return html.unescape(re.sub(r"<[^>]+>", " ", corps))


def test_every_template_has_its_text_its_html_and_an_example():
    assert {e.gabarit for e in EXEMPLES} == gabarits()
    for nom in gabarits():
        for suffixe in ("txt", "html"):
            assert (DOSSIER / f"{nom}.{suffixe}").is_file(), f"{nom}.{suffixe}"


@pytest.mark.parametrize("exemple", EXEMPLES, ids=str)
def test_text_and_html_say_the_same(exemple):
    texte, code = exemple.rendre()
    lu = texte_du(code)
    assert set(DONNEES.findall(texte)) == set(DONNEES.findall(lu))
    adresses = set(re.findall(r"https?://[^\s<>\"]+", texte))
    liens = {html.unescape(a) for a in re.findall(r'href="(http[^"]+)"', code)}
    assert liens <= adresses
    assert {a for a in adresses - liens if a.startswith(settings.SITE_URL)} == set()


@pytest.mark.parametrize("exemple", EXEMPLES, ids=str)
def test_a_mail_needs_no_image_no_script_and_no_other_site(exemple):
    _, code = exemple.rendre()
    assert not re.search(r"<(img|script|link|iframe|form|svg|style)\b|url\(|javascript:", code)
    assert '<html lang="fr">' in code
    assert code.count("<h1") == 1
    assert "{{" not in code


@pytest.mark.parametrize("exemple", EXEMPLES, ids=str)
def test_a_mail_is_french_and_tells_nothing_of_health_or_diet(exemple):
    for partie in (exemple.rendre()[0], texte_du(exemple.rendre()[1])):
        # The lines of a password are plain: copied, pasted, read by tools.
        nue = re.sub(r"https?://\S+|(?m:^(Identifiant|Mot de passe) :)", "", partie)
        assert not MOTS.search(nue)
        assert "'" not in nue
        assert re.findall(r".{0,20} [;:!?»]|«[^\N{NO-BREAK SPACE}]", nue) == []
