"""All the children at once in a browser, with and without JavaScript, on the demo town, on a school day."""

import os
import re

import pytest
from django.conf import settings
from django.db.models import F
from playwright.sync_api import expect

from portail.demo import MOT_DE_PASSE
from reservations.models import Attente, Inscription, Journee, Operation, Reservation
from tests.navigateur.outils import deborde, fautes, violations

pytestmark = [pytest.mark.navigateur, pytest.mark.django_db(transaction=True)]
JS = pytest.mark.parametrize("js", [True, False], ids=["avec JavaScript", "sans JavaScript"])
LARGEURS = pytest.mark.parametrize("largeur", [320, 360, 1280])


@pytest.fixture
def inscriptions(ville):
    return list(
        Inscription.objects.de(ville).filter(annee__libelle="2026-2027").order_by("rattachement__enfant__prenom")
    )


@pytest.fixture
def tous(ville, page_a, connecter):
    """Open the calendar of all the children, at January unless told."""

    def ouvrir(largeur=360, *, adresse="/reservations/tous/?annee=2026-2027&mois=2027-01", **options):
        page = connecter(page_a(largeur, **options), ville)
        page.goto(adresse)
        return page

    return ouvrir


def etat(inscription, jour):
    return f"[data-date='{jour}'][data-inscription='{inscription.pk}']"


def libre(inscriptions) -> str:
    """A day of January that nobody has booked."""
    pris = set(Reservation.objects.filter(inscription__in=inscriptions).values_list("date", flat=True))
    jours = [j for i in inscriptions for j in i.activite.journees.filter(date__range=("2027-01-04", "2027-01-29"))]
    return str(min(j.date for j in jours if j.date not in pris and not j.fermeture))


def photographier(page, nom):
    if dossier := os.environ.get("PHOTOS"):
        page.screenshot(path=f"{dossier}/{nom}.png", full_page=True)


@JS
def test_two_children_are_booked_by_one_submission(tous, inscriptions, js):
    jour = libre(inscriptions)
    page = tous(js=js)
    for inscription in inscriptions:
        page.locator(f"{etat(inscription, jour)} label").click()
    if js:
        expect(page.locator("[data-bilan]")).to_contain_text("2\u00a0ajouts")
    page.get_by_role("button", name="Mois suivant").click()
    expect(page.locator("h2#titre-mois")).to_contain_text("Février")
    expect(page.locator("[data-bilan]")).to_contain_text("2\u00a0ajouts")
    page.locator(".barre").get_by_role("button", name="Valider").click()
    expect(page.locator("h1")).to_have_text("Récapitulatif")
    assert Reservation.objects.filter(inscription__in=inscriptions, date=jour).count() == len(inscriptions) == 2
    page.get_by_role("link", name="Continuer").click()
    for inscription in inscriptions:
        expect(page.locator(etat(inscription, jour))).to_have_attribute("data-etat", "reserve")


@JS
def test_the_row_button_takes_all_the_children(tous, inscriptions, js):
    jour = libre(inscriptions)
    page = tous(js=js)
    page.locator(f"button[value='date:{jour}']").click()
    expect(page.locator(".barre")).to_contain_text(re.compile(r"2\sajouts"))
    assert not Reservation.objects.filter(inscription__in=inscriptions, date=jour).exists()  # nothing is sent yet
    page.locator(".barre").get_by_role("button", name="Valider").click()
    expect(page.locator("h1")).to_have_text("Récapitulatif")
    assert Reservation.objects.filter(inscription__in=inscriptions, date=jour).count() == 2


def test_the_year_of_all_by_script_is_what_the_server_does(tous, inscriptions):
    page = tous()
    page.get_by_role("button", name="Toute l’année, tous les enfants").click()
    bilan = re.sub(r"\s", " ", page.locator("[data-bilan]").inner_text())
    page.locator(".barre").get_by_role("button", name="Valider").click()
    expect(page.locator("h1")).to_have_text("Récapitulatif")
    n = Operation.objects.latest("pk").mouvements.filter(nature="ajout").count()
    assert bilan.startswith(f"{n} ajouts")
    assert n > 100


