"""Attendance: who did not come, who came without a booking, what it costs, and who may say so."""

import datetime as dt
from decimal import Decimal

import pytest
from django.urls import reverse

from reservations.models import Ecart, Grille, Journee, Pointage, Tarif, Tarification, Tranche
from reservations.regles_pointage import prix_de_l_imprevu, refus_de_pointer, supplement_d_absence
from reservations.services import declarer_absence
from tests.administration import agent as connecter
from tests.factories import EnfantFactory, foyer
from tests.portail.html import Page
from tests.reservations.test_nombre_de_requetes import instructions

D = Decimal
LUNDI = dt.date(2026, 12, 7)
MIDI = dt.datetime(2026, 12, 7, 11, 40, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("jours", "refuse"), [(-1, "pas encore venu"), (0, ""), (1, ""), (10, ""), (11, "pendant 10 jours")]
)
def test_attendance_is_taken_on_the_day_or_a_few_days_after(jours, refuse):
    phrase = refus_de_pointer(LUNDI, aujourdhui=LUNDI + dt.timedelta(days=jours), delai=10)
    assert refuse in phrase
    assert bool(phrase) == bool(refuse)


@pytest.mark.parametrize(
    ("prix", "supplement", "cout", "attendu"),
    [("3", "2", "9", "2"), ("3", "2", "4.5", "1.5"), ("3", "2", "3", "0"), ("3", "0", "9", "0"), ("3", "2", None, "0")],
)
def test_a_surcharge_never_goes_above_the_cost_of_the_meal(prix, supplement, cout, attendu):
    assert supplement_d_absence(D(prix), supplement=D(supplement), cout=cout and D(cout)) == D(attendu)


@pytest.mark.parametrize(
    ("prix", "du", "attendu"), [("5", "0", "5"), ("5", "5", "0"), ("5", "2", "3"), ("5", "6", "0")]
)
def test_who_comes_after_all_does_not_pay_twice(prix, du, attendu):
    assert prix_de_l_imprevu(D(prix), deja_du=D(du)) == D(attendu)


@pytest.fixture
def midi(db, ouverture, comptes_justes):
    """Monday noon: Léa and Ali are booked, Zoé is enrolled and not booked."""
    f = foyer(enfant=EnfantFactory(prenom="Léa"), reserves=[LUNDI])
    f.ali = foyer(enfant=EnfantFactory(prenom="Ali"), activite=f.activite, reserves=[LUNDI])
    f.zoe = foyer(enfant=EnfantFactory(prenom="Zoé"), activite=f.activite)
    f.journee = Journee.objects.get(activite=f.activite, date=LUNDI)
    f.page = reverse("reservations:pointage", args=[f.journee.pk])
    ouverture.move_to(MIDI)
    return f


def envoyer(midi, presents, imprevus=(), montres=None, role="cantine"):
    montres = [midi.enfant.pk, midi.ali.enfant.pk] if montres is None else montres
    champs = {"montres": montres, "presents": presents, "imprevus": imprevus}
    return connecter(role).post(midi.page, champs, follow=True)


def ecarts():
    return {e.enfant.prenom: (e.nature, e.prix) for e in Ecart.objects.select_related("enfant")}


def test_who_is_not_ticked_is_absent_and_who_is_added_pays(midi):
    page = Page(envoyer(midi, [midi.enfant.pk], [midi.zoe.inscription.pk]))
    assert "Pointage enregistré" in page.texte
    assert ecarts() == {"Ali": ("absent", D(0)), "Zoé": ("imprevu", D("4.97"))}
    assert Pointage.objects.get().journee == midi.journee


def test_correcting_replaces_what_was_said(midi):
    envoyer(midi, [midi.enfant.pk], [midi.zoe.inscription.pk])
    envoyer(midi, [midi.ali.enfant.pk])
    assert ecarts() == {"Léa": ("absent", D(0))}
    envoyer(midi, [midi.enfant.pk, midi.ali.enfant.pk])
    assert ecarts() == {}
    assert Pointage.objects.count() == 1


