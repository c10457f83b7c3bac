"""Two tabs of one household race with the same children in opposite orders: no circle of waits, nothing twice."""

import dataclasses

import pytest

from reservations.models import Journee, Mouvement, Operation, Reservation
from reservations.models.inscription import InscriptionQuerySet
from reservations.regles_changements import Changements
from tests.factories import foyer
from tests.reservations.test_concurrence import Croisement, ensemble, envoi, horloge_qui_tourne, module_reserver
from tests.reservations.test_famille import LUNDI, cadet

__all__ = ["horloge_qui_tourne"]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("horloge_qui_tourne", "comptes_justes")]


def deux_onglets(f, autres, horloge=None):
    """The same day for all the children from two tabs, each with its own token."""
    pks = [f.inscription.pk, *(i.pk for i in autres)]

    def onglet(ordre, cle):
        demandes = {pk: Changements(frozenset([LUNDI])) for pk in ordre}
        return lambda: module_reserver.reserver(
            demandes=demandes, auteur=f.utilisateur, cle=cle, **({"horloge": horloge} if horloge else {})
        )

    return ensemble(onglet(pks, "a"), onglet(pks[::-1], "b"))


def test_two_tabs_with_the_same_children_book_each_meal_once():
    f = foyer()
    autres = [cadet(f, prenom) for prenom in ("Tom", "Zoé")]
    operations = deux_onglets(f, autres, Croisement(2))
    assert all(isinstance(o, Operation) for o in operations), operations
    assert Reservation.objects.filter(date=LUNDI).count() == 3
    assert Mouvement.objects.filter(nature=Mouvement.Nature.SANS_EFFET).count() == 3


def test_control_without_the_lock_on_the_children_the_second_tab_breaks(monkeypatch):
    monkeypatch.setattr(InscriptionQuerySet, "verrouillees", lambda self: self.order_by("pk"))
    monkeypatch.setattr("reservations.models.journee.JourneeQuerySet.verrouillees", lambda self: self.order_by("pk"))
    f = foyer()
    operations = deux_onglets(f, [cadet(f)], Croisement(2))
    assert not all(isinstance(o, Operation) for o in operations)


def test_two_children_race_for_the_last_place_of_their_school():
    f = foyer()
    leo = cadet(f, "Léo", activite=f.activite)
    autre = dataclasses.replace(f, inscription=leo)
    Journee.objects.filter(activite=f.activite, date=LUNDI).update(capacite=1)
    horloge = Croisement(2)
    ensemble(envoi(f, LUNDI, horloge=horloge), envoi(autre, LUNDI, horloge=horloge))
    assert Reservation.objects.filter(date=LUNDI).count() == 1
    assert Mouvement.objects.get(nature=Mouvement.Nature.REFUS).motif == "complet"
