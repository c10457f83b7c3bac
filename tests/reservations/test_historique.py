"""The history of a household: every operation, who, when, what; filtered, paged, and nobody else's."""

import datetime as dt

import pytest
from django.test import Client
from django.urls import reverse

from reservations.models import Operation
from reservations.regles_changements import Changements
from reservations.services import reserver
from tests.factories import EnfantFactory, InscriptionFactory, RattachementFactory, ResponsableFactory, foyer
from tests.reservations.test_nombre_de_requetes import instructions, meme_nombre
from tests.reservations.test_reserver import lu, remplir

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("ouverture", "comptes_justes")]
LUNDI, MARDI, JEUDI = (dt.date(2026, 12, n) for n in (7, 8, 10))
JANVIER = dt.date(2027, 1, 12)
URL = "/reservations/historique/"


def connecte(utilisateur):
    client = Client()
    client.force_login(utilisateur)
    client.get("/reservations/")  # the session has begun
    return client


def montrees(reponse):
    return [ligne.operation for ligne in reponse.context["lignes"]]


@pytest.fixture
def fratrie():
    """A household with Léa and Hugo."""
    f = foyer()
    cadet = RattachementFactory(famille=f.famille, enfant=EnfantFactory(prenom="Hugo"))
    f.cadet = InscriptionFactory(rattachement=cadet, activite=f.activite, annee=f.annee)
    return f


def test_each_operation_says_its_number_who_when_and_what_by_child(fratrie):
    f = fratrie
    remplir(f.activite, JEUDI)
    demandes = {
        f.inscription.pk: Changements(frozenset([LUNDI, MARDI, JEUDI])),
        f.cadet.pk: Changements(frozenset([LUNDI])),
    }
    operation = reserver(demandes=demandes, auteur=f.utilisateur, cle="a")
    reponse = connecte(f.utilisateur).get(URL)
    assert reverse("reservations:operation", args=[operation.numero]) in reponse.text
    texte = lu(reponse.text)
    assert f"Opération n° {operation.numero}" in texte
    assert "Léa : 2 repas réservés (9,94 €), 1 réservation refusée" in texte
    assert "Hugo : 1 repas réservé (4,97 €)" in texte
    assert "Mercredi 15 juillet 2026 à 9 h, par vous" in texte


def test_who_did_it_is_told_in_words(fratrie):
    f = fratrie
    autre = ResponsableFactory(famille=f.famille, rang=2).utilisateur
    for n, (auteur, origine) in enumerate([(autre, "parent"), (None, "agent"), (None, "commande")]):
        demandes = {f.inscription.pk: Changements(frozenset([LUNDI]))}
        reserver(demandes=demandes, auteur=auteur, cle=str(n), origine=origine)
    lignes = connecte(f.utilisateur).get(URL).context["lignes"]
    assert [ligne.par for ligne in lignes] == ["le portail", "la mairie", str(autre)]


def test_the_operations_of_another_household_never_show(fratrie):
    f = fratrie
    separe = foyer(enfant=f.enfant, activite=f.activite, reserves=[LUNDI])
    foyer(activite=f.activite, reserves=[LUNDI])
    assert montrees(connecte(f.utilisateur).get(URL)) == []
    assert len(montrees(connecte(separe.utilisateur).get(URL))) == 1
    assert Client().get(URL).status_code == 302


def test_the_filters_keep_a_child_a_year_or_a_month(fratrie):
    f = fratrie
    lea = f.reserver(LUNDI)
    hugo = reserver(demandes={f.cadet.pk: Changements(frozenset([JANVIER]))}, auteur=f.utilisateur, cle="h")
    client = connecte(f.utilisateur)
    for question, attendu in {
        "": [hugo, lea],
        f"?enfant={f.enfant.pk}": [lea],
        "?periode=2026-2027": [hugo, lea],
        "?periode=2027-01": [hugo],
        f"?periode=2027-01&enfant={f.enfant.pk}": [],
        "?enfant=&periode=": [hugo, lea],
    }.items():
        assert montrees(client.get(URL + question)) == attendu, question


