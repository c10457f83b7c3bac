"""Messages of the town: who gets them, once, in how many statements, and what happens to a send cut short."""

import re
import threading

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from post_office.models import Email

from comptes.models import Categorie, Notification, RefusDeCourriel
from reservations.models import MessageDeLaVille
from reservations.services import messages as module
from reservations.services.messages import Message, apercu, envoyer, poster_les_courriels
from reservations.tasks import envoyer_les_messages
from tests.administration import adresse, agent
from tests.factories import FamilleFactory, ResponsableFactory, foyer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("ouverture")]
AJOUTER = reverse("admin:reservations_messagedelaville_add")


@pytest.fixture
def ville():
    """Two households in two schools, the first with two adults; one household without any login."""
    a, b = foyer(), foyer()
    second = ResponsableFactory(famille=a.famille, rang=2)
    ResponsableFactory(utilisateur=None)
    return a, b, second


def ecrire(cle="k", **portee) -> MessageDeLaVille:
    return envoyer(message=Message("Pique-nique", "Bonjour\nà tous", **portee), auteur=None, cle=cle)


def lecteurs() -> set:
    return set(Notification.objects.values_list("destinataire__utilisateur__email", flat=True))


def adresses() -> list:
    return sorted(a for courriel in Email.objects.all() for a in courriel.to)


@pytest.mark.parametrize("portee", ["toutes", "ecole", "famille"])
def test_each_reach_tells_its_households_and_no_other(ville, portee):
    a, b, second = ville
    choix, attendus = {
        "toutes": ({}, {a.utilisateur.email, second.utilisateur.email, b.utilisateur.email}),
        "ecole": ({"ecole": a.activite.ecole}, {a.utilisateur.email, second.utilisateur.email}),
        "famille": ({"famille": b.famille}, {b.utilisateur.email}),
    }[portee]
    message = ecrire(**choix)
    assert message.destinataires == len(attendus)
    assert lecteurs() == attendus
    poster_les_courriels()
    assert set(adresses()) == attendus
    assert apercu(Message("x", "y", **choix)).adultes == len(attendus)


def test_a_school_s_message_skips_the_enrolments_that_are_over(ville, ouverture):
    a, *_ = ville
    a.inscription.debut = a.inscription.fin = a.annee.debut
    a.inscription.save()
    ouverture.shift(100 * 86400)
    with pytest.raises(ValidationError, match="personne ne lirait"):
        ecrire(ecole=a.activite.ecole)
    assert not MessageDeLaVille.objects.exists()


def test_the_preview_counts_who_refused_the_mail_and_who_has_no_login(ville):
    _, b, second = ville
    RefusDeCourriel.objects.create(responsable=second, categorie=Categorie.MESSAGES)
    RefusDeCourriel.objects.create(responsable=b.responsable, categorie=Categorie.PLACES)
    lu = apercu(Message("x", "y"))
    assert (lu.familles, lu.adultes, lu.courriels, lu.sans_compte) == (2, 3, 2, 1)
    ecrire()
    poster_les_courriels()
    assert second.utilisateur.email in lecteurs()
    assert second.utilisateur.email not in adresses()


def test_the_same_confirmation_sends_once_and_the_worker_too(ville):
    assert ecrire() == ecrire()
    poster_les_courriels()
    poster_les_courriels()
    envoyer_les_messages()
    assert Notification.objects.count() == Email.objects.count() == 3
    assert MessageDeLaVille.objects.get().termine_le


def test_a_send_cut_short_resumes_where_it_stopped(ville, monkeypatch):
    monkeypatch.setattr(module, "LOT", 1)
    ecrire()
    vrai, lots = module.mettre_en_file, []

    def panne(**champs):
        if len(lots) == 1:
            lots.append("panne")
            raise OSError("the worker was killed")
        lots.append(champs["destinataires"])
        vrai(**champs)

    monkeypatch.setattr(module, "mettre_en_file", panne)
    with pytest.raises(OSError, match="killed"):
        poster_les_courriels()
    assert MessageDeLaVille.objects.get().termine_le is None
    poster_les_courriels()
    assert len(adresses()) == len(set(adresses())) == 3


def test_statements_do_not_count_the_households(ville):
    def couts() -> list[int]:
        comptes = []
        for geste in (lambda: ecrire(cle=str(Notification.objects.count())), poster_les_courriels):
            with CaptureQueriesContext(connection) as lus:
                geste()
            comptes.append(len(lus))
        return comptes

    peu = couts()
    for _ in range(20):
        ResponsableFactory()
    assert couts() == peu
    assert max(peu) <= 15


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_send_one_message(ville):
    depart, faits = threading.Barrier(2), []

    def clic():
        try:
            depart.wait()
            faits.append(ecrire().pk)
        finally:
            connections.close_all()

    fils = [threading.Thread(target=clic) for _ in range(2)]
    for fil in fils:
        fil.start()
    for fil in fils:
        fil.join()
    assert len(set(faits)) == 1
    assert Notification.objects.count() == 3


