"""FranceConnect, against a small provider that speaks the protocol, and can lie."""

import time

import pytest
from django.test import Client

from comptes.models import LienFranceConnect
from comptes.services.france_connect import compte_de, lier
from comptes.services.second_facteur import confirmer, preparer
from tests.comptes.conftest import ADRESSE
from tests.comptes.fournisseur_oidc import AUTRE_CLE, CLIENT, SECRET, FauxFranceConnect
from tests.comptes.test_second_facteur import code_de
from tests.factories import MOT_DE_PASSE, UtilisateurFactory

pytestmark = pytest.mark.django_db
DEPART = "/connexion/france-connect/"
RETOUR = f"{DEPART}retour/"
LIER = f"{DEPART}lier/"


@pytest.fixture
def fournisseur(settings):
    faux = FauxFranceConnect()
    settings.FRANCECONNECT = {"emetteur": faux.emetteur, "client": CLIENT, "secret": SECRET}
    yield faux
    faux.fermer()


@pytest.fixture
def liee(lea, fournisseur):
    assert lier(utilisateur=lea, emetteur=fournisseur.emetteur, sub=fournisseur.sub)
    return lea


def passer(client, fournisseur, suite=""):
    """From the button to the return: what the portal answers to the browser that comes back."""
    depart = client.get(DEPART, {"next": suite} if suite else {})
    return client.get(RETOUR, fournisseur.autoriser(depart.url))


def connecte(client) -> bool:
    return "_auth_user_id" in client.session


# --- Off unless configured -------------------------------------------------------------------------------------------
@pytest.mark.parametrize("chemin", [DEPART, RETOUR, LIER])
def test_sans_reglage_il_n_existe_pas(client, chemin):
    assert client.get(chemin).status_code == 404
    assert "FranceConnect" not in client.get("/connexion/").content.decode()


def test_la_page_de_connexion_le_propose_quand_la_ville_l_a(client, fournisseur):
    assert "S’identifier avec FranceConnect" in client.get("/connexion/").content.decode()


# --- In and out ------------------------------------------------------------------------------------------------------
def test_une_identite_liee_entre(liee, client, fournisseur):
    assert passer(client, fournisseur, "/contacts/").url == "/contacts/"
    assert client.session["_auth_user_id"] == str(liee.pk)


def test_on_ne_repart_pas_vers_un_autre_site(liee, client, fournisseur):
    assert passer(client, fournisseur, "https://ailleurs.exemple.fr/").url == "/"


def test_se_deconnecter_finit_aussi_la_session_de_france_connect(liee, client, fournisseur):
    passer(client, fournisseur)
    reponse = client.post("/deconnexion/")
    assert reponse.url.startswith(f"{fournisseur.emetteur}/session/end?id_token_hint=")
    assert not connecte(client)


def test_le_second_facteur_est_demande_aussi(liee, client, fournisseur):
    confirmer(utilisateur=liee, code=code_de(preparer(liee)), session=None)
    assert passer(client, fournisseur).url == "/connexion/code/"
    assert not connecte(client)


# --- Linking: a local sign-in first, never the e-mail alone ----------------------------------------------------------
def test_la_meme_adresse_ne_suffit_pas(lea, client, fournisseur):
    """The provider's userinfo says `lea@exemple.fr`: it is not even asked for."""
    assert passer(client, fournisseur).url == LIER
    assert not connecte(client)
    assert not LienFranceConnect.objects.exists()
    assert not any("userinfo" in chemin for chemin in fournisseur.demandes)


def test_la_premiere_fois_le_mot_de_passe_local_relie_et_ensuite_plus(lea, client, fournisseur):
    passer(client, fournisseur)
    connexion = client.get(LIER).url
    assert connexion.startswith("/connexion/?next=")
    client.post("/connexion/", {"identifiant": ADRESSE, "mot_de_passe": MOT_DE_PASSE, "next": LIER})
    assert not LienFranceConnect.objects.exists()  # nothing without a word
    assert client.post(LIER, {"ancien": "faux"}).status_code == 200
    assert client.post(LIER, {"ancien": MOT_DE_PASSE}).url == "/compte/"
    assert LienFranceConnect.objects.get().utilisateur == lea
    neuf = Client()
    passer(neuf, fournisseur)
    assert connecte(neuf)


def test_une_identite_prouvee_s_oublie_apres_dix_minutes(lea, client, fournisseur):
    passer(client, fournisseur)
    session = client.session
    session["france_connect_a_lier"] |= {"depuis": int(time.time()) - 601}
    session.save()
    assert client.get(LIER).status_code == 404


