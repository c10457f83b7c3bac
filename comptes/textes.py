"""Texts of the town: Markdown to safe HTML, with the town's own words. Pure functions, no database."""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from urllib.parse import urlsplit

from django.utils.safestring import SafeString, mark_safe
from django.utils.text import slugify
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML

from comptes.francais import typographie

LONGUEUR = 60_000  # characters of a text: ten times the longest of ours
SOMMAIRE_A_PARTIR_DE = 4  # headings
VARIABLE = re.compile(r"\{\{\s*(\w*)\s*\}\}")
SANS_AUDIT = (
    "Aucun audit de conformité n’a encore été fait par un expert indépendant. La loi veut qu’un site soit alors "
    "déclaré non conforme, quels que soient les soins pris."
)


@dataclass(frozen=True)
class TexteRendu:
    html: SafeString
    sommaire: tuple[tuple[str, str], ...]  # (anchor, words) of its first headings; empty when it is short


def variables_de(ville: Mapping[str, str]) -> dict[str, str]:
    """What a text may name between braces, from `settings.VILLE`: `{{service}}` is written inside a sentence."""
    return {
        "ville": ville["nom"],
        "service": ville["service"][:1].lower() + ville["service"][1:],
        "adresse": ville["adresse"],
        "telephone": ville["telephone"],
        "courriel": ville["courriel"],
        "horaires": ville["horaires"],
        "accessibilite": ville["accessibilite"],
        "audit": SANS_AUDIT if ville["accessibilite"] == "non conforme" else "",
    }


def variables_inconnues(contenu: str, connues: Mapping[str, str]) -> list[str]:
    return sorted({nom for nom in VARIABLE.findall(contenu) if nom not in connues})


def lien_permis(adresse: str) -> bool:
    """https, mailto, tel, an anchor, or a page of the portal: nothing that runs, nothing that hides where it leads."""
    if any(ord(caractere) <= 32 for caractere in adresse) or "\\" in adresse:
        return False
    try:
        lue = urlsplit(adresse)
    except ValueError:
        return False
    if lue.scheme:
        return lue.scheme in {"mailto", "tel"} or (lue.scheme == "https" and bool(lue.hostname))
    return not lue.netloc and re.match(r"/(?!/)|#", adresse) is not None


class _Lecteur(MarkdownIt):
    def validateLink(self, url: str) -> bool:
        return lien_permis(url)


class _Rendu(RendererHTML):
    """Tables that scroll alone and name their rows; links to elsewhere do not say where one comes from."""

    def table_open(self, tokens, idx, options, env):
        titre = escape(env["titre"] or "Tableau")
        return f'<div class="defile" tabindex="0" role="region" aria-label="{titre}"><table class="tableau">'

    def table_close(self, tokens, idx, options, env):
        return "</table></div>"

    def heading_open(self, tokens, idx, options, env):
        env["titre"] = tokens[idx + 1].content
        return self.renderToken(tokens, idx, options, env)

    def th_open(self, tokens, idx, options, env):
        return '<th scope="col">'

    def td_open(self, tokens, idx, options, env):
        return '<th scope="row">' if tokens[idx - 1].type == "tr_open" else "<td>"

    def td_close(self, tokens, idx, options, env):
        ouvrante = next(n for n in range(idx, 0, -1) if tokens[n].type == "td_open")
        return "</th>" if tokens[ouvrante - 1].type == "tr_open" else "</td>"

    def link_open(self, tokens, idx, options, env):
        if str(tokens[idx].attrs["href"]).startswith("https:"):
            tokens[idx].attrSet("rel", "noreferrer")
        return self.renderToken(tokens, idx, options, env)


def _lecteur() -> _Lecteur:
    """CommonMark and tables, without HTML, without pictures, at most twenty levels deep (the preset's own bound)."""
    lecteur = _Lecteur("commonmark", {"html": False}, renderer_cls=_Rendu)
    lecteur.enable("table")
    lecteur.disable(["image", "html_block", "html_inline"])
    return lecteur


