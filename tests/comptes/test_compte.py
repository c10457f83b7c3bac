"""« Mon compte famille »: telephones, the e-mail address, sessions, requests to the town, history."""

import datetime as dt
import re

import pytest
import time_machine
from django.contrib.admin.models import LogEntry
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from post_office.models import Email

from comptes.appareils import nommer
from comptes.models import (
    ChangementDeCourriel,
    Demande,
    Document,
    Notification,
    QuotientFamilial,
    SessionDuCompte,
    Utilisateur,
)
from comptes.regles import normaliser_telephone
from comptes.roles import creer_agent
from comptes.services.compte import confirmer_l_adresse
from comptes.services.demandes import accepter, demander_une_adresse_postale, refuser, retirer
from tests.comptes.fichiers import pdf as un_pdf
from tests.factories import MOT_DE_PASSE, FamilleFactory, ResponsableFactory, UtilisateurFactory

pytestmark = pytest.mark.django_db
MOIS = "2026-09-01"


@pytest.fixture
def lea():
    compte = UtilisateurFactory(email="lea@exemple.fr", avec_mot_de_passe=True, prenom="Léa", nom="Martin")
    return ResponsableFactory(utilisateur=compte, prenom="Léa", nom="Martin")


@pytest.fixture
def client_lea(lea, client):
    client.post("/connexion/", {"identifiant": "lea@exemple.fr", "mot_de_passe": MOT_DE_PASSE})
    return client


@pytest.fixture
def guichet():
    agent, _ = creer_agent(courriel="guichet@exemple.fr", role="guichet", prenom="Odile", nom="Sarda")
    return agent


def texte(reponse) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", reponse.content.decode()).replace("\N{NO-BREAK SPACE}", " ").split())


@pytest.fixture
def pdf() -> bytes:
    return un_pdf()


# --- Telephones ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("saisi", "garde"),
    [
        ("0612345678", "06 12 34 56 78"),
        ("+33 6 12 34 56 78", "06 12 34 56 78"),
        ("00 33 (0)4.68.00.00.00", "04 68 00 00 00"),
        ("+41 22 730 61 11", "+41227306111"),
        ("06 12", None),
        ("+33 12", None),
        ("bonjour", None),
        ("0612345678 ou 79", None),
    ],
)
def test_un_numero_a_une_seule_ecriture(saisi, garde):
    assert normaliser_telephone(saisi) == garde


def test_les_telephones_changent_tout_de_suite(lea, client_lea):
    page = client_lea.post("/compte/telephones/", {"foyer": "0468112233", f"responsable-{lea.pk}": "+33612345678"})
    assert page.url == "/compte/"
    lea.refresh_from_db()
    assert (lea.famille.telephone, lea.telephone) == ("04 68 11 22 33", "06 12 34 56 78")
    assert "2 numéros changés" in texte(client_lea.get("/compte/"))


def test_un_numero_faux_ne_change_rien_du_reste(lea, client_lea):
    page = client_lea.post("/compte/telephones/", {"foyer": "0468112233", f"responsable-{lea.pk}": "12"})
    assert "Saisissez un numéro complet" in texte(page)
    lea.famille.refresh_from_db()
    assert lea.famille.telephone == "04 68 00 00 00"


def test_le_telephone_d_un_autre_foyer_ne_se_change_pas(lea, client_lea):
    autre = ResponsableFactory(telephone="06 00 00 00 00")
    client_lea.post("/compte/telephones/", {"foyer": "", f"responsable-{autre.pk}": "0612345678"})
    autre.refresh_from_db()
    assert autre.telephone == "06 00 00 00 00"


@pytest.mark.parametrize("chemin", ["telephones/", "demandes/adresse/", "demandes/quotient/", "historique/"])
def test_sans_foyer_ces_pages_n_existent_pas(client, chemin):
    client.force_login(UtilisateurFactory())
    assert client.get(f"/compte/{chemin}").status_code == 404
    assert client.get("/compte/").status_code == 200


# --- The e-mail address ----------------------------------------------------------------------------------------------
def lien_envoye(adresse: str) -> str:
    message = Email.objects.filter(to=adresse).latest("pk").message
    return re.search(r"/compte/adresse-electronique/\S+/", message)[0]


