"""Menus proposed, confirmed, copied; and the page that everyone reads. On the real PostgreSQL."""

import datetime as dt
import threading

import pytest
from django.core import signing
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from reservations.lecture_menus import choisir_semaine, lire_semaine
from reservations.menus import MenuLu, PlatLu
from reservations.models import Activite, AnneeScolaire, Menu, Plat
from reservations.services import menus as service
from reservations.services.menus import (
    MenusChanges,
    comparer,
    copier,
    desceller,
    empreinte,
    enregistrer,
    hors_des_annees,
    sceller,
)
from tests.factories import UtilisateurFactory, foyer, ouvrir
from tests.portail.html import Page
from tests.portail.test_pages import verifier

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("ouverture")]
LUNDI, MARDI, MERCREDI = (dt.date(2026, 9, n) for n in (28, 29, 30))
SEMAINE = "2026-W40"
URL = "/menus/"
RIZ = PlatLu("garniture", "Riz au lait", ("gluten", "lait"), vegetarien=True)
POMME = PlatLu("dessert", "Pomme", local=True)


def menu(jour=LUNDI, *plats, activite=None, remarque=""):
    return MenuLu(jour, activite, plats or (RIZ, POMME), remarque)


def ecrire(*menus):
    ajoutes, remplaces = enregistrer(menus, vu=empreinte(comparer(menus)))
    return len(ajoutes), len(remplaces)


def photo():
    return [list(m.objects.order_by("pk").values()) for m in (Menu, Plat)]


# --- Writing ---------------------------------------------------------------------------------------------------------
def test_an_import_adds_replaces_and_leaves_alone():
    assert ecrire(menu(LUNDI), menu(MARDI)) == (2, 0)
    garde = Menu.objects.get(date=LUNDI).pk
    assert ecrire(menu(LUNDI, POMME, remarque="Goût"), menu(MARDI)) == (0, 1)
    change = Menu.objects.get(date=LUNDI)
    assert (change.pk, change.remarque, [p.libelle for p in change.plats.all()]) == (garde, "Goût", ["Pomme"])
    assert Menu.objects.get(date=MARDI).plats.count() == 2


def test_importing_twice_changes_nothing():
    ecrire(menu(LUNDI), menu(MARDI))
    avant = photo()
    assert ecrire(menu(LUNDI), menu(MARDI)) == (0, 0)
    assert photo() == avant


def test_a_confirmation_sent_twice_does_it_once():
    vu = empreinte(comparer([menu()]))
    assert len(enregistrer([menu()], vu=vu)[0]) == 1
    avant = photo()
    assert enregistrer([menu()], vu=vu) == ([], [])
    assert photo() == avant


def test_what_changed_since_it_was_shown_is_not_replaced():
    vu = empreinte(comparer([menu()]))
    ecrire(menu(LUNDI, POMME))
    avant = photo()
    with pytest.raises(MenusChanges):
        enregistrer([menu()], vu=vu)
    assert photo() == avant


