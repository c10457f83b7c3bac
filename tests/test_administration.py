"""Every page of the administration, for every role: it answers, and costs the same for one row and for many."""

import datetime as dt
import uuid

import pytest
import time_machine
from django.contrib import admin
from django.core.files.base import ContentFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from comptes.models import (
    Autorisation,
    Document,
    DocumentDeLaVille,
    QuotientFamilial,
    Texte,
    Utilisateur,
    VersionDeTexte,
)
from comptes.models import Demande as DemandeDuFoyer
from comptes.roles import ADMIN, CHOIX, NATURES_LUES, ROLES
from reservations.models import (
    Absence,
    Fermeture,
    Menu,
    MessageDeLaVille,
    Plat,
    PremiereDemande,
    Rappel,
    RefusEnregistre,
)
from reservations.services.annuler_collectivement import Demande, annuler_collectivement
from reservations.services.attente import demander
from tests.administration import adresse
from tests.administration import agent as connecter
from tests.factories import INSTANT, GrilleFactory, RattachementFactory, ResponsableFactory, UtilisateurFactory, foyer
from tests.ville import Copies, poser

pytestmark = pytest.mark.django_db
copies: Copies = {}
JOURS = [dt.date(2026, 12, n) for n in (7, 8, 10)]
MODELES = sorted(
    (m for m in admin.site._registry if m._meta.app_label in {"comptes", "reservations"}), key=lambda m: m._meta.label
)
par_modele = pytest.mark.parametrize("modele", MODELES, ids=[m._meta.label_lower for m in MODELES])


@pytest.fixture(autouse=True)
def instant():
    with time_machine.travel(INSTANT, tick=False):
        yield


@pytest.fixture
def une_ville(instant, db):
    """One of each, made once in a process."""
    poser(copies, ville)


def ville():
    """One more household with its service, meals, refusal, request, absence, reminder, closures; one more login."""
    f = foyer(reserves=JOURS)
    dossier(f)
    complet = f.activite.journees.get(date=dt.date(2026, 12, 14))
    type(complet).objects.filter(pk=complet.pk).update(capacite=0)
    f.reserver(complet.date)
    demander(demandes={f.inscription.pk: [complet.date]}, mode="auto", auteur=f.utilisateur, cle=uuid.uuid4().hex)
    Absence.objects.create(
        inscription=f.inscription, journee=complet, enfant=f.enfant, date=INSTANT.date(),
        declaree_le=INSTANT, prix_du_repas=1, prix=1,
    )  # fmt: skip
    Rappel.objects.create(famille=f.famille, semaine=JOURS[0], envoye_le=INSTANT)
    PremiereDemande.objects.create(
        courriel=f"{uuid.uuid4().hex}@exemple.fr", prenom="Nadia", nom="Martin", etat="deposee",
        empreinte=uuid.uuid4().hex, deposee_le=INSTANT, expire_le=INSTANT,
    )  # fmt: skip
    greve = Demande("greve", "Grève", (f.activite,), (dt.date(2026, 12, 17),))
    annuler_collectivement(demande=greve, auteur=UtilisateurFactory(agent=True), cle=uuid.uuid4().hex)
    ResponsableFactory(famille=f.famille, rang=2, utilisateur=None)
    RattachementFactory(enfant=f.enfant)
    Fermeture.objects.create(activite=f.activite, debut=dt.date(2026, 12, 11), fin=dt.date(2026, 12, 11), motif="Grève")
    UtilisateurFactory(agent=True)
    MessageDeLaVille.objects.create(titre="Grève", texte="Jeudi.", cle=uuid.uuid4().hex)
    Plat.objects.create(menu=Menu.objects.create(date=JOURS[0], activite=f.activite), composante="plat", libelle="Riz")


