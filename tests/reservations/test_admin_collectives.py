"""The agents' page of collective cancellations: choose, see who is concerned, confirm, undo."""

import datetime as dt

import pytest
from django.contrib.admin.models import LogEntry

from reservations.models import AnnulationCollective, Reservation
from tests.administration import adresse, agent
from tests.factories import foyer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("ouverture", "comptes_justes")]
LUNDI, MARDI, JEUDI, VENDREDI = (dt.date(2026, 12, n) for n in (7, 8, 10, 11))
PAGE = "/admin/reservations/annulationcollective/add/"


def choix(*foyers, **suite):
    return {
        "nature": "greve", "motif": "Grève", "activites": [str(f.activite.pk) for f in foyers], "debut": "10/12/2026",
    } | suite  # fmt: skip


def texte(reponse) -> str:
    return reponse.content.decode().replace("\xa0", " ")


@pytest.fixture
def guichet():
    return agent("guichet")


def test_choose_see_confirm_undo(guichet):
    f = foyer(reserves=[JEUDI, VENDREDI])
    assert "Voir qui est concerné" in texte(guichet.get(PAGE))
    vue = guichet.get(PAGE, choix(f, fin="11/12/2026"))
    assert "2 repas réservés, 1 famille" in texte(vue)
    assert f.enfant.nom not in texte(vue)
    assert f.enfant.nom in texte(guichet.get(PAGE, choix(f, fin="11/12/2026", liste="1")))
    assert Reservation.objects.count() == 2
    envoi = choix(f, fin="11/12/2026", jeton=vue.context["jeton"])
    for _ in range(2):
        fait = guichet.post(PAGE, envoi, follow=True)
        assert fait.redirect_chain[-1][0] == adresse(
            "change", AnnulationCollective, AnnulationCollective.objects.get().pk
        )
    assert not Reservation.objects.exists()
    assert "2 repas annulés sans frais, 1 famille prévenue" in texte(fait)
    url = f"/admin/reservations/annulationcollective/{AnnulationCollective.objects.get().pk}/retablir/"
    assert guichet.get(url).status_code == 405
    assert "sont rétablis" in texte(guichet.post(url, follow=True))
    assert "déjà rétablie" in texte(guichet.post(url, follow=True))
    assert Reservation.objects.count() == 2
    assert LogEntry.objects.count() == 2


def test_the_classes_of_the_services_are_offered(guichet):
    f, g = foyer(reserves=[JEUDI]), foyer(reserves=[JEUDI])
    type(f.inscription).objects.filter(pk=f.inscription.pk).update(classe="CE2 B")
    assert "CE2 B" in texte(guichet.get(PAGE, choix(f, g)))
    vue = guichet.get(PAGE, choix(f, g, classes=["CE2 B"]))
    assert "1 repas réservé, 1 famille" in texte(vue)
    guichet.post(PAGE, choix(f, g, classes=["CE2 B"], jeton="x"))
    assert [r.inscription for r in Reservation.objects.all()] == [g.inscription]


def test_scattered_days_alone_or_beside_a_period(guichet):
    f = foyer(reserves=[LUNDI, MARDI, JEUDI, VENDREDI])
    vue = guichet.get(PAGE, choix(f, debut="", autres="07/12/2026\r\n10/12/2026, 07/12/2026"))
    assert vue.context["jours"] == (LUNDI, JEUDI)
    assert "2 repas réservés" in texte(vue)
    vue = guichet.get(PAGE, choix(f, debut="10/12/2026", fin="13/12/2026", autres="2026-12-07"))
    assert vue.context["jours"] == (LUNDI, JEUDI, VENDREDI)
    guichet.post(PAGE, choix(f, debut="", autres="07/12/2026 ; 10/12/2026", jeton="x"))
    assert AnnulationCollective.objects.get().jours == [LUNDI, JEUDI]
    assert [r.date for r in Reservation.objects.order_by("date")] == [MARDI, VENDREDI]


