"""What the régie takes out: the screen, the CSV and the XLSX say the same to the cent, in one pass of the database."""

import csv
import datetime as dt
import io
from decimal import Decimal

import pytest
import time_machine
from django.db import transaction
from django.urls import reverse
from openpyxl import load_workbook

from comptes.models import Famille
from comptes.tableaux import en_csv, en_xlsx
from facturation.admin.exports import XLSX
from facturation.exports import EXPORTS, Periode
from facturation.models import Avoir, Facture, LigneAvoir, Remboursement
from facturation.services.encaisser import encaisser, rejeter
from reservations.regles import PARIS
from tests.administration import agent
from tests.factories import UtilisateurFactory, foyer
from tests.facturation.fabriques import facture_emise
from tests.reservations.test_nombre_de_requetes import instructions

D = Decimal
OCTOBRE = dt.date(2026, 10, 1)
AUTOMNE = Periode(dt.date(2026, 9, 1), dt.date(2026, 11, 30))


def le(jour, heure=9):
    return dt.datetime.combine(jour, dt.time(heure), PARIS)


@pytest.fixture
def histoire(db):
    """Two households: bills, an avoir of a meal, payments, one of them rejected, a refund."""
    with time_machine.travel(le(dt.date(2026, 11, 25)), tick=False) as temps:
        a, b = foyer(), foyer()
        Famille.objects.filter(pk=b.famille.pk).update(nom="=SOMME(A1)")
        emises = []
        for f, repas, prix, mois in [(a, 3, "4.97", dt.date(2026, 9, 1)), (b, 7, "1", dt.date(2026, 9, 1)),
                                     (a, 5, "4.97", OCTOBRE)]:  # fmt: skip
            emises.append(facture_emise(f.inscription, repas=repas, prix=D(prix), mois=mois,
                                        emise_le=le(mois + dt.timedelta(days=34))))  # fmt: skip
        temps.move_to(le(dt.date(2026, 11, 10)))
        recu, _ = encaisser(famille=a.famille.pk, montant=D("20.10"), moyen="cheque", cle="1", reference="-1+2")
        rendu, _ = encaisser(famille=b.famille.pk, montant=D("10"), moyen="especes", cle="2")
        rejeter(paiement=recu, motif="sans provision")
        temps.move_to(le(dt.date(2026, 11, 12)))
        avoir = Avoir.objects.create(
            famille=a.famille, facture=emises[0], numero="A2026-000001", emis_le=le(dt.date(2026, 11, 12)),
            motif="Repas non servi", total=D("4.97"),
        )  # fmt: skip
        repas = emises[0].repas.order_by("date").first()
        LigneAvoir.objects.create(avoir=avoir, ligne=repas.ligne, repas=repas, libelle="Repas", montant=D("4.97"))
        Remboursement.objects.create(famille=b.famille, paiement=rendu, montant=D("3"), le=le(dt.date(2026, 11, 13)))
        temps.move_to(le(dt.date(2026, 11, 25)))
        yield a, b


def du_csv(octets: bytes) -> list[list[str]]:
    assert octets.startswith("\ufeff".encode())
    return list(csv.reader(io.StringIO(octets.decode("utf-8-sig")), delimiter=";"))


def telecharger(client, code, extension, periode=AUTOMNE):
    adresse = reverse("facturation:exporter", args=[code, extension])
    return client.get(adresse, {"du": periode.du.isoformat(), "au": periode.au.isoformat()})


def en_euros(mots) -> Decimal:
    return D(str(mots).replace(",", ".")).quantize(D("0.01"))


