"""« Impayés »: what the régie reads, reminds, spreads and hands over; and nobody else."""

import datetime as dt
import re
import subprocess
from decimal import Decimal

import pytest
import time_machine
from django.urls import reverse
from post_office.models import Email

from comptes.models import Famille
from facturation.models import Echeancier, Relance, Transmission
from facturation.services.relancer import accorder_echeancier, liste, relancer, transmettre
from tests.administration import agent
from tests.factories import FamilleFactory, InscriptionFactory, RattachementFactory, UtilisateurFactory, foyer
from tests.facturation.fabriques import facture_emise
from tests.facturation.test_relancer import ECHEANCE, EMISSION, matin
from tests.reservations.test_nombre_de_requetes import instructions
from tests.reservations.test_recepisse import deplie
from tests.reservations.test_reserver import lu

D = Decimal
IMPAYES = reverse("admin:facturation_relance_changelist")
RELANCER = reverse("admin:facturation_relance_relancer")
TRANSMETTRE = reverse("admin:facturation_transmission_transmettre")


@pytest.fixture
def temps(db):
    with time_machine.travel(matin(15), tick=False) as voyage:
        yield voyage


@pytest.fixture
def dettes(temps):
    """Two households that owe 19.88 € since 31 October: one with an e-mail, one without."""
    f = foyer()
    f.facture = facture_emise(f.inscription, repas=4, emise_le=EMISSION, echeance=ECHEANCE)
    sans = InscriptionFactory(rattachement=RattachementFactory(famille=FamilleFactory(nom="Zola")), activite=f.activite)
    f.sur_papier = facture_emise(sans, repas=4, emise_le=EMISSION, echeance=ECHEANCE)
    return f


def echeancier(facture):
    return reverse("admin:facturation_relance_echeancier", args=[facture.pk])


def clore(pk):
    return reverse("admin:facturation_relance_clore", args=[pk])


def dits(reponse) -> str:
    return lu(" ".join(map(str, reponse.context["messages"])))


def test_the_page_tells_who_owes_what_since_when(dettes):
    page = agent("regie").get(IMPAYES)
    texte = lu(page.text)
    for mots in ("2 factures", "2 familles", "39,76 €", "depuis 15 jours", "doit 19,88 € en tout", "sans e-mail"):
        assert mots in texte, mots
    assert [i.facture for i in page.context["impayes"]] == [dettes.facture, dettes.sur_papier]


def test_each_filter_keeps_its_bills(dettes, temps):
    f = dettes
    a_venir = facture_emise(f.inscription, mois=dt.date(2026, 10, 1), emise_le=EMISSION, echeance=dt.date(2026, 12, 1))
    relancer(appliquer=True)
    accorder_echeancier(facture=f.sur_papier, fois=2, premiere=dt.date(2026, 12, 1), par=UtilisateurFactory(agent=True))
    for jours in (30, 45):
        temps.move_to(matin(jours))
        relancer(appliquer=True)
    temps.move_to(dt.datetime.combine(ECHEANCE, dt.time(12), matin(0).tzinfo) + dt.timedelta(days=46))
    transmettre(par=None)
    attendus = {
        ("", ""): {f.facture, f.sur_papier, a_venir},
        ("", "zOLA"): {f.sur_papier},
        ("", f.facture.numero): {f.facture},
        ("", "personne"): set(),
        ("relancees", ""): {f.facture, f.sur_papier},
        ("sans-relance", ""): {a_venir},
        ("echues", ""): {f.facture, f.sur_papier, a_venir},
        ("echeancier", ""): {f.sur_papier},
        ("transmises", ""): {f.facture},
    }
    client = agent("regie")
    for (etat, q), factures in attendus.items():
        page = client.get(IMPAYES, {"etat": etat, "q": q})
        assert {i.facture for i in page.context["impayes"]} == factures, (etat, q)
        assert page.context["totaux"]["factures"] == len(factures)


@pytest.mark.parametrize("demande", [{"etat": "x"}, {"q": "\0"}, {"q": "x" * 500}])
def test_a_filter_that_makes_no_sense_is_a_sentence_and_no_list(dettes, demande):
    page = agent("regie").get(IMPAYES, demande)
    assert page.status_code == 200
    assert "Corrigez ce qui suit" in page.text
    assert page.context["impayes"] == []


