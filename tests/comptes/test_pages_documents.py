"""« Documents »: given, read again, deleted by the household; opened by the roles that need them, nobody else."""

import datetime as dt
import tempfile
from pathlib import Path

import pytest
import time_machine
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from comptes.models import Document, DocumentDeLaVille
from comptes.regles_documents import validite
from comptes.services.documents import deposer
from comptes.televersement import FichierLu
from tests.administration import agent, envoyer
from tests.comptes.fichiers import envoi, image, pdf, pdf_a_flux, pdf_chiffre, png_immense, zip_avec
from tests.factories import INSTANT, EnfantFactory, RattachementFactory, ResponsableFactory, UtilisateurFactory
from tests.portail.html import Page

pytestmark = pytest.mark.django_db
PAGE = "/documents/"
JOUR = dt.date(2026, 7, 15)


@pytest.fixture(autouse=True)
def dossier(settings, tmp_path):
    settings.DOCUMENTS = tmp_path / "documents"
    with time_machine.travel(INSTANT, tick=False):
        yield settings.DOCUMENTS


@pytest.fixture
def rattachement():
    return RattachementFactory(famille=ResponsableFactory().famille)


@pytest.fixture
def parent(rattachement):
    return connecte(rattachement.famille.responsables.get().utilisateur)


def connecte(utilisateur) -> Client:
    client = Client()
    client.force_login(utilisateur)
    return client


def papier(rattachement, nature="assurance", nom="Attestation.pdf", **champs) -> Document:
    lu = FichierLu(nom, "application/pdf", f"%PDF {nature} {nom}".encode(), 20, f"{nature}{nom}"[:64])
    champs = {"enfant": rattachement.enfant, "par": None, **champs}
    return deposer(famille=rattachement.famille, nature=nature, lu=lu, **champs)


def fichiers(dossier: Path) -> list[Path]:
    return [chemin for chemin in dossier.rglob("*") if chemin.is_file()]


def donner(client, contenu=None, nom="Attestation.pdf", declare="application/pdf", **champs):
    fichier = envoi(pdf() if contenu is None else contenu, nom, declare)
    return client.post(PAGE, {"nature": "assurance", "fichier": fichier, **champs})


@pytest.mark.parametrize(
    ("expire_le", "code", "phrase"),
    [
        (None, "sans-fin", "Sans date de fin"),
        (dt.date(2026, 7, 14), "expire", "Expiré depuis le 14/07/2026"),
        (dt.date(2026, 7, 15), "bientot", "Expire aujourd’hui"),
        (dt.date(2026, 8, 14), "bientot", "Expire bientôt"),
        (dt.date(2026, 8, 15), "valable", "Valable jusqu’au 15/08/2026"),
    ],
)
def test_the_end_of_a_paper_is_said_in_words(expire_le, code, phrase):
    dit = validite(expire_le, JOUR)
    assert dit.code == code
    assert phrase in dit.phrase


