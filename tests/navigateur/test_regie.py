"""The régie's pages of unpaid bills and exports: no violation, no sideways scroll, and a reminder sent by hand."""

import datetime as dt

import pytest
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from comptes.roles import creer_agent
from facturation.models import Relance
from facturation.services.relancer import accorder_echeancier
from tests.factories import foyer
from tests.facturation.fabriques import facture_emise
from tests.navigateur import outils

pytestmark = [pytest.mark.navigateur, pytest.mark.django_db(transaction=True)]
ETATS = [(1280, False), (360, True), (320, False)]


def test_unpaid_bills_and_exports_have_no_violation_and_a_reminder_is_sent(page_a, connecter):
    agent, _ = creer_agent(courriel="regie@exemple.fr", role="regie", prenom="Odile", nom="Sarda")
    f, aujourdhui = foyer(), timezone.localdate()
    with transaction.atomic():
        facture = facture_emise(f.inscription, repas=8, echeance=aujourdhui - dt.timedelta(days=20))
        etalee = facture_emise(foyer(activite=f.activite).inscription, repas=8, echeance=aujourdhui)
    accorder_echeancier(facture=etalee, fois=3, premiere=aujourdhui + dt.timedelta(days=9), par=agent)
    page = connecter(page_a(), agent)
    impayes = reverse("admin:facturation_relance_changelist")
    for adresse in (
        impayes,
        reverse("facturation:exports"),
        f"{reverse('facturation:exports')}?du=x&au=",
        reverse("admin:facturation_relance_echeancier", args=[facture.pk]),
        reverse("admin:facturation_transmission_transmettre"),
        reverse("admin:facturation_facture_change", args=[facture.pk]),
        reverse("admin:facturation_avoir_rendre", args=[facture.pk]),
    ):
        page.goto(adresse)
        assert outils.fautes(page, ETATS) == [], adresse
    page.goto(impayes)
    page.get_by_role("link", name="Relancer").click()
    assert outils.fautes(page, ETATS) == []
    page.get_by_role("button", name="Envoyer les relances").click()
    page.get_by_text("1 facture relancée").wait_for()
    assert Relance.objects.get().facture == facture
