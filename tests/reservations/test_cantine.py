"""The canteen's pages: who eats today, with which menu, and who has a PAI."""

import datetime as dt

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from comptes.models import Document, FicheCantine, Utilisateur
from reservations.lecture_cantine import services_du_jour
from tests.administration import agent as connecter
from tests.factories import EnfantFactory, foyer
from tests.portail.html import Page
from tests.reservations.test_nombre_de_requetes import instructions

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("ouverture", "comptes_justes")]
LUNDI, MARDI = dt.date(2026, 12, 7), dt.date(2026, 12, 8)
PAGE = "/cantine/"


def manger(prenom, activite=None, jour=LUNDI, **fiche):
    f = foyer(enfant=EnfantFactory(prenom=prenom), activite=activite, reserves=[jour])
    if fiche:
        FicheCantine.objects.create(enfant=f.enfant, **fiche)
    return f


@pytest.fixture
def midi():
    """Monday: Léa without card, Ali without pork and with a PAI that has ended, Zoé vegetarian. Tom eats on Tuesday."""
    f = manger("Léa")
    manger("Ali", f.activite, regime="sans_porc", pai=True, pai_fin=dt.date(2026, 12, 1), remarques="Lunettes.")
    manger("Zoé", f.activite, regime="vegetarien")
    manger("Tom", f.activite, jour=MARDI, regime="sans_viande")
    return f


def lire(client, **demande) -> str:
    reponse = client.get(PAGE, demande)
    assert reponse.status_code == 200
    return " ".join(Page(reponse).texte.split()).replace("\xa0", " ")


def test_a_service_lists_who_eats_that_day(midi):
    texte = lire(connecter("cantine"), jour=LUNDI, activite=midi.activite.pk)
    for mot in ("3 repas", "1 enfant avec PAI", "Léa", "Ali", "Zoé", "Sans porc", "Végétarien", "Lunettes."):
        assert mot in texte
    assert "terminé le 01/12/2026" in texte
    assert "Tom" not in texte
    assert "Tom" in lire(connecter("cantine"), jour=MARDI, activite=midi.activite.pk)


def test_the_day_is_counted_service_by_service(midi):
    ailleurs = manger("Eva")
    lignes = {ligne["activite"]: ligne for ligne in services_du_jour(LUNDI)}
    assert lignes[midi.activite.pk]["menus"] == [1, 1, 0, 1]
    assert (lignes[midi.activite.pk]["repas"], lignes[midi.activite.pk]["pai"]) == (3, 1)
    assert lignes[ailleurs.activite.pk]["menus"] == [1, 0, 0, 0]
    texte = lire(connecter("cantine"), jour=LUNDI)
    assert str(midi.activite) in texte
    assert "Ali" not in texte


def test_a_meal_cancelled_leaves_the_list(midi):
    midi.reserver(annuler=[LUNDI])
    assert "Léa" not in lire(connecter("cantine"), jour=LUNDI, activite=midi.activite.pk)


def test_a_day_without_meals_says_so(midi):
    client = connecter("cantine")
    assert "Aucun repas" in lire(client)
    assert "Aucun repas" in lire(client, activite=midi.activite.pk)


@pytest.mark.parametrize("jour", ["hier", "2026-13-01", "9999-01-01", "0001-01-01", "\x00", "x" * 4000])
def test_a_date_that_is_none_gets_a_sentence(midi, jour):
    assert "Cette date n’existe pas" in lire(connecter("cantine"), jour=jour)


@pytest.mark.parametrize("activite", ["x", "0", "²", "9" * 30, "-1", "999999"])
def test_an_unknown_service_is_not_found(activite):
    assert connecter("cantine").get(PAGE, {"activite": activite}).status_code == 404


@pytest.mark.parametrize(("role", "statut"), [("cantine", 200), ("admin", 403), ("guichet", 403), ("regie", 403)])
def test_only_the_canteen_opens_it(role, statut):
    client = connecter(role)
    assert client.get(PAGE).status_code == statut
    assert (PAGE in client.get(reverse("admin:index")).text) == (statut == 200)
    assert (PAGE in client.get("/").text) == (statut == 200)


def test_an_administrator_takes_the_role_to_read_the_cards_and_the_papers(midi):
    pai = document(midi)
    fiche = reverse("reservations:cantine_enfant", args=[midi.enfant.pk])
    papier = reverse("admin:comptes_document_telecharger", args=[pai.pk])
    client = connecter("admin")
    assert [client.get(page).status_code for page in (PAGE, fiche, papier)] == [403, 403, 404]
    connecter("cantine")  # makes the group
    Utilisateur.objects.get(email="admin@exemple.fr").groups.add(Group.objects.get(name="cantine"))
    assert [client.get(page).status_code for page in (PAGE, fiche)] == [200, 200]
    assert papier in client.get(fiche).text


def document(f, **champs) -> Document:
    commun = {"nature": "pai", "nom": "x.pdf", "type_mime": "application/pdf", "taille": 1, "fichier": "x"}
    empreinte = str(Document.objects.count())
    return Document.objects.create(famille=f.famille, enfant=f.enfant, empreinte=empreinte, **(commun | champs))


def test_the_sheet_leads_to_the_papers_of_a_pai_that_hold(midi, ouverture):
    autre = foyer(enfant=midi.enfant, activite=midi.activite)
    tenus = [document(midi, expire_le=dt.date(2026, 7, 15)), document(autre)]
    finis = [document(midi, expire_le=dt.date(2026, 7, 14)), document(midi, nature="assurance")]
    page = connecter("cantine").get(reverse("reservations:cantine_enfant", args=[midi.enfant.pk])).text
    for papiers, presents in ((tenus, True), (finis, False)):
        for papier in papiers:
            assert (reverse("admin:comptes_document_telecharger", args=[papier.pk]) in page) is presents


def test_a_parent_or_a_stranger_does_not(midi):
    assert Client().get(PAGE).status_code == 302
    client = Client()
    client.force_login(midi.utilisateur)
    for page in (PAGE, reverse("reservations:cantine_enfant", args=[midi.enfant.pk])):
        assert client.get(page).status_code == 403
        assert client.post(page).status_code in {403, 405}


def test_an_unknown_child_is_not_found():
    for pk in (999_999, 2**63, 10**30):
        assert connecter("cantine").get(f"/cantine/enfants/{pk}/").status_code == 404


def test_the_list_costs_the_same_for_one_child_and_for_many(midi):
    client = connecter("cantine")
    client.get(PAGE)
    seul = manger("Eva")

    def cout(f):
        return len(instructions(lambda: client.get(PAGE, {"jour": LUNDI, "activite": f.activite.pk})))

    assert cout(seul) == cout(midi) <= 15
