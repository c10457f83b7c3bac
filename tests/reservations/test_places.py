"""The count of places and the waiting list, in one statement: who is given the place that becomes free."""

import datetime as dt

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from reservations.models import Attente, Journee
from reservations.regles_changements import Changements
from reservations.services import reserver
from reservations.services.modifier_journee import Reglages, modifier_journee
from reservations.services.places import compter_les_places
from tests.factories import (
    INSTANT,
    EnfantFactory,
    InscriptionFactory,
    RattachementFactory,
    UtilisateurFactory,
    foyer,
    ouvrir,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("ouverture", "comptes_justes")]
LUNDI, MARDI, JEUDI = (dt.date(2026, 12, n) for n in (7, 8, 10))
E, M = Attente.Etat, Attente.Mode


def journee(activite, jour=LUNDI) -> Journee:
    return Journee.objects.get(activite=activite, date=jour)


def attendre(f, jour=LUNDI, mode=M.PROPOSER) -> Attente:
    return Attente.objects.create(
        inscription=f.inscription,
        journee=journee(f.activite, jour),
        enfant=f.enfant,
        date=jour,
        mode=mode,
        demandee_le=timezone.now(),
    )


def plein(*jours, capacite=1, **champs):
    """An activity whose days are full; the households that hold the places."""
    activite = ouvrir(capacite=capacite, **champs)
    return activite, [foyer(activite=activite, reserves=jours or [LUNDI]) for _ in range(capacite)]


def etats(*attentes) -> list[str]:
    lues = {a.pk: a.etat for a in Attente.objects.filter(pk__in=[a.pk for a in attentes])}
    return [lues[a.pk] for a in attentes]


def test_a_cancelled_place_goes_to_the_first_who_asked_and_stays_counted():
    activite, (tient,) = plein()
    premier, second = (attendre(foyer(activite=activite)) for _ in range(2))
    tient.reserver(annuler=[LUNDI])
    assert etats(premier, second) == [E.ATTRIBUEE, E.EN_ATTENTE]
    assert journee(activite).places_prises == 1
    premier.refresh_from_db()
    assert (premier.attribuee_le, premier.expire_le) == (INSTANT, INSTANT + dt.timedelta(hours=24))


def test_nothing_but_the_order_of_requests_counts():
    """Neither the mode, nor the age of the household, nor the instant written on the row."""
    activite, tenants = plein(capacite=3)
    ancien, recent, autre = (foyer(activite=activite) for _ in range(3))
    demandes = [attendre(recent), attendre(autre, mode=M.AUTO), attendre(ancien, mode=M.AUTO)]
    Attente.objects.filter(pk=demandes[2].pk).update(demandee_le=INSTANT - dt.timedelta(days=3))
    for tient, attendu in zip(tenants, range(1, 4), strict=True):
        tient.reserver(annuler=[LUNDI])
        assert etats(*demandes) == [E.ATTRIBUEE] * attendu + [E.EN_ATTENTE] * (3 - attendu)


def test_several_places_of_several_days_move_in_one_statement(django_assert_num_queries):
    jours = [LUNDI, MARDI, JEUDI]
    activite, tenants = plein(*jours, capacite=2)
    files = {jour: [attendre(foyer(activite=activite), jour) for _ in range(n)] for jour, n in ((LUNDI, 3), (MARDI, 1))}
    for tient in tenants:
        tient.inscription.reservations.all().delete()
    ecarts = {journee(activite, jour).pk: -2 for jour in jours}
    with django_assert_num_queries(1):
        assert compter_les_places(ecarts) == 3
    assert etats(*files[LUNDI]) == [E.ATTRIBUEE, E.ATTRIBUEE, E.EN_ATTENTE]
    assert etats(*files[MARDI]) == [E.ATTRIBUEE]
    assert [journee(activite, j).places_prises for j in jours] == [2, 1, 0]


def test_the_free_place_of_one_day_never_serves_who_waits_for_another():
    activite, (tient,) = plein(LUNDI, MARDI)
    mardi = attendre(foyer(activite=activite), MARDI)
    tient.reserver(annuler=[LUNDI])
    assert etats(mardi) == [E.EN_ATTENTE]
    assert [journee(activite, j).places_prises for j in (LUNDI, MARDI)] == [0, 1]


