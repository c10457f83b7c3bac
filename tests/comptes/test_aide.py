"""« Mode accompagné »: who may help a household, what opens, what stays shut, when it ends, what it writes."""

import datetime as dt
import re
import time
import uuid

import pytest
import time_machine
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import resolve, reverse
from post_office.models import Email

from comptes.models import Demande, Document, Famille, FicheCantine, SessionDuCompte, Utilisateur
from comptes.regles_aide import CHAMP, formulaire_perime, ouverte_en_aidant
from comptes.roles import ROLES, creer_agent
from comptes.services.accompagner import CLE, DUREE, voit_la_sante
from comptes.tasks import menage
from reservations.models import Journee, Operation, Reservation
from reservations.services.modifier_journee import Reglages, modifier_journee
from tests.factories import INSTANT, FamilleFactory, UtilisateurFactory, foyer
from tests.portail.html import Page

pytestmark = pytest.mark.django_db
JEUDI = dt.date(2026, 12, 10)


def poster(client, lea):
    """The form of the calendar, with one day ticked."""
    adresse = reverse("reservations:calendrier", args=[lea.inscription.pk])
    return client.post(f"{adresse}?mois=2026-12", {"jours": [str(JEUDI)], "jeton": str(uuid.uuid4())})


@pytest.fixture
def horloge():
    with time_machine.travel(INSTANT, tick=False) as voyage:
        yield voyage


@pytest.fixture
def lea(horloge):
    return foyer()


class Navigateur(Client):
    """Its forms carry the household that is helped, as every form of a page does."""

    def post(self, path, data=None, **options):
        garde = self.session.get(CLE)
        return super().post(path, {**({CHAMP: garde["famille"]} if garde else {}), **(data or {})}, **options)


def entre(utilisateur) -> Client:
    client = Navigateur()
    client.force_login(utilisateur)
    return client


@pytest.fixture
def agent(horloge):
    return creer_agent(courriel="guichet@exemple.fr", role="guichet", prenom="Agnès", nom="Roux")[0]


@pytest.fixture
def aidant(agent, lea):
    """The desk, with the household opened."""
    client = entre(agent)
    assert client.post(reverse("comptes:aider", args=[lea.famille.pk])).url == "/"
    return client


def ouverte(client) -> bool:
    return CLE in client.session


def journal() -> list[str]:
    return list(LogEntry.objects.order_by("pk").values_list("change_message", flat=True))


# --- Who ------------------------------------------------------------------------------------------------------------
def test_l_agent_ouvre_la_famille_depuis_sa_page_et_toutes_les_pages_le_disent(agent, lea):
    client = entre(agent)
    page = client.get(reverse("admin:comptes_famille_change", args=[lea.famille.pk]))
    assert "Aider cette famille" in page.text
    client.post(reverse("comptes:aider", args=[lea.famille.pk]))
    for adresse in (
        "/", "/compte/", "/contacts/", "/reservations/", "/reservations/historique/", "/guide/", "/nulle-part/",
        reverse("reservations:calendrier", args=[lea.inscription.pk]),
        reverse("reservations:attente", args=[lea.inscription.pk]),
        reverse("reservations:enfant", args=[lea.enfant.pk]),
        "/reservations/tous/", "/reservations/rythme/", "/reservations/copie/", "/factures/",
        reverse("admin:comptes_famille_changelist"),
    ):  # fmt: skip
        lue = client.get(adresse)
        assert lue.status_code == (404 if adresse == "/nulle-part/" else 200), adresse
        assert f"Vous aidez la <strong>{lea.famille}</strong>" in lue.text, adresse


@pytest.mark.parametrize("role", [*(role for role in ROLES if role != "guichet"), "aucun", "parent", "elle-même"])
def test_qui_n_en_a_pas_le_droit_n_aide_personne(role, lea):
    if role in ROLES:
        qui = creer_agent(courriel="autre@exemple.fr", role=role)[0]
    else:
        qui = lea.utilisateur if role == "elle-même" else UtilisateurFactory(is_staff=role == "aucun")
    client = entre(qui)
    assert client.post(reverse("comptes:aider", args=[lea.famille.pk])).status_code == 403
    assert not ouverte(client)
    assert client.get(reverse("reservations:calendrier", args=[lea.inscription.pk])).status_code == (
        200 if role == "elle-même" else 404
    )
    assert "Aider une famille" not in client.get("/").text


def test_sans_connexion_rien_ne_s_ouvre(client, lea):
    assert client.post(reverse("comptes:aider", args=[lea.famille.pk])).url.startswith("/connexion/")
    assert client.post(reverse("comptes:terminer_aide")).url.startswith("/connexion/")