def test_the_enter_key_validates_and_leaving_asks(tous, inscriptions):
    jour = libre(inscriptions)
    page = tous()
    questions = []
    page.on("dialog", lambda boite: (questions.append(boite.type), boite.dismiss()))
    boite = page.locator(f"{etat(inscriptions[0], jour)} input")
    boite.focus()
    page.keyboard.press("Space")
    page.evaluate("location.assign('/guide/')")
    expect(page.locator("[data-bilan]")).to_contain_text("1\u00a0ajout")
    assert questions == ["beforeunload"]
    boite.focus()
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Récapitulatif")
    assert Reservation.objects.filter(inscription=inscriptions[0], date=jour).exists()


def test_a_session_that_ends_loses_no_tick(tous, inscriptions):
    jour = libre(inscriptions)
    page = tous()
    page.locator(f"button[value='date:{jour}']").click()
    page.context.clear_cookies(name=settings.SESSION_COOKIE_NAME)
    page.locator(".barre").get_by_role("button", name="Valider").click()
    page.get_by_label("Identifiant").fill("parent@exemple.fr")
    page.get_by_label("Mot de passe", exact=True).fill(MOT_DE_PASSE)
    page.get_by_role("button", name="Valider").click()
    expect(page.locator("[data-bilan]")).to_contain_text("2\u00a0ajouts")
    page.reload()
    for inscription in inscriptions:
        expect(page.locator(etat(inscription, jour))).to_have_class(re.compile("a-ajouter"))
    # The calendar of one child is the same draft.
    page.goto(f"/reservations/inscriptions/{inscriptions[0].pk}/?mois=2027-01")
    expect(page.locator("[data-bilan]")).to_contain_text("1\u00a0ajout")
    page.go_back()
    page.locator(".barre").get_by_role("button", name="Valider").click()
    expect(page.locator("h1")).to_have_text("Récapitulatif")
    page.wait_for_function("sessionStorage.length === 0")
    page.get_by_role("link", name="Continuer").click()
    expect(page.locator("[data-bilan]")).to_have_text("Aucun changement à valider")


def test_the_back_button_without_a_script_changes_no_meal(tous, inscriptions):
    jour = libre(inscriptions)
    page = tous(js=False)
    page.locator(f"{etat(inscriptions[0], jour)} label").click()
    page.get_by_role("button", name="Mois suivant").click()
    expect(page.locator("h2#titre-mois")).to_contain_text("Février")
    page.locator(".barre").get_by_role("button", name="Valider").click()
    expect(page.locator("h1")).to_have_text("Récapitulatif")
    avant = set(Reservation.objects.values_list("pk", flat=True))
    for _ in range(2):  # the month that carried the change, then that on which it was made
        page.go_back()
        adresse = page.url
        page.locator(".barre").get_by_role("button", name="Valider").click()
        expect(page.locator("main")).to_contain_text(re.compile("Récapitulatif|rien changé"))
        assert set(Reservation.objects.values_list("pk", flat=True)) == avant
        page.goto(adresse)


def test_a_place_of_a_full_day_is_asked_for_from_the_page(tous, inscriptions):
    jour = libre(inscriptions)
    Journee.objects.filter(activite=inscriptions[0].activite, date=jour).update(capacite=F("places_prises"))
    page = tous(320)
    page.locator(f"{etat(inscriptions[1], jour)} label").click()
    page.on("dialog", lambda boite: boite.accept())  # one leaves with a tick that is not sent
    file = page.locator(f"[data-file='{inscriptions[0].pk}']")
    file.locator("summary").click()
    file.locator(f"input[value='{jour}']").check()
    file.get_by_label("Me proposer la place", exact=False).check()
    photographier(page, "tous-attente")
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    assert (violations(page), deborde(page)) == ([], 0)
    file.get_by_role("button", name="Demander à attendre").click()
    expect(page.locator("h1")).to_have_text("Récapitulatif")
    page.get_by_role("link", name="Continuer").click()
    expect(file).to_contain_text(re.compile(r"Rang 1 · me proposer la place"))
    expect(page.locator("[data-bilan]")).to_contain_text("1\u00a0ajout")
    photographier(page, "tous-rang")
    file.get_by_role("button", name="Retirer cette demande").click()
    expect(page.locator("h1")).to_have_text("Récapitulatif")
    assert not Attente.objects.actives().filter(inscription=inscriptions[0]).exists()


