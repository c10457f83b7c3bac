"""The mails of passwords, and what the housekeeping deletes."""

import datetime as dt
import re
from email import message_from_bytes
from email.policy import default

import pytest
from django.conf import settings
from django.core import mail
from django.utils import timezone
from post_office.models import STATUS, Email

from comptes.courriels import mettre_en_file, rendre
from comptes.models import DemandeMotDePasse, EssaisConnexion, MotDePasseGenere, SessionDuCompte
from comptes.sessions import SessionStore
from comptes.tasks import menage
from tests.comptes.conftest import ADRESSE
from tests.factories import UtilisateurFactory

pytestmark = pytest.mark.django_db
INSTANT = dt.datetime(2026, 7, 15, 9, 0, tzinfo=dt.UTC)
CONTEXTES = {
    "mot_de_passe_genere": {"mot_de_passe": "abcdef-ghjkmn-pqrstu"},
    "mot_de_passe_change": {"instant": INSTANT},
}


@pytest.mark.parametrize("gabarit", CONTEXTES)
def test_le_texte_et_le_html_disent_la_meme_chose(gabarit):
    texte, html = rendre(gabarit, {"utilisateur": UtilisateurFactory.build(email=ADRESSE), **CONTEXTES[gabarit]})
    nu = re.sub(r"<[^>]+>", " ", html)
    for essentiel in (ADRESSE, settings.VILLE["telephone"], settings.VILLE["service"]):
        assert essentiel in texte
        assert essentiel in nu
    for valeur in CONTEXTES[gabarit].values():
        if isinstance(valeur, str):
            assert valeur in texte
            assert valeur in nu
    for adresse in re.findall(r'href="([^"]*)"', html):
        assert adresse.startswith(settings.SITE_URL)


def test_l_heure_est_celle_de_paris():
    texte, _ = rendre("mot_de_passe_change", {"utilisateur": UtilisateurFactory.build(), "instant": INSTANT})
    assert "mercredi 15\N{NO-BREAK SPACE}juillet 2026 à 11\N{NO-BREAK SPACE}h." in texte


def test_le_courriel_du_mot_de_passe_est_un_vrai_message(lea, generer):
    mot_de_passe = generer()
    message = message_from_bytes(mail.outbox[0].message().as_bytes(), policy=default)
    assert message["To"] == ADRESSE
    assert str(message["From"]) == settings.DEFAULT_FROM_EMAIL
    assert mot_de_passe not in str(message["Subject"])
    parties = [partie.get_content_type() for partie in message.walk()]
    assert parties == ["multipart/alternative", "text/plain", "text/html"]


def test_une_adresse_hostile_ne_devient_pas_du_html():
    utilisateur = UtilisateurFactory.build(email='"<b>x</b>"@exemple.fr')
    texte, html = rendre("mot_de_passe_genere", {"utilisateur": utilisateur, "mot_de_passe": "a"})
    assert "<b>x" not in html
    assert utilisateur.email in texte


def test_une_insertion_pour_tous_les_destinataires(django_assert_num_queries):
    utilisateur = UtilisateurFactory.build(email=ADRESSE)
    with django_assert_num_queries(1):
        mettre_en_file(
            destinataires=[f"p{n}@exemple.fr" for n in range(20)],
            gabarit="mot_de_passe_change",
            contexte={"utilisateur": utilisateur, "instant": INSTANT},
            sujet="Essai",
        )
    assert Email.objects.filter(status=STATUS.queued).count() == 20
    assert all(len(courriel.to) == 1 for courriel in Email.objects.all())


# --- Housekeeping ----------------------------------------------------------------------------------------------------
def il_y_a(**duree) -> dt.datetime:
    return timezone.now() - dt.timedelta(**duree)


def test_le_menage_efface_les_sessions_finies():
    for duree in (-10, 10):
        session = SessionStore()
        session["x"] = 1
        session.create()
        SessionDuCompte.objects.filter(pk=session.session_key).update(expire_date=il_y_a(minutes=duree))
    menage()
    assert SessionDuCompte.objects.get().expire_date > timezone.now()


def test_le_menage_efface_les_mots_de_passe_perimes():
    for heures in (-1, 1):
        MotDePasseGenere.objects.create(utilisateur=UtilisateurFactory(), empreinte="x", expire_le=il_y_a(hours=heures))
    menage()
    assert MotDePasseGenere.objects.get().expire_le > timezone.now()


def test_le_menage_garde_les_demandes_a_traiter_et_celles_que_comptent_les_limites():
    for nom, traitee in {"à traiter": None, "du jour": il_y_a(hours=23), "d’hier": il_y_a(hours=25)}.items():
        DemandeMotDePasse.objects.create(courriel=nom, expediteur="x", traitee_le=traitee, cree_le=il_y_a(hours=25))
    menage()
    assert set(DemandeMotDePasse.objects.values_list("courriel", flat=True)) == {"à traiter", "du jour"}


def test_le_menage_n_ouvre_aucun_compte_verrouille():
    for cle, echecs, jours in (("verrou", 3, 400), ("récent", 2, 29), ("ancien", 2, 31)):
        EssaisConnexion.objects.create(cle=cle, echecs=echecs, modifie_le=il_y_a(days=jours))
    menage()
    assert set(EssaisConnexion.objects.values_list("cle", flat=True)) == {"verrou", "récent"}


def test_le_menage_efface_les_vieux_courriels_partis_ou_perdus_pas_ceux_qui_attendent():
    cas = {
        "parti, ancien": (STATUS.sent, 91),
        "perdu, ancien": (STATUS.failed, 91),
        "parti, récent": (STATUS.sent, 89),
        "en attente": (STATUS.queued, 91),
        "à reprendre": (STATUS.requeued, 91),
    }
    for sujet, (etat, jours) in cas.items():
        courriel = Email.objects.create(to=[ADRESSE], from_email=ADRESSE, subject=sujet, status=etat)
        Email.objects.filter(pk=courriel.pk).update(created=il_y_a(days=jours))
    menage()
    assert set(Email.objects.values_list("subject", flat=True)) == {"parti, récent", "en attente", "à reprendre"}


def test_le_menage_deux_fois_ne_fait_rien_de_plus(lea):
    menage()
    menage()
    lea.refresh_from_db()
