"""What fails under a family's hands: connections cut, an answer lost, waits too long, the queue of tasks, PostgreSQL.

Each has its control: the same fault without the protection, which must do harm. `make bench ARGS=pannes` does it all to
a whole town.
"""

import datetime as dt
import sys
import threading
import uuid
from contextlib import contextmanager

import pytest
import time_machine
from celery import current_app
from django.conf import settings
from django.contrib.auth import login
from django.core import mail
from django.db import connection
from django.test import Client
from django.urls import reverse
from kombu.exceptions import OperationalError as CELERY_INJOIGNABLE
from post_office.models import STATUS, Email
from psycopg_pool.base import AttemptWithBackoff

from comptes import courriels
from comptes.envoi import envoyer_les_courriels
from portail import vues_erreurs
from portail.bench.famille import JETON_CSRF
from portail.settings import OPTIONS_REDIS
from reservations.models import Mouvement, Operation, Reservation
from reservations.services import reserver
from tests.factories import INSTANT, foyer
from tests.pannes import ailleurs, couper_les_autres, nouvelle_reserve
from tests.portail.html import Page

module_reserver = sys.modules[reserver.__module__]
LUNDI, MARDI = dt.date(2026, 12, 7), dt.date(2026, 12, 8)
MOT_DE_PASSE = "un mot de passe d’essai"
en_vrai = pytest.mark.django_db(transaction=True)


@pytest.fixture
def f(db):
    """The pool of connections measures its waits: the clock goes on."""
    with time_machine.travel(INSTANT, tick=True):
        yield foyer()
    nouvelle_reserve()


@pytest.fixture
def parent(f):
    """A browser that gets an error page where the test client would raise."""
    client = Client(raise_request_exception=False)
    client.force_login(f.utilisateur)
    return client


def ecrit() -> tuple[int, ...]:
    return tuple(modele.objects.count() for modele in (Operation, Mouvement, Reservation, Email))


def formulaire() -> dict:
    return {"jours": [f"{LUNDI}", f"{MARDI}"], "jeton": str(uuid.uuid4())}


def calendrier(f) -> str:
    return reverse("reservations:calendrier", args=[f.inscription.pk], query={"mois": "2026-12"})


def indisponible(reponse) -> bool:
    """The page that a fault is told with."""
    if reponse.status_code != 503:
        return False
    texte = " ".join(Page(reponse).texte.split())
    assert "Le portail est momentanément indisponible" in texte
    assert "elle ne comptera jamais deux fois" in texte
    assert reponse["Retry-After"] == "10"
    return True


# --- Connections that died with their server -------------------------------------------------------------------------
@pytest.fixture
def reserve_de_connexions(parent, f):
    """The pool holds a connection that has served, and nobody uses it."""

    def preparer():
        assert parent.get(calendrier(f)).status_code == 200
        connection.close()  # back to the pool, as after each request of the web server

    return preparer


@en_vrai
def test_a_connection_that_died_in_the_pool_is_replaced_before_the_request_sees_it(parent, f, reserve_de_connexions):
    nouvelle_reserve()  # that of another test may not check its connections
    reserve_de_connexions()
    assert couper_les_autres()
    assert parent.get(calendrier(f)).status_code == 200  # signed in still: the session is in the database


@en_vrai
def test_control_without_the_check_the_request_meets_the_dead_connection(parent, f, reserve_de_connexions, monkeypatch):
    nouvelle_reserve()
    monkeypatch.setitem(connection.settings_dict, "CONN_HEALTH_CHECKS", False)
    reserve_de_connexions()
    assert couper_les_autres()
    assert indisponible(parent.get(calendrier(f)))


def plus_longue_pause(delai: float) -> float:
    """Between two attempts to connect while the server is away for ten minutes and families go on asking."""
    instant, pauses, essai = 0.0, [], AttemptWithBackoff(timeout=delai)
    while instant < 600:
        if essai.time_to_give_up(instant):
            essai = AttemptWithBackoff(timeout=delai)  # that of the next request
        essai.update_delay(instant)
        pauses.append(essai.delay)
        instant += essai.delay
    return max(pauses)


def test_the_pool_finds_a_server_that_comes_back_within_three_seconds_however_long_it_was_away():
    reserve = settings.DATABASES["default"]["OPTIONS"]["pool"]
    assert plus_longue_pause(reserve["reconnect_timeout"]) < 3
    assert reserve["timeout"] <= reserve["reconnect_timeout"]
    assert plus_longue_pause(300) > 120  # the control: the pool's default


# --- A submission cut, or whose answer is lost -----------------------------------------------------------------------
def couper_pendant(monkeypatch, nom: str) -> None:
    """The connection of the submission dies just before this step of its transaction, once."""
    etape = getattr(module_reserver, nom)

    def coupee(*args, **kwargs):
        monkeypatch.setattr(module_reserver, nom, etape)
        couper_les_autres()
        return etape(*args, **kwargs)

    monkeypatch.setattr(module_reserver, nom, coupee)


@en_vrai
@pytest.mark.parametrize("etape", ["_verrouiller_les_journees", "compter_les_places", "envoyer_recapitulatif"])
def test_a_submission_cut_is_not_half_done_and_the_same_form_then_does_it_once(parent, f, monkeypatch, etape):
    champs = formulaire()
    couper_pendant(monkeypatch, etape)
    assert indisponible(parent.post(calendrier(f), champs))
    connection.close()
    assert ecrit() == (0, 0, 0, 0)
    lieux = {parent.post(calendrier(f), champs).url for _ in range(2)}
    operation = Operation.objects.get()
    assert lieux == {f"/reservations/operations/{operation.numero}/"}
    assert ecrit() == (1, 2, 2, 1)


