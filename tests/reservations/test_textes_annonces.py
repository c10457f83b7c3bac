"""A new version of a text to sign is told once to the households, when it takes effect."""

import datetime as dt

import pytest
from post_office.models import Email

from comptes.models import Categorie, Notification, RefusDeCourriel, Texte
from comptes.services.textes import poser_les_textes, publier
from reservations.models import MessageDeLaVille
from reservations.tasks import envoyer_les_messages
from tests.factories import INSTANT, ResponsableFactory, UtilisateurFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("ouverture")]
DEMAIN = INSTANT + dt.timedelta(days=1)


@pytest.fixture
def familles():
    """Two adults with a login, the second of whom wants no mail of the town; one without."""
    adultes = [ResponsableFactory(), ResponsableFactory()]
    RefusDeCourriel.objects.create(responsable=adultes[1], categorie=Categorie.MESSAGES)
    ResponsableFactory(utilisateur=None)
    return adultes


def texte(titre="Photographies", **champs) -> Texte:
    return Texte.objects.create(**{"code": "photos", "titre": titre, "a_signer": True} | champs)


def nouvelle(texte, contenu, *, effet=None):
    agent = UtilisateurFactory(agent=True)
    return publier(texte=texte, contenu=contenu, precedente=texte.versions.count(), auteur=agent, effet=effet)


def test_a_version_to_sign_is_told_once_and_refusals_of_mails_are_kept(familles):
    photos = texte()
    version = nouvelle(photos, "Les photos.")
    for _ in range(2):
        envoyer_les_messages()
    lues = Notification.objects.order_by("pk")
    assert [n.destinataire for n in lues] == familles
    assert {(n.titre, n.lien) for n in lues} == {("À signer\u00a0: Photographies", "/autorisations/")}
    assert "attend votre réponse" in lues[0].texte
    assert [c.to for c in Email.objects.all()] == [[familles[0].utilisateur.email]]
    assert "/autorisations/" in Email.objects.get().message
    assert MessageDeLaVille.objects.get().auteur == version.auteur
    nouvelle(photos, "Les photos et les films.")
    envoyer_les_messages()
    assert Notification.objects.count() == 4
    assert "a changé" in Notification.objects.first().texte


@pytest.mark.parametrize("champs", [{"a_signer": False, "page": True}, {"actif": False}])
def test_a_text_that_asks_no_signature_tells_nothing(familles, champs):
    nouvelle(texte(**champs), "Bonjour.")
    envoyer_les_messages()
    assert not Notification.objects.exists()


def test_the_texts_that_a_town_begins_with_are_told_to_nobody(familles):
    poser_les_textes()
    envoyer_les_messages()
    assert not Notification.objects.exists()


def test_a_version_is_told_when_it_takes_effect_and_never_when_it_was_replaced_before(familles, ouverture):
    photos = texte()
    nouvelle(photos, "Demain.", effet=DEMAIN)
    envoyer_les_messages()
    assert not Notification.objects.exists()
    nouvelle(photos, "Demain, mieux.", effet=DEMAIN)
    ouverture.move_to(DEMAIN)
    envoyer_les_messages()
    assert MessageDeLaVille.objects.get().cle == f"version-de-texte-{photos.versions.get(numero=2).pk}"


def test_nobody_to_tell_is_not_an_error_and_a_long_title_is_cut(db):
    nouvelle(texte(titre="T" * 120), "Bonjour.")
    envoyer_les_messages()
    assert not MessageDeLaVille.objects.exists()
    ResponsableFactory()
    envoyer_les_messages()
    assert len(MessageDeLaVille.objects.get().titre) == 120