def dossier(f):
    """Its papers, a request that waits, its quotient; a paper of the town."""
    fichier = {"type_mime": "application/pdf", "taille": 4}
    for nature in ("domicile", "quotient", "pai"):
        Document.objects.create(
            famille=f.famille, enfant=f.enfant, nature=nature, nom="a.pdf", empreinte=uuid.uuid4().hex,
            fichier=ContentFile(b"%PDF", name="a.pdf"), **fichier,
        )  # fmt: skip
    DocumentDeLaVille.objects.create(
        titre="Règlement", nom="a.pdf", fichier=ContentFile(b"%PDF", name="a.pdf"), **fichier
    )
    adresse_demandee = {"adresse": "1 rue du Pont", "code_postal": "11000", "commune": "Carcassonne"}
    DemandeDuFoyer.objects.create(famille=f.famille, nature="adresse", contenu=adresse_demandee)
    photo = Texte.objects.create(code=uuid.uuid4().hex, titre="Photographies", a_signer=True)
    version = VersionDeTexte.objects.create(texte=photo, numero=1, contenu="Oui ?")
    Autorisation.objects.create(
        rattachement=f.rattachement, version=version, accordee=True, nom_signataire="Camille", signataire=f.utilisateur
    )
    QuotientFamilial.objects.create(famille=f.famille, mois=dt.date(2026, 9, 1), valeur=845, source="agent")
    GrilleFactory(tarification__nom=uuid.uuid4().hex, tranches=[(0, "2.30"), (700, "3.40")])


def agent(role):
    client = connecter(role)
    client.get(reverse("admin:index"))  # the session has begun
    return client


def peut(role, modele, action):
    return role == ADMIN or action in ROLES[role].get(modele._meta.label_lower, ())


@pytest.mark.parametrize("role", CHOIX)
@par_modele
def test_a_list_and_a_page_answer_to_the_roles_that_see_them_and_to_no_other(une_ville, modele, role):
    client = agent(role)
    attendu = 200 if peut(role, modele, "view") else 403
    assert client.get(adresse("changelist", modele)).status_code == attendu
    lignes = modele._base_manager.order_by("pk")
    if modele is RefusEnregistre:  # a register of some movements only
        lignes = lignes.filter(nature="refus")
    if modele is Document:  # each role opens the natures that it works with
        lignes = lignes.filter(nature__in=NATURES_LUES.get("guichet" if role == ADMIN else role, ()))
    assert lignes
    for objet in lignes[:2]:
        assert client.get(adresse("change", modele, objet.pk)).status_code == attendu


@pytest.mark.parametrize("role", CHOIX)
@par_modele
def test_an_empty_form_answers_to_the_roles_that_create(modele, role):
    client = agent(role)
    reponse = client.get(adresse("add", modele))
    interdits = {"absence", "journee", "reservation", "operation", "mouvement", "rattachement"}
    interdits |= {"attente", "rappel", "refusenregistre", "document", "demande", "autorisation"}
    interdits |= {"attente", "rappel", "refusenregistre", "document", "demande", "premieredemande"}
    permis = peut(role, modele, "add") and modele._meta.model_name not in interdits
    assert reponse.status_code == (200 if permis else 403)


def instructions(client, url):
    with CaptureQueriesContext(connection) as requetes:
        assert client.get(url).status_code == 200
    return [r["sql"] for r in requetes]


@par_modele
def test_a_list_costs_the_same_for_one_row_and_for_many(une_ville, modele):
    client = agent(ADMIN)
    url = adresse("changelist", modele)
    une = instructions(client, url)
    for _ in range(4):
        ville()
    plusieurs = instructions(client, url)
    assert len(une) == len(plusieurs) <= 20, "\n".join(plusieurs)


@par_modele
@pytest.mark.parametrize("cherche", ["martin", "2026-000001", "é", "%", "'"])
def test_a_search_answers(une_ville, modele, cherche):
    assert agent(ADMIN).get(adresse("changelist", modele), {"q": cherche}).status_code == 200


@par_modele
def test_every_list_is_in_french(une_ville, modele):
    texte = agent(ADMIN).get(adresse("changelist", modele)).text
    for mot in ("Select ", "Search", "Delete selected", "Add ", "result"):
        assert f">{mot}" not in texte


@pytest.mark.parametrize("role", CHOIX)
def test_the_home_page_of_the_administration_names_what_the_role_sees(role):
    client = agent(role)
    vus = {m["model"] for a in client.get(reverse("admin:index")).context["app_list"] for m in a["models"]}
    vus &= set(MODELES)
    assert vus == {m for m in MODELES if peut(role, m, "view") and m._meta.model_name != "rattachement"}
    assert Utilisateur in vus or role in {"cantine", "regie"}
