"""The list of answers that an agent takes along: the children of a school, restrictive between two households."""

import csv
import io

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from comptes.models import Texte
from comptes.services.autorisations import signer
from comptes.services.textes import publier
from tests.administration import agent
from tests.factories import INSTANT, foyer, ouvrir

pytestmark = pytest.mark.django_db
LISTE = reverse("admin:comptes_autorisation_changelist")


@pytest.fixture(autouse=True)
def instant(db):
    with time_machine.travel(INSTANT, tick=False):
        yield


@pytest.fixture
def texte():
    texte = Texte.objects.create(code="sorties", titre="Sorties", a_signer=True)
    publier(texte=texte, contenu="À pied.", precedente=0, auteur=None)
    return texte


@pytest.fixture
def activite():
    return ouvrir()


def repondre(f, texte, accordee):
    version = Texte.objects.avec_version().get(pk=texte.pk).version_id
    signer(reponses={(f.rattachement.pk, version): accordee}, par=f.utilisateur)


def enfant(activite, prenom, *, nom="Bonnet", classe="CE2 B", **options):
    f = foyer(activite=activite, **options)
    type(f.inscription).objects.filter(pk=f.inscription.pk).update(classe=classe)
    if "enfant" not in options:
        type(f.enfant).objects.filter(pk=f.enfant.pk).update(prenom=prenom, nom=nom)
        f.enfant.refresh_from_db()
    return f


def lire(client, texte, activite, **filtres):
    return client.get(LISTE, {"texte": texte.pk, "ecole": activite.ecole_id, **filtres})


def avis(page):
    return {ligne.enfant.prenom: ligne.avis.value for ligne in page.context["lignes"]}


@pytest.fixture
def ville(texte, activite):
    """Four children: yes, no, unsigned, and one whose households disagree; a fifth in another school."""
    repondre(enfant(activite, "Oui"), texte, True)
    repondre(enfant(activite, "Non", classe="CM1"), texte, False)
    enfant(activite, "Rien")
    un = enfant(activite, "Deux", classe="CM1")
    repondre(un, texte, True)
    repondre(enfant(activite, "Deux", enfant=un.enfant, classe="CM1"), texte, False)
    enfant(ouvrir(), "Ailleurs")
    return un


def test_each_child_of_the_school_has_its_answer(ville, texte, activite):
    page = lire(agent("guichet"), texte, activite)
    assert avis(page) == {"Oui": "oui", "Non": "non", "Rien": "a-signer", "Deux": "non"}
    assert "les foyers ne disent pas la même chose" in page.text
    assert f"{ville.utilisateur.get_full_name()}, 15/07/2026" in page.text
    assert "un «\u00a0non\u00a0» l’emporte" in page.text


@pytest.mark.parametrize(
    ("filtres", "attendus"),
    [
        ({"classe": "CM1"}, {"Non", "Deux"}),
        ({"reponse": "a-signer"}, {"Rien"}),
        ({"reponse": "non", "classe": "CM1"}, {"Non", "Deux"}),
        ({"reponse": "oui"}, {"Oui"}),
    ],
)
def test_the_list_is_filtered(ville, texte, activite, filtres, attendus):
    assert set(avis(lire(agent("guichet"), texte, activite, **filtres))) == attendus


def test_an_answer_to_a_former_version_is_none(ville, texte, activite):
    publier(texte=texte, contenu="En car.", precedente=1, auteur=None)
    assert set(avis(lire(agent("guichet"), texte, activite)).values()) == {"a-signer"}


def test_a_spreadsheet_receives_the_same_list_and_no_formula(ville, texte, activite):
    enfant(activite, "=1+1", nom="@somme")
    reponse = lire(agent("guichet"), texte, activite, format="csv")
    assert reponse["Content-Disposition"] == 'attachment; filename="autorisations-sorties.csv"'
    lignes = list(csv.reader(io.StringIO(reponse.content.decode("utf-8-sig")), delimiter=";"))
    assert lignes[0] == ["Nom", "Prénom", "Classe", "Réponse", "Détail"]
    assert ["Bonnet", "Oui", "CE2 B", "Oui"] in [ligne[:4] for ligne in lignes]
    assert ["'@somme", "'=1+1", "CE2 B", "À signer"] in [ligne[:4] for ligne in lignes]


@pytest.mark.parametrize(
    "filtres",
    [
        {"texte": "abc", "ecole": "1"},
        {"texte": "9" * 30, "ecole": "9" * 30},
        {"texte": "1\0", "ecole": ""},
        {"texte": "", "classe": "inconnue", "reponse": "peut-être", "format": "csv"},
    ],
)
def test_a_filter_that_makes_no_sense_is_answered_by_a_sentence(filtres):
    reponse = agent("guichet").get(LISTE, filtres, follow=True)
    assert reponse.status_code == 200
    assert "Corrigez ce qui suit" in reponse.text or "n’a pas de sens" in reponse.text


@pytest.mark.parametrize(("role", "attendu"), [("guichet", 200), ("cantine", 200), ("regie", 403)])
def test_the_roles_that_accompany_children_read_it(role, attendu, texte, activite):
    assert lire(agent(role), texte, activite).status_code == attendu


def test_the_statements_do_not_depend_on_the_children(texte, activite):
    client = agent("guichet")
    repondre(enfant(activite, "Un"), texte, True)
    client.get(reverse("admin:index"))

    def compter():
        with CaptureQueriesContext(connection) as requetes:
            lire(client, texte, activite)
        return [r["sql"] for r in requetes]

    un = compter()
    for n in range(12):
        repondre(enfant(activite, f"E{n}"), texte, n % 2)
    plusieurs = compter()
    assert len(un) == len(plusieurs) <= 15, "\n".join(plusieurs)
