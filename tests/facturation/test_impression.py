"""PDFs of bills, avoirs and receipts: made once, kept, equal to the screen and to the byte; by one person at a time."""

import hashlib
import re
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path

import pytest
import time_machine
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection
from django.urls import reverse

from comptes.atelier import Atelier, ImprimanteEnPanne, Page
from comptes.pdf import ecrire_pdf
from facturation import tasks
from facturation.impression import SERIES
from facturation.models import PieceImprimee
from facturation.services import imprimer as services
from facturation.services.encaisser import encaisser
from facturation.services.imprimer import imprimer, piece
from tests.factories import foyer
from tests.facturation.pieces import LU_LE, avoir_de, client_de, facture_de, fratrie
from tests.portail.test_pages import verifier
from tests.reservations.test_recepisse import deplie
from tests.reservations.test_reserver import lu

D = Decimal
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def horloge():
    with time_machine.travel(LU_LE, tick=False) as voyage:
        yield voyage


def telecharger(client, nom, *args):
    reponse = client.get(reverse(f"facturation:{nom}", args=args))
    assert (reponse.status_code, reponse["Content-Type"]) == (200, "application/pdf")
    return b"".join(reponse) if reponse.streaming else reponse.content


def octets(gardee: PieceImprimee) -> bytes:
    with gardee.fichier.open("rb") as fichier:
        return fichier.read()


def ecrit(pdf: bytes) -> str:
    mots = ["pdftotext", "-layout", "-", "-"]
    return " ".join(lu(subprocess.run(mots, input=pdf, capture_output=True, check=True).stdout.decode()).split())


def test_a_bill_is_a_tagged_pdf_kept_and_given_again_to_the_byte(horloge):
    f, inscriptions = fratrie()
    facture = facture_de(inscriptions, lignes=4)
    client = client_de(f.utilisateur)
    premier = telecharger(client, "facture_pdf", facture.numero)
    contenu = deplie(premier)
    for mot in (b"/MarkInfo", b"/StructTreeRoot", b"/Lang (fr)", b"pdfuaid:part", b"Atkinson", b"/Alt"):
        assert mot in contenu, mot
    gardee = PieceImprimee.objects.get()
    assert (gardee.numero, gardee.taille) == (facture.numero, len(premier))
    assert gardee.empreinte == hashlib.sha256(premier).hexdigest()
    horloge.shift(400 * 86400)
    encaisser(famille=f.famille.pk, montant=D(5), moyen="especes", cle="a")
    client = client_de(f.utilisateur)
    assert telecharger(client, "facture_pdf", facture.numero) == premier
    (settings.DOCUMENTS / gardee.fichier.name).unlink()  # a backup restored without the files
    assert telecharger(client, "facture_pdf", facture.numero) == premier
    assert PieceImprimee.objects.count() == 1


@pytest.mark.lit_un_pdf
def test_the_amounts_of_a_bill_are_the_same_on_screen_and_on_paper():
    f, inscriptions = fratrie()
    copie = {
        "imputations": [{"quoi": "avance", "montant": "1.80"}],
        "reports": [{"quoi": "F2026-000001", "montant": "4"}],
    }
    facture = facture_de(inscriptions, lignes=4, copie=copie)
    client = client_de(f.utilisateur)
    papier = ecrit(telecharger(client, "facture_pdf", facture.numero))
    ecran = lu(verifier(client.get(reverse("facturation:facture", args=[facture.numero]))).texte)
    ecran = " ".join(ecran.partition("Désignation")[2].partition("Comment payer")[0].split())
    montant = re.compile(r"\d[\d\s]*,\d\d €")
    attendus = [f"{ligne.montant:.2f} €".replace(".", ",") for ligne in facture.lignes.order_by("rang")]
    for texte in (ecran, papier.partition("Désignation")[2].partition("Comment payer")[0]):
        lus = montant.findall(re.sub(r"Pourquoi ce prix \? .*? à \d+,\d\d €", "", texte))
        for attendu in attendus:
            assert attendu in lus
        assert f"Total de la facture {str(facture.total).replace('.', ',')} €" in texte
        net = str(facture.total + D("2.20")).replace(".", ",")
        assert f"À payer au plus tard le samedi 31 octobre 2026 {net} €" in texte
    assert "Jours : 2 et 3 septembre" in papier
    assert "délibération 2026-045" in papier
    assert f"{settings.SITE_URL}/factures/{facture.numero}/" in papier


