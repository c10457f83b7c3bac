"""A parent completes the file of a new child; the canteen reads it. Without JavaScript, on a phone, with axe."""

import datetime as dt
import os
from pathlib import Path

import pytest
import time_machine
from django.urls import reverse

from comptes.models import Contact, FicheCantine
from comptes.roles import creer_agent
from tests.factories import INSTANT, ContactFactory, EnfantFactory, RattachementFactory, foyer
from tests.navigateur.outils import fautes

pytestmark = [pytest.mark.navigateur, pytest.mark.django_db(transaction=True)]
VUES = os.environ.get("VUES")  # a folder for screenshots
LUNDI = dt.date(2026, 12, 7)


@pytest.fixture
def f():
    """Léa, enrolled, and her brother Tom, in a household that has filled nothing yet."""
    with time_machine.travel(INSTANT, tick=True):
        cree = foyer(enfant=EnfantFactory(prenom="Léa", nom="Martin"), reserves=[LUNDI])
        RattachementFactory(famille=cree.famille, enfant=EnfantFactory(prenom="Tom", nom="Martin"))
        yield cree


def photographier(page, nom):
    if VUES:
        page.screenshot(path=str(Path(VUES) / f"{nom}.png"), full_page=True)


def nommer(page, prenom, nom, lien, telephone):
    for champ, valeur in [("Prénom", prenom), ("Nom", nom), ("Lien avec l’enfant", lien), ("Téléphone", telephone)]:
        page.get_by_label(champ, exact=True).fill(valeur)
    page.get_by_role("button", name="Ajouter").click()
    page.get_by_text("est ajouté aux contacts").wait_for()


def test_a_parent_completes_the_file_of_a_new_child_without_javascript(page_a, connecter, f):
    page = connecter(page_a(360, js=False), f.utilisateur)
    page.goto(reverse("reservations:enfant", args=[f.enfant.pk]))
    assert "Personne n’est à appeler" in page.get_by_role("region", name="Ce qui manque").inner_text()

    page.get_by_role("link", name="Remplir la fiche").click()
    page.get_by_label("Sans viande").check()
    page.get_by_label("Oui").check()
    page.get_by_label("Date de fin du PAI").fill("2027-07-05")
    page.get_by_label("Médecin traitant").fill("Dr Sarda")
    page.get_by_label("Téléphone du médecin").fill("04.68.11.22.33")
    page.get_by_role("button", name="Enregistrer").click()
    page.get_by_text("La fiche de cantine est enregistrée.").wait_for()
    assert "Sans viande" in page.get_by_role("region", name="Fiche de cantine").inner_text()

    page.get_by_role("link", name="Ajouter un contact").click()
    nommer(page, "Odile", "Sarda", "grand-mère", "+33 6 12 34 56 78")
    page.get_by_role("link", name="Ajouter un contact à Léa").click()
    nommer(page, "Karim", "Vidal", "voisin", "0622222222")
    page.get_by_role("button", name="Monter Karim Vidal").click()
    page.get_by_text("appel n° 1").wait_for()
    liste = page.get_by_role("region", name="Contacts de Léa").get_by_role("listitem")
    assert liste.nth(0).inner_text().startswith("1. Karim Vidal")

    page.get_by_role("link", name="Copier ceux d’un frère ou d’une sœur pour Tom").click()
    page.get_by_role("button", name="Copier pour Tom").click()
    page.get_by_text("2 contacts copiés").wait_for()
    noms = Contact.objects.filter(rattachement__enfant__prenom="Tom").order_by("ordre").values_list("nom", flat=True)
    assert list(noms) == ["Vidal", "Sarda"]
    page.goto(reverse("reservations:enfant", args=[f.enfant.pk]))
    assert "Le document du PAI" in page.get_by_role("region", name="Ce qui manque").inner_text()
    assert "Personne n’est à appeler" not in page.inner_text("main")


def remplir(f):
    FicheCantine.objects.create(
        enfant=f.enfant, regime="vegetarien", pai=True, pai_fin=dt.date(2026, 8, 1), remarques="Lunettes.\nGauchère."
    )
    noms = ["Odile", "Karim", "Marie-Antoinette-Élisabeth"]
    contacts = [ContactFactory(rattachement=f.rattachement, ordre=n, prenom=p) for n, p in enumerate(noms, 1)]
    Contact.objects.filter(pk=contacts[1].pk).update(peut_recuperer=True, telephone="+41227306111")
    return contacts[0]


def test_the_pages_of_a_file_have_no_violation(page_a, connecter, f):
    page, etats = connecter(page_a(), f.utilisateur), [(320, True), (1280, False), (360, False)]
    contact, tom = remplir(f), f.famille.enfants.get(prenom="Tom")
    adresses = {
        "enfant": reverse("reservations:enfant", args=[f.enfant.pk]),
        "enfant-vide": reverse("reservations:enfant", args=[tom.pk]),
        "fiche": reverse("comptes:fiche", args=[f.enfant.pk]),
        "contacts": reverse("comptes:contacts"),
        "contact": reverse("comptes:modifier_contact", args=[contact.pk]),
        "supprimer": reverse("comptes:supprimer_contact", args=[contact.pk]),
        "copier": reverse("comptes:importer_contacts", args=[tom.pk]),
    }
    trouvees = {nom: verifier(page, url, nom, etats) for nom, url in adresses.items()}
    page.goto(adresses["fiche"])
    FicheCantine.objects.get().save()  # somebody else, meanwhile
    page.get_by_label("Non").check()
    page.get_by_label("Date de fin du PAI").fill("2026-08-02")
    page.get_by_role("button", name="Enregistrer").click()
    page.get_by_text("La fiche a changé").wait_for()
    trouvees["changee"] = verifier(page, None, "changee", etats)
    page.get_by_label("Téléphone du médecin").fill("04")
    page.get_by_role("button", name="Enregistrer").click()
    page.get_by_text("Saisissez un numéro de téléphone entier").wait_for()
    trouvees["erreur"] = verifier(page, None, "erreur", etats)
    assert {nom: liste for nom, liste in trouvees.items() if liste} == {}


def verifier(page, url, nom, etats) -> list[str]:
    if url:
        page.goto(url)
    photographier(page, nom)
    return fautes(page, etats)


def test_the_canteen_s_pages_have_no_violation(page_a, connecter, f):
    remplir(f)
    agent, _ = creer_agent(courriel="cantine@exemple.fr", role="cantine", prenom="Karim", nom="Vidal")
    page = connecter(page_a(), agent)
    jour = f"{reverse('reservations:cantine')}?jour={LUNDI}"
    adresses = {
        "cantine-jour": jour,
        "cantine-service": f"{jour}&activite={f.activite.pk}",
        "cantine-enfant": reverse("reservations:cantine_enfant", args=[f.enfant.pk]),
        "cantine-accueil": "/",
    }
    trouvees = {nom: verifier(page, url, nom, [(320, False), (1280, True)]) for nom, url in adresses.items()}
    assert {nom: liste for nom, liste in trouvees.items() if liste} == {}
