"""What every table that leaves for a spreadsheet has in common."""


def sans_formule(mots: str) -> str:
    """A cell that no spreadsheet runs (OWASP, CSV injection): what people typed never begins a formula."""
    return f"'{mots}" if mots[:1] in "=+-@\t\r" and mots else mots
