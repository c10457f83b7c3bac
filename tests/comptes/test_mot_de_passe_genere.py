"""« Générer votre mot de passe », from the press of the button to the person's own password."""

import logging
import math
import re
import smtplib
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import time_machine
from django.apps import apps
from django.core import mail
from django.db import connection, connections, models
from django.test import Client
from django.test.utils import CaptureQueriesContext

from comptes import courriels, motsdepasse
from comptes.expediteur import adresse_de
from comptes.models import DemandeMotDePasse, EssaisConnexion, MotDePasseGenere, Utilisateur
from comptes.services.connexion import verifier
from comptes.services.motsdepasse import PAR_ADRESSE, PAR_EXPEDITEUR, demander, traiter_les_demandes
from comptes.tasks import envoyer_mots_de_passe
from portail.celery import app
from tests.comptes.conftest import ADRESSE
from tests.factories import MOT_DE_PASSE, UtilisateurFactory

pytestmark = pytest.mark.django_db
MATIN = "2026-07-15T08:30:00+02:00"


def test_quatre_vingts_bits_au_moins_et_aucun_signe_qui_se_confonde():
    assert motsdepasse.GROUPES * motsdepasse.LETTRES * math.log2(len(motsdepasse.ALPHABET)) >= 80
    assert not set("il1o0") & set(motsdepasse.ALPHABET)
    assert len({motsdepasse.generer() for _ in range(200)}) == 200
    assert all(motsdepasse.lire_genere(motsdepasse.generer()) for _ in range(200))


@pytest.mark.parametrize("saisi", ["  ABCDEF-ghjkmn-pqrstu ", "abcdef-ghjkmn-pqrstu"])
def test_le_mot_de_passe_genere_se_colle_avec_ses_blancs(saisi):
    assert motsdepasse.lire_genere(saisi) == "abcdef-ghjkmn-pqrstu"


@pytest.mark.parametrize("saisi", ["", "abcdef-ghjkmn", "abcdef-ghjkmn-pqrst1", "abcdefghjkmnpqrstu", "é" * 20])
def test_ce_qui_n_en_a_pas_la_forme_n_en_est_pas_un(saisi):
    assert motsdepasse.lire_genere(saisi) is None


def test_la_reponse_est_la_meme_que_l_adresse_soit_connue_ou_non(lea):
    def demander_pour(adresse):
        client = Client()
        with CaptureQueriesContext(connection) as requetes:
            reponse = client.post("/mot-de-passe/generer/", {"identifiant": adresse})
        sql = [re.sub(r"'[^']*'|_x\d+", "?", requete["sql"]) for requete in requetes]
        return reponse.status_code, reponse.url, sorted(reponse.headers), sql

    assert demander_pour(ADRESSE) == demander_pour("personne@exemple.fr")
    assert Client().get("/mot-de-passe/envoye/").status_code == 200
    assert not mail.outbox  # nothing leaves within the request


def test_le_courriel_porte_l_identifiant_et_le_mot_de_passe(lea, generer):
    mot_de_passe = generer()
    (courriel,) = mail.outbox
    assert courriel.to == [ADRESSE]
    assert f"Identifiant : {ADRESSE}" in courriel.body
    html = courriel.alternatives[0][0]
    assert mot_de_passe in html
    assert "24 heures" in courriel.body
    assert "24 heures" in html


def test_une_adresse_inconnue_ou_inactive_ne_recoit_rien(lea):
    Utilisateur.objects.update(is_active=False)
    for adresse in (ADRESSE, "personne@exemple.fr", "pas une adresse"):
        demander(courriel=adresse, expediteur="192.0.2.1")
    assert traiter_les_demandes() == 0
    assert not mail.outbox
    assert not DemandeMotDePasse.objects.filter(traitee_le=None).exists()


def test_il_n_est_ecrit_en_clair_nulle_part(lea, generer, caplog):
    with caplog.at_level(logging.DEBUG):
        mot_de_passe = generer()
    assert mot_de_passe not in caplog.text
    tables = set(connection.introspection.table_names())
    assert {"comptes_demandemotdepasse", "post_office_email", "comptes_sessionducompte"} <= tables
    for modele in apps.get_models():
        if modele._meta.db_table not in tables:  # the history's union of tables is none
            continue
        textes = [c.name for c in modele._meta.concrete_fields if isinstance(c, models.CharField | models.TextField)]
        for champ in textes:
            assert not modele._base_manager.filter(**{f"{champ}__contains": mot_de_passe}).exists(), (modele, champ)
    assert MotDePasseGenere.objects.get().empreinte.startswith("argon2")