def test_a_meal_that_the_page_did_not_show_is_no_absence(midi):
    envoyer(midi, [midi.enfant.pk], montres=[midi.enfant.pk])
    assert ecarts() == {}


def test_the_grid_adds_its_surcharge_up_to_the_cost(midi):
    tarification = Tarification.objects.create(nom="Cantine")
    grille = Grille.objects.create(
        tarification=tarification,
        deliberation="2026-1",
        votee_le=LUNDI,
        debut=dt.date(2026, 9, 1),
        cout=D("6.00"),
        supplement_absence=D("2.00"),
    )
    Tranche.objects.create(grille=grille, a_partir_de=0, prix=D("4.97"))
    midi.activite.tarification = tarification
    midi.activite.save()
    envoyer(midi, [midi.enfant.pk])
    assert ecarts() == {"Ali": ("absent", D("1.03"))}


def test_who_comes_in_spite_of_an_announced_absence_pays_the_rest(midi, ouverture):
    ouverture.move_to(MIDI.replace(hour=7))
    declarer_absence(inscription=midi.inscription.pk, jour=LUNDI, auteur=midi.utilisateur, cle="a")
    ouverture.move_to(MIDI)
    envoyer(midi, [midi.ali.enfant.pk], [midi.inscription.pk])
    assert ecarts() == {"Léa": ("imprevu", D(0))}


@pytest.mark.parametrize("quand", [MIDI - dt.timedelta(days=1), MIDI + dt.timedelta(days=11)])
def test_too_early_or_too_late_is_a_sentence(midi, ouverture, quand):
    ouverture.move_to(quand)
    assert "pointage se" in Page(envoyer(midi, [])).texte
    assert not Pointage.objects.exists()


@pytest.mark.parametrize("valeur", ["x", "-1", "²", "9" * 30, "1 2", ""])
@pytest.mark.parametrize("champ", ["montres", "presents", "imprevus"])
def test_a_forged_form_is_a_sentence_and_changes_nothing(midi, champ, valeur):
    reponse = connecter("cantine").post(midi.page, {champ: [valeur]}, follow=True)
    assert "pas celui de cette page" in Page(reponse).texte
    assert not Pointage.objects.exists()


def test_a_child_of_elsewhere_or_already_booked_cannot_be_added(midi):
    ailleurs = foyer()
    for inscription in (ailleurs.inscription, midi.inscription):
        assert "n’est pas inscrit à ce service" in Page(envoyer(midi, [], [inscription.pk])).texte
    assert not Pointage.objects.exists()


def test_a_meal_without_a_price_is_said(midi):
    Tarif.objects.all().delete()
    assert "n’a pas de prix" in Page(envoyer(midi, [], [midi.zoe.inscription.pk])).texte
    assert not Pointage.objects.exists()


@pytest.mark.parametrize(("role", "statut"), [("cantine", 200), ("guichet", 403), ("regie", 403)])
def test_only_the_canteen_takes_it(midi, role, statut):
    assert connecter(role).get(midi.page).status_code == statut
    assert connecter(role).post(midi.page).status_code == (302 if statut == 200 else 403)


def test_the_list_of_the_day_leads_to_it_and_back(midi):
    client = connecter("cantine")
    liste = f"/cantine/?jour=2026-12-07&activite={midi.activite.pk}"
    assert midi.page in client.get(liste).text
    assert liste.replace("&", "&amp;") in client.get(midi.page).text


def test_it_costs_the_same_for_two_children_and_for_many(midi):
    client = connecter("cantine")

    def cout():
        return len(instructions(lambda: client.get(midi.page)))

    cout()
    deux = cout()
    for n in range(4):
        foyer(enfant=EnfantFactory(prenom=f"E{n}"), activite=midi.activite)
    assert cout() == deux <= 15
