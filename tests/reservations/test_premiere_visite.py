"""First visit, the family's side: the request, the link, the papers, handing in; what is hostile; what is swept."""

import datetime as dt
import re

import pytest
from django.test import Client
from django.urls import reverse
from post_office.models import Email

from comptes.models import Famille, Utilisateur
from comptes.televersement import FichierLu
from reservations.models import EnfantDeLaDemande, PieceDeLaDemande, PremiereDemande
from reservations.services import premiere
from reservations.tasks import effacer_les_premieres_demandes
from tests.comptes.fichiers import envoi, pdf
from tests.factories import EcoleFactory, UtilisateurFactory

pytestmark = pytest.mark.django_db
ADRESSE = "/premiere-visite/"
ADULTE = {
    "prenom": "Nadia",
    "nom": "Faure",
    "courriel": "Nadia.Faure@Exemple.fr",
    "telephone": "06 12 34 56 78",
    "adresse": "3 rue Trivalle",
    "code_postal": "11000",
    "commune": "Carcassonne",
}
LOUIS = {"prenom": "Louis", "nom": "Faure", "naissance": "2019-05-02", "ecole": "0"}
Etat = PremiereDemande.Etat


@pytest.fixture(autouse=True)
def dossier(ouverture, settings, tmp_path):
    settings.DOCUMENTS = tmp_path / "documents"
    return settings.DOCUMENTS


def formulaire(*enfants, **champs) -> dict:
    enfants = enfants or (LOUIS,)
    lignes = {f"enfants-{n}-{nom}": v for n, enfant in enumerate(enfants) for nom, v in enfant.items()}
    return {**ADULTE, "enfants-TOTAL_FORMS": len(enfants), "enfants-INITIAL_FORMS": 0, **lignes, **champs}


def lien() -> str:
    """The path of the link in the latest letter."""
    return re.search(r"/premiere-visite/[\w-]+/", Email.objects.latest("pk").message)[0]


def commencer(client, *enfants, **champs) -> str:
    reponse = client.post(ADRESSE, formulaire(*enfants, **champs))
    assert (reponse.status_code, reponse.url) == (302, "/premiere-visite/envoyee/")
    return lien()


def dit(reponse) -> str:
    return " ".join(reponse.text.replace("\xa0", " ").split())


def joindre(client, adresse, contenu=None, **champs):
    fichier = envoi(pdf() if contenu is None else contenu)
    return client.post(adresse, {"geste": "joindre", "nature": "domicile", "fichier": fichier, **champs}, follow=True)


def fichiers(dossier):
    return [chemin for chemin in dossier.rglob("*") if chemin.is_file()]


# --- By the book ----------------------------------------------------------------------------------------------------
def test_de_la_page_de_connexion_a_la_demande_envoyee(client, dossier):
    ecole = EcoleFactory()
    assert ADRESSE in client.get("/connexion/").text
    deux = [{**LOUIS, "ecole": str(ecole.pk)}, {**LOUIS, "prenom": "Jade", "naissance": "2021-11-30"}]
    adresse = commencer(client, *deux)
    demande = PremiereDemande.objects.get()
    assert (demande.courriel, demande.etat) == ("nadia.faure@exemple.fr", Etat.A_CONFIRMER)
    assert list(demande.enfants.values_list("prenom", "ecole")) == [("Louis", ecole.pk), ("Jade", None)]
    page = client.get(adresse)
    assert "pas encore envoyée" in dit(page)
    demande.refresh_from_db()
    assert demande.etat == Etat.A_CONFIRMER  # a mail reader that opens links proves nothing
    assert "Votre document est joint" in dit(joindre(client, adresse))
    assert PieceDeLaDemande.objects.get().nature == "domicile"
    assert len(fichiers(dossier)) == 1
    assert "envoyée au guichet" in dit(client.post(adresse, {"geste": "envoyer"}, follow=True))
    demande.refresh_from_db()
    assert demande.etat == Etat.DEPOSEE
    assert "Envoyée le" in dit(client.get(adresse))
    assert not Utilisateur.objects.exists()
    assert not Famille.objects.exists()