@pytest.mark.parametrize(
    ("code", "totaux"),
    [
        ("factures", {"Total": "46.76", "Réglé": "7.00", "Reste dû": "39.76"}),
        ("paiements", {"Montant": "30.10", "Montant non rejeté": "10.00"}),
        ("tranches", {"Repas": "14", "Montant": "41.79"}),
        ("tarification-sociale", {"Repas": "14", "Montant": "41.79"}),
        ("journal", {"Dû": "69.86", "Réglé ou rendu": "35.07", "Solde": "34.79"}),
    ],
)
def test_screen_csv_and_xlsx_have_the_same_totals_to_the_cent(histoire, code, totaux):
    client, export = agent("regie"), EXPORTS[code]
    page = client.get(reverse("facturation:exports"), {"du": "01/09/2026", "au": "2026-11-30"})
    a_l_ecran = next(dict(t["totaux"]) for t in page.context["tables"] if t["export"].code == code)
    lignes_csv = du_csv(b"".join(telecharger(client, code, "csv").streaming_content))
    recu = telecharger(client, code, "xlsx")
    assert recu["Content-Type"] == XLSX
    feuille = load_workbook(io.BytesIO(b"".join(recu.streaming_content)), read_only=True).worksheets[0]
    lignes_xlsx = list(feuille.iter_rows(values_only=True))
    assert lignes_csv[0] == list(lignes_xlsx[0]) == list(export.colonnes)
    assert len(lignes_csv) == len(lignes_xlsx)
    for nom in export.totaux:
        rang = export.colonnes.index(nom)
        trouves = [a_l_ecran[nom], lignes_csv[-1][rang], lignes_xlsx[-1][rang]]
        assert [en_euros(t) for t in trouves] == [D(totaux[nom]).quantize(D("0.01"))] * 3, nom
        if nom != export.courant:
            assert sum(en_euros(ligne[rang]) for ligne in lignes_csv[1:-1] if ligne[rang]) == en_euros(totaux[nom])


def test_the_journal_is_in_order_and_its_balance_runs(histoire):
    client = agent("regie")
    _, *lignes, total = du_csv(b"".join(telecharger(client, "journal", "csv").streaming_content))
    assert [ligne[1] for ligne in lignes] == [
        "Report", "Facture", "Facture", "Facture", "Paiement", "Paiement", "Rejet", "Avoir", "Remboursement",
    ]  # fmt: skip
    assert [ligne[-1] for ligne in lignes] == [
        "0,00", "14,91", "21,91", "46,76", "26,66", "16,66", "36,76", "31,79", "34,79",
    ]  # fmt: skip
    assert total[-1] == "34,79"
    suite = Periode(dt.date(2026, 11, 12), dt.date(2026, 11, 12))
    _, report, avoir, total = du_csv(b"".join(telecharger(client, "journal", "csv", suite).streaming_content))
    assert (report[5], report[-1], avoir[-1], total[-1]) == ("Solde au 11/11/2026", "36,76", "31,79", "31,79")


def test_a_meal_given_back_and_a_draft_are_in_no_bracket(histoire):
    lignes = list(EXPORTS["tarification-sociale"].lignes(AUTOMNE))
    assert lignes == [["prix unique", D("1.00"), 7, D("7.00")], ["prix unique", D("4.97"), 7, D("34.79")]]
    assert list(EXPORTS["tranches"].lignes(AUTOMNE)) == [["prix unique", "", 2, 2, 14, D("41.79")]]
    seul = Periode(OCTOBRE, OCTOBRE)
    assert list(EXPORTS["tarification-sociale"].lignes(seul)) == [["prix unique", D("4.97"), 1, D("4.97")]]


def test_what_people_typed_is_never_a_formula(histoire):
    client = agent("regie")
    texte = b"".join(telecharger(client, "paiements", "csv").streaming_content).decode()
    assert ";'=SOMME(A1);" in texte
    assert ";'-1+2;" in texte
    feuille = load_workbook(io.BytesIO(b"".join(telecharger(client, "paiements", "xlsx").streaming_content))).active
    assert "f" not in {cellule.data_type for ligne in feuille.iter_rows() for cellule in ligne}


