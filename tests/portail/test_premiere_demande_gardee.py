"""What becomes of an answered first request: it is its household's; a refused one is nobody's, and goes."""

import datetime as dt
import json

import pytest
from django.contrib.admin.models import LogEntry
from django.utils import timezone

from comptes.models import Famille, Utilisateur
from portail.donnees import archive
from portail.effacement import effacer
from reservations.models import EnfantDeLaDemande, PieceDeLaDemande, PremiereDemande
from reservations.services.premiere import balayer
from reservations.services.repondre_premiere import accepter, refuser
from tests.administration import adresse, agent
from tests.factories import UtilisateurFactory
from tests.portail.test_donnees import ouvrir
from tests.portail.test_effacement import ou_est
from tests.reservations.test_repondre_premiere import deposee

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def dossier(settings, tmp_path):
    settings.DOCUMENTS = tmp_path / "documents"


def donnees(famille) -> dict:
    return json.loads(ouvrir(archive(famille)).read("donnees.json"))["donnees"]


def vieillir(jours: int) -> None:
    PremiereDemande.objects.update(traitee_le=timezone.now() - dt.timedelta(days=jours))


def test_an_accepted_request_is_given_to_its_household_and_erased_with_it():
    agente = UtilisateurFactory(agent=True)
    famille = accepter(demande=deposee(nom="Canari"), agent=agente)
    lues = donnees(famille)
    assert [d["nom"] for d in lues["reservations.PremiereDemande"]] == ["Canari"]
    assert [e["prenom"] for e in lues["reservations.EnfantDeLaDemande"]] == ["Louis"]
    effacer(famille=famille)
    assert not PremiereDemande.objects.exists()
    assert ("reservations_premieredemande", "nom") not in ou_est("Canari")


def test_a_request_refused_before_is_given_and_erased_too_but_not_one_that_nobody_confirmed():
    agente, adresse_ = UtilisateurFactory(agent=True), "nadia.faure@exemple.fr"
    refuser(demande=deposee(adresse_, empreinte="1", nom="Premier"), agent=agente, mot="Hors de la commune.")
    famille = accepter(demande=deposee(adresse_, empreinte="2"), agent=agente)
    inconnue = PremiereDemande.objects.get(empreinte="2")
    inconnue.pk, inconnue.empreinte, inconnue.nom = None, "3", "Forgé"
    inconnue.etat, inconnue.famille = PremiereDemande.Etat.A_CONFIRMER, None
    inconnue.save()
    lues = donnees(famille)
    assert [d["nom"] for d in lues["reservations.PremiereDemande"]] == ["Premier", "Faure"]
    assert len(lues["reservations.EnfantDeLaDemande"]) == 2
    assert any(nom.startswith("premiere-demande/") for nom in ouvrir(archive(famille)).namelist())
    effacer(famille=famille)
    assert not PremiereDemande.objects.exists()


@pytest.mark.parametrize(("jours", "gardee"), [(29, True), (31, False)])
def test_a_refused_request_goes_after_the_time_that_is_set(settings, jours, gardee):
    settings.PREMIERE_REFUSEE_JOURS = 30
    demande = deposee(nom="Canari")
    refus = {"geste": "refuser", "mot": "Hors de la commune."}
    agent("guichet").post(adresse("repondre", demande, demande.pk), refus)
    assert LogEntry.objects.get().object_repr == "Nadia Canari"
    vieillir(jours)
    assert balayer() == (not gardee)
    assert PremiereDemande.objects.exists() is gardee
    assert EnfantDeLaDemande.objects.exists() is gardee
    assert PieceDeLaDemande.objects.exists() is gardee
    assert bool(ou_est("Canari")) is gardee


def test_an_accepted_request_outlives_a_refused_one():
    famille = accepter(demande=deposee(), agent=UtilisateurFactory(agent=True))
    vieillir(200)
    assert balayer() == 0
    vieillir(366)
    assert balayer() == 1
    assert Famille.objects.get() == famille
    assert Utilisateur.objects.filter(responsable__famille=famille).exists()
