"""Sign-in and its lock, through the page."""

import re

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth import aauthenticate, authenticate
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from comptes.hachage import Argon2Portail
from comptes.models import EssaisConnexion, Utilisateur
from tests.comptes.conftest import ADRESSE
from tests.factories import MOT_DE_PASSE, UtilisateurFactory

pytestmark = pytest.mark.django_db
INCONNUE = "personne@exemple.fr"


def texte(reponse) -> str:
    return " ".join(reponse.content.decode().replace("\N{NO-BREAK SPACE}", " ").split())


def connecte(client) -> bool:
    return "_auth_user_id" in client.session


@pytest.mark.parametrize("saisie", [ADRESSE, "LEA@Exemple.FR", "  lea@exemple.fr \t"])
def test_l_identifiant_se_lit_quelles_que_soient_sa_casse_et_ses_blancs(lea, client, se_connecter, saisie):
    assert se_connecter(saisie).url == "/"
    assert connecte(client)


@pytest.mark.parametrize("adresse", ["LEA@exemple.fr", " lea@exemple.fr", "lea@exemple.fr "])
def test_la_base_refuse_un_second_compte_a_la_casse_ou_aux_blancs_pres(lea, adresse):
    with pytest.raises(IntegrityError), transaction.atomic():
        Utilisateur.objects.bulk_create([Utilisateur(email=adresse)])


def test_la_page_porte_les_mots_du_tutoriel(client):
    page = texte(client.get("/connexion/"))
    for mots in ["Connexion", "Identifiant", "Mot de passe", "Générer votre mot de passe", "Valider", "Bienvenue !"]:
        assert mots in page
    assert "se verrouillera automatiquement après 3 erreurs de mot de passe" in page
    assert "Votre identifiant est votre adresse e-mail" in page


def test_le_nombre_d_essais_restants_puis_le_verrou_sont_dits(lea, client, se_connecter):
    assert "Il vous reste 2 essais" in texte(se_connecter(mot_de_passe="faux"))
    assert "Il vous reste 1 essai avant" in texte(se_connecter(mot_de_passe="faux"))
    assert "Ce compte est verrouillé après 3 erreurs" in texte(se_connecter(mot_de_passe="faux"))
    assert "Ce compte est verrouillé" in texte(se_connecter(mot_de_passe=MOT_DE_PASSE))
    assert not connecte(client)


def test_un_bon_mot_de_passe_efface_les_erreurs(lea, client, se_connecter):
    for _ in range(2):
        se_connecter(mot_de_passe="faux")
    assert se_connecter().status_code == 302
    client.post("/deconnexion/")
    assert "Il vous reste 2 essais" in texte(se_connecter(mot_de_passe="faux"))


def test_rien_ne_distingue_une_adresse_connue_d_une_inconnue(lea, django_assert_num_queries):
    def reponses(adresse):
        vues = []
        for _ in range(4):
            with CaptureQueriesContext(connection) as requetes:
                reponse = Client().post("/connexion/", {"identifiant": adresse, "mot_de_passe": "faux"})
            page = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", texte(reponse)).replace(adresse, "ADRESSE")
            vues.append((reponse.status_code, page, len(requetes), sorted(reponse.headers)))
        return vues

    assert reponses(ADRESSE) == reponses(INCONNUE)


def test_autant_de_hachages_pour_une_adresse_connue_que_pour_une_inconnue(lea, monkeypatch):
    faits = []
    for nom in ("verify", "encode"):
        vrai = getattr(Argon2Portail, nom)

        def compter(self, *args, vrai=vrai, **kwargs):
            faits.append(1)
            return vrai(self, *args, **kwargs)

        monkeypatch.setattr(Argon2Portail, nom, compter)

    def hachages(adresse, mot_de_passe):
        faits.clear()
        Client().post("/connexion/", {"identifiant": adresse, "mot_de_passe": mot_de_passe})
        return len(faits)

    sans = UtilisateurFactory(email="sans@exemple.fr")
    for mot_de_passe in ("faux", "abcdef-ghjkmn-pqrstu", "faux", "faux"):
        assert hachages(ADRESSE, mot_de_passe) == hachages(INCONNUE, mot_de_passe) == hachages(sans.email, mot_de_passe)


