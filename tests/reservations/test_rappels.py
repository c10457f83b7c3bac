"""The reminder of a week without a meal: who gets it, when, once, and how one refuses it."""

import datetime as dt
from io import StringIO

import pytest
from django.core import signing
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from post_office.models import Email

from comptes.services.rappels import adresse_de_refus
from reservations.models import Journee, Rappel
from reservations.regles import PARIS, RegleDeDelai
from reservations.services.fermer import fermer_journees
from reservations.services.rappels import BilanDesRappels, rappeler
from reservations.tasks import envoyer_les_rappels
from tests.factories import EnfantFactory, InscriptionFactory, RattachementFactory, foyer, ouvrir

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("ouverture", "comptes_justes")]
# The meal of Monday 7 December is booked until Saturday 5 at 23:59: 48 hours before is Thursday 3 at 23:59.
SEMAINE = dt.date(2026, 12, 7)
LUNDI, MARDI, JEUDI, VENDREDI = (dt.date(2026, 12, n) for n in (7, 8, 10, 11))
VENDREDI_D_AVANT = dt.datetime(2026, 12, 4, 9, 0, tzinfo=PARIS)


def a(instant) -> BilanDesRappels:
    return rappeler(horloge=lambda: instant)


@pytest.mark.parametrize(
    ("instant", "familles"),
    [
        (dt.datetime(2026, 12, 3, 9, 0, tzinfo=PARIS), 0),
        (dt.datetime(2026, 12, 3, 23, 58, tzinfo=PARIS), 0),
        (dt.datetime(2026, 12, 3, 23, 59, tzinfo=PARIS), 1),
        (VENDREDI_D_AVANT, 1),
        (dt.datetime(2026, 12, 6, 9, 0, tzinfo=PARIS), 1),  # Monday is past, Tuesday can still be booked
        (dt.datetime(2026, 12, 7, 9, 0, tzinfo=PARIS), 0),  # the week has begun
        (dt.datetime(2026, 12, 17, 23, 59, tzinfo=PARIS), 0),  # holidays follow
    ],
)
def test_the_mail_leaves_two_days_before_the_first_cut_off_of_the_week(instant, familles):
    foyer()
    assert a(instant).familles == familles


@pytest.mark.parametrize("heures", [24, 72])
def test_the_town_chooses_how_long_before(settings, heures):
    settings.RAPPEL_HEURES = heures
    foyer()
    limite = dt.datetime(2026, 12, 5, 23, 59, tzinfo=PARIS)
    assert a(limite - dt.timedelta(hours=heures, minutes=1)).familles == 0
    assert a(limite - dt.timedelta(hours=heures)).familles == 1


def test_a_weekly_cut_off_is_reminded_before_it():
    activite = ouvrir(reservation_unite=RegleDeDelai.Unite.SEMAINE, reservation_jour_semaine=2)
    foyer(activite=activite)
    assert a(dt.datetime(2026, 11, 29, 23, 58, tzinfo=PARIS)).familles == 0
    assert a(dt.datetime(2026, 11, 30, 9, 0, tzinfo=PARIS)).familles == 1
    assert Rappel.objects.get().semaine == SEMAINE


def reserve(f):
    f.reserver(VENDREDI)


def reserve_par_l_autre_foyer(f):
    foyer(enfant=f.enfant, activite=f.activite, reserves=[JEUDI])


def refuse(f):
    f.famille.rappels = False
    f.famille.save()


def pas_ouverte(f):
    f.annee.ouverture = VENDREDI_D_AVANT + dt.timedelta(days=1)
    f.annee.save()


def sans_compte(f):
    f.responsable.utilisateur = None
    f.responsable.save()


def inscription_finie(f):
    f.inscription.fin = dt.date(2026, 12, 4)
    f.inscription.save()


def inscription_a_venir(f):
    f.inscription.debut = dt.date(2026, 12, 14)
    f.inscription.save()


def sans_prix(f):
    f.activite.tarifs.all().delete()


def complet(f):
    Journee.objects.filter(activite=f.activite).update(capacite=0)


def ferme(f):
    semaine = Journee.objects.filter(activite=f.activite, date__range=(LUNDI, VENDREDI))
    fermer_journees(dict.fromkeys(semaine, "Grève"), auteur=None, cle="greve")


@pytest.mark.parametrize(
    "situation",
    [
        reserve,
        reserve_par_l_autre_foyer,
        refuse,
        pas_ouverte,
        sans_compte,
        inscription_finie,
        inscription_a_venir,
        sans_prix,
        complet,
        ferme,
    ],
)
def test_who_has_nothing_to_book_or_wants_no_mail_gets_none(situation):
    f = foyer()
    situation(f)
    assert a(VENDREDI_D_AVANT).familles == 0
    assert not Rappel.objects.exists()