@pytest.mark.parametrize("pk", [0, 999999, 2**63, 10**30])
def test_une_famille_qui_n_existe_pas_n_est_pas_trouvee(agent, pk):
    assert entre(agent).post(reverse("comptes:aider", args=[pk])).status_code == 404


def test_un_lien_ne_suffit_pas(agent, lea):
    assert entre(agent).get(reverse("comptes:aider", args=[lea.famille.pk])).status_code == 405


def test_le_menu_de_l_agent_le_montre(agent):
    assert reverse("admin:comptes_famille_changelist") in Page(entre(agent).get("/")).liens()


def test_une_autre_famille_reste_fermee(aidant):
    autre = foyer()
    for nom, objet in (("calendrier", autre.inscription), ("enfant", autre.enfant), ("attente", autre.inscription)):
        assert aidant.get(reverse(f"reservations:{nom}", args=[objet.pk])).status_code == 404


# --- What is written ------------------------------------------------------------------------------------------------
def test_ce_que_l_agent_reserve_porte_son_nom_et_se_dit_de_la_mairie(aidant, agent, lea):
    reponse = poster(aidant, lea)
    operation = Operation.objects.get()
    assert Reservation.objects.get().date == JEUDI
    assert (operation.famille, operation.auteur, operation.origine) == (lea.famille, agent, "agent")
    page = aidant.get(reponse.url).text
    assert "par la mairie" in page
    assert "Imprimer le récépissé" in page
    assert "par la mairie" in aidant.get("/reservations/historique/").text
    parent = entre(lea.utilisateur)
    assert "par la mairie" in parent.get(reponse.url).text
    assert "Agnès" not in parent.get(reponse.url).text
    courriel = Email.objects.get()
    assert courriel.to == [lea.utilisateur.email]
    assert courriel.subject.startswith("La mairie a modifié les repas de Léa")


def test_le_parent_reste_l_auteur_de_ce_qu_il_fait(lea):
    poster(entre(lea.utilisateur), lea)
    assert Operation.objects.get().origine == "parent"


def test_l_agent_annule_pour_la_famille_ce_qu_elle_a_reserve(aidant, lea):
    faite = lea.reserver(JEUDI)
    assert aidant.post(reverse("reservations:annuler", args=[faite.numero])).status_code == 302
    assert not Reservation.objects.exists()
    assert Operation.objects.latest("pk").origine == "agent"


def test_ce_que_l_agent_a_fait_pour_elle_la_famille_le_defait(aidant, lea):
    page = poster(aidant, lea).url
    operation = Operation.objects.get()
    parent = entre(lea.utilisateur)
    assert "Annuler cette opération" in parent.get(page).text
    parent.post(reverse("reservations:annuler", args=[operation.numero]))
    assert not Reservation.objects.exists()
    assert Operation.objects.latest("pk").annule == operation


def test_ce_que_la_ville_a_ferme_ne_se_defait_pas(agent, lea):
    lea.reserver(JEUDI)
    journee = Journee.objects.get(date=JEUDI)
    modifier_journee(journee=journee, reglages=Reglages(fermeture="Grève"), auteur=agent)
    operation = Operation.objects.latest("pk")
    assert (operation.origine, operation.collective.motif) == ("agent", "Grève")
    parent = entre(lea.utilisateur)
    page = parent.get(reverse("reservations:operation", args=[operation.numero])).text
    assert "Annuler cette opération" not in page
    refus = parent.post(reverse("reservations:annuler", args=[operation.numero]), follow=True)
    assert "faite par la mairie" in refus.text


def test_l_historique_des_lignes_dit_qui_a_agi_et_pour_quelle_famille(aidant, agent, lea):
    aidant.post(reverse("comptes:choisir_rappels"), {"rappels": "non"})
    assert not Famille.objects.get().rappels
    contexte = Famille.pgh_event_model.objects.latest("pgh_id").pgh_context.metadata
    assert (contexte["user"], contexte["famille_accompagnee"]) == (agent.pk, lea.famille.pk)


# --- What stays shut ------------------------------------------------------------------------------------------------
REFUSEES = [
    ("get", "comptes:changer_mot_de_passe"),
    ("post", "comptes:changer_mot_de_passe"),
    ("get", "comptes:second_facteur"),
    ("post", "comptes:activer_second_facteur"),
    ("post", "comptes:renouveler_codes"),
    ("post", "comptes:retirer_second_facteur"),
    ("post", "comptes:france_connect_delier"),
    ("get", "comptes:france_connect"),
    ("get", "reservations:flux"),
    ("post", "reservations:flux"),
]


@pytest.mark.parametrize(("methode", "nom"), REFUSEES)
def test_ce_qui_est_a_la_famille_seule_est_refuse(aidant, methode, nom):
    reponse = getattr(aidant, methode)(reverse(nom))
    assert reponse.status_code == 403
    assert "terminez d’abord l’aide" in reponse.text
    assert ouverte(aidant)


