"""`verifier_comptes` says nothing of right accounts, and names each thing that is wrong."""

from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from facturation.models import Compteur, Facture
from facturation.services.avoirs import emettre_avoir, proposer_avoirs
from facturation.services.emettre import emettre
from facturation.services.encaisser import encaisser, rejeter
from facturation.services.preparer import preparer
from facturation.verification import ecarts
from reservations.models import Reservation
from tests.factories import foyer
from tests.facturation.conftest import OCTOBRE
from tests.facturation.test_preparer import JOURS, SEPTEMBRE

D = Decimal
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("ouverture")]


@pytest.fixture
def comptes(ouverture):
    f, g = foyer(reserves=JOURS), foyer(reserves=JOURS[:2])
    ouverture.move_to(OCTOBRE)
    emettre(facturation=preparer(mois=SEPTEMBRE))
    encaisser(famille=f.famille.pk, montant=D(30), moyen="carte", cle="a")
    rejete, _ = encaisser(famille=g.famille.pk, montant=D(5), moyen="carte", cle="b")
    rejeter(paiement=rejete, motif="AM04")
    facture = Facture.objects.get(famille=f.famille)
    emettre_avoir(facture=facture.pk, lignes={facture.lignes.get().pk: D(3)}, motif="Geste", rembourser=True)
    return f, g


def appeler(*mots):
    sortie = StringIO()
    call_command("verifier_comptes", *mots, stdout=sortie)
    return sortie.getvalue()


def test_right_accounts_have_nothing_to_say(comptes):
    assert list(ecarts()) == []
    assert "Les comptes sont exacts." in appeler()


@pytest.mark.parametrize(
    ("requete", "mots"),
    [
        ("UPDATE facturation_facture SET regle = regle - 1 WHERE regle > 0", "réglés"),
        ("UPDATE facturation_facture SET regle = regle - 1 WHERE regle > 0", "Foyer n°"),
        ("DELETE FROM facturation_imputation WHERE avoir_id IS NULL AND montant > 10", "Foyer n°"),
        ("UPDATE facturation_compteur SET dernier = dernier + 1 WHERE serie = 'F'", "Série F2026"),
        ("UPDATE facturation_facture SET numero = 'F2026-000009' WHERE numero = 'F2026-000001'", "Série F2026"),
        ("UPDATE facturation_facture SET numero = 'F2025-000001' WHERE numero = 'F2026-000001'", "Série F2025"),
        ("DELETE FROM facturation_compteur WHERE serie = 'Q'", "Série Q2026"),
        ("UPDATE facturation_facture SET total = total + 1", "son total n’est pas la somme"),
        ("UPDATE facturation_repasfacture SET date = date + 20 WHERE date = '2026-09-03'", "pas ceux de ses jours"),
        ("UPDATE facturation_avoir SET total = 4", "Avoir A2026-000001 : son total"),
        ("UPDATE facturation_ligneavoir SET montant = 99", "rendus, pour"),
        ("UPDATE facturation_remboursement SET montant = 99", "imputés ou remboursés"),
        ("UPDATE facturation_imputation SET facture_id = (SELECT max(id) FROM facturation_facture)", "même foyer"),
        ("INSERT INTO facturation_repasfacture (facture_id, ligne_id, inscription_id, date, supplement, prix, rang) "
         "SELECT facture_id, ligne_id, inscription_id, date, supplement, prix, 1 FROM facturation_repasfacture "
         "LIMIT 1", "facturé 2 fois"),
        ("UPDATE facturation_facture SET reportee_sur_id = (SELECT max(id) FROM facturation_facture)", "reportée sur"),
        ("DELETE FROM reservations_reservation WHERE date = '2026-09-03'", "sans avoir ni proposition"),
    ],
)  # fmt: skip
def test_each_thing_that_is_wrong_is_named(comptes, requete, mots):
    with connection.cursor() as curseur:
        curseur.execute("SET LOCAL session_replication_role = replica")  # past the triggers, as a bug could
        curseur.execute(requete)
        curseur.execute("SET LOCAL session_replication_role = origin")
    trouves = list(ecarts())
    assert any(mots in trouve for trouve in trouves), trouves
    with pytest.raises(CommandError, match="dans les comptes"):
        appeler()


def test_a_meal_cancelled_since_needs_a_proposal(comptes):
    Reservation.objects.filter(date=JOURS[0]).delete()
    assert len(list(ecarts())) == 2
    assert "2\xa0propositions d’avoir de plus" in appeler("--proposer")
    assert proposer_avoirs() == 0


def test_a_gap_in_a_series_is_named_in_french(comptes):
    Compteur.objects.filter(serie="F").update(dernier=7)
    assert list(ecarts()) == ["Série F2026 : 2 numéros, le dernier est 2, le compteur dit 7"]