def test_un_enfant_de_plus_sans_script_garde_ce_qui_est_ecrit(client):
    page = client.post(ADRESSE, formulaire(ajouter="1"))
    texte = dit(page)
    assert "Enfant 2" in texte
    assert 'value="Louis"' in page.text
    assert 'value="2019-05-02"' in page.text
    assert 'value="Nadia"' in page.text
    assert "invalid-feedback" not in page.text
    assert not PremiereDemande.objects.exists()


def test_un_cadre_laisse_vide_ne_compte_pas(client):
    commencer(client, LOUIS, {"prenom": "", "nom": "", "naissance": "", "ecole": "0"})
    assert EnfantDeLaDemande.objects.get().prenom == "Louis"


def test_huit_enfants_au_plus(client):
    assert "Ajouter un enfant" not in client.post(ADRESSE, formulaire(*[LOUIS] * 8, ajouter="1")).text
    assert "8 enfants au plus" in client.post(ADRESSE, formulaire(*[LOUIS] * 9)).text
    assert not PremiereDemande.objects.exists()


def test_qui_est_connecte_n_en_a_pas_besoin(client):
    client.force_login(UtilisateurFactory())
    assert client.get(ADRESSE).url == "/"


# --- Who knows what -------------------------------------------------------------------------------------------------
def test_une_adresse_connue_recoit_la_meme_reponse_et_une_autre_lettre(client):
    UtilisateurFactory(email="nadia.faure@exemple.fr")
    inconnue = client.post(ADRESSE, formulaire(courriel="autre@exemple.fr"))
    connue = client.post(ADRESSE, formulaire())
    assert (connue.status_code, connue.url) == (inconnue.status_code, inconnue.url)
    lettre = Email.objects.latest("pk")
    assert lettre.to == ["nadia.faure@exemple.fr"]
    assert "/connexion/" in lettre.message
    assert "/premiere-visite/" not in lettre.message


def test_la_premiere_lettre_ne_repete_rien_de_ce_qui_a_ete_tape(client):
    commencer(client, prenom="Gagnez", nom="http://pirate.example", adresse="<script>")
    lettre = Email.objects.get()
    for texte in (lettre.message, lettre.html_message):
        assert "Gagnez" not in texte
        assert "pirate" not in texte
        assert "<script>" not in texte


def test_une_demande_en_cours_garde_son_seul_lien(client):
    premier = commencer(client)
    client.post(premier, {"geste": "envoyer"})
    second = commencer(client)
    assert client.get(premier).status_code == 404
    assert "Envoyée le" in dit(client.get(second))
    assert PremiereDemande.objects.filter(etat=Etat.DEPOSEE).count() == 1


def test_de_deux_liens_de_la_meme_adresse_un_seul_aboutit(client):
    un, deux = commencer(client), commencer(client)
    client.post(un, {"geste": "envoyer"})
    assert "déjà en cours" in dit(client.post(deux, {"geste": "envoyer"}, follow=True))
    assert list(PremiereDemande.objects.order_by("pk").values_list("etat", flat=True)) == [
        Etat.DEPOSEE, Etat.A_CONFIRMER,
    ]  # fmt: skip


def test_les_limites_par_adresse_et_par_expediteur_se_taisent(client, monkeypatch, ouverture):
    for _ in range(premiere.PAR_ADRESSE + 2):
        assert client.post(ADRESSE, formulaire()).url == "/premiere-visite/envoyee/"
    assert Email.objects.count() == premiere.PAR_ADRESSE
    monkeypatch.setattr(premiere, "PAR_EXPEDITEUR", 6)
    for n in range(3):
        client.post(ADRESSE, formulaire(courriel=f"famille{n}@exemple.fr"))
    assert Email.objects.count() == premiere.PAR_ADRESSE + 1
    ouverture.shift(premiere.PERIODE + dt.timedelta(seconds=1))
    client.post(ADRESSE, formulaire())
    assert Email.objects.count() == premiere.PAR_ADRESSE + 2


