"""`manage.py ouvrir_annee`, as ops type it."""

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.core.validators import RegexValidator

from reservations.models import AnneeScolaire, Journee, Tarif
from tests.factories import ActiviteFactory

pytestmark = pytest.mark.django_db
OUVERTURE = "--ouverture=2026-07-15 08:30"


@pytest.fixture
def activite():
    return ActiviteFactory()


def test_sans_appliquer_rien_n_est_ecrit(activite, capsys):
    call_command("ouvrir_annee", "2026-2027", OUVERTURE, "--prix=4,97")
    dit = capsys.readouterr().out
    assert "Simulation : rien n’a été écrit" in dit
    assert "mercredi 15\N{NO-BREAK SPACE}juillet 2026 à 8\N{NO-BREAK SPACE}h\N{NO-BREAK SPACE}30" in dit
    assert not AnneeScolaire.objects.exists()
    assert not Journee.objects.exists()


def test_avec_appliquer_l_annee_a_ses_jours_et_ses_prix(activite):
    call_command("ouvrir_annee", "2026-2027", OUVERTURE, "--prix=4,97", "--appliquer")
    annee = AnneeScolaire.objects.get(libelle="2026-2027")
    assert annee.periodes.count() > 10
    assert str(Tarif.objects.get(activite=activite, annee=annee).prix) == "4.97"
    assert 130 < activite.journees.count() < 150


def test_deux_fois_ne_fait_rien_de_plus_et_garde_l_ouverture(activite):
    call_command("ouvrir_annee", "2026-2027", OUVERTURE, "--prix=4,97", "--appliquer")
    avant = list(Journee.objects.values()), list(AnneeScolaire.objects.values()), list(Tarif.objects.values())
    call_command("ouvrir_annee", "2026-2027", "--prix=9,99", "--appliquer")
    assert (list(Journee.objects.values()), list(AnneeScolaire.objects.values()), list(Tarif.objects.values())) == avant


@pytest.mark.parametrize(
    ("mots", "phrase"),
    [
        (["2099-2100", OUVERTURE], "n’est pas dans le calendrier officiel"),
        (["2026-2027"], "Dites quand les réservations ouvrent"),
        (["2026-2027", "--ouverture=demain"], "n’est pas un instant de la forme"),
        (["2026-2027", OUVERTURE, "--prix=gratuit"], "n’est pas un prix en euros"),
        (["2026-2027", OUVERTURE, "--prix=-1"], "n’est pas un prix en euros"),
        (["2026-2027", OUVERTURE, "--prix=4,971"], "n’est pas un prix en euros"),
        (["2026-2027", OUVERTURE, "--prix=NaN"], "n’est pas un prix en euros"),
        (["2026-2027", OUVERTURE, "--prix=1e400"], "n’est pas un prix en euros"),
    ],
)
def test_une_option_fausse_est_dite_en_une_phrase(activite, mots, phrase):
    with pytest.raises(CommandError, match=phrase):
        call_command("ouvrir_annee", *mots, "--appliquer")
    assert not AnneeScolaire.objects.exists()


@pytest.mark.parametrize("libelle", ["2026-2027\n", "2026-2027 ", " 2026-2027", "1926-1927"])
def test_the_label_of_a_year_is_exactly_two_years(libelle):
    (validateur,) = [v for v in AnneeScolaire._meta.get_field("libelle").validators if isinstance(v, RegexValidator)]
    validateur("2026-2027")
    with pytest.raises(ValidationError):
        validateur(libelle)
