"""The pages of bills: what is due, each bill from its frozen copy, each household its own."""

import datetime as dt
from decimal import Decimal

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from comptes.models import Famille
from comptes.roles import creer_agent
from facturation.models import Facture, Remboursement
from facturation.services.encaisser import encaisser, rejeter
from tests.administration import agent
from tests.factories import INSTANT, ResponsableFactory, foyer
from tests.facturation.pieces import ECHEANCE, LU_LE, avoir_de, client_de, facture_de, fratrie, paiement_de
from tests.portail.html import Page
from tests.portail.test_pages import verifier
from tests.reservations.test_reserver import lu

pytestmark = pytest.mark.django_db
D = Decimal
OCTOBRE = dt.date(2026, 10, 1)


@pytest.fixture(autouse=True)
def horloge():
    with time_machine.travel(LU_LE, tick=False) as voyage:
        yield voyage


def texte(client, nom, *args, **params) -> str:
    reponse = client.get(reverse(f"facturation:{nom}", args=args), params)
    assert reponse.status_code == 200
    return " ".join(lu(verifier(reponse).texte).split())


def statut(utilisateur, adresse) -> int:
    reponse = client_de(utilisateur).get(adresse)
    if reponse.streaming:
        b"".join(reponse)  # to the end, so that its file is closed
    return reponse.status_code


def test_a_household_without_bill_reads_that_nothing_is_due():
    page = texte(client_de(foyer().utilisateur), "factures")
    assert "Rien à payer aujourd’hui." in page
    assert "Aucune facture." in page


def test_the_list_says_what_is_due_and_the_state_of_each_bill(horloge):
    f = foyer()
    septembre = facture_de([f.inscription], prix=D("4.00"))  # 2 meals, 8 €, carried over
    octobre = facture_de([f.inscription], mois=OCTOBRE, prix=D("10.00"))
    Facture.objects.filter(pk=septembre.pk).update(reportee_sur=octobre)
    encaisser(famille=f.famille.pk, montant=D(5), moyen="especes", cle="a", d_abord=[octobre.pk])
    page = texte(client_de(f.utilisateur), "factures")
    assert "Factures à payer 23,00 €" in page
    assert f"23,00 €, facture n° {octobre.numero} d’octobre 2026" in page
    assert "À payer au plus tard le samedi 31 octobre 2026, réglée en partie (5,00 €)" in page
    assert f"Reportée sur la facture n° {octobre.numero}, à payer avec elle" in page
    assert "Quittance n° Q2026-000001" in page
    assert "23,00 € à payer au plus tard le samedi 31 octobre" in lu(
        Page(client_de(f.utilisateur).get(reverse("portail:accueil"))).texte
    )
    horloge.move_to(dt.datetime.combine(ECHEANCE + dt.timedelta(days=1), dt.time(12), tzinfo=LU_LE.tzinfo))
    assert "En retard, à payer depuis le samedi 31 octobre 2026" in texte(client_de(f.utilisateur), "factures")
    encaisser(famille=f.famille.pk, montant=D(23), moyen="cheque", cle="b")
    assert "Rien à payer aujourd’hui." in texte(client_de(f.utilisateur), "factures")


@pytest.mark.parametrize(
    ("annee", "vues"),
    [
        ("", ["septembre 2026", "mai 2026"]),
        ("2026", ["septembre 2026", "mai 2026"]),
        ("2026-2027", ["septembre 2026"]),
        ("2025-2026", ["mai 2026"]),
        ("2025", ["septembre 2026", "mai 2026"]),
        ("x'; DROP", ["septembre 2026", "mai 2026"]),
    ],
)
def test_the_list_is_filtered_by_school_or_civil_year(annee, vues):
    f = foyer()
    facture_de([f.inscription])
    facture_de([f.inscription], mois=dt.date(2026, 5, 1))
    client = client_de(f.utilisateur)
    page = texte(client, "factures", annee=annee)
    lues = page.partition("Factures")[2].partition("Paiements")[0].rpartition("Filtrer")[2].lower()
    assert [mois for mois in ("septembre 2026", "mai 2026") if mois in lues] == vues
    assert ("n’est pas reconnue" in page) == (annee in {"2025", "x'; DROP"})


def test_the_meals_that_no_bill_has_are_still_to_come(horloge):
    horloge.move_to(INSTANT)
    f = foyer(reserves=[dt.date(2026, 12, 7), dt.date(2026, 12, 8)])
    page = texte(client_de(f.utilisateur), "factures")
    assert "À venir, non facturé" in page
    assert "Décembre 2026 2 9,94 €" in page