def test_stopped_in_the_middle_nothing_is_half_done(monkeypatch):
    ecrire(menu(LUNDI, POMME))
    avant = photo()

    def couper(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(Plat.objects, "bulk_create", couper)
    with pytest.raises(KeyboardInterrupt), transaction.atomic():
        ecrire(menu(LUNDI), menu(MARDI))
    assert photo() == avant


def test_the_statements_do_not_depend_on_the_menus(django_assert_num_queries, django_assert_max_num_queries):
    f = foyer()
    ecrire(menu(LUNDI, POMME), menu(LUNDI, POMME, activite=f.activite.pk))
    petite = [menu(LUNDI), menu(LUNDI, activite=f.activite.pk), menu(MARDI)]
    with django_assert_max_num_queries(20) as lues:
        ecrire(*petite)
    jours = [dt.date(2026, 11, 1) + dt.timedelta(days=n) for n in range(25)]
    ecrire(*[menu(jour, POMME) for jour in jours[:10]])
    with django_assert_num_queries(len(lues)):
        ecrire(*[menu(jour) for jour in jours], *[menu(jour, activite=f.activite.pk) for jour in jours])


def test_the_proposal_says_what_it_replaces_and_what_is_closed():
    f = foyer()
    ecrire(menu(LUNDI, POMME, activite=f.activite.pk))
    jours = [menu(LUNDI, activite=f.activite.pk), menu(MERCREDI), menu(dt.date(2026, 10, 20)), menu(MARDI)]
    lundi, mercredi, vacances, mardi = comparer(jours)
    assert (lundi.nature, lundi.nouveaux, lundi.retires) == ("remplace", [RIZ], [])
    assert (lundi.service, mardi.service) == (f.activite.nom, "Tous les services")
    assert (mardi.fermeture, mercredi.fermeture) == ("", "pas de service")
    assert vacances.fermeture


def test_a_date_in_no_school_year_is_named():
    foyer()
    assert hors_des_annees([menu(LUNDI)]) == []
    (phrase,) = hors_des_annees([menu(LUNDI), menu(dt.date(2016, 9, 28))])
    assert "2016 n’est dans aucune année scolaire" in phrase


def test_the_seal_carries_the_proposal_to_the_same_agent_only():
    moi, autre = UtilisateurFactory(agent=True), UtilisateurFactory(agent=True)
    differences = comparer([menu(remarque="Goût"), menu(activite=None, jour=MARDI)])
    sceau = sceller(differences, moi)
    assert desceller(sceau, moi) == ([d.menu for d in differences], empreinte(differences))
    for faux, qui in ((sceau, autre), (sceau[:-2], moi), ("", moi), ("a\0b", moi), (signing.dumps([1, "", []]), moi)):
        with pytest.raises(ValidationError):
            desceller(faux, qui)


def test_the_seal_does_not_last(ouverture):
    moi = UtilisateurFactory(agent=True)
    sceau = sceller(comparer([menu()]), moi)
    ouverture.shift(service.VALABLE + dt.timedelta(seconds=1))
    with pytest.raises(ValidationError):
        desceller(sceau, moi)


def test_a_service_deleted_meanwhile_stops_the_import():
    with pytest.raises(ValidationError):
        ecrire(menu(activite=987654))
    assert not Menu.objects.exists()


def test_a_week_is_copied_day_by_day():
    ecrire(menu(LUNDI, remarque="Goût"), menu(MARDI, POMME))
    copies = copier(debut=LUNDI, jours=7, vers=dt.date(2026, 10, 5))
    assert copies == [menu(dt.date(2026, 10, 5), remarque="Goût"), menu(dt.date(2026, 10, 6), POMME)]
    assert copier(debut=LUNDI, jours=1, vers=MARDI) == [menu(MARDI, remarque="Goût")]


@pytest.mark.django_db(transaction=True)
def test_two_imports_at_the_same_time_are_one_after_the_other():
    """The second waits for the first, then sees that what it was shown has changed. It does not without the lock."""
    vu = empreinte(comparer([menu()]))
    issues, entre = [], threading.Event()

    def second():
        entre.set()
        try:
            issues.append(len(enregistrer([menu(LUNDI, POMME)], vu=empreinte(comparer([menu(LUNDI, POMME)])))[0]))
        except MenusChanges:
            issues.append("changes")
        finally:
            connection.close()

    with transaction.atomic():
        enregistrer([menu()], vu=vu)
        fil = threading.Thread(target=second)
        fil.start()
        assert entre.wait(5)
        fil.join(0.3)
        assert fil.is_alive()
    fil.join(5)
    assert issues == ["changes"]
    assert [p.libelle for p in Plat.objects.all()] == ["Riz au lait", "Pomme"]


# --- Reading ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("code", "lundi"),
    [
        ("2026-W40", LUNDI), ("2026-W53", dt.date(2026, 12, 28)), ("2025-W53", None), ("2026-W00", None),
        ("2026-W99", None), ("2026-40", None), ("", None), ("0000-W01", None), ("٢٠٢٦-W٤٠", None), ("2026-W40\0", None),
    ],
)  # fmt: skip
def test_a_week_of_the_address(code, lundi):
    assert lire_semaine(code) == lundi


@pytest.mark.parametrize(
    ("code", "jour", "lundi", "demandee"),
    [
        ("", "2026-10-01", "2026-09-28", True),
        ("", "2026-10-03", "2026-10-05", True),  # a Saturday: the week to come
        ("2026-W40", "2027-01-04", "2026-09-28", True),
        ("2020-W40", "2026-10-01", "2026-09-28", False),
        ("n’importe", "2026-10-01", "2026-09-28", False),
        ("", "2026-07-15", "2026-08-31", True),  # summer: the first week of the year to come
        ("", "2028-01-01", "2027-06-28", True),  # after the last year: its last week
    ],
)
def test_the_week_that_is_shown(code, jour, lundi, demandee):
    annees = [AnneeScolaire(libelle="2026-2027", debut=dt.date(2026, 9, 1), fin=dt.date(2027, 7, 3))]
    semaine = choisir_semaine(code, annees, dt.date.fromisoformat(jour))
    assert (semaine.lundi.isoformat(), semaine.demandee) == (lundi, demandee)
    assert choisir_semaine(code, [], dt.date.fromisoformat(jour)) is None


