"""Reminders, schedules, and the list for the comptable public, on the real database."""

import datetime as dt
from decimal import Decimal

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import transaction
from post_office.models import Email

from comptes.models import Notification, Utilisateur
from facturation.lecture import du_en_bref
from facturation.models import Echeancier, Evenement, Facture, Mandat, Prelevement, Relance
from facturation.services.encaisser import encaisser
from facturation.services.relancer import (
    accorder_echeancier,
    clore_echeancier,
    impayees_a_transmettre,
    liste,
    relancer,
    transmettre,
)
from reservations.regles import PARIS
from tests.factories import FamilleFactory, InscriptionFactory, RattachementFactory, UtilisateurFactory, foyer
from tests.facturation.fabriques import facture_emise
from tests.facturation.test_encaisser import en_parallele
from tests.reservations.test_nombre_de_requetes import instructions

D = Decimal
EMISSION = dt.datetime(2026, 10, 5, 9, tzinfo=PARIS)
ECHEANCE = dt.date(2026, 10, 31)


def matin(jours):
    return dt.datetime.combine(ECHEANCE + dt.timedelta(days=jours), dt.time(9), PARIS)


@pytest.fixture
def temps():
    with time_machine.travel(matin(15), tick=False) as voyage:
        yield voyage


@pytest.fixture
def dette(db, temps):
    """A household that owes 19.88 €, due on 31 October."""
    f = foyer()
    f.facture = facture_emise(f.inscription, repas=4, emise_le=EMISSION, echeance=ECHEANCE)
    return f


def niveaux(f):
    return list(Relance.objects.filter(facture=f.facture).order_by("niveau").values_list("niveau", flat=True))


def test_each_level_is_sent_once_by_mail_and_in_the_portal(dette, temps):
    for jours, attendus in [(14, []), (15, [1]), (16, [1]), (30, [1, 2]), (31, [1, 2]), (300, [1, 2])]:
        temps.move_to(matin(jours))
        relancer(appliquer=True)
        assert niveaux(dette) == attendus
    courriels = list(Email.objects.order_by("pk"))
    assert [c.to for c in courriels] == [[dette.utilisateur.email]] * 2
    assert courriels[0].subject == f"Rappel\xa0: facture n°\xa0{dette.facture.numero} à régler"
    assert "19,88" in courriels[0].message
    assert "comptable public" in courriels[1].message
    assert Notification.objects.filter(categorie="factures").count() == 2
    assert Evenement.objects.filter(nature="relance").count() == 2


def test_without_applying_nothing_is_written(dette, capsys):
    call_command("relancer")
    assert "Relance n° 1 : 1\xa0facture." in capsys.readouterr().out
    assert not Relance.objects.exists()
    call_command("relancer", "--appliquer")
    assert niveaux(dette) == [1]
    call_command("relancer", "--appliquer")
    assert "Aucune facture à relancer" in capsys.readouterr().out


def test_a_household_without_address_gets_a_letter(db, temps):
    inscription = InscriptionFactory(rattachement=RattachementFactory(famille=FamilleFactory()))
    facture = facture_emise(inscription, repas=4, emise_le=EMISSION, echeance=ECHEANCE)
    assert relancer(appliquer=True).lettres == 1
    assert Relance.objects.get(facture=facture).par_courriel is False
    assert not Email.objects.exists()


def test_small_debts_wait_but_count_together(db, temps):
    f = foyer()
    f.facture = facture_emise(f.inscription, repas=3, emise_le=EMISSION, echeance=ECHEANCE)
    relancer(appliquer=True)
    assert niveaux(f) == []
    facture_emise(f.inscription, repas=1, mois=dt.date(2026, 10, 1), emise_le=EMISSION, echeance=ECHEANCE)
    relancer(appliquer=True)
    assert Relance.objects.count() == 2


@pytest.mark.parametrize("moyen", ["paye", "prelevement", "report"])
def test_what_is_paid_or_on_its_way_is_not_reminded(dette, moyen):
    if moyen == "paye":
        encaisser(famille=dette.famille.pk, montant=D("19.88"), moyen="especes", cle="a")
    elif moyen == "report":
        suivante = facture_emise(dette.inscription, mois=dt.date(2026, 10, 1), echeance=dt.date(2026, 12, 1))
        Facture.objects.filter(pk=dette.facture.pk).update(reportee_sur=suivante)
    else:
        mandat = Mandat.objects.create(famille=dette.famille, rum="R1", titulaire="X", signe_le=EMISSION, texte="…")
        Prelevement.objects.create(
            mandat=mandat, facture=dette.facture, montant=1, date=ECHEANCE, sequence="FRST", annonce_le=EMISSION
        )
    relancer(appliquer=True)
    assert niveaux(dette) == []