def test_what_xml_forbids_is_left_out():
    with en_xlsx([["a\x0bb", D("-1.5")]], titre="T") as fichier:
        feuille = load_workbook(fichier).active
    assert [c.value for c in feuille[1]] == ["ab", -1.5]


@pytest.mark.parametrize(
    ("du", "au", "phrase"),
    [
        ("31/02/2026", "2026-11-30", "Cette date n’existe pas"),
        ("", "2026-11-30", "Donnez cette date"),
        ("0001-01-01", "9999-12-31", "Une date est entre 2000 et 2100"),
        ("2026-12-01", "2026-11-30", "La période finit avant de commencer"),
        ("\0", "'; drop table", "Cette date n’existe pas"),
    ],
)
def test_bad_dates_are_a_sentence_and_no_file(db, du, au, phrase):
    client = agent("regie")
    reponse = client.get(reverse("facturation:exporter", args=["journal", "csv"]), {"du": du, "au": au}, follow=True)
    assert reponse.status_code == 200
    assert phrase in reponse.text
    assert reponse.context["tables"] == []


def test_without_dates_the_page_is_of_the_last_month_over(histoire):
    page = agent("regie").get(reverse("facturation:exports"))
    assert 'value="2026-10-01"' in page.text
    assert 'value="2026-10-31"' in page.text


@pytest.mark.parametrize(("role", "statut"), [("regie", 200), ("guichet", 403), ("cantine", 403), ("admin", 200)])
def test_only_who_sees_bills_takes_them_out(db, role, statut):
    client = agent(role)
    assert client.get(reverse("facturation:exports")).status_code == statut
    reponse = telecharger(client, "factures", "csv")
    assert reponse.status_code == statut
    if reponse.streaming:
        b"".join(reponse.streaming_content)


def test_a_parent_is_refused_and_an_unknown_table_not_found(db, client):
    client.force_login(UtilisateurFactory())
    assert client.get(reverse("facturation:exports"), follow=True).status_code == 403
    for code, extension in [("mandats", "csv"), ("journal", "pdf")]:
        assert telecharger(agent("regie"), code, extension).status_code == 404


def test_thirty_bills_cost_as_many_statements_as_three(histoire):
    client = agent("regie")
    client.get(reverse("facturation:exports"))

    def couts():
        adresses = [("exports", [])] + [("exporter", [code, e]) for code in EXPORTS for e in ("csv", "xlsx")]
        dates = {"du": "2026-09-01", "au": "2026-11-30"}
        return [
            len(instructions(lambda n=nom, a=args: b"".join(client.get(reverse(f"facturation:{n}", args=a), dates))))
            for nom, args in adresses
        ]

    avant = couts()
    for _ in range(9):
        facture_emise(foyer(activite=histoire[0].activite).inscription, emise_le=le(dt.date(2026, 11, 1)))
    assert couts() == avant
    assert max(avant) <= 15
    assert Facture.objects.count() == 12


@pytest.mark.django_db(transaction=True)
def test_lines_leave_while_the_database_still_reads_them():
    """Outside a transaction, as the server streams: a cursor, and what is sent does not wait for the last line."""
    with transaction.atomic():
        facture_emise(foyer().inscription, emise_le=le(dt.date(2026, 10, 5)))
    lues = []
    table = (lues.append(n) or ["x" * 1000] for n in range(1000))
    premier = next(en_csv(table))
    assert len(premier) < 70_000
    assert len(lues) < 100
    lignes = list(EXPORTS["journal"].table(AUTOMNE))
    assert lignes[-1][-1] == D("14.91")


@pytest.mark.parametrize("code", EXPORTS)
def test_a_sum_of_euros_that_is_nothing_is_written_as_euros(code, db):
    export = EXPORTS[code]
    *_, total = du_csv(b"".join(telecharger(agent("regie"), code, "csv").streaming_content))
    assert {nom: total[export.colonnes.index(nom)] for nom in export.totaux} == {
        nom: "0" if nom == "Repas" else "0,00" for nom in export.totaux
    }
