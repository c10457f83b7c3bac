"""Payments online against the simulated PayFiP, over real HTTP: each case of the Treasury's contract, and each loss."""

import datetime as dt
import threading
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import timezone
from post_office.models import Email

from comptes.models import Notification
from facturation import tasks
from facturation.models import Facture, Paiement, TransactionEnLigne
from facturation.passerelle import PasserelleIndisponible
from facturation.services import en_ligne
from facturation.services.effacement import clore
from facturation.services.en_ligne import ouvrir, verifier, verifier_les_ouvertes
from facturation.services.encaisser import encaisser, rejeter
from tests.factories import foyer
from tests.facturation.fabriques import facture_emise

D = Decimal
E = TransactionEnLigne.Etat
UN_JOUR = dt.timedelta(days=1)
OCTOBRE = dt.date(2026, 10, 1)


@pytest.fixture
def dette(db):
    """A household that owes 14.91 €."""
    f = foyer()
    f.facture = facture_emise(f.inscription)
    return f


def regle(f) -> Decimal:
    return Facture.objects.get(pk=f.facture.pk).regle


def ouverte(f) -> TransactionEnLigne:
    return ouvrir(facture=f.facture, par=f.utilisateur)


# --- What each answer does --------------------------------------------------------------------------------------------
CAS = [
    # choice, false fields of the answer, state, credited, bills
    ("P", {}, E.PAYEE, "14.91"),
    ("V", {}, E.PAYEE, "14.91"),
    ("R", {}, E.REFUSEE, "0"),
    ("Z", {}, E.REFUSEE, "0"),
    ("A", {}, E.ABANDONNEE, "0"),
    ("P", {"exer": "20"}, E.PAYEE, "14.91"),
    ("P", {"montant": "1490"}, E.SUSPECTE, "0"),
    ("P", {"montant": "149100"}, E.SUSPECTE, "0"),
    ("P", {"montant": "14,91"}, E.SUSPECTE, "0"),
    ("P", {"montant": "-1491"}, E.SUSPECTE, "0"),
    ("V", {"montant": "1490"}, E.SUSPECTE, "0"),
    ("P", {"refdet": "F2026000999ABCD"}, E.SUSPECTE, "0"),
    ("P", {"numcli": "654321"}, E.SUSPECTE, "0"),
    ("P", {"saisie": "W"}, E.SUSPECTE, "0"),
    ("P", {"dattrans": "31022026", "heurtrans": "9999"}, E.PAYEE, "14.91"),
    ("P", {"dattrans": "01011970"}, E.PAYEE, "14.91"),
]


@pytest.mark.parametrize(("choix", "faux", "etat", "credite"), CAS)
def test_what_the_treasury_answers_is_compared_then_credited_once(payfip, dette, choix, faux, etat, credite):
    ligne = ouverte(dette)
    payfip.choisir(ligne, choix)
    payfip.simulateur.faux = faux
    for _ in range(3):
        assert verifier(ligne).etat == etat
    assert regle(dette) == D(credite)
    assert Paiement.objects.count() == bool(D(credite))
    if D(credite):
        paiement = Paiement.objects.get()
        assert paiement.moyen == ("carte" if choix == "P" else "prelev-ligne")
        assert (paiement.cle, paiement.saisi_par) == (f"payfip:{ligne.idop}", dette.utilisateur)
        assert abs(paiement.recu_le - timezone.now()) < dt.timedelta(minutes=5)


def test_household_is_told_once_with_the_receipt(payfip, dette):
    ligne = ouverte(dette)
    payfip.choisir(ligne, "V")
    for _ in range(2):
        verifier(ligne)
    (mail,) = Email.objects.all()
    numero = Paiement.objects.get().numero
    assert mail.to == [dette.utilisateur.email]
    assert numero in mail.message
    assert "14,91" in mail.message
    assert "présenté à votre banque" in mail.message
    (avis,) = Notification.objects.all()
    assert (avis.categorie, numero in avis.texte) == ("paiements", True)
    assert avis.lien == f"/factures/paiement/{ligne.refdet}/retour/"


