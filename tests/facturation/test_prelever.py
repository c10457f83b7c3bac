"""Direct debit: a mandate signed and masked, announced, sent as pain.008, paid at its day, rejected."""

import datetime as dt
from decimal import Decimal

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.urls import reverse
from post_office.models import Email

from facturation.chiffre import chiffrer, dechiffrer
from facturation.models import Facture, LotDePrelevements, Mandat, Paiement, Prelevement
from facturation.services.encaisser import encaisser
from facturation.services.guichet import reprendre
from facturation.services.mandats import lire_iban, signer
from facturation.services.prelever import faire_le_lot, preparer, remettre
from reservations.regles import PARIS
from tests.administration import agent
from tests.factories import foyer
from tests.facturation.fabriques import facture_emise

D = Decimal
DEPART = dt.datetime(2026, 10, 5, 9, tzinfo=PARIS)
IBAN = "FR76 3000 6000 0112 3456 7890 189"
MANDAT, REVOQUER = "facturation:mandat", "facturation:revoquer_mandat"


@pytest.mark.parametrize(
    ("texte", "bon"),
    [
        (IBAN, True),
        ("fr7630006000011234567890189", True),
        ("DE89370400440532013000", True),
        ("FR7630006000011234567890188", False),
        ("FR76", False),
        ("", False),
        ("TR330006100519786457841326", False),  # outside SEPA
        ("<script>", False),
        ("\0", False),
        ("9" * 60, False),
    ],
)
def test_an_iban_is_checked(texte, bon):
    if bon:
        assert lire_iban(texte).compact == texte.replace(" ", "").upper()
    else:
        with pytest.raises(ValidationError):
            lire_iban(texte)


def test_the_number_of_an_account_is_ciphered_and_outlives_a_change_of_key(settings):
    chiffre = chiffrer("FR76")
    assert "FR76" not in chiffre
    assert dechiffrer(chiffre) == "FR76"
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "autre", [settings.SECRET_KEY]
    assert dechiffrer(chiffre) == "FR76"
    settings.SECRET_KEY_FALLBACKS = []
    assert dechiffrer(chiffre) is None
    assert dechiffrer("") is None


@pytest.fixture
def temps():
    with time_machine.travel(DEPART, tick=False) as voyage:
        yield voyage


@pytest.fixture
def dette(db, temps, settings):
    settings.REGIE = settings.REGIE | {
        "ics": "FR12ZZZ123456", "iban": "FR7630006000011234567890189", "bic": "AGRIFRPP",
    }  # fmt: skip
    f = foyer()
    f.facture = facture_emise(f.inscription)
    return f


def signe(f):
    return signer(famille=f.famille.pk, titulaire="Camille Élan", iban=IBAN, par=f.utilisateur)[0]


def test_a_parent_signs_sees_it_masked_and_revokes_it(dette, client):
    client.force_login(dette.utilisateur)
    envoi = {"titulaire": "Camille Martin", "iban": IBAN, "accord": "on"}
    for _ in range(2):
        assert client.post(reverse(MANDAT), envoi).status_code == 302
    mandat = Mandat.objects.get()
    assert len(mandat.rum) <= 35
    assert dechiffrer(mandat.iban) == IBAN.replace(" ", "")
    page = client.get(reverse(MANDAT)).content.decode()
    assert "0189" in page
    assert "3000 6000" not in page
    assert "30006000" not in page + mandat.texte + mandat.iban
    preparer(appliquer=True)
    for _ in range(2):
        client.post(reverse(REVOQUER))
    mandat.refresh_from_db()
    assert mandat.revoque_par == dette.utilisateur
    assert Prelevement.objects.get().etat == "retire"
    client.post(reverse(MANDAT), envoi)
    assert Mandat.objects.actifs().get().rum != mandat.rum


@pytest.mark.parametrize(
    "champs", [{"iban": "FR76"}, {"iban": ""}, {"titulaire": ""}, {"titulaire": "12"}, {"accord": ""}]
)
def test_a_mandate_that_is_wrong_is_not_signed(dette, client, champs):
    client.force_login(dette.utilisateur)
    reponse = client.post(reverse(MANDAT), {"titulaire": "A", "iban": IBAN, "accord": "on"} | champs)
    assert reponse.context["formulaire"].errors
    assert not Mandat.objects.exists()


