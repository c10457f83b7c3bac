"""Second factor: the code after the password, its set-up, recovery codes, and what agents must do."""

import datetime as dt
import re
import time

import pytest
import time_machine
from django.contrib.admin.models import LogEntry
from django.core import mail
from django.test import Client
from django_otp.oath import TOTP
from django_otp.plugins.otp_totp.models import TOTPDevice
from post_office.models import Email

from comptes.models import CodeDeSecours, SessionDuCompte
from comptes.roles import creer_agent
from comptes.services import second_facteur as service
from comptes.services.second_facteur import confirmer, preparer, verifier_code
from tests.comptes.conftest import ADRESSE
from tests.factories import MOT_DE_PASSE, UtilisateurFactory

pytestmark = pytest.mark.django_db
PAGE = "/compte/second-facteur/"
CODE = "/connexion/code/"


def code_de(appareil, pas=0) -> str:
    """What the telephone shows; `pas` half-minutes later."""
    totp = TOTP(appareil.bin_key, appareil.step, appareil.t0, appareil.digits, appareil.drift)
    totp.time = time.time() + 30 * pas
    return f"{totp.token():06d}"


@pytest.fixture
def horloge():
    with time_machine.travel(dt.datetime(2026, 10, 1, 9, 0, tzinfo=dt.UTC), tick=False) as voyage:
        yield voyage


@pytest.fixture
def protegee(lea, horloge):
    """Léa's account with a second factor: the device and the recovery codes. Half a minute later: the code is spent."""
    appareil, codes = confirmer(utilisateur=lea, code=code_de(preparer(lea)), session=None)
    horloge.shift(60)
    return appareil, codes


def connecte(client) -> bool:
    return "_auth_user_id" in client.session


def saisir(client, code, **suite):
    return client.post(CODE, {"code": code}, **suite)


# --- Signing in ------------------------------------------------------------------------------------------------------
def test_sans_second_facteur_le_mot_de_passe_suffit(lea, client, se_connecter):
    assert se_connecter().url == "/"
    assert connecte(client)


def test_le_mot_de_passe_ne_suffit_plus_et_le_code_fait_entrer(lea, protegee, client, se_connecter):
    assert se_connecter().url == CODE
    assert not connecte(client)
    assert client.get("/compte/").status_code == 302
    assert saisir(client, code_de(protegee[0])).url == "/"
    assert connecte(client)


def test_la_page_demandee_est_gardee_a_travers_le_code(lea, protegee, client):
    client.post("/connexion/", {"identifiant": ADRESSE, "mot_de_passe": MOT_DE_PASSE, "next": "/contacts/"})
    assert saisir(client, code_de(protegee[0])).url == "/contacts/"


@pytest.mark.parametrize(
    "faux", ["000000", "12345", "abcdef", "", "９９９９９９", "\0" * 6, "1" * 41, "aaaa-bbbb-cccc-dddd"]
)
def test_un_code_faux_est_une_phrase_et_n_ouvre_rien(lea, protegee, client, se_connecter, faux):
    se_connecter()
    reponse = saisir(client, faux)
    assert reponse.status_code == 200
    assert "aria-invalid" in reponse.content.decode()
    assert not connecte(client)


def test_un_code_ne_sert_qu_une_fois(lea, protegee, client, se_connecter):
    se_connecter()
    code = code_de(protegee[0])
    saisir(client, code)
    autre = Client()
    autre.post("/connexion/", {"identifiant": ADRESSE, "mot_de_passe": MOT_DE_PASSE})
    assert "il a déjà servi" in saisir(autre, code).content.decode()
    assert not connecte(autre)


def test_deviner_les_codes_est_freine(lea, protegee, client, se_connecter, horloge):
    se_connecter()
    for _ in range(5):
        saisir(client, "000000")
    reponse = saisir(client, code_de(protegee[0]))
    assert re.search(r"sera lu dans \d+\s", reponse.content.decode())
    assert not connecte(client)


