"""Fixtures of the browser tests. Chromium lives as long as this folder's tests, no longer.

Playwright's synchronous API keeps an event loop running in the thread, so Django refuses its ORM there unless
`DJANGO_ALLOW_ASYNC_UNSAFE` is set: it is, while the browser is open only.
"""

import os

import pytest
from django.conf import settings
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.test import Client
from playwright.sync_api import sync_playwright

from tests.conftest import CHROMIUM
from tests.navigateur.outils import fenetre
from tests.ville import ville

__all__ = ["ville"]

ARGUMENTS = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]


servir = StaticFilesHandler.serve


def servir_pour_longtemps(self, request):
    """A sheet or a font is fetched once by a browser, as in production, and not asked about again by every page."""
    reponse = servir(self, request)
    reponse["Cache-Control"] = "max-age=315360000, immutable"
    return reponse


@pytest.fixture(scope="package")
def navigateur():
    """One Chromium for the folder."""
    arguments = [*ARGUMENTS, "--no-sandbox"] if os.geteuid() == 0 else ARGUMENTS
    with pytest.MonkeyPatch.context() as monkeypatch, sync_playwright() as playwright:
        monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        monkeypatch.setattr(StaticFilesHandler, "serve", servir_pour_longtemps)
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield chromium
        chromium.close()


@pytest.fixture
def page_a(navigateur, live_server):
    """Make a page: `page_a(360)`, `page_a(1280, js=False, sombre=True)`; relative addresses are the live server's.

    At the end of the test no page may have met a script error or broken the content security policy.
    """
    contextes, fautes = [], []

    def noter(message):
        if message.type == "error" and "Content Security Policy" in message.text:
            fautes.append(message.text)

    def creer(largeur=1280, *, js=True, sombre=False):
        contexte = navigateur.new_context(
            base_url=live_server.url,
            viewport=fenetre(largeur),
            java_script_enabled=js,
            color_scheme="dark" if sombre else "light",
            reduced_motion="reduce",
            locale="fr-FR",
            timezone_id="Europe/Paris",
        )
        contexte.set_default_timeout(10_000)
        contextes.append(contexte)
        page = contexte.new_page()
        page.on("console", noter)
        page.on("pageerror", lambda erreur: fautes.append(str(erreur)))
        return page

    yield creer
    for contexte in contextes:
        contexte.close()
    assert not fautes, "\n".join(fautes)


@pytest.fixture
def connecter(live_server):
    """Sign a person in: `connecter(page, utilisateur)` gives the page's browser a session, without the form."""

    def signer(page, utilisateur):
        client = Client()
        client.force_login(utilisateur)
        cookie = client.cookies[settings.SESSION_COOKIE_NAME]
        page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])
        return page

    return signer