def test_a_page_number_that_makes_no_sense_is_a_page(dettes):
    assert [agent("regie").get(IMPAYES, {"page": p}).status_code for p in ("x", "-1", "9" * 30)] == [200] * 3


def test_reminders_are_counted_first_then_sent_once(dettes):
    client = agent("regie")
    avant = lu(client.get(RELANCER).text)
    assert "Relance n° 1 : 2 factures" in avant
    assert "1 relance par lettre" in avant
    assert not Relance.objects.exists()
    assert dits(client.post(RELANCER, follow=True)) == "2 factures relancées, dont 1 par lettre à imprimer."
    assert Email.objects.filter(subject__startswith="Rappel").count() == 1
    assert dits(client.post(RELANCER, follow=True)) == "Aucune facture à relancer aujourd’hui."
    assert Relance.objects.count() == 2


@pytest.mark.lit_un_pdf
def test_the_letters_of_a_day_are_one_tagged_pdf_with_one_page_a_household(dettes, temps):
    autre = InscriptionFactory(
        rattachement=RattachementFactory(famille=FamilleFactory(nom="Hugo")), activite=dettes.activite
    )
    facture_emise(autre, repas=5, emise_le=EMISSION, echeance=ECHEANCE, copie={"debiteur": {"nom": "Victor Hugo"}})
    relancer(appliquer=True)
    temps.move_to(matin(30))
    client = agent("regie")
    adresse = reverse("admin:facturation_relance_lettres", args=["2026-11-15"])
    assert "15/11/2026 : 2 lettres (PDF)" in lu(client.get(IMPAYES).text)
    octets = client.get(adresse).content
    assert b"pdfuaid:part" in deplie(octets)
    mots = ["pdftotext", "-layout", "-", "-"]
    pages = subprocess.run(mots, input=octets, capture_output=True, check=True).stdout.decode().split("\f")
    hugo, zola = (lu(page) for page in pages if page)
    for mot in ("Victor Hugo", "12 rue de Verdun", "Rappel : factures à régler", "24,85 €", "15 novembre 2026"):
        assert mot in hugo, mot
    assert "Famille Zola" in zola
    assert dettes.sur_papier.numero in zola
    assert client.get(adresse).content == octets


@pytest.mark.parametrize("jour", ["2020-01-01", "demain", "2026-02-31", "9999-12-31", "0001-01-01"])
def test_a_day_without_letters_is_not_found(dettes, jour):
    assert agent("regie").get(reverse("admin:facturation_relance_lettres", args=[jour])).status_code == 404


def test_a_schedule_is_agreed_shown_and_closed(dettes):
    client = agent("regie")
    page = client.post(echeancier(dettes.facture), {"fois": "2", "premiere": "01/12/2026"}, follow=True)
    assert dits(page) == "L’échéancier est accordé. La famille en est avertie."
    assert "Tenu : 9,94 € le 01/12/2026, 9,94 € le 01/01/2027" in " ".join(lu(page.text).split())
    (cree,) = Echeancier.objects.all()
    refus = client.post(echeancier(dettes.facture), {"fois": "2", "premiere": "2026-12-01"})
    assert "Un échéancier est déjà en cours" in refus.text
    assert dits(client.post(clore(cree.pk), follow=True)) == "L’échéancier est clos. Les relances reprennent."
    assert dits(client.post(clore(cree.pk), follow=True)) == "Cet échéancier était déjà clos."
    assert client.get(clore(cree.pk)).status_code == 405


@pytest.mark.parametrize(
    ("fois", "premiere", "phrase"),
    [
        ("1", "2026-12-01", "de 2 à 12 échéances"),
        ("-1", "2026-12-01", "de 2 à 12 échéances"),
        ("1000000000", "2026-12-01", "de 2 à 12 échéances"),
        ("2,5", "2026-12-01", "nombre entier"),
        ("2", "31/02/2026", "Cette date n’existe pas"),
        ("2", "2026-11-15", "La première échéance est à venir"),
        ("12", "9999-12-31", "dans l’année qui vient"),
        ("", "", "obligatoire"),
    ],
)
def test_a_schedule_that_makes_no_sense_is_a_sentence(dettes, fois, premiere, phrase):
    reponse = agent("regie").post(echeancier(dettes.facture), {"fois": fois, "premiere": premiere})
    assert reponse.status_code == 200
    assert phrase in reponse.text
    assert not Echeancier.objects.exists()


