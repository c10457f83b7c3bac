"""Our commands of manage.py answer in French, also to what was typed wrong: argparse speaks English alone."""

import re

from django.core.management.base import BaseCommand, CommandError, CommandParser

# What argparse says → how we say it; {0}, {1} are what it names. Source: Lib/argparse.py, Python 3.11 to 3.14.
PHRASES = {
    r"the following arguments are required: (.+)": "il manque {0}.",
    r"one of the arguments (.+) is required": "il manque l’un de {0}.",
    r"unrecognized arguments: (.+)": "« {0} » n’est pas reconnu.",
    r"ambiguous option: (.+) could match (.+)": "« {0} » peut être {1}.",
    r"invalid choice: (.+) \(choose from (.+)\)": "{0} n’est pas un choix possible ({1}).",
    r"invalid int value: (.+)": "{0} n’est pas un nombre entier.",
    r"invalid \S+ value: (.+)": "{0} n’est pas une valeur possible.",
    r"expected one argument": "il manque sa valeur.",
    r"expected at least one argument": "il manque au moins une valeur.",
    r"expected at most one argument": "une valeur au plus.",
    r"expected (\d+) arguments?": "il faut {0} valeurs.",
    r"ignored explicit argument (.+)": "ne prend pas de valeur ({0}).",
    r"not allowed with argument (.+)": "ne va pas avec {0}.",
}


def en_francais(message: str) -> str:
    """The sentence of argparse in French; as it is when we do not know it."""
    if m := re.fullmatch(r"(?s)argument (\S+): (.+)", message):
        return f"{m[1]} : {en_francais(m[2])}"
    for motif, phrase in PHRASES.items():
        if m := re.fullmatch(f"(?s){motif}", message):
            return phrase.format(*m.groups())
    return message


class Analyseur(CommandParser):
    def error(self, message):
        phrase = f"Commande mal écrite : {en_francais(message)}"
        if self.called_from_command_line:
            self.exit(2, f"{phrase}\nSon mode d’emploi : {self.prog} --help\n")
        raise CommandError(phrase)


class Commande(BaseCommand):
    """The base of every command of ours."""

    def create_parser(self, prog_name, subcommand, **options):
        analyseur = super().create_parser(prog_name, subcommand, **options)
        analyseur.__class__ = Analyseur  # Django names its own there, without a hook
        return analyseur