def test_apres_cinq_minutes_il_faut_recommencer(lea, protegee, client, se_connecter, horloge):
    se_connecter()
    horloge.shift(301)
    assert saisir(client, code_de(protegee[0])).url == "/connexion/"
    assert not connecte(client)


def test_un_mot_de_passe_change_entre_temps_ferme_la_porte(lea, protegee, client, se_connecter):
    se_connecter()
    lea.set_password("un-autre-mot-de-passe")
    lea.save()
    assert saisir(client, code_de(protegee[0])).url == "/connexion/"


def test_un_code_sans_mot_de_passe_ne_sert_a_rien(lea, protegee, client):
    assert saisir(client, code_de(protegee[0])).url == "/connexion/"
    assert not connecte(client)


# --- Recovery codes --------------------------------------------------------------------------------------------------
def test_un_code_de_secours_sert_une_fois(lea, protegee, client, se_connecter):
    secours = protegee[1][0]
    se_connecter()
    saisir(client, secours.upper())
    assert connecte(client)
    assert CodeDeSecours.objects.filter(utilisateur=lea).count() == 9
    assert verifier_code(utilisateur=lea, code=secours) is None


def test_un_code_de_secours_entre_meme_quand_le_telephone_est_freine(lea, protegee):
    for _ in range(4):
        verifier_code(utilisateur=lea, code="000000")
    assert verifier_code(utilisateur=lea, code=protegee[1][1])


def test_les_codes_de_secours_ne_sont_pas_en_clair(lea, protegee):
    gardes = set(CodeDeSecours.objects.values_list("empreinte", flat=True))
    assert not gardes & {code.replace("-", "") for code in protegee[1]}


def test_le_code_de_secours_d_un_autre_n_ouvre_rien(lea, protegee):
    autre = UtilisateurFactory()
    confirmer(utilisateur=autre, code=code_de(preparer(autre)), session=None)
    assert verifier_code(utilisateur=autre, code=protegee[1][0]) is None


# --- Set-up ----------------------------------------------------------------------------------------------------------
def test_un_parent_active_son_second_facteur(lea, client, se_connecter, horloge):
    se_connecter()
    ailleurs = Client()
    ailleurs.post("/connexion/", {"identifiant": ADRESSE, "mot_de_passe": MOT_DE_PASSE})
    page = client.get(PAGE).content.decode()
    appareil = TOTPDevice.objects.get(user=lea)
    assert "<svg" in page
    assert not appareil.confirmed
    client.get(PAGE)
    assert TOTPDevice.objects.get(user=lea).key == appareil.key  # reloading the page keeps it
    reponse = client.post(f"{PAGE}activer/", {"code": code_de(appareil), "ancien": MOT_DE_PASSE})
    assert len(re.findall(r"<li><code>(?:[a-z2-7]{4}-){3}[a-z2-7]{4}</code>", reponse.content.decode())) == 10
    assert "Il est actif" in client.get(PAGE).content.decode()
    assert not SessionDuCompte.objects.filter(session_key=ailleurs.session.session_key, utilisateur=lea).exists()
    assert "Second facteur activé" in Email.objects.latest("pk").subject


@pytest.mark.parametrize(("code", "ancien"), [("000000", MOT_DE_PASSE), (None, "faux"), (None, "")])
def test_il_ne_s_active_ni_sans_le_bon_code_ni_sans_le_mot_de_passe(lea, client, se_connecter, horloge, code, ancien):
    se_connecter()
    client.get(PAGE)
    appareil = TOTPDevice.objects.get(user=lea)
    reponse = client.post(f"{PAGE}activer/", {"code": code or code_de(appareil), "ancien": ancien})
    assert reponse.status_code == 200
    assert not TOTPDevice.objects.filter(user=lea, confirmed=True).exists()


