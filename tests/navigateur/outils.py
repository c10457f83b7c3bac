"""What browser tests share: accessibility violations, width of a page."""

from collections.abc import Iterable

from axe_playwright_python.base import AXE_SCRIPT

# WCAG 2.1 AA is what RGAA 4.1 asks; the best practices come with it (landmarks, order of headings).
REGLES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

# What a theme may break: it changes colours and nothing else.
REGLES_DES_COULEURS = ["color-contrast", "link-in-text-block"]
HAUTEURS = {320: 640, 360: 740, 768: 1024, 1280: 800}


def fenetre(largeur: int) -> dict[str, int]:
    return {"width": largeur, "height": HAUTEURS.get(largeur, 800)}


def fautes(page, etats: Iterable[tuple[int, bool]] = ()) -> list[str]:
    """Violations and overflow of a page that was loaded once, in each of these states: (width, dark).

    No script of ours asks for the width or the theme: the sheets alone do, and they follow. The second theme of a width
    is read for its colours only. Without states: the page as it stands. Give a page its last state to go on with it.
    """
    trouvees: list[str] = []
    lues: set[int] = set()
    for largeur, sombre in etats:
        page.set_viewport_size(fenetre(largeur))
        page.emulate_media(color_scheme="dark" if sombre else "light")
        liste = violations(page, regles=REGLES_DES_COULEURS if largeur in lues else None)
        liste += [f"déborde de {px} px" for px in [deborde(page)] if px]
        trouvees += [f"{largeur} {'sombre' if sombre else 'clair'}, {faute}" for faute in liste]
        lues.add(largeur)
    if lues:
        return trouvees
    return violations(page) + [f"déborde de {px} px" for px in [deborde(page)] if px]


def violations(page, *, sauf: tuple[str, ...] = (), regles: list[str] | None = None) -> list[str]:
    """Axe's violations of the page as it stands, one sentence each: `rule: help (element; element)`.

    The script goes through the debugging protocol, which a strict CSP does not stop. It needs a page with JavaScript:
    without it no promise ever settles. `regles`: these alone.
    """
    page.wait_for_load_state("load")  # a page without its sheets yet has no contrast to measure
    if not page.evaluate("typeof window.axe === 'object'"):
        page.evaluate(AXE_SCRIPT)
    options = {
        "runOnly": {"type": "rule", "values": regles} if regles else {"type": "tag", "values": REGLES},
        "rules": {nom: {"enabled": False} for nom in sauf},
        "resultTypes": ["violations"],
        "preload": False,  # it would write a <style> for each @import of a sheet, which the CSP stops; no rule needs it
    }
    trouvees = page.evaluate("options => axe.run(document, options).then(r => r.violations)", options)
    return [
        f"{v['id']}: {v['help']} ({'; '.join(str(noeud['html'])[:160] for noeud in v['nodes'][:5])})" for v in trouvees
    ]


def deborde(page) -> int:
    """How many pixels the page is wider than its window: 0 when nothing scrolls sideways."""
    return page.evaluate("document.scrollingElement.scrollWidth - document.documentElement.clientWidth")
