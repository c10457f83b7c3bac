"""The waiting list in a browser: without a script, on a phone, in both themes, in each of its states."""

import datetime as dt
import os
import uuid
from pathlib import Path

import pytest

from comptes.services.rappels import adresse_de_refus
from reservations.models import Attente, Reservation
from reservations.services.attente import demander, servir
from tests.factories import EnfantFactory, foyer, ouvrir
from tests.navigateur.outils import deborde, fautes, violations
from tests.reservations.test_concurrence import horloge_qui_tourne

__all__ = ["horloge_qui_tourne"]
pytestmark = [
    pytest.mark.navigateur,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("horloge_qui_tourne"),
]
JOURS = [dt.date(2026, 12, n) for n in (7, 8, 10)] + [dt.date(2027, 1, 11)]


def photo(page, nom):
    """Kept when one wants to look: `PHOTOS=<folder>`."""
    if dossier := os.environ.get("PHOTOS"):
        page.screenshot(path=Path(dossier) / f"{nom}.png", full_page=True)


@pytest.fixture
def scene(monkeypatch):
    """A household with an offer, a request behind another household's, and two full days left."""
    monkeypatch.setattr("reservations.services.places.annoncer", lambda tache: None)
    activite = ouvrir(capacite=1, nom="Restauration scolaire Villalbe Pierre Paul Riquet élémentaire")
    tient = foyer(activite=activite, reserves=JOURS)
    autre = foyer(activite=activite)
    f = foyer(activite=activite, enfant=EnfantFactory(prenom="Élise"))
    for qui, jours, mode in ((f, JOURS[:1], "proposer"), (autre, JOURS[1:2], "auto"), (f, JOURS[1:2], "auto")):
        demander(demandes={qui.inscription.pk: jours}, mode=mode, auteur=qui.utilisateur, cle=uuid.uuid4().hex)
    tient.reserver(annuler=JOURS[:1])
    servir()
    return f


def test_the_page_has_no_violation_and_fits(page_a, connecter, scene):
    page = connecter(page_a(360), scene.utilisateur)
    for nom, adresse in {
        "attente": f"/reservations/inscriptions/{scene.inscription.pk}/attente/?jours=20261210",
        "accueil": "/",
        "calendrier": f"/reservations/inscriptions/{scene.inscription.pk}/?mois=2026-12",
        "compte": "/compte/",
    }.items():
        page.goto(adresse)
        photo(page, nom)
        assert fautes(page, [(360, False), (360, True), (1280, False)]) == [], adresse


def test_nothing_scrolls_sideways_at_320_pixels_with_or_without_a_full_day(page_a, connecter, scene):
    for qui in (scene, foyer()):
        page = connecter(page_a(320), qui.utilisateur)
        page.goto(f"/reservations/inscriptions/{qui.inscription.pk}/attente/")
        photo(page, f"attente-320-{qui.inscription.pk}")
        assert deborde(page) == 0
        assert violations(page) == []


def test_a_parent_without_javascript_asks_accepts_and_withdraws(page_a, connecter, scene):
    page = connecter(page_a(360, js=False), scene.utilisateur)
    page.goto(f"/reservations/inscriptions/{scene.inscription.pk}/?mois=2026-12")
    page.get_by_role("link", name="Liste d’attente").click()
    page.get_by_role("checkbox", name="Jeudi 10 décembre").check()
    page.get_by_role("radio", name="Me proposer la place").check()
    page.get_by_role("button", name="Demander à attendre").click()
    assert page.get_by_text("Mise en liste d’attente : 10/12/2026").is_visible()
    photo(page, "recapitulatif")
    page.goto("/")
    page.get_by_role("link", name="Accepter ou refuser la place d’Élise").click()
    page.get_by_role("button", name="Accepter et réserver le repas").click()
    assert page.get_by_text("Réservation ajoutée : 07/12/2026").is_visible()
    page.goto(f"/reservations/inscriptions/{scene.inscription.pk}/attente/")
    assert page.get_by_text("Rang 2").is_visible()
    page.get_by_role("button", name="Retirer cette demande").first.click()
    assert page.get_by_text("Sortie de la liste d’attente : 08/12/2026").is_visible()
    assert Reservation.objects.filter(inscription=scene.inscription).count() == 1
    etats = Attente.objects.filter(inscription=scene.inscription).order_by("date").values_list("etat", flat=True)
    assert list(etats) == ["satisfaite", "retiree", "attente"]


def test_the_page_of_the_refusal_of_reminders_has_no_violation(page_a, scene):
    from_mail = page_a(360)
    from_mail.goto(adresse_de_refus(scene.famille))
    photo(from_mail, "refus-rappels")
    assert violations(from_mail) == []
    from_mail.get_by_role("button", name="Ne plus recevoir de rappel").click()
    assert from_mail.get_by_text("C’est noté").is_visible()
    assert violations(from_mail) == []
    assert deborde(from_mail) == 0