def test_the_list_for_the_comptable_is_downloaded_again_byte_for_byte(dettes, temps):
    client = agent("regie")
    assert "Aucune facture à transmettre" in client.get(TRANSMETTRE).text
    assert dits(client.post(TRANSMETTRE, follow=True)) == "Aucune facture à transmettre aujourd’hui."
    for jours in (15, 30):
        temps.move_to(matin(jours))
        relancer(appliquer=True)
    temps.move_to(matin(45))
    client = agent("regie")  # the session of 45 days ago is over
    assert "2 factures, 39,76 € à payer" in re.sub("<.*?>", "", lu(client.get(TRANSMETTRE).text))
    assert not Transmission.objects.exists()
    page = client.post(TRANSMETTRE, follow=True)
    assert dits(page) == "La liste est faite : téléchargez-la ci-dessous."
    (faite,) = Transmission.objects.all()
    adresse = reverse("admin:facturation_transmission_telecharger", args=[faite.pk])
    assert adresse in page.text
    octets = client.get(adresse).content
    assert octets == ("\ufeff" + faite.csv).encode()
    assert octets.count(b"\r\n") == 3
    temps.move_to(matin(400))
    Famille.objects.update(nom="Autre")
    assert agent("regie").get(adresse).content == octets


def test_the_debtor_of_the_list_is_that_of_the_frozen_copy(dettes):
    copie = {
        "debiteur": {"nom": "=Zoé\nDupont", "adresse": "1 rue A", "code_postal": "11000", "commune": "Carcassonne"}
    }
    facture = facture_emise(dettes.inscription, mois=dt.date(2026, 10, 1), emise_le=EMISSION, copie=copie)
    assert ";'=Zoé Dupont;1 rue A 11000 Carcassonne;" in liste([facture])


@pytest.mark.parametrize(("role", "statut"), [("regie", 200), ("admin", 200), ("guichet", 403), ("cantine", 403)])
def test_only_the_regie_sees_and_reminds(dettes, role, statut):
    relancer(appliquer=True)
    accorde = accorder_echeancier(
        facture=dettes.facture, fois=2, premiere=dt.date(2026, 12, 1), par=UtilisateurFactory(agent=True)
    )
    transmission = Transmission.objects.create(cree_le=matin(15), csv="a\r\n")
    client = agent(role)
    pages = [
        IMPAYES, RELANCER, TRANSMETTRE, echeancier(dettes.sur_papier),
        reverse("admin:facturation_transmission_changelist"),
        reverse("admin:facturation_transmission_telecharger", args=[transmission.pk]),
    ]  # fmt: skip
    assert [client.get(page).status_code for page in pages] == [statut] * len(pages)
    gestes = [RELANCER, TRANSMETTRE, clore(accorde.pk)]
    assert [client.post(geste, follow=True).status_code for geste in gestes] == [statut] * len(gestes)
    accorde.refresh_from_db()
    assert (accorde.clos_le is None) == (statut == 403)


def test_a_parent_is_refused(dettes, client):
    client.force_login(dettes.utilisateur)
    for page in (IMPAYES, RELANCER, TRANSMETTRE, echeancier(dettes.facture)):
        assert client.get(page, follow=True).status_code == 403


def test_a_page_of_bills_costs_as_many_statements_as_one(dettes):
    client = agent("regie")
    client.get(IMPAYES)

    def cout():
        return len(instructions(lambda: client.get(IMPAYES)))

    avant = cout()
    for _ in range(12):
        facture_emise(foyer(activite=dettes.activite).inscription, repas=4, emise_le=EMISSION, echeance=ECHEANCE)
    assert cout() == avant
    assert avant <= 15
