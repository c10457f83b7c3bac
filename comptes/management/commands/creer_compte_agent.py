from django.core.exceptions import ValidationError
from django.core.management.base import CommandError
from django.core.validators import validate_email

from comptes.commandes import Commande
from comptes.models import Responsable, normaliser_courriel
from comptes.roles import CHOIX, creer_agent


class Command(Commande):
    help = (
        "Crée le compte d’un agent de la ville, ou change son rôle. Le compte n’a pas de mot de passe : l’agent "
        "utilise « Générer votre mot de passe » sur la page de connexion, comme les parents."
    )

    def add_arguments(self, parser):
        parser.add_argument("courriel", help="adresse e-mail de l’agent, qui est son identifiant")
        parser.add_argument("--role", required=True, choices=CHOIX, help="ce que l’agent peut voir et faire")
        parser.add_argument("--prenom", default="", help="prénom")
        parser.add_argument("--nom", default="", help="nom")

    def handle(self, *, courriel, role, prenom, nom, **options):
        adresse = normaliser_courriel(courriel)
        try:
            validate_email(adresse)
        except ValidationError:
            raise CommandError(f"« {courriel} » n’est pas une adresse e-mail.") from None
        if Responsable.objects.filter(utilisateur__email=adresse).exists():
            raise CommandError(
                f"{adresse} est le compte d’un parent : un agent travaille avec une autre adresse, pour que ses droits "
                "d’agent ne servent pas à ses propres enfants."
            )
        for mot, champ in ((prenom, "prénom"), (nom, "nom")):
            if len(mot) > 60 or "\0" in mot:
                raise CommandError(f"Le {champ} a 60 caractères au plus.")
        agent, cree = creer_agent(courriel=adresse, role=role, prenom=prenom, nom=nom)
        self.stdout.write(f"Compte {'créé' if cree else 'mis à jour'} : {agent.email}, rôle {role}.")
        if not agent.has_usable_password():
            self.stdout.write("Pas encore de mot de passe : « Générer votre mot de passe » sur la page de connexion.")
