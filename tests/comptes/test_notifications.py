"""The list of notifications, what opening one does, the count in the head, and the choices of mails."""

import re

import pytest
from django.core import signing
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from post_office.models import Email

from comptes.categories import REFUSABLES
from comptes.courriels import mettre_en_file
from comptes.models import Categorie, Notification, RefusDeCourriel
from comptes.refus import SEL, adresse_du_refus
from comptes.services.notifications import lire
from comptes.services.notifier import notifier
from tests.factories import FamilleFactory, ResponsableFactory, UtilisateurFactory

pytestmark = pytest.mark.django_db
LISTE, CHOIX = "/notifications/", "/notifications/choix/"


@pytest.fixture
def couple():
    """Two adults of a household; each has one notification of a request and one message."""
    famille = FamilleFactory()
    a = ResponsableFactory(famille=famille, rang=1)
    b = ResponsableFactory(famille=famille, rang=2)
    notifier(familles=[famille.pk], categorie=Categorie.DEMANDES, titre="Adresse acceptée", lien="/compte/")
    notifier(familles=[famille.pk], categorie=Categorie.MESSAGES, titre="Pique-nique", texte="Un sac.\n<b>Merci</b>")
    return a, b


def connecte(responsable) -> Client:
    client = Client()
    client.force_login(responsable.utilisateur)
    return client


def une(responsable, titre) -> Notification:
    return Notification.objects.get(destinataire=responsable, titre=titre)


def ouvrir(client, notification, question="", **options):
    return client.post(reverse("comptes:ouvrir_notification", args=[notification.pk]) + question, **options)


# --- The list --------------------------------------------------------------------------------------------------------
def test_each_adult_has_their_own_and_the_state_is_a_word(couple):
    a, b = couple
    lire(Notification.objects.filter(titre="Pique-nique"), par=a.utilisateur)
    page = connecte(a).get(LISTE).text
    assert page.count("Non lu</strong>") == 1
    assert page.count("</span> Lu ·") == 1
    assert "&lt;b&gt;Merci" in page
    assert connecte(b).get(LISTE).text.count("Non lu</strong>") == 2


@pytest.mark.parametrize(
    ("question", "titres"),
    [
        ("", {"Adresse acceptée", "Pique-nique"}),
        ("?voir=non-lues", {"Adresse acceptée"}),
        ("?categorie=messages", {"Pique-nique"}),
        ("?categorie=messages&voir=non-lues", set()),
        ("?categorie=cafés&voir=%00", {"Adresse acceptée", "Pique-nique"}),
        ("?page=abc", {"Adresse acceptée", "Pique-nique"}),
    ],
)
def test_the_filter(couple, question, titres):
    a, _ = couple
    lire(Notification.objects.filter(titre="Pique-nique"), par=a.utilisateur)
    page = connecte(a).get(LISTE + question).text
    assert set(re.findall(r"<h2>(.*?)</h2>", page)) == titres
    assert ("n’est pas reconnu" in page) is ("cafés" in question)
    if not titres:
        assert "Aucune notification ne répond à ce filtre" in page


def test_without_any_the_page_says_so(couple):
    assert "Rien pour l’instant" in connecte(ResponsableFactory()).get(LISTE).text


def test_the_pages_keep_the_filter(couple):
    a, _ = couple
    for n in range(21):
        notifier(familles=[a.famille_id], categorie=Categorie.MESSAGES, titre=f"Message {n}")
    page = connecte(a).get(LISTE + "?categorie=messages").text.replace("&amp;", "&")
    assert 'href="?page=2&categorie=messages"' in page
    assert len(re.findall("<h2>", page)) == 20


def test_the_same_statements_for_one_and_for_thirty(couple):
    seul = ResponsableFactory()
    notifier(familles=[seul.famille_id], categorie=Categorie.MESSAGES, titre="x")
    for n in range(30):
        notifier(familles=[couple[0].famille_id], categorie=Categorie.MESSAGES, titre=str(n))

    def cout(qui) -> int:
        client = connecte(qui)
        with CaptureQueriesContext(connection) as lus:
            assert client.get(LISTE).status_code == 200
        return len(lus)

    assert cout(seul) == cout(couple[0]) <= 10


# --- Read ------------------------------------------------------------------------------------------------------------
def test_opening_marks_as_read_and_leads_to_the_page(couple):
    a, b = couple
    reponse = ouvrir(connecte(a), une(a, "Adresse acceptée"))
    assert (reponse.status_code, reponse.url) == (302, "/compte/")
    assert une(a, "Adresse acceptée").lue_le
    assert une(b, "Adresse acceptée").lue_le is None
    premiere = une(a, "Adresse acceptée").lue_le
    ouvrir(connecte(a), une(a, "Adresse acceptée"))
    assert une(a, "Adresse acceptée").lue_le == premiere