@pytest.mark.lit_un_pdf
def test_avoirs_receipts_and_statements_say_on_paper_what_the_screen_says():
    f = foyer()
    facture = facture_de([f.inscription])
    avoir = avoir_de(facture, D("1.40"))
    paiement, _ = encaisser(famille=f.famille.pk, montant=D("10.00"), moyen="cheque", cle="a")
    client = client_de(f.utilisateur)
    attendus = {
        ("avoir_pdf", avoir.numero): ["Total de l’avoir 1,40 €", facture.numero, "Repas annulé après facturation"],
        ("quittance_pdf", paiement.numero): [
            "Chèque", f"Facture n° {facture.numero} 5,40 €", "prochaines factures 4,60 €", "Montant reçu 10,00 €",
        ],
        ("attestation_pdf", 2026): ["Octobre 1 10,00 €", "Total payé en 2026 10,00 €"],
    }  # fmt: skip
    for (nom, cle), mots in attendus.items():
        premier = telecharger(client, nom, cle)
        assert telecharger(client, nom, cle) == premier
        for mot in mots:
            assert mot in ecrit(premier), mot
    # An advance imputed since changes nothing of a receipt made anew.
    suivante = facture_de([f.inscription], mois=LU_LE.date().replace(day=1))
    encaisser(famille=f.famille.pk, montant=D("1.00"), moyen="cheque", cle="b", d_abord=[suivante.pk])
    avant = piece("quittance", paiement.numero)
    premier = octets(avant)
    PieceImprimee.objects.filter(pk=avant.pk).delete()
    assert octets(piece("quittance", paiement.numero)) == premier


def test_without_pango_a_sentence_says_what_to_do(monkeypatch):
    f = foyer()
    facture = facture_de([f.inscription])
    paiement, _ = encaisser(famille=f.famille.pk, montant=D(1), moyen="cheque", cle="a")
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    client = client_de(f.utilisateur)
    for nom, cle in (("facture_pdf", facture.numero), ("quittance_pdf", paiement.numero), ("attestation_pdf", 2026)):
        reponse = client.get(reverse(f"facturation:{nom}", args=[cle]))
        assert reponse.status_code == 503
        assert "s’imprime depuis le menu de votre navigateur" in reponse.text
    assert not PieceImprimee.objects.exists()


def test_the_worker_prints_what_is_missing_once_as_a_download_would(capsys):
    f, inscriptions = fratrie()
    factures = [facture_de(inscriptions, lignes=4), facture_de(inscriptions, mois=LU_LE.date().replace(day=1))]
    avoir_de(factures[0], D("1.00"))
    encaisser(famille=f.famille.pk, montant=D(1), moyen="cheque", cle="a")
    call_command("imprimer_factures", "2026-09")
    assert list(PieceImprimee.objects.values_list("numero", flat=True)) == [factures[0].numero]
    assert "1/1" in capsys.readouterr().out
    tasks.imprimer_les_pieces()
    gardees = {(p.nature, p.numero): p for p in PieceImprimee.objects.all()}
    assert len(gardees) == 4
    page = next(SERIES["facture"].de([factures[0].numero]))
    seul = ecrire_pdf(page.html, identifiant=page.identifiant, feuilles=page.feuilles, images=page.images)
    assert octets(gardees["facture", factures[0].numero]) == seul
    assert imprimer() == (0, [])


