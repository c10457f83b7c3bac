"""Races between real connections: the last place, a child of two households, a closure, a lowered capacity.

Each race has its control: the same race without the lock, which must oversell or break. A race that cannot be lost
proves nothing.
"""

import contextlib
import datetime as dt
import random
import sys
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
import time_machine
from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.models import F

from comptes.models import Enfant
from reservations.models import Absence, Fermeture, Journee, Mouvement, Operation, Reservation, Tarif
from reservations.models.inscription import InscriptionQuerySet
from reservations.models.journee import JourneeQuerySet
from reservations.regles import PARIS, Motif
from reservations.regles_changements import Changements
from reservations.services import actualiser_journees, declarer_absence, reserver
from tests.factories import INSTANT, PRIX, JourneeFactory, foyer, ouvrir

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("horloge_qui_tourne", "comptes_justes")]

# The package exports the function under the name of its module.
module_reserver = sys.modules[reserver.__module__]
N = Mouvement.Nature
LUNDI, MARDI, JEUDI, VENDREDI = (dt.date(2026, 12, n) for n in (7, 8, 10, 11))


@pytest.fixture
def horloge_qui_tourne():
    """The pool of connections measures its waits: the clock must go on."""
    with time_machine.travel(INSTANT, tick=True):
        yield


class Croisement:
    """A clock that waits a moment for the others to be at the same point: after the locks, before any writing.

    With the locks only one can be there, and goes on alone. Without them all are, and decide on the same count.
    """

    def __init__(self, n):
        self.barriere = threading.Barrier(n)

    def __call__(self):
        with contextlib.suppress(threading.BrokenBarrierError):
            self.barriere.wait(timeout=0.4)
        return INSTANT


def ensemble(*gestes):
    """Run each in its own thread, with its own connection, all started at once; give results or errors, in order."""
    depart = threading.Barrier(len(gestes))

    def lancer(geste):
        try:
            depart.wait(timeout=5)
            return geste()
        except Exception as erreur:  # noqa: BLE001  handed to the test
            return erreur
        finally:
            connection.close()

    with ThreadPoolExecutor(len(gestes)) as fils:
        return list(fils.map(lancer, gestes))


def envoi(f, *ajouts, annuler=(), horloge=None, cle=""):
    demandes = {f.inscription.pk: Changements(frozenset(ajouts), frozenset(annuler))}
    return lambda: reserver(
        demandes=demandes,
        auteur=f.utilisateur,
        cle=cle or uuid.uuid4().hex,
        **({"horloge": horloge} if horloge else {}),
    )


ATTENDENT = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"


def attendre_le_blocage():
    """Until one of the other connections waits for a lock. Ours must be in a transaction that holds it."""
    for _ in range(500):
        with connection.cursor() as curseur:
            curseur.execute(ATTENDENT)
            if curseur.fetchone()[0]:
                return
        time.sleep(0.01)
    raise AssertionError("nobody waits for the lock")


def apres_avoir_attendu(tenir, geste):
    """Do `tenir` in a transaction left open, start `geste` elsewhere, commit once it waits; give its result."""
    with ThreadPoolExecutor(1) as fils:
        with transaction.atomic():
            tenir()
            avenir = fils.submit(lambda: ensemble(geste)[0])
            attendre_le_blocage()
        return avenir.result(timeout=10)


# --- The last place --------------------------------------------------------------------------------------------------
COUREURS = 6


def course():
    """Six households, one place. What each was told."""
    activite = ouvrir(capacite=1)
    croisement = Croisement(COUREURS)
    return ensemble(*[envoi(foyer(activite=activite), LUNDI, horloge=croisement) for _ in range(COUREURS)])


def test_six_households_race_for_the_last_place_and_exactly_one_wins():
    operations = course()
    assert all(isinstance(o, Operation) for o in operations), operations
    lignes = [o.mouvements.get() for o in operations]
    assert sorted(m.nature for m in lignes) == [N.AJOUT] + [N.REFUS] * (COUREURS - 1)
    for perdu in (m for m in lignes if m.nature == N.REFUS):
        assert (perdu.motif, perdu.places_prises, perdu.capacite) == (Motif.COMPLET, 1, 1)
    assert Reservation.objects.count() == 1