@JS
def test_a_pattern_then_a_copy(tous, inscriptions, js):
    aine, petit = inscriptions
    page = tous(adresse="/reservations/rythme/?annee=2026-2027", js=js)
    page.get_by_label(petit.enfant.prenom, exact=False).uncheck()
    page.get_by_label("les semaines paires").check()
    page.get_by_label("Remplacer", exact=False).check()
    page.get_by_role("button", name="Voir l’aperçu").click()
    expect(page.locator("#titre-apercu")).to_be_visible()
    photographier(page, f"rythme-{js}")
    page.locator("#apercu").get_by_role("button", name="Valider").click()
    expect(page.locator("h1")).to_have_text("Récapitulatif")
    a_venir = Reservation.objects.filter(inscription=aine, date__gt="2026-11-27").values_list("date", flat=True)
    assert a_venir
    assert {j.isocalendar().week % 2 for j in a_venir} == {0}
    page.goto("/reservations/copie/?annee=2026-2027")
    page.locator(f"[name=source][value='{aine.pk}']").check()
    page.locator(f"[name=vers][value='{petit.pk}']").check()
    page.get_by_role("button", name="Voir l’aperçu").click()
    page.get_by_role("link", name="Ajuster dans le calendrier").click()
    expect(page.locator("[data-bilan]")).to_contain_text("ajout")
    page.locator(".barre").get_by_role("button", name="Valider").click()
    expect(page.locator("h1")).to_have_text("Récapitulatif")
    assert not Operation.objects.latest("pk").mouvements.filter(nature="refus").exists()


@LARGEURS
def test_the_pages_are_accessible_and_as_wide_as_the_screen(tous, inscriptions, largeur):
    page, themes = tous(largeur), [(largeur, False), (largeur, True)]
    page.get_by_role("button", name="Tout le mois, tous les enfants").click()
    page.locator(".jour.a-ajouter label").first.click()
    photographier(page, f"tous-{largeur}")
    if largeur > 320:
        # At the end of the page the bar covers nothing: under it, axe finds half-hidden buttons too small.
        page.evaluate("scrollTo(0, document.body.scrollHeight)")
    trouvees = {"tous": fautes(page, themes)}
    petites = page.locator(".tous .case").evaluate_all(
        "cases => cases.map(c => c.getBoundingClientRect()).filter(c => c.height < 44 || c.width < 44).length"
    )
    assert petites == 0
    page.on("dialog", lambda boite: boite.accept())
    tous_les = "&".join(f"inscriptions={i.pk}" for i in inscriptions)
    copie = f"source={inscriptions[0].pk}&vers={inscriptions[1].pk}"
    for nom, suite in {
        "tous": "?annee=2026-2027&mois=2026-12",
        "rythme": f"?annee=2026-2027&apercu=1&jours=1&jours=2&semaines=impaires&{tous_les}",
        "copie": f"?annee=2026-2027&apercu=1&{copie}",
        "": "",
    }.items():
        page.goto(f"/reservations/{nom}{'/' if nom else ''}{suite}")
        photographier(page, f"{nom or 'etape1'}-decembre-{largeur}")
        page.evaluate("scrollTo(0, document.body.scrollHeight)")
        trouvees[nom + suite] = fautes(page, themes)
    assert {nom: liste for nom, liste in trouvees.items() if liste} == {}