@pytest.mark.parametrize(
    ("code", "nom"),
    [
        ("2026-W48", "du 23 au 27 novembre 2026"),
        ("2026-W40", "du 28 septembre au 2 octobre 2026"),
        ("2026-W53", "du 28 décembre 2026 au 1er janvier 2027"),
    ],
)
def test_a_week_has_a_short_name(code, nom):
    annees = [AnneeScolaire(libelle="2026-2027", debut=dt.date(2026, 9, 1), fin=dt.date(2027, 7, 3))]
    assert choisir_semaine(code, annees, LUNDI).nom.replace("\u00a0", " ") == nom


def test_weeks_stop_at_the_ends_of_the_school_year():
    annees = [AnneeScolaire(libelle="2026-2027", debut=dt.date(2026, 9, 1), fin=dt.date(2027, 7, 3))]
    premiere, derniere = (choisir_semaine(code, annees, LUNDI) for code in ("2026-W36", "2027-W26"))
    assert (premiere.precedente, premiere.suivante) == ("", "2026-W37")
    assert (derniere.precedente, derniere.suivante) == ("2027-W25", "")


def texte(reponse) -> str:
    assert reponse.status_code == 200
    return " ".join(verifier(reponse).texte.replace("\u00a0", " ").split())


def connecte(utilisateur):
    client = Client()
    client.force_login(utilisateur)
    return client


def test_everyone_reads_the_menus_without_a_name_of_a_child(client):
    f = foyer()
    ecrire(menu(LUNDI, remarque="Semaine du goût"))
    for lecteur in (client, connecte(f.utilisateur)):
        reponse = lecteur.get(URL, {"semaine": SEMAINE})
        lu = texte(reponse)
        for mot in ("Lundi 28 septembre", "Riz au lait Végétarien Allergènes : gluten, lait", "Pomme Local",
                    "Semaine du goût", "Menu pas encore publié", "moutarde"):  # fmt: skip
            assert mot in lu
        corps = reponse.text[reponse.text.index("<main") :]
        assert f.enfant.prenom not in corps
        assert f.famille.nom not in corps


def test_the_typography_is_french():
    f = foyer()
    ecrire(menu())
    page = Page(connecte(f.utilisateur).get(URL, {"semaine": SEMAINE}))
    assert [m for m in (" :", " ;", " ?", "« ", " »") if m in page.texte] == []


def test_the_menu_of_a_service_replaces_that_of_every_service_there_only(client):
    une, autre = foyer(), foyer()
    ecrire(menu(LUNDI), menu(LUNDI, PlatLu("plat", "Omelette"), activite=une.activite.pk))
    lu = texte(client.get(URL, {"semaine": SEMAINE, "activite": une.activite.pk}))
    assert "Omelette" in lu
    assert "Riz au lait" not in lu
    lu = texte(client.get(URL, {"semaine": SEMAINE, "activite": autre.activite.pk}))
    assert "Omelette" not in lu
    assert "Riz au lait" in lu
    lu = texte(client.get(URL, {"semaine": SEMAINE}))
    assert "Omelette" in lu
    assert "Riz au lait" in lu


def test_a_parent_sees_the_services_of_the_children_first_and_may_see_the_others():
    moi, autre = foyer(), foyer()
    client = connecte(moi.utilisateur)
    ecrire(menu(LUNDI), menu(LUNDI, PlatLu("plat", "Omelette"), activite=autre.activite.pk))
    assert "Omelette" not in texte(client.get(URL, {"semaine": SEMAINE}))
    assert "Omelette" in texte(client.get(URL, {"semaine": SEMAINE, "activite": "toutes"}))


def test_services_that_eat_the_same_share_one_table(client):
    annee = foyer().annee
    for _ in range(4):
        ouvrir(annee=annee)
    ecrire(menu())
    reponse = client.get(URL, {"semaine": SEMAINE})
    assert reponse.text.count("<table") == 1
    assert "Tous les services" in texte(reponse)


