"""The doors of a household: for its adults, for nobody else, and for the agent who helps it."""

import pytest
from django.apps import apps

from comptes.models import Contact, Demande, Document, Enfant, Famille, FicheCantine
from tests.factories import FamilleFactory, UtilisateurFactory, foyer

pytestmark = pytest.mark.django_db

PORTES = sorted(
    (modele for modele in apps.get_models() if hasattr(modele._default_manager.all(), "de")),
    key=lambda m: m._meta.label,
)


def test_chaque_porte_a_un_cas():
    assert {Contact, Demande, Document, Enfant, Famille, FicheCantine} <= set(PORTES)


@pytest.mark.parametrize("modele", PORTES, ids=lambda m: m._meta.label)
def test_une_porte_ne_donne_rien_a_qui_n_a_pas_de_foyer(modele):
    foyer()
    assert list(modele.objects.de(UtilisateurFactory())) == []


def test_un_parent_n_ouvre_que_son_foyer():
    lea, autre = foyer(), FamilleFactory()
    assert list(Famille.objects.de(lea.utilisateur)) == [lea.famille]
    assert autre not in Famille.objects.de(lea.utilisateur)


def test_un_agent_ouvre_le_foyer_qu_il_accompagne_et_lui_seul():
    lea, agent = foyer(), UtilisateurFactory(agent=True)
    FamilleFactory()
    assert not Famille.objects.de(agent)
    agent.famille_accompagnee = lea.famille.pk
    assert list(Famille.objects.de(agent)) == [lea.famille]
    assert list(Enfant.objects.de(agent)) == [lea.enfant]