def test_regie_is_told_once_of_a_mismatch_and_the_household_of_nothing(payfip, dette, settings):
    ligne = ouverte(dette)
    payfip.choisir(ligne, "P")
    payfip.simulateur.faux = {"montant": "1"}
    for _ in range(2):
        verifier(ligne)
    (mail,) = Email.objects.all()
    assert mail.to == [settings.REGIE["courriel"]]
    assert ligne.refdet in mail.message
    assert "montant" in mail.message
    payfip.simulateur.faux = {}  # the régie asked again: this time it agrees
    assert verifier(ligne).etat == E.PAYEE
    assert regle(dette) == D("14.91")


def test_result_not_known_yet_changes_nothing_then_is_purged_in_the_night(payfip, dette):
    ligne = ouverte(dette)
    assert verifier(ligne).etat == E.PARTIE
    assert ligne.resultat == "P5"
    payfip.simulateur.purger()
    assert verifier(ligne).etat == E.PARTIE  # P1 the same day: nothing is concluded
    with time_machine.travel(timezone.now() + UN_JOUR):
        verifier_les_ouvertes()
    ligne.refresh_from_db()
    assert (ligne.etat, ligne.resultat, Paiement.objects.count()) == (E.PERDUE, "P1", 0)


def test_direct_debit_rejected_later_reopens_the_debt_once(payfip, dette):
    ligne = ouverte(dette)
    payfip.choisir(ligne, "V")
    verifier(ligne)
    assert regle(dette) == D("14.91")
    payfip.simulateur.operations[ligne.idop].resultat = "Z"
    for _ in range(2):
        assert verifier(ligne).etat == E.PAYEE  # it was: its rejection is a row more
    assert regle(dette) == 0
    assert Paiement.objects.get().rejet.motif == "Prélèvement refusé par la banque"
    assert [m.subject[:18] for m in Email.objects.order_by("pk")] == ["Paiement reçu\u00a0: 14", "Prélèvement rejeté"]
    payfip.simulateur.operations[ligne.idop].resultat = "V"  # a stale answer does not credit it again
    verifier(ligne)
    assert regle(dette) == 0


def test_direct_debit_rejected_by_the_regie_can_be_paid_again(payfip, dette):
    ligne = ouverte(dette)
    payfip.choisir(ligne, "V")
    verifier(ligne)
    rejeter(paiement=Paiement.objects.get(), motif="AM04")
    seconde = ouverte(dette)
    assert seconde.pk != ligne.pk
    payfip.choisir(seconde, "P")
    verifier(seconde)
    assert regle(dette) == D("14.91")


def test_card_paid_is_never_undone_by_a_later_answer(payfip, dette):
    ligne = ouverte(dette)
    payfip.choisir(ligne, "P")
    verifier(ligne)
    for suite in ("R", "A", "Z"):
        payfip.simulateur.operations[ligne.idop].resultat = suite
        assert verifier(ligne).etat == E.PAYEE
    payfip.simulateur.operations.clear()
    assert verifier(ligne).etat == E.PAYEE
    assert regle(dette) == D("14.91")


def test_abandoned_then_paid_on_the_same_page_is_credited_by_the_task(payfip, dette):
    ligne = ouverte(dette)
    payfip.choisir(ligne, "A")
    assert verifier(ligne).etat == E.ABANDONNEE
    payfip.choisir(ligne, "P")
    with time_machine.travel(timezone.now() + dt.timedelta(minutes=25)):
        assert verifier_les_ouvertes().verifiees == 1
    assert regle(dette) == D("14.91")


