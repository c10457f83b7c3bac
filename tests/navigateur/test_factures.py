"""The bills of a household in a browser: axe, both themes, phone and desk, print."""

import datetime as dt
import os
from decimal import Decimal

import pytest
from django.urls import reverse

from facturation.models import Facture
from facturation.services.encaisser import encaisser
from tests.facturation.pieces import avoir_de, facture_de, fratrie
from tests.navigateur.outils import deborde, violations

pytestmark = [pytest.mark.navigateur, pytest.mark.django_db(transaction=True)]
CLICHES = os.environ.get("CLICHES")


def photographier(page, nom):
    if CLICHES:
        page.screenshot(path=f"{CLICHES}/{nom}.png", full_page=True)


def test_bills_are_read_on_every_screen(page_a, connecter):
    f, inscriptions = fratrie()
    retard = facture_de(inscriptions[:1])
    Facture.objects.filter(pk=retard.pk).update(reportee_sur=None)
    longue = facture_de(inscriptions, lignes=4, mois=dt.date(2026, 10, 1))
    facture_de(inscriptions[:1], mois=dt.date(2026, 11, 1), prix=Decimal(0))
    avoir = avoir_de(longue, Decimal("3.40"))
    paiement, _ = encaisser(famille=f.famille.pk, montant=Decimal(20), moyen="especes", cle="a", d_abord=[longue.pk])
    pages = {
        "liste": reverse("facturation:factures"),
        "facture": reverse("facturation:facture", args=[longue.numero]),
        "avoir": reverse("facturation:avoir", args=[avoir.numero]),
        "quittance": reverse("facturation:quittance", args=[paiement.numero]),
        "attestation": reverse("facturation:attestation", args=[paiement.recu_le.year]),
        "accueil": "/",
    }
    for largeur, sombre in ((360, False), (1280, True)):
        page = page_a(largeur, sombre=sombre)
        connecter(page, f.utilisateur)
        for nom, adresse in pages.items():
            page.goto(adresse)
            assert deborde(page) == 0, nom
            for ouvrir in page.locator("main details").all():
                ouvrir.evaluate("d => d.open = true")
            if nom != "accueil":
                assert violations(page) == [], nom
            assert deborde(page) == 0, nom
            photographier(page, f"{nom}-{largeur}")
            if nom == "facture" and largeur == 1280:
                page.emulate_media(media="print", color_scheme="light")
                assert not page.get_by_role("navigation", name="Menu").is_visible()
                assert page.get_by_text("Total de la facture").is_visible()
                photographier(page, "facture-imprimee")
                page.emulate_media(media="screen", color_scheme="dark")
