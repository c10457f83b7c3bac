"""Suite-wide nets. The database server is started by tests/settings.py, before this file is read."""

import os
import shutil

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def pytest_runtest_setup(item):
    """Without Chromium a browser test is skipped under its own name; with CI=true it fails."""
    if CHROMIUM or not item.get_closest_marker("navigateur"):
        return
    phrase = f"{item.nodeid} : Chromium manque (apt install chromium)"
    if os.environ.get("CI", "").lower() in {"1", "true"}:
        pytest.fail(phrase, pytrace=False)
    pytest.skip(phrase)
