"""« Mes données »: all that the portal holds on the household, nothing of another, after the password."""

import datetime as dt
import io
import json
import zipfile
from decimal import Decimal
from urllib.parse import quote

import pytest
import time_machine
from django.apps import apps
from django.core import mail
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from post_office.models import Email

from comptes.models import (
    Autorisation,
    Contact,
    Demande,
    Enfant,
    Famille,
    FicheCantine,
    Notification,
    QuotientFamilial,
    Texte,
    Utilisateur,
    VersionDeTexte,
)
from comptes.services.documents import deposer
from comptes.televersement import FichierLu
from facturation.services.encaisser import encaisser
from portail.donnees import EXCLUS, SECTIONS, archive
from portail.effacement import accepter_l_effacement
from portail.views_donnees import donnees
from reservations.models import EnfantDeLaDemande, MessageDeLaVille, PieceDeLaDemande, PremiereDemande, Rappel
from tests.factories import INSTANT, MOT_DE_PASSE, UtilisateurFactory, foyer
from tests.facturation.fabriques import facture_emise
from tests.portail.html import Page

ADRESSE = "/compte/donnees/"
JEUDI = dt.date(2026, 12, 10)
RACINES = (Famille, Enfant, Utilisateur)


# --- Completeness ----------------------------------------------------------------------------------------------------
def lies_aux_foyers() -> set[type]:
    """Every table from which keys lead to a household, a child or a login."""
    tous = [m for m in apps.get_models(include_auto_created=True) if m._meta.managed and not m._meta.proxy]
    trouves: set[type] = set(RACINES)
    while True:
        suite = {
            m
            for m in tous
            if m not in trouves and any(f.is_relation and f.related_model in trouves for f in m._meta.concrete_fields)
        }
        if not suite:
            return trouves
        trouves |= suite


def test_every_model_on_a_household_is_given_or_left_out_with_a_reason():
    donnes = {section.modele._meta.label for section in SECTIONS}
    oublies = {m._meta.label for m in lies_aux_foyers()} - donnes - set(EXCLUS)
    assert not oublies, f"À donner (SECTIONS) ou à écarter avec une raison (EXCLUS) : {sorted(oublies)}"
    assert not donnes & set(EXCLUS)
    assert all(EXCLUS.values())


def test_every_field_left_out_exists_and_has_a_reason():
    for section in SECTIONS:
        noms = {champ.name for champ in section.modele._meta.concrete_fields}
        assert {*section.tus, *section.seulement} <= noms, section.modele
        assert all(section.tus.values())
        assert not any("password" in c.name or "jeton" in c.name or "session_" in c.name for c in section.champs())


# --- Content ---------------------------------------------------------------------------------------------------------
@pytest.fixture
def instant(settings, tmp_path):
    settings.DOCUMENTS = tmp_path / "documents"
    with time_machine.travel(INSTANT, tick=False):
        yield


def remplir(f, canari: str) -> None:
    """One row of everything, each with the word."""
    deposer(
        famille=f.famille,
        enfant=f.enfant,
        nature="pai",
        lu=FichierLu(f"{canari} pai.pdf", "application/pdf", f"%PDF {canari}".encode(), 10, canari.ljust(64, "x")),
        par=f.utilisateur,
    )
    f.utilisateur.nom = f.responsable.nom = f.famille.nom = canari
    f.famille.adresse = f"1 rue {canari}"
    for objet in (f.utilisateur, f.responsable, f.famille):
        objet.save()
    Contact.objects.create(rattachement=f.rattachement, prenom="Ana", nom=canari, lien="tante", telephone="06")
    texte, _ = Texte.objects.get_or_create(code="photos", titre="Photographies", a_signer=True)
    version, _ = VersionDeTexte.objects.get_or_create(texte=texte, numero=1, contenu="…")
    Autorisation.objects.create(
        rattachement=f.rattachement, version=version, accordee=True, signataire=f.utilisateur, nom_signataire=canari
    )
    QuotientFamilial.objects.create(famille=f.famille, mois=dt.date(2026, 7, 1), valeur=777, source="agent")
    Demande.objects.create(famille=f.famille, nature="adresse", contenu={"adresse": f"2 rue {canari}"})
    Notification.objects.create(destinataire=f.responsable, categorie="messages", titre=f"Titre {canari}")
    MessageDeLaVille.objects.create(titre=f"Message {canari}", texte="…", famille=f.famille)
    Rappel.objects.create(famille=f.famille, semaine=dt.date(2026, 9, 7), envoye_le=timezone.now())
    demande = PremiereDemande.objects.create(
        courriel=f.utilisateur.email,
        prenom="Camille",
        nom=canari,
        telephone="06",
        adresse="3 rue",
        code_postal="11000",
        commune="Carcassonne",
        empreinte=f"e{f.famille.pk}",
        expediteur="x",
        expire_le=timezone.now(),
        famille=f.famille,
    )
    EnfantDeLaDemande.objects.create(demande=demande, prenom="Léa", nom=canari, naissance=dt.date(2017, 3, 14))
    PieceDeLaDemande.objects.create(
        demande=demande, nature="domicile", nom=f"{canari}.pdf", type_mime="application/pdf", taille=1, empreinte="f"
    )
    f.reserver(JEUDI if canari == "Canari" else JEUDI + dt.timedelta(days=1))
    facture_emise(f.inscription)
    encaisser(famille=f.famille.pk, montant=Decimal("14.91"), moyen="cheque", cle=canari, reference=f"Chèque {canari}")