def demander(client, adresse="neuve@exemple.fr", ancien=MOT_DE_PASSE):
    return client.post("/compte/adresse-electronique/", {"courriel": adresse, "ancien": ancien})


def test_l_adresse_change_quand_le_lien_envoye_a_la_nouvelle_est_confirme(lea, client_lea):
    assert demander(client_lea, " Neuve@Exemple.fr ").url == "/compte/"
    assert Utilisateur.objects.get(pk=lea.utilisateur_id).email == "lea@exemple.fr"
    assert "neuve@exemple.fr" in Email.objects.get(to="lea@exemple.fr").message
    lien = lien_envoye("neuve@exemple.fr")
    ailleurs = Client()
    assert "devient" in texte(ailleurs.get(lien))
    assert Utilisateur.objects.filter(email="lea@exemple.fr").exists()  # a mail reader opened the link: nothing changed
    assert ailleurs.post(lien).url == "/connexion/"
    assert Utilisateur.objects.get(pk=lea.utilisateur_id).email == "neuve@exemple.fr"
    assert Email.objects.filter(to="lea@exemple.fr", subject__contains="a changé").exists()
    entree = ailleurs.post("/connexion/", {"identifiant": "neuve@exemple.fr", "mot_de_passe": MOT_DE_PASSE})
    assert entree.url == "/"


def test_le_lien_ne_sert_qu_une_fois(lea, client_lea):
    demander(client_lea)
    lien = lien_envoye("neuve@exemple.fr")
    client_lea.post(lien)
    assert client_lea.post(lien).status_code == 404
    assert client_lea.get(lien).status_code == 404


def test_le_lien_finit_apres_un_jour_et_quand_un_autre_le_remplace(lea, client_lea):
    with time_machine.travel(timezone.now(), tick=False) as horloge:
        demander(client_lea)
        premier = lien_envoye("neuve@exemple.fr")
        horloge.shift(dt.timedelta(minutes=3))
        demander(client_lea, "autre@exemple.fr")
        assert client_lea.get(premier).status_code == 404
        dernier = lien_envoye("autre@exemple.fr")
        horloge.shift(dt.timedelta(hours=24))
        assert Client().get(dernier).status_code == 404


def test_deux_liens_en_deux_minutes_non(lea, client_lea):
    demander(client_lea)
    assert "Attendez deux minutes" in texte(demander(client_lea, "autre@exemple.fr"))
    assert not Email.objects.filter(to="autre@exemple.fr").exists()


@pytest.mark.parametrize(
    ("adresse", "ancien", "mots"),
    [
        ("neuve@exemple.fr", "faux", "Ce n’est pas votre mot de passe actuel"),
        ("neuve@exemple.fr", "", "Saisissez le mot de passe"),
        ("pas une adresse", MOT_DE_PASSE, "Saisissez une adresse e-mail complète"),
        ("LEA@exemple.fr", MOT_DE_PASSE, "C’est déjà votre adresse"),
        ("a@b\ncc:x@exemple.fr", MOT_DE_PASSE, "Saisissez une adresse e-mail complète"),
    ],
)
def test_un_changement_refuse_est_une_phrase_et_n_envoie_rien(lea, client_lea, adresse, ancien, mots):
    assert mots in texte(demander(client_lea, adresse, ancien))
    assert not ChangementDeCourriel.objects.exists()
    assert not Email.objects.exists()


def test_une_adresse_prise_repond_pareil_et_le_dit_a_son_titulaire_seulement(lea, client_lea):
    UtilisateurFactory(email="prise@exemple.fr")
    assert demander(client_lea, "prise@exemple.fr").url == "/compte/"
    recu = Email.objects.get(to="prise@exemple.fr")
    assert "déjà celle d’un compte" in recu.message
    assert "/compte/adresse-electronique/" not in recu.message


def test_une_adresse_prise_entre_temps_ne_change_rien(lea, client_lea):
    demander(client_lea)
    jeton = lien_envoye("neuve@exemple.fr").rstrip("/").rpartition("/")[2]
    UtilisateurFactory(email="neuve@exemple.fr")
    assert confirmer_l_adresse(jeton) is None
    assert Utilisateur.objects.get(pk=lea.utilisateur_id).email == "lea@exemple.fr"


def test_un_agent_ne_change_pas_son_adresse(client):
    agent = UtilisateurFactory(agent=True, avec_mot_de_passe=True)
    client.force_login(agent)
    assert "un administrateur change son adresse" in texte(demander(client))