def test_one_without_a_page_leads_back_to_the_list_as_it_was(couple):
    a, _ = couple
    reponse = ouvrir(connecte(a), une(a, "Pique-nique"), "?page=1&categorie=messages", follow=True)
    assert reponse.redirect_chain[-1][0] == LISTE + "?page=1&categorie=messages"
    assert "« Pique-nique » est marqué comme lu." in reponse.text


@pytest.mark.parametrize("lien", ["https://exemple.org/", "//exemple.org/", "javascript:alert(1)", "\\\\exemple.org"])
def test_no_notification_leads_out_of_the_portal(couple, lien):
    a, _ = couple
    notifier(familles=[a.famille_id], categorie=Categorie.MESSAGES, titre="Piège", lien=lien)
    assert ouvrir(connecte(a), une(a, "Piège")).url.startswith(LISTE)


def test_someone_else_s_is_not_found_and_reading_is_a_post(couple):
    a, b = couple
    cible = une(a, "Pique-nique")
    adresse = reverse("comptes:ouvrir_notification", args=[cible.pk])
    for autre in (b, ResponsableFactory()):
        assert ouvrir(connecte(autre), cible).status_code == 404
    assert Client().post(adresse).url.startswith("/connexion/")
    assert connecte(a).get(adresse).status_code == 405
    assert connecte(a).get("/notifications/tout-lu/").status_code == 405
    assert connecte(a).post(f"/notifications/{10**30}/ouvrir/").status_code == 404
    assert not Notification.objects.exclude(lue_le=None).exists()


def test_mark_all_as_read_is_for_one_s_own(couple):
    a, b = couple
    reponse = connecte(a).post("/notifications/tout-lu/", follow=True)
    assert "2 notifications marquées comme lues." in reponse.text.replace("\xa0", " ")
    assert "Tout marquer comme lu" not in reponse.text
    assert Notification.objects.non_lues().filter(destinataire=b).count() == 2
    assert not Notification.objects.non_lues().filter(destinataire=a).exists()


def test_an_agent_who_helps_the_household_reads_and_marks_nothing(couple):
    a, _ = couple
    agent = UtilisateurFactory(agent=True)
    agent.famille_accompagnee = a.famille_id
    siennes = Notification.objects.de(agent)
    assert siennes.count() == 4
    assert lire(siennes, par=agent) == 0


# --- The count -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("nombre", "montre"), [(0, None), (1, "1"), (99, "99"), (100, "99+"), (130, "99+")])
def test_the_head_and_the_menu_count_the_unread_in_one_statement(nombre, montre):
    qui = ResponsableFactory()
    Notification.objects.bulk_create(
        Notification(destinataire=qui, categorie=Categorie.MESSAGES, titre="x") for _ in range(nombre)
    )
    client = connecte(qui)
    with CaptureQueriesContext(connection) as lus:
        page = client.get("/guide/").text
    assert sum("comptes_notification" in requete["sql"] for requete in lus) == 1
    comptes = re.findall(r'class="pastille" aria-hidden="true">(.*?)<', page)
    assert set(comptes) == ({montre} if montre else set())
    if montre:
        assert f"{montre} non lue" in page


# --- Choices of mails ------------------------------------------------------------------------------------------------
def test_each_category_is_a_choice_of_one_adult_but_those_of_the_law(couple):
    a, b = couple
    client = connecte(a)
    page = client.get(CHOIX).text
    assert set(re.findall(r'name="recevoir" value="(\w+)" checked', page)) == REFUSABLES
    assert "L112-11" in page
    client.post(CHOIX, {"recevoir": ["places", "demandes", "inconnue"]})
    assert refuses(a) == REFUSABLES - {"places", "demandes"}
    assert set(re.findall(r'name="recevoir" value="(\w+)" checked', client.get(CHOIX).text)) == {"places", "demandes"}
    client.post(CHOIX, {"recevoir": ["messages"]})
    assert refuses(a) == REFUSABLES - {"messages"}
    assert refuses(b) == set()


def test_choices_that_no_page_offers_change_nothing_and_break_nothing(couple):
    a, _ = couple
    client = connecte(a)
    assert client.post(CHOIX, {"recevoir": ["\0", "factures", "9" * 5000, *REFUSABLES]}).status_code == 302
    assert refuses(a) == set()


def refuses(responsable) -> set:
    return set(responsable.refus_de_courriel.values_list("categorie", flat=True))