def test_a_filter_that_is_none_is_told_and_shows_all(fratrie):
    f = fratrie
    operation, etranger = f.reserver(LUNDI), EnfantFactory()
    client = connecte(f.utilisateur)
    for question in (f"enfant={etranger.pk}", "enfant=x", "periode=2026-13", "periode=%00", "enfant=9" + "9" * 40):
        reponse = client.get(f"{URL}?{question}")
        assert "Ce filtre n’est pas reconnu" in reponse.text, question
        assert montrees(reponse) == [operation]
    assert montrees(client.get(URL + "?page=abc")) == [operation]


def test_the_pages_keep_the_filter(fratrie):
    f = fratrie
    for _ in range(31):
        f.reserver(LUNDI)
    reponse = connecte(f.utilisateur).get(f"{URL}?periode=2026-12&page=2")
    assert len(montrees(reponse)) == 1
    assert "?page=1&periode=2026-12" in reponse.text.replace("&amp;", "&")


def test_a_whole_year_is_on_one_page_to_print(fratrie, monkeypatch):
    f = fratrie
    for _ in range(35):
        f.reserver(LUNDI)
    f.reserver(JANVIER)
    client = connecte(f.utilisateur)

    def lire(question):
        reponse = client.get(URL + question)
        return reponse, reponse.text.replace("&amp;", "&")

    assert "?imprimer=1&periode=2026-12" in lire("?periode=2026-12")[1]
    reponse, texte = lire("?imprimer=1&periode=2026-12")
    assert len(montrees(reponse)) == 35
    assert "Plus anciennes" not in texte
    assert "imprimez-la depuis le menu" in texte
    assert 'href="?periode=2026-12"' in texte
    assert len(montrees(lire("?imprimer=1")[0])) == 36
    monkeypatch.setattr("reservations.views_operations.A_IMPRIMER", 20)  # beyond, the pages go on, still to print
    assert "?page=2&periode=2026-12&imprimer=1" in lire("?imprimer=1&periode=2026-12")[1]


def test_the_number_of_statements_does_not_depend_on_the_operations(fratrie):
    f, seul = fratrie, foyer(reserves=[LUNDI])
    for n in range(25):
        demandes = {pk: Changements(frozenset([LUNDI, MARDI])) for pk in (f.inscription.pk, f.cadet.pk)}
        reserver(demandes=demandes, auteur=f.utilisateur, cle=str(n))

    def lecture(x, adresse):
        client = connecte(x.utilisateur)
        return instructions(lambda: client.get(adresse))

    for adresse in (URL, f"{URL}?imprimer=1", "/notifications/"):
        meme_nombre(lecture(seul, adresse), lecture(f, adresse))


def test_the_undo_pages_have_a_constant_number_of_statements(fratrie):
    f = fratrie
    toute = sorted({j.date for j in f.activite.journees.all()})
    un = f.reserver(LUNDI)
    tous = reserver(demandes={f.cadet.pk: Changements(frozenset(toute))}, auteur=f.utilisateur, cle="t")
    client = connecte(f.utilisateur)
    adresses = [reverse("reservations:annuler", args=[o.numero]) for o in (un, tous)]
    meme_nombre(*[instructions(lambda a=a: client.get(a)) for a in adresses])
    meme_nombre(*[instructions(lambda a=a: client.post(a)) for a in adresses])
    assert Operation.objects.filter(annule__isnull=False).count() == 2


def test_the_history_is_linked_from_home_account_notifications_and_recap(fratrie):
    operation = fratrie.reserver(LUNDI)
    client = connecte(fratrie.utilisateur)
    for adresse in ("/", "/compte/", "/notifications/", f"/reservations/operations/{operation.numero}/"):
        assert f'href="{URL}"' in client.get(adresse).text, adresse
