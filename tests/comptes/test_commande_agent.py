"""`manage.py creer_compte_agent`: an agent's account and role, without a password."""

import io

import pytest
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django.core.management.base import BaseCommand

from comptes.management.commands.creer_compte_agent import Command
from comptes.models import Utilisateur
from comptes.roles import CHOIX, ROLES
from tests.factories import ResponsableFactory, UtilisateurFactory

pytestmark = pytest.mark.django_db


def lancer(*arguments: str) -> str:
    sortie = io.StringIO()
    call_command("creer_compte_agent", *arguments, stdout=sortie)
    return sortie.getvalue()


def roles_de(compte: Utilisateur) -> list[str]:
    return [groupe.name for groupe in compte.groups.order_by("name")]


def test_un_agent_cree_a_son_role_et_aucun_mot_de_passe():
    sortie = lancer("  Guichet@Ville.FR ", "--role", "guichet", "--prenom", "Zoé", "--nom", "Riquet")
    agent = Utilisateur.objects.get()
    assert (agent.email, agent.prenom, agent.nom) == ("guichet@ville.fr", "Zoé", "Riquet")
    assert (agent.is_staff, agent.is_superuser, agent.is_active) == (True, False, True)
    assert roles_de(agent) == ["guichet"]
    assert not agent.has_usable_password()
    assert "Compte créé" in sortie
    assert "« Générer votre mot de passe »" in sortie


@pytest.mark.parametrize(("role", "droits"), ROLES.items())
def test_un_role_donne_les_droits_de_la_table_et_aucun_autre(role, droits):
    lancer("agent@ville.fr", "--role", role)
    attendus = {
        f"{modele.partition('.')[0]}.{action}_{modele.partition('.')[2]}"
        for modele, actions in droits.items()
        for action in actions
    }
    assert Utilisateur.objects.get().get_all_permissions() == attendus


def test_un_droit_ajoute_a_la_main_est_repris():
    lancer("agent@ville.fr", "--role", "guichet")
    guichet, cantine = Group.objects.get(name="guichet"), Group.objects.get(name="cantine")
    cantine.permissions.add(*guichet.permissions.filter(codename="change_famille"))
    lancer("agent@ville.fr", "--role", "cantine")
    assert not Utilisateur.objects.get().has_perm("comptes.change_famille")


def test_un_autre_role_remplace_le_premier():
    lancer("agent@ville.fr", "--role", "guichet", "--nom", "Riquet")
    sortie = lancer("AGENT@ville.fr", "--role", "cantine")
    agent = Utilisateur.objects.get()
    assert roles_de(agent) == ["cantine"]
    assert agent.nom == "Riquet"
    assert "Compte mis à jour" in sortie


def test_un_administrateur_qui_change_de_role_n_est_plus_administrateur():
    lancer("agent@ville.fr", "--role", "admin")
    assert Utilisateur.objects.get().is_superuser
    lancer("agent@ville.fr", "--role", "regie")
    agent = Utilisateur.objects.get()
    assert (agent.is_superuser, roles_de(agent)) == (False, ["regie"])


def test_un_agent_qui_change_de_role_garde_son_mot_de_passe():
    agent = UtilisateurFactory(email="agent@ville.fr", agent=True, avec_mot_de_passe=True)
    sortie = lancer("agent@ville.fr", "--role", "guichet")
    assert Utilisateur.objects.get().password == agent.password
    assert "mot de passe" not in sortie


def test_l_adresse_d_un_parent_est_refusee_et_rien_ne_change():
    parent = ResponsableFactory(utilisateur__email="parent@exemple.fr").utilisateur
    with pytest.raises(CommandError, match="est le compte d’un parent"):
        lancer(" Parent@Exemple.fr", "--role", "admin")
    parent.refresh_from_db()
    assert (parent.is_staff, parent.is_superuser, roles_de(parent)) == (False, False, [])


@pytest.mark.parametrize(
    "adresse", ["", "pas-une-adresse", "a@b", "a b@ville.fr", "@ville.fr", "x" * 400 + "@ville.fr"]
)
def test_une_adresse_impossible_est_refusee_en_francais(adresse):
    with pytest.raises(CommandError, match="n’est pas une adresse e-mail"):
        lancer(adresse, "--role", "guichet")
    assert not Utilisateur.objects.exists()


@pytest.mark.parametrize("arguments", [["agent@ville.fr"], ["agent@ville.fr", "--role", "maire"], ["--role", "admin"]])
def test_un_role_absent_ou_inconnu_ne_cree_rien(arguments):
    with pytest.raises(CommandError):
        lancer(*arguments)
    assert not Utilisateur.objects.exists()


def aide(commande: BaseCommand) -> str:
    texte = commande.create_parser("manage.py", "creer_compte_agent").format_help()
    return " ".join(texte.split())


def test_l_aide_est_en_francais_et_nomme_les_roles():
    texte = aide(Command())
    assert "Crée le compte d’un agent de la ville" in texte
    assert "adresse e-mail de l’agent" in texte
    assert "ce que l’agent peut voir et faire" in texte
    for role in CHOIX:
        assert role in texte
