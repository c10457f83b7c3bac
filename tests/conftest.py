"""Suite-wide nets. The database server is started by tests/settings.py, before this file is read."""

import os
import shutil

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
# Marker → (what it needs, the program found, the Debian package).
OUTILS = {
    "navigateur": ("Chromium", CHROMIUM, "chromium"),
    "lit_un_pdf": ("pdftotext", shutil.which("pdftotext"), "poppler-utils"),
}


def pytest_runtest_setup(item):
    """Without its tool a test is skipped under its own name; with CI=true it fails."""
    for marque, (nom, trouve, paquet) in OUTILS.items():
        if trouve or not item.get_closest_marker(marque):
            continue
        phrase = f"{item.nodeid} : {nom} manque (apt install {paquet})"
        if os.environ.get("CI", "").lower() in {"1", "true"}:
            pytest.fail(phrase, pytrace=False)
        pytest.skip(phrase)