def test_one_mail_names_the_children_without_a_meal_and_the_cut_offs():
    f = foyer(enfant=EnfantFactory(prenom="Élise"))
    for prenom, jours in (("Noé", []), ("Lina", [MARDI])):
        rattachement = RattachementFactory(famille=f.famille, enfant=EnfantFactory(prenom=prenom))
        inscription = InscriptionFactory(rattachement=rattachement, activite=f.activite, annee=f.annee)
        if jours:
            f.__class__(**{**vars(f), "inscription": inscription}).reserver(*jours)
    Email.objects.all().delete()
    assert a(VENDREDI_D_AVANT) == BilanDesRappels(familles=1, enfants=2, courriels=1)
    courriel = Email.objects.get()
    assert courriel.to == [f.utilisateur.email]
    sujet = courriel.subject.replace("\N{NO-BREAK SPACE}", " ")
    assert sujet == "Aucun repas réservé pour la semaine du 07/12/2026 : pensez aux repas d’Élise et Noé"
    for texte in (courriel.message, courriel.html_message):
        assert "Élise et Noé" in texte
        assert "Lina" not in texte
        assert "lundi 7\xa0décembre 2026" in texte
        assert "samedi 5\xa0décembre à 23\xa0h\xa059" in texte
        assert "mercredi 9\xa0décembre à 23\xa0h\xa059" in texte
        assert f"/reservations/inscriptions/{f.inscription.pk}/?mois=2026-12" in texte
        assert adresse_de_refus(f.famille) in texte


def test_never_twice_for_a_household_and_a_week():
    foyer()
    assert a(VENDREDI_D_AVANT).courriels == 1
    assert a(VENDREDI_D_AVANT + dt.timedelta(days=1)) == BilanDesRappels()
    assert a(VENDREDI_D_AVANT + dt.timedelta(days=7)).courriels == 1
    assert Email.objects.count() == 2


def test_the_command_simulates_unless_told_and_the_task_sends(ouverture):
    foyer()
    ouverture.move_to(VENDREDI_D_AVANT)
    sortie = StringIO()
    call_command("rappeler", stdout=sortie)
    assert "1\xa0famille, 1\xa0enfant sans repas, 1\xa0e-mail." in sortie.getvalue()
    assert "Simulation" in sortie.getvalue()
    assert not Email.objects.exists()
    call_command("rappeler", "--appliquer", stdout=StringIO())
    assert Email.objects.count() == 1
    envoyer_les_rappels()
    assert Email.objects.count() == 1


def test_the_statements_do_not_depend_on_the_number_of_families():
    activite = ouvrir()
    foyer(activite=activite)
    with CaptureQueriesContext(connection) as une:
        assert a(VENDREDI_D_AVANT).familles == 1
    for _ in range(12):
        foyer(activite=activite)
    with CaptureQueriesContext(connection) as toutes:
        assert a(VENDREDI_D_AVANT).familles == 12
    assert len(une) == len(toutes) <= 15


# --- Refuse ----------------------------------------------------------------------------------------------------------
def test_the_link_of_the_mail_asks_then_stops_the_reminders(client):
    f = foyer()
    adresse = adresse_de_refus(f.famille)
    page = client.get(adresse).content.decode()
    assert "Ne plus recevoir de rappel" in page
    assert f.famille.nom not in page
    f.famille.refresh_from_db()
    assert f.famille.rappels  # a mail reader that opens the link changes nothing
    assert "C’est noté" in client.post(adresse, follow=True).content.decode()
    f.famille.refresh_from_db()
    assert not f.famille.rappels


def test_a_forged_link_or_one_of_another_purpose_is_not_found(client):
    f = foyer()
    pk = str(f.famille.pk)
    for jeton in (pk, f"{pk}:x", signing.Signer().sign(pk), signing.dumps(f.famille.pk), "%00", "a" * 500):
        adresse = reverse("comptes:refuser_rappels", args=[jeton])
        assert client.get(adresse).status_code == 404
        assert client.post(adresse).status_code == 404
    f.famille.refresh_from_db()
    assert f.famille.rappels


def test_the_account_page_has_the_choice():
    f = foyer()
    client = Client()
    client.force_login(f.utilisateur)
    assert "Rappels par e-mail" in client.get("/compte/").content.decode()
    for choix, attendu in (("non", False), ("peut-être", False), ("oui", True)):
        reponse = client.post(reverse("comptes:choisir_rappels"), {"rappels": choix}, follow=True)
        assert reponse.status_code == 200
        f.famille.refresh_from_db()
        assert f.famille.rappels is attendu


def test_a_stranger_has_no_choice_to_make():
    adresse = reverse("comptes:choisir_rappels")
    assert Client().post(adresse, {"rappels": "non"}).url.startswith("/connexion/")
    assert Client().get(adresse).status_code in {302, 405}