@pytest.mark.parametrize("mois", ["2026-13", "septembre", "2026-9-1", "", "99999-01"])
def test_a_month_that_is_none_is_refused_in_a_sentence(mois):
    if mois:
        with pytest.raises(CommandError, match="n’est pas un mois"):
            call_command("imprimer_factures", mois)


def test_the_statements_of_a_batch_do_not_depend_on_its_size(django_assert_num_queries):
    _, inscriptions = fratrie()
    factures = [facture_de(inscriptions, lignes=4, mois=LU_LE.date().replace(day=1, month=n)) for n in range(1, 6)]
    for numeros in ([factures[0].numero], [f.numero for f in factures]):
        with django_assert_num_queries(2):
            assert len(list(SERIES["facture"].de(numeros))) == len(numeros)


def test_a_batch_throws_away_what_somebody_asked_for_meanwhile(monkeypatch):
    f = foyer()
    facture = facture_de([f.inscription])
    garder = services._garder_le_lot

    def plus_tard(nature, tirages):
        telecharger(client_de(f.utilisateur), "facture_pdf", facture.numero)
        return garder(nature, tirages)

    monkeypatch.setattr(services, "_garder_le_lot", plus_tard)
    avant = set(Path(settings.DOCUMENTS).rglob("*"))
    assert imprimer() == (0, [])
    assert PieceImprimee.objects.count() == 1
    assert len([c for c in set(Path(settings.DOCUMENTS).rglob("*")) - avant if c.is_file()]) == 1


def test_one_document_that_fails_does_not_stop_the_others():
    pages = [Page("a", "<p>a", "a"), Page("b", "<p>b", "b", feuilles=("css/absente.css",)), Page("c", "<p>c", "c")]
    with Atelier(1, par_vie=2) as atelier:
        tirages = list(atelier.imprimer(pages))
    assert [(t.page.cle, t.pdf[:4], bool(t.erreur)) for t in tirages] == [
        ("a", b"%PDF", False),
        ("b", b"", True),
        ("c", b"%PDF", False),
    ]


def test_a_printer_that_cannot_start_says_so(monkeypatch, tmp_path, caplog):
    programme = tmp_path / "imprimante.py"
    programme.write_text("import sys\nsys.stdin.readline()\n")
    monkeypatch.setattr("comptes.atelier.PROGRAMME", programme)
    with pytest.raises(ImprimanteEnPanne), Atelier(1) as atelier:
        list(atelier.imprimer([Page("a", "<p>a", "a")]))
    facture_de([foyer().inscription])
    tasks.imprimer_les_pieces()
    assert "Aucun PDF" in caplog.text
    with pytest.raises(CommandError, match="Ce qui est fait est gardé"):
        call_command("imprimer_factures")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("verrou", [True, False])
def test_a_bill_that_four_people_ask_for_at_once_is_made_once(verrou, monkeypatch):
    """With its control: without the lock, more than one of them makes it."""
    f = foyer()
    numero = facture_de([f.inscription]).numero
    faits, porte = [], threading.Barrier(4, timeout=20)

    def lentement(html, **options):
        faits.append(threading.get_ident())
        time.sleep(0.2 if verrou else 0.5)  # what a render takes
        return b"%PDF-1.7 " + html.encode()

    monkeypatch.setattr(services, "ecrire_pdf", lentement)
    if not verrou:
        monkeypatch.setattr(services, "_attendre_son_tour", lambda *_: None)

    def demander(_):
        try:
            porte.wait()
            return piece("facture", numero).empreinte
        except IntegrityError:  # without the lock the row of the second is refused
            return "refusée"
        finally:
            connection.close()

    with time_machine.travel(LU_LE, tick=True), ThreadPoolExecutor(4) as fils:
        recus = set(fils.map(demander, range(4)))
    assert (len(faits) == 1) == verrou
    assert not verrou or len(recus) == 1