# --- Sessions open elsewhere -----------------------------------------------------------------------------------------
ANDROID = "Mozilla/5.0 (Android 14; Mobile; rv:126.0) Gecko/126.0 Firefox/126.0"


@pytest.mark.parametrize(
    ("signature", "nom"),
    [
        (ANDROID, "Firefox, téléphone ou tablette Android"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) Version/17.4 Mobile/15E148 Safari/604.1",
            "Safari, iPhone",
        ),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/124.0 Safari/537.36 Edg/124.0", "Edge, Windows"),
        ("", "Appareil inconnu"),
        ("<script>alert(1)</script>", "Appareil inconnu"),
    ],
)
def test_un_appareil_a_un_nom(signature, nom):
    assert nommer(signature) == nom


@pytest.fixture
def ailleurs(lea):
    autre = Client(headers={"user-agent": ANDROID})
    autre.post("/connexion/", {"identifiant": "lea@exemple.fr", "mot_de_passe": MOT_DE_PASSE})
    return autre


def test_une_session_ouverte_ailleurs_se_voit_et_se_ferme(client_lea, ailleurs):
    page = client_lea.get("/compte/")
    assert "Firefox, téléphone ou tablette Android" in texte(page)
    assert ailleurs.session.session_key not in page.content.decode()
    repere = re.search(r'name="session" value="(\w+)"', page.content.decode())[1]
    client_lea.post("/compte/sessions/", {"session": repere})
    assert ailleurs.get("/compte/").status_code == 302
    assert client_lea.get("/compte/").status_code == 200
    assert "sur aucun autre appareil" in texte(client_lea.get("/compte/"))


def test_la_session_d_un_autre_ne_se_ferme_pas(client_lea, ailleurs):
    etranger = Client()
    etranger.force_login(UtilisateurFactory())
    page = client_lea.get("/compte/").content.decode()
    etranger.post("/compte/sessions/", {"session": re.search(r'name="session" value="(\w+)"', page)[1]})
    etranger.post("/compte/sessions/")
    assert ailleurs.get("/compte/").status_code == 200


def test_tout_deconnecter_garde_cette_session(lea, client_lea, ailleurs):
    client_lea.post("/compte/sessions/")
    assert SessionDuCompte.objects.filter(utilisateur=lea.utilisateur).count() == 1
    assert client_lea.get("/compte/").status_code == 200


# --- Requests --------------------------------------------------------------------------------------------------------
ADRESSE = {"adresse": "3 rue du Pont Vieux", "code_postal": "11000", "commune": "Carcassonne"}


def test_un_changement_d_adresse_attend_un_agent(lea, client_lea, guichet):
    assert client_lea.post("/compte/demandes/adresse/", ADRESSE).url == "/compte/"
    lea.famille.refresh_from_db()
    assert lea.famille.adresse == "12 rue de Verdun"
    demande = Demande.objects.get()
    page = texte(client_lea.get("/compte/"))
    assert "en attente" in page
    assert "3 rue du Pont Vieux" in page
    agent = Client()
    agent.force_login(guichet)
    adresse = f"/admin/comptes/demande/{demande.pk}/change/"
    assert "3 rue du Pont Vieux" in texte(agent.get(adresse))
    agent.post(adresse, {"reponse": "Bienvenue au centre.", "_accepter": "Accepter"})
    lea.famille.refresh_from_db()
    assert lea.famille.adresse == "3 rue du Pont Vieux"
    assert "Bienvenue au centre." in texte(client_lea.get("/compte/"))
    assert Notification.objects.get(destinataire=lea).categorie == "demandes"
    assert "acceptée" in Email.objects.get(to="lea@exemple.fr").message
    assert LogEntry.objects.get(object_id=str(demande.pk)).change_message == "Demande acceptée"


def test_un_refus_a_une_raison(lea, client_lea, guichet):
    client_lea.post("/compte/demandes/adresse/", ADRESSE)
    demande = Demande.objects.get()
    agent = Client()
    agent.force_login(guichet)
    adresse = f"/admin/comptes/demande/{demande.pk}/change/"
    assert "Dites à la famille pourquoi" in texte(agent.post(adresse, {"reponse": " ", "_refuser": "Refuser"}))
    agent.post(adresse, {"reponse": "Le justificatif manque.", "_refuser": "Refuser"})
    demande.refresh_from_db()
    assert (demande.etat, demande.traitee_par) == ("refusee", guichet)
    lea.famille.refresh_from_db()
    assert lea.famille.adresse == "12 rue de Verdun"