@en_vrai
def test_an_answer_lost_after_the_commit_is_found_again_by_the_same_form(parent, f, monkeypatch):
    """The meals are written, the connection dies before the page is made: the family sees 503 and presses reload."""
    champs = formulaire()
    vues = sys.modules["reservations.views"]

    def puis_couper(**demande):
        operation = reserver(**demande)
        couper_les_autres()
        operation.refresh_from_db()

    monkeypatch.setattr(vues, "reserver", puis_couper)
    assert indisponible(parent.post(calendrier(f), champs))
    connection.close()
    assert ecrit() == (1, 2, 2, 1)
    monkeypatch.undo()
    reponse = parent.post(calendrier(f), champs, follow=True)
    assert "Ce formulaire avait déjà été enregistré" in reponse.text
    assert ecrit() == (1, 2, 2, 1)


@en_vrai
def test_control_without_the_token_a_form_sent_again_is_another_operation(parent, f):
    for _ in range(2):
        champs = formulaire()
        assert parent.post(calendrier(f), champs).status_code == 302
    assert Operation.objects.count() == 2


def se_connecter(f, monkeypatch, *, dans_la_vue=False):
    """The connection dies after the right password: when the session is written, or before, inside the view."""
    vues = sys.modules["comptes.entree"]
    f.utilisateur.set_password(MOT_DE_PASSE)
    f.utilisateur.save()

    def puis_couper(*args, **kwargs):
        monkeypatch.setattr(vues, "login", login)
        login(*args, **kwargs)
        couper_les_autres()
        if dans_la_vue:
            f.utilisateur.refresh_from_db()

    monkeypatch.setattr(vues, "login", puis_couper)
    client = Client(raise_request_exception=False, enforce_csrf_checks=True)
    page = client.get(reverse("comptes:connexion"))
    champs = {"identifiant": f.utilisateur.email, "mot_de_passe": MOT_DE_PASSE}
    champs["csrfmiddlewaretoken"] = JETON_CSRF.search(page.text)[1]
    reponse = client.post(reverse("comptes:connexion"), champs)
    connection.close()
    return client, champs, reponse


@en_vrai
@pytest.mark.parametrize("dans_la_vue", [True, False])
def test_a_sign_in_cut_half_way_is_told_so_and_the_same_form_signs_in(f, monkeypatch, dans_la_vue):
    client, champs, reponse = se_connecter(f, monkeypatch, dans_la_vue=dans_la_vue)
    assert indisponible(reponse)
    assert client.post(reverse("comptes:connexion"), champs).status_code == 302
    assert client.get(calendrier(f)).status_code == 200


@en_vrai
def test_control_django_s_own_sessions_tell_a_family_that_their_request_is_not_understood(f, monkeypatch, settings):
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.db"
    assert se_connecter(f, monkeypatch)[2].status_code == 400


@en_vrai
def test_control_with_the_cookie_of_the_failed_sign_in_the_same_form_is_refused(f, monkeypatch):
    monkeypatch.setattr(vues_erreurs, "_garder_le_formulaire", lambda request: None)
    client, champs, reponse = se_connecter(f, monkeypatch, dans_la_vue=True)
    assert indisponible(reponse)
    assert client.post(reverse("comptes:connexion"), champs).status_code == 403


# --- Waits too long --------------------------------------------------------------------------------------------------
@contextmanager
def jours_retenus():
    with ailleurs() as sql:
        sql.execute("SELECT FROM reservations_journee ORDER BY id FOR UPDATE")
        yield


@en_vrai
@pytest.mark.parametrize("delai", ["lock_timeout", "statement_timeout"])
def test_a_submission_that_waits_too_long_is_told_so_and_nothing_is_half_done(parent, f, delai):
    champs = formulaire()
    with connection.cursor() as curseur:
        curseur.execute(f"SET {delai} = '50ms'")
    with jours_retenus():
        assert indisponible(parent.post(calendrier(f), champs))
        assert ecrit() == (0, 0, 0, 0)
    assert parent.post(calendrier(f), champs).status_code == 302
    assert ecrit() == (1, 2, 2, 1)


@en_vrai
def test_control_without_a_time_out_the_submission_waits_as_long_as_the_other_holds(parent, f):
    statuts = []

    def envoyer():
        statuts.append(parent.post(calendrier(f), formulaire()).status_code)
        connection.close()

    fil = threading.Thread(target=envoyer)
    with jours_retenus():
        fil.start()
        fil.join(0.3)
        assert not statuts
    fil.join(10)
    assert statuts == [302]


# --- The queue of tasks, the mails -----------------------------------------------------------------------------------
@pytest.fixture
def sans_redis(monkeypatch):
    """The broker of production, and nobody there."""
    app = current_app._get_current_object()

    def changer(adresse, options):
        app.conf.broker_url, app.conf.broker_transport_options = adresse, options
        app.pool.force_close_all()
        app._pool = app.amqp._producer_pool = None

    avant = app.conf.broker_url, app.conf.broker_transport_options
    monkeypatch.setattr(courriels, "_pas_avant", 0.0)
    changer("redis://127.0.0.1:1/0", OPTIONS_REDIS)
    yield
    changer(*avant)


@en_vrai
def test_without_redis_meals_are_booked_and_the_sweep_sends_the_mail(parent, f, sans_redis):
    with pytest.raises(CELERY_INJOIGNABLE):
        envoyer_les_courriels.delay()  # the control: nobody is there indeed
    assert parent.post(calendrier(f), formulaire()).status_code == 302
    assert ecrit() == (1, 2, 2, 1)
    assert Email.objects.get().status == STATUS.queued
    envoyer_les_courriels()
    assert Email.objects.get().status == STATUS.sent
    assert [m.to for m in mail.outbox] == [[f.utilisateur.email]]