def sans_verrou(monkeypatch, classe):
    monkeypatch.setattr(classe, "verrouillees", lambda self: self.order_by("pk"))


def test_control_without_the_lock_the_losers_fall_into_the_net_of_the_database(monkeypatch):
    sans_verrou(monkeypatch, JourneeQuerySet)
    issues = course()
    perdants = [i for i in issues if isinstance(i, IntegrityError)]
    assert len(perdants) == COUREURS - 1
    assert all("journee_sans_surreservation" in str(e) for e in perdants)
    assert Reservation.objects.count() == 1  # the net held


@pytest.fixture
def sans_filet():
    """Take away the constraint that refuses one meal too many, for one test."""
    (filet,) = (c for c in Journee._meta.constraints if c.name == "journee_sans_surreservation")
    with connection.schema_editor() as editeur:
        editeur.remove_constraint(Journee, filet)
    yield
    Journee.objects.update(depassement=F("places_prises"))
    with connection.schema_editor() as editeur:
        editeur.add_constraint(Journee, filet)


def test_control_without_the_lock_and_without_the_net_the_day_is_oversold(monkeypatch, sans_filet):
    sans_verrou(monkeypatch, JourneeQuerySet)
    operations = course()
    assert all(o.mouvements.get().nature == N.AJOUT for o in operations)
    assert Reservation.objects.count() == COUREURS
    assert Journee.objects.get(date=LUNDI).places_prises == COUREURS


def test_with_the_lock_the_net_is_not_needed(sans_filet):
    course()
    assert Reservation.objects.count() == 1


# --- A child of two households ---------------------------------------------------------------------------------------
def deux_foyers():
    """One child, two households, two services: no day is shared, only the child is."""
    f = foyer()
    g = foyer(enfant=f.enfant)
    croisement = Croisement(2)
    return ensemble(envoi(f, LUNDI, horloge=croisement), envoi(g, LUNDI, horloge=croisement))


def test_two_households_book_the_same_child_and_day_and_one_meal_is_booked():
    operations = deux_foyers()
    assert all(isinstance(o, Operation) for o in operations), operations
    assert sorted((o.mouvements.get().nature, o.mouvements.get().motif) for o in operations) == [
        (N.AJOUT, ""),
        (N.REFUS, Motif.AUTRE_FOYER),
    ]
    assert Reservation.objects.count() == 1


def test_control_without_the_lock_on_the_child_one_household_falls_into_the_net(monkeypatch):
    sans_verrou(monkeypatch, InscriptionQuerySet)
    issues = deux_foyers()
    (perdant,) = (i for i in issues if not isinstance(i, Operation))
    assert "reservation_unique_par_enfant_et_jour" in str(perdant)
    assert Reservation.objects.count() == 1


# --- The same form ---------------------------------------------------------------------------------------------------
def meme_formulaire():
    f = foyer()
    croisement = Croisement(3)
    return ensemble(*[envoi(f, LUNDI, horloge=croisement, cle="meme")] * 3)


def test_the_same_form_sent_by_three_threads_is_one_operation():
    operations = meme_formulaire()
    assert len(set(operations)) == 1
    assert Operation.objects.count() == Reservation.objects.count() == Mouvement.objects.count() == 1


def test_control_without_the_lock_on_the_child_the_same_form_breaks_on_its_key(monkeypatch):
    sans_verrou(monkeypatch, InscriptionQuerySet)
    monkeypatch.setattr(JourneeQuerySet, "verrouillees", lambda self: self.order_by("pk"))
    issues = meme_formulaire()
    assert sum("operation_unique_par_formulaire" in str(i) for i in issues) == 2


# --- The instant of the decision -------------------------------------------------------------------------------------
def test_the_instant_that_decides_is_read_once_the_child_and_the_days_are_locked():
    f = foyer()

    def prendre(rangees):
        with transaction.atomic():
            list(rangees.select_for_update(nowait=True))

    essais = []

    def horloge():
        for rangees in (Enfant.objects.all(), Journee.objects.filter(date=LUNDI), Journee.objects.filter(date=MARDI)):
            essais.extend(ensemble(lambda rangees=rangees: prendre(rangees)))
        return INSTANT

    envoi(f, LUNDI, horloge=horloge)()
    assert [type(essai) for essai in essais] == [OperationalError, OperationalError, type(None)]


