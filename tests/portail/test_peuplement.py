"""`manage.py peupler`: a town for load tests, the same for the same seed."""

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db.models import Count, F

from comptes.models import Enfant, Utilisateur
from reservations.models import AnneeScolaire, Ecole, Inscription, Journee, Mouvement, Reservation

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def un_mardi():
    with time_machine.travel("2026-11-24T10:00:00+01:00", tick=False):
        yield


def enfants() -> list[tuple]:
    return list(Enfant.objects.order_by("pk").values_list("prenom", "nom", "naissance"))


def test_la_meme_graine_donne_la_meme_ville_et_une_autre_une_autre():
    call_command("peupler", "--familles=20")
    premiere = enfants()
    call_command("peupler", "--familles=20", "--graine=2")
    seconde = enfants()[len(premiere) :]
    assert seconde != premiere
    Inscription.objects.all().delete()
    Enfant.objects.all().delete()
    Utilisateur.objects.all().delete()
    call_command("peupler", "--familles=20")
    assert enfants() == premiere
    assert Ecole.objects.count() == 31


def test_arretee_puis_relancee_elle_reprend_sans_rien_faire_deux_fois():
    call_command("peupler", "--familles=10")
    call_command("peupler", "--familles=25")
    comptes = Utilisateur.objects.filter(email__endswith="-1@exemple.fr").count()
    call_command("peupler", "--familles=25")
    assert Utilisateur.objects.filter(email__endswith="-1@exemple.fr").count() == comptes == 25
    assert AnneeScolaire.objects.count() == 1


def test_toute_l_annee_reservee_tient_dans_les_regles():
    call_command("peupler", "--familles=15", "--reserver")
    call_command("peupler", "--familles=15", "--reserver")
    assert not Journee.objects.annotate(n=Count("reservations")).exclude(places_prises=F("n")).exists()
    enfants_inscrits = Inscription.objects.values("rattachement__enfant").distinct().count()
    jours = Reservation.objects.values("date").distinct().count()
    assert Reservation.objects.count() == Mouvement.objects.count() == enfants_inscrits * jours


@pytest.mark.parametrize(
    ("mots", "phrase"),
    [
        (["--familles=0"], "Le nombre de familles va de 1"),
        (["--annee=1999-2000"], "n’est pas dans le calendrier officiel"),
    ],
)
def test_une_option_fausse_est_dite_en_une_phrase(mots, phrase):
    with pytest.raises(CommandError, match=phrase):
        call_command("peupler", *mots)
    assert not Utilisateur.objects.exists()


def test_elle_est_refusee_hors_de_la_demonstration(settings):
    settings.DEMO = False
    with pytest.raises(CommandError, match="n’existe que pour la démonstration"):
        call_command("peupler")
