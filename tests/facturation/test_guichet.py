"""The régisseur's desk: what is typed, confirmed, counted once, told to the household, and taken back."""

import datetime as dt
from decimal import Decimal

import pytest
import time_machine
from django.urls import reverse
from post_office.models import Email

from comptes.models import Notification
from facturation.models import Facture, Paiement, Rejet
from facturation.regles_moyens import lire_montant, refus_de_la_date
from facturation.services.imputer import disponibles
from reservations.regles import PARIS
from tests.administration import agent
from tests.factories import foyer
from tests.facturation.fabriques import facture_emise
from tests.reservations.test_nombre_de_requetes import instructions

D = Decimal
MIDI = dt.datetime(2026, 10, 20, 14, tzinfo=PARIS)
AJOUTER = "admin:facturation_paiement_add"


@pytest.mark.parametrize(
    ("texte", "montant"),
    [
        ("12,50", "12.50"),
        ("12.50", "12.50"),
        ("12", "12.00"),
        (" 12,5 €", "12.50"),
        ("1 234,56", "1234.56"),
        ("1\N{NARROW NO-BREAK SPACE}234,56\N{NO-BREAK SPACE}€", "1234.56"),
        ("0,01", "0.01"),
        ("100000", "100000.00"),
        ("-3", None),
        ("1e9", None),
        ("12,345", None),
        ("", None),
        ("0", None),
        ("0,00", None),
        ("100000,01", None),
        ("9" * 20, None),
        ("١٢", None),
        ("NaN", None),
        ("Infinity", None),
        ("1,2,3", None),
        ("=1+1", None),
    ],
)
def test_an_amount_is_read_as_the_french_write_it_or_refused(texte, montant):
    if montant is None:
        with pytest.raises(ValueError, match=r"\.$"):
            lire_montant(texte)
    else:
        assert lire_montant(texte) == D(montant)


@pytest.mark.parametrize(
    ("jours", "refuse"), [(0, False), (-1, False), (-366, False), (-367, True), (1, True), (3000, True)]
)
def test_money_cannot_have_come_tomorrow_or_long_ago(jours, refuse):
    assert bool(refus_de_la_date(MIDI.date() + dt.timedelta(days=jours), aujourdhui=MIDI.date())) is refuse


@pytest.fixture
def dette(db):
    with time_machine.travel(MIDI, tick=False):
        f = foyer()
        f.factures = [
            facture_emise(f.inscription),
            facture_emise(f.inscription, repas=2, mois=dt.date(2026, 10, 1)),
        ]
        f.regie = agent("regie")
        yield f


def saisie(f, **champs):
    return {
        "famille": f.famille.pk, "moyen": "cheque", "montant": "20,00", "recu_le": "19/10/2026",
        "reference": "BNP 0001234", "facture": "",
    } | champs  # fmt: skip


def confirmer(f, **champs):
    """See what it would settle, then confirm it, as an agent does."""
    vue = f.regie.get(reverse(AJOUTER), saisie(f, **champs))
    assert vue.context["apercu"], vue.context["form"].errors
    envoi = dict(vue.context["champs"]) | {
        "famille": f.famille.pk, "jeton": vue.context["jeton"], "avance": str(vue.context["apercu"].avance),
    }  # fmt: skip
    return envoi, f.regie.post(reverse(AJOUTER), envoi, follow=True)


def test_a_household_is_found_by_its_name_or_by_a_bill(dette):
    for mot in (dette.famille.nom, dette.factures[0].numero.lower(), dette.enfant.nom):
        vue = dette.regie.get(reverse(AJOUTER), {"q": mot})
        assert dette.famille in vue.context["trouvees"]
    for mot in ("Personne de ce nom", "F2026-999999"):
        assert b"Aucune famille" in dette.regie.get(reverse(AJOUTER), {"q": mot}).content
    for mot in ("", "a\0b", "x" * 500):
        assert dette.regie.get(reverse(AJOUTER), {"q": mot}).context["trouvees"] is None


def test_the_payment_is_shown_then_recorded_and_the_household_is_told(dette):
    vue = dette.regie.get(reverse(AJOUTER), saisie(dette))
    assert [part for _, part in vue.context["apercu"].parts] == [D("14.91"), D("5.09")]
    assert not Paiement.objects.exists()
    _, fait = confirmer(dette)
    paiement = Paiement.objects.get()
    assert (paiement.montant, paiement.moyen, paiement.reference) == (D(20), "cheque", "BNP 0001234")
    assert paiement.recu_le.astimezone(PARIS).date() == dt.date(2026, 10, 19)
    assert fait.redirect_chain == [(reverse("admin:facturation_paiement_change", args=[paiement.pk]), 302)]
    assert f"quittance n° {paiement.numero}" in fait.content.decode()
    assert "20,00" in Email.objects.get(to=[dette.utilisateur.email]).message
    assert Notification.objects.get().categorie == "paiements"