@pytest.mark.parametrize("bouton", [{}, {"_save": "1"}, {"_continue": "1"}])
def test_un_envoi_sans_accepter_ni_refuser_ne_repond_rien(lea, client_lea, guichet, bouton):
    client_lea.post("/compte/demandes/adresse/", ADRESSE)
    demande = Demande.objects.get()
    agent = Client()
    agent.force_login(guichet)
    page = agent.post(f"/admin/comptes/demande/{demande.pk}/change/", {"reponse": "Vu.", **bouton})
    assert "rien n’a été répondu" in texte(page)
    demande.refresh_from_db()
    lea.famille.refresh_from_db()
    assert (demande.etat, lea.famille.adresse) == ("deposee", "12 rue de Verdun")


def test_une_demande_n_a_qu_une_reponse(lea, guichet):
    demande = demander_une_adresse_postale(famille=lea.famille, par=lea.utilisateur, justificatif=None, **ADRESSE)
    accepter(demande=demande, agent=guichet)
    for verbe in (
        lambda: refuser(demande=demande, agent=guichet, mot="non"),
        lambda: accepter(demande=demande, agent=guichet),
        lambda: retirer(demande=demande, par=lea.utilisateur),
    ):
        with pytest.raises(ValidationError, match="déjà acceptée"):
            verbe()


def test_une_seule_demande_attend_a_la_fois(lea, client_lea):
    client_lea.post("/compte/demandes/adresse/", ADRESSE)
    page = client_lea.post("/compte/demandes/adresse/", {**ADRESSE, "adresse": "4 rue du Pont Vieux"})
    assert "attend déjà sa réponse" in texte(page)
    assert Demande.objects.count() == 1


def test_une_demande_se_retire_par_son_foyer_et_par_lui_seul(lea, client_lea):
    client_lea.post("/compte/demandes/adresse/", ADRESSE)
    demande = Demande.objects.get()
    etranger = Client()
    etranger.force_login(ResponsableFactory().utilisateur)
    assert etranger.post(f"/compte/demandes/{demande.pk}/retirer/").status_code == 404
    client_lea.post(f"/compte/demandes/{demande.pk}/retirer/")
    demande.refresh_from_db()
    assert demande.etat == "retiree"


@pytest.mark.parametrize(
    ("champs", "mots"),
    [
        ({"code_postal": "1100"}, "Un code postal a cinq chiffres"),
        ({"code_postal": "1100\n0"}, "Un code postal a cinq chiffres"),
        ({"adresse": ""}, "Saisissez le numéro et la rue"),
        ({"adresse": "x" * 201}, "200 caractères"),
        ({"commune": "\0"}, "nul"),
        ({"adresse": "12 rue de Verdun"}, "C’est déjà votre adresse"),
    ],
)
def test_une_adresse_fausse_est_une_phrase(lea, client_lea, champs, mots):
    page = client_lea.post("/compte/demandes/adresse/", {**ADRESSE, **champs})
    assert mots in texte(page)
    assert not Demande.objects.exists()


@time_machine.travel(dt.datetime(2026, 10, 5, 12, tzinfo=dt.UTC), tick=False)
def test_un_quotient_est_verifie_par_un_agent_sur_l_attestation(lea, client_lea, guichet, pdf):
    envoi = {"valeur": "845", "mois": MOIS, "piece": SimpleUploadedFile("caf.pdf", pdf, "application/pdf")}
    assert client_lea.post("/compte/demandes/quotient/", envoi).url == "/compte/"
    demande = Demande.objects.get()
    assert demande.piece == Document.objects.get(famille=lea.famille, nature="quotient")
    assert not QuotientFamilial.objects.exists()
    accepter(demande=demande, agent=guichet)
    quotient = QuotientFamilial.objects.get()
    assert (quotient.valeur, quotient.mois, quotient.source) == (845, dt.date(2026, 9, 1), "document")
    assert "845 €, depuis septembre 2026" in texte(client_lea.get("/compte/"))


