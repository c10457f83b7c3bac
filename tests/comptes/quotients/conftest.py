"""5 October 2026: a family, an agent at the desk, a request with its attestation."""

import datetime as dt

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from comptes.roles import creer_agent
from comptes.services.demandes import demander_un_quotient
from comptes.televersement import lire_fichier
from tests.comptes.fichiers import pdf
from tests.comptes.quotients.outils import SEPTEMBRE
from tests.factories import ResponsableFactory


@pytest.fixture(autouse=True)
def octobre():
    with time_machine.travel(dt.datetime(2026, 10, 5, 12, tzinfo=dt.UTC), tick=False):
        yield


@pytest.fixture
def famille(db):
    return ResponsableFactory(famille__nom="Martin", prenom="Léa", nom="Martin").famille


@pytest.fixture
def agent(db):
    return creer_agent(courriel="guichet@exemple.fr", role="guichet", prenom="Odile", nom="Sarda")[0]


@pytest.fixture
def guichet(agent):
    client = Client()
    client.force_login(agent)
    return client


@pytest.fixture
def demande(famille):
    papier = lire_fichier(SimpleUploadedFile("caf.pdf", pdf(), "application/pdf"))
    parent = famille.responsables.get().utilisateur
    return demander_un_quotient(famille=famille, par=parent, valeur=845, mois=SEPTEMBRE, attestation=papier)
