"""The calendar feed: a secret address, one household's meals, RFC 5545."""

import datetime as dt
import uuid

import pytest
from django.test import Client
from django.urls import reverse
from icalendar import Calendar

from reservations.models import FluxCalendrier, Reservation
from reservations.services.flux import creer_flux, renouveler_flux
from tests.factories import INSTANT, EnfantFactory, InscriptionFactory, RattachementFactory, UtilisateurFactory, foyer
from tests.reservations.test_nombre_de_requetes import instructions, meme_nombre
from tests.reservations.test_reserver import lu

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("ouverture", "comptes_justes")]
LUNDI, MARDI = dt.date(2026, 12, 7), dt.date(2026, 12, 8)
PAGE = "/reservations/flux/"


def adresse(f):
    return reverse("reservations:calendrier_ics", args=[creer_flux(f.utilisateur).jeton])


def connecte(utilisateur):
    client = Client()
    client.force_login(utilisateur)
    return client


def evenements(reponse):
    return Calendar.from_ical(reponse.content).walk("VEVENT")


def test_each_meal_is_an_all_day_event_with_the_first_name_alone():
    f = foyer(reserves=[LUNDI, MARDI])
    reponse = Client().get(adresse(f))
    assert reponse["Content-Type"] == "text/calendar; charset=utf-8"
    premier, second = evenements(reponse)
    assert (premier["DTSTART"].dt, premier["DTEND"].dt, second["DTSTART"].dt) == (LUNDI, MARDI, MARDI)
    assert lu(str(premier["SUMMARY"])) == "Cantine : Léa"
    assert premier["DTSTAMP"].dt == INSTANT.astimezone(dt.UTC)
    assert f.enfant.nom not in reponse.text
    assert set(premier) == {"UID", "DTSTAMP", "DTSTART", "DTEND", "SUMMARY", "TRANSP"}


def test_the_address_is_kept_from_caches_search_engines_and_other_sites():
    f = foyer()
    for reponse in (Client().get(adresse(f)), Client().get(f"{PAGE}{uuid.uuid4()}.ics")):
        assert reponse["Cache-Control"] == "private"
        assert reponse["X-Robots-Tag"] == "noindex"
        assert reponse["Referrer-Policy"] == "no-referrer"
        assert not reponse.cookies


def test_the_same_meals_are_answered_not_modified():
    f = foyer(reserves=[LUNDI])
    url = adresse(f)
    etag = Client().get(url)["ETag"]
    reponse = Client().get(url, headers={"if-none-match": etag})
    assert (reponse.status_code, reponse.content, reponse["Cache-Control"]) == (304, b"", "private")
    f.reserver(MARDI)
    assert Client().get(url, headers={"if-none-match": etag}).status_code == 200


def test_the_name_of_an_event_survives_a_meal_cancelled_and_booked_again():
    f = foyer(reserves=[LUNDI])
    avant = [e["UID"] for e in evenements(Client().get(adresse(f)))]
    f.reserver(annuler=[LUNDI])
    f.reserver(LUNDI)
    assert [e["UID"] for e in evenements(Client().get(adresse(f)))] == avant


def test_only_the_meals_of_that_household():
    f = foyer(reserves=[LUNDI])
    foyer(enfant=f.enfant, activite=f.activite, reserves=[MARDI])
    foyer(activite=f.activite, reserves=[MARDI])
    assert [e["DTSTART"].dt for e in evenements(Client().get(adresse(f)))] == [LUNDI]


def test_thirty_days_back_and_no_more(ouverture):
    f = foyer(reserves=[LUNDI, MARDI])
    url = adresse(f)
    ouverture.move_to(dt.datetime(2027, 1, 7, 12, tzinfo=dt.UTC))
    assert [e["DTSTART"].dt for e in evenements(Client().get(url))] == [MARDI]


@pytest.mark.parametrize("prenom", ["Léa, Anne; d’Ô", "Anne\nBEGIN:VEVENT", "É" * 60, "back\\slash"])
def test_odd_names_are_escaped_and_long_lines_folded(prenom):
    f = foyer(enfant=EnfantFactory(prenom=prenom), reserves=[LUNDI])
    reponse = Client().get(adresse(f))
    (evenement,) = evenements(reponse)
    assert lu(str(evenement["SUMMARY"])) == f"Cantine : {prenom}"
    lignes = reponse.content.split(b"\r\n")
    assert b"\n" not in b"".join(lignes)
    assert max(map(len, lignes)) <= 75


def test_an_unknown_revoked_or_renewed_address_is_not_found():
    f = foyer(reserves=[LUNDI])
    ancienne = adresse(f)
    renouveler_flux(f.utilisateur)
    nouvelle = adresse(f)
    assert ancienne != nouvelle
    assert Client().get(nouvelle).status_code == 200
    connecte(f.utilisateur).post(PAGE, {"geste": "revoquer"})
    for url in (ancienne, nouvelle, f"{PAGE}{uuid.uuid4()}.ics"):
        reponse = Client().get(url)
        assert (reponse.status_code, reponse["Content-Type"]) == (404, "text/plain; charset=utf-8")
    assert Client().get(f"{PAGE}n-importe-quoi.ics").status_code == 404


def test_the_address_of_a_closed_login_is_not_found():
    f = foyer(reserves=[LUNDI])
    url = adresse(f)
    type(f.utilisateur).objects.update(is_active=False)
    assert Client().get(url).status_code == 404


def test_the_number_of_statements_does_not_depend_on_the_meals():
    f, g = foyer(reserves=[LUNDI]), foyer()
    g.reserver(*{j.date for j in g.activite.journees.all()})
    cadet = RattachementFactory(famille=g.famille, enfant=EnfantFactory(prenom="Hugo"))
    InscriptionFactory(rattachement=cadet, activite=g.activite, annee=g.annee)
    urls = [adresse(f), adresse(g)]
    meme_nombre(*[instructions(lambda u=u: Client().get(u)) for u in urls])
    assert Reservation.objects.count() > 100


# --- The page --------------------------------------------------------------------------------------------------------
def test_a_parent_makes_renews_and_revokes_the_address(settings):
    f = foyer()
    client = connecte(f.utilisateur)
    assert "Créer l’adresse" in client.get(PAGE).text
    texte = client.post(PAGE, {"geste": "creer"}, follow=True).text
    url = f"{settings.SITE_URL}{adresse(f)}"
    assert f'value="{url}"' in texte
    assert f'href="webcal:{url.partition(":")[2]}"' in texte
    client.post(PAGE, {"geste": "creer"})  # a second click breaks no telephone
    assert url in client.get(PAGE).text
    assert url not in client.post(PAGE, {"geste": "renouveler"}, follow=True).text
    assert "Créer l’adresse" in client.post(PAGE, {"geste": "revoquer"}, follow=True).text
    assert not FluxCalendrier.objects.exists()


@pytest.mark.parametrize("geste", ["", "autre", "\x00"])
def test_an_unknown_button_changes_nothing(geste):
    f = foyer()
    texte = connecte(f.utilisateur).post(PAGE, {"geste": geste}, follow=True).text
    assert "Rien n’a été changé" in texte
    assert not FluxCalendrier.objects.exists()


def test_a_login_without_household_has_no_feed():
    client = connecte(UtilisateurFactory())
    assert "n’est rattaché à aucune famille" in client.get(PAGE).text
    client.post(PAGE, {"geste": "creer"})
    assert not FluxCalendrier.objects.exists()
    assert Client().get(PAGE).status_code == 302