@pytest.mark.parametrize("jeton", ["x", "a" * 43, "a" * 5000, "%00", "%F0%9F%90%9F", "..", "%ED%A0%80"])
def test_le_lien_d_un_inconnu_n_est_pas_trouve(client, jeton):
    commencer(client)
    for methode in (client.get, client.post):
        assert methode(f"{ADRESSE}{jeton}/").status_code in {302, 404}
        assert methode(f"{ADRESSE}{jeton}/").status_code != 500
    assert PremiereDemande.objects.get().etat == Etat.A_CONFIRMER


def test_la_piece_d_une_autre_demande_ne_se_retire_pas(client):
    un = commencer(client)
    joindre(client, un)
    autre = commencer(client, courriel="autre@exemple.fr")
    piece = PieceDeLaDemande.objects.get()
    assert "pas reconnu" in dit(client.post(autre, {"geste": "retirer", "piece": piece.pk}, follow=True))
    assert PieceDeLaDemande.objects.exists()
    assert "retiré" in dit(client.post(un, {"geste": "retirer", "piece": piece.pk}, follow=True))
    assert not PieceDeLaDemande.objects.exists()


def test_une_demande_envoyee_ne_change_plus(client):
    adresse = commencer(client)
    client.post(adresse, {"geste": "envoyer"})
    assert "ne change plus" in dit(joindre(client, adresse))
    assert "ne change plus" in dit(client.post(adresse, {"geste": "envoyer"}, follow=True))
    assert not PieceDeLaDemande.objects.exists()


def test_une_adresse_devenue_un_compte_se_connecte(client):
    adresse = commencer(client)
    UtilisateurFactory(email="nadia.faure@exemple.fr")
    assert "connectez-vous" in dit(client.post(adresse, {"geste": "envoyer"}, follow=True))
    assert PremiereDemande.objects.get().etat == Etat.A_CONFIRMER


# --- Hostile --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "champs",
    [
        {"courriel": ""},
        {"courriel": "pas une adresse"},
        {"courriel": "a@b.fr\nBcc: x@y.fr"},
        {"courriel": f"{'a' * 300}@exemple.fr"},
        {"prenom": "\0"},
        {"prenom": "x" * 61},
        {"nom": ""},
        {"telephone": "appelez-moi"},
        {"telephone": "0612"},
        {"telephone": "+" * 20},
        {"code_postal": "1100"},
        {"code_postal": "１１０００"},
        {"commune": ""},
        {"enfants-0-prenom": ""},
        {"enfants-0-naissance": ""},
        {"enfants-0-naissance": "hier"},
        {"enfants-0-naissance": "1900-01-01"},
        {"enfants-0-naissance": "2030-01-01"},
        {"enfants-0-naissance": "9" * 400},
        {"enfants-0-ecole": "999999"},
        {"enfants-0-ecole": "\0"},
        {"enfants-TOTAL_FORMS": "0"},
        {"enfants-TOTAL_FORMS": "100000"},
        {"enfants-TOTAL_FORMS": "abc"},
        {"enfants-TOTAL_FORMS": "-1"},
        {"enfants-INITIAL_FORMS": "x"},
        {"enfants-TOTAL_FORMS": "²", "ajouter": "1"},
        {"enfants-TOTAL_FORMS": "9" * 400, "ajouter": "1"},
        {"enfants-0-naissance": "\0", "ajouter": "1"},
    ],
)
def test_une_saisie_hostile_recoit_une_phrase(client, champs):
    reponse = client.post(ADRESSE, formulaire(**champs))
    assert reponse.status_code == 200
    if "ajouter" not in champs:
        assert "invalid-feedback" in reponse.text or "alerte erreur" in reponse.text
    assert not PremiereDemande.objects.exists()
    assert not Email.objects.exists()


def test_un_envoi_vide_recoit_une_phrase(client):
    assert client.post(ADRESSE, {}).status_code == 200
    assert not PremiereDemande.objects.exists()


