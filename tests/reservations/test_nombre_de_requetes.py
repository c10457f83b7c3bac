"""The number of statements of a page or a submission: the same for one day and for a whole year, at most 15."""

import datetime as dt
import uuid

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from reservations.models import Journee, Mouvement, Reservation
from reservations.services.absences import declarer_absence
from tests.factories import EnfantFactory, InscriptionFactory, RattachementFactory, foyer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("ouverture", "comptes_justes")]

AU_PLUS = 15
UN_JOUR = [dt.date(2026, 12, 10)]
LUNDI = dt.date(2026, 12, 7)


def instructions(geste):
    """The statements that reach the database, savepoints left out (a request has a transaction in their place)."""
    with CaptureQueriesContext(connection) as requetes:
        geste()
    return [r["sql"] for r in requetes if "SAVEPOINT" not in r["sql"]]


def toute_l_annee():
    return sorted(set(Journee.objects.values_list("date", flat=True)))


def connecte(f):
    client = Client()
    client.force_login(f.utilisateur)
    client.get(reverse("reservations:choix_enfant"))  # the session has begun
    return client


def meme_nombre(*mesures):
    details = "\n\n".join("\n".join(m) for m in mesures)
    assert len({len(m) for m in mesures}) == 1, details
    assert len(mesures[0]) <= AU_PLUS, details


def test_booking_one_day_or_the_year():
    f, g = foyer(), foyer()
    annee = toute_l_annee()
    un = instructions(lambda: f.reserver(*UN_JOUR))
    tous = instructions(lambda: g.reserver(*annee))
    assert Reservation.objects.filter(inscription=g.inscription).count() == len(annee) > 130
    meme_nombre(un, tous)


def test_cancelling_one_day_or_the_year():
    f, g = foyer(reserves=UN_JOUR), foyer()
    annee = toute_l_annee()
    g.reserver(*annee)
    meme_nombre(
        instructions(lambda: f.reserver(annuler=UN_JOUR)),
        instructions(lambda: g.reserver(annuler=annee)),
    )
    assert not Reservation.objects.exists()


def test_being_refused_one_day_or_the_year():
    f, g = foyer(), foyer()
    annee = toute_l_annee()
    Journee.objects.update(capacite=0)
    meme_nombre(instructions(lambda: f.reserver(*UN_JOUR)), instructions(lambda: g.reserver(*annee)))
    assert Mouvement.objects.filter(motif="complet").count() == len(annee) + 1


def test_one_day_among_many_bookings_of_others():
    f = foyer()
    seul = instructions(lambda: f.reserver(*UN_JOUR))
    for _ in range(12):
        foyer(activite=f.activite, reserves=UN_JOUR)
    dernier = foyer(activite=f.activite)
    meme_nombre(seul, instructions(lambda: dernier.reserver(*UN_JOUR)))


@pytest.mark.parametrize("champ", ["jours", "deja"])
def test_the_submission_of_the_form(champ):
    f, g = foyer(), foyer()
    annee = toute_l_annee()
    if champ == "deja":
        f.reserver(*UN_JOUR)
        g.reserver(*annee)

    def envoi(x, jours):
        client = connecte(x)
        url = reverse("reservations:calendrier", args=[x.inscription.pk])
        donnees = {champ: [str(j) for j in jours], "jeton": str(uuid.uuid4())}
        return instructions(lambda: client.post(url, donnees))

    meme_nombre(envoi(f, UN_JOUR), envoi(g, annee))
    assert Reservation.objects.count() == (len(annee) + 1 if champ == "jours" else 0)


def test_the_bulk_button():
    f, g = foyer(), foyer()

    def envoi(x, portee):
        client = connecte(x)
        url = reverse("reservations:calendrier", args=[x.inscription.pk])
        vus = client.get(url).context["calendrier"].vus
        return instructions(lambda: client.post(url, {"vus": vus, "portee": portee, "jeton": str(uuid.uuid4())}))

    meme_nombre(envoi(f, "semaine:2026-12-10"), envoi(g, "annee"))


@pytest.mark.parametrize("page", ["calendrier", "choix_enfant", "choix_inscription"])
def test_the_pages_of_the_steps_with_nothing_or_a_year_booked(page):
    f, g = foyer(reserves=UN_JOUR), foyer()
    g.reserver(*toute_l_annee())
    for _ in range(5):  # brothers and sisters
        cadet = RattachementFactory(famille=g.famille, enfant=EnfantFactory())
        InscriptionFactory(rattachement=cadet, activite=g.activite, annee=g.annee)

    def lecture(x):
        cles = {"calendrier": [x.inscription.pk], "choix_enfant": [], "choix_inscription": [x.enfant.pk]}[page]
        client = connecte(x)
        return instructions(lambda: client.get(reverse(f"reservations:{page}", args=cles)))

    meme_nombre(lecture(f), lecture(g))


def test_the_recap_of_one_day_or_of_the_year():
    f, g = foyer(), foyer()
    un, tous = f.reserver(*UN_JOUR), g.reserver(*toute_l_annee())

    def lecture(x, operation):
        client = connecte(x)
        return instructions(lambda: client.get(reverse("reservations:operation", args=[operation.numero])))

    meme_nombre(lecture(f, un), lecture(g, tous))


def test_the_home_page_at_its_fullest_with_the_end_of_the_session_put_off(ouverture):
    """BEGIN and COMMIT, savepoints here, are counted too: the session is written after a minute of silence."""
    f = foyer(reserves=[LUNDI, *UN_JOUR])
    g = foyer(activite=f.activite, reserves=[LUNDI, *UN_JOUR])
    for _ in range(3):
        cadet = RattachementFactory(famille=g.famille, enfant=EnfantFactory())
        InscriptionFactory(rattachement=cadet, activite=g.activite, annee=g.annee)
    ouverture.move_to(dt.datetime(2026, 12, 7, 5, 30, tzinfo=dt.UTC))
    declarer_absence(inscription=g.inscription.pk, jour=LUNDI, auteur=g.utilisateur, cle="absence")

    def lecture(x):
        client = connecte(x)
        ouverture.shift(dt.timedelta(minutes=2))
        with CaptureQueriesContext(connection) as requetes:
            assert "Absen" in client.get(reverse("portail:accueil")).content.decode()
        lues = [r["sql"] for r in requetes]
        assert any(sql.startswith('UPDATE "comptes_sessionducompte"') for sql in lues)
        return lues

    meme_nombre(lecture(f), lecture(g))