def test_the_form_sent_twice_counts_once(dette):
    envoi, _ = confirmer(dette)
    encore = dette.regie.post(reverse(AJOUTER), envoi, follow=True)
    assert "déjà enregistré" in encore.content.decode()
    assert Paiement.objects.count() == Email.objects.count() == 1
    assert list(Facture.objects.order_by("pk").values_list("regle", flat=True)) == [D("14.91"), D("5.09")]


def test_the_bill_chosen_comes_first(dette):
    confirmer(dette, facture=dette.factures[1].pk, montant="9,94")
    assert list(Facture.objects.order_by("pk").values_list("regle", flat=True)) == [0, D("9.94")]


def test_more_than_what_is_due_is_an_advance_said_before_confirming(dette):
    vue = dette.regie.get(reverse(AJOUTER), saisie(dette, montant="30"))
    assert "une avance" in vue.content.decode()
    confirmer(dette, montant="30")
    assert [reste for _, reste in disponibles(dette.famille.pk)] == [D("5.15")]
    assert "avance" in Email.objects.get().message


def test_an_advance_that_was_not_shown_is_not_recorded(dette):
    vue = dette.regie.get(reverse(AJOUTER), saisie(dette, montant="24,85"))
    confirmer(dette, montant="10")  # paid otherwise meanwhile
    envoi = dict(vue.context["champs"]) | {"famille": dette.famille.pk, "jeton": "a", "avance": "0.00"}
    reponse = dette.regie.post(reverse(AJOUTER), envoi)
    assert reponse.context["apercu"].avance == 10
    assert Paiement.objects.count() == 1


@pytest.mark.parametrize(
    "champs",
    [
        {"montant": "-3"},
        {"montant": "1e9"},
        {"montant": "12,345"},
        {"montant": ""},
        {"montant": "1" * 30},
        {"recu_le": "21/10/2026"},
        {"recu_le": "31/02/2026"},
        {"recu_le": "01/01/0001"},
        {"recu_le": ""},
        {"moyen": "carte"},
        {"moyen": "or"},
        {"reference": "a\nb"},
        {"reference": "a" * 81},
        {"reference": "a\0b"},
        {"facture": "999999999999999999999"},
        {"facture": "abc"},
    ],
)
def test_what_is_typed_wrong_gets_a_sentence_and_changes_nothing(dette, champs):
    envoi = saisie(dette, **champs) | {"jeton": "a", "avance": "0.00"}
    reponse = dette.regie.post(reverse(AJOUTER), envoi)
    assert reponse.status_code == 200
    assert reponse.context["form"].errors
    assert "Corrigez ce qui suit" in reponse.content.decode()
    assert not Paiement.objects.exists()


@pytest.mark.parametrize("famille", ["0", "abc", "-1", "9" * 30, "", "٣"])
def test_a_household_that_does_not_exist_leads_to_the_search(dette, famille):
    for methode in (dette.regie.get, dette.regie.post):
        assert "Qui paie" in methode(reverse(AJOUTER), saisie(dette, famille=famille)).content.decode()
    assert not Paiement.objects.exists()


def test_the_desk_asks_as_much_of_the_database_for_two_bills_as_for_eight(dette):
    def ouvrir():
        dette.regie.get(reverse(AJOUTER), saisie(dette))

    ouvrir()  # the first page dates the session
    avant = len(instructions(ouvrir))
    for mois in range(1, 7):
        facture_emise(dette.inscription, repas=1, mois=dt.date(2026, mois, 1))
    assert len(instructions(ouvrir)) == avant <= 15


def test_a_cheque_that_bounces_reopens_the_debt_once(dette):
    confirmer(dette)
    paiement = Paiement.objects.get()
    rejeter = reverse("admin:facturation_paiement_rejeter", args=[paiement.pk])
    for motif in ("", "a\nb", "x" * 121):
        assert "Rien n’a été changé" in dette.regie.post(rejeter, {"motif": motif}, follow=True).content.decode()
    assert not Rejet.objects.exists()
    for _ in range(2):
        dette.regie.post(rejeter, {"motif": "Provision insuffisante"})
    assert Rejet.objects.get().motif == "Provision insuffisante"
    assert list(Facture.objects.order_by("pk").values_list("regle", flat=True)) == [0, 0]
    assert "Provision insuffisante" in Email.objects.order_by("pk").last().message
    assert Email.objects.count() == 2
    page = dette.regie.get(reverse("admin:facturation_paiement_change", args=[paiement.pk])).content.decode()
    assert "Enregistrer le rejet" not in page


def test_cash_is_not_rejected_and_the_guichet_records_nothing(dette):
    confirmer(dette, moyen="especes")
    paiement = Paiement.objects.get()
    rejeter = reverse("admin:facturation_paiement_rejeter", args=[paiement.pk])
    assert "ne se rejette pas ici" in dette.regie.post(rejeter, {"motif": "Non"}, follow=True).content.decode()
    for role in ("guichet", "cantine"):
        client = agent(role)
        assert client.get(reverse(AJOUTER)).status_code == 403
        assert client.post(rejeter, {"motif": "Non"}).status_code == 403
    assert not Rejet.objects.exists()
    assert dette.regie.post(reverse("admin:facturation_paiement_rejeter", args=[2**70])).status_code == 404