@pytest.mark.parametrize("saisie", ["T", "X", "W"])
def test_only_production_credits_a_real_debt(payfip, dette, settings, saisie):
    settings.DEMO = False
    settings.PAYFIP = {**settings.PAYFIP, "saisie": saisie}
    ligne = ouverte(dette)
    payfip.choisir(ligne, "P")
    verifier(ligne)
    attendu = (E.PAYEE, D("14.91")) if saisie == "W" else (E.PERDUE, D(0))
    ligne.refresh_from_db()
    assert (ligne.etat, regle(dette)) == attendu


def test_a_try_answered_to_a_real_request_is_suspect(payfip, dette, settings):
    settings.DEMO = False
    settings.PAYFIP = {**settings.PAYFIP, "saisie": "W"}
    ligne = ouverte(dette)
    payfip.choisir(ligne, "P")
    payfip.simulateur.faux = {"saisie": "T"}
    assert verifier(ligne).etat == E.SUSPECTE
    assert regle(dette) == 0


def test_another_operation_answered_for_ours_is_not_read(payfip, dette):
    autre = foyer()
    autre.facture = facture_emise(autre.inscription)
    sienne, notre = ouverte(autre), ouverte(dette)
    payfip.choisir(sienne, "P")
    payfip.choisir(notre, "R")
    payfip.simulateur.operations[notre.idop] = payfip.simulateur.operations[sienne.idop]
    assert verifier(notre).etat == E.SUSPECTE  # its refdet is the other household's
    assert regle(dette) == 0
    payfip.simulateur.faux = {"idOp": sienne.idop}
    with pytest.raises(PasserelleIndisponible):
        verifier(notre)
    assert Paiement.objects.count() == 0


# --- What is asked ----------------------------------------------------------------------------------------------------
def test_row_is_committed_before_the_gateway_is_asked(payfip, dette, monkeypatch):
    vus, vrai = [], en_ligne.choisie().demander

    def espion(demande, objet, adresses):
        vus.append(TransactionEnLigne.objects.get(refdet=demande.refdet).etat)
        return vrai(demande, objet, adresses)

    monkeypatch.setattr("facturation.passerelle_payfip.demander", espion)
    ligne = ouverte(dette)
    assert vus == [E.CREEE]
    demande = payfip.simulateur.operations[ligne.idop].demande
    assert demande["montant"] == "1491"
    assert demande["refdet"] == ligne.refdet
    assert demande["refdet"].startswith(ligne.facture.numero.replace("-", ""))
    assert demande["mel"] == dette.utilisateur.email
    assert demande["urlnotif"].endswith("/payfip/notification/")
    assert demande["urlredirect"].endswith(f"/factures/paiement/{ligne.refdet}/retour/")


def test_carried_bills_are_paid_with_the_bill_that_carries_them(payfip, dette):
    suite = facture_emise(dette.inscription, repas=2, mois=OCTOBRE)
    Facture.objects.filter(pk=dette.facture.pk).update(reportee_sur=suite)
    ligne = ouvrir(facture=suite, par=dette.utilisateur)
    assert ligne.montant == D("24.85")
    with pytest.raises(ValidationError, match="a été ouvert à"):  # the other tab, on the carried bill
        ouverte(dette)
    payfip.choisir(ligne, "P")
    verifier(ligne)
    assert not Facture.objects.filter(famille=dette.famille).impayees().exists()


@pytest.mark.parametrize(
    ("prix", "phrase"), [("0.99", "au moins 1,00"), ("0.01", "au moins 1,00"), ("0.00", "rien à payer"), ("1.00", "")]
)
def test_a_payment_is_of_one_euro_at_least(payfip, db, prix, phrase):
    f = foyer()
    f.facture = facture_emise(f.inscription, repas=1, prix=D(prix))
    if not phrase:
        assert ouverte(f).montant == D(prix)
        return
    with pytest.raises(ValidationError, match=phrase):
        ouverte(f)
    assert not TransactionEnLigne.objects.exists()
    assert not payfip.simulateur.operations


