"""The calendar's form sent through the portal: by the book, replayed, stale, tampered with, or someone else's."""

import datetime as dt
import uuid

import pytest
from django.contrib.messages import get_messages
from django.urls import reverse
from post_office.models import Email

from reservations.models import AnneeScolaire, Inscription, Journee, Mouvement, Operation, Reservation
from reservations.regles import Motif
from tests.factories import INSTANT, UtilisateurFactory, foyer, ouvrir

LUNDI, MARDI, JEUDI, VENDREDI = (dt.date(2026, 12, n) for n in (7, 8, 10, 11))
ANNEE = AnneeScolaire(libelle="2026-2027", debut=dt.date(2026, 9, 1), fin=dt.date(2027, 7, 3))


@pytest.fixture
def f(db, ouverture, comptes_justes, client):
    cree = foyer()
    client.force_login(cree.utilisateur)
    return cree


def adresse(f, **parametres):
    return reverse("reservations:calendrier", args=[f.inscription.pk], query=parametres or None)


def phrases(reponse):
    return [str(m) for m in get_messages(reponse.wsgi_request)]


def ecrit():
    return Operation.objects.count(), Mouvement.objects.count(), Reservation.objects.count(), Email.objects.count()


def jeton():
    return str(uuid.uuid4())


def test_the_form_books_and_leads_to_the_recap(f, client):
    reponse = client.post(adresse(f, mois="2026-12"), {"jours": ["2026-12-07", "2026-12-08"], "jeton": jeton()})
    operation = Operation.objects.get()
    assert (reponse.status_code, reponse.url) == (302, f"/reservations/operations/{operation.numero}/")
    assert set(Reservation.objects.values_list("date", flat=True)) == {LUNDI, MARDI}
    assert operation.auteur == f.utilisateur


def test_the_recap_page_says_what_the_database_holds(f, client):
    Journee.objects.filter(date=JEUDI).update(capacite=0)
    jours = ["2026-12-07", "2026-12-08", "2026-12-10"]
    reponse = client.post(adresse(f, mois="2026-12"), {"jours": jours, "jeton": jeton()}, follow=True)
    page = " ".join(reponse.content.decode().replace("\xa0", " ").split())
    assert "Réservation ajoutée : 07/12/2026 - Prix : 4,97 €" in page
    assert "Réservation refusée : 10/12/2026 - la capacité maximale est atteinte (0 repas réservés sur 0)" in page
    assert "Nombre de réservations effectuées avec succès" in page


def test_a_form_replayed_is_the_same_operation(f, client):
    donnees = {"jours": ["2026-12-07"], "jeton": jeton()}
    premiere, seconde = (client.post(adresse(f), donnees).url for _ in range(2))
    assert premiere == seconde
    assert ecrit()[:3] == (1, 1, 1)


def test_without_javascript_the_page_says_that_a_bulk_button_books_at_once(f, client):
    page = client.get(adresse(f, mois="2026-12")).content.decode()
    assert "les enregistrent aussitôt" in page.partition("<noscript>")[2].partition("</noscript>")[0]


def test_a_bulk_button_pressed_twice_does_not_undo_itself(f, client):
    page = client.get(adresse(f, mois="2026-12")).context["calendrier"]
    donnees = {"deja": "", "vus": page.vus, "portee": "mois:2026-12", "jeton": jeton()}
    premiere, seconde = (client.post(adresse(f, mois="2026-12"), donnees).url for _ in range(2))
    assert premiere == seconde
    assert Reservation.objects.count() == Mouvement.objects.count() == 11


def test_a_bulk_button_of_a_stale_tab_never_cancels_what_another_tab_booked(f, client):
    page = client.get(adresse(f, mois="2026-12")).context["calendrier"]
    decembre = [c.date for c in page.affiche.cases if c.cochable]
    f.reserver(*decembre)
    donnees = {"deja": "", "vus": page.vus, "portee": "mois:2026-12", "jeton": jeton()}
    client.post(adresse(f, mois="2026-12"), donnees)
    assert set(Reservation.objects.values_list("date", flat=True)) == set(decembre)


