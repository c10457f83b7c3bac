"""Who is told what, in how many statements, and who gets the mail of it."""

import datetime as dt

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from comptes.categories import REFUSABLES, REGIMES, Categorie, est_refusable
from comptes.models import Notification, RefusDeCourriel
from comptes.services.notifier import Avis, adresses_pour, notifier, notifier_chacune
from tests.factories import INSTANT, FamilleFactory, ResponsableFactory, UtilisateurFactory


@pytest.mark.parametrize("categorie", Categorie)
def test_every_category_says_what_it_tells_and_the_law_of_those_that_cannot_be_refused(categorie):
    regime = REGIMES[categorie]
    assert regime.objet.endswith(".")
    assert regime.refusable is (regime.obligation == "")
    assert est_refusable(categorie.value) is regime.refusable


def test_only_the_acknowledgements_and_the_bills_cannot_be_refused():
    assert set(Categorie) - REFUSABLES == {Categorie.RESERVATIONS, Categorie.FACTURES}
    assert not est_refusable("cafés")


@pytest.fixture
def couple(db):
    """A household of two adults with a login, and a third person of another household."""
    famille = FamilleFactory()
    a = ResponsableFactory(famille=famille, rang=1)
    b = ResponsableFactory(famille=famille, rang=2)
    ResponsableFactory()
    return famille, a, b


@time_machine.travel(INSTANT, tick=False)
def test_each_adult_of_the_household_gets_their_own_and_the_author_s_is_born_read(couple):
    famille, a, b = couple
    n = notifier(
        familles=[famille.pk],
        categorie=Categorie.DEMANDES,
        titre="Titre",
        texte="Texte",
        lien="/compte/",
        sauf=a.utilisateur,
    )
    assert n == 2
    lues = {x.destinataire_id: x for x in Notification.objects.all()}
    assert lues.keys() == {a.pk, b.pk}
    assert lues[a.pk].lue_le == INSTANT
    assert lues[b.pk].lue_le is None
    for avis in lues.values():
        assert (avis.categorie, avis.titre, avis.texte, avis.lien) == ("demandes", "Titre", "Texte", "/compte/")
        assert avis.cree_le == INSTANT


def test_the_instant_may_be_that_of_what_is_told(couple):
    quand = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)
    notifier(familles=[couple[0].pk], categorie=Categorie.DEMANDES, titre="x", quand=quand)
    assert set(Notification.objects.values_list("cree_le", flat=True)) == {quand}


def test_who_has_no_active_login_gets_none_and_a_household_named_twice_is_told_once(db):
    famille = FamilleFactory()
    ResponsableFactory(famille=famille, rang=1, utilisateur=None)
    ResponsableFactory(famille=famille, rang=2, utilisateur=UtilisateurFactory(is_active=False))
    assert notifier(familles=[famille.pk], categorie=Categorie.MESSAGES, titre="x") == 0
    autre = ResponsableFactory()
    assert notifier(familles=[autre.famille_id] * 3, categorie=Categorie.MESSAGES, titre="x") == 1
    assert notifier(familles=[], categorie=Categorie.MESSAGES, titre="x") == 0


def test_each_household_may_be_told_its_own_words_and_a_title_too_long_is_cut(couple):
    famille, *_ = couple
    autre = ResponsableFactory()
    notifier_chacune(
        [Avis(famille.pk, "A" * 300, "a", "/a/"), Avis(autre.famille_id, "B", "b", "/b/")],
        categorie=Categorie.ANNULATIONS,
    )
    lues = Notification.objects.values_list("destinataire__famille", "titre", "texte", "lien")
    assert set(lues) == {(famille.pk, "A" * 200, "a", "/a/"), (autre.famille_id, "B", "b", "/b/")}


@pytest.mark.parametrize("categorie", Categorie)
def test_a_refusal_is_respected_unless_the_law_has_the_mail_sent(couple, categorie):
    famille, a, b = couple
    RefusDeCourriel.objects.create(responsable=a, categorie=categorie)
    attendues = [b.utilisateur.email] if est_refusable(categorie) else [a.utilisateur.email, b.utilisateur.email]
    assert adresses_pour(famille, categorie) == {famille.pk: attendues}
    autre = next(c for c in Categorie if c != categorie)
    assert len(adresses_pour(famille.pk, autre)[famille.pk]) == 2


def test_a_household_without_an_address_is_absent(couple):
    famille, a, b = couple
    sans = ResponsableFactory(utilisateur=None)
    RefusDeCourriel.objects.create(responsable=b, categorie=Categorie.PLACES)
    assert adresses_pour([sans.famille_id, famille.pk], Categorie.PLACES) == {famille.pk: [a.utilisateur.email]}


def test_one_statement_for_one_household_or_thirty(db):
    familles = [ResponsableFactory().famille_id for _ in range(30)]
    for cibles in (familles[:1], familles):
        with CaptureQueriesContext(connection) as lus:
            assert notifier(familles=cibles, categorie=Categorie.MESSAGES, titre="x") == len(cibles)
            assert len(adresses_pour(cibles, Categorie.MESSAGES)) == len(cibles)
        assert len(lus) == 2
