"""All the children at once: the waiting list of the full days, the cut-offs, the closures, the years, the menu."""

import datetime as dt
import re
import uuid

import pytest
from django.test import Client
from django.urls import reverse

from reservations.models import Attente, Journee, Mouvement, Operation
from reservations.recapitulatif import PartieDuRecapitulatif
from reservations.services.attente import servir
from tests.factories import AnneeScolaireFactory, InscriptionFactory, foyer, ouvrir
from tests.reservations.test_attente_pages import connecte, demande, donnees, plein
from tests.reservations.test_famille import MOIS, cadet

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("ouverture", "comptes_justes")]
LUNDI, MARDI, JEUDI = (dt.date(2026, 12, n) for n in (7, 8, 10))
N = Mouvement.Nature


@pytest.fixture
def scene():
    """Léa and Tom; Monday and Tuesday are full in Tom's school, where another household waits for Monday."""
    activite, tient = plein(LUNDI, MARDI)
    demande(foyer(activite=activite))
    f = foyer()
    f.tom, f.tient = cadet(f, activite=activite), tient
    return f


def lire(client, adresse=MOIS) -> str:
    return re.sub(r"\s+", " ", client.get(adresse).content.decode())


def file_de(client, inscription) -> str:
    """What the page says of the waiting list of a child."""
    return lire(client).partition(f'data-file="{inscription.pk}"')[2].partition("</section>")[0]


# --- The waiting list ------------------------------------------------------------------------------------------------
def test_a_full_day_is_asked_for_by_its_child_then_shows_its_rank_and_is_withdrawn(scene):
    client = connecte(scene)
    assert f'data-file="{scene.inscription.pk}"' not in lire(client)
    assert "Demander à attendre : 2 jours complets" in lire(client)
    formulaire = file_de(client, scene.tom)
    assert all(mot in formulaire for mot in ("Réserver automatiquement", "Me proposer la place", "2026-12-08"))
    adresse = reverse("reservations:attente", args=[scene.tom.pk])
    assert adresse in formulaire
    recap = client.post(adresse, donnees(LUNDI, mode="auto", depuis="tous"))
    assert recap.url.endswith("?depuis=tous")
    assert "Rang 2 · réserver automatiquement" in file_de(client, scene.tom)
    assert 'data-etat="attente"' in lire(client)
    sienne = Attente.objects.get(inscription=scene.tom)
    retrait = reverse("reservations:retirer_attente", args=[sienne.pk])
    assert retrait in file_de(client, scene.tom)
    assert client.post(retrait, {"depuis": "tous"}).url.endswith("?depuis=tous")
    assert "Rang" not in file_de(client, scene.tom)


def test_an_offer_is_answered_from_the_page(scene):
    Attente.objects.all().delete()
    client = connecte(scene)
    client.post(reverse("reservations:attente", args=[scene.tom.pk]), donnees(LUNDI, mode="proposer"))
    scene.tient.reserver(annuler=[LUNDI])
    servir()
    texte = file_de(client, scene.tom)
    assert "Accepter et réserver le repas" in texte
    client.post(reverse("reservations:accepter_place", args=[Attente.objects.get().pk]), {"depuis": "tous"})
    assert scene.tom.reservations.filter(date=LUNDI).exists()


def test_the_page_says_nothing_of_the_requests_of_others(scene):
    assert "Rang" not in lire(connecte(scene))


def test_nothing_is_asked_past_the_cut_off(scene, ouverture):
    ouverture.move_to(dt.datetime(2026, 12, 7, 7, tzinfo=dt.UTC))
    client = Client()
    client.force_login(scene.utilisateur)
    assert "Liste d’attente" not in lire(client)
    servir()


def test_the_statements_do_not_depend_on_the_requests(scene, django_assert_max_num_queries):
    client = connecte(scene)
    client.get(MOIS)
    with django_assert_max_num_queries(15) as lues:
        client.get(MOIS)
    avant = len(lues)
    client.post(reverse("reservations:attente", args=[scene.tom.pk]), donnees(LUNDI, MARDI))
    client.get(MOIS)
    with django_assert_max_num_queries(15) as lues:
        client.get(MOIS)
    assert len(lues) == avant


@pytest.mark.parametrize(
    ("nature", "attendu"),
    [
        (N.AJOUT, True),
        (N.ANNULATION, True),
        (N.REFUS, True),
        (N.SANS_EFFET, True),
        (N.ATTENTE, False),
        (N.SORTIE_D_ATTENTE, False),
        (N.ABSENCE, False),
    ],
)
def test_only_a_calendar_that_was_sent_ends_its_draft(nature, attendu):
    assert PartieDuRecapitulatif(None, [Mouvement(nature=nature)]).du_calendrier is attendu


