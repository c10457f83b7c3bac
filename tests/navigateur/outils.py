"""What browser tests share: accessibility violations, width of a page."""

from axe_playwright_python.base import AXE_SCRIPT

# WCAG 2.1 AA is what RGAA 4.1 asks; the best practices come with it (landmarks, order of headings).
REGLES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def violations(page, *, sauf: tuple[str, ...] = ()) -> list[str]:
    """Axe's violations of the page as it stands, one sentence each: `rule: help (element; element)`.

    The script goes through the debugging protocol, which a strict CSP does not stop. It needs a page with JavaScript:
    without it no promise ever settles.
    """
    page.wait_for_load_state("load")  # a page without its sheets yet has no contrast to measure
    if not page.evaluate("typeof window.axe === 'object'"):
        page.evaluate(AXE_SCRIPT)
    options = {
        "runOnly": {"type": "tag", "values": REGLES},
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
