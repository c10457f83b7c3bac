"""Choosing one's own password: what is refused, what ends with the old one, the mail that tells it."""

import pytest
from django.contrib.auth import get_user
from django.db import DatabaseError, transaction
from django.test import Client
from django.utils import timezone
from post_office.models import STATUS, Email

from comptes.models import EssaisConnexion, MotDePasseGenere, Utilisateur
from comptes.services import motsdepasse
from comptes.services.connexion import verifier
from tests.comptes.conftest import ADRESSE
from tests.factories import MOT_DE_PASSE, UtilisateurFactory

pytestmark = pytest.mark.django_db
NEUF = "cinq chats sur un toit"
PAGE = "/mot-de-passe/changer/"


def texte(reponse) -> str:
    return " ".join(reponse.content.decode().replace("\N{NO-BREAK SPACE}", " ").split())


@pytest.fixture
def changer(lea, client):
    """Signed in as Léa, send the form: `changer(nouveau="...", ancien="...")`."""
    client.force_login(lea)

    def envoyer(nouveau=NEUF, *, ancien=MOT_DE_PASSE, confirmation=None):
        champs = {
            "ancien": ancien,
            "nouveau": nouveau,
            "confirmation": nouveau if confirmation is None else confirmation,
        }
        return client.post(PAGE, champs)

    return envoyer


def inchange(lea) -> bool:
    return Utilisateur.objects.get(pk=lea.pk).password == lea.password and not Email.objects.exists()


@pytest.mark.parametrize(
    ("nouveau", "phrase"),
    [
        ("", "Saisissez le mot de passe."),
        ("onze signes", "12 caractères"),
        ("123456789012", "trop courant"),
        ("lea@exemple.fr", "ressemble trop à votre adresse e-mail"),
        ("L.É.A@Exemple2026", "ressemble trop à votre adresse e-mail"),
        ("exemple123456", "ressemble trop à votre adresse e-mail"),
        ("quatre\0fois treize", "caractère nul"),
        ("é" * 150, "trop long"),
        ("x" * 10_000, "trop long"),
    ],
    ids=lambda valeur: repr(valeur)[:24],
)
def test_un_mauvais_mot_de_passe_est_refuse_par_une_phrase(lea, changer, nouveau, phrase):
    reponse = changer(nouveau)
    assert reponse.status_code == 200
    assert phrase in texte(reponse)
    assert inchange(lea)
    assert not EssaisConnexion.objects.exists()  # nothing was guessed


def test_la_partie_locale_suivie_de_chiffres_est_refusee(client):
    jean = UtilisateurFactory(email="jean.dupont@exemple.fr", mot_de_passe_a_changer=True)
    client.force_login(jean)
    for nouveau in ("jeandupont2026", "Jéan-Dùpônt 11000", "tnopud.naej 2026"):
        reponse = client.post(PAGE, {"nouveau": nouveau, "confirmation": nouveau})
        assert "ressemble trop à votre adresse e-mail" in texte(reponse), nouveau


def test_deux_saisies_differentes_sont_dites(lea, changer):
    assert "Les deux saisies du nouveau mot de passe sont différentes." in texte(changer(confirmation=NEUF + "s"))
    assert inchange(lea)


def test_chaque_champ_est_demande(lea, changer):
    for champs in ({"ancien": ""}, {"confirmation": ""}):
        assert "Saisissez le mot de passe." in texte(changer(**champs))
    assert inchange(lea)


def test_un_mot_de_passe_actuel_faux_compte_comme_un_essai(lea, changer):
    for _ in range(2):
        assert "Ce n’est pas votre mot de passe actuel." in texte(changer(ancien="faux"))
    assert "le compte est verrouillé" in texte(changer(ancien="faux"))
    assert "le compte est verrouillé" in texte(changer())  # the right one is no longer checked
    assert inchange(lea)
    assert verifier(ADRESSE, MOT_DE_PASSE).verrouille


def test_le_mot_de_passe_change_et_un_courriel_le_dit(lea, changer):
    assert changer().url == "/compte/"
    assert verifier(ADRESSE, NEUF).utilisateur == lea
    assert verifier(ADRESSE, MOT_DE_PASSE).utilisateur is None
    courriel = Email.objects.get()
    assert (courriel.to, courriel.status) == ([ADRESSE], STATUS.queued)
    assert NEUF not in courriel.message + courriel.html_message


def test_les_autres_sessions_prennent_fin_et_celle_ci_continue(lea, changer, client):
    ailleurs = Client()
    ailleurs.force_login(lea)
    avant = client.session.session_key
    changer()
    assert client.get("/compte/").status_code == 200
    assert client.session.session_key != avant
    assert ailleurs.get("/compte/").url == "/connexion/?next=/compte/"
    assert not get_user(ailleurs).is_authenticated


def test_un_mot_de_passe_genere_non_utilise_disparait(lea, changer, generer):
    genere = generer()
    changer()
    assert not MotDePasseGenere.objects.exists()
    assert verifier(ADRESSE, genere).utilisateur is None


def test_le_mot_de_passe_genere_peut_servir_de_mot_de_passe_actuel(lea, changer, generer):
    assert changer(ancien=generer()).url == "/compte/"
    assert verifier(ADRESSE, NEUF).utilisateur == lea


def test_le_mot_de_passe_genere_ne_peut_pas_etre_garde(lea, generer, client, se_connecter):
    genere = generer()
    se_connecter(mot_de_passe=genere)
    assert "le vôtre" in texte(client.post(PAGE, {"nouveau": genere, "confirmation": genere}))
    assert Utilisateur.objects.get().mot_de_passe_a_changer


def test_sans_courriel_le_mot_de_passe_ne_change_pas(lea, monkeypatch):
    """The mail is queued in the same transaction: without one there is not the other."""

    def panne(**champs):
        raise DatabaseError

    monkeypatch.setattr(motsdepasse, "mettre_en_file", panne)
    with pytest.raises(DatabaseError):
        motsdepasse.changer(utilisateur=Utilisateur.objects.get(pk=lea.pk), mot_de_passe=NEUF)
    assert inchange(lea)


def test_un_changement_annule_n_annonce_rien(lea):
    with transaction.atomic():
        motsdepasse.changer(utilisateur=Utilisateur.objects.get(pk=lea.pk), mot_de_passe=NEUF)
        assert Email.objects.exists()
        transaction.set_rollback(True)
    assert inchange(lea)


def test_il_faut_etre_connecte(client):
    assert client.get(PAGE).url == f"/connexion/?next={PAGE}"
    assert client.post(PAGE, {"nouveau": NEUF, "confirmation": NEUF}).status_code == 302


def test_des_tableaux_et_des_octets_quelconques_sont_refuses(lea, changer, client):
    corps = b"ancien=%FF%FE&ancien=%00&nouveau[]=a&nouveau=%C3%28&confirmation=%ED%A0%80"
    reponse = client.post(PAGE, corps, content_type="application/x-www-form-urlencoded")
    assert reponse.status_code == 200
    assert inchange(lea)


def test_la_date_du_changement_est_dans_le_courriel(lea, changer):
    changer()
    assert f"{timezone.localtime():%Y}" in Email.objects.get().message