def test_a_bill_says_every_mention_of_what_was_frozen():
    f, inscriptions = fratrie()
    facture = facture_de(inscriptions, lignes=4)
    Famille.objects.filter(pk=f.famille.pk).update(nom="Renommée", adresse="Ailleurs")
    f.enfant.nom = "Renommé"
    f.enfant.save()
    page = texte(client_de(f.utilisateur), "facture", facture.numero)
    for attendu in (
        f"Facture n° {facture.numero}",
        "Restauration scolaire, septembre 2026. Émise le lundi 5 octobre 2026.",
        "À payer au plus tard le samedi 31 octobre 2026",
        "Ville de Carcassonne",
        "SIRET 211 100 690 00018",
        "Régie de recettes de la restauration scolaire",
        "Marie-Bénédicte de La Rochefoucauld-Montmorency et Jean-Christophe Espitalier",
        "1254 bis avenue du Général-Leclerc",
        "Zoé de La Rochefoucauld-Montmorency",
        "2 × 3,40 €",
        "6,80 €",
        "Jours : 2 et 3 septembre",
        "Tarif : Tranche B, quotient de 700 à 1 099, délibération 2026-045",
        "Pourquoi ce prix ?",
        "voté par le conseil municipal, délibération 2026-045",
        "délai de carence",
        "Comment payer",
        "par chèque ou CESU",
        "TVA non applicable.",
        "contester cette somme",
        "regie@exemple.fr",
        "Service de gestion comptable de Carcassonne",
        "Quelque chose ne va pas ?",
    ):
        assert attendu in page, attendu
    assert "Renommé" not in page
    assert "Ailleurs" not in page


def test_a_bill_without_a_copy_is_read_all_the_same():
    f = foyer()
    facture = facture_de([f.inscription], copie={})
    assert "Total de la facture 6,80 €" in texte(client_de(f.utilisateur), "facture", facture.numero)


def test_what_was_paid_before_the_issue_and_what_is_carried_add_up():
    f = foyer()
    montants = {
        "imputations": [{"quoi": "avance, quittance n° Q2026-000009", "montant": "1.80"}],
        "reports": [{"quoi": "F2026-000001", "montant": "4.00"}],
    }
    facture = facture_de([f.inscription], copie=montants)
    page = texte(client_de(f.utilisateur), "facture", facture.numero)
    assert "Total de la facture 6,80 €" in page
    assert "Déjà réglé : avance, quittance n° Q2026-000009 − 1,80 €" in page
    assert "Report de la facture n° F2026-000001 4,00 €" in page
    assert "À payer au plus tard le samedi 31 octobre 2026 9,00 €" in page


def test_what_happened_to_a_bill_is_told_with_its_receipts():
    f = foyer()
    facture = facture_de([f.inscription])
    avoir = avoir_de(facture, D("3.40"))
    paiement, _ = encaisser(famille=f.famille.pk, montant=D("3.40"), moyen="prelevement", cle="a")
    client = client_de(f.utilisateur)
    page = texte(client, "facture", facture.numero)
    assert "Réglée" in page
    assert f"3,40 €, prélèvement automatique, quittance n° {paiement.numero}" in page
    assert f"Avoir n° {avoir.numero} : 3,40 €, Repas annulé après facturation" in page
    assert "Montant reçu 3,40 €" in texte(client, "quittance", paiement.numero)
    assert f"3,40 € déduits de la facture n° {facture.numero}" in texte(client, "avoir", avoir.numero)
    rejeter(paiement=paiement, motif="AM04 provision insuffisante")
    page = texte(client, "facture", facture.numero)
    assert "À payer au plus tard" in page
    assert "paiement repris par la banque" in page
    assert "cette quittance ne vaut plus" in texte(client, "quittance", paiement.numero)
    assert client.get(reverse("facturation:quittance_pdf", args=[paiement.numero])).status_code == 302


def test_the_statement_of_a_year_adds_up_what_was_paid_in_it():
    f = foyer()
    le = lambda *jour: dt.datetime(*jour, tzinfo=LU_LE.tzinfo)  # noqa: E731
    paiement_de(f, "10.00", le=le(2026, 1, 1, 0, 0))
    paiement_de(f, "5.50", le=le(2026, 1, 31, 23, 59), moyen="cesu")
    dernier = paiement_de(f, "7.00", le=le(2026, 12, 31, 23, 59))
    paiement_de(f, "99.00", le=le(2025, 12, 31, 23, 59))
    rejeter(paiement=paiement_de(f, "50.00", le=le(2026, 6, 1)), motif="rejet")
    Remboursement.objects.create(famille=f.famille, paiement=dernier, montant=D("2.00"), le=le(2026, 12, 31))
    paiement_de(foyer(), "1000.00")
    client = client_de(f.utilisateur)
    page = texte(client, "attestation", 2026)
    assert "Janvier 2 15,50 €" in page
    assert "Décembre 1 7,00 €" in page
    assert "Remboursé par la ville − 2,00 €" in page
    assert "Total payé en 2026 20,50 €" in page
    assert "Dont 5,50 € par CESU" in page
    assert "Attestation de paiement 2025" in texte(client, "factures")
    for annee in (2024, 1, 0, 9999, 10**12):
        assert client.get(f"/factures/attestation/{annee}/").status_code == 404