# --- The household ---------------------------------------------------------------------------------------------------
def test_a_parent_gives_a_paper_and_reads_it_again(parent, rattachement, dossier):
    reponse = donner(parent, pour=rattachement.enfant.pk, expire_le="2027-08-31")
    assert reponse["Location"] == PAGE
    document = Document.objects.get()
    assert (document.famille, document.enfant) == (rattachement.famille, rattachement.enfant)
    assert document.expire_le == dt.date(2027, 8, 31)
    assert document.depose_par == rattachement.famille.responsables.get().utilisateur
    page = Page(parent.get(PAGE))
    texte = page.texte.replace("\xa0", " ")
    for mot in (
        str(rattachement.enfant),
        "Assurance scolaire",
        "Valable jusqu’au 31/08/2027",
        "Attestation.pdf",
        "Camille",
    ):
        assert mot in texte
    assert not page.code_dans_la_page()
    recu = parent.get(reverse("comptes:telecharger_document", args=[document.pk]))
    assert b"".join(recu.streaming_content) == pdf()
    assert recu["Content-Disposition"] == 'attachment; filename="Attestation.pdf"'
    assert recu["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in recu["Content-Security-Policy"]
    assert "no-store" in recu["Cache-Control"]


def test_the_form_says_what_it_takes(parent):
    (champ,) = [a for a in Page(parent.get(PAGE)).attributs("input") if a.get("type") == "file"]
    assert {".pdf", "image/jpeg", "image/heic"} <= set(champ["accept"].split(","))
    (formulaire,) = [a for a in Page(parent.get(PAGE)).attributs("form") if a.get("enctype")]
    assert formulaire["enctype"] == "multipart/form-data"


@pytest.mark.parametrize(
    ("champs", "phrase"),
    [
        ({"contenu": b""}, "Ce fichier est vide"),
        ({"contenu": b"MZ"}, "n’est pas un PDF ou une photo"),
        ({"contenu": image("PNG")}, "sous son vrai type"),
        ({"contenu": pdf_chiffre()}, "protégé par un mot de passe"),
        ({"contenu": pdf() + zip_avec()}, "contient autre chose qu’un PDF"),
        ({"contenu": pdf_a_flux(b"(" + bytes(50_000_000) + b")")}, "est abîmé"),
        ({"contenu": png_immense(), "nom": "a.png", "declare": "image/png"}, "trop grande"),
        ({"nature": ""}, "Choisissez la nature"),
        ({"nature": "virus"}, "Choisissez dans la liste"),
        ({"pour": "999999"}, "Choisissez dans la liste"),
        ({"pour": "\x00"}, "Choisissez dans la liste"),
        ({"expire_le": "demain"}, "Saisissez une date"),
        ({"expire_le": "2020-01-01"}, "plus valable"),
        ({"nature": "pai"}, "choisissez lequel"),
    ],
)
def test_a_refusal_is_a_sentence_and_keeps_nothing(parent, dossier, champs, phrase):
    reponse = donner(parent, **champs)
    assert reponse.status_code == 200
    assert phrase in Page(reponse).texte
    assert not Document.objects.exists()
    assert not fichiers(dossier)


def test_a_name_with_a_path_is_kept_without_it(parent, dossier):
    donner(parent, nom="..\\..\\fen\u202eetre\x00.pdf")
    assert Document.objects.get().nom == "fenetre.pdf"
    (fichier,) = fichiers(dossier)
    assert fichier.is_relative_to(dossier)


def test_a_form_without_a_file_or_with_words_for_a_file_is_a_sentence(parent):
    for corps in ({"nature": "autre"}, {"nature": "autre", "fichier": "C:\\attestation.pdf"}):
        assert "Choisissez un fichier" in Page(parent.post(PAGE, corps)).texte


def test_the_same_paper_twice_is_said(parent):
    donner(parent)
    assert "déjà déposé" in Page(donner(parent)).texte
    assert Document.objects.count() == 1


def test_a_file_somewhat_too_large_is_a_sentence_of_the_form(parent, settings, dossier):
    settings.DOCUMENT_OCTETS_AU_PLUS = 3_000_000
    assert "trop lourd" in Page(donner(parent, b"%PDF-1.7" + bytes(3_000_000))).texte
    assert not fichiers(dossier)


def test_half_a_gigabyte_is_refused_before_a_byte_is_read(parent, monkeypatch, tmp_path):
    class Corps:
        def read(self, *_):
            pytest.fail("read")

        readline = read

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    reponse = parent.generic(
        "POST",
        PAGE,
        **{"wsgi.input": Corps(), "CONTENT_LENGTH": "500000000", "CONTENT_TYPE": "multipart/form-data; boundary=x"},
    )
    assert reponse.status_code == 413
    assert "10 Mo au plus" in Page(reponse).texte
    assert list(tmp_path.iterdir()) == []


def test_a_paper_is_deleted_after_a_question(parent, rattachement, dossier, django_capture_on_commit_callbacks):
    document = papier(rattachement)
    adresse = reverse("comptes:supprimer_document", args=[document.pk])
    assert "Attestation.pdf" in Page(parent.get(adresse)).texte
    assert Document.objects.exists()
    with django_capture_on_commit_callbacks(execute=True):
        assert parent.post(adresse)["Location"] == PAGE
    assert not Document.objects.exists()
    assert not fichiers(dossier)


def test_nobody_else_finds_the_paper(rattachement):
    document = papier(rattachement)
    separe = RattachementFactory(famille=ResponsableFactory().famille, enfant=rattachement.enfant)
    autres = [
        separe.famille.responsables.get().utilisateur,
        ResponsableFactory().utilisateur,
        UtilisateurFactory(agent=True),
    ]
    for client in map(connecte, autres):
        for nom in ("telecharger_document", "supprimer_document"):
            assert client.get(reverse(f"comptes:{nom}", args=[document.pk])).status_code == 404
        assert client.post(reverse("comptes:supprimer_document", args=[document.pk])).status_code == 404
        assert "Attestation.pdf" not in Page(client.get(PAGE)).texte
    assert Document.objects.exists()
    for cle in (2**63, 10**30):
        assert connecte(autres[0]).get(f"/documents/{cle}/").status_code == 404
    assert Client().get(PAGE)["Location"].startswith("/connexion/")


def test_a_child_of_another_household_takes_no_paper(parent, dossier):
    assert "Choisissez dans la liste" in Page(donner(parent, pour=EnfantFactory().pk)).texte
    assert not fichiers(dossier)


def test_a_login_without_household_gives_nothing(dossier):
    client = connecte(UtilisateurFactory())
    assert "rattaché à aucune famille" in Page(donner(client)).texte
    assert not fichiers(dossier)


def test_a_file_lost_by_the_safe_is_not_found(parent, rattachement, dossier):
    document = papier(rattachement)
    fichiers(dossier)[0].unlink()
    assert parent.get(reverse("comptes:telecharger_document", args=[document.pk])).status_code == 404


def test_the_page_costs_the_same_for_one_paper_and_for_many(parent, rattachement):
    def cout():
        with CaptureQueriesContext(connection) as requetes:
            assert parent.get(PAGE).status_code == 200
        return len(requetes)

    papier(rattachement)
    parent.get(PAGE)  # the first request of a session writes it
    un = cout()
    for n in range(20):
        papier(rattachement, nom=f"{n}.pdf", par=rattachement.famille.responsables.get().utilisateur)
    assert cout() == un <= 15


# --- Agents ----------------------------------------------------------------------------------------------------------
LUES = {
    "guichet": {"assurance": 200, "quotient": 200, "pai": 404},
    "cantine": {"assurance": 404, "quotient": 404, "pai": 200},
    "regie": {"assurance": 404, "quotient": 200, "pai": 404},
    "admin": {"assurance": 200, "quotient": 200, "pai": 404},
}


@pytest.mark.parametrize("role", LUES)
def test_a_role_opens_the_papers_that_it_works_with_and_the_journal_tells(role, rattachement):
    client = agent(role)
    for nature, attendu in LUES[role].items():
        document = papier(rattachement, nature, nom="Canari allergie.pdf")
        avant = LogEntry.objects.count()
        reponse = client.get(reverse("admin:comptes_document_telecharger", args=[document.pk]))
        assert reponse.status_code == attendu
        if attendu == 200:
            assert b"".join(reponse.streaming_content).startswith(b"%PDF")
        fiche = client.get(reverse("admin:comptes_document_change", args=[document.pk]))
        assert fiche.status_code == (200 if attendu == 200 else 302)
        assert "Canari" not in fiche.content.decode()
        traces = LogEntry.objects.count() - avant
        assert traces == (attendu == 200)
    liste = client.get(reverse("admin:comptes_document_changelist")).content.decode()
    assert "Canari" not in liste
    assert liste.count("/telecharger/") == sum(code == 200 for code in LUES[role].values())
    trace = LogEntry.objects.latest("pk")
    assert trace.user.email == f"{role}@exemple.fr"
    assert trace.change_message == "Document téléchargé"
    assert "Canari" not in trace.object_repr


def test_a_parent_does_not_open_the_agents_address(parent, rattachement):
    document = papier(rattachement)
    assert parent.get(reverse("admin:comptes_document_telecharger", args=[document.pk])).status_code in {302, 403}


# --- The town --------------------------------------------------------------------------------------------------------
def publier(client, contenu=None, nom="Fiche d'inscription.pdf", **champs):
    url = reverse("admin:comptes_documentdelaville_add")
    fichier = envoi(pdf() if contenu is None else contenu, nom)
    return envoyer(client, url, titre="Fiche d’inscription", fichier=fichier, **champs)


def test_the_town_publishes_a_paper_that_everyone_reads(dossier):
    publier(agent("guichet"))
    document = DocumentDeLaVille.objects.get()
    assert (document.type_mime, document.taille) == ("application/pdf", len(pdf()))
    visiteur = Client()
    page = Page(visiteur.get("/documents-de-la-ville/"))
    assert "Fiche d’inscription" in page.texte
    adresse = reverse("comptes:document_de_la_ville", args=[document.pk])
    assert adresse in page.liens()
    recu = visiteur.get(adresse)
    assert b"".join(recu.streaming_content) == pdf()
    assert recu["Content-Disposition"].startswith("attachment")
    document.publie = False
    document.save()
    assert visiteur.get(adresse).status_code == 404
    assert "Fiche" not in Page(visiteur.get("/documents-de-la-ville/")).texte


def test_a_hostile_paper_of_an_agent_is_refused_too(dossier):
    reponse = publier(agent("guichet"), b"<html>")
    assert "n’est pas un PDF ou une photo" in reponse.content.decode()
    assert not DocumentDeLaVille.objects.exists()
    assert not fichiers(dossier)


def test_a_paper_of_the_town_is_replaced_or_kept(dossier):
    client = agent("guichet")
    publier(client)
    document = DocumentDeLaVille.objects.get()
    ancien, url = document.fichier.name, reverse("admin:comptes_documentdelaville_change", args=[document.pk])
    envoyer(client, url, titre="Autre titre", fichier=None)
    document.refresh_from_db()
    assert (document.titre, document.fichier.name) == ("Autre titre", ancien)
    envoyer(client, url, fichier=envoi(pdf(pages=3), "nouveau.pdf"))
    document.refresh_from_db()
    assert (document.nom, document.taille) == ("nouveau.pdf", len(pdf(pages=3)))
    assert document.fichier.name != ancien
