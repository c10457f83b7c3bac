"""Addresses and selections that no page of the administration offers: a sentence in French, never a 500."""

import pytest
from django.contrib.auth.models import Group

from comptes.models import Rattachement, Utilisateur
from comptes.roles import creer_agent
from tests.factories import RattachementFactory, ResponsableFactory, UtilisateurFactory

pytestmark = pytest.mark.django_db
LISTES = [
    "comptes/utilisateur", "comptes/famille", "comptes/enfant", "reservations/ecole", "reservations/activite",
    "reservations/anneescolaire", "reservations/fermeture", "reservations/inscription", "reservations/journee",
    "reservations/reservation", "reservations/operation",
]  # fmt: skip


@pytest.fixture
def admin(client):
    ResponsableFactory()
    client.force_login(UtilisateurFactory(agent=True, is_superuser=True))
    return client


@pytest.mark.parametrize("liste", LISTES)
@pytest.mark.parametrize("cle", ["abc", "", "0x1", "9" * 30, "a\0b"])
def test_une_selection_qui_ne_nomme_aucune_ligne(admin, liste, cle):
    envoi = {"action": "delete_selected", "_selected_action": cle, "index": "0"}
    reponse = admin.post(f"/admin/{liste}/", envoi, follow=True)
    assert reponse.status_code == 200


@pytest.mark.parametrize("liste", LISTES)
@pytest.mark.parametrize(
    "filtre", ["date__year=9999", "date__year=" + "9" * 20, "cree_le__year=9999", "date__month=13", "p=99999", "o=zz"]
)
def test_un_filtre_qui_n_existe_pas(admin, liste, filtre):
    assert admin.get(f"/admin/{liste}/?{filtre}", follow=True).status_code in {200, 400}


def changer(client, compte, **droits):
    champs = {"email": compte.email, "prenom": compte.prenom, "nom": compte.nom, **droits}
    return client.post(f"/admin/comptes/utilisateur/{compte.pk}/change/", champs)


def test_le_dernier_administrateur_ne_perd_pas_ses_droits(admin):
    moi = Utilisateur.objects.get(is_superuser=True)
    assert "dernier administrateur" in changer(admin, moi, is_active="on", is_staff="on").content.decode()
    assert "dernier administrateur" in changer(admin, moi, is_staff="on", is_superuser="on").content.decode()
    UtilisateurFactory(agent=True, is_superuser=True)
    assert changer(admin, moi, is_active="on", is_staff="on").status_code == 302


def test_un_parent_ne_devient_pas_administrateur(admin):
    parent = Utilisateur.objects.get(is_staff=False)
    assert "d’abord un agent" in changer(admin, parent, is_active="on", is_superuser="on").content.decode()
    assert not Utilisateur.objects.get(pk=parent.pk).is_superuser


def test_un_rattachement_ne_se_supprime_que_depuis_sa_famille(client):
    rattachement = RattachementFactory()
    client.force_login(creer_agent(courriel="guichet@exemple.fr", role="guichet")[0])
    assert Group.objects.filter(name="guichet").exists()
    reponse = client.post(f"/admin/comptes/rattachement/{rattachement.pk}/delete/", {"post": "yes"})
    assert reponse.status_code == 403
    assert Rattachement.objects.filter(pk=rattachement.pk).exists()


@pytest.mark.parametrize(
    "suite",
    [
        "inscription/add/?rattachement=",
        "inscription/add/?activite=",
        "fermeture/add/?activite=",
        "activite/add/?ecole=",
    ],
)
@pytest.mark.parametrize("cle", ["zz", "9" * 30, "%00", "²", "-1"])
def test_un_lien_qui_nomme_autre_chose_qu_une_cle(admin, suite, cle):
    assert admin.get(f"/admin/reservations/{suite}{cle}").status_code == 200


@pytest.mark.parametrize("cle", ["zz", "9" * 30, "\0", "²"])
@pytest.mark.parametrize(
    ("page", "champ"),
    [
        ("reservations/inscription", "rattachement"),
        ("reservations/inscription", "activite"),
        ("reservations/fermeture", "activite"),
        ("reservations/activite", "ecole"),
        ("comptes/famille", "rattachements-0-enfant"),
        ("comptes/enfant", "rattachements-0-famille"),
    ],
)
def test_un_formulaire_qui_nomme_autre_chose_qu_une_cle(admin, page, champ, cle):
    formulaires = {
        f"{prefixe}-{compte}": "1"
        for prefixe in ("rattachements", "responsables", "tarifs")
        for compte in ("TOTAL_FORMS", "INITIAL_FORMS")
    } | {f"{prefixe}-INITIAL_FORMS": "0" for prefixe in ("rattachements", "responsables", "tarifs")}
    reponse = admin.post(f"/admin/{page}/add/", formulaires | {champ: cle})
    assert reponse.status_code == 200
    assert reponse.context["errors"]


def test_une_recherche_du_caractere_nul_ne_trouve_rien(admin):
    ou = "app_label=reservations&model_name=inscription&field_name=activite"
    reponse = admin.get(f"/admin/autocomplete/?{ou}&term=%00")
    assert reponse.json()["results"] == []


def test_aucun_objet_n_a_de_page_a_lui_hors_de_l_administration(admin):
    assert admin.get("/admin/r/1/1/").status_code == 404


def test_une_annee_n_ouvre_pas_apres_sa_fin(admin):
    envoi = {
        "libelle": "2026-2027", "debut": "01/09/2026", "fin": "02/07/2027", "source": "",
        "ouverture_0": "31/12/9999", "ouverture_1": "23:59",
        "periodes-TOTAL_FORMS": "0", "periodes-INITIAL_FORMS": "0",
    }  # fmt: skip
    reponse = admin.post("/admin/reservations/anneescolaire/add/", envoi)
    assert "ouvrent avant la fin" in reponse.content.decode()
