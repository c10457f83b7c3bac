"""The drafts of a month: all that is due, once, and nothing else."""

import datetime as dt
from decimal import Decimal

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from facturation.models import Facturation, Facture, LigneFacture, RepasFacture
from facturation.services import preparer as module
from facturation.services.preparer import bilan, preparer
from reservations.models import Absence, Ecart, Journee, Pointage, Reservation
from tests.factories import PRIX, EnfantFactory, InscriptionFactory, RattachementFactory, foyer
from tests.facturation.conftest import OCTOBRE
from tests.facturation.test_encaisser import en_parallele

D = Decimal
SEPTEMBRE = dt.date(2026, 9, 1)
JOURS = [dt.date(2026, 9, n) for n in (3, 4, 7, 8)]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("ouverture")]


def noter(f, jour, nature, prix):
    pointage, _ = Pointage.objects.get_or_create(
        journee=Journee.objects.get(activite=f.activite, date=jour), defaults={"fait_le": OCTOBRE}
    )
    Ecart.objects.create(
        pointage=pointage, inscription=f.inscription, enfant=f.enfant, date=jour, nature=nature, prix=D(prix)
    )


def absence(f, jour, prix):
    Absence.objects.create(
        inscription=f.inscription, journee=Journee.objects.get(activite=f.activite, date=jour), enfant=f.enfant,
        date=jour, declaree_le=OCTOBRE, prix_du_repas=PRIX, prix=D(prix),
    )  # fmt: skip


def lues(facture):
    return [(x.nature, x.quantite, x.prix, [j.day for j in x.jours]) for x in facture.lignes.order_by("rang")]


def test_everything_due_of_the_month_is_on_one_bill(ouverture):
    f = foyer(reserves=[*JOURS, dt.date(2026, 10, 1)])
    Reservation.objects.filter(date=JOURS[1]).update(tardive=True, prix=D("5.50"))
    noter(f, JOURS[2], "absent", "1.20")
    noter(f, dt.date(2026, 9, 10), "imprevu", "4.97")
    absence(f, dt.date(2026, 9, 11), "4.97")
    absence(f, dt.date(2026, 9, 14), "0")
    foyer()  # owes nothing
    ouverture.move_to(OCTOBRE)
    facturation = preparer(mois=SEPTEMBRE)
    facture = Facture.objects.get()
    assert (facture.famille, facture.numero, facture.total) == (f.famille, None, D("31.55"))
    assert lues(facture) == [
        ("repas", 3, PRIX, [3, 7, 8]),
        ("tardif", 1, D("5.50"), [4]),
        ("imprevu", 1, PRIX, [10]),
        ("absence", 1, PRIX, [11]),
        ("absent", 1, D("1.20"), [7]),
    ]
    ligne = facture.lignes.first()
    assert (ligne.enfant, ligne.service, ligne.tranche) == (str(f.enfant), str(f.activite), "prix unique")
    assert sum(facture.repas.values_list("prix", flat=True)) == facture.total
    assert list(facture.repas.filter(supplement=True).values_list("date", "rang")) == [(JOURS[2], 0)]
    assert facturation.echeance == dt.date(2026, 10, 27)
    fait = bilan(facturation)
    assert (fait.factures, fait.repas, fait.total, fait.deja) == (1, 6, D("31.55"), 0)


def test_a_child_said_absent_who_ate_pays_one_meal(ouverture):
    f = foyer(reserves=JOURS[:1])
    absence(f, JOURS[1], "4.97")
    noter(f, JOURS[1], "imprevu", "4.97")
    ouverture.move_to(OCTOBRE)
    preparer(mois=SEPTEMBRE)
    assert lues(Facture.objects.get()) == [("repas", 1, PRIX, [3]), ("imprevu", 1, PRIX, [4])]


def test_meals_that_cost_nothing_alone_make_no_bill(ouverture):
    foyer(reserves=JOURS)
    Reservation.objects.update(prix=0)
    ouverture.move_to(OCTOBRE)
    preparer(mois=SEPTEMBRE)
    assert not Facture.objects.exists()