def test_two_tabs_and_a_double_click_are_one_transaction(payfip, dette):
    assert len({ouverte(dette).pk for _ in range(3)}) == 1
    assert len(payfip.simulateur.operations) == 1


def test_a_second_tab_learns_that_the_first_has_paid(payfip, dette):
    premiere = ouverte(dette)
    payfip.choisir(premiere, "P")
    seconde = ouverte(dette)
    assert (seconde.pk, seconde.etat) == (premiere.pk, E.PAYEE)
    with pytest.raises(ValidationError, match="rien à payer"):
        ouverte(dette)
    assert regle(dette) == D("14.91")


@pytest.mark.parametrize(("minutes", "suite"), [(13, "la même"), (16, "refus"), (21, "une autre")])
def test_a_page_left_open_is_opened_again_or_replaced_when_it_can_no_longer_be_paid(payfip, dette, minutes, suite):
    premiere = ouverte(dette)
    with time_machine.travel(timezone.now() + dt.timedelta(minutes=minutes)):
        if suite == "refus":
            with pytest.raises(ValidationError, match="Terminez-le, ou attendez"):
                ouverte(dette)
        else:
            assert (ouverte(dette).pk == premiere.pk) == (suite == "la même")


def test_a_payment_after_the_bill_was_paid_otherwise_is_an_advance_and_said(payfip, dette):
    ligne = ouverte(dette)
    encaisser(famille=dette.famille.pk, montant=D(10), moyen="especes", cle="guichet")
    payfip.choisir(ligne, "P")
    verifier(ligne)
    assert regle(dette) == D("14.91")
    assert en_ligne.avance(Paiement.objects.get(moyen="carte")) == D(10)
    assert "10,00\u00a0€ ne correspondent à aucune facture due" in Email.objects.get().message


def test_service_down_before_the_redirect_leaves_a_row_without_a_debt_of_ours(payfip, dette):
    payfip.simulateur.en_panne = True
    with pytest.raises(ValidationError, match="ne répond pas"):
        ouverte(dette)
    assert TransactionEnLigne.objects.get().etat == E.PERDUE
    payfip.simulateur.en_panne = False
    assert ouverte(dette).etat == E.PARTIE  # at once


def test_service_down_after_the_redirect_loses_nothing(payfip, dette):
    ligne = ouverte(dette)
    payfip.choisir(ligne, "P")
    payfip.simulateur.en_panne = True
    with pytest.raises(PasserelleIndisponible):
        verifier(ligne)
    with pytest.raises(ValidationError, match="ne répond pas"):
        ouverte(dette)
    assert verifier_les_ouvertes().en_panne == 1
    assert regle(dette) == 0
    payfip.simulateur.en_panne = False
    verifier_les_ouvertes()
    assert regle(dette) == D("14.91")


def test_the_payment_service_refuses_an_address(payfip, dette):
    dette.utilisateur.email = "sans-point@exemple"
    with pytest.raises(ValidationError, match="refusé votre adresse e-mail"):
        ouverte(dette)
    assert TransactionEnLigne.objects.get().resultat == "A2"


def test_the_address_given_to_the_service_goes_with_the_household(payfip, dette):
    ligne = ouverte(dette)
    payfip.choisir(ligne, "P")
    verifier(ligne)
    clore(dette.famille, maintenant=timezone.now())
    ligne.refresh_from_db()
    assert (ligne.courriel, ligne.etat) == ("", E.PAYEE)
    assert dette.utilisateur.email not in str(ligne.detail)


# --- The sweep --------------------------------------------------------------------------------------------------------
def test_the_periodic_task_alone_settles_what_notification_and_return_have_lost(payfip, dette):
    ligne = ouverte(dette)
    payfip.choisir(ligne, "P")  # nobody delivers the notification, nobody comes back
    tasks.verifier_les_paiements()
    ligne.refresh_from_db()
    assert (ligne.etat, regle(dette)) == (E.PAYEE, D("14.91"))
    assert Email.objects.count() == 1
    assert verifier_les_ouvertes().verifiees == 0