def test_l_ancien_mot_de_passe_vaut_tant_que_le_nouveau_n_a_pas_servi(lea, generer, client):
    mot_de_passe = generer()
    assert verifier(ADRESSE, MOT_DE_PASSE).utilisateur == lea
    assert verifier(ADRESSE, mot_de_passe).utilisateur == lea
    assert verifier(ADRESSE, MOT_DE_PASSE).utilisateur is None


def test_il_sert_une_seule_fois(lea, generer):
    mot_de_passe = generer()
    assert verifier(ADRESSE, mot_de_passe).utilisateur == lea
    assert verifier(ADRESSE, mot_de_passe).utilisateur is None


@pytest.mark.parametrize(("heures", "vaut"), [(23, True), (25, False)])
def test_il_vaut_vingt_quatre_heures(lea, generer, heures, vaut):
    with time_machine.travel(MATIN, tick=False) as horloge:
        mot_de_passe = generer()
        horloge.shift(heures * 3600)
        assert bool(verifier(ADRESSE, mot_de_passe).utilisateur) is vaut


def test_le_dernier_genere_remplace_les_precedents(lea, generer):
    premier, second = generer(), generer()
    assert verifier(ADRESSE, premier).utilisateur is None
    assert verifier(ADRESSE, second).utilisateur == lea


def test_il_ouvre_un_compte_verrouille_et_leve_le_verrou(lea, generer, se_connecter):
    for _ in range(4):
        se_connecter(mot_de_passe="faux")
    assert se_connecter(mot_de_passe=generer()).status_code == 302
    assert not EssaisConnexion.objects.exists()


def test_il_doit_etre_remplace_avant_toute_autre_page(lea, generer, client, se_connecter):
    se_connecter(mot_de_passe=generer())
    for chemin in ["/", "/compte/", "/reservations/", "/factures/", "/guide/", "/contact/", "/mot-de-passe/generer/"]:
        assert client.get(chemin).url == "/mot-de-passe/changer/", chemin
    assert "Mot de passe actuel" not in client.get("/mot-de-passe/changer/").content.decode()
    neuf = "cinq chats sur un toit"
    assert client.post("/mot-de-passe/changer/", {"nouveau": neuf, "confirmation": neuf}).url == "/"
    assert client.get("/").status_code == 200
    assert verifier(ADRESSE, neuf).utilisateur == lea


def test_on_peut_partir_sans_le_remplacer(lea, generer, client, se_connecter):
    se_connecter(mot_de_passe=generer())
    assert client.post("/deconnexion/").url == "/connexion/"


@pytest.mark.django_db(transaction=True)
def test_de_deux_navigateurs_un_seul_le_depense(generer):
    UtilisateurFactory(email=ADRESSE, avec_mot_de_passe=True)
    mot_de_passe, depart = generer(), threading.Barrier(8)

    def essayer(_):
        depart.wait()
        try:
            return verifier(ADRESSE, mot_de_passe).utilisateur is not None
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as fils:
        assert sum(fils.map(essayer, range(8))) == 1


def test_la_limite_par_adresse_est_silencieuse(lea):
    with time_machine.travel(MATIN, tick=False) as horloge:
        for _ in range(PAR_ADRESSE + 2):
            assert Client().post("/mot-de-passe/generer/", {"identifiant": ADRESSE}).url == "/mot-de-passe/envoye/"
        assert traiter_les_demandes() == PAR_ADRESSE
        horloge.shift(3601)
        demander(courriel=ADRESSE, expediteur="192.0.2.1")
        assert traiter_les_demandes() == 1


def test_la_limite_par_expediteur_est_silencieuse(db):
    for n in range(PAR_EXPEDITEUR + 3):
        demander(courriel=UtilisateurFactory(email=f"p{n}@exemple.fr").email, expediteur="192.0.2.1")
    autre = UtilisateurFactory(email="autre@exemple.fr")
    demander(courriel=autre.email, expediteur="192.0.2.2")
    assert traiter_les_demandes() == PAR_EXPEDITEUR + 1
    assert mail.outbox[-1].to == [autre.email]


@pytest.mark.parametrize(
    ("proxys", "entete", "attendue"),
    [
        (0, "198.51.100.9", "127.0.0.1"),
        (1, "198.51.100.9", "198.51.100.9"),
        (1, "1.2.3.4, 198.51.100.9", "198.51.100.9"),
        (2, "1.2.3.4, 198.51.100.9, 10.0.0.1", "198.51.100.9"),
        (1, "", "127.0.0.1"),
    ],
)
def test_l_expediteur_est_celui_que_voient_nos_proxys(rf, settings, proxys, entete, attendue):
    settings.PROXYS_DE_CONFIANCE = proxys
    assert adresse_de(rf.get("/", HTTP_X_FORWARDED_FOR=entete)) == attendue