def test_lier_sans_passer_par_france_connect_n_existe_pas(lea, client, fournisseur):
    client.force_login(lea)
    assert client.post(LIER, {"ancien": MOT_DE_PASSE}).status_code == 404


def test_une_identite_ne_se_lie_qu_a_un_compte_et_un_compte_qu_a_une_identite(liee, fournisseur):
    autre = UtilisateurFactory()
    assert not lier(utilisateur=autre, emetteur=fournisseur.emetteur, sub=fournisseur.sub)
    assert not lier(utilisateur=liee, emetteur=fournisseur.emetteur, sub="une-autre")
    assert lier(utilisateur=liee, emetteur=fournisseur.emetteur, sub=fournisseur.sub)  # said twice, done once
    assert compte_de(emetteur="https://autre.exemple.fr", sub=fournisseur.sub) is None


@pytest.mark.parametrize("droits", [{"is_staff": True}, {"is_superuser": True}, {"is_active": False}])
def test_ni_un_agent_ni_un_compte_ferme_n_entre_par_france_connect(liee, client, fournisseur, droits):
    type(liee).objects.filter(pk=liee.pk).update(**droits)
    passer(client, fournisseur)
    assert not connecte(client)


def test_un_agent_ne_se_lie_pas(fournisseur):
    assert not lier(utilisateur=UtilisateurFactory(agent=True), emetteur=fournisseur.emetteur, sub="x")


def test_delier(liee, client, fournisseur):
    client.force_login(liee)
    assert "Ne plus utiliser FranceConnect" in client.get("/compte/").content.decode()
    client.post("/compte/france-connect/delier/")
    assert not LienFranceConnect.objects.exists()
    assert "Relier FranceConnect" in client.get("/compte/").content.decode()


# --- A provider, or somebody in its name, that lies ------------------------------------------------------------------
MENSONGES = {
    "nonce": {"nonce": "un-autre"},
    "sans nonce": {"nonce": None},
    "émetteur": {"iss": "https://ailleurs.exemple.fr/api/v2"},
    "sans émetteur": {"iss": None},
    "audience": {"aud": "un-autre-service"},
    "audiences": {"aud": [CLIENT, "un-autre-service"]},
    "sans audience": {"aud": None},
    "fini": {"exp": 1},
    "sans fin": {"exp": None},
    "sans identifiant": {"sub": None},
    "identifiant vide": {"sub": ""},
    "identifiant trop long": {"sub": "x" * 256},
}


@pytest.mark.parametrize("mensonge", MENSONGES.values(), ids=MENSONGES)
def test_un_jeton_qui_ment_n_ouvre_rien(liee, client, fournisseur, mensonge):
    fournisseur.mensonge = mensonge
    reponse = passer(client, fournisseur)
    assert reponse.url == "/connexion/"
    assert "FranceConnect n’a pas abouti" in client.get("/connexion/").content.decode()
    assert not connecte(client)
    assert "france_connect_a_lier" not in client.session


def test_une_signature_d_une_autre_cle_n_ouvre_rien(liee, client, fournisseur):
    fournisseur.cle = AUTRE_CLE
    passer(client, fournisseur)
    assert not connecte(client)


def test_un_code_rejoue_n_ouvre_rien(liee, client, fournisseur):
    retour = fournisseur.autoriser(client.get(DEPART).url)
    client.get(RETOUR, retour)
    client.post("/deconnexion/")
    client.get(RETOUR, retour)
    assert not connecte(client)


def test_le_retour_d_un_autre_navigateur_n_ouvre_rien(liee, client, fournisseur):
    """Somebody else's code, pushed into a person's browser."""
    retour = fournisseur.autoriser(client.get(DEPART).url)
    victime = Client()
    victime.get(RETOUR, retour)
    assert not connecte(victime)
    client.get(DEPART)
    client.get(RETOUR, retour | {"state": "invente"})
    assert not connecte(client)


@pytest.mark.parametrize("panne", [500, 503, 302])
def test_un_fournisseur_en_panne_est_une_phrase(liee, client, fournisseur, panne):
    retour = fournisseur.autoriser(client.get(DEPART).url)
    fournisseur.panne = panne
    assert client.get(RETOUR, retour).url == "/connexion/"


@pytest.mark.parametrize(
    "retour", [{}, {"error": "access_denied"}, {"code": "x"}, {"state": "x"}, {"code": "\0", "state": "\0"}]
)
def test_un_retour_sans_suite_est_une_phrase(client, fournisseur, retour):
    client.get(DEPART)
    assert client.get(RETOUR, retour).url == "/connexion/"