@pytest.mark.parametrize(("capacite", "servis"), [(2, 1), (3, 2), (9, 3)])
def test_a_capacity_raised_by_an_agent_serves_the_list(capacite, servis):
    activite, _ = plein()
    attentes = [attendre(foyer(activite=activite)) for _ in range(3)]
    modifier_journee(journee=journee(activite), reglages=Reglages(capacite=capacite), auteur=UtilisateurFactory())
    assert etats(*attentes) == [E.ATTRIBUEE] * servis + [E.EN_ATTENTE] * (3 - servis)
    assert journee(activite).places_prises == 1 + servis


def test_the_capacity_of_the_service_raised_serves_every_day():
    activite, _ = plein(LUNDI, MARDI)
    lundi, mardi = (attendre(foyer(activite=activite), jour) for jour in (LUNDI, MARDI))
    activite.capacite = 2
    activite.save()
    ouvrir(activite)
    assert etats(lundi, mardi) == [E.ATTRIBUEE, E.ATTRIBUEE]


def test_a_lowered_capacity_gives_nothing_until_the_meals_above_it_are_gone():
    activite, (a, b, c) = plein(capacite=3)
    attend = attendre(foyer(activite=activite))
    modifier_journee(journee=journee(activite), reglages=Reglages(capacite=1), auteur=UtilisateurFactory())
    attendus = [(a, E.EN_ATTENTE, 2, 1), (b, E.EN_ATTENTE, 1, 0), (c, E.ATTRIBUEE, 1, 0)]
    for tient, etat, prises, depassement in attendus:
        tient.reserver(annuler=[LUNDI])
        lue = journee(activite)
        assert (etats(attend), lue.places_prises, lue.depassement) == ([etat], prises, depassement)


def test_a_closed_day_drops_its_list_and_gives_nothing():
    activite, _ = plein()
    attend = attendre(foyer(activite=activite))
    modifier_journee(journee=journee(activite), reglages=Reglages(fermeture="Grève"), auteur=UtilisateurFactory())
    assert etats(attend) == [E.CADUQUE]
    assert journee(activite).places_prises == 0


def test_past_the_cut_off_a_place_is_given_to_nobody(ouverture):
    activite, (tient,) = plein()
    attend = attendre(foyer(activite=activite))
    lue = journee(activite)
    Journee.objects.update(limite_annulation=lue.limite_reservation + dt.timedelta(hours=1))
    ouverture.move_to(lue.limite_reservation)
    tient.reserver(annuler=[LUNDI])
    assert etats(attend) == [E.EN_ATTENTE]
    assert journee(activite).places_prises == 0


def test_an_offer_never_outlasts_the_cut_off(ouverture):
    activite, (tient,) = plein(offre_heures=48)
    attend = attendre(foyer(activite=activite))
    limite = journee(activite).limite_reservation
    ouverture.move_to(limite - dt.timedelta(hours=3))
    tient.reserver(annuler=[LUNDI])
    attend.refresh_from_db()
    assert attend.expire_le == limite


def test_a_place_held_is_not_free_for_anybody_else():
    activite, (tient,) = plein()
    attendre(foyer(activite=activite))
    tient.reserver(annuler=[LUNDI])
    passant = foyer(activite=activite)
    ligne = passant.reserver(LUNDI).mouvements.get()
    assert (ligne.nature, ligne.motif, ligne.places_prises, ligne.capacite) == ("refus", "complet", 1, 1)


def test_the_net_of_the_database_still_holds():
    activite, _ = plein()
    attendre(foyer(activite=activite))
    with pytest.raises(IntegrityError, match="journee_sans_surreservation"), transaction.atomic():
        compter_les_places({journee(activite).pk: 1})


def test_nothing_to_move_asks_the_database_nothing(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert compter_les_places({}) == 0


def test_a_household_that_gives_a_place_up_does_not_pass_it_to_its_other_child_before_who_waits():
    activite, (tient,) = plein()
    cadet = InscriptionFactory(
        rattachement=RattachementFactory(famille=tient.famille, enfant=EnfantFactory()),
        activite=activite,
        annee=tient.annee,
    )
    attente = attendre(foyer(activite=activite))
    operation = reserver(
        demandes={
            tient.inscription.pk: Changements(annulations=frozenset([LUNDI])),
            cadet.pk: Changements(ajouts=frozenset([LUNDI])),
        },
        auteur=tient.utilisateur,
        cle="echange",
    )
    assert sorted(operation.mouvements.values_list("nature", "motif")) == [("annulation", ""), ("refus", "complet")]
    assert etats(attente) == [E.ATTRIBUEE]
