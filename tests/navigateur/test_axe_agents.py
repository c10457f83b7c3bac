"""Accessibility and width of what agents and families read of a household, its meals and its services."""

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from comptes.roles import creer_agent
from reservations.models import AnnulationCollective, Journee, Operation, Reservation
from tests.administration import adresse
from tests.factories import AnneeScolaireFactory, ResponsableFactory, foyer
from tests.navigateur import outils

pytestmark = [pytest.mark.navigateur, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def ville():
    """A household with a child and meals to come, in the school year of today or the next."""
    f = foyer(annee=AnneeScolaireFactory(libelle=annee_a_venir()))
    f.reserver(*f.activite.journees.filter(limite_reservation__gt=timezone.now()).values_list("date", flat=True)[:3])
    ResponsableFactory(famille=f.famille, rang=2)
    return f


def annee_a_venir() -> str:
    aujourdhui = timezone.localdate()
    debut = aujourdhui.year if aujourdhui >= dt.date(aujourdhui.year, 6, 15) else aujourdhui.year - 1
    return f"{debut}-{debut + 1}"


def fautes(page, adresses, etats=()) -> dict[str, list[str]]:
    trouvees = {}
    for url in adresses:
        assert page.goto(url).status == 200, url
        trouvees[url] = outils.fautes(page, etats)
    return {url: liste for url, liste in trouvees.items() if liste}


def test_the_pages_of_the_administration_have_no_violation(page_a, connecter, ville):
    agent, _ = creer_agent(courriel="admin@exemple.fr", role="admin", prenom="Odile", nom="Sarda")
    objets = [ville.utilisateur, ville.famille, ville.enfant, ville.activite, ville.activite.ecole, ville.annee]
    objets += [ville.inscription, Reservation.objects.first(), Operation.objects.first(), Journee.objects.last()]
    urls = [adresse("change", objet, objet.pk) for objet in objets]
    urls += [adresse("changelist", objet) for objet in objets]
    urls += [adresse("add", objet) for objet in objets[:7]]
    urls += [reverse("portail:guide_agents")]
    urls += [adresse("delete", ville.activite, ville.activite.pk), adresse("history", ville.famille, ville.famille.pk)]
    assert fautes(connecter(page_a(), agent), urls, [(1280, False), (360, True)]) == {}


def test_the_pages_of_the_household_have_no_violation(page_a, connecter, ville):
    page = connecter(page_a(), ville.utilisateur)
    adresses = [reverse("comptes:compte"), reverse("comptes:contacts")]
    adresses.append(reverse("reservations:enfant", args=[ville.enfant.pk]))
    assert fautes(page, adresses, [(1280, False), (360, True), (320, False)]) == {}


def test_a_collective_cancellation_has_no_violation(page_a, connecter, ville):
    etats = [(360, True), (1280, False)]
    agent, _ = creer_agent(courriel="admin@exemple.fr", role="admin", prenom="Odile", nom="Sarda")
    jour = Reservation.objects.earliest("date").date
    choix = f"nature=greve&motif=Grève&activites={ville.activite.pk}&debut={jour:%d/%m/%Y}"
    ajouter = adresse("add", AnnulationCollective)
    page = connecter(page_a(), agent)
    adresses = [ajouter, f"{ajouter}?nature=greve", f"{ajouter}?{choix}", f"{ajouter}?{choix}&liste=1"]
    assert fautes(page, adresses, etats) == {}
    page.get_by_role("button", name="Annuler 1").click()
    page.get_by_role("button", name="Rétablir").wait_for()
    assert fautes(page, [page.url, adresse("changelist", AnnulationCollective)], etats) == {}
    page.goto(adresse("change", AnnulationCollective, AnnulationCollective.objects.get().pk))
    page.get_by_role("button", name="Rétablir").click()
    page.get_by_text("sont rétablis").wait_for()
    assert fautes(page, [page.url], etats) == {}
    assert Reservation.objects.filter(date=jour).exists()


def test_the_boxes_of_a_collective_cancellation_are_usable_on_a_phone(page_a, connecter, ville):
    agent, _ = creer_agent(courriel="admin@exemple.fr", role="admin", prenom="Odile", nom="Sarda")
    ville.inscription.classe = "CE2 B"
    ville.inscription.save()
    jour = Reservation.objects.earliest("date").date
    choix = f"nature=greve&motif=Grève&activites={ville.activite.pk}&debut={jour:%d/%m/%Y}"
    page = connecter(page_a(360), agent)
    page.goto(f"{adresse('add', AnnulationCollective)}?{choix}")
    cases = page.locator(".cases input[type=checkbox]")
    assert cases.count() == 2
    for case in cases.all():
        assert case.bounding_box()["width"] >= 13
    assert page.locator(".cases").evaluate_all("tous => tous.map(f => f.scrollWidth - f.clientWidth)") == [0, 0]
    tableau = page.get_by_role("region", name="Repas par activité")
    assert tableau.evaluate("t => t.scrollWidth - t.clientWidth") == 0


def test_the_search_of_a_list_is_usable_on_a_phone(page_a, connecter, ville):
    agent, _ = creer_agent(courriel="admin@exemple.fr", role="admin", prenom="Odile", nom="Sarda")
    page = connecter(page_a(360), agent)
    page.goto(adresse("changelist", ville.inscription))
    assert page.locator("#searchbar").bounding_box()["width"] > 190
