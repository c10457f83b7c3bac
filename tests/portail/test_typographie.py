"""French typography of what is read: no line begins with a sign, no quotation mark stands alone at its end."""

import ast
import re
from pathlib import Path

import pytest
from django.conf import settings

RACINE = Path(settings.BASE_DIR)
GABARITS = sorted(p.relative_to(RACINE) for p in (RACINE / "templates").rglob("*") if p.suffix in {".html", ".txt"})
# The lines of a password are plain: copied, pasted, read by tools.
NUS = {"templates/courriels/mot_de_passe_genere.txt"}
# The words of models are in the migrations, those of commands at a terminal.
CODE = sorted(
    p.relative_to(RACINE)
    for piece in ("comptes", "reservations", "facturation", "portail")
    for p in (RACINE / piece).rglob("*.py")
    if not {"models", "migrations", "management", "local", "bench"} & {*p.parts}
    and p.name not in {"settings.py", "francais.py"}  # the second writes the rule
)
ORDINAIRE = re.compile(r"(?<=[^\s(]) [:;!?»]|« ")
TU = re.compile(r"(?s)\{#.*?#\}|\{% comment.*?endcomment %\}|<!--.*?-->|<(script|style)\b.*?</\1>|\bstyle=\"[^\"]*\"")


def ordinaires(texte: str) -> list[str]:
    return [texte[max(0, m.start() - 25) : m.end() + 5] for m in ORDINAIRE.finditer(texte)]


def lisible(gabarit: str) -> str:
    """What is read of a template, attributes included; a word for each of its tags."""
    return re.sub(r"(?s)\{%.*?%\}|\{\{.*?\}\}", "x", TU.sub("", gabarit))


@pytest.mark.parametrize(
    ("texte", "fautes"),
    [
        ("Bonjour\u00a0: «\u00a0oui\u00a0» ?", 1),
        ("Bonjour : « oui »", 3),
        ("{{ nom }} : oui", 1),
        ("{# a : b #}<!-- a ; b --><p style='x'>", 0),
        ('<p style="margin:0 ; x">', 0),
        ('<a href="?mois=x">a\u202f!</a>', 0),
    ],
)
def test_what_is_a_fault(texte, fautes):
    assert len(ordinaires(lisible(texte))) == fautes


def test_the_templates_have_no_break_spaces():
    trouves = {str(g): f for g in GABARITS if (f := ordinaires(lisible((RACINE / g).read_text())))}
    assert {g: f for g, f in trouves.items() if g not in NUS} == {}


def test_the_sentences_of_the_code_have_no_break_spaces():
    trouves = {}
    for chemin in CODE:
        arbre = ast.parse((RACINE / chemin).read_text())
        muets = {id(n.value) for n in ast.walk(arbre) if isinstance(n, ast.Expr)}  # docstrings
        journal = {id(a) for n in ast.walk(arbre) if _au_journal(n) for a in n.args}
        textes = [n for n in ast.walk(arbre) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
        fautes = [f for n in textes if id(n) not in muets | journal for f in ordinaires(n.value)]
        if fautes:
            trouves[str(chemin)] = fautes
    assert trouves == {}


def _au_journal(noeud) -> bool:
    return isinstance(noeud, ast.Call) and getattr(getattr(noeud.func, "value", None), "id", "") == "journal"
