"""`facturer_mois`: simulation by default, what it prints, what it refuses."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from comptes.models import Famille
from facturation.models import Facturation, Facture
from reservations.models import Reservation, Tarif
from tests.factories import foyer
from tests.facturation.conftest import OCTOBRE
from tests.facturation.test_preparer import JOURS

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("ouverture", "comptes_exacts")]


def facturer(*mots) -> str:
    sortie = StringIO()
    call_command("facturer_mois", *mots, stdout=sortie)
    return sortie.getvalue().replace("\xa0", " ")


@pytest.fixture
def reserves(ouverture):
    f = foyer(reserves=JOURS)
    ouverture.move_to(OCTOBRE)
    return f


def test_it_simulates_then_writes_then_issues_once(reserves):
    dit = facturer("2026-09")
    assert "septembre 2026 : 1 facture à émettre, 4 repas, 19,88 €." in dit
    assert "Simulation" in dit
    assert not Facturation.objects.exists()
    assert "Brouillons écrits" in facturer("2026-09", "--appliquer")
    assert Facture.objects.brouillons().count() == 1
    assert "1 facture émise." in facturer("2026-09", "--appliquer", "--emettre")
    assert "déjà émises. Rien" in facturer("2026-09", "--appliquer", "--emettre")
    assert Facture.objects.emises().count() == 1


def test_anomalies_are_listed_and_do_not_block(reserves):
    dit = facturer("2026-09")
    assert "Anomalie : 4 journées servies sans pointage" in dit
    assert dit.count("Anomalie") == 1
    Reservation.objects.filter(date=JOURS[0]).update(prix=0)
    Reservation.objects.filter(date=JOURS[1]).update(prix=3)
    Famille.objects.update(commune="")
    dit = facturer("2026-09")
    assert "1 ligne à zéro euro (Léa" in dit
    assert "2 lignes à un autre prix que la règle" in dit
    assert "1 famille sans adresse complète" in dit
    Tarif.objects.all().delete()
    dit = facturer("2026-09", "--appliquer", "--emettre")
    assert "3 lignes sans grille ni prix en vigueur" in dit
    assert "1 facture émise." in dit


@pytest.mark.parametrize(
    ("mots", "phrase"),
    [
        (["2026-13"], "n’est pas un mois"),
        (["septembre"], "n’est pas un mois"),
        (["2026-10"], "n’est pas fini"),
        (["2026-09", "--emettre"], "demande --appliquer"),
    ],
)
def test_what_it_refuses_has_a_sentence(reserves, mots, phrase):
    with pytest.raises(CommandError, match=phrase):
        facturer(*mots)
    assert not Facturation.objects.exists()


def test_a_month_that_is_issued_is_not_prepared_again(reserves):
    facturer("2026-09", "--appliquer", "--emettre")
    with pytest.raises(CommandError, match="déjà émises"):
        facturer("2026-09", "--appliquer")


def test_a_month_that_begins_with_a_vowel_is_elided(reserves):
    with pytest.raises(CommandError, match="Le mois d’octobre 2026 n’est pas fini"):
        facturer("2026-10")
