"""Races around the waiting list, between real connections; each with a control that fails without the lock."""

import datetime as dt
import uuid

import pytest
from django.db import IntegrityError, transaction
from post_office.models import Email

from reservations.models import Attente, Inscription, Journee, Mouvement, Operation, Reservation
from reservations.models.inscription import InscriptionQuerySet
from reservations.models.journee import JourneeQuerySet
from reservations.regles import PARIS
from reservations.services.attente import AttenteClose, accepter, demander, servir
from reservations.services.rappels import rappeler
from tests.factories import foyer, ouvrir
from tests.reservations.test_concurrence import (
    Croisement,
    apres_avoir_attendu,
    ensemble,
    envoi,
    horloge_qui_tourne,
    sans_verrou,
)

__all__ = ["horloge_qui_tourne"]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("horloge_qui_tourne", "comptes_justes")]
LUNDI = dt.date(2026, 12, 7)
E, M, N = Attente.Etat, Attente.Mode, Mouvement.Nature


@pytest.fixture(autouse=True)
def sans_ouvrier(monkeypatch):
    """The worker is the test: nothing is served behind its back."""
    monkeypatch.setattr("reservations.services.places.annoncer", lambda tache: None)


def demande(f, mode=M.AUTO, horloge=None):
    return lambda: demander(
        demandes={f.inscription.pk: [LUNDI]},
        mode=mode,
        auteur=f.utilisateur,
        cle=uuid.uuid4().hex,
        **({"horloge": horloge} if horloge else {}),
    )


def plein(capacite):
    activite = ouvrir(capacite=capacite)
    return activite, [foyer(activite=activite, reserves=[LUNDI]) for _ in range(capacite)]


def etats() -> list[str]:
    return sorted(Attente.objects.values_list("etat", flat=True))


def prises(activite) -> int:
    return Journee.objects.get(activite=activite, date=LUNDI).places_prises


# --- Places freed at once --------------------------------------------------------------------------------------------
def liberer(attendent):
    """Two households cancel at once; `attendent` wait."""
    activite, tenants = plein(2)
    for _ in range(attendent):
        demande(foyer(activite=activite))()
    croisement = Croisement(2)
    return activite, ensemble(*[envoi(t, annuler=[LUNDI], horloge=croisement) for t in tenants])


def test_two_places_freed_at_once_serve_one_request_once():
    activite, issues = liberer(1)
    assert all(isinstance(o, Operation) for o in issues), issues
    assert (etats(), prises(activite)) == ([E.ATTRIBUEE], 1)


def test_two_places_freed_at_once_serve_two_requests_and_leave_the_third():
    activite, issues = liberer(3)
    assert all(isinstance(o, Operation) for o in issues), issues
    assert (etats(), prises(activite)) == ([E.EN_ATTENTE, E.ATTRIBUEE, E.ATTRIBUEE], 2)


# --- A request while a place is freed --------------------------------------------------------------------------------
def test_who_asks_while_the_place_is_being_freed_is_told_that_there_is_room():
    """The request waits for the day's lock, and decides on the count that it finds then."""
    activite, (tient,) = plein(1)
    f = foyer(activite=activite)
    operation = apres_avoir_attendu(envoi(tient, annuler=[LUNDI]), demande(f))
    assert operation.mouvements.get().motif == "place-libre"
    assert not Attente.objects.exists()


def test_control_without_the_lock_one_waits_for_a_day_that_is_not_full(monkeypatch):
    activite, (tient,) = plein(1)
    f = foyer(activite=activite)
    croisement = Croisement(2)
    sans_verrou(monkeypatch, JourneeQuerySet)
    ensemble(envoi(tient, annuler=[LUNDI], horloge=croisement), demande(f, horloge=croisement))
    # Whoever comes first to the row, the request was decided on the old count: nobody will serve it, or only by luck.
    assert Attente.objects.count() == 1


def test_a_crowd_that_cancels_asks_and_books_leaves_the_counts_right():
    activite, tenants = plein(3)
    gestes = [envoi(t, annuler=[LUNDI]) for t in tenants]
    gestes += [demande(foyer(activite=activite)) for _ in range(4)]
    gestes += [envoi(foyer(activite=activite), LUNDI) for _ in range(3)]
    issues = ensemble(*gestes)
    assert all(isinstance(o, Operation) for o in issues), issues
    for _ in range(2):
        servir()
    # A place is free only when nobody waits.
    assert prises(activite) == 3 or not Attente.objects.filter(etat=E.EN_ATTENTE).exists()


# --- Two workers, and a parent ---------------------------------------------------------------------------------------
def attribuees(n, mode=M.AUTO):
    activite, tenants = plein(n)
    attendent = [foyer(activite=activite) for _ in range(n)]
    for f in attendent:
        demande(f, mode)()
    for t in tenants:
        envoi(t, annuler=[LUNDI])()
    return activite, attendent


