"""The idle session: how long it lives, what it costs, what is said when it ends, what stays in caches."""

import re

import pytest
import time_machine
from django.conf import settings
from django.contrib.auth import get_user
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from comptes.middleware import ECRITURE
from comptes.models import SessionDuCompte
from tests.factories import UtilisateurFactory

pytestmark = pytest.mark.django_db
MATIN = "2026-07-15T08:30:00+02:00"
MINUTE = 60
PAGE = "/contacts/"


@pytest.fixture
def horloge():
    with time_machine.travel(MATIN, tick=False) as voyage:
        yield voyage


@pytest.fixture
def parent(horloge, client):
    """Signed in at `MATIN`, on its first page."""
    utilisateur = UtilisateurFactory()
    client.force_login(utilisateur)
    client.get(PAGE)
    return utilisateur


def ecritures(client, chemin=PAGE) -> int:
    """How many times the request wrote the session."""
    with CaptureQueriesContext(connection) as requetes:
        client.get(chemin)
    return sum(requete["sql"].startswith('UPDATE "comptes_sessionducompte"') for requete in requetes)


def test_la_session_vit_encore_apres_vingt_neuf_minutes(parent, client, horloge):
    horloge.shift(29 * MINUTE)
    assert client.get(PAGE).status_code == 200


def test_elle_a_pris_fin_apres_trente_et_une_minutes(parent, client, horloge):
    horloge.shift(31 * MINUTE)
    assert client.get(PAGE).url == f"/connexion/?next={PAGE}"
    assert not get_user(client).is_authenticated


def test_chaque_page_en_repousse_la_fin(parent, client, horloge):
    for _ in range(5):
        horloge.shift(25 * MINUTE)
        assert client.get(PAGE).status_code == 200


def test_elle_n_est_ecrite_qu_une_fois_par_minute(parent, client, horloge):
    assert [ecritures(client) for _ in range(5)] == [0] * 5
    horloge.shift(ECRITURE - 1)
    assert ecritures(client) == 0
    horloge.shift(1)
    assert ecritures(client) == 1
    assert ecritures(client) == 0


def test_la_page_sait_combien_de_secondes_lui_restent(parent, client, horloge):
    def duree():
        return int(re.search(r'data-duree="(\d+)"', client.get(PAGE).content.decode())[1])

    horloge.shift(50)  # not written again: fifty seconds of the thirty minutes are spent
    assert duree() == 30 * MINUTE - 50
    horloge.shift(50)
    assert duree() == 30 * MINUTE


def test_la_page_suivante_dit_que_la_session_a_pris_fin(parent, client, horloge):
    horloge.shift(31 * MINUTE)
    page = client.get(PAGE, follow=True).content.decode()
    assert (
        "Votre session a pris fin\N{NO-BREAK SPACE}: elle s’arrête après 30\N{NO-BREAK SPACE}minutes sans activité"
        in page
    )
    assert f'name="next" value="{PAGE}"' in page
    assert "a pris fin" not in client.get("/connexion/").content.decode()  # said once


def test_le_navigateur_garde_le_temoin_d_une_session_finie(parent, client):
    """A cookie with an age would be gone before the page that tells that the session ended."""
    assert client.cookies[settings.SESSION_COOKIE_NAME]["max-age"] == ""


def test_rien_n_est_dit_a_qui_arrive_ni_a_qui_s_est_deconnecte(parent, client):
    assert "a pris fin" not in Client().get(PAGE, follow=True).content.decode()
    page = client.post("/deconnexion/", follow=True).content.decode()
    assert "Vous êtes déconnecté." in page
    assert "a pris fin" not in page


def test_prolonger_repousse_la_fin(parent, client, horloge):
    for _ in range(3):
        horloge.shift(29 * MINUTE)
        reponse = client.post("/session/prolonger/")
        assert (reponse.status_code, reponse.content) == (204, b"")
    assert client.get(PAGE).status_code == 200


def test_prolonger_ecrit_meme_dans_la_minute(parent, client, horloge):
    horloge.shift(30)
    client.post("/session/prolonger/")
    horloge.shift(29 * MINUTE + 45)
    assert client.get(PAGE).status_code == 200


def test_prolonger_une_session_finie_est_refuse(parent, client, horloge):
    horloge.shift(31 * MINUTE)
    assert client.post("/session/prolonger/").status_code == 403
    assert Client().post("/session/prolonger/").status_code == 403


def test_prolonger_se_demande_par_un_envoi_signe(parent, client):
    assert client.get("/session/prolonger/").status_code == 405
    autre = Client(enforce_csrf_checks=True)
    autre.force_login(parent)
    assert autre.post("/session/prolonger/").status_code == 403


@pytest.mark.parametrize("chemin", ["/", PAGE, "/compte/", "/guide/", "/mot-de-passe/changer/", "/nulle/part/"])
def test_rien_de_ce_que_voit_une_personne_connectee_ne_reste_en_cache(parent, client, chemin):
    assert {"no-store", "private"} <= set(client.get(chemin)["Cache-Control"].split(", "))


@pytest.mark.parametrize("chemin", ["/connexion/", "/mot-de-passe/generer/", "/mot-de-passe/envoye/"])
def test_les_pages_de_connexion_ne_restent_pas_en_cache(client, chemin):
    assert "no-store" in client.get(chemin)["Cache-Control"]


def test_la_reponse_qui_ouvre_ou_ferme_la_session_ne_reste_pas_en_cache(lea, client, se_connecter):
    assert "no-store" in se_connecter()["Cache-Control"]
    assert "no-store" in client.post("/deconnexion/")["Cache-Control"]


def test_une_page_publique_reste_en_cache_pour_un_inconnu(client):
    assert "no-store" not in client.get("/guide/").headers.get("Cache-Control", "")


def test_se_connecter_change_de_numero_de_session(lea, client, se_connecter):
    se_connecter()
    premier = client.session.session_key
    client.post("/deconnexion/")
    se_connecter()
    assert client.session.session_key != premier
    assert not SessionDuCompte.objects.filter(pk=premier).exists()


def test_un_compte_desactive_perd_sa_session(parent, client):
    parent.is_active = False
    parent.save()
    assert client.get(PAGE).url.startswith("/connexion/")


@pytest.mark.parametrize("chemin", ["/deconnexion/", "/session/prolonger/"])
def test_ces_adresses_n_acceptent_que_l_envoi(client, chemin):
    assert client.get(chemin).status_code == 405
