"""The tariffs of households read from the database, and the paths that ask them the price of a day."""

import datetime as dt
import uuid
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from comptes.models import QuotientFamilial
from reservations.lecture_tarifs import habite_la_commune, tarifs_des
from reservations.models import Grille, Inscription, Mouvement, Reservation, Tarif
from reservations.regles_changements import Changements
from reservations.services.reserver import simuler
from tests.factories import EnfantFactory, GrilleFactory, InscriptionFactory, RattachementFactory, foyer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("ouverture", "comptes_justes")]
NOVEMBRE, DECEMBRE = dt.date(2026, 11, 3), dt.date(2026, 12, 10)
D = Decimal


def quotient(f, valeur, mois=dt.date(2026, 9, 1)):
    return QuotientFamilial.objects.create(famille=f.famille, mois=mois, valeur=valeur, source="agent")


def avec_grille(f, **champs) -> Grille:
    grille = GrilleFactory(**champs)
    f.activite.tarification = grille.tarification
    f.activite.save()
    return grille


@pytest.mark.parametrize(
    ("commune", "resident"),
    [
        ("Carcassonne", True), ("CARCASSONNE", True), ("carcassonne ", True), ("", True), ("  ", True),
        ("Trèbes", False), ("Carcassonne-Est", False), ("Pennautier", False),
    ],
)  # fmt: skip
def test_a_resident_is_who_lives_in_the_town_however_it_is_spelt(commune, resident):
    assert habite_la_commune(commune) is resident


@pytest.mark.parametrize("commune", ["Saint-Hilaire", "SAINT HILAIRE", "Saint Hilaire"])
def test_hyphens_and_accents_do_not_make_an_outsider(settings, commune):
    settings.VILLE = settings.VILLE | {"nom": "Saint-Hilaire"}
    assert habite_la_commune(commune)


def test_the_quotient_of_the_household_alone_gives_the_price():
    f, voisin = foyer(), foyer()
    avec_grille(f)
    quotient(f, 845)
    quotient(voisin, 100)
    lu = tarifs_des([f.inscription])[f.inscription.pk]
    assert (lu.le(DECEMBRE).montant, lu.resident, lu.rang) == (D("3.40"), True, 1)
    assert tarifs_des([voisin.inscription])[voisin.inscription.pk].le(DECEMBRE).montant == D("4.97")


def test_two_households_of_one_child_each_have_their_price():
    f = foyer()
    autre = foyer(enfant=f.enfant, activite=f.activite)
    avec_grille(f)
    quotient(f, 100)
    lus = tarifs_des([f.inscription, autre.inscription])
    assert lus[f.inscription.pk].le(DECEMBRE).montant == D("2.30")
    assert lus[autre.inscription.pk].le(DECEMBRE).montant == D("3.90")


def test_the_rank_is_that_of_age_among_the_children_enrolled_that_year():
    f = foyer()
    avec_grille(f, fratrie_rang=3, fratrie_reduction=10)
    nes = [dt.date(2015, 1, 1), dt.date(2016, 1, 1), dt.date(2019, 1, 1)]
    enfants = [EnfantFactory(naissance=ne) for ne in nes]
    siens = [
        InscriptionFactory(
            rattachement=RattachementFactory(famille=f.famille, enfant=e), activite=f.activite, annee=f.annee
        )
        for e in enfants
    ]
    RattachementFactory(famille=f.famille, enfant=EnfantFactory(naissance=dt.date(2014, 1, 1)))  # not at the canteen
    lus = tarifs_des(Inscription.objects.all())
    assert [lus[i.pk].rang for i in siens] == [1, 2, 4]
    assert lus[f.inscription.pk].rang == 3  # born in 2017
    assert lus[f.inscription.pk].le(DECEMBRE).montant == D("3.51")


def test_twins_have_a_rank_each():
    f = foyer()
    jumeau = EnfantFactory(naissance=f.enfant.naissance)
    autre = InscriptionFactory(
        rattachement=RattachementFactory(famille=f.famille, enfant=jumeau), activite=f.activite, annee=f.annee
    )
    lus = tarifs_des([f.inscription, autre])
    assert [lus[f.inscription.pk].rang, lus[autre.pk].rang] == [1, 2]


def test_the_statements_do_not_depend_on_the_enrolments(django_assert_num_queries):
    f = foyer()
    avec_grille(f)
    for _ in range(6):
        quotient(foyer(activite=f.activite), 800)
    inscriptions = list(Inscription.objects.all())
    with django_assert_num_queries(2):
        assert len(tarifs_des(inscriptions)) == 7


# --- Booking ---------------------------------------------------------------------------------------------------------
def test_each_day_is_booked_at_its_own_price():
    f = foyer()
    avec_grille(f)
    quotient(f, 300, dt.date(2026, 12, 1))
    f.reserver(NOVEMBRE, DECEMBRE)
    assert list(Reservation.objects.order_by("date").values_list("prix", flat=True)) == [D("3.90"), D("2.30")]
    assert list(Mouvement.objects.order_by("date").values_list("prix", flat=True)) == [D("3.90"), D("2.30")]


def test_without_grid_the_submission_costs_no_statement_more_and_with_one_two(django_assert_num_queries):
    f = foyer()
    jours = frozenset({NOVEMBRE, DECEMBRE})
    with django_assert_num_queries(4):
        simuler(demandes={f.inscription.pk: Changements(jours)})
    avec_grille(f)
    with django_assert_num_queries(6):
        simuler(demandes={f.inscription.pk: Changements(jours)})


def test_a_grid_alone_is_enough_to_book():
    f = foyer()
    avec_grille(f)
    Tarif.objects.all().delete()
    f.reserver(DECEMBRE)
    assert Reservation.objects.get().prix == D("3.90")