def test_holidays_and_closed_days_say_so(client):
    f = foyer()
    f.activite.journees.filter(date=MARDI).update(fermeture="Grève")
    ecrire(menu(LUNDI), menu(MARDI))
    assert "Pas de repas : Grève" in texte(client.get(URL, {"semaine": SEMAINE}))
    assert "Vacances de la Toussaint : aucun repas" in texte(client.get(URL, {"semaine": "2026-W43"}))
    lu = texte(client.get(URL, {"semaine": "2026-W46"}))  # 11 November is a Wednesday
    assert "Jeudi 12 novembre" in lu
    assert "Mercredi" not in lu
    lu = texte(client.get(URL, {"semaine": "2027-W13"}))
    assert "Lundi 29 mars Pas de repas : Lundi de Pâques" in lu


def test_before_any_school_year_the_page_says_that_menus_will_come(client):
    assert "Aucune année scolaire" in texte(client.get(URL))
    assert "n’est dans aucune" not in texte(client.get(URL))


@pytest.mark.parametrize("semaine", ["", "zz", "2026-W99", "1999-W01", "9999-W53", "a\0b", "9" * 3000])
@pytest.mark.parametrize("activite", ["", "zz", "²", "-1", "0", "9" * 30, "a\0b", "toutes"])
def test_an_address_that_names_nothing_is_answered(client, semaine, activite):
    foyer()
    assert texte(client.get(URL, {"semaine": semaine, "activite": activite}))


def test_the_page_and_the_home_page_cost_the_same_for_one_service_and_for_many(django_assert_max_num_queries):
    f = foyer()
    client = connecte(f.utilisateur)
    ecrire(menu())
    adresses = [f"{URL}?semaine={SEMAINE}", f"{URL}?semaine={SEMAINE}&activite=toutes", reverse("portail:accueil")]
    cout = {}
    for adresse in adresses:
        client.get(adresse)
        with django_assert_max_num_queries(15) as lues:
            client.get(adresse)
        cout[adresse] = len(lues)
    for _ in range(3):
        foyer(annee=f.annee)
    ecrire(*[menu(LUNDI, PlatLu("plat", "Omelette"), activite=a.pk) for a in Activite.objects.all()], menu(MARDI))
    for adresse in adresses:
        with django_assert_max_num_queries(cout[adresse]) as lues:
            client.get(adresse)
        assert len(lues) == cout[adresse]


def test_the_home_page_shows_what_is_eaten_from_today_to_friday(ouverture):
    f = foyer()
    ecrire(menu(LUNDI), menu(MARDI, PlatLu("plat", "Omelette"), POMME))
    ouverture.move_to(dt.datetime(2026, 9, 29, 9, 0, tzinfo=dt.UTC))
    lu = texte(connecte(f.utilisateur).get(reverse("portail:accueil")))
    assert "Aujourd’hui, mardi 29 septembre Omelette, pomme" in lu
    assert "Riz au lait" not in lu
    assert "Jeudi 1er octobre Menu pas encore publié" in lu
    ouverture.move_to(dt.datetime(2026, 10, 20, 9, 0, tzinfo=dt.UTC))
    assert "Aucun repas n’est servi d’ici la fin" in texte(connecte(f.utilisateur).get(reverse("portail:accueil")))


def test_the_home_page_asks_one_statement_for_the_menus(django_assert_num_queries):
    from reservations.lecture_menus import menus_du_foyer  # noqa: PLC0415

    f = foyer()
    ecrire(menu())
    with django_assert_num_queries(1):
        assert menus_du_foyer(f.utilisateur, LUNDI)[0].jours[0].resume == "Riz au lait, pomme"


def test_the_calendar_leads_to_the_menus_of_its_service(ouverture):
    f = foyer()
    adresse = reverse("reservations:calendrier", args=[f.inscription.pk]) + "?mois=2026-12"
    page = connecte(f.utilisateur).get(adresse).text
    assert f'href="{URL}?semaine=2026-W49&amp;activite={f.activite.pk}"' in page
    ouverture.move_to(dt.datetime(2026, 12, 15, 9, 0, tzinfo=dt.UTC))
    page = connecte(f.utilisateur).get(adresse).text
    assert f'href="{URL}?semaine=2026-W51&amp;activite={f.activite.pk}"' in page