def deux_ouvriers():
    croisement = Croisement(2)

    def horloge():
        # The first reading is before any lock; only those after it meet.
        return croisement() + dt.timedelta(minutes=1)

    return ensemble(lambda: servir(horloge=horloge), lambda: servir(horloge=horloge))


def test_two_workers_serve_each_place_once():
    activite, _ = attribuees(3)
    issues = deux_ouvriers()
    assert not [i for i in issues if isinstance(i, Exception)], issues
    servir()
    assert (etats(), prises(activite)) == ([E.SATISFAITE] * 3, 3)
    assert Reservation.objects.filter(date=LUNDI).count() == 3
    assert Mouvement.objects.filter(nature=N.AJOUT, operation__origine="commande").count() == 3


def test_control_without_the_locks_two_workers_fall_into_the_net(monkeypatch):
    attribuees(1)
    sans_verrou(monkeypatch, JourneeQuerySet)
    monkeypatch.setattr(InscriptionQuerySet, "verrouillees", lambda self: self.order_by("pk"))
    monkeypatch.setattr(InscriptionQuerySet, "select_for_update", lambda self, **options: self)
    issues = deux_ouvriers()
    assert [i for i in issues if isinstance(i, IntegrityError)], issues


def test_a_worker_leaves_alone_what_a_parent_holds():
    activite, (f,) = attribuees(1)

    with transaction.atomic():
        list(Inscription.objects.filter(pk=f.inscription.pk).completes().verrouillees())
        (bilan,) = ensemble(servir)
    assert bilan == {}
    assert servir() == {E.SATISFAITE: 1}
    assert prises(activite) == 1


# --- Accept at the instant of expiry ---------------------------------------------------------------------------------
def a_l_expiration():
    """A parent accepts and the worker expires the same offer, both at its last instant, on either side of it."""
    _, (f,) = attribuees(1, M.PROPOSER)
    servir()
    offre = Attente.objects.get()
    croisement = Croisement(2)

    def avant():
        croisement()
        return offre.expire_le - dt.timedelta(microseconds=1)

    lectures = iter(range(10))

    def apres():
        # The worker reads the clock a first time to know what to look for: they meet at the second, after the locks.
        if next(lectures) == 1:
            croisement()
        return offre.expire_le

    issues = ensemble(
        lambda: accepter(attente=offre.pk, auteur=f.utilisateur, horloge=avant),
        lambda: servir(horloge=apres),
    )
    return f, offre, issues


def test_accepting_at_the_instant_of_expiry_books_or_expires_never_both():
    f, offre, issues = a_l_expiration()
    assert not [i for i in issues if isinstance(i, Exception) and not isinstance(i, AttenteClose)], issues
    servir(horloge=lambda: offre.expire_le)
    offre.refresh_from_db()
    repas = Reservation.objects.filter(inscription=f.inscription).count()
    assert (offre.etat, repas, prises(f.activite)) in {(E.SATISFAITE, 1, 1), (E.EXPIREE, 0, 0)}


def test_control_without_the_locks_the_offer_is_both_booked_and_passed_on(monkeypatch):
    sans_verrou(monkeypatch, JourneeQuerySet)
    monkeypatch.setattr(InscriptionQuerySet, "verrouillees", lambda self: self.order_by("pk"))
    monkeypatch.setattr(InscriptionQuerySet, "select_for_update", lambda self, **options: self)
    f, _, issues = a_l_expiration()
    assert not [i for i in issues if isinstance(i, Exception)], issues
    assert Reservation.objects.filter(inscription=f.inscription).count() == 1
    assert prises(f.activite) == 0  # the meal has no place
    Journee.objects.filter(activite=f.activite, date=LUNDI).update(places_prises=1)


# --- Two sweeps of reminders -----------------------------------------------------------------------------------------
def deux_balayages() -> list:
    foyer()
    vendredi = dt.datetime(2026, 12, 4, 9, 0, tzinfo=PARIS)
    croisement = Croisement(2)

    def horloge():
        croisement()
        return vendredi

    return ensemble(lambda: rappeler(horloge=horloge), lambda: rappeler(horloge=horloge))


def test_two_sweeps_at_once_remind_a_household_once():
    bilans = deux_balayages()
    assert sorted(b.courriels for b in bilans) == [0, 1], bilans
    assert Email.objects.count() == 1


def test_control_without_the_unique_row_it_is_reminded_twice(monkeypatch):
    sans_ligne = "SELECT * FROM unnest(%(familles)s::bigint[], %(semaines)s::date[])"
    monkeypatch.setattr("reservations.services.rappels._NOTER", sans_ligne)
    bilans = deux_balayages()
    assert [b.courriels for b in bilans] == [1, 1], bilans