@pytest.mark.parametrize(
    ("page", "attendu"),
    [
        ("comptes:compte", True),
        ("comptes:une_page_a_venir", False),
        ("comptes:fermer_sessions", False),
        ("comptes:changer_adresse", False),
        ("comptes:fiche", False),
        ("portail:accueil", True),
        ("portail:donnees", False),
        ("portail:demander_effacement", False),
        ("reservations:calendrier", True),
        ("reservations:flux", False),
        ("admin:index", True),
    ],
)
def test_une_page_nouvelle_du_compte_est_fermee_tant_que_personne_ne_l_ouvre(page, attendu):
    trouvee = resolve("/")
    trouvee.app_name, _, trouvee.url_name = page.partition(":")
    trouvee.view_name = page
    assert ouverte_en_aidant(trouvee) is attendu


def test_la_sante_reste_a_la_famille(agent, lea):
    for nature in ("pai", "assurance"):
        Document.objects.create(
            famille=lea.famille, nature=nature, nom=nature, type_mime="application/pdf", taille=1, empreinte=nature
        )
    FicheCantine.objects.create(enfant=lea.enfant, regime="vegetarien")
    assert voit_la_sante(lea.utilisateur)
    assert Document.objects.de(lea.utilisateur).count() == 2
    assert FicheCantine.objects.de(lea.utilisateur).count() == 1
    agent.famille_accompagnee = lea.famille.pk
    assert not voit_la_sante(agent)
    assert [d.nature for d in Document.objects.de(agent)] == ["assurance"]
    assert not FicheCantine.objects.de(agent)


def test_la_page_du_compte_ne_montre_pas_l_acces_de_l_agent(aidant, agent):
    page = aidant.get("/compte/").text
    assert agent.email not in page
    assert reverse("comptes:changer_mot_de_passe") not in page


# --- Two tabs -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("page", "montre", "famille", "perime"),
    [
        ("reservations:calendrier", "1", 1, False),
        ("reservations:calendrier", "1", 2, True),
        ("reservations:calendrier", "", 2, True),
        ("reservations:calendrier", "1", None, True),
        ("reservations:calendrier", "", None, False),
        ("reservations:calendrier", "1 ", 1, True),
        ("comptes:terminer_aide", "1", 2, True),
        ("comptes:terminer_aide", "1", None, False),
        ("comptes:aider", "1", 2, False),
        ("comptes:deconnexion", "1", 2, False),
        ("admin:comptes_famille_change", "", 2, False),
    ],
)
def test_un_formulaire_affiche_pour_une_autre_famille_est_perime(page, montre, famille, perime):
    trouvee = resolve("/")
    trouvee.app_name, trouvee.view_name = page.partition(":")[0], page
    assert formulaire_perime(trouvee, montre=montre, famille=famille) is perime


def champs(page) -> list[tuple[str, str]]:
    return re.findall(
        r'name="csrfmiddlewaretoken" value="\w+">(?:<input type="hidden" name="(\w+)" value="(\d+)">)?', page
    )


def test_tous_les_formulaires_d_une_page_portent_la_famille_aidee(aidant, lea):
    for adresse in (
        "/", "/compte/", "/contacts/", "/reservations/tous/", "/reservations/rythme/",
        reverse("reservations:calendrier", args=[lea.inscription.pk]),
    ):  # fmt: skip
        trouves = champs(aidant.get(adresse).text)
        assert len(trouves) >= 2, adresse
        assert set(trouves) == {(CHAMP, str(lea.famille.pk))}, adresse
    assert set(champs(entre(lea.utilisateur).get("/compte/").text)) == {("", "")}


def test_un_formulaire_d_une_famille_envoye_en_aidant_une_autre_ne_change_rien_et_le_dit(aidant, lea):
    onglet = {"rappels": "non", CHAMP: lea.famille.pk}
    autre = foyer()
    aidant.post(reverse("comptes:aider", args=[autre.famille.pk]))
    page = aidant.post(reverse("comptes:choisir_rappels"), onglet, follow=True)
    assert "Rien n’a été changé" in page.text
    assert f"avant que vous n’aidiez la {autre.famille}" in page.text
    aidant.post(reverse("comptes:terminer_aide"), {CHAMP: lea.famille.pk})
    assert ouverte(aidant)
    aidant.post(reverse("comptes:terminer_aide"))
    page = aidant.post(reverse("comptes:choisir_rappels"), onglet, follow=True)
    assert "affiché en aidant une autre famille" in page.text
    assert set(Famille.objects.values_list("rappels", flat=True)) == {True}