def test_a_stale_tab_never_cancels_what_another_tab_booked(f, client):
    f.reserver(LUNDI)
    client.post(adresse(f, mois="2026-12"), {"deja": "", "jours": ["2026-12-08"], "jeton": jeton()})
    assert set(Reservation.objects.values_list("date", flat=True)) == {LUNDI, MARDI}


def test_the_page_carries_what_it_shows(f, client):
    f.reserver(LUNDI, dt.date(2027, 1, 4))
    page = client.get(adresse(f, mois="2026-12")).content.decode()
    assert 'name="deja" value="2026-12-07"' in page
    assert "2026-12-07:1:497" in page
    assert "2027-01-04:1:497" in page


def test_an_arrow_keeps_the_changes_and_writes_nothing(f, client):
    f.reserver(LUNDI)
    avant = ecrit()
    donnees = {"deja": "2026-12-07", "jours": ["2026-12-08"], "aller": "2027-01"}
    reponse = client.post(adresse(f, mois="2026-12"), donnees)
    assert reponse.url == adresse(f, mois="2027-01", plus="20261208", moins="20261207")
    assert ecrit() == avant
    assert client.get(reponse.url).status_code == 200


MAUVAIS = [
    ({"jours": "demain"}, "«\xa0demain\xa0» n’est pas une date. Rien n’a été changé."),
    ({"jours": "2099-01-01"}, "Le 01/01/2099 n’est pas dans l’année scolaire 2026-2027. Rien n’a été changé."),
    ({"jours": ["2026-12-07", "2026-12-07\x00"]}, "«\xa02026-12-07\xa0» n’est pas une date. Rien n’a été changé."),
    ({"deja": ",".join(["2026-12-07", "hier"])}, "«\xa0hier\xa0» n’est pas une date. Rien n’a été changé."),
    ({"deja": ",".join(str(dt.date(2026, 9, 1) + dt.timedelta(days=n)) for n in range(5000))}, "trop de dates"),
    ({"portee": "siècle"}, "Ce bouton n’est pas reconnu. Rien n’a été changé."),
    ({"portee": "jour:" + "9" * 10_000}, "Ce bouton n’est pas reconnu. Rien n’a été changé."),
    ({}, "Vous n’avez rien changé"),
    ({"jours": ["2026-12-08"], "deja": "2026-12-08"}, "Vous n’avez rien changé"),
    ({"jetons": "x", "jour": "2026-12-07", "inscription": "999", "enfant": "1"}, "Vous n’avez rien changé"),
]


@pytest.mark.parametrize(("donnees", "phrase"), MAUVAIS)
def test_a_form_tampered_with_is_a_sentence_and_nothing_changed(f, client, donnees, phrase):
    f.reserver(JEUDI)
    avant = ecrit()
    reponse = client.post(adresse(f, mois="2026-12"), donnees)
    assert reponse.status_code == 302
    assert reponse.url == adresse(f, mois="2026-12")
    assert any(phrase in lue for lue in phrases(reponse)), phrases(reponse)
    assert ecrit() == avant


def test_thousands_of_fields_are_a_page_in_french(f, client):
    jours = [str(dt.date(2026, 9, 1) + dt.timedelta(days=n % 300)) for n in range(3000)]
    reponse = client.post(adresse(f), {"jours": jours})
    assert reponse.status_code == 400
    assert "Rien n’a été" in reponse.content.decode()
    assert ecrit() == (0, 0, 0, 0)


def test_a_body_that_is_not_utf8_or_not_a_form_is_no_crash(f, client):
    for corps, genre in [
        (b"jours=\xff\xfe2026-12-07", "application/x-www-form-urlencoded"),
        (b"\x00\xff" * 100, "application/x-www-form-urlencoded"),
        (b"--x\r\nContent-Disposition: form-data; name=jours\r\n\r\n\xff\r\n--x--", "multipart/form-data; boundary=x"),
        (b"--x", "multipart/form-data; boundary=y"),
        (b'{"jours": ["2026-12-07"]}', "application/json"),
        (b"jours=2026-12-07" * 100_000, "application/x-www-form-urlencoded"),
    ]:
        reponse = client.generic("POST", adresse(f), corps, content_type=genre)
        assert reponse.status_code in {302, 400}, (corps[:20], reponse.status_code)
    assert ecrit() == (0, 0, 0, 0)