@time_machine.travel(dt.datetime(2026, 10, 5, 12, tzinfo=dt.UTC), tick=False)
@pytest.mark.parametrize(
    ("champs", "mots"),
    [
        ({"valeur": "-1"}, "n’est pas négatif"),
        ({"valeur": "1000000000"}, "trop grand"),
        ({"valeur": "12,5"}, "nombre entier d’euros"),
        ({"valeur": "NaN"}, "nombre entier d’euros"),
        ({"mois": "2019-01-01"}, "mois de la liste"),
        ({"mois": "2026-09-31"}, "mois de la liste"),
        ({"piece": b""}, "vide"),
        ({"piece": b"<html>"}, "pas"),
    ],
)
def test_un_quotient_faux_est_une_phrase_et_ne_garde_rien(lea, client_lea, champs, mots, pdf):
    contenu = champs.get("piece", pdf)
    envoi = {
        "valeur": "845",
        "mois": MOIS,
        **champs,
        "piece": SimpleUploadedFile("caf.pdf", contenu, "application/pdf"),
    }
    assert mots in texte(client_lea.post("/compte/demandes/quotient/", envoi))
    assert not Demande.objects.exists()
    assert not Document.objects.exists()


def test_un_quotient_sans_attestation_n_est_pas_recu(lea, client_lea):
    page = client_lea.post("/compte/demandes/quotient/", {"valeur": "845", "mois": timezone.localdate().replace(day=1)})
    assert "Choisissez un fichier" in texte(page)
    assert not Demande.objects.exists()


# --- History ---------------------------------------------------------------------------------------------------------
def test_l_historique_dit_qui_a_change_quoi(lea, client_lea, guichet):
    autre = ResponsableFactory(famille=lea.famille, rang=2, prenom="Paul", utilisateur__prenom="Paul")
    client_lea.post(
        "/compte/telephones/", {"foyer": "0468112233", f"responsable-{lea.pk}": "", f"responsable-{autre.pk}": ""}
    )
    accepter(
        demande=demander_une_adresse_postale(famille=lea.famille, par=lea.utilisateur, justificatif=None, **ADRESSE),
        agent=guichet,
    )
    page = texte(client_lea.get("/compte/historique/"))
    assert "téléphone 04 68 00 00 00 → 04 68 11 22 33" in page
    assert "par vous" in page
    assert "12 rue de Verdun → 3 rue du Pont Vieux" in page
    assert "par la mairie" in page
    assert "Sarda" not in page
    vue_par_l_autre = Client()
    vue_par_l_autre.force_login(autre.utilisateur)
    assert "par Léa Martin" in texte(vue_par_l_autre.get("/compte/historique/"))


@pytest.mark.parametrize("valeur", [0, 1, 812])
def test_l_historique_dit_le_premier_quotient_comme_sa_correction(lea, client_lea, guichet, valeur):
    quotient = QuotientFamilial.objects.create(
        famille=lea.famille, mois=dt.date(2026, 9, 1), valeur=valeur, saisi_par=guichet
    )
    assert f"vide → {valeur}" in texte(client_lea.get("/compte/historique/"))
    QuotientFamilial.objects.filter(pk=quotient.pk).update(valeur=900)
    page = texte(client_lea.get("/compte/historique/"))
    assert f"{valeur} → 900" in page
    assert "vide → 12 rue de Verdun" not in page  # the opening of the file is no change


def test_l_historique_ne_dit_rien_d_un_autre_foyer(lea, client_lea):
    etranger = FamilleFactory(telephone="06 99 99 99 99")
    etranger.telephone = "06 88 88 88 88"
    etranger.save()
    assert "06 88" not in texte(client_lea.get("/compte/historique/"))


def test_le_nombre_de_requetes_du_compte_ne_depend_ni_des_sessions_ni_des_demandes(
    lea, client_lea, guichet, django_assert_max_num_queries
):
    with django_assert_max_num_queries(15):
        client_lea.get("/compte/")
    for _ in range(6):
        Client().post("/connexion/", {"identifiant": "lea@exemple.fr", "mot_de_passe": MOT_DE_PASSE})
        demande = demander_une_adresse_postale(famille=lea.famille, par=lea.utilisateur, justificatif=None, **ADRESSE)
        retirer(demande=demande, par=lea.utilisateur)
    with django_assert_max_num_queries(15):
        client_lea.get("/compte/")
