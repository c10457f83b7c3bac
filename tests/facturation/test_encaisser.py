"""Money received: counted once, on the oldest bills first, given back when the bank takes it back."""

import datetime as dt
import threading
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from facturation.models import Evenement, Facture, Imputation, LigneFacture, Paiement, RepasFacture
from facturation.services import numeros
from facturation.services.encaisser import encaisser, rejeter
from facturation.services.imputer import disponibles, repartir
from tests.factories import foyer
from tests.facturation.fabriques import facture_emise

D = Decimal
OCTOBRE = dt.date(2026, 10, 1)


@pytest.mark.parametrize(
    ("dus", "disponible", "parts"),
    [
        ([], "10", []),
        ([(1, "4")], "0", []),
        ([(1, "4")], "4", [(1, "4")]),
        ([(1, "4"), (2, "5")], "3.99", [(1, "3.99")]),
        ([(1, "4"), (2, "5")], "4.01", [(1, "4"), (2, "0.01")]),
        ([(1, "4"), (2, "5")], "100", [(1, "4"), (2, "5")]),
        ([(2, "5"), (1, "4")], "6", [(2, "5"), (1, "1")]),
        ([(1, "0"), (2, "5")], "1", [(2, "1")]),
    ],
)
def test_euros_are_shared_in_the_order_given(dus, disponible, parts):
    lus = repartir([(pk, D(reste)) for pk, reste in dus], D(disponible))
    assert lus == [(pk, D(part)) for pk, part in parts]


@pytest.fixture
def dette(db):
    """A household with a bill of September (14.91 €) and one of October (9.94 €)."""
    f = foyer()
    f.factures = [facture_emise(f.inscription), facture_emise(f.inscription, repas=2, mois=OCTOBRE)]
    return f


def regles(f):
    return list(Facture.objects.filter(famille=f.famille).order_by("pk").values_list("regle", flat=True))


@pytest.mark.parametrize(
    ("montant", "septembre", "octobre", "avance"),
    [
        ("1.00", "1.00", "0", "0"),
        ("14.91", "14.91", "0", "0"),
        ("20", "14.91", "5.09", "0"),
        ("30", "14.91", "9.94", "5.15"),
    ],
)
def test_a_payment_settles_the_oldest_bill_first_and_the_rest_is_an_advance(dette, montant, septembre, octobre, avance):
    paiement, nouveau = encaisser(famille=dette.famille.pk, montant=D(montant), moyen="especes", cle="a")
    assert nouveau
    assert paiement.numero == f"Q{timezone.localdate().year}-000001"
    assert regles(dette) == [D(septembre), D(octobre)]
    assert [reste for _, reste in disponibles(dette.famille.pk)] == ([D(avance)] if D(avance) else [])
    assert Evenement.objects.filter(nature="paiement").count() == (2 if D(octobre) else 1)


def test_the_bill_that_is_paid_comes_before_an_older_one(dette):
    encaisser(famille=dette.famille.pk, montant=D("9.94"), moyen="carte", cle="a", d_abord=[dette.factures[1].pk])
    assert regles(dette) == [D(0), D("9.94")]


def test_the_same_payment_counts_once(dette):
    premier, _ = encaisser(famille=dette.famille.pk, montant=D(5), moyen="carte", cle="op-1")
    second, nouveau = encaisser(famille=dette.famille.pk, montant=D(5), moyen="carte", cle="op-1")
    assert (second, nouveau) == (premier, False)
    assert regles(dette) == [D(5), D(0)]


def test_a_rejected_payment_reopens_what_it_had_settled_once(dette):
    paiement, _ = encaisser(famille=dette.famille.pk, montant=D(20), moyen="prelevement", cle="a")
    autre, _ = encaisser(famille=dette.famille.pk, montant=D(2), moyen="especes", cle="b")
    for nouveau in (True, False):
        assert rejeter(paiement=paiement, motif="AM04 provision insuffisante")[1] is nouveau
        assert regles(dette) == [D(0), D(2)]
    assert disponibles(dette.famille.pk) == []
    assert Evenement.objects.filter(nature="rejet").count() == 2
    assert autre.imputations.get().facture == dette.factures[1]


def test_what_is_issued_is_frozen_by_the_database(dette):
    facture = dette.factures[0]
    gestes = [
        lambda: Facture.objects.filter(pk=facture.pk).update(total=1),
        lambda: Facture.objects.filter(pk=facture.pk).update(copie={"a": 1}),
        lambda: Facture.objects.filter(pk=facture.pk).update(numero=None, emise_le=None, regle=0),
        lambda: LigneFacture.objects.filter(facture=facture).update(enfant="X"),
        lambda: LigneFacture.objects.filter(facture=facture).delete(),
        lambda: RepasFacture.objects.filter(facture=facture).update(prix=0),
        lambda: RepasFacture.objects.filter(facture=facture)._raw_delete("default"),
        lambda: LigneFacture.objects.create(
            facture=facture, inscription=dette.inscription, rang=9, nature="repas", quantite=1, prix=1, montant=1
        ),
        lambda: Facture.objects.filter(pk=facture.pk)._raw_delete("default"),
    ]
    encaisser(famille=dette.famille.pk, montant=D(20), moyen="especes", cle="a")
    gestes += [
        lambda: Paiement.objects.update(montant=1),
        lambda: Imputation.objects.all()._raw_delete("default"),
        lambda: Evenement.objects.update(texte="autre"),
    ]
    for geste in gestes:
        with pytest.raises(DatabaseError, match="Cannot"), transaction.atomic():
            geste()


def en_parallele(n, geste):
    barriere = threading.Barrier(n)

    def un(i):
        try:
            barriere.wait()
            return geste(i)
        finally:
            connection.close()

    with ThreadPoolExecutor(n) as threads:
        return list(threads.map(un, range(n)))


@pytest.mark.django_db(transaction=True)
def test_receipts_have_no_gap_and_nobody_is_credited_twice_when_all_come_together():
    f = foyer()
    with transaction.atomic():
        facture_emise(f.inscription, repas=4, prix=D(5))
    recus = en_parallele(
        6, lambda i: encaisser(famille=f.famille.pk, montant=D(3), moyen="carte", cle=f"op-{i // 2}")[0].numero
    )
    assert sorted(set(recus)) == [f"Q{recus[0][1:5]}-{n:06d}" for n in (1, 2, 3)]
    assert Facture.objects.get().regle == D(9)


@pytest.mark.django_db(transaction=True)
def test_a_number_taken_by_a_transaction_undone_is_taken_again():
    with transaction.atomic():
        assert numeros.prochains("F", 2026, 3) == ["F2026-000001", "F2026-000002", "F2026-000003"]
        transaction.set_rollback(True)
    with transaction.atomic():
        assert numeros.prochains("F", 2026) == ["F2026-000001"]
    with transaction.atomic():
        assert numeros.prochains("A", 2026) == ["A2026-000001"]
        assert numeros.prochains("F", 2027) == ["F2027-000001"]