@pytest.mark.parametrize(
    "mois", ["2099-01", "9999999999", "2026-13", "", "\x00", "décembre", "2026-12-07", "0001-01", "9" * 5000]
)
def test_a_month_that_is_not_of_the_year_shows_one_that_is(f, client, mois):
    reponse = client.get(adresse(f, mois=mois))
    assert reponse.status_code == 200
    assert "Ce mois n’est pas dans l’année scolaire 2026-2027." in reponse.content.decode().replace("\xa0", " ")
    # A submission from such an address books all the same: the days are in the form.
    assert client.post(adresse(f, mois=mois), {"jours": "2026-12-07"}).status_code == 302
    assert Reservation.objects.count() == 1


@pytest.mark.parametrize(
    "parametres",
    [
        {"plus": "20991231.00000000.x.\x00.20261208", "moins": "20261207"},
        {"plus": ".".join(["20261208"] * 3000)},
        {"plus": "é" * 3000, "moins": "."},
        {"moins": "20261208"},
        {"plus": "20261209", "moins": "20261209"},
    ],
)
def test_an_address_tampered_with_shows_the_calendar(f, client, parametres):
    assert client.get(adresse(f, mois="2026-12", **parametres)).status_code == 200
    assert ecrit() == (0, 0, 0, 0)


@pytest.mark.parametrize("methode", ["put", "patch", "delete", "trace"])
def test_other_methods_are_refused(f, client, methode):
    assert getattr(client, methode)(adresse(f)).status_code == 405
    assert ecrit() == (0, 0, 0, 0)


def test_pages_to_read_refuse_to_be_posted_to(f, client):
    f.reserver(LUNDI)
    for nom, cle in [("choix_enfant", None), ("choix_inscription", f.enfant.pk), ("operation", "2026-000001")]:
        assert client.post(reverse(f"reservations:{nom}", args=[cle] if cle else [])).status_code == 405


def test_without_signing_in_the_form_leads_to_the_sign_in_page(f, client):
    client.logout()
    reponse = client.post(adresse(f), {"jours": "2026-12-07"})
    assert reponse.url.startswith(reverse("comptes:connexion"))
    assert ecrit() == (0, 0, 0, 0)


# --- Someone else's --------------------------------------------------------------------------------------------------
def les_adresses(autre, operation):
    return [
        reverse("reservations:calendrier", args=[autre.inscription.pk]),
        reverse("reservations:choix_inscription", args=[autre.enfant.pk]),
        reverse("reservations:operation", args=[operation.numero]),
    ]


def test_someone_elses_anything_is_not_found(f, client):
    autre = foyer()
    operation = autre.reserver(LUNDI)
    avant = ecrit()
    for url in les_adresses(autre, operation):
        assert client.get(url).status_code == 404
    assert client.post(les_adresses(autre, operation)[0], {"jours": "2026-12-08", "jeton": jeton()}).status_code == 404
    vole = reverse("reservations:choix_inscription", args=[f.enfant.pk])
    assert client.get(vole, {"inscription": autre.inscription.pk}).status_code == 404
    assert ecrit() == avant


def test_the_other_household_of_the_child_has_its_own_bookings_only(f, client):
    autre = foyer(enfant=f.enfant, activite=f.activite)
    operation = autre.reserver(LUNDI)
    calendrier, enfant, recapitulatif = les_adresses(autre, operation)
    assert [client.get(url).status_code for url in (calendrier, enfant, recapitulatif)] == [404, 200, 404]
    client.post(adresse(f), {"deja": "2026-12-07", "jeton": jeton()})
    client.post(adresse(f), {"jours": "2026-12-07", "jeton": jeton()})
    motifs = Mouvement.objects.filter(operation__famille=f.famille).values_list("motif", flat=True)
    assert list(motifs) == [Motif.AUTRE_FOYER] * 2
    assert Reservation.objects.get().inscription == autre.inscription


