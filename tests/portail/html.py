"""Reading a page of the portal in a test, with the standard library."""

import re
from html.parser import HTMLParser

VIDES = {"meta", "link", "input", "br", "img", "hr", "source", "path", "rect", "use", "circle"}


class Page(HTMLParser):
    """`Page(reponse)`: `balises` (name, attributes), `texte` of main, `titre`."""

    def __init__(self, reponse):
        super().__init__()
        self.balises: list[tuple[str, dict[str, str | None]]] = []
        self.pile: list[str] = []
        self.scripts, self.titre, self.texte = "", "", ""
        self.feed(reponse.content.decode())

    def handle_starttag(self, tag, attrs):
        self.balises.append((tag, dict(attrs)))
        if tag not in VIDES:
            self.pile.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.balises.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        while self.pile and self.pile.pop() != tag:
            pass

    def handle_data(self, data):
        if "script" in self.pile:
            self.scripts += data
        if "title" in self.pile and "svg" not in self.pile:
            self.titre += data
        if "main" in self.pile:
            self.texte += data

    def noms(self) -> list[str]:
        return [nom for nom, _ in self.balises]

    def attributs(self, nom: str) -> list[dict[str, str | None]]:
        return [attributs for balise, attributs in self.balises if balise == nom]

    def liens(self) -> set[str]:
        """Addresses inside the portal, without query or anchor."""
        adresses = {attributs.get("href") or "" for attributs in self.attributs("a")}
        return {re.sub(r"[?#].*", "", adresse) for adresse in adresses if adresse.startswith("/")}

    def code_dans_la_page(self) -> list[str]:
        """What the content security policy would block."""
        fautes = [f"{nom} style" for nom, attributs in self.balises if "style" in attributs]
        fautes += [f"{nom} {cle}" for nom, attributs in self.balises for cle in attributs if cle.startswith("on")]
        fautes += ["<style>"] * self.noms().count("style")
        fautes += ["<script>"] * bool(self.scripts.strip())
        return fautes
