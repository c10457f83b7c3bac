"""The pages of a payment online: before, after, and the notification that nobody signs."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from comptes.roles import creer_agent
from facturation import views_paiement
from facturation.models import Facture, Paiement, TransactionEnLigne
from facturation.regles_en_ligne import REPIT
from facturation.services.en_ligne import ouvrir, verifier
from facturation.services.encaisser import encaisser, rejeter
from portail.payfip_simule.etat import Notifications
from tests.factories import foyer
from tests.facturation.fabriques import facture_emise
from tests.facturation.test_passerelle import PAYZEN, signer

D = Decimal
E = TransactionEnLigne.Etat
pytestmark = pytest.mark.django_db


@pytest.fixture
def dette():
    f = foyer()
    f.facture = facture_emise(f.inscription)
    f.client = Client()
    f.client.force_login(f.utilisateur)
    f.payer = reverse("facturation:payer", args=[f.facture.numero])
    return f


@pytest.fixture
def au_travail(monkeypatch):
    """The worker does at once what it is told."""
    faits = []

    def faire(tache):
        faits.append(tache.options.get("countdown"))
        tache()

    monkeypatch.setattr(views_paiement, "annoncer", faire)
    return faits


def texte(reponse) -> str:
    return reponse.content.decode().replace("\N{NO-BREAK SPACE}", " ")


def regle(f) -> Decimal:
    return Facture.objects.get(pk=f.facture.pk).regle


def partie(f) -> TransactionEnLigne:
    f.client.post(f.payer)
    return TransactionEnLigne.objects.latest("pk")


def page_de_retour(f, ligne, suite=""):
    return f.client.get(reverse("facturation:retour", args=[ligne.refdet]) + suite)


# --- Before -----------------------------------------------------------------------------------------------------------
def test_the_page_says_what_is_paid_and_the_button_leads_to_the_payment_page(payfip, dette, settings):
    with CaptureQueriesContext(
        connection,
    ) as requetes:
        page = dette.client.get(dette.payer)
    assert len(requetes) <= 15
    assert "Payer 14,91 €" in texte(page)
    assert "à payer au plus tard le" in texte(page)
    assert not TransactionEnLigne.objects.exists()
    assert f"form-action 'self' {settings.PAYFIP['url']};" in page["Content-Security-Policy"] + ";"
    depart = dette.client.post(dette.payer)
    ligne = TransactionEnLigne.objects.get()
    assert depart["Location"] == f"{settings.PAYFIP['url']}/tpa/paiementws.web?idop={ligne.idop}"
    assert ligne.cree_par == dette.utilisateur
    assert dette.client.post(dette.payer)["Location"] == depart["Location"]  # the double click
    assert TransactionEnLigne.objects.count() == 1


def test_the_page_of_a_settled_bill_asks_for_nothing(dette):
    encaisser(famille=dette.facture.famille_id, montant=D("14.91"), moyen="especes", cle="reglee")
    page = texte(dette.client.get(dette.payer))
    assert "Cette facture est réglée" in page
    assert "au plus tard" not in page
    assert "Rien n’est débité" not in page


def test_only_pages_that_lead_there_may_post_to_the_payment_page(dette, settings):
    assert settings.PAYFIP["url"] not in dette.client.get("/factures/")["Content-Security-Policy"]


def test_no_gateway_no_button(dette, settings):
    settings.PAIEMENT_PASSERELLE = ""
    assert "n’est pas ouvert" in texte(dette.client.get(dette.payer))
    assert '<button class="bouton" type="submit">Payer' not in texte(dette.client.get(dette.payer))
    assert "n’est pas ouvert" in texte(dette.client.post(dette.payer, follow=True))


def test_a_service_that_is_down_is_a_sentence(payfip, dette):
    payfip.simulateur.en_panne = True
    page = dette.client.post(dette.payer, follow=True)
    assert page.status_code == 200
    assert "ne répond pas pour le moment. Rien n’a été débité" in texte(page)


@pytest.mark.parametrize(("prix", "mots"), [("0.99", "au moins 1,00 €"), ("0", "il n’y a rien à payer")])
def test_what_cannot_be_paid_online_is_said(payfip, prix, mots):
    f = foyer()
    facture = facture_emise(f.inscription, repas=1, prix=D(prix))
    client = Client()
    client.force_login(f.utilisateur)
    adresse = reverse("facturation:payer", args=[facture.numero])
    assert mots in texte(client.get(adresse))
    assert mots in texte(client.post(adresse, follow=True))


def test_another_household_finds_nothing(payfip, dette):
    ligne = partie(dette)
    autre = Client()
    autre.force_login(foyer().utilisateur)
    for adresse in (dette.payer, reverse("facturation:retour", args=[ligne.refdet])):
        assert autre.get(adresse).status_code == 404
        assert Client().get(adresse).status_code == 302
    assert autre.post(dette.payer).status_code == 404
    assert TransactionEnLigne.objects.count() == 1


@pytest.mark.parametrize("numero", ["F2026-999999", "x" * 200, "%00", "0"])
def test_a_bill_that_does_not_exist_is_not_found(dette, numero):
    assert dette.client.get(f"/factures/{numero}/payer/").status_code == 404
    assert dette.client.get(f"/factures/paiement/{numero}/retour/").status_code == 404


# --- After ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("choix", "mots", "suite"),
    [
        ("P", "est enregistré. Quittance n° Q", "Mes factures"),
        ("V", "Un prélèvement est accepté d’abord", "Mes factures"),
        ("R", "Le paiement a été refusé", "Payer cette facture"),
        ("Z", "Le paiement a été refusé", "Payer cette facture"),
        ("A", "Vous avez abandonné le paiement", "Payer cette facture"),
        ("", "n’est pas encore connu", "Redemander le résultat"),
    ],
)
def test_the_return_asks_the_gateway_and_says_it(payfip, dette, choix, mots, suite):
    ligne = partie(dette)
    if choix:
        payfip.choisir(ligne, choix)
    page = texte(page_de_retour(dette, ligne))
    assert mots in page.replace("</strong>", "")
    assert suite in page
    assert (Paiement.objects.count() == 1) == (choix in {"P", "V"})


def test_a_forged_return_pays_nothing(payfip, dette):
    ligne = partie(dette)
    page = page_de_retour(dette, ligne, f"?resultrans=P&montant=1491&idop={ligne.idop}&refdet={ligne.refdet}")
    assert "n’est pas encore connu" in texte(page)
    assert regle(dette) == 0


def test_a_return_by_post_without_our_cookie_is_brought_back_by_get(payfip, dette):
    ligne = partie(dette)
    adresse = reverse("facturation:retour", args=[ligne.refdet])
    reponse = Client(enforce_csrf_checks=True).post(adresse, {"idop": ligne.idop, "resultrans": "P"})
    assert (reponse.status_code, reponse["Location"]) == (302, adresse)


def test_the_return_while_the_service_is_down_says_not_to_pay_twice(payfip, dette):
    ligne = partie(dette)
    payfip.choisir(ligne, "P")
    payfip.simulateur.en_panne = True
    page = page_de_retour(dette, ligne)
    assert page.status_code == 200
    assert "Ne payez pas une seconde fois" in texte(page)
    payfip.simulateur.en_panne = False
    assert "est enregistré" in texte(page_de_retour(dette, ligne))


def test_what_was_paid_twice_and_what_was_rejected_are_said(payfip, dette):
    ligne = partie(dette)
    payfip.choisir(ligne, "V")
    verifier(ligne)
    rejeter(paiement=Paiement.objects.get(), motif="AM04")
    page = texte(page_de_retour(dette, ligne))
    assert "Votre banque a rejeté ce prélèvement" in page
    assert "Payer cette facture" in page
    seconde = partie(dette)
    payfip.choisir(seconde, "P")
    payfip.simulateur.faux = {"numcli": "999999"}
    assert "La régie vérifie ce paiement" in texte(page_de_retour(dette, seconde))
    assert "Payer cette facture" not in texte(page_de_retour(dette, seconde))


# --- Notification -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("methode", ["get", "post"])
def test_a_notification_makes_the_worker_ask_and_needs_no_cookie(payfip, dette, au_travail, methode):
    ligne = partie(dette)
    payfip.choisir(ligne, "P")
    inconnu = Client(enforce_csrf_checks=True)
    for _ in range(3):
        assert getattr(inconnu, methode)("/payfip/notification/", {"idop": ligne.idop}).status_code == 200
    assert regle(dette) == D("14.91")
    assert len(au_travail) == 1  # once it is paid nothing is asked any more


def test_a_notification_for_another_household_credits_the_one_whose_operation_it_is(payfip, dette, au_travail):
    autre = foyer()
    autre.facture = facture_emise(autre.inscription)
    sienne = ouvrir(facture=autre.facture, par=autre.utilisateur)
    payfip.choisir(sienne, "P")
    dette.client.post("/payfip/notification/", {"idop": sienne.idop})
    page_de_retour(dette, partie(dette), f"?idop={sienne.idop}")
    assert (regle(dette), regle(autre)) == (0, D("14.91"))


def test_many_notifications_do_not_ask_the_gateway_many_times(payfip, dette, au_travail):
    ligne = partie(dette)
    for _ in range(5):
        Client().post("/payfip/notification/", {"idop": ligne.idop})
    assert au_travail == [0, *[REPIT.total_seconds()] * 4]
    assert TransactionEnLigne.objects.get().verifiee_le <= timezone.now()


@pytest.mark.parametrize(
    "corps", [b"", b"\xff\xfe", b"idop=", b"idop=%00", b"idop=inconnu", b"{}", b"a" * 5000, b"idop=x&" * 50]
)
@pytest.mark.parametrize("genre", ["application/x-www-form-urlencoded", "application/json", "multipart/form-data"])
def test_garbage_is_answered_without_effect(dette, au_travail, corps, genre):
    reponse = Client().post("/payfip/notification/", corps, content_type=genre)
    assert reponse.status_code in {200, 400}
    assert au_travail == []


def test_switches_of_the_simulator_lose_double_and_forge_notifications(payfip, dette, au_travail):
    attendus = {"perdues": 0, "en-retard": 0, "forgees": 0, "doublees": 1, "normales": 1}
    for choix in Notifications:
        f = foyer()
        f.facture = facture_emise(f.inscription)
        ligne = ouvrir(facture=f.facture, par=f.utilisateur)
        payfip.simulateur.notifications = choix
        payfip.simulateur.operations = {ligne.idop: payfip.simulateur.operations[ligne.idop]}
        payfip.choisir(ligne, "P")
        if choix is Notifications.FORGEES:
            payfip.simulateur.operations[ligne.idop].resultat = ""  # nothing true behind it
        assert set(payfip.notifier()) <= {200, 400}
        assert (regle(f) > 0) == bool(attendus[choix.value]), choix
        if choix is Notifications.EN_RETARD:
            assert payfip.simulateur.livrer() == 1
            payfip.notifier()
            assert regle(f) > 0


# --- Another gateway --------------------------------------------------------------------------------------------------
def test_the_other_gateway_goes_through_the_same_door(dette, settings, au_travail):
    settings.PAYZEN, settings.PAIEMENT_PASSERELLE = PAYZEN, "payzen"
    page = dette.client.post(dette.payer)
    assert 'action="https://secure.payzen.eu/vads-payment/"' in texte(page)
    assert "form-action 'self' https://secure.payzen.eu" in page["Content-Security-Policy"]
    ligne = TransactionEnLigne.objects.get()
    assert "n’est pas encore connu" in texte(page_de_retour(dette, ligne))
    faux = signer(vads_order_id=ligne.refdet).replace("1491", "1492")
    assert Client().post("/payzen/notification/", faux, "application/x-www-form-urlencoded").status_code == 400
    TransactionEnLigne.objects.update(verifiee_le=None)
    vrai = signer(vads_order_id=ligne.refdet)
    assert Client().post("/payzen/notification/", vrai, "application/x-www-form-urlencoded").status_code == 200
    assert "est enregistré" in texte(page_de_retour(dette, ligne))
    assert regle(dette) == D("14.91")
    autre = signer(vads_order_id=ligne.refdet, vads_amount="99999")
    Client().post("/payzen/notification/", autre, "application/x-www-form-urlencoded")
    assert regle(dette) == D("14.91")


def test_an_unknown_gateway_is_not_found():
    assert Client().post("/paypal/notification/").status_code == 404


# --- The régie --------------------------------------------------------------------------------------------------------
@pytest.fixture
def regisseuse():
    client = Client()
    client.force_login(creer_agent(courriel="regie@exemple.fr", role="regie")[0])
    return client


def test_the_regie_reads_suspects_first_and_asks_again(payfip, dette, regisseuse):
    suspecte = partie(dette)
    payfip.choisir(suspecte, "P")
    payfip.simulateur.faux = {"montant": "1"}
    verifier(suspecte)
    payfip.simulateur.faux = {}
    autre = foyer()
    autre.facture = facture_emise(autre.inscription)
    ouvrir(facture=autre.facture, par=autre.utilisateur)
    liste = texte(regisseuse.get(reverse("admin:facturation_transactionenligne_changelist")))
    assert "14,91 €</td>" in liste
    assert liste.index("À vérifier par la régie</td>") < liste.index("En cours</td>")
    fiche = reverse("admin:facturation_transactionenligne_change", args=[suspecte.pk])
    assert "Vérifier maintenant" in texte(regisseuse.get(fiche))
    verifier_url = reverse("admin:facturation_transactionenligne_verifier", args=[suspecte.pk])
    assert regisseuse.get(verifier_url).status_code == 405
    assert "Payée (réponse : P)" in texte(regisseuse.post(verifier_url, follow=True))
    assert regle(dette) == D("14.91")
    payfip.simulateur.en_panne = True
    assert "ne répond pas" in texte(regisseuse.post(verifier_url, follow=True))


def test_other_agents_ask_nothing(payfip, dette):
    client = Client()
    client.force_login(creer_agent(courriel="guichet@exemple.fr", role="guichet")[0])
    verifier_url = reverse("admin:facturation_transactionenligne_verifier", args=[partie(dette).pk])
    assert client.post(verifier_url).status_code == 403