# --- The end --------------------------------------------------------------------------------------------------------
def test_le_recu_dit_ce_que_l_agent_a_fait_et_rien_d_autre(aidant, lea, horloge):
    horloge.shift(-7200)
    lea.reserver(JEUDI + dt.timedelta(days=1))
    horloge.shift(7200)
    assert aidant.get(reverse("portail:recu_d_aide")).status_code == 404  # nothing is ended yet
    poster(aidant, lea)
    Demande.objects.create(
        famille=lea.famille, nature="adresse", deposee_par=Utilisateur.objects.get(email="guichet@exemple.fr")
    )
    aidant.post(reverse("comptes:terminer_aide"))
    texte = Page(aidant.get(reverse("portail:recu_d_aide"))).texte
    assert re.findall(r"Opération n°\s(\S+)", texte) == [Operation.objects.latest("pk").numero]
    assert "Changement d’adresse, en attente de réponse" in texte
    assert entre(lea.utilisateur).get(reverse("portail:recu_d_aide")).status_code == 404


def test_terminer_mene_au_recu_qui_mene_a_la_page_de_la_famille(aidant, lea):
    recu = reverse("portail:recu_d_aide")
    assert aidant.post(reverse("comptes:terminer_aide")).url == recu
    lu = aidant.get(recu).text
    assert "Rien n’a été changé" in lu
    assert reverse("admin:comptes_famille_change", args=[lea.famille.pk]) in lu
    assert not ouverte(aidant)
    assert "Vous aidez" not in aidant.get("/").text
    assert aidant.get(reverse("reservations:calendrier", args=[lea.inscription.pk])).status_code == 404
    assert journal() == ["Aide à la famille commencée", "Aide à la famille terminée"]
    assert {e.object_id for e in LogEntry.objects.all()} == {str(lea.famille.pk)}
    assert aidant.post(reverse("comptes:terminer_aide")).url == "/"
    assert len(journal()) == 2


def test_se_deconnecter_termine(aidant):
    aidant.post(reverse("comptes:deconnexion"))
    assert not ouverte(aidant)
    assert journal()[-1] == "Aide à la famille terminée (déconnexion)"


def test_trente_minutes_sans_page_terminent_meme_si_la_session_est_plus_longue(aidant, lea, horloge, settings):
    settings.SESSION_COOKIE_AGE = 4 * 3600
    horloge.shift(DUREE - 1)
    assert "Vous aidez" in aidant.get("/").text
    horloge.shift(DUREE - 1)
    assert "Vous aidez" in aidant.get("/").text
    horloge.shift(DUREE)
    page = aidant.get("/").text
    assert "Vous aidez la" not in page
    assert "Vous n’aidez plus la famille\N{NO-BREAK SPACE}: 30 minutes sans activité." in page
    assert journal()[-1] == "Aide à la famille terminée (30 minutes sans activité)"
    assert aidant.get(reverse("reservations:calendrier", args=[lea.inscription.pk])).status_code == 404


@pytest.mark.parametrize("retrait", ["groupe", "agent", "actif"])
def test_le_droit_retire_termine_a_la_page_suivante(aidant, agent, lea, retrait):
    if retrait == "groupe":
        agent.groups.set(Group.objects.filter(name="cantine"))
    else:
        Utilisateur.objects.filter(pk=agent.pk).update(**{"is_staff" if retrait == "agent" else "is_active": False})
    reponse = poster(aidant, lea)
    assert reponse.status_code in {302, 404}
    assert not Operation.objects.exists()
    if retrait != "actif":
        assert not ouverte(aidant)
        assert journal()[-1] == "Aide à la famille terminée (droit retiré)"


def test_une_famille_supprimee_n_est_plus_aidee(agent, horloge):
    famille = FamilleFactory()
    client = entre(agent)
    client.post(reverse("comptes:aider", args=[famille.pk]))
    famille.delete()
    assert client.get("/").status_code == 200
    assert not ouverte(client)


def test_aider_une_autre_famille_termine_la_premiere(aidant):
    autre = foyer()
    aidant.post(reverse("comptes:aider", args=[autre.famille.pk]))
    assert aidant.session[CLE]["famille"] == autre.famille.pk
    assert [m.removeprefix("Aide à la famille ") for m in journal()] == ["commencée", "terminée", "commencée"]


def test_la_fin_de_la_session_est_notee_par_le_menage(aidant, horloge):
    horloge.shift(2 * DUREE)
    menage()
    assert not SessionDuCompte.objects.exists()
    assert journal()[-1] == "Aide à la famille terminée (session finie)"


def test_la_session_n_est_pas_ecrite_a_chaque_page(aidant, horloge):
    vu = aidant.session[CLE]["vu"]
    horloge.shift(30)
    aidant.get("/")
    assert aidant.session[CLE]["vu"] == vu
    horloge.shift(60)
    aidant.get("/")
    assert aidant.session[CLE]["vu"] == int(time.time())
