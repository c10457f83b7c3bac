"""The régie's list of online payments: read whatever its shape, compared, applied once; hostile files are refused."""

import datetime as dt
from decimal import Decimal

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from post_office.models import Email

from facturation.models import Facture, Paiement, TransactionEnLigne
from facturation.releve import ReleveIllisible, lire_releve
from facturation.services.encaisser import encaisser
from facturation.services.rapprocher import Nature, appliquer, comparer
from reservations.regles import PARIS
from tests.administration import agent
from tests.factories import foyer
from tests.facturation.fabriques import facture_emise

D = Decimal
MIDI = dt.datetime(2026, 10, 20, 14, tzinfo=PARIS)
TITRES = "refdet;idOp;date;montant;résultat\n"
LIGNE = "F2026000001AB;op-1;19/10/2026;14,91;P\n"
RAPPROCHER = "admin:facturation_paiement_rapprocher"
APPLIQUER = "admin:facturation_paiement_appliquer"


@pytest.mark.parametrize(
    "contenu",
    [
        (TITRES + LIGNE).encode(),
        (TITRES + LIGNE).encode("latin-1"),
        b"\xef\xbb\xbf" + (TITRES + LIGNE).encode(),
        (TITRES + LIGNE).replace("\n", "\r\n").encode() + b"\r\n;;;;\r\n",
        "Résultat;Montant;Date de paiement;Référence de la dette;idOp;Autre\nP;14.91;2026-10-19;f2026000001ab;op-1;x\n"
        .encode(),
        b"RESULTRANS;DATTRANS;MONTANT;REFDET;IDOP\nP;19102026;14,91;F2026000001AB;op-1\n",
    ],
)  # fmt: skip
def test_a_list_is_read_whatever_its_encoding_and_the_order_of_its_columns(contenu):
    (ligne,) = lire_releve(contenu)
    assert (ligne.refdet, ligne.idop, ligne.montant) == ("F2026000001AB", "op-1", D("14.91"))
    assert (ligne.date, ligne.resultat) == (dt.date(2026, 10, 19), "P")


@pytest.mark.parametrize(
    ("contenu", "mots"),
    [
        (b"", "vide"),
        (b"  \n", "vide"),
        (b"PK\x03\x04\0\0", "pas un texte"),
        (b"\xff\xfe" + "refdet".encode("utf-16-le"), "pas un texte"),
        (b"x" * 1_000_001, "trop lourd"),
        (("refdet;date;montant;resultat\n" + "a\n" * 5_001).encode(), "trop de lignes"),
        (b"Date;Libelle;Debit;Credit\n19/10/2026;VIR;;12,00\n", "n’est pas le relevé"),
        (b"refdet,date,montant,resultat\n", "n’est pas le relevé"),
        (b"refdet;refdet;date;montant;resultat\n", "plusieurs fois"),
        (TITRES.encode(), "aucun paiement"),
        ((TITRES + LIGNE.replace("14,91", "-14,91")).encode(), "Ligne 2"),
        ((TITRES + LIGNE.replace("14,91", "1e9")).encode(), "Ligne 2"),
        ((TITRES + LIGNE.replace("14,91", "14,911")).encode(), "Ligne 2"),
        ((TITRES + LIGNE.replace("19/10/2026", "31/02/2026")).encode(), "JJ/MM/AAAA"),
        ((TITRES + LIGNE.replace("19/10/2026", "01/01/0001")).encode(), "JJ/MM/AAAA"),
        ((TITRES + LIGNE.replace(";P", ";OK")).encode(), "P, V, A, R ou Z"),
        ((TITRES + LIGNE.replace("F2026000001AB", "=1+1")).encode(), "6 à 30"),
        ((TITRES + LIGNE.replace("op-1", "<b>")).encode(), "identifiant"),
        ((TITRES + LIGNE + "seule\n").encode(), "Ligne 3"),
        ((TITRES + '"' + "x" * 200_000).encode(), "abîmé"),
    ],
)
def test_what_is_not_the_list_gets_a_sentence(contenu, mots):
    with pytest.raises(ReleveIllisible) as refus:
        lire_releve(contenu)
    assert mots in refus.value.fautes[0].replace("\N{NO-BREAK SPACE}", " ")


@pytest.fixture
def ouverte(db):
    """A household whose online payment of a bill was never heard of again."""
    with time_machine.travel(MIDI, tick=False):
        f = foyer()
        f.facture = facture_emise(f.inscription)
        f.transaction = TransactionEnLigne.objects.create(
            famille=f.famille, facture=f.facture, passerelle="payfip", montant=D("14.91"), refdet="F2026000001AB",
            numcli="090001", saisie="W", exercice="2026", courriel="a@exemple.fr", idop="op-1", etat="partie",
            cree_le=MIDI,
        )  # fmt: skip
        f.regie = agent("regie")
        yield f


