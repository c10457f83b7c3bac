"""Late meals in the calendar: the price is said before the parent sends, and is the one of the recap."""

import datetime as dt
import re
from decimal import Decimal

import pytest
import time_machine
from django.db.models import F
from django.test import Client
from django.urls import reverse
from post_office.models import Email

from comptes.francais import euros
from reservations.formulaires_famille import adresse_de_famille
from reservations.models import Operation, Reservation
from reservations.regles import PARIS
from reservations.regles_changements import Changements
from tests.factories import foyer, ouvrir
from tests.reservations.test_famille import cadet, code
from tests.reservations.test_nombre_de_requetes import instructions

pytestmark = pytest.mark.django_db
# Thursday at dawn: Thursday and Friday are past their cut-off of two days, not their morning.
AUBE = dt.datetime(2026, 12, 10, 7, tzinfo=PARIS)
JEUDI, VENDREDI, LUNDI, MARDI = (dt.date(2026, 12, n) for n in (10, 11, 14, 15))


@pytest.fixture
def aube():
    with time_machine.travel(AUBE, tick=False):
        yield


def famille(**regle):
    activite = ouvrir(**regle)
    activite.tarifs.update(cout="9.00")
    f = foyer(activite=activite)
    client = Client()
    client.force_login(f.utilisateur)
    return f, client, reverse("reservations:calendrier", args=[f.inscription.pk]) + "?mois=2026-12"


def cellule(page, jour):
    return next(c for c in page.context["calendrier"].cases if c.date == jour)


@pytest.mark.usefixtures("aube")
def test_a_late_day_says_its_price_and_until_when():
    _, client, adresse = famille(retard="fixe", retard_montant="2.50")
    page = client.get(adresse)
    jeudi = cellule(page, JEUDI)
    assert (jeudi.tardif, jeudi.prix, jeudi.signe) == (True, Decimal("7.47"), "!")
    assert "Tardif 7,47\N{NO-BREAK SPACE}€" in page.content.decode()
    assert "réservation tardive jusqu’au jeudi 10" in jeudi.delais
    assert not cellule(page, LUNDI).tardif


@pytest.mark.usefixtures("aube")
def test_without_late_bookings_the_day_is_past_its_cut_off():
    _, client, adresse = famille()
    assert cellule(client.get(adresse), JEUDI).etat == "hors-delai"


# What the late meals of Thursday and Friday cost, by what the enrolment has booked late and may still cancel (Tuesday).
MODES = {
    "fixe": {"retard": "fixe", "retard_montant": "2.50"},
    "pourcentage": {"retard": "pourcentage", "retard_montant": "50"},
    "forfait": {"retard": "forfait", "retard_montant": "6.50"},
    "plafond": {"retard": "fixe", "retard_montant": "20"},
    "franchise 0": {"retard": "franchise", "retard_franchise": 0},
    "franchise 1": {"retard": "franchise", "retard_franchise": 1},
    "franchise 2": {"retard": "franchise", "retard_franchise": 2},
    "franchise 5": {"retard": "franchise", "retard_franchise": 5},
}
SOMMES = {  # one ordinary meal of 4.97 with them; (nothing booked, one booked late, one booked late and cancelled)
    "fixe": ("19.91", "19.91", "19.91"),
    "pourcentage": ("19.89", "19.89", "19.89"),
    "forfait": ("17.97", "17.97", "17.97"),
    "plafond": ("22.97", "22.97", "22.97"),
    "franchise 0": ("22.97", "22.97", "22.97"),
    "franchise 1": ("18.94", "22.97", "18.94"),
    "franchise 2": ("14.91", "18.94", "14.91"),
    "franchise 5": ("14.91", "14.91", "14.91"),
}
CAS = [(mode, rang, somme) for mode, sommes in SOMMES.items() for rang, somme in enumerate(sommes)]


def deja_tardif(inscription, jour=MARDI):
    """A meal booked late, that can still be cancelled: its day was late for a time only."""
    journee = inscription.activite.journees.get(date=jour)
    Reservation.objects.create(
        inscription=inscription, journee=journee, enfant=inscription.enfant, date=jour, prix="4.97", tardive=True
    )
    inscription.activite.journees.filter(pk=journee.pk).update(places_prises=F("places_prises") + 1)


@pytest.mark.usefixtures("aube", "comptes_justes")
@pytest.mark.parametrize(("mode", "rang", "somme"), CAS)
def test_the_sum_of_the_bar_is_the_sum_of_the_recap(mode, rang, somme):
    f, client, adresse = famille(**MODES[mode])
    moins = ""
    if rang:
        deja_tardif(f.inscription)
        moins = "20261215" if rang == 2 else ""
    page = client.get(f"{adresse}&plus=20261210.20261211.20261214&moins={moins}")
    lu = page.context["calendrier"]
    assert lu.montant_des_ajouts == Decimal(somme)
    assert lu.annonce == (Decimal(somme) - Decimal("4.97")) * 100
    champs = {"jours": [JEUDI, VENDREDI, LUNDI], "deja": MARDI if rang == 2 else "", "annonce": lu.annonce}
    recap = client.get(client.post(adresse, champs).url).context["recapitulatif"]
    assert recap.montant_ajoute == Decimal(somme)
    assert sum(Reservation.objects.exclude(date=MARDI).values_list("prix", flat=True)) == Decimal(somme)
    assert euros(Decimal(somme)) in Email.objects.get().message


