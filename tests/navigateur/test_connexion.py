"""Sign-in, passwords and the idle session in a browser, at 360 px, light and dark, with and without JavaScript."""

import datetime as dt
import re

import pytest
import time_machine
from django.core import mail
from playwright.sync_api import expect

from comptes import middleware
from comptes.models import Utilisateur
from comptes.services.motsdepasse import traiter_les_demandes
from tests.factories import MOT_DE_PASSE, ResponsableFactory, UtilisateurFactory
from tests.navigateur.outils import fautes

pytestmark = [pytest.mark.navigateur, pytest.mark.django_db(transaction=True)]
ADRESSE = "lea@exemple.fr"
NEUF = "cinq chats sur un toit"
THEMES = [(360, False), (360, True)]
SCRIPTS = pytest.mark.parametrize("js", [True, False], ids=["avec JavaScript", "sans JavaScript"])
DUREE, AVERTISSEMENT = 8, 4


@pytest.fixture
def lea():
    return ResponsableFactory(utilisateur=UtilisateurFactory(email=ADRESSE, avec_mot_de_passe=True)).utilisateur


@pytest.fixture
def session_courte(settings, monkeypatch):
    """Eight seconds, the last four with the warning; every request puts the end off.

    `passer(page, seconds)` moves both clocks, the server's and the browser's: nobody waits.
    """
    settings.SESSION_INACTIVITE = dt.timedelta(seconds=DUREE)
    settings.SESSION_AVERTISSEMENT = dt.timedelta(seconds=AVERTISSEMENT)
    settings.SESSION_COOKIE_AGE = DUREE
    monkeypatch.setattr(middleware, "ECRITURE", 0)
    with time_machine.travel(dt.datetime.now(dt.UTC), tick=True) as voyage:

        def passer(page, secondes):
            voyage.shift(secondes)
            page.clock.run_for(int(secondes * 1000))

        yield passer


@pytest.fixture
def onglet(page_a, connecter, lea):
    """A tab of Léa, signed in, with a clock that the test moves."""
    page = connecter(page_a(360), lea)
    page.clock.install()
    return page


def valider(page):
    page.get_by_role("main").get_by_role("button", name="Valider").click()


def se_connecter(page, mot_de_passe):
    page.get_by_label("Identifiant").fill(ADRESSE)
    page.get_by_label("Mot de passe", exact=True).fill(mot_de_passe)
    valider(page)


def test_les_pages_de_connexion_sont_accessibles_dans_tous_leurs_etats(page_a, lea):
    page, trouvees = page_a(360), {}
    for adresse in ("/connexion/", "/mot-de-passe/generer/", "/mot-de-passe/envoye/"):
        page.goto(adresse)
        trouvees[adresse] = fautes(page, THEMES)
    page.goto("/mot-de-passe/generer/")
    valider(page)
    expect(page.get_by_text("Saisissez votre adresse e-mail.")).to_be_visible()
    trouvees["générer, erreur"] = fautes(page, THEMES)
    page.goto("/connexion/")
    valider(page)
    expect(page.get_by_text("Saisissez le mot de passe.")).to_be_visible()
    trouvees["connexion, vide"] = fautes(page, THEMES)
    for attendu in ("Il vous reste 2", "Il vous reste 1", "est verrouillé"):
        se_connecter(page, "faux")
        expect(page.get_by_role("alert").or_(page.locator(".alert-danger"))).to_contain_text(attendu)
        trouvees[attendu] = fautes(page, THEMES)
    assert {etat: liste for etat, liste in trouvees.items() if liste} == {}


def test_la_page_du_mot_de_passe_est_accessible_dans_tous_ses_etats(page_a, connecter, lea):
    page = connecter(page_a(360), lea)
    page.goto("/mot-de-passe/changer/")
    trouvees = {"normale": fautes(page, THEMES)}
    page.get_by_label("Nouveau mot de passe", exact=True).fill(ADRESSE)
    valider(page)
    expect(page.get_by_text("ressemble trop à votre adresse e-mail")).to_be_visible()
    trouvees["erreurs"] = fautes(page, THEMES)
    Utilisateur.objects.update(mot_de_passe_a_changer=True)
    page.goto("/compte/")
    expect(page.get_by_text("Le mot de passe généré ne sert qu’une fois.")).to_be_visible()
    trouvees["imposée"] = fautes(page, THEMES)
    assert {etat: liste for etat, liste in trouvees.items() if liste} == {}


