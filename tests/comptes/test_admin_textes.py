"""An agent publishes a version of a text: the former prefilled, what changes shown, nothing edited in place."""

import pytest
import time_machine
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from comptes.models import Texte, VersionDeTexte
from comptes.services.textes import poser_les_textes, publier
from tests.administration import agent, modifier, paroles, refus
from tests.factories import INSTANT

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def instant(db):
    with time_machine.travel(INSTANT, tick=False) as horloge:
        yield horloge


@pytest.fixture
def texte():
    texte = Texte.objects.create(code="photos", titre="Photos", a_signer=True)
    publier(texte=texte, contenu="J’autorise.\n\nLes photos.", precedente=0, auteur=None)
    return texte


@pytest.fixture
def guichet():
    return agent("guichet")


def adresse(texte):
    return reverse("admin:comptes_texte_publier", args=[texte.pk])


def envoi(bouton="publier", **champs):
    return {"contenu": "J’autorise.\n\nLes photos et les films.", "precedente": "1", "effet": "", bouton: "x"} | champs


def test_the_page_begins_with_the_last_version(guichet, texte):
    page = guichet.get(adresse(texte))
    assert page.context["form"].initial == {"contenu": "J’autorise.\n\nLes photos.\n", "precedente": 1}
    assert "signer de nouveau" in page.text
    assert "Publier cette version" not in page.text


def test_the_preview_shows_the_difference_and_writes_nothing(guichet, texte):
    page = guichet.post(adresse(texte), envoi("apercu", contenu="# Titre\n\nLes <b>films</b>.")).text
    assert "<del><span>− retiré" in page
    assert "Les photos.</del>" in page
    assert "Les &lt;b&gt;films&lt;/b&gt;.</ins>" in page
    assert '<h3 id="apercu-titre">Titre</h3>' in page
    assert "<b>films" not in page
    assert texte.versions.count() == 1


def test_publishing_adds_a_version_and_keeps_who_and_when(guichet, texte):
    page = guichet.post(adresse(texte), envoi(), follow=True)
    assert "Version 2 publiée" in paroles(page)
    version = texte.versions.get(numero=2)
    assert (version.auteur.email, version.publiee_le) == ("guichet@exemple.fr", INSTANT)
    assert LogEntry.objects.get().change_message == f"Version 2 publiée, en vigueur le {quand()}"
    assert VersionDeTexte.objects.get(numero=1).contenu == "J’autorise.\n\nLes photos.\n"


def quand():
    return "mercredi 15\u00a0juillet 2026 à 9\u00a0h"


def test_a_version_takes_effect_later(guichet, texte):
    guichet.post(adresse(texte), envoi(effet="01/09/2026 08:00"))
    assert f"{texte.versions.get(numero=2).publiee_le:%Y-%m-%d %H:%M}" == "2026-09-01 06:00"
    page = guichet.post(adresse(texte), envoi(contenu="Rien.", precedente="2"), follow=True)
    assert "La version 2, prévue pour le mardi 1er septembre 2026 à 8 h, n’aura pas d’effet." in paroles(page)


@pytest.mark.parametrize(
    ("champs", "phrase"),
    [
        ({"contenu": ""}, "obligatoire"),
        ({"contenu": "x" * 60_001}, "60"),
        ({"contenu": "a\0b"}, "nul"),
        ({"contenu": "{{maire}}"}, "maire"),
        ({"contenu": "J’autorise.\r\n\r\nLes photos.\r\n"}, "Rien n’a changé"),
        ({"effet": "01/07/2026 08:00"}, "passée"),
        ({"effet": "demain"}, "valide"),
        ({"effet": "01/01/0001 00:00"}, "passée"),
        ({"precedente": "0"}, "Une autre version"),
        ({"precedente": "99999"}, "Corrigez"),
        ({"precedente": ""}, "Corrigez"),
    ],
)
def test_what_cannot_be_published_is_said_and_what_was_written_stays(guichet, texte, champs, phrase):
    page = guichet.post(adresse(texte), envoi(**champs))
    assert page.status_code == 200
    assert phrase in page.text.replace("&#x27;", "'")
    assert texte.versions.count() == 1


def test_a_megabyte_is_answered_by_a_sentence(guichet, texte):
    assert guichet.post(adresse(texte), envoi(contenu="x" * 1_100_000)).status_code == 400
    assert texte.versions.count() == 1


def test_a_version_shows_what_it_changed(guichet, texte):
    guichet.post(adresse(texte), envoi())
    page = guichet.get(reverse("admin:comptes_texte_version", args=[texte.pk, 2]))
    assert "Les photos et les films.</ins>" in page.text
    assert reverse("portail:version_de_texte", args=["photos", 2]) in page.text
    assert guichet.get(reverse("admin:comptes_texte_version", args=[texte.pk, 1])).status_code == 200
    assert guichet.get(reverse("admin:comptes_texte_version", args=[texte.pk, 9])).status_code == 404


def test_the_settings_of_a_text_change_and_its_words_do_not(guichet, texte):
    page = modifier(guichet, texte, titre="Photographies", bloquante="on")
    assert "Photographies" in paroles(page)
    texte.refresh_from_db()
    assert (texte.titre, texte.bloquante, texte.code) == ("Photographies", True, "photos")
    page = modifier(guichet, texte, a_signer=None)
    assert "Seul un texte à signer" in refus(page)


def test_the_town_adds_a_text_of_its_own(guichet):
    donnees = {"titre": "Sieste", "code": "sieste", "a_signer": "on", "ordre": "200", "actif": "on"}
    page = guichet.post(reverse("admin:comptes_texte_add"), donnees, follow=True)
    assert "Écrivez la première version" in page.text
    texte = Texte.objects.get(code="sieste")
    guichet.post(adresse(texte), {"contenu": "La sieste.", "precedente": "0", "publier": "x"})
    assert texte.versions.get().contenu == "La sieste.\n"


@pytest.mark.parametrize("role", ["cantine", "regie"])
def test_other_roles_publish_nothing(role, texte):
    client = agent(role)
    assert client.get(adresse(texte)).status_code == 403
    assert client.post(adresse(texte), envoi()).status_code == 403
    assert client.get(reverse("admin:comptes_texte_version", args=[texte.pk, 1])).status_code == 403
    assert texte.versions.count() == 1


def test_the_list_costs_the_same_whatever_the_texts(guichet, texte, django_assert_max_num_queries):
    poser_les_textes()
    guichet.get(reverse("admin:index"))
    with django_assert_max_num_queries(10):
        page = guichet.get(reverse("admin:comptes_texte_changelist"))
    assert f"1, depuis le {quand()}" in page.text
