"""People who sign in by the form."""

import re

import pytest
from django.core import mail

from comptes.services.motsdepasse import demander, traiter_les_demandes
from tests.factories import MOT_DE_PASSE, UtilisateurFactory

ADRESSE = "lea@exemple.fr"
GENERE = re.compile(r"Mot de passe : (\S+)")


@pytest.fixture
def lea(db):
    return UtilisateurFactory(email=ADRESSE, avec_mot_de_passe=True)


@pytest.fixture
def se_connecter(client):
    """Send the sign-in form: `se_connecter("lea@exemple.fr", "...")`."""

    def envoyer(identifiant=ADRESSE, mot_de_passe=MOT_DE_PASSE, **champs):
        return client.post("/connexion/", {"identifiant": identifiant, "mot_de_passe": mot_de_passe, **champs})

    return envoyer


@pytest.fixture
def generer():
    """Ask for a password, let the worker run, and give the password of the mail."""

    def faire(adresse=ADRESSE) -> str:
        demander(courriel=adresse, expediteur="192.0.2.1")
        traiter_les_demandes()
        return GENERE.search(mail.outbox[-1].body)[1]

    return faire