def ouvrir(reponse_ou_morceaux) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(b"".join(reponse_ou_morceaux)))


@pytest.fixture
def separes(instant, db):
    f = foyer()
    autre = foyer(enfant=f.enfant, activite=f.activite)
    remplir(f, "Canari")
    remplir(autre, "Rossignol")
    FicheCantine.objects.create(
        enfant=f.enfant, regime="sans_porc", remarques="Remarque", modifie_par=autre.utilisateur
    )
    return f, autre


def test_the_archive_holds_the_rows_and_the_papers_of_the_household_and_nothing_of_the_other(separes):
    f, autre = separes
    zip_ = ouvrir(archive(f.famille))
    assert zip_.testzip() is None
    (papier,) = [nom for nom in zip_.namelist() if nom.startswith("documents/")]
    assert f'href="{quote(papier)}"' in zip_.read("donnees.html").decode()
    assert papier.endswith("-Canari pai.pdf")
    assert zip_.read(papier) == b"%PDF Canari"
    donnees = json.loads(zip_.read("donnees.json"))["donnees"]
    vides = {modele for modele, lignes in donnees.items() if not lignes}
    assert vides == {
        "comptes.ChangementDeCourriel",
        "comptes.DemandeMotDePasse",
        "comptes.LienFranceConnect",
        "comptes.RefusDeCourriel",
        "comptes.SessionDuCompte",
        "facturation.Avoir",
        "facturation.Echeance",
        "facturation.Echeancier",
        "facturation.LigneAvoir",
        "facturation.Mandat",
        "facturation.MandatEvent",
        "facturation.Prelevement",
        "facturation.Rejet",
        "facturation.Relance",
        "facturation.Remboursement",
        "facturation.TransactionEnLigne",
        "reservations.Absence",
        "reservations.Attente",
        "reservations.Ecart",
        "reservations.EcartEvent",
        "reservations.FluxCalendrier",
    }
    for nom in ("donnees.json", "donnees.html"):
        texte = zip_.read(nom).decode()
        assert texte.count("Canari") > 10
        assert "Sans porc" in texte or "sans_porc" in texte
        for secret in ("Rossignol", autre.utilisateur.email, "11/12/2026", "2026-12-11", f.utilisateur.password):
            assert secret not in texte
    assert donnees["comptes.Famille"][0]["adresse"] == "1 rue Canari"
    assert donnees["reservations.Reservation"][0]["prix"] == "4.97"
    assert donnees["facturation.Facture"][0]["total"] == "14.91"
    assert donnees["facturation.Paiement"][0]["reference"] == "Chèque Canari"
    assert donnees["post_office.Email"][0]["to"] == [f.utilisateur.email]


def test_the_page_to_read_is_french_stands_alone_and_runs_nothing(separes):
    html = ouvrir(archive(separes[0].famille)).read("donnees.html").decode().replace("\xa0", " ")
    for mot in ('lang="fr"', "Fiches de cantine", "Historique : familles", "Sans porc", "mercredi", "oui"):
        assert mot in html
    for exterieur in ('href="http', "<script", "<img", "<link", "src=", "url("):
        assert exterieur not in html


def test_a_file_lost_by_the_safe_does_not_hold_back_the_rest(separes, settings):
    for chemin in settings.DOCUMENTS.rglob("*/*"):
        chemin.unlink()
    assert ouvrir(archive(separes[0].famille)).namelist() == ["donnees.json", "donnees.html"]


