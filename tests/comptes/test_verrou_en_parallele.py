"""Fifty guesses at once: exactly three are checked. With a control that lets more through."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, connections
from django.test import Client
from django.utils import timezone

from comptes.hachage import Argon2Portail
from comptes.models import ESSAIS_AU_PLUS, EssaisConnexion
from comptes.services import connexion
from tests.comptes.conftest import ADRESSE
from tests.factories import MOT_DE_PASSE, UtilisateurFactory

pytestmark = pytest.mark.django_db(transaction=True)
CINQUANTE = 50
ENSEMBLE = 6  # each holds a connection while it waits: fewer than the pool has


@pytest.fixture
def verifications(monkeypatch):
    """What reached the hasher: the guesses really checked."""
    faites, verrou = [], threading.Lock()
    vrai = Argon2Portail.verify

    def noter(self, password, encoded):
        with verrou:
            faites.append(password)
        return vrai(self, password, encoded)

    monkeypatch.setattr(Argon2Portail, "verify", noter)
    return faites


def tous_a_la_fois(mots_de_passe: list[str]) -> list[str]:
    depart = threading.Barrier(len(mots_de_passe), timeout=20)

    def envoyer(mot_de_passe):
        client = Client()
        depart.wait()
        try:
            reponse = client.post("/connexion/", {"identifiant": ADRESSE, "mot_de_passe": mot_de_passe})
            return reponse.content.decode() if reponse.status_code == 200 else "entré"
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(mots_de_passe)) as fils:
        return list(fils.map(envoyer, mots_de_passe))


def test_de_cinquante_mots_de_passe_a_la_fois_trois_sont_verifies(verifications):
    UtilisateurFactory(email=ADRESSE, avec_mot_de_passe=True)
    pages = tous_a_la_fois([f"faux {n}" for n in range(CINQUANTE)])
    assert len(verifications) == ESSAIS_AU_PLUS
    assert sum("est verrouillé" in page for page in pages) == CINQUANTE - 2
    assert EssaisConnexion.objects.get().echecs == ESSAIS_AU_PLUS


def test_le_bon_mot_de_passe_parmi_cinquante_n_ouvre_que_s_il_est_des_trois(verifications):
    UtilisateurFactory(email=ADRESSE, avec_mot_de_passe=True)
    pages = tous_a_la_fois([MOT_DE_PASSE if n == 25 else f"faux {n}" for n in range(CINQUANTE)])
    entres = pages.count("entré")
    assert entres <= 1
    # A success gives three guesses back; nothing else does.
    assert len(verifications) <= ESSAIS_AU_PLUS * (1 + entres) + entres


def test_temoin_lire_puis_ecrire_en_laisse_passer_davantage(verifications, monkeypatch):
    """The control: a count read, then written, as one would naturally write it."""
    UtilisateurFactory(email=ADRESSE, avec_mot_de_passe=True)
    ensemble = threading.Barrier(ENSEMBLE, timeout=20)

    def naif(courriel):
        cle = connexion.cle_de(courriel)
        lu = EssaisConnexion.objects.filter(cle=cle).values_list("echecs", flat=True).first() or 0
        ensemble.wait()  # everyone has read before anyone writes
        if lu >= ESSAIS_AU_PLUS:
            return None
        with connection.cursor() as curseur:
            curseur.execute(
                "INSERT INTO comptes_essaisconnexion VALUES (%s, %s, %s) ON CONFLICT (cle) DO UPDATE SET echecs = %s",
                [cle, lu + 1, timezone.now(), lu + 1],
            )
        return lu + 1

    monkeypatch.setattr(connexion, "_compter_un_essai", naif)
    tous_a_la_fois([f"faux {n}" for n in range(ENSEMBLE)])
    assert len(verifications) > ESSAIS_AU_PLUS