def test_who_has_no_household_has_no_choice():
    client = Client()
    assert client.get(CHOIX).url.startswith("/connexion/")
    client.force_login(UtilisateurFactory(agent=True))
    assert client.get(CHOIX).status_code == 404
    assert client.post(CHOIX).status_code == 404
    assert client.get(LISTE).status_code == 200


# --- The link of the mails -------------------------------------------------------------------------------------------
def envoyer(categorie, *responsables) -> dict[str, Email]:
    mettre_en_file(
        destinataires=[*(r.utilisateur.email for r in responsables), "inconnu@exemple.fr"],
        gabarit="mot_de_passe_change",
        contexte={"utilisateur": responsables[0].utilisateur, "instant": timezone.now()},
        sujet="Essai",
        categorie=categorie,
    )
    return {courriel.to[0]: courriel for courriel in Email.objects.all()}


def test_each_copy_of_a_mail_that_may_be_refused_has_its_reader_s_link_and_the_one_click_header(couple, settings):
    courriels = envoyer(Categorie.PLACES, *couple)
    assert len(courriels) == 3
    for adulte in couple:
        courriel = courriels[adulte.utilisateur.email]
        lien = settings.SITE_URL + adresse_du_refus(adulte.pk, "places")
        assert f"Ne plus recevoir les e-mails « Places libérées » :\n{lien}" in courriel.message
        assert f'href="{lien}"' in courriel.html_message
        message = courriel.email_message().message()
        assert message["List-Unsubscribe"] == f"<{lien}>"
        assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    inconnu = courriels["inconnu@exemple.fr"]
    assert settings.SITE_URL + CHOIX in inconnu.message
    assert not inconnu.headers


@pytest.mark.parametrize("categorie", [*Categorie, None])
def test_the_queue_leaves_out_who_refused_unless_the_law_has_it_sent(couple, categorie):
    a, b = couple
    RefusDeCourriel.objects.bulk_create(RefusDeCourriel(responsable=a, categorie=c) for c in Categorie)
    courriels = envoyer(categorie, a, b)
    assert b.utilisateur.email in courriels
    assert (a.utilisateur.email in courriels) is (categorie not in REFUSABLES)
    texte = courriels[b.utilisateur.email].message
    assert ("Ne plus recevoir" in texte) is (categorie in REFUSABLES)
    assert ("ne peut pas être refusé" in texte) is (categorie is not None and categorie not in REFUSABLES)


def test_one_statement_more_to_know_who_refused_and_none_for_the_acknowledgements(couple, django_assert_num_queries):
    for categorie, attendu in ((Categorie.PLACES, 2), (Categorie.RESERVATIONS, 1), (None, 1)):
        with django_assert_num_queries(attendu):
            mettre_en_file(
                destinataires=[r.utilisateur.email for r in couple],
                gabarit="mot_de_passe_change",
                contexte={"utilisateur": couple[0].utilisateur, "instant": timezone.now()},
                sujet="Essai",
                categorie=categorie,
            )


def test_the_link_asks_then_refuses_for_one_adult_without_signing_in(couple):
    a, b = couple
    lien = adresse_du_refus(a.pk, "places")
    client = Client(enforce_csrf_checks=True)
    page = client.get(lien).text
    assert "Ne plus recevoir ces e-mails" in page
    assert a.nom not in page
    assert refuses(a) == set()  # a mail reader that opens the link changes nothing
    reponse = client.post(lien)
    assert reponse.url == lien
    assert "C’est noté" in client.get(lien).text
    assert (refuses(a), refuses(b)) == ({"places"}, set())
    assert client.post(lien, follow=True).status_code == 200


def test_one_click_of_a_mail_reader_refuses_without_a_redirection(couple):
    a, _ = couple
    client = Client(enforce_csrf_checks=True)
    reponse = client.post(adresse_du_refus(a.pk, "messages"), {"List-Unsubscribe": "One-Click"})
    assert reponse.status_code == 200
    assert refuses(a) == {"messages"}


def test_a_forged_link_or_one_of_another_purpose_is_not_found(couple):
    a, _ = couple
    signe = signing.Signer(salt=SEL).sign
    autres = [f"{a.pk}.places", signing.Signer().sign(f"{a.pk}.places"), "%00", "a" * 500]
    for jeton in [*autres, signe(f"{a.pk}.factures"), signe(f"{a.pk}.cafés"), signe("999999.places")]:
        adresse = reverse("comptes:refuser_courriels", args=[jeton])
        assert Client().get(adresse).status_code == 404
        assert Client().post(adresse).status_code == 404
    assert refuses(a) == set()