# --- All or nothing --------------------------------------------------------------------------------------------------
def test_a_failure_at_the_last_step_leaves_nothing_of_the_submission(monkeypatch):
    f = foyer(reserves=[MARDI])

    def panne(*args):
        raise OSError("the disk is full")

    monkeypatch.setattr(module_reserver, "envoyer_recapitulatif", panne)
    with pytest.raises(OSError, match="full"):
        envoi(f, LUNDI, annuler=[MARDI])()
    assert list(Reservation.objects.values_list("date", flat=True)) == [MARDI]
    assert Operation.objects.count() == 1
    assert Journee.objects.get(date=MARDI).places_prises == 1


# --- The town changes a day meanwhile --------------------------------------------------------------------------------
def actualisation(f):
    return lambda: actualiser_journees(activite=f.activite, annee=f.annee)


def test_a_booking_that_waits_for_a_closure_is_refused():
    f = foyer()
    Fermeture.objects.create(activite=f.activite, debut=LUNDI, fin=LUNDI, motif="Grève")
    operation = apres_avoir_attendu(actualisation(f), envoi(f, LUNDI, MARDI))
    assert list(operation.mouvements.values_list("date", "motif", "precision")) == [
        (LUNDI, Motif.FERME, "Grève"),
        (MARDI, "", ""),
    ]


def test_a_closure_that_waits_for_a_booking_cancels_it():
    f = foyer()
    Fermeture.objects.create(activite=f.activite, debut=LUNDI, fin=LUNDI, motif="Grève")
    bilan = apres_avoir_attendu(envoi(f, LUNDI, MARDI), actualisation(f))
    assert (bilan.fermees, bilan.repas_annules) == (1, 1)
    assert set(Reservation.objects.values_list("date", flat=True)) == {MARDI}
    assert Mouvement.objects.get(nature=N.ANNULATION).date == LUNDI


def test_a_cancellation_that_waits_for_the_closure_of_its_day_finds_nothing_left():
    f = foyer(reserves=[LUNDI])
    Fermeture.objects.create(activite=f.activite, debut=LUNDI, fin=LUNDI, motif="Grève")
    operation = apres_avoir_attendu(actualisation(f), envoi(f, annuler=[LUNDI]))
    assert operation.mouvements.get().motif == Motif.PAS_RESERVE


def baisser(f, capacite):
    f.activite.capacite = capacite
    f.activite.save()
    return actualisation(f)


def test_a_booking_that_waits_for_a_lower_capacity_is_refused():
    f = foyer()
    operation = apres_avoir_attendu(baisser(f, 0), envoi(f, LUNDI))
    assert operation.mouvements.get().motif == Motif.COMPLET


def test_a_lower_capacity_that_waits_for_bookings_tolerates_them():
    f = foyer()
    bilan = apres_avoir_attendu(envoi(f, LUNDI), baisser(f, 0))
    assert bilan.en_depassement == 1
    journee = Journee.objects.get(date=LUNDI)
    assert (journee.capacite, journee.places_prises, journee.depassement) == (0, 1, 1)


# --- No circle -------------------------------------------------------------------------------------------------------
def fratrie():
    """Two children of one household at two services. The Monday of the first service is its youngest row."""
    a, b = foyer(activite=ouvrir(capacite=50)), foyer(activite=ouvrir(capacite=50))
    b.rattachement.famille = a.famille
    b.rattachement.save()
    Journee.objects.filter(activite=a.activite, date=LUNDI).delete()
    JourneeFactory(activite=a.activite, date=LUNDI)
    return a, b


def test_the_town_refreshes_service_after_service_while_a_household_books_in_both():
    a, b = fratrie()
    demandes = {x.inscription.pk: Changements(frozenset({LUNDI})) for x in (a, b)}
    with ThreadPoolExecutor(1) as fils:
        with transaction.atomic():
            actualiser_journees(activite=a.activite, annee=a.annee)
            avenir = fils.submit(
                lambda: ensemble(lambda: reserver(demandes=demandes, auteur=a.utilisateur, cle="x"))[0]
            )
            attendre_le_blocage()
            actualiser_journees(activite=b.activite, annee=b.annee)
        operation = avenir.result(timeout=10)
    assert [m.nature for m in operation.mouvements.all()] == [N.AJOUT] * 2