def test_an_agent_is_a_stranger_to_the_pages_of_families(f, client):
    client.force_login(UtilisateurFactory(agent=True, is_superuser=True))
    operation = f.reserver(LUNDI)
    for url in les_adresses(f, operation):
        assert client.get(url).status_code == 404


@pytest.mark.parametrize("pk", [0, 2**31, 2**63 - 1, 2**63, 10**30, 10**300])
def test_numbers_out_of_this_world_are_not_found(f, client, pk):
    for nom in ("calendrier", "choix_inscription"):
        assert client.get(reverse(f"reservations:{nom}", args=[pk])).status_code == 404
    assert client.post(reverse("reservations:calendrier", args=[pk]), {"jours": "2026-12-07"}).status_code == 404
    etape_2 = reverse("reservations:choix_inscription", args=[f.enfant.pk])
    assert client.get(etape_2, {"inscription": str(pk)}).status_code == 404


@pytest.mark.parametrize("choix", ["", "-1", "1.5", "abc", "²", "١", "\x00", "1 OR 1=1"])
def test_an_enrolment_that_is_not_a_number_is_not_found(f, client, choix):
    assert (
        client.get(reverse("reservations:choix_inscription", args=[f.enfant.pk]), {"inscription": choix}).status_code
        == 404
    )


@pytest.mark.parametrize("annee", ["2099-2100", "", "\x00", "2026-2027'", "é" * 2000])
def test_a_school_year_that_is_not_there_shows_one_that_is(f, client, annee):
    reponse = client.get(reverse("reservations:choix_inscription", args=[f.enfant.pk]), {"annee": annee})
    assert reponse.status_code == 200
    assert "2026-2027" in reponse.content.decode()


@pytest.mark.parametrize(
    "numero",
    ["1", "2026-0", "2026-", "2026-99999999999999999999", "2025-000001", "20260-1", "abc", "2026-1e3", "%00", "2026-²"],
)
def test_an_operation_number_that_is_not_one_is_not_found(f, client, numero):
    operation = f.reserver(LUNDI)
    for adresse in (numero, f"{operation.numero}%0a"):
        assert client.get(f"/reservations/operations/{adresse}/").status_code == 404


# --- Years that do not book ------------------------------------------------------------------------------------------
def test_a_year_that_is_not_open_yet_is_read_not_booked(f, client):
    AnneeScolaire.objects.update(ouverture=INSTANT + dt.timedelta(days=1))
    page = client.get(adresse(f, mois="2026-12")).content.decode()
    assert "ouvriront le" in page
    assert 'type="checkbox"' not in page
    client.post(adresse(f), {"jours": "2026-12-07", "jeton": jeton()})
    assert Mouvement.objects.get().motif == Motif.PAS_OUVERT
    assert not Reservation.objects.exists()


def test_a_year_that_is_over_changes_nothing(f, client, ouverture):
    f.reserver(LUNDI)
    ouverture.move_to(dt.datetime(2027, 7, 20, tzinfo=dt.UTC))
    client.force_login(f.utilisateur)
    client.post(adresse(f), {"jours": "2026-12-08", "deja": "2026-12-07", "jeton": jeton()})
    derniers = Operation.objects.first().mouvements.order_by("date").values_list("motif", flat=True)
    assert list(derniers) == [Motif.HORS_DELAI_ANNULATION, Motif.HORS_DELAI]
    assert Reservation.objects.get().date == LUNDI


def test_another_service_of_the_same_household_is_not_reached_by_the_form(f, client):
    """The enrolment of the address decides; no field of the form names one."""
    ouvrir(annee=f.annee)
    client.post(adresse(f), {"jours": "2026-12-07", "inscription": "0", "activite": "2", "prix": "0", "jeton": jeton()})
    assert Reservation.objects.get().journee.activite == f.activite
    assert Mouvement.objects.get().prix == Inscription.objects.avec_prix().get().prix_fixe