def test_il_se_retire_contre_le_mot_de_passe(lea, protegee, client, se_connecter):
    se_connecter()
    saisir(client, code_de(protegee[0]))
    assert client.post(f"{PAGE}retirer/", {"ancien": "faux"}).status_code == 200
    assert TOTPDevice.objects.filter(user=lea).exists()
    assert client.post(f"{PAGE}retirer/", {"ancien": MOT_DE_PASSE}).url == "/compte/"
    assert not TOTPDevice.objects.filter(user=lea).exists()
    assert not CodeDeSecours.objects.filter(utilisateur=lea).exists()


def test_de_nouveaux_codes_remplacent_les_anciens(lea, protegee, client, se_connecter):
    se_connecter()
    saisir(client, code_de(protegee[0]))
    client.post(f"{PAGE}codes/", {"ancien": MOT_DE_PASSE})
    assert CodeDeSecours.objects.filter(utilisateur=lea).count() == 10
    assert verifier_code(utilisateur=lea, code=protegee[1][3]) is None


def test_un_second_facteur_ne_s_active_pas_deux_fois(lea, protegee, horloge):
    assert confirmer(utilisateur=lea, code=code_de(preparer(lea)), session=None) == (None, [])


# --- Agents ----------------------------------------------------------------------------------------------------------
@pytest.fixture
def impose(settings):
    settings.SECOND_FACTEUR_AGENTS = True


@pytest.mark.parametrize("chemin", ["/admin/", "/", "/compte/", "/admin/comptes/famille/"])
def test_un_agent_sans_second_facteur_n_a_que_la_page_qui_l_active(impose, client, chemin):
    client.force_login(UtilisateurFactory(agent=True, is_superuser=True))
    assert client.get(chemin).url == PAGE
    assert "La ville demande un second facteur" in client.get(PAGE).content.decode()


def test_un_agent_qui_l_a_active_entre_et_ne_le_retire_pas(impose, client, horloge):
    agent = UtilisateurFactory(agent=True, is_superuser=True, avec_mot_de_passe=True)
    client.post("/connexion/", {"identifiant": agent.email, "mot_de_passe": MOT_DE_PASSE})
    client.get(PAGE)
    appareil = TOTPDevice.objects.get(user=agent)
    client.post(f"{PAGE}activer/", {"code": code_de(appareil), "ancien": MOT_DE_PASSE})
    assert client.get("/admin/").status_code == 200
    assert client.post(f"{PAGE}retirer/", {"ancien": MOT_DE_PASSE}).url == PAGE
    assert TOTPDevice.objects.filter(user=agent, confirmed=True).exists()


def test_un_parent_n_y_est_pas_oblige(impose, lea, client, se_connecter):
    assert se_connecter().url == "/"
    assert client.get("/compte/").status_code == 200


def test_un_administrateur_le_retire_pour_qui_a_tout_perdu(lea, protegee, admin_client):
    admin_client.post(
        "/admin/comptes/utilisateur/", {"action": "action_retirer_second_facteur", "_selected_action": [lea.pk]}
    )
    assert not TOTPDevice.objects.filter(user=lea).exists()
    assert not SessionDuCompte.objects.filter(utilisateur=lea).exists()
    assert LogEntry.objects.get(object_id=str(lea.pk)).change_message == "Second facteur retiré"


def test_un_agent_du_guichet_ne_retire_pas_celui_d_un_autre_agent(client, horloge):
    guichet, _ = creer_agent(courriel="guichet@exemple.fr", role="guichet")
    autre, _ = creer_agent(courriel="autre@exemple.fr", role="guichet")
    confirmer(utilisateur=autre, code=code_de(preparer(autre)), session=None)
    client.force_login(guichet)
    client.post(
        "/admin/comptes/utilisateur/", {"action": "action_retirer_second_facteur", "_selected_action": [autre.pk]}
    )
    assert service.appareil_de(autre)


def test_le_secret_du_telephone_n_est_dans_aucun_courriel(lea, protegee):
    for envoye in [*Email.objects.values_list("message", flat=True), *(m.body for m in mail.outbox)]:
        assert protegee[0].key not in envoye