# --- Pages -----------------------------------------------------------------------------------------------------------
def page(f, adresse):
    client = Client()
    client.force_login(f.utilisateur)
    reponse = client.get(adresse)
    return reponse.status_code, reponse.content.decode().replace("\xa0", " ").replace("\u202f", " ")


def test_the_calendar_says_each_price_of_the_year_and_the_script_counts_with_that_of_the_day():
    f = foyer()
    avec_grille(f)
    quotient(f, 300, dt.date(2026, 12, 1))
    _, html = page(f, reverse("reservations:calendrier", args=[f.inscription.pk]))
    assert "3,90 € le repas, 2,30 € dès le 01/12/2026" in html
    assert f"{NOVEMBRE}:0:390" in html
    assert f"{DECEMBRE}:0:230" in html


@pytest.mark.parametrize("nom", ["choix_inscription", "tous"])
def test_the_other_pages_say_the_price_of_the_household(nom):
    f = foyer()
    avec_grille(f)
    quotient(f, 300)
    args = [f.enfant.pk] if nom == "choix_inscription" else []
    statut, html = page(f, reverse(f"reservations:{nom}", args=args))
    assert statut == 200
    assert "2,30 € le repas" in html


def test_why_this_price_says_each_step_the_vote_and_what_was_booked():
    f = foyer(reserves=[NOVEMBRE])
    avec_grille(f)
    quotient(f, 845)
    adresse = reverse("reservations:prix", args=[f.inscription.pk])
    statut, html = page(f, f"{adresse}?jour={NOVEMBRE}")
    assert statut == 200
    assert "Mardi 3 novembre 2026 : 3,40 €" in html
    assert "Votre quotient familial est de 845 € : tranche « quotient de 700 à 1 099 € », 3,40 €." in html
    assert "délibération 2026-041 du 12/06/2026" in html
    assert "réservé à <strong>4,97 €</strong>" in html


@pytest.mark.parametrize("jour", ["", "demain", "2026-02-30", "9999-12-31", "0001-01-01", "2026-13", "%00"])
def test_a_day_that_is_not_of_the_enrolment_is_answered_by_another(jour):
    f = foyer()
    statut, html = page(f, reverse("reservations:prix", args=[f.inscription.pk]) + f"?jour={jour}")
    assert statut == 200
    assert ("n’est pas dans l’inscription" in html) is bool(jour)


def test_the_price_of_somebody_else_is_not_found():
    f, etranger = foyer(), foyer()
    assert page(etranger, reverse("reservations:prix", args=[f.inscription.pk]))[0] == 404
    assert page(f, "/reservations/inscriptions/99999999999999999999/prix/")[0] == 404


def test_the_recap_leads_to_the_reason_of_its_prices():
    f = foyer()
    operation = f.reserver(DECEMBRE)
    _, html = page(f, reverse("reservations:operation", args=[operation.numero]))
    assert f"/reservations/inscriptions/{f.inscription.pk}/prix/?jour={DECEMBRE}" in html


def test_everyone_reads_the_tariffs_and_what_they_would_pay():
    f = foyer()
    avec_grille(f, prix_exterieur="6.50", prix_panier="1.20", fratrie_rang=2, fratrie_reduction=10)
    anonyme = Client()
    html = anonyme.get("/tarifs/").content.decode().replace("\xa0", " ").replace("\u202f", " ")
    for mots in (
        "Quotient de 700 à 1 099 €",
        "Hors commune",
        "Panier-repas",
        "2026-041 du 12/06/2026",
        str(f.activite),
    ):
        assert mots in html
    assert "PAI" not in html
    simule = anonyme.get("/tarifs/?quotient=845&commune=carcassonne&enfants=2").content.decode().replace("\xa0", " ")
    assert "Enfant n° 1 :" in simule
    assert "<strong>3,40 € le repas</strong>" in simule
    assert "<strong>3,06 € le repas</strong>" in simule
    dehors = anonyme.get("/tarifs/?quotient=845&commune=Trèbes&enfants=1").content.decode().replace("\xa0", " ")
    assert "<strong>6,50 € le repas</strong>" in dehors


@pytest.mark.parametrize(
    ("demande", "phrase"),
    [
        ("quotient=-1&enfants=1", "n’est pas négatif"),
        ("quotient=1000000000&enfants=1", "trop grand"),
        ("quotient=abc&enfants=1", "sans centimes"),
        ("quotient=845,50&enfants=1", "sans centimes"),
        ("quotient=1e9&enfants=1", "sans centimes"),
        ("quotient=&enfants=0", "au moins un enfant"),
        ("quotient=&enfants=13", "au plus 12"),
        ("quotient=&enfants=", "combien d’enfants"),
        ("quotient=&enfants=deux", "par exemple 2"),
        (f"quotient=&enfants=1&commune={'a' * 200}", "trop long"),
        (f"quotient={'9' * 5000}&enfants=1", "sans centimes"),
    ],
)
def test_what_makes_no_sense_is_answered_by_a_sentence(demande, phrase):
    GrilleFactory()
    reponse = Client().get(f"/tarifs/?{demande}")
    assert reponse.status_code == 200
    assert phrase in reponse.content.decode()
    assert "le repas</strong>" not in reponse.content.decode()


def test_a_town_without_grids_says_where_the_price_is():
    assert "dans le calendrier" in Client().get("/tarifs/").content.decode()


def test_the_page_of_tariffs_costs_the_same_whatever_the_grids(django_assert_max_num_queries):
    for n in range(4):
        GrilleFactory(tarification__nom=f"T{n}")
    with django_assert_max_num_queries(4):
        Client().get(f"/tarifs/?enfants=1&quotient={uuid.uuid4().int % 1000}")