@pytest.mark.parametrize(
    ("change", "ours", "nature"),
    [
        ({}, {}, Nature.A_ENREGISTRER),
        ({}, {"etat": "perdue"}, Nature.A_ENREGISTRER),
        ({}, {"idop": ""}, Nature.A_ENREGISTRER),
        ({}, {"saisie": "T"}, Nature.ESSAI),
        ({}, {"saisie": "X"}, Nature.ESSAI),
        ({"F2026000001AB": "F2026000009ZZ"}, {}, Nature.INCONNUE),
        ({"14,91": "14,90"}, {}, Nature.DIFFERENTE),
        ({"op-1": "op-2"}, {}, Nature.DIFFERENTE),
        ({";P": ";V"}, {}, Nature.A_ENREGISTRER),
        ({";P": ";R"}, {}, Nature.NON_PAYEE),
        ({";P": ";A"}, {}, Nature.NON_PAYEE),
    ],
)
def test_what_a_line_says_of_our_transaction(ouverte, settings, change, ours, nature):
    settings.DEMO = False
    TransactionEnLigne.objects.update(**ours)
    ligne = LIGNE
    for avant, apres in change.items():
        ligne = ligne.replace(avant, apres)
    lignes = lire_releve((TITRES + ligne).encode())
    assert [d.nature for d in comparer(lignes)] == [nature]
    assert not Paiement.objects.exists()
    appliquer(lignes, par=ouverte.utilisateur)
    assert Paiement.objects.count() == (nature is Nature.A_ENREGISTRER)


def test_a_payment_already_credited_is_recognised_and_a_refusal_of_it_is_for_a_person(ouverte):
    paiement, _ = encaisser(famille=ouverte.famille.pk, montant=D("14.91"), moyen="carte", cle="payfip:op-1")
    TransactionEnLigne.objects.update(etat="payee", paiement=paiement)
    for ligne, nature in ((LIGNE, Nature.DEJA), (LIGNE.replace(";P", ";R"), Nature.CONTREDITE)):
        lignes = lire_releve((TITRES + ligne).encode())
        assert [d.nature for d in comparer(lignes)] == [nature]
        assert appliquer(lignes, par=ouverte.utilisateur) == []
    assert Paiement.objects.count() == 1


def test_the_same_payment_twice_in_a_file_counts_once(ouverte):
    lignes = lire_releve((TITRES + LIGNE * 2).encode())
    assert [d.nature for d in comparer(lignes)] == [Nature.A_ENREGISTRER, Nature.DOUBLE]
    assert len(appliquer(lignes, par=ouverte.utilisateur)) == 1
    assert appliquer(lignes, par=ouverte.utilisateur) == []


def test_a_notification_heard_before_the_list_is_not_credited_again(ouverte):
    encaisser(famille=ouverte.famille.pk, montant=D("14.91"), moyen="carte", cle="payfip:op-1")
    assert appliquer(lire_releve((TITRES + LIGNE).encode()), par=ouverte.utilisateur) == []
    assert Paiement.objects.count() == 1
    assert TransactionEnLigne.objects.get().etat == "payee"


def envoyer(f, contenu, nom="releve.csv"):
    return f.regie.post(reverse(RAPPROCHER), {"fichier": SimpleUploadedFile(nom, contenu)})


def test_the_differences_are_shown_then_applied_once(ouverte):
    vue = envoyer(ouverte, (TITRES + LIGNE + "F2026000009ZZ;;19/10/2026;3,00;P\n").encode())
    page = vue.content.decode()
    assert "référence inconnue" in page
    assert "à enregistrer" in page
    assert not Paiement.objects.exists()
    for _ in range(2):
        ouverte.regie.post(reverse(APPLIQUER), {"sceau": vue.context["sceau"]})
    assert Paiement.objects.get().cle == "payfip:op-1"
    assert Facture.objects.get().reste == 0
    assert Email.objects.count() == 1
    assert "déjà enregistré" in envoyer(ouverte, (TITRES + LIGNE).encode()).content.decode()


@pytest.mark.parametrize("contenu", [b"", b"\0\1", b"Date;Libelle\n", (TITRES + LIGNE.replace("14,91", "x")).encode()])
def test_a_file_of_the_wrong_bank_gets_a_sentence_on_the_page(ouverte, contenu):
    page = envoyer(ouverte, contenu).content.decode()
    assert "Rien n’a été changé" in page
    assert "Appliquer" not in page


@pytest.mark.parametrize("sceau", ["", "abc", "a:b:c", "\0"])
def test_lines_that_were_not_shown_are_not_applied(ouverte, sceau):
    reponse = ouverte.regie.post(reverse(APPLIQUER), {"sceau": sceau}, follow=True)
    assert "Rien n’a été changé" in reponse.content.decode()
    assert not Paiement.objects.exists()


def test_the_guichet_does_not_reconcile(ouverte):
    client = agent("guichet")
    assert client.get(reverse(RAPPROCHER)).status_code == 403
    assert client.post(reverse(APPLIQUER)).status_code == 403