class ServeurEnPanne(mail.backends.base.BaseEmailBackend):
    """A mail server that refuses one address and takes the others."""

    erreur: Exception = smtplib.SMTPRecipientsRefused({ADRESSE: (550, b"non")})

    def send_messages(self, messages):
        if any(ADRESSE in message.to for message in messages):
            raise self.erreur
        mail.outbox.extend(messages)
        return len(messages)


@pytest.mark.parametrize("erreur", [ServeurEnPanne.erreur, TimeoutError(), ValueError("adresse impossible")], ids=repr)
def test_un_envoi_qui_echoue_est_repris_plus_tard_et_n_arrete_pas_les_autres(lea, settings, monkeypatch, erreur):
    monkeypatch.setattr(ServeurEnPanne, "erreur", erreur)
    autre = UtilisateurFactory(email="autre@exemple.fr")
    with time_machine.travel(MATIN, tick=False) as horloge:
        for adresse in (ADRESSE, autre.email):
            demander(courriel=adresse, expediteur="192.0.2.1")
        panne = f"{ServeurEnPanne.__module__}.{ServeurEnPanne.__name__}"
        normal, settings.ENVOI_DES_COURRIELS = settings.ENVOI_DES_COURRIELS, panne
        assert traiter_les_demandes() == 1
        assert [c.to for c in mail.outbox] == [[autre.email]]
        settings.ENVOI_DES_COURRIELS = normal
        assert traiter_les_demandes() == 0  # not yet
        horloge.shift(120)
        assert envoyer_mots_de_passe() == 1
        assert mail.outbox[-1].to == [ADRESSE]


def test_un_mot_de_passe_non_parti_n_annule_pas_le_precedent(lea, generer, settings):
    mot_de_passe = generer()
    settings.ENVOI_DES_COURRIELS = f"{ServeurEnPanne.__module__}.{ServeurEnPanne.__name__}"
    demander(courriel=ADRESSE, expediteur="192.0.2.1")
    traiter_les_demandes()
    assert verifier(ADRESSE, mot_de_passe).utilisateur == lea


@pytest.fixture
def file_en_panne(settings, monkeypatch):
    """The queue of the tests is a folder: without it, publishing fails as with a broker that is down."""
    dossier = Path(settings.VAR) / "celery"
    absent = dossier.rename(dossier.with_name("celery-absent"))
    monkeypatch.setattr(courriels, "_pas_avant", 0.0)
    yield
    absent.rename(dossier)


@pytest.fixture
def file_des_taches_en_panne(monkeypatch):
    """A Redis that answers nothing: the port is closed. Celery keeps its connections, so they are made anew."""
    monkeypatch.setattr(courriels, "_pas_avant", 0.0)
    avant = {nom: app.conf[nom] for nom in ("broker_url", "broker_write_url", "broker_transport_options")}
    injoignable = "redis://127.0.0.1:1/0"
    app.conf.update(broker_url=injoignable, broker_write_url=injoignable, broker_transport_options={})
    app.pool.force_close_all()
    app._pool = app.amqp._producer_pool = None
    yield
    app.conf.update(avant)
    app._pool = app.amqp._producer_pool = None


@pytest.mark.django_db(transaction=True)
def test_la_file_des_taches_en_panne_ne_se_voit_pas(file_des_taches_en_panne, caplog):
    UtilisateurFactory(email=ADRESSE)
    assert Client().post("/mot-de-passe/generer/", {"identifiant": ADRESSE}).url == "/mot-de-passe/envoye/"
    assert "File des tâches injoignable" in caplog.text
    assert not mail.outbox
    assert envoyer_mots_de_passe() == 1  # the periodic task
    assert mail.outbox[-1].to == [ADRESSE]


@pytest.mark.parametrize("saisie", ["", "pas une adresse", "a\0b@exemple.fr", "x" * 10_000 + "@exemple.fr"])
def test_une_saisie_impossible_est_dite_et_rien_n_est_ecrit(client, saisie):
    reponse = client.post("/mot-de-passe/generer/", {"identifiant": saisie})
    assert reponse.status_code == 200
    assert "invalid-feedback" in reponse.content.decode()
    assert not DemandeMotDePasse.objects.exists()