@pytest.mark.parametrize(
    ("champs", "phrase"),
    [
        ({"nature": ""}, "Choisissez la nature du document."),
        ({"nature": "pai"}, "Choisissez dans la liste."),
        ({"nature": "\0"}, "Choisissez dans la liste."),
        ({"fichier": ""}, "Choisissez un fichier."),
        ({"fichier": envoi(b"")}, "Ce fichier est vide."),
        ({"fichier": envoi(b"<script>alert(1)</script>")}, "Ce fichier n’est pas"),
        ({"fichier": envoi(b"MZ" + b"0" * 99, "facture.exe")}, "Ce fichier n’est pas"),
    ],
)
def test_un_document_refuse_est_une_phrase_et_rien_n_est_garde(client, dossier, champs, phrase):
    assert phrase in dit(joindre(client, commencer(client), **champs))
    assert not PieceDeLaDemande.objects.exists()
    assert fichiers(dossier) == []


@pytest.mark.parametrize("geste", ["", "accepter", "\0", "ENVOYER"])
def test_un_bouton_inconnu_ne_fait_rien(client, geste):
    assert "pas reconnu" in dit(client.post(commencer(client), {"geste": geste}, follow=True))
    assert PremiereDemande.objects.get().etat == Etat.A_CONFIRMER


def test_dix_documents_au_plus_et_jamais_deux_fois_le_meme(client):
    commencer(client)
    demande = PremiereDemande.objects.get()
    for n in range(premiere.PIECES_AU_PLUS):
        lu = FichierLu(f"{n}.pdf", "application/pdf", b"%PDF", 4, str(n) * 64)
        premiere.joindre(demande=demande, nature="autre", lu=lu)
    adresse = lien()
    assert "a déjà 10 documents" in dit(joindre(client, adresse))
    PieceDeLaDemande.objects.filter(nom="9.pdf").delete()
    joindre(client, adresse)
    assert "déjà joint" in dit(joindre(client, adresse))


def test_sans_jeton_de_formulaire_rien_ne_passe():
    assert Client(enforce_csrf_checks=True).post(ADRESSE, formulaire()).status_code == 403


# --- The sweep ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("etat", "apres", "reste", "papiers"),
    [
        (Etat.A_CONFIRMER, dt.timedelta(days=6), True, True),
        (Etat.A_CONFIRMER, dt.timedelta(days=8), False, False),
        (Etat.A_COMPLETER, dt.timedelta(days=29), True, True),
        (Etat.A_COMPLETER, dt.timedelta(days=31), False, False),
        (Etat.DEPOSEE, dt.timedelta(days=360), True, True),
        (Etat.REFUSEE, dt.timedelta(days=29), True, True),
        (Etat.REFUSEE, dt.timedelta(days=31), True, False),
        (Etat.REFUSEE, dt.timedelta(days=366), False, False),
    ],
)
def test_le_menage(client, dossier, ouverture, etat, apres, reste, papiers, django_capture_on_commit_callbacks):
    commencer(client)
    demande = PremiereDemande.objects.get()
    if etat == Etat.A_CONFIRMER:
        piece = PieceDeLaDemande(demande=demande, nature="autre", nom="a", type_mime="b", taille=1, empreinte="c")
        piece.fichier.save("a", envoi(b"x"))
    else:
        joindre(client, lien())
    if etat in {Etat.DEPOSEE, Etat.REFUSEE}:
        premiere.deposer(demande=demande)
    if etat == Etat.REFUSEE:
        PremiereDemande.objects.update(etat=etat, traitee_le=premiere.timezone.now())
    ouverture.shift(apres)
    with django_capture_on_commit_callbacks(execute=True):
        effacer_les_premieres_demandes()
    assert PremiereDemande.objects.exists() == reste
    assert bool(fichiers(dossier)) == papiers


def test_le_lien_d_une_demande_perimee_n_est_plus_trouve(client, ouverture):
    adresse = commencer(client)
    ouverture.shift(premiere.A_CONFIRMER)
    assert client.get(adresse).status_code == 404


def test_une_page_de_plus_ne_coute_pas_plus_de_requetes(client, django_assert_max_num_queries):
    EcoleFactory.create_batch(5)
    with django_assert_max_num_queries(15):
        client.post(ADRESSE, formulaire(*[LOUIS] * 8))
    adresse = lien()
    with django_assert_max_num_queries(15):
        assert client.get(adresse).status_code == 200
    assert reverse("reservations:premiere_visite_suivi", args=["x"]) == f"{ADRESSE}x/"