def test_both_adults_read_the_bills_and_nobody_else():
    f, autre = foyer(), foyer()
    second = ResponsableFactory(famille=f.famille, rang=2).utilisateur
    facture = facture_de([f.inscription])
    avoir = avoir_de(facture, D("3.40"))
    paiement = paiement_de(f, "3.40")
    adresses = [
        reverse(f"facturation:{nom}", args=[cle])
        for nom, cle in (
            ("facture", facture.numero), ("facture_pdf", facture.numero), ("avoir", avoir.numero),
            ("avoir_pdf", avoir.numero), ("quittance", paiement.numero), ("quittance_pdf", paiement.numero),
            ("attestation", 2026), ("attestation_pdf", 2026),
        )
    ]  # fmt: skip
    for adresse in adresses:
        assert statut(second, adresse) == 200, adresse
        assert statut(autre.utilisateur, adresse) == 404, adresse
    assert facture.numero in texte(client_de(second), "factures")
    assert facture.numero not in texte(client_de(autre.utilisateur), "factures")


def test_a_draft_is_nobody_s_bill():
    f = foyer()
    facture = facture_de([f.inscription])
    Facture.objects.create(facturation=facture.facturation, famille=foyer().famille)
    assert client_de(f.utilisateur).get("/factures/None/").status_code == 404


def test_the_regie_reads_the_bill_of_any_household_and_the_canteen_none():
    f = foyer()
    facture = facture_de([f.inscription])
    adresses = [reverse(f"facturation:{nom}", args=[facture.numero]) for nom in ("facture_agent", "facture_agent_pdf")]
    for role, attendu in (("regie", 200), ("cantine", 403)):
        agent, _ = creer_agent(courriel=f"{role}@exemple.fr", role=role)
        assert [statut(agent, a) for a in adresses] == [attendu] * 2
    assert [statut(f.utilisateur, a) for a in adresses] == [302] * 2


def requetes(client, adresse) -> int:
    with CaptureQueriesContext(connection) as vues:
        assert client.get(adresse).status_code == 200
    return len(vues)


def test_the_number_of_statements_does_not_depend_on_the_number_of_bills():
    f, inscriptions = fratrie()
    client = client_de(f.utilisateur)
    facture = facture_de(inscriptions[:1])
    encaisser(famille=f.famille.pk, montant=D(1), moyen="especes", cle="0")
    adresses = [
        reverse("facturation:factures"),
        reverse("facturation:facture", args=[facture.numero]),
        reverse("facturation:attestation", args=[2026]),
    ]
    client.get(adresses[0])  # the first page of a session writes it
    avant = [requetes(client, a) for a in adresses]
    for n in range(1, 13):
        autre = facture_de(inscriptions, lignes=4, mois=dt.date(2027, n, 1))
        avoir_de(autre, D("1.00"))
        encaisser(famille=f.famille.pk, montant=D(10), moyen="especes", cle=str(n))
    assert [requetes(client, a) for a in adresses] == avant
    assert max(avant) <= 15


def test_the_table_of_a_settled_bill_no_longer_says_to_pay(horloge):
    f = foyer()
    facture = facture_de([f.inscription])
    assert "À payer au plus tard le" in texte(client_de(f.utilisateur), "facture", facture.numero)
    encaisser(famille=f.famille.pk, montant=facture.total, moyen="especes", cle="a")
    page = texte(client_de(f.utilisateur), "facture", facture.numero)
    assert "Demandé à l’émission, au plus tard le" in page
    assert "À payer" not in page


def test_the_regie_reads_in_euros_what_was_deducted_at_the_issue():
    montants = {
        "imputations": [{"quoi": "avance", "montant": "1.80"}],
        "reports": [{"quoi": "F2026-000001", "montant": "4.00"}],
    }
    facture = facture_de([foyer().inscription], copie=montants)
    page = lu(agent("regie").get(reverse("admin:facturation_facture_change", args=[facture.pk])).content.decode())
    assert "Déjà réglé, avance : 1,80" in page
    assert "Reste dû de la facture F2026-000001 : 4,00" in page
    assert "à payer au plus tard le" in page