def test_the_archive_costs_the_same_for_one_meal_and_for_a_year(separes):
    f, _ = separes

    def cout():
        with CaptureQueriesContext(connection) as requetes:
            list(archive(f.famille))
        return len(requetes)

    un = cout()
    f.reserver(*list(f.activite.journees.filter(fermeture="").values_list("date", flat=True))[60:120])
    assert un == cout() <= len(SECTIONS) + 6


# --- The page --------------------------------------------------------------------------------------------------------
@pytest.fixture
def parent(instant, db):
    f = foyer(utilisateur=UtilisateurFactory(avec_mot_de_passe=True))
    client = Client()
    client.force_login(f.utilisateur)
    return f, client


def test_the_archive_is_given_for_the_password(parent):
    _, client = parent
    reponse = client.post(ADRESSE, {"mot_de_passe": MOT_DE_PASSE})
    assert reponse["Content-Type"] == "application/zip"
    assert "attachment" in reponse["Content-Disposition"]
    assert "no-store" in reponse["Cache-Control"]
    assert "donnees.json" in ouvrir(reponse.streaming_content).namelist()


def test_without_the_password_nothing_is_given_and_three_errors_lock(parent):
    _, client = parent
    assert "Saisissez le mot de passe" in Page(client.post(ADRESSE, {})).texte
    for essai in range(3):
        page = Page(client.post(ADRESSE, {"mot_de_passe": "faux"}))
        assert ("verrouillé" if essai == 2 else "pas votre mot de passe") in page.texte
    assert not client.post(ADRESSE, {"mot_de_passe": MOT_DE_PASSE}).streaming


def test_an_agent_a_stranger_and_a_login_without_household_get_nothing(instant, db):
    agent = UtilisateurFactory(agent=True, avec_mot_de_passe=True)
    seul = UtilisateurFactory(avec_mot_de_passe=True)
    for compte in (agent, seul):
        client = Client()
        client.force_login(compte)
        assert not client.post(ADRESSE, {"mot_de_passe": MOT_DE_PASSE}).streaming
        assert "Télécharger" not in Page(client.get(ADRESSE)).texte
        assert client.post(f"{ADRESSE}effacement/").status_code == 404
    assert Client().post(ADRESSE)["Location"].startswith("/connexion/")


def test_an_agent_who_helps_a_household_does_not_take_its_data(instant, db):
    agent, f = UtilisateurFactory(agent=True), foyer()
    agent.famille_accompagnee = f.famille.pk
    requete = RequestFactory().post(ADRESSE, {"mot_de_passe": MOT_DE_PASSE})
    requete.user, requete.session, requete._dont_enforce_csrf_checks = agent, {}, True
    page = Page(donnees(requete))
    assert "Un agent ne télécharge pas" in page.texte
    assert "Demander l’effacement" in page.texte


def test_erasure_is_asked_for_once_and_taken_back(parent):
    f, client = parent
    assert "Demander l’effacement" in Page(client.get(ADRESSE)).texte
    for _ in range(2):
        client.post(f"{ADRESSE}effacement/")
    demande = Demande.objects.get()
    assert (demande.nature, demande.etat, demande.deposee_par) == ("effacement", "deposee", f.utilisateur)
    assert "attend la réponse" in Page(client.get(ADRESSE)).texte
    client.post(f"{ADRESSE}effacement/retirer/")
    demande.refresh_from_db()
    assert demande.etat == "retiree"
    assert "Demander l’effacement" in Page(client.get(ADRESSE)).texte
    assert not mail.outbox
    assert not Email.objects.exists()


def test_what_forbids_the_erasure_is_said_before_it_is_asked_for(parent):
    f, client = parent
    f.reserver(JEUDI)
    texte = Page(client.get(ADRESSE)).texte.replace("\xa0", " ")
    assert "1 repas réservé à venir : annulez-les d’abord" in texte
    assert "Demander l’effacement" in texte


def test_erasure_is_asked_for_at_any_time_and_answered_when_nothing_forbids_it(parent):
    """GDPR, art. 12.2: nobody is kept from asking; the agent's page says what is left to do."""
    f, client = parent
    f.reserver(JEUDI)
    client.post(f"{ADRESSE}effacement/")
    demande = Demande.objects.get()
    with pytest.raises(ValidationError, match="repas réservé à venir"):
        accepter_l_effacement(demande=demande, agent=UtilisateurFactory(agent=True))
    demande.refresh_from_db()
    assert demande.etat == "deposee"