# --- The agent's page ------------------------------------------------------------------------------------------------
CHAMPS = {"portee": "toutes", "titre": "Pique-nique", "texte": "Prévoir un sac.\nhttps://exemple.fr"}


def caches(page: str) -> dict:
    return dict(re.findall(r'<input type="hidden" name="(jeton|vu)" value="(\w+)">', page))


def test_the_guichet_sees_who_will_read_then_sends_once(ville):
    guichet = agent("guichet")
    page = guichet.post(AJOUTER, CHAMPS).text
    assert "3 adultes, 2 familles" in page.replace("\xa0", " ")
    assert "1 famille n’a aucun compte" in page.replace("\xa0", " ")
    assert not MessageDeLaVille.objects.exists()
    confirme = {**CHAMPS, **caches(page), "envoyer": "Envoyer"}
    for _ in range(2):
        reponse = guichet.post(AJOUTER, confirme, follow=True)
        assert "3 adultes le lisent" in reponse.text.replace("\xa0", " ")
    message = MessageDeLaVille.objects.get()
    assert (message.auteur.email, message.destinataires) == ("guichet@exemple.fr", 3)


def test_a_message_changed_after_it_was_shown_is_shown_again(ville):
    guichet = agent("guichet")
    vus = caches(guichet.post(AJOUTER, CHAMPS).text)
    reponse = guichet.post(AJOUTER, {**CHAMPS, **vus, "texte": "Autre", "envoyer": "Envoyer"})
    assert "Tel que les familles le liront" in reponse.text
    assert not MessageDeLaVille.objects.exists()


@pytest.mark.parametrize(
    ("champs", "phrase"),
    [
        ({"portee": "ecole"}, "Choisissez à qui écrire."),
        ({"portee": "famille", "famille": "x"}, "Sélectionnez un choix valide"),
        ({"portee": "famille", "famille": "9" * 30}, "Sélectionnez un choix valide"),
        ({"portee": "mairie"}, "Sélectionnez un choix valide"),
        ({"titre": ""}, "obligatoire"),
        ({"titre": "a" * 121}, "120"),
        ({"texte": "a" * 4001}, "4000"),
        ({"titre": "a\0b"}, "caractère nul"),
    ],
)
def test_a_message_that_makes_no_sense_is_answered_by_a_sentence(ville, champs, phrase):
    page = agent("guichet").post(AJOUTER, {**CHAMPS, **champs, "envoyer": "Envoyer"}).text
    assert phrase in page
    assert not MessageDeLaVille.objects.exists()


def test_a_title_on_two_lines_is_one_subject(ville):
    guichet = agent("guichet")
    champs = {**CHAMPS, "titre": "Pique\r\nBcc: x@exemple.fr"}
    guichet.post(AJOUTER, {**champs, **caches(guichet.post(AJOUTER, champs).text), "envoyer": "1"})
    poster_les_courriels()
    assert {c.subject for c in Email.objects.all()} == {"Pique Bcc: x@exemple.fr"}


def test_a_household_may_be_proposed_by_the_address_of_the_page():
    famille = FamilleFactory(nom="Zola")
    for cle, presente in ((famille.pk, True), ("%00", False), ("9" * 40, False)):
        page = agent("guichet").get(f"{AJOUTER}?famille={cle}")
        assert page.status_code == 200
        assert ("Famille Zola" in page.text) is presente


def test_the_register_is_read_only_and_for_the_guichet_alone(ville):
    message = ecrire()
    fiche = adresse("change", message, message.pk)
    guichet = agent("guichet")
    assert "Pique-nique" in guichet.get(adresse("changelist", message)).text
    assert "toutes les familles" in guichet.get(fiche).text
    guichet.post(fiche, {"titre": "Autre"})
    assert guichet.post(adresse("delete", message, message.pk), {"post": "yes"}).status_code == 403
    message.refresh_from_db()
    assert message.titre == "Pique-nique"
    for role in ("cantine", "regie"):
        assert agent(role).get(fiche).status_code == 403
        assert agent(role).post(AJOUTER, CHAMPS).status_code == 403
    client = Client()
    client.force_login(ville[0].utilisateur)
    assert client.get(AJOUTER).status_code in {302, 403}