_LECTEUR = _lecteur()


def _mettre_les_variables(contenu: str, variables: Mapping[str, str]) -> str:
    """Each value as plain words: what Markdown would read as a sign is escaped."""

    def valeur(trouvee) -> str:
        mots = " ".join(variables.get(trouvee[1], trouvee[0]).split(" ")).replace("\n", " ")
        return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", mots)

    if "telephone" in variables:  # an address has no spaces
        numero = re.sub(r"[^+\d]", "", variables["telephone"])
        contenu = re.sub(r"tel:\{\{\s*telephone\s*\}\}", f"tel:{numero}", contenu)
    return VARIABLE.sub(valeur, contenu)


@lru_cache(maxsize=128)
def _rendre(contenu: str, variables: tuple[tuple[str, str], ...], niveau: int, prefixe: str) -> TexteRendu:
    jetons = _LECTEUR.parse(_mettre_les_variables(contenu[:LONGUEUR], dict(variables)))
    pile: list[int] = []  # levels written, of the headings that contain this one: none is skipped when read
    premiers, pris = [], set()
    for rang, jeton in enumerate(jetons):
        if jeton.type == "inline":
            _en_francais(jeton)
        if jeton.type != "heading_open":
            continue
        ecrit = int(jeton.tag[1])
        while pile and pile[-1] >= ecrit:
            pile.pop()
        pile.append(ecrit)
        jeton.tag = jetons[rang + 2].tag = f"h{min(niveau + len(pile) - 1, 6)}"
        mots = _mots(jetons[rang + 1])
        base = ancre = prefixe + (slugify(mots)[:60] or "partie")
        suite = 2
        while ancre in pris:
            ancre, suite = f"{base}-{suite}", suite + 1
        pris.add(ancre)
        jeton.attrSet("id", ancre)
        if len(pile) == 1:
            premiers.append((ancre, mots))
    html = _LECTEUR.renderer.render(jetons, _LECTEUR.options, {"titre": ""})
    # Escaped by markdown-it, which makes no tag but those of CommonMark and of _Rendu; tests/comptes/test_textes.py.
    sur = mark_safe(html)  # noqa: S308  # nosec B308 B703
    return TexteRendu(sur, tuple(premiers) if len(premiers) >= SOMMAIRE_A_PARTIR_DE else ())


def _en_francais(jeton) -> None:
    for enfant in jeton.children or ():
        if enfant.type == "text":
            enfant.content = typographie(enfant.content)


def _mots(jeton) -> str:
    return "".join(e.content for e in jeton.children or () if e.type in {"text", "code_inline"}).strip()


def rendre(contenu: str, ville: Mapping[str, str], *, niveau: int = 2, prefixe: str = "") -> TexteRendu:
    """A text as the page shows it: its first headings are of level `niveau`, its anchors begin with `prefixe`.

    Kept in memory by what it is made of: a text that changed, or a town that moved, is another one.
    """
    return _rendre(contenu, tuple(sorted(variables_de(ville).items())), niveau, prefixe)


@dataclass(frozen=True)
class LigneComparee:
    signe: str  # "+" added, "−" taken away, "" kept
    texte: str


def comparer(avant: str, apres: str) -> list[LigneComparee]:
    """What a version changes of the former, line by line, with two lines around each change."""
    lignes: list[LigneComparee] = []
    for ligne in difflib.unified_diff(avant.splitlines(), apres.splitlines(), lineterm="", n=2):
        if ligne.startswith(("---", "+++")):
            continue
        if ligne.startswith("@@"):
            if lignes:
                lignes.append(LigneComparee("", "…"))
        else:
            lignes.append(LigneComparee({"+": "+", "-": "−"}.get(ligne[0], ""), ligne[1:]))
    return lignes