@pytest.mark.usefixtures("aube", "comptes_justes")
@pytest.mark.parametrize("mode", MODES)
def test_the_sum_of_several_children_is_the_sum_of_the_recap(mode):
    f, client, _ = famille(**MODES[mode])
    tom, zoe = cadet(f, activite=f.activite), cadet(f, "Zoé")  # Zoé's school takes no late meal
    deja_tardif(tom)
    jours = [JEUDI, VENDREDI, LUNDI]
    tous = {i.pk: Changements(frozenset(jours)) for i in (f.inscription, tom)}
    tous[zoe.pk] = Changements(frozenset([LUNDI]))
    adresse = adresse_de_famille(f.annee, JEUDI, tous)
    lu = client.get(adresse).context["calendrier"]
    attendue = sum(Decimal(s) for s in SOMMES[mode][:2]) + Decimal("4.97")
    assert lu.montant_des_ajouts == attendue
    champs = {"jours": [code(f.inscription, *jours), code(tom, *jours), code(zoe, LUNDI)], "annonce": lu.annonce}
    recap = client.get(client.post(adresse, champs).url).context["recapitulatif"]
    assert recap.montant_ajoute == attendue
    assert sum(Reservation.objects.exclude(date=MARDI).values_list("prix", flat=True)) == attendue
    assert euros(attendue) in Email.objects.get().message


# --- The price is said before the parent sends -----------------------------------------------------------------------
PAGES = {
    "un enfant": lambda f, adresse: (adresse, lambda *jours: [str(j) for j in jours]),
    "tous": lambda f, adresse: (
        adresse_de_famille(f.annee, JEUDI),
        lambda *jours: [code(f.inscription, *jours)],
    ),
}
DEUX_PAGES = pytest.mark.parametrize("page", PAGES)


@pytest.mark.usefixtures("aube", "comptes_justes")
@DEUX_PAGES
@pytest.mark.parametrize("annonce", ["", "0", "1646", "x", "-1", "９９９９", "9" * 30])
def test_a_late_price_that_the_page_did_not_announce_is_said_before_anything_is_booked(page, annonce):
    f, client, adresse = famille(retard="franchise", retard_franchise=0)
    adresse, jours = PAGES[page](f, adresse)
    reponse = client.post(adresse, {"jours": jours(JEUDI, VENDREDI, LUNDI), "annonce": annonce})
    assert not Operation.objects.exists()
    lue = client.get(reponse.url)
    assert "Réservation tardive\xa0: Léa, jeudi 10\xa0décembre, 9,00\xa0€" in lue.content.decode()
    assert euros(Decimal("22.97")) in lue.content.decode()
    # The page carries the changes and what it has said: sent as it is, it books.
    client.post(reponse.url, {"jours": jours(JEUDI, VENDREDI, LUNDI), "annonce": lue.context["calendrier"].annonce})
    assert f.inscription.reservations.count() == 3


@pytest.mark.usefixtures("aube")
@DEUX_PAGES
def test_a_late_meal_at_the_ordinary_price_asks_nothing(page):
    f, client, adresse = famille(retard="franchise", retard_franchise=2)
    adresse, jours = PAGES[page](f, adresse)
    client.post(adresse, {"jours": jours(JEUDI, VENDREDI)})
    assert f.inscription.reservations.filter(tardive=True).count() == 2


@DEUX_PAGES
def test_a_page_read_before_the_cut_off_and_sent_after_it_says_the_late_price(page):
    with time_machine.travel(AUBE - dt.timedelta(days=5), tick=False) as voyage:
        f, client, adresse = famille(**MODES["fixe"])
        adresse, jours = PAGES[page](f, adresse)
        voyage.move_to(AUBE)
        client.force_login(f.utilisateur)
        reponse = client.post(adresse, {"jours": jours(JEUDI), "annonce": "0"})
        assert "jeudi 10\xa0décembre, 7,47\xa0€" in client.get(reponse.url).content.decode()
        assert not Operation.objects.exists()


@pytest.mark.usefixtures("aube")
@pytest.mark.parametrize(
    ("mode", "mot"),
    [
        ("franchise 1", "Tardif dès 4,97\xa0€"),
        ("franchise 0", "Tardif 9,00\xa0€"),
        ("fixe", "Tardif 7,47\xa0€"),
    ],
)
@DEUX_PAGES
def test_the_cell_of_a_late_day_says_when_its_price_is_that_of_the_first_only(page, mode, mot):
    f, client, adresse = famille(**MODES[mode])
    adresse, _ = PAGES[page](f, adresse)
    html = client.get(adresse).content.decode()
    assert f"! {mot}</span>" in html
    assert html.count("jour tardif") == 2
    assert ("puis 9,00\xa0€ quand vos retards" in html) == (mode == "franchise 1")


@pytest.mark.usefixtures("aube", "comptes_justes")
def test_the_preview_of_a_pattern_announces_its_late_meals():
    f, client, _ = famille(**MODES["franchise 1"])
    rythme = f"{reverse('reservations:rythme')}?apercu=1&inscriptions={f.inscription.pk}&jours=4&jours=5&au=2026-12-11"
    page = client.get(rythme)
    assert euros(Decimal("13.97")) in page.content.decode()
    formulaire = page.content.decode().partition(page.context["envoi"].replace("&", "&amp;"))[2]
    champs = dict(re.findall(r'name="(jours|deja|annonce)" value="([^"]*)"', formulaire))
    client.post(page.context["envoi"], {nom: valeur for nom, valeur in champs.items() if valeur})
    assert sum(f.inscription.reservations.values_list("prix", flat=True)) == Decimal("13.97")


@pytest.mark.usefixtures("aube")
def test_a_refused_announcement_takes_no_more_statements_than_a_booking():
    _, client, adresse = famille(**MODES["fixe"])
    client.get(adresse)
    refus = instructions(lambda: client.post(adresse, {"jours": [JEUDI, VENDREDI]}))
    assert not Operation.objects.exists()
    assert len(refus) <= 15