def test_submissions_over_days_in_opposite_orders_never_wait_in_a_circle():
    fratries = [fratrie(), fratrie(), fratrie()]
    a, b = (x.activite for x in fratries[0])
    for x, y in fratries[1:]:
        x.inscription.activite, y.inscription.activite = b, a  # crossed
        x.inscription.save()
        y.inscription.save()
    hasard = random.Random(2)
    jours = [LUNDI, MARDI, JEUDI, VENDREDI]

    def envois(*enfants):
        for _ in range(8):
            demandes = {}
            for x in hasard.sample(enfants, 2):
                choisis = hasard.sample(jours, 3)
                demandes[x.inscription.pk] = Changements(frozenset(choisis[:2]), frozenset(choisis[2:]))
            reserver(demandes=demandes, auteur=enfants[0].utilisateur, cle=uuid.uuid4().hex)

    def ville():
        for _ in range(4):
            with transaction.atomic():
                for activite in (a, b):
                    actualiser_journees(activite=activite, annee=fratries[0][0].annee)

    assert ensemble(*[lambda paire=paire: envois(*paire) for paire in fratries], ville) == [None] * 4


# --- The free late meals of a year ------------------------------------------------------------------------------------
def test_two_late_meals_at_once_use_one_free_allowance_once():
    """The count of late meals is read after the lock: inside the locking query, both would find none."""
    f = foyer(activite=ouvrir(retard="franchise", retard_franchise=1))
    Tarif.objects.update(cout=PRIX * 2)
    tard = dt.datetime(2026, 12, 7, 7, tzinfo=PARIS)
    with time_machine.travel(tard, tick=True):
        premier = envoi(f, LUNDI)
        second = apres_avoir_attendu(premier, envoi(f, MARDI))
    assert isinstance(second, Operation), second
    assert sorted(Reservation.objects.values_list("prix", flat=True)) == [PRIX, PRIX * 2]


# --- Two clicks on « Déclarer l’absence » -----------------------------------------------------------------------------
def deux_clics():
    """The meal of Monday, booked; the button pressed twice at once, by two tabs. What each was told."""
    f = foyer(reserves=[LUNDI])
    matin = dt.datetime(2026, 12, 7, 8, tzinfo=PARIS)
    croisement = Croisement(2)

    def horloge():
        croisement()
        return matin

    def clic():
        return declarer_absence(
            inscription=f.inscription.pk, jour=LUNDI, auteur=f.utilisateur, cle=uuid.uuid4().hex, horloge=horloge
        )

    return ensemble(clic, clic)


def test_two_clicks_at_once_declare_one_absence_and_free_one_place():
    operations = deux_clics()
    assert all(isinstance(o, Operation) for o in operations), operations
    assert sorted(o.mouvements.get().nature for o in operations) == [N.ABSENCE, N.SANS_EFFET]
    assert Absence.objects.count() == 1
    assert Journee.objects.get(date=LUNDI).places_prises == 0


def test_control_without_the_lock_two_clicks_break(monkeypatch):
    sans_verrou(monkeypatch, InscriptionQuerySet)
    sans_verrou(monkeypatch, JourneeQuerySet)
    issues = deux_clics()
    assert any(not isinstance(i, Operation) for i in issues) or [i.mouvements.get().nature for i in issues] == [
        N.ABSENCE,
        N.ABSENCE,
    ]


def test_the_same_click_sent_twice_at_once_is_one_operation():
    f = foyer(reserves=[LUNDI])

    def clic():
        return declarer_absence(
            inscription=f.inscription.pk,
            jour=LUNDI,
            auteur=f.utilisateur,
            cle="meme",
            horloge=lambda: dt.datetime(2026, 12, 7, 8, tzinfo=PARIS),
        )

    premier, second = ensemble(clic, clic)
    assert premier == second
    assert Absence.objects.count() == 1
