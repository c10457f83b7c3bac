"""Texts of the town: what Markdown may become, and versions that are laid once, published, and never changed."""

import datetime as dt
import re
import time
from html.parser import HTMLParser
from pathlib import Path
from threading import Thread

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.urls import reverse

from comptes.lecture_textes import lire_page
from comptes.models import Texte, VersionDeTexte
from comptes.services.textes import DOSSIER, PAR_DEFAUT, poser_les_textes, publier
from comptes.textes import LONGUEUR, comparer, lien_permis, rendre, variables_de, variables_inconnues
from tests.factories import INSTANT, UtilisateurFactory
from tests.portail.html import Page

VILLE = {
    "nom": "Saint-*Paul*_<b>",
    "service": "Guichet unique",
    "adresse": "1 rue de la [Paix](https://exemple.org)",
    "telephone": "04 68 00 00 00",
    "courriel": "a_b@exemple.fr",
    "horaires": "8 h – 12 h",
    "accessibilite": "non conforme",
}
PERMISES = {"p", "ul", "ol", "li", "strong", "em", "a", "h2", "h3", "h4", "h5", "h6", "code", "pre", "blockquote", "hr"}
PERMISES |= {"br", "div", "table", "thead", "tbody", "tr", "th", "td"}


class Balises(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.lues: list[tuple[str, dict]] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.lues.append((tag, dict(attrs)))


def balises(contenu, **options):
    return Balises(rendre(contenu, VILLE, **options).html).lues


HOSTILES = {
    "script": "<script>alert(1)</script>",
    "script dans un paragraphe": "bonjour <img src=x onerror=alert(1)> <b onclick=alert(1)>x</b>",
    "lien javascript": "[x](javascript:alert(1)) [y](JaVaScRiPt:alert(1)) [z](java\tscript:alert(1))",
    "lien javascript codé": "[x](&#106;avascript:alert(1)) [y](javascript&colon;alert(1)) [z](%6Aavascript:alert(1))",
    "lien data": "[x](data:text/html;base64,PHNjcmlwdD4=) [y](vbscript:x) [z](file:///etc/passwd)",
    "lien automatique": "<javascript:alert(1)> <ftp://exemple.org>",
    "référence": "[x]\n\n[x]: javascript:alert(1)",
    "image": "![x](https://exemple.org/pixel.png) ![y](javascript:alert(1))",
    "titre de lien": '[x](https://exemple.org "\\" onmouseover=alert(1) x=\\"")',
    "ancre": '## "><script>alert(1)</script>',
    "langue de code": '```"><script>alert(1)</script>\nx\n```',
    "commentaire": "<!-- --> <style>*{display:none}</style> <![CDATA[x]]>",
    "adresse sans protocole": "[x](//exemple.org) [y](/\\exemple.org) [z](\\\\exemple.org) [t](http://exemple.org)",
    "tableau": "| <script> | onload=x |\n| --- | --- |\n| <iframe src=x> | [a](javascript:1) |",
    "citations emboîtées": ">" * 5000 + " x",
    "listes emboîtées": "\n".join("  " * n + "- x" for n in range(300)),
    "crochets": "[" * 20000,
    "étoiles": "*a **b " * 8000,
    "accents graves": "`" * 3001 + " x " + "`" * 3000,
    "caractère nul": "a\0b",
    "long": "a " * 500_000,
    "très longue ligne": "x" * 1_000_000,
}


@pytest.mark.parametrize("contenu", HOSTILES.values(), ids=HOSTILES)
def test_hostile_markdown_becomes_harmless_html_quickly(contenu):
    debut = time.perf_counter()
    lues = balises(contenu)
    assert time.perf_counter() - debut < 5
    assert {nom for nom, _ in lues} <= PERMISES
    for nom, attributs in lues:
        permis = {"a": {"href", "rel", "title"}, "div": {"class", "tabindex", "role", "aria-label"}}
        permis |= {"table": {"class"}, "th": {"scope"}, "code": {"class"}, "ol": {"start"}}
        assert set(attributs) <= permis.get(nom, {"id"} if nom[0] == "h" else set()), (nom, attributs)
        if nom == "a":
            assert lien_permis(attributs["href"])


@pytest.mark.parametrize(
    ("adresse", "permise"),
    [
        ("https://www.cnil.fr/fr/plaintes", True),
        ("mailto:a@exemple.fr", True),
        ("tel:0468000000", True),
        ("/guide/#absence", True),
        ("#places", True),
        ("http://exemple.org", False),
        ("//exemple.org", False),
        ("///exemple.org", False),
        ("/\\exemple.org", False),
        ("guide/", False),
        ("https:", False),
        ("https://[", False),
        ("javascript:alert(1)", False),
        (" javascript:alert(1)", False),
        ("java\nscript:alert(1)", False),
        ("data:text/html,x", False),
    ],
)
def test_a_link_leads_to_https_a_mailbox_a_telephone_or_the_portal(adresse, permise):
    assert lien_permis(adresse) is permise


@pytest.mark.parametrize(
    ("contenu", "attendu"),
    [
        ("la ville de {{ville}}", "<p>la ville de Saint-*Paul*_&lt;b&gt;</p>"),
        ("{{ adresse }}", "<p>1 rue de la [Paix](https://exemple.org)</p>"),
        ("le {{service}}", "<p>le guichet unique</p>"),
        ("[{{courriel}}](mailto:{{courriel}})", '<p><a href="mailto:a_b@exemple.fr">a_b@exemple.fr</a></p>'),
        ("[appeler](tel:{{telephone}})", '<p><a href="tel:0468000000">appeler</a></p>'),
        ("{{inconnue}} {{}} {{{ville}}}", "<p>{{inconnue}} {{}} {Saint-*Paul*_&lt;b&gt;}</p>"),
        ("« oui » : l'été ; 5 %", "<p>«\u00a0oui\u00a0»\u00a0: l’été\u00a0; 5\u00a0%</p>"),
        ("[x](https://exemple.org)", '<p><a href="https://exemple.org" rel="noreferrer">x</a></p>'),
    ],
)
def test_variables_are_plain_words_and_typography_is_french(contenu, attendu):
    assert rendre(contenu, VILLE).html.strip() == attendu


def test_an_unknown_variable_is_named():
    assert variables_inconnues("{{ville}} {{vile}} {{ }}", variables_de(VILLE)) == ["", "vile"]


@pytest.mark.parametrize(
    ("contenu", "niveau", "attendu"),
    [
        ("# A\n## B\n# C", 2, ["h2", "h3", "h2"]),
        ("### A\n###### B\n#### C\n# D", 2, ["h2", "h3", "h3", "h2"]),
        ("# A\n## B\n### C\n#### D\n##### E\n###### F", 3, ["h3", "h4", "h5", "h6", "h6", "h6"]),
    ],
)
def test_headings_are_under_the_page_s_own_and_skip_no_level(contenu, niveau, attendu):
    assert [nom for nom, _ in balises(contenu, niveau=niveau)] == attendu


def test_anchors_are_unique_and_a_long_text_has_a_table_of_contents():
    rendu = rendre("## Les délais\n## Les délais\n## !\n## **Prix** à `1`", VILLE, prefixe="r-")
    assert [a for a, _ in rendu.sommaire] == ["r-les-delais", "r-les-delais-2", "r-partie", "r-prix-a-1"]
    assert [mots for _, mots in rendu.sommaire] == ["Les délais", "Les délais", "!", "Prix à 1"]
    assert rendre("## A\n## B\n## C", VILLE).sommaire == ()


def test_a_table_scrolls_alone_and_names_its_rows():
    html = rendre("## Prix\n\n| Jour | Prix |\n| --- | --- |\n| lundi | 4 |", VILLE).html
    assert 'role="region" aria-label="Prix"' in html
    assert '<th scope="row">lundi</th>' in html
    assert "<td>4</td>" in html


def test_two_versions_are_compared_line_by_line():
    lignes = comparer("a\nb\nc\n", "a\nB\nc\n")
    assert [(ligne.signe, ligne.texte) for ligne in lignes] == [("", "a"), ("−", "b"), ("+", "B"), ("", "c")]
    assert comparer("a", "a") == []


# --- The default texts -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("fichier", sorted(DOSSIER.glob("*.md")), ids=lambda f: f.stem)
def test_a_default_text_is_listed_sound_and_french(fichier: Path):
    contenu = fichier.read_text()
    assert fichier.stem in PAR_DEFAUT
    assert variables_inconnues(contenu, variables_de(VILLE)) == []
    assert "http:" not in contenu
    texte = re.sub(r"\]\([^)]*\)|^\|[ |:-]+\|$|\|", "", contenu, flags=re.M)
    assert re.findall(r".{0,20} [;:!?»].{0,10}|«[^\u00a0].{0,10}|.{0,20}\w'\w.{0,10}", texte) == []


def test_every_text_to_sign_or_to_read_has_words_but_the_town_s_own():
    assert [t.code for t in PAR_DEFAUT.values() if not t.contenu()] == ["guide"]


# --- Versions --------------------------------------------------------------------------------------------------------
@pytest.fixture
def instant(db):
    with time_machine.travel(INSTANT, tick=False) as horloge:
        yield horloge


@pytest.fixture
def texte(instant):
    return Texte.objects.create(code="sieste", titre="Sieste", a_signer=True)


def photo():
    return [list(m.objects.order_by("pk").values()) for m in (Texte, VersionDeTexte)]


def test_the_texts_are_laid_once(instant, capsys):
    call_command("poser_textes")
    assert Texte.objects.count() == len(PAR_DEFAUT)
    assert VersionDeTexte.objects.count() == len(PAR_DEFAUT) - 1
    avant = photo()
    call_command("poser_textes")
    assert photo() == avant
    assert "0 texte posé" in capsys.readouterr().out.replace("\u00a0", " ")


def test_laying_again_never_touches_what_the_town_wrote(instant):
    poser_les_textes()
    reglement = Texte.objects.get(code="reglement-interieur")
    publier(texte=reglement, contenu="Notre règlement.", precedente=1, auteur=None)
    Texte.objects.filter(code="photographies").update(titre="Photos", actif=False, bloquante=True)
    avant = photo()
    assert poser_les_textes() == 0
    assert photo() == avant


def test_a_version_is_published_by_somebody_and_never_changed(texte):
    agent = UtilisateurFactory(agent=True)
    version = publier(texte=texte, contenu="Un\r\ndeux\r\n\r\n", precedente=0, auteur=agent)
    assert (version.numero, version.contenu, version.auteur, version.publiee_le) == (1, "Un\ndeux\n", agent, INSTANT)
    for geste in (version.delete, lambda: VersionDeTexte.objects.update(contenu="x")):
        with pytest.raises(DatabaseError, match="Cannot"), transaction.atomic():
            geste()


@pytest.mark.parametrize(
    ("contenu", "phrase"),
    [
        (" \n ", "Écrivez le texte"),
        ("x" * (LONGUEUR + 1), "trop long"),
        ("{{maire}}", "n’est pas un mot que le portail remplace"),
        ("Un", "Rien n’a changé"),
    ],
)
def test_what_is_not_a_new_version_is_refused_with_a_sentence(texte, contenu, phrase):
    publier(texte=texte, contenu="Un", precedente=0, auteur=None)
    with pytest.raises(ValidationError, match=phrase):
        publier(texte=texte, contenu=contenu, precedente=1, auteur=None)
    assert texte.versions.count() == 1


def test_a_version_published_meanwhile_is_not_overwritten(texte):
    publier(texte=texte, contenu="Un", precedente=0, auteur=None)
    with pytest.raises(ValidationError, match="Une autre version"):
        publier(texte=texte, contenu="Deux", precedente=0, auteur=None)


def test_a_date_of_effect_in_the_past_is_refused(texte):
    with pytest.raises(ValidationError, match="passée"):
        publier(texte=texte, contenu="Un", precedente=0, auteur=None, effet=INSTANT - dt.timedelta(minutes=1))


def test_a_version_to_come_takes_effect_at_its_instant(texte, instant, client):
    effet = INSTANT + dt.timedelta(days=30)
    publier(texte=texte, contenu="Avant.", precedente=0, auteur=None)
    publier(texte=texte, contenu="Après.", precedente=1, auteur=None, effet=effet)
    assert lire_page("sieste").version.numero == 1
    page = Page(client.get(reverse("portail:version_de_texte", args=["sieste", 2])))
    assert "pas encore en vigueur" in page.texte
    assert "Après." in page.texte
    instant.move_to(effet)
    assert lire_page("sieste").version.numero == 2
    ancienne = Page(client.get(reverse("portail:version_de_texte", args=["sieste", 1])))
    assert "n’est plus en vigueur" in ancienne.texte
    assert reverse("portail:version_de_texte", args=["sieste", 2]) in ancienne.liens()


def test_a_version_to_come_gives_way_to_one_published_before_its_instant(texte, instant):
    effet = INSTANT + dt.timedelta(days=30)
    publier(texte=texte, contenu="Un", precedente=0, auteur=None)
    publier(texte=texte, contenu="Deux", precedente=1, auteur=None, effet=effet)
    publier(texte=texte, contenu="Trois", precedente=2, auteur=None)
    instant.move_to(effet + dt.timedelta(days=1))
    lue = lire_page("sieste")
    assert lue.version.numero == 3
    assert [(v.numero, v.abandonnee) for v in lue.autres] == [(2, True), (1, True)]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("verrou", [True, False], ids=["verrou", "témoin sans verrou"])
def test_two_agents_who_publish_at_once_publish_one_version_after_the_other(verrou, monkeypatch):
    """The first stops once it has read the last version; without the lock, the second passes it."""
    texte, refus = Texte.objects.create(code="sieste", titre="Sieste"), []
    if not verrou:
        monkeypatch.setattr("django.db.models.query.QuerySet.select_for_update", lambda self, **o: self)

    def second():
        try:
            publier(texte=texte, contenu="Deux", precedente=0, auteur=None)
        except ValidationError as erreur:
            refus.extend(erreur.messages)
        finally:
            connection.close()

    fil = Thread(target=second)

    def horloge():
        fil.start()
        fil.join(0.5)  # without the lock it is over; with it, it waits for us
        return INSTANT

    def premier():
        publier(texte=texte, contenu="Un", precedente=0, auteur=None, horloge=horloge)

    if verrou:
        premier()
    else:
        with pytest.raises(IntegrityError):
            premier()
    fil.join()
    assert [v.contenu for v in texte.versions.all()] == (["Un\n"] if verrou else ["Deux\n"])
    assert bool(refus) is verrou


@pytest.mark.parametrize(
    "adresse", ["/textes/sieste/0/", "/textes/sieste/2/", "/textes/rien/1/", "/textes/x/99999999/"]
)
def test_a_version_that_does_not_exist_is_not_found(texte, client, adresse):
    publier(texte=texte, contenu="Un", precedente=0, auteur=None)
    assert client.get(adresse).status_code == 404


def test_a_page_costs_three_statements_whatever_its_versions(instant, client, django_assert_num_queries):
    poser_les_textes()
    texte = Texte.objects.get(code="reglement-interieur")
    for n in range(1, 20):
        publier(texte=texte, contenu=f"Version {n}", precedente=n, auteur=None)
    with django_assert_num_queries(3):
        page = client.get("/reglement-interieur/")
    assert "Version 20, en vigueur depuis le mercredi 15" in page.text.replace("\u00a0", " ")


def test_the_guide_shows_what_the_town_adds(instant, client):
    assert "Ce que votre ville ajoute" not in client.get("/guide/").text
    poser_les_textes()
    assert "Ce que votre ville ajoute" not in client.get("/guide/").text
    publier(texte=Texte.objects.get(code="guide"), contenu="# Bus\n\nLigne 4.", precedente=0, auteur=None)
    page = client.get("/guide/").text
    assert "Ce que votre ville ajoute" in page
    assert '<h3 id="bus">Bus</h3>' in page