# --- The cut-offs ----------------------------------------------------------------------------------------------------
def test_the_cut_offs_are_listed_once_for_the_children_who_have_the_same(client):
    f = foyer()
    cadet(f)
    client.force_login(f.utilisateur)
    texte = lire(client)
    assert texte.count("Jusqu’à quand réserver ou annuler ?") == 1
    assert texte.count("<strong>lundi 7 décembre</strong>") == 1
    assert "limites-de" not in texte


def test_the_cut_offs_are_listed_by_child_when_they_differ(client):
    f = foyer()
    cadet(f, activite=ouvrir(reservation_jours=7))
    cadet(f, "Zoé")
    client.force_login(f.utilisateur)
    texte = lire(client)
    assert 'class="limites-de">Léa et Zoé<' in texte
    assert 'class="limites-de">Tom<' in texte
    assert texte.count("<strong>lundi 7 décembre</strong>") == 2


# --- Closures --------------------------------------------------------------------------------------------------------
RAISON = "Grève nationale du personnel communal"


def test_the_closure_of_one_child_is_listed_in_full_and_short_in_its_cell(client):
    f = foyer()
    tom = cadet(f)
    Journee.objects.filter(activite=tom.activite, date__in=[LUNDI, MARDI]).update(fermeture=RAISON)
    client.force_login(f.utilisateur)
    texte = lire(client)
    assert f"<strong>Tom, du lundi 7 au mardi 8 décembre</strong> : {RAISON}" in texte
    assert f'<span class="sur-telephone" aria-hidden="true">Fermé</span><span class="entier">{RAISON}</span>' in texte


def test_the_closure_of_all_is_a_band_and_is_not_said_twice(client):
    f = foyer()
    cadet(f)
    Journee.objects.filter(date=LUNDI).update(fermeture=RAISON)
    client.force_login(f.utilisateur)
    assert lire(client).count("nationale du personnel communal") == 1


# --- Bands, years, menu ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("mois", "bandes"),
    [
        # Christmas holidays over two months: each month ends and begins with its own band.
        ("2026-12", ["Sam. 19 et dim. 20 : vacances", "Lun. 21 au dim. 27 : vacances"]),
        ("2026-12", ["Lun. 28 au jeu. 31 : vacances"]),
        ("2027-01", ["Ven. 1 au dim. 3 : vacances"]),
        ("2026-10", ["Lun. 26 au sam. 31 : vacances"]),
        ("2026-11", ["Dim. 1 : vacances"]),
    ],
)
def test_a_band_stops_at_the_end_of_the_week_and_of_the_month(client, mois, bandes):
    f = foyer()
    cadet(f)
    client.force_login(f.utilisateur)
    texte = lire(client, MOIS.replace("2026-12", mois))
    lues = re.findall(r'<tr class="ferme"> ?<th scope="row" colspan="3">([^<]*)</th>', texte)
    assert [b for b in bandes if b in lues] == bandes, lues


def test_the_links_lead_to_the_years_around_in_which_the_household_has_enrolments(client):
    f = foyer()
    cadet(f)
    for libelle in ("2025-2026", "2027-2028"):
        annee = AnneeScolaireFactory(libelle=libelle)
        InscriptionFactory(rattachement=f.rattachement, activite=f.activite, annee=annee)
    client.force_login(f.utilisateur)
    for page in ("tous", "rythme", "copie"):
        adresse = reverse(f"reservations:{page}")
        texte = lire(client, f"{adresse}?annee=2026-2027")
        assert [f"{adresse}?annee={a}" in texte for a in ("2025-2026", "2027-2028")] == [True, True], page
    for libelle, autre in (("2025-2026", "Année 2027"), ("2027-2028", "Année 2025")):
        texte = lire(client, f"{reverse('reservations:tous')}?annee={libelle}")
        assert f"Année scolaire {libelle}" in texte
        assert "?annee=2026-2027" in texte
        assert autre not in texte


def test_the_menu_marks_the_child_whose_steps_are_on_screen(client):
    f = foyer()
    tom = cadet(f)
    client.force_login(f.utilisateur)
    operation = f.reserver(LUNDI)
    marque = f'<a href="{reverse("reservations:enfant", args=[f.enfant.pk])}" aria-current="true">'
    for nom, args in {
        "choix_inscription": [f.enfant.pk],
        "calendrier": [f.inscription.pk],
        "attente": [f.inscription.pk],
        "operation": [operation.numero],
    }.items():
        texte = lire(client, reverse(f"reservations:{nom}", args=args))
        assert texte.count(marque) == 1, nom
        assert texte.count('aria-current="true"') == texte.count(marque) + ("liste-mois" in texte), nom
    client.post(MOIS, {"jours": f"{tom.pk}:{MARDI}", "jeton": str(uuid.uuid4())})
    recap = reverse("reservations:operation", args=[Operation.objects.latest("pk").numero]) + "?depuis=tous"
    for adresse in (MOIS, recap, reverse("reservations:choix_enfant")):
        assert marque not in lire(client, adresse)