def test_one_mandate_at_a_time(dette):
    signe(dette)
    with pytest.raises(ValidationError, match="déjà en cours"):
        signer(famille=dette.famille.pk, titulaire="A", iban="DE89370400440532013000", par=dette.utilisateur)


def test_without_the_settings_of_the_regie_the_pages_say_so(dette, settings, client):
    settings.REGIE = settings.REGIE | {"ics": ""}
    client.force_login(dette.utilisateur)
    assert "n’est pas proposé" in client.get(reverse(MANDAT)).content.decode()
    assert client.post(reverse(MANDAT), {"titulaire": "A", "iban": IBAN, "accord": "on"}).status_code == 200
    assert not Mandat.objects.exists()
    with pytest.raises(CommandError, match="ICS"):
        call_command("preparer_prelevements")
    liste = agent("regie").post(reverse("admin:facturation_lotdeprelevements_faire"), follow=True)
    assert "n’est pas ouvert" in liste.content.decode()


def test_a_debit_is_announced_once_then_sent_then_paid_at_its_day_then_rejected(dette, temps):
    signe(dette)
    call_command("preparer_prelevements")
    assert not Prelevement.objects.exists()
    for _ in range(2):
        call_command("preparer_prelevements", "--appliquer")
    prelevement = Prelevement.objects.get()
    assert (prelevement.montant, prelevement.date) == (D("14.91"), dt.date(2026, 10, 31))
    assert "14,91" in Email.objects.get().message

    assert faire_le_lot(jusqu_au=dt.date(2026, 10, 30), par=None) is None
    temps.move_to(dt.datetime(2026, 10, 26, 9, tzinfo=PARIS))
    regie = agent("regie")
    for _ in range(2):
        regie.post(reverse("admin:facturation_lotdeprelevements_faire"))
    lot = LotDePrelevements.objects.get()
    xml = regie.get(reverse("admin:facturation_lotdeprelevements_fichier", args=[lot.pk])).content.decode()
    for mot in ("<SeqTp>FRST<", ">14.91<", "Camille Elan", "FR12ZZZ123456", "<ReqdColltnDt>2026-10-31<", "CANTINE"):
        assert mot in xml
    for _ in range(2):
        regie.post(reverse("admin:facturation_lotdeprelevements_remettre", args=[lot.pk]))
    preparer(appliquer=True)
    assert not Paiement.objects.exists()

    temps.move_to(dt.datetime(2026, 10, 31, 15, tzinfo=PARIS))
    for _ in range(2):
        preparer(appliquer=True)
    paiement = Paiement.objects.get()
    assert paiement.recu_le.astimezone(PARIS).date() == dt.date(2026, 10, 31)
    assert Facture.objects.get().reste == 0
    reprendre(paiement=paiement, motif="AM04 provision insuffisante", par=None)
    assert Facture.objects.get().reste == D("14.91")
    assert Prelevement.objects.get().etat == "rejete"
    assert "AM04" in Email.objects.order_by("pk").last().message
    assert preparer(appliquer=True).annonces == 0  # a person decides


def test_the_second_debit_of_a_mandate_is_recurrent_and_what_is_paid_is_withdrawn(dette):
    signe(dette)
    autres = [facture_emise(dette.inscription, repas=n, mois=dt.date(2026, m, 1)) for n, m in ((2, 10), (1, 11))]
    preparer(appliquer=True)
    encaisser(famille=dette.famille.pk, montant=D("4.97"), moyen="especes", cle="a", d_abord=[autres[1].pk])
    encaisser(famille=dette.famille.pk, montant=D("1"), moyen="especes", cle="b", d_abord=[autres[0].pk])
    lot = faire_le_lot(jusqu_au=dt.date(2027, 1, 1), par=None)
    assert list(lot.prelevements.order_by("pk").values_list("sequence", "montant")) == [
        ("FRST", D("14.91")), ("RCUR", D("8.94")),
    ]  # fmt: skip
    assert Prelevement.objects.get(facture=autres[1]).etat == "retire"
    assert remettre(lot=lot, par=None)
    assert not remettre(lot=lot, par=None)