@SCRIPTS
def test_un_nouveau_parent_va_de_generer_a_l_accueil(page_a, js):
    nouveau = ResponsableFactory(utilisateur=UtilisateurFactory(email=ADRESSE)).utilisateur
    page = page_a(360, js=js)
    page.goto("/")
    page.get_by_role("link", name="Générer votre mot de passe").first.click()
    page.get_by_label("Identifiant").fill(" LEA@exemple.fr ")
    valider(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Consultez vos e-mails")
    traiter_les_demandes()
    genere = re.search(r"Mot de passe : (\S+)", mail.outbox[0].body)[1]
    page.get_by_role("link", name="Se connecter").click()
    se_connecter(page, genere)
    expect(page.get_by_role("heading", level=1)).to_have_text("Choisir votre mot de passe")
    page.goto("/compte/")
    expect(page).to_have_url(re.compile("/mot-de-passe/changer/$"))
    page.get_by_label("Nouveau mot de passe", exact=True).fill(NEUF)
    page.get_by_label("Nouveau mot de passe, encore une fois").fill(NEUF)
    valider(page)
    expect(page.get_by_text("Votre mot de passe est changé.")).to_be_visible()
    expect(page.get_by_text("Quelle action souhaitez-vous effectuer ?")).to_be_visible()
    nouveau.refresh_from_db()
    assert nouveau.check_password(NEUF)


def test_l_avertissement_laisse_rester(onglet, session_courte):
    onglet.goto("/contacts/")
    dialogue = onglet.get_by_role("dialog")
    session_courte(onglet, DUREE - AVERTISSEMENT + 1)
    expect(dialogue).to_contain_text(re.compile(r"prend fin dans\s+[1-4]\s+seconde"))
    assert fautes(onglet) == []
    with onglet.expect_response("**/session/prolonger/") as reponse:
        dialogue.get_by_role("button", name="Rester connecté").click()
    assert reponse.value.status == 204
    expect(dialogue).to_be_hidden()
    session_courte(onglet, DUREE - AVERTISSEMENT + 1.5)  # past the end of the session as it was
    expect(dialogue).to_be_visible()
    onglet.keyboard.press("Escape")
    expect(dialogue).to_be_hidden()
    onglet.goto("/contacts/")
    expect(onglet).to_have_url(re.compile("/contacts/$"))


def test_sans_reponse_la_session_finit_et_la_page_revient_apres_la_connexion(onglet, session_courte):
    onglet.goto("/contacts/?de=loin")
    session_courte(onglet, DUREE + 3)
    onglet.wait_for_url("**/connexion/**")
    expect(onglet.get_by_text("Votre session a pris fin")).to_be_visible()
    se_connecter(onglet, MOT_DE_PASSE)
    onglet.wait_for_url("**/contacts/?de=loin")


def test_l_activite_d_un_onglet_garde_l_autre(onglet, session_courte):
    onglet.goto("/contacts/")
    second = onglet.context.new_page()
    for _ in range(6):
        session_courte(second, 1.6)
        second.goto("/compte/")
        # Less than the dialog stays: one that opens is seen, even if the page comes back by itself afterwards.
        expect(onglet.get_by_role("dialog")).to_be_hidden(timeout=2000)
    assert onglet.url.endswith("/contacts/")
    second.close()
    session_courte(onglet, DUREE + 3)
    onglet.wait_for_url("**/connexion/**")  # now nobody is there


def test_une_session_perdue_ailleurs_mene_a_la_connexion(onglet, lea, session_courte):
    onglet.goto("/contacts/")
    lea.set_password("un autre mot de passe")
    lea.save()
    session_courte(onglet, DUREE - AVERTISSEMENT + 1)
    onglet.get_by_role("dialog").get_by_role("button", name="Rester connecté").click()
    onglet.wait_for_url("**/connexion/?next=%2Fcontacts%2F")


@SCRIPTS
def test_on_se_deconnecte_de_toute_page(page_a, connecter, lea, js):
    page = connecter(page_a(360, js=js), lea)
    for adresse in ("/", "/compte/", "/guide/", "/mot-de-passe/changer/", "/nulle/part/"):
        page.goto(adresse)
        expect(page.get_by_role("button", name="Se déconnecter")).to_be_visible()
    page.get_by_role("button", name="Se déconnecter").click()
    expect(page.get_by_text("Vous êtes déconnecté.")).to_be_visible()
    page.go_back()
    page.goto("/compte/")
    expect(page).to_have_url(re.compile("/connexion/"))