def test_the_sweep_is_bounded_and_takes_the_longest_unasked_first(payfip, db):
    foyers = [foyer() for _ in range(3)]
    for f in foyers:
        f.facture = facture_emise(f.inscription)
        payfip.choisir(ouverte(f), "P")
    assert [verifier_les_ouvertes(au_plus=2).verifiees for _ in range(3)] == [2, 1, 0]
    assert [regle(f) for f in foyers] == [D("14.91")] * 3


def test_the_sweep_does_not_wait_for_a_service_that_is_down(payfip, db):
    for _ in range(5):
        f = foyer()
        f.facture = facture_emise(f.inscription)
        ouverte(f)
    payfip.simulateur.en_panne = True
    assert verifier_les_ouvertes().en_panne == en_ligne.PANNES_AU_PLUS


def test_a_row_whose_process_died_before_it_asked_is_closed(payfip, dette):
    ligne = ouverte(dette)
    TransactionEnLigne.objects.filter(pk=ligne.pk).update(idop="", memoire={}, etat=E.CREEE)
    verifier_les_ouvertes()
    ligne.refresh_from_db()
    assert ligne.etat == E.CREEE
    with time_machine.travel(timezone.now() + dt.timedelta(hours=2)):
        verifier_les_ouvertes()
    ligne.refresh_from_db()
    assert ligne.etat == E.PERDUE


# --- At the same instant ----------------------------------------------------------------------------------------------
def ensemble(n, geste):
    barriere = threading.Barrier(n)

    def un(i):
        try:
            barriere.wait()
            return geste(i)
        finally:
            connection.close()

    with ThreadPoolExecutor(n) as fils:
        return [f.exception() or f.result() for f in [fils.submit(un, i) for i in range(n)]]


def sans_verrou(monkeypatch):
    """The control: nobody waits for anybody."""
    for module in (en_ligne, "facturation.services.encaisser"):
        chemin = module if isinstance(module, str) else module.__name__
        monkeypatch.setattr(f"{chemin}.verrouiller_le_foyer", lambda pk: None)
    monkeypatch.setattr(TransactionEnLigne.objects._queryset_class, "verrouillees", lambda self: self)


def une_dette():
    f = foyer()
    with transaction.atomic():
        f.facture = facture_emise(f.inscription)
    return f


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("verrou", [True, False])
def test_notification_return_and_task_at_the_same_instant_credit_once(payfip, monkeypatch, verrou):
    f = une_dette()
    ligne = ouverte(f)
    payfip.choisir(ligne, "P")
    if not verrou:
        sans_verrou(monkeypatch)
    rencontre = threading.Barrier(4, timeout=10)
    conclure = en_ligne._conclure

    def ensemble_puis_conclure(relue, resultat):
        if not verrou:
            rencontre.wait()  # all have read « not paid yet » before one of them writes
        return conclure(relue, resultat)

    monkeypatch.setattr(en_ligne, "_conclure", ensemble_puis_conclure)
    rendus = ensemble(4, lambda i: verifier(TransactionEnLigne.objects.get(pk=ligne.pk)).etat)
    justes = (rendus, Paiement.objects.count(), Email.objects.count()) == ([E.PAYEE] * 4, 1, 1)
    assert justes is verrou
    assert regle(f) == D("14.91") or not verrou


@pytest.mark.django_db(transaction=True)
def test_a_double_click_is_one_transaction_even_at_the_same_instant(payfip):
    f = une_dette()
    lignes = ensemble(4, lambda i: ouvrir(facture=Facture.objects.get(pk=f.facture.pk), par=f.utilisateur))
    assert {(t.pk, t.idop) for t in lignes} == set(TransactionEnLigne.objects.values_list("pk", "idop"))
    assert TransactionEnLigne.objects.count() == 1