def test_a_schedule_that_is_kept_stops_reminders_and_a_missed_instalment_resumes_them(db, temps):
    agent = UtilisateurFactory(agent=True)
    f = foyer()
    f.facture = facture_emise(f.inscription, repas=8, emise_le=EMISSION, echeance=ECHEANCE)
    echeancier = accorder_echeancier(facture=f.facture, fois=2, premiere=dt.date(2026, 12, 1), par=agent)
    assert list(echeancier.echeances.values_list("date", "montant")) == [
        (dt.date(2026, 12, 1), D("19.88")),
        (dt.date(2027, 1, 1), D("19.88")),
    ]
    encaisser(famille=f.famille.pk, montant=D("19.88"), moyen="especes", cle="a")
    for jour, attendus in [((2026, 12, 1), []), ((2027, 1, 1), []), ((2027, 1, 2), [1])]:
        temps.move_to(dt.datetime(*jour, 9, tzinfo=PARIS))
        relancer(appliquer=True)
        assert niveaux(f) == attendus
    assert "2 échéances de 19,88 €," in f.facture.evenements.get(nature="echeancier").texte.replace("\xa0", " ")
    assert clore_echeancier(echeancier=echeancier, par=agent) is True
    assert clore_echeancier(echeancier=echeancier, par=agent) is False


@pytest.mark.parametrize(
    ("fois", "premiere", "phrase"),
    [
        (1, dt.date(2026, 12, 1), "de 2 à 12"),
        (13, dt.date(2026, 12, 1), "de 2 à 12"),
        (2, dt.date(2026, 11, 15), "à venir"),
        (2, dt.date(2020, 1, 1), "à venir"),
    ],
)
def test_a_schedule_that_makes_no_sense_is_a_sentence(dette, fois, premiere, phrase):
    with pytest.raises(ValidationError, match=phrase):
        accorder_echeancier(facture=dette.facture, fois=fois, premiere=premiere, par=UtilisateurFactory(agent=True))
    assert not Echeancier.objects.exists()


def test_one_schedule_at_a_time_and_none_for_a_paid_bill(dette):
    agent = UtilisateurFactory(agent=True)
    demande = {"facture": dette.facture, "fois": 2, "premiere": dt.date(2026, 12, 1), "par": agent}
    accorder_echeancier(**demande)
    with pytest.raises(ValidationError, match="déjà en cours"):
        accorder_echeancier(**demande)
    encaisser(famille=dette.famille.pk, montant=D("19.88"), moyen="especes", cle="a")
    with pytest.raises(ValidationError, match="Il ne reste rien"):
        accorder_echeancier(**demande)


def test_what_does_not_divide_is_said_and_the_family_reads_its_schedule(dette, client):
    accorder_echeancier(
        facture=dette.facture, fois=3, premiere=dt.date(2026, 12, 1), par=UtilisateurFactory(agent=True)
    )
    texte = dette.facture.evenements.get(nature="echeancier").texte.replace("\xa0", " ")
    assert "3 échéances de 6,64 € puis 6,62 €, à partir du" in texte
    client.force_login(dette.utilisateur)
    page = client.get(f"/factures/{dette.facture.numero}/").content.decode().replace("\xa0", " ")
    assert "Votre échéancier" in page
    assert "prochaine échéance de 6,64 € au plus tard le mardi 1er décembre 2026" in page
    assert du_en_bref(dette.utilisateur)["echeance"] is None
    assert "prochaine échéance de 6,64 €" in client.get("/factures/").content.decode().replace("\xa0", " ")


def test_the_list_for_the_comptable_comes_after_the_last_reminder_and_names_a_bill_once(dette, temps):
    agent = UtilisateurFactory(agent=True)
    for jours in (15, 30):
        temps.move_to(matin(jours))
        relancer(appliquer=True)
    temps.move_to(matin(44))
    assert transmettre(par=agent) is None
    temps.move_to(matin(45))
    assert impayees_a_transmettre(matin(45).date()) == [dette.facture]
    transmission = transmettre(par=agent)
    lignes = transmission.csv.splitlines()
    assert lignes[0].startswith("numero;mois;emise_le;echeance;debiteur")
    assert lignes[1].startswith(f"{dette.facture.numero};09/2026;05/10/2026;31/10/2026;")
    assert lignes[1].endswith(";19,88;0,00;19,88;30/11/2026")
    assert transmettre(par=agent) is None
    assert Evenement.objects.filter(nature="transmission").count() == 1


def test_a_name_never_begins_a_formula_in_the_list(db, temps):
    f = foyer()
    facture = facture_emise(f.inscription, repas=4, emise_le=EMISSION, copie={"debiteur": "=cmd()", "adresse": "1\n2"})
    assert ";'=cmd();1 2;" in liste([facture])


def test_reminding_many_households_costs_as_much_as_one(db, temps):
    def cout():
        return len(instructions(lambda: relancer(appliquer=True)))

    facture_emise(foyer().inscription, repas=4, emise_le=EMISSION, echeance=ECHEANCE)
    un = cout()
    activite = foyer().activite
    for _ in range(6):
        facture_emise(foyer(activite=activite).inscription, repas=4, emise_le=EMISSION, echeance=ECHEANCE)
    assert cout() == un


@pytest.mark.django_db(transaction=True)
def test_two_runs_at_once_send_one_reminder():
    with time_machine.travel(matin(15), tick=True):
        f = foyer()
        with transaction.atomic():
            f.facture = facture_emise(f.inscription, repas=4, emise_le=EMISSION, echeance=ECHEANCE)
        en_parallele(3, lambda _: relancer(appliquer=True))
        assert niveaux(f) == [1]
        assert Email.objects.filter(subject__startswith="Rappel").count() == 1
        assert Utilisateur.objects.count() == 1
