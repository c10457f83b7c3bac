import pytest
import time_machine
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import InterfaceError, OperationalError, connection, transaction
from django.http import Http404
from django.test import Client
from django.urls import path
from django.utils import timezone

from portail import urls, vues_erreurs
from portail.settings import base_de_donnees
from tests.factories import ResponsableFactory
from tests.portail.html import Page
from tests.portail.test_pages import verifier


def lever(exception):
    def vue(request):
        raise exception

    return vue


def attendre_trop(request):
    """A statement longer than the web server's limit, as PostgreSQL itself ends it."""
    with transaction.atomic(), connection.cursor() as curseur:
        curseur.execute("SET LOCAL statement_timeout = '20ms'")
        curseur.execute("SELECT pg_sleep(2)")


urlpatterns = [
    path("essai/base", lever(OperationalError("secret"))),
    path("essai/liaison", lever(InterfaceError("secret"))),
    path("essai/trop-long", attendre_trop),
    path("essai/400", lever(SuspiciousOperation("secret"))),
    path("essai/403", lever(PermissionDenied)),
    path("essai/403-motif", lever(PermissionDenied("Cette page est fermée <b>ce soir</b>."))),
    path("essai/404", lever(Http404("secret"))),
    path("essai/500", lever(RuntimeError("secret"))),
    *urls.urlpatterns,
]
handler400, handler403, handler404, handler500 = (
    vues_erreurs.requete_incorrecte,
    vues_erreurs.interdit,
    vues_erreurs.introuvable,
    vues_erreurs.erreur,
)


@pytest.fixture(autouse=True)
def _adresses(settings):
    settings.ROOT_URLCONF = __name__


@pytest.fixture(params=["inconnu", "parent"])
def lecteur(request, db):
    client = Client(raise_request_exception=False)
    if request.param == "parent":
        client.force_login(ResponsableFactory().utilisateur)
    return client


@pytest.mark.parametrize(
    ("adresse", "code", "phrase"),
    [
        ("/essai/400", 400, "Le portail n’a pas compris cette demande"),
        ("/essai/403", 403, "Votre compte ne permet pas d’ouvrir cette page."),
        ("/essai/403-motif", 403, "Cette page est fermée <b>ce soir</b>."),
        ("/essai/404", 404, "Cette page est introuvable"),
        ("/nulle/part", 404, "Cette page est introuvable"),
    ],
)
def test_an_error_is_a_sentence_in_french_and_a_way_on(lecteur, adresse, code, phrase):
    reponse = lecteur.get(adresse)
    assert reponse.status_code == code
    page = verifier(reponse)
    assert phrase in page.texte
    assert "secret" not in reponse.text
    assert {"/", "/contact/"} <= page.liens()


def test_what_is_not_yours_looks_like_what_does_not_exist(lecteur):
    """The path alone differs: the page gives nothing away."""
    with time_machine.travel(timezone.now(), tick=False):  # each page counts the seconds left of its session
        une, autre = (lecteur.get(adresse).text for adresse in ("/essai/404", "/nulle/part"))
    assert sans_jeton(une) == sans_jeton(autre)


def sans_jeton(corps: str) -> list[str]:
    return [ligne for ligne in corps.splitlines() if "csrfmiddlewaretoken" not in ligne]


def test_an_expired_form_says_that_nothing_was_sent(lecteur):
    lecteur.handler.enforce_csrf_checks = True
    reponse = lecteur.post("/contact/", {"jours": "2026-12-03"})
    assert reponse.status_code == 403
    texte = " ".join(verifier(reponse).texte.split())
    assert "Ce formulaire a expiré" in texte
    assert "rien n’a été enregistré ni modifié" in texte


def test_a_form_with_thousands_of_fields_is_refused_with_a_sentence(lecteur, settings):
    lecteur.handler.enforce_csrf_checks = True
    lecteur.cookies[settings.CSRF_COOKIE_NAME] = "a" * 32
    reponse = lecteur.post("/contact/", {f"jour{n}": "x" for n in range(1001)})
    assert reponse.status_code == 400
    assert "Rien n’a été enregistré ni modifié" in " ".join(verifier(reponse).texte.split())


def test_the_page_of_a_failure_needs_neither_database_nor_session(rf, settings):
    """No `db` mark here: a query would fail the test."""
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": "nulle.part"}}
    reponse = vues_erreurs.erreur(rf.get("/"))
    page = Page(reponse)
    assert reponse.status_code == 500
    assert "Le portail a rencontré une erreur" in page.texte
    assert settings.VILLE["telephone"] in page.texte
    assert page.noms().count("h1") == 1
    assert page.code_dans_la_page() == []
    assert {"/", "/contact/"} <= page.liens()
    assert {attributs["href"] for attributs in page.attributs("link")} <= {
        "/static/css/portail.css",
        "/static/img/favicon.svg",
    }


@pytest.mark.django_db
def test_a_failure_shows_its_page_under_the_content_security_policy():
    reponse = Client(raise_request_exception=False).get("/essai/500")
    assert reponse.status_code == 500
    assert "secret" not in reponse.text
    assert "Le portail a rencontré une erreur" in reponse.text
    assert "default-src 'none'" in reponse["Content-Security-Policy"]


@pytest.mark.django_db
@pytest.mark.parametrize("adresse", ["/essai/base", "/essai/liaison", "/essai/trop-long"])
def test_a_database_that_is_away_or_too_slow_is_told_in_french_with_when_to_come_back(adresse):
    reponse = Client(raise_request_exception=False).get(adresse)
    assert reponse.status_code == 503
    assert reponse["Retry-After"] == "10"
    page = Page(reponse)
    assert "Le portail est momentanément indisponible" in page.texte
    assert "elle ne comptera jamais deux fois" in page.texte
    assert "secret" not in reponse.text
    assert page.code_dans_la_page() == []


def test_the_web_server_has_limits_of_time_and_the_commands_have_none(monkeypatch):
    url = "postgresql://u@/base?host=/nulle/part"
    assert "options" not in base_de_donnees(url)["OPTIONS"]
    monkeypatch.setenv("DB_DELAI_REQUETE", "15000")
    monkeypatch.setenv("DB_DELAI_VERROU", "5000")
    assert base_de_donnees(url)["OPTIONS"]["options"] == "-c statement_timeout=15000 -c lock_timeout=5000"