@pytest.mark.parametrize(
    ("dates", "phrase"),
    [
        ({"debut": ""}, "Saisissez le premier jour, ou des jours séparés"),
        ({"debut": "", "fin": "10/12/2026", "autres": "10/12/2026"}, "Saisissez le premier jour"),
        ({"debut": "", "autres": "31/02/2026"}, "« 31/02/2026 » n’est pas une date : écrivez par exemple"),
        ({"debut": "", "autres": "demain, <b>"}, "« demain » n’est pas une date"),
        ({"debut": "", "autres": "09/12/2026"}, "Pas de service ouvert à venir le mercredi 9 décembre 2026"),
        ({"debut": "", "autres": "10/12/2026, 01/01/0001, 31/12/9999"}, "Pas de service ouvert à venir le "),
        ({"debut": "", "autres": " ".join(f"{1 + n % 28}/{1 + n // 28}/2027" for n in range(63))}, "Au plus 62 jours"),
        ({"debut": "10/12/2026", "autres": "zz"}, "« zz » n’est pas une date"),
        ({"debut": "10/12/2026", "autres": "1," * 1100}, "2000"),
    ],
)
def test_days_that_cannot_be_read_are_told_in_a_sentence(guichet, dates, phrase):
    f = foyer(reserves=[JEUDI])
    reponse = guichet.post(PAGE, choix(f, jeton="x") | dates)
    assert phrase in " ".join(str(e) for liste in reponse.context["form"].errors.values() for e in liste).replace(
        "\xa0", " "
    )
    assert Reservation.objects.count() == 1


@pytest.mark.parametrize(("role", "page", "liste"), [("cantine", 403, 403), ("regie", 403, 403), ("admin", 200, 200)])
def test_who_may(role, page, liste):
    f = foyer(reserves=[JEUDI])
    client = agent(role)
    assert client.get(PAGE).status_code == page
    assert client.get(adresse("changelist", AnnulationCollective)).status_code == liste
    faite = agent("guichet").post(PAGE, choix(f, jeton="x"), follow=True).context["original"]
    if page == 403:
        assert client.post(PAGE, choix(f, jeton="y")).status_code == 403
        assert client.post(f"/admin/reservations/annulationcollective/{faite.pk}/retablir/").status_code == 403
        assert AnnulationCollective.objects.get().retablie_le is None


def test_a_parent_is_not_let_in(client):
    f = foyer(reserves=[JEUDI])
    client.force_login(f.utilisateur)
    assert client.post(PAGE, choix(f, jeton="x")).status_code in {302, 403}
    assert Reservation.objects.count() == 1


@pytest.mark.parametrize(
    "forge",
    [
        {"nature": "zz"}, {"motif": "a\0"}, {"motif": "x" * 81}, {"activites": "zz"}, {"activites": "9" * 30},
        {"activites": "\0"}, {"activites": ""}, {"debut": "zz"}, {"debut": "31/12/9999"}, {"debut": "01/01/0001"},
        {"fin": "zz"}, {"fin": "09/12/2026"}, {"fin": "31/12/9999"}, {"classes": "zz"}, {"classes": "\0"},
        {"motif": "a\nb"}, {"motif": "a\u2028b"}, {"debut": "09/12/2026"}, {"jeton": "x" * 100}, {"jeton": "a\0"},
    ],
)  # fmt: skip
def test_a_forged_form_is_answered_on_the_page(guichet, forge):
    f = foyer(reserves=[JEUDI])
    envoi = choix(f, jeton="x") | forge
    for reponse in (guichet.get(PAGE, envoi), guichet.post(PAGE, envoi)):
        assert reponse.status_code == 200
        assert reponse.context["form"].errors
    assert Reservation.objects.count() == 1


def test_an_action_that_does_not_exist(guichet):
    assert guichet.post("/admin/reservations/annulationcollective/999/retablir/").status_code == 404
    assert guichet.post(f"/admin/reservations/annulationcollective/{'9' * 30}/retablir/").status_code == 404


def test_the_page_costs_the_same_for_one_family_and_for_ten(guichet, django_assert_max_num_queries):
    f = foyer(reserves=[JEUDI])
    for _ in range(9):
        foyer(activite=f.activite, reserves=[JEUDI])
    with django_assert_max_num_queries(15):
        assert "10 repas réservés, 10 familles" in texte(guichet.get(PAGE, choix(f, liste="1")))