def test_les_agents_sont_verrouilles_aussi_et_par_toute_porte(se_connecter):
    agent = UtilisateurFactory(agent=True, avec_mot_de_passe=True)
    for _ in range(3):
        assert authenticate(username=agent.email, password="faux") is None
    assert authenticate(username=agent.email, password=MOT_DE_PASSE) is None
    assert "verrouillé" in texte(se_connecter(agent.email))


@pytest.mark.django_db(transaction=True)
def test_la_porte_asynchrone_a_le_meme_verrou():
    agent = UtilisateurFactory(agent=True, avec_mot_de_passe=True)
    for _ in range(3):
        assert async_to_sync(aauthenticate)(username=agent.email, password="faux") is None
    assert async_to_sync(aauthenticate)(username=agent.email, password=MOT_DE_PASSE) is None


def test_un_compte_inactif_n_entre_pas(lea, client, se_connecter):
    Utilisateur.objects.update(is_active=False)
    assert "Il vous reste 2 essais" in texte(se_connecter())
    assert not connecte(client)


def test_la_table_des_essais_ne_nomme_personne(lea, se_connecter):
    se_connecter(mot_de_passe="faux")
    assert ADRESSE not in EssaisConnexion.objects.get().cle


@pytest.mark.parametrize(
    "suite",
    [
        "//evil.example/",
        "https://evil.example/",
        "javascript:alert(1)",
        "/\\evil.example",
        "http:///evil.example",
        "compte",  # not the name of a view either
        "/" + "a" * 5000,
    ],
    ids=lambda suite: suite[:20],
)
def test_une_suite_qui_n_est_pas_a_nous_mene_a_l_accueil(lea, se_connecter, suite):
    assert se_connecter(next=suite).url == "/"


def test_la_page_demandee_s_ouvre_apres_la_connexion(lea, client, se_connecter):
    vers = client.get("/factures/")
    assert vers.url == "/connexion/?next=/factures/"
    assert 'name="next" value="/factures/"' in client.get(vers.url).content.decode()
    assert se_connecter(next="/factures/").url == "/factures/"


@pytest.mark.parametrize(
    ("identifiant", "mot_de_passe", "phrase"),
    [
        ("", "x", "Saisissez votre adresse e-mail."),
        (ADRESSE, "", "Saisissez le mot de passe."),
        ("pas une adresse", "x", "Saisissez une adresse e-mail complète"),
        ("a@b\0c.fr", "x", "nul"),
        ("a" * 10_000 + "@exemple.fr", "x", "254"),
        (ADRESSE, "x" * 5000, "trop long"),
        (ADRESSE, "a\0b", "nul"),
        ("\ud7ff\uffff@exemple.fr", "x", "Saisissez une adresse e-mail complète"),
    ],
)
def test_une_saisie_impossible_est_dite_et_ne_compte_pas(lea, se_connecter, identifiant, mot_de_passe, phrase):
    reponse = se_connecter(identifiant, mot_de_passe)
    assert reponse.status_code == 200
    assert phrase in texte(reponse)
    assert not EssaisConnexion.objects.exists()


def test_des_octets_qui_ne_sont_pas_du_texte_sont_refuses_en_francais(lea, client):
    corps = b"identifiant=%FF%FE%00&mot_de_passe=%C3%28"
    reponse = client.post("/connexion/", corps, content_type="application/x-www-form-urlencoded")
    assert reponse.status_code == 200
    assert "Saisissez" in texte(reponse)


def test_on_se_deconnecte_par_un_envoi_seulement(lea, client, se_connecter):
    se_connecter()
    assert client.get("/deconnexion/").status_code == 405
    assert connecte(client)
    assert client.post("/deconnexion/").url == "/connexion/"
    assert not connecte(client)
