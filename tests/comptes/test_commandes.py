"""Our commands answer in French to what was typed wrong."""

import pytest
from django.core.management import CommandError, call_command, get_commands, load_command_class

from comptes.commandes import Commande, en_francais
from comptes.management.commands.creer_compte_agent import Command as CreerCompteAgent

NOTRES = sorted(
    nom for nom, app in get_commands().items() if app in {"comptes", "reservations", "facturation", "portail"}
)


def test_every_command_of_ours_has_the_common_base():
    assert len(NOTRES) >= 8
    for nom in NOTRES:
        assert isinstance(load_command_class(get_commands()[nom], nom), Commande), nom


@pytest.mark.parametrize(
    ("arguments", "phrase"),
    [
        ([], "il manque courriel, --role."),
        (["a@b.fr"], "il manque --role."),
        (["a@b.fr", "--role"], "--role\u00a0: il manque sa valeur."),
        (["a@b.fr", "--role", "maire"], "--role\u00a0: 'maire' n’est pas un choix possible"),
        (["a@b.fr", "--role", "regie", "x"], "«\u00a0x\u00a0» n’est pas reconnu."),
    ],
)
def test_what_is_missing_or_unknown_is_said_in_french(arguments, phrase):
    with pytest.raises(CommandError) as refus:
        call_command("creer_compte_agent", *arguments)
    assert str(refus.value).startswith("Commande mal écrite\u00a0: ")
    assert phrase in str(refus.value)


@pytest.mark.parametrize(
    ("anglais", "francais"),
    [
        ("argument --limite: invalid int value: 'x'", "--limite\u00a0: 'x' n’est pas un nombre entier."),
        ("argument --a: not allowed with argument --b", "--a\u00a0: ne va pas avec --b."),
        ("argument -v/--verbosity: expected 2 arguments", "-v/--verbosity\u00a0: il faut 2 valeurs."),
        ("ambiguous option: --an could match --annee, --annuler", "«\u00a0--an\u00a0» peut être --annee, --annuler."),
        ("argument --appliquer: ignored explicit argument 'x'", "--appliquer\u00a0: ne prend pas de valeur ('x')."),
        ("one of the arguments --a --b is required", "il manque l’un de --a --b."),
        ("something new", "something new"),
    ],
)
def test_the_sentences_of_argparse(anglais, francais):
    assert en_francais(anglais) == francais


def test_at_the_terminal_it_is_one_sentence_and_the_way_to_the_help(capsys):
    with pytest.raises(SystemExit) as fin:
        CreerCompteAgent().run_from_argv(["manage.py", "creer_compte_agent"])
    assert fin.value.code == 2
    assert capsys.readouterr().err == (
        "Commande mal écrite\u00a0: il manque courriel, --role.\n"
        "Son mode d’emploi\u00a0: manage.py creer_compte_agent --help\n"
    )