def test_preparing_again_replaces_the_drafts(ouverture):
    foyer(reserves=JOURS)
    g = foyer(reserves=JOURS[:2])
    ouverture.move_to(OCTOBRE)
    preparer(mois=SEPTEMBRE)
    Reservation.objects.filter(inscription=g.inscription, date=JOURS[0]).delete()
    preparer(mois=SEPTEMBRE)
    assert sorted(Facture.objects.values_list("total", flat=True)) == [PRIX, 4 * PRIX]
    assert (LigneFacture.objects.count(), RepasFacture.objects.count()) == (2, 5)


def test_a_month_that_is_not_over_is_refused_unless_asked_for(ouverture):
    foyer(reserves=JOURS)
    ouverture.move_to(dt.datetime(2026, 9, 30, 12, tzinfo=dt.UTC))
    with pytest.raises(ValidationError, match="n’est pas fini"):
        preparer(mois=SEPTEMBRE)
    assert not Facturation.objects.exists()
    preparer(mois=SEPTEMBRE, avant_la_fin=True)
    assert Facture.objects.get().total == 4 * PRIX


def test_a_run_that_is_stopped_leaves_the_drafts_of_before(ouverture, monkeypatch):
    f, _ = foyer(reserves=JOURS), foyer(reserves=JOURS)
    ouverture.move_to(OCTOBRE)
    preparer(mois=SEPTEMBRE)
    avant = list(Facture.objects.order_by("pk").values_list("pk", "total"))
    Reservation.objects.filter(inscription=f.inscription, date=JOURS[0]).delete()
    monkeypatch.setattr(module, "LOT", 1)
    vus = []

    def dire(phrase):
        vus.append(phrase)
        if len(vus) == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        preparer(mois=SEPTEMBRE, dire=dire)
    assert list(Facture.objects.order_by("pk").values_list("pk", "total")) == avant
    preparer(mois=SEPTEMBRE, dire=vus.append)
    assert vus[1:] == ["1/2 familles", "2/2 familles"]
    assert sorted(Facture.objects.values_list("total", flat=True)) == [3 * PRIX, 4 * PRIX]


def test_the_statements_do_not_depend_on_the_number_of_families(ouverture):
    f = foyer(reserves=JOURS)
    ouverture.move_to(OCTOBRE)

    def compter():
        with CaptureQueriesContext(
            connection,
        ) as vues:
            preparer(mois=SEPTEMBRE)
        return len(vues)

    compter()
    un = compter()
    ouverture.move_to(dt.datetime(2026, 7, 15, 9, tzinfo=dt.UTC))
    for _ in range(5):
        foyer(activite=f.activite, reserves=JOURS)
    ouverture.move_to(OCTOBRE)
    assert compter() == un <= 20
    assert Facture.objects.count() == 6


def test_each_household_of_a_child_pays_its_own_meals_and_siblings_share_a_bill(ouverture):
    f = foyer(reserves=JOURS[:1])
    g = foyer(enfant=f.enfant, activite=f.activite, reserves=JOURS[1:2])
    soeur = InscriptionFactory(
        rattachement=RattachementFactory(famille=f.famille, enfant=EnfantFactory(prenom="Alba")),
        activite=f.activite, annee=f.annee,
    )  # fmt: skip
    f.inscription = soeur
    f.reserver(*JOURS[:3])
    ouverture.move_to(OCTOBRE)
    preparer(mois=SEPTEMBRE)
    assert dict(Facture.objects.values_list("famille", "total")) == {f.famille.pk: 4 * PRIX, g.famille.pk: PRIX}
    prenoms = [x.enfant.split()[0] for x in LigneFacture.objects.filter(facture__famille=f.famille).order_by("rang")]
    assert prenoms == ["Alba", "Léa"]


@pytest.mark.django_db(transaction=True)
def test_two_runs_at_once_make_the_drafts_once(ouverture):
    foyer(reserves=JOURS)
    ouverture.move_to(OCTOBRE)
    with time_machine.travel(OCTOBRE, tick=True):
        paroles = [[], []]
        en_parallele(2, lambda i: preparer(mois=SEPTEMBRE, dire=paroles[i].append))
    assert Facture.objects.count() == 1
    assert RepasFacture.objects.count() == 4
