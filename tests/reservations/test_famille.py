"""All the children at once: the form by the book and tampered with, patterns, copies, stale tabs, strangers."""

import datetime as dt
import re
import uuid
from decimal import Decimal

import pytest
from django.contrib.messages import get_messages
from django.urls import reverse

from reservations.formulaires import DATES_AU_PLUS
from reservations.models import Journee, Mouvement, Operation, Reservation
from tests.factories import (
    AnneeScolaireFactory,
    EnfantFactory,
    InscriptionFactory,
    RattachementFactory,
    UtilisateurFactory,
    foyer,
    ouvrir,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("ouverture", "comptes_justes")]
LUNDI, MARDI, JEUDI, VENDREDI = (dt.date(2026, 12, n) for n in (7, 8, 10, 11))
MOIS = f"{reverse('reservations:tous')}?annee=2026-2027&mois=2026-12"


def cadet(f, prenom="Tom", *, enfant=None, activite=None, annee=None):
    """A brother or a sister of the household, enrolled (in another school unless told), with `reserver`."""
    annee = annee or f.annee
    rattachement = RattachementFactory(famille=f.famille, enfant=enfant or EnfantFactory(prenom=prenom))
    return InscriptionFactory(rattachement=rattachement, activite=activite or ouvrir(annee=annee), annee=annee)


@pytest.fixture
def lea():
    return foyer()


@pytest.fixture
def tom(lea):
    return cadet(lea)


@pytest.fixture
def parent(client, lea, tom):
    client.force_login(lea.utilisateur)
    return client


def code(inscription, *jours):
    return ",".join(f"{inscription.pk}:{jour}" for jour in jours)


def envoyer(client, adresse=MOIS, **champs):
    return client.post(adresse, {"jeton": str(uuid.uuid4()), **champs})


def presser(client, portee, champs=None):
    """Press a bulk button without JavaScript; return the page to which it leads, with its changes unsent."""
    champs = champs_caches(client.get(MOIS)) if champs is None else champs
    return client.get(envoyer(client, **champs, portee=portee).url)


def reserves(inscription):
    return set(Reservation.objects.filter(inscription=inscription).values_list("date", flat=True))


def phrases(reponse):
    return [str(m) for m in get_messages(reponse.wsgi_request)]


def champs_caches(reponse):
    """The hidden fields of the page's form, as a browser without JavaScript sends them, and its ticked boxes."""
    html = reponse.content.decode()
    champs = {"jours": [], "deja": [], "vus": []}
    for balise in re.findall(r"<input[^>]*>", html):
        attributs = dict(re.findall(r'(\w+)="([^"]*)"', balise))
        coche = attributs.get("type") != "checkbox" or re.search(r"\bchecked\b", balise)
        if attributs.get("name") in champs and coche:
            champs[attributs["name"]].append(attributs["value"])
    return champs


# --- The page --------------------------------------------------------------------------------------------------------
def test_the_page_shows_each_child_in_its_column(parent, lea, tom):
    lea.reserver(LUNDI)
    page = parent.get(MOIS).content.decode()
    assert f'data-date="2026-12-07" data-etat="reserve" data-inscription="{lea.inscription.pk}"' in page
    assert f'data-date="2026-12-07" data-etat="libre" data-inscription="{tom.pk}"' in page
    assert "Semaine 50, paire" in page
    assert 'aria-label="Tom, lundi 7\xa0décembre, libre"' in page


def test_a_child_with_two_enrolments_is_two_columns_named_by_activity(parent, lea):
    autre = ouvrir(nom="Restauration du périscolaire")
    InscriptionFactory(rattachement=lea.rattachement, activite=autre, annee=lea.annee)
    page = parent.get(MOIS).content.decode()
    assert f"Léa, {autre}" in page
    assert f"Léa, {lea.activite}" in page
    assert 'aria-label="Toute l’année, Tom"' in page


def test_the_entries_exist_from_two_enrolments_of_one_year(client, lea):
    client.force_login(lea.utilisateur)
    pages = [reverse("portail:accueil"), reverse("reservations:choix_enfant")]
    assert all("Tous mes enfants" not in client.get(p).content.decode() for p in pages)
    cadet(lea)
    assert all(reverse("reservations:tous") in client.get(p).content.decode() for p in pages)


@pytest.mark.parametrize("nom", ["tous", "rythme", "copie"])
def test_without_an_enrolment_the_pages_say_who_to_ask(client, nom):
    client.force_login(UtilisateurFactory())
    assert "guichet unique" in client.get(reverse(f"reservations:{nom}")).content.decode()
    assert client.post(reverse("reservations:tous"), {"jours": "1:2026-12-07"}).status_code == 200
    assert not Operation.objects.exists()


@pytest.mark.parametrize("nom", ["tous", "rythme", "copie"])
def test_a_stranger_signs_in_first(client, nom):
    assert reverse("comptes:connexion") in client.get(reverse(f"reservations:{nom}")).url


@pytest.mark.parametrize(
    "suite", ["annee=1999-2000", "mois=2026-13", "mois=x&annee=%00", "c=x&c=1.zz.-1&c=9.f.0", "c=1.f"]
)
def test_an_odd_address_shows_a_calendar(parent, suite):
    assert parent.get(f"{reverse('reservations:tous')}?{suite}").status_code == 200


# --- One submission --------------------------------------------------------------------------------------------------
def test_one_submission_is_one_operation_and_one_recap_by_child(parent, lea, tom):
    lea.reserver(VENDREDI)
    reponse = envoyer(
        parent, jours=[code(lea.inscription, LUNDI), code(tom, LUNDI, MARDI)], deja=code(lea.inscription, VENDREDI)
    )
    assert reserves(lea.inscription) == {LUNDI}
    assert reserves(tom) == {LUNDI, MARDI}
    operation = Operation.objects.latest("pk")
    assert reponse.url == reverse("reservations:operation", args=[operation.numero]) + "?depuis=tous"
    recap = parent.get(reponse.url).content.decode()
    assert "Détail des réservations de Léa" in recap
    assert "Détail des réservations de Tom" in recap
    assert f"{reverse('reservations:tous')}?annee=2026-2027&amp;mois=2026-12" in recap
    assert "Étapes 1 à 3" in recap


def test_the_recap_of_one_child_leads_back_to_all_when_it_came_from_there(parent, tom):
    reponse = envoyer(parent, jours=code(tom, LUNDI))
    assert "Étapes 1 à 3" in parent.get(reponse.url).content.decode()
    assert "Étapes 1 à 3" not in parent.get(reponse.url.partition("?")[0]).content.decode()


def test_the_same_form_sent_twice_is_one_operation(parent, lea, tom):
    champs = {"jours": [code(lea.inscription, LUNDI), code(tom, LUNDI)], "jeton": str(uuid.uuid4())}
    premier, second = (parent.post(MOIS, champs) for _ in range(2))
    assert premier.url == second.url
    assert Operation.objects.count() == 1


def test_a_stale_tab_does_not_cancel_what_another_booked(parent, lea, tom):
    envoyer(parent, jours=code(lea.inscription, LUNDI))
    envoyer(parent, jours=code(tom, MARDI))  # this tab showed nothing as booked
    assert reserves(lea.inscription) == {LUNDI}
    assert reserves(tom) == {MARDI}


def test_nothing_changed_is_said(parent, tom):
    reponse = envoyer(parent, jours=code(tom, LUNDI), deja=code(tom, LUNDI))
    assert "rien changé" in phrases(reponse)[0]
    assert not Operation.objects.exists()


@pytest.mark.parametrize(
    ("portee", "lea_attendus", "tom_attendus"),
    [
        ("date:2026-12-07", {LUNDI}, {LUNDI}),
        ("semaine:2026-12-10", {LUNDI, MARDI, JEUDI, VENDREDI}, {LUNDI, MARDI, JEUDI, VENDREDI}),
        ("mois:2026-12@{tom}", set(), "mois"),
        ("mois:2026-12", "mois", "mois"),
        ("annee@{lea}", "annee", set()),
        ("annee", "annee", "annee"),
    ],
)
def test_a_bulk_button_without_javascript_says_what_it_changes_then_books(
    parent, lea, tom, portee, lea_attendus, tom_attendus
):
    annee = set(Journee.objects.filter(activite=tom.activite).values_list("date", flat=True))
    ensembles = {"annee": annee, "mois": {j for j in annee if f"{j:%Y-%m}" == "2026-12"}}
    voulus = [ensembles[a] if isinstance(a, str) else a for a in (lea_attendus, tom_attendus)]
    portee = portee.format(lea=lea.inscription.pk, tom=tom.pk)
    page = presser(parent, portee)
    nombre = sum(map(len, voulus))
    bilan = f"{nombre} ajouts, {nombre * Decimal('4.97'):.2f} €".replace(".", ",")
    assert bilan in page.content.decode().replace("\xa0", " ").replace("\u202f", "")
    assert not Operation.objects.exists()
    envoyer(parent, **champs_caches(page))
    assert [reserves(lea.inscription), reserves(tom)] == voulus
    assert Operation.objects.count() == 1
    envoyer(parent, **champs_caches(presser(parent, portee)))  # all booked: the button cancels them
    assert not Reservation.objects.exists()


def test_a_bulk_button_keeps_the_boxes_ticked_with_it(parent, lea, tom):
    champs = champs_caches(parent.get(MOIS))
    champs["jours"].append(code(lea.inscription, VENDREDI))
    page = presser(parent, f"date:2026-12-07@{tom.pk}", champs)
    envoyer(parent, **champs_caches(page))
    assert (reserves(lea.inscription), reserves(tom)) == ({VENDREDI}, {LUNDI})


def test_a_bulk_button_of_a_stale_tab_never_cancels(parent, lea, tom):
    champs = champs_caches(parent.get(MOIS))
    envoyer(parent, jours=[code(lea.inscription, LUNDI), code(tom, LUNDI)])
    envoyer(parent, **champs_caches(presser(parent, "date:2026-12-07", champs)))
    assert reserves(lea.inscription) == reserves(tom) == {LUNDI}


def test_a_bulk_button_books_one_meal_a_day_for_a_child_with_two_enrolments(parent, lea):
    InscriptionFactory(rattachement=lea.rattachement, activite=ouvrir(), annee=lea.annee)
    envoyer(parent, **champs_caches(presser(parent, "date:2026-12-07")))
    assert Reservation.objects.filter(enfant=lea.enfant).count() == 1
    assert not Mouvement.objects.filter(nature=Mouvement.Nature.REFUS).exists()


def test_the_last_place_goes_to_one_of_two_children_of_one_school(parent, lea):
    leo = cadet(lea, "Léo", activite=lea.activite)
    Journee.objects.filter(date=LUNDI).update(capacite=1)
    envoyer(parent, jours=[code(lea.inscription, LUNDI), code(leo, LUNDI)])
    assert Reservation.objects.count() == 1
    assert Mouvement.objects.get(nature=Mouvement.Nature.REFUS).motif == "complet"


# --- From month to month ---------------------------------------------------------------------------------------------
def test_unsent_changes_survive_the_change_of_month(parent, lea, tom):
    lea.reserver(VENDREDI)
    champs = champs_caches(parent.get(MOIS))
    champs["jours"] = [code(tom, *[LUNDI, MARDI])]  # Friday of Léa is no longer ticked
    janvier = envoyer(parent, **champs, aller="2027-01")
    page = parent.get(janvier.url)
    assert "2\xa0ajouts, 1\xa0annulation" in page.content.decode()
    assert not reserves(tom)
    envoyer(parent, janvier.url, **champs_caches(page))
    assert (reserves(lea.inscription), reserves(tom)) == (set(), {LUNDI, MARDI})


# --- Hostile ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("champ", ["jours", "deja", "vus"])
@pytest.mark.parametrize("autre", ["autre foyer", "autre année", "aucune"])
def test_an_enrolment_that_is_not_theirs_changes_nothing(parent, lea, tom, champ, autre):
    etranger = foyer(reserves=[MARDI])
    ancienne = cadet(lea, enfant=EnfantFactory(), annee=AnneeScolaireFactory(libelle="2025-2026"))
    numero = {"autre foyer": etranger.inscription.pk, "autre année": ancienne.pk, "aucune": 10**30}[autre]
    valeur = f"{numero} 2026-12-08:1:497" if champ == "vus" else f"{numero}:2026-12-08"
    champs = {"jours": [code(tom, LUNDI)], "deja": [], "vus": []}
    champs[champ].append(valeur)
    reponse = envoyer(parent, **champs, **({"portee": "annee"} if champ == "vus" else {}))
    assert "n’est pas à votre foyer" in phrases(reponse)[0]
    assert reserves(etranger.inscription) == {MARDI}
    assert not reserves(tom)


@pytest.mark.parametrize(
    ("champs", "phrase"),
    [
        ({"jours": "{tom}:demain"}, "n’est pas une date"),
        ({"jours": "2026-12-07"}, "n’est pas à votre foyer"),
        ({"jours": "{tom}:2025-12-08"}, "n’est pas dans l’année scolaire"),
        ({"portee": "siecle"}, "n’est pas reconnu"),
        ({"portee": "date:hier"}, "n’est pas reconnu"),
        ({"portee": "annee@999999"}, "n’est pas à votre foyer"),
        ({"vus": "{tom} n'importe:quoi", "portee": "annee"}, "n’est pas une date"),
    ],
)
def test_a_forged_form_is_answered_by_a_sentence(parent, tom, champs, phrase):
    reponse = envoyer(parent, **{nom: texte.replace("{tom}", str(tom.pk)) for nom, texte in champs.items()})
    assert phrase in phrases(reponse)[0]
    assert not Operation.objects.exists()


def test_thousands_of_dates_are_refused(parent, tom):
    jours = [dt.date(1990, 1, 1) + dt.timedelta(days=n) for n in range(DATES_AU_PLUS * 10)]
    assert "trop de dates" in phrases(envoyer(parent, jours=code(tom, *jours)))[0]
    assert not Operation.objects.exists()


# --- Patterns --------------------------------------------------------------------------------------------------------
def page_rythme(client, **champs):
    defauts = {"annee": "2026-2027", "jours": ["1", "4"], "semaines": "paires", "apercu": "1"}
    return client.get(reverse("reservations:rythme"), defauts | champs)


def valider(client, page):
    """Press the button of the preview."""
    return envoyer(client, page.context["envoi"], jours=page.context["apercu"].jours, deja=page.context["apercu"].deja)


def test_a_pattern_for_two_children_is_seen_then_sent_as_one_operation(parent, lea, tom):
    page = page_rythme(parent, inscriptions=[lea.inscription.pk, tom.pk], du="2026-12-01", au="2026-12-18")
    assert not Operation.objects.exists()
    html = page.content.decode()
    assert "4\xa0ajouts, 19,88\xa0€" in html
    valider(parent, page)
    assert reserves(lea.inscription) == reserves(tom) == {LUNDI, JEUDI}
    assert Operation.objects.count() == 1


@pytest.mark.parametrize(("mode", "restent"), [("ajouter", {LUNDI, MARDI, JEUDI}), ("remplacer", {LUNDI, JEUDI})])
def test_adding_or_replacing(parent, tom, lea, mode, restent):
    hors = dt.date(2027, 1, 8)
    envoyer(parent, jours=code(tom, MARDI, hors))
    page = page_rythme(parent, inscriptions=[tom.pk], du="2026-12-07", au="2026-12-11", mode=mode)
    valider(parent, page)
    assert reserves(tom) == restent | {hors}


def test_a_stale_preview_does_not_cancel_what_was_booked_since(parent, lea, tom):
    page = page_rythme(parent, inscriptions=[tom.pk], du="2026-12-07", au="2026-12-11", mode="remplacer")
    envoyer(parent, jours=code(tom, VENDREDI))  # another tab, not in the pattern
    valider(parent, page)
    assert reserves(tom) == {LUNDI, JEUDI, VENDREDI}


def test_a_pattern_leaves_the_other_household_its_meals(parent, lea, tom):
    pere = foyer(enfant=lea.enfant, activite=lea.activite, reserves=[LUNDI])
    page = page_rythme(parent, inscriptions=[lea.inscription.pk], du="2026-12-07", au="2026-12-11", mode="remplacer")
    assert "1\xa0jour «\xa0autre foyer\xa0»" in page.content.decode().replace("« ", "«\xa0").replace(" »", "\xa0»")
    valider(parent, page)
    assert reserves(lea.inscription) == {JEUDI}
    assert reserves(pere.inscription) == {LUNDI}


def test_the_whole_remaining_year_by_default(parent, tom):
    page = page_rythme(parent, inscriptions=[tom.pk], jours=["1", "2", "3", "4", "5"], semaines="toutes")
    valider(parent, page)
    assert reserves(tom) == set(Journee.objects.filter(activite=tom.activite).values_list("date", flat=True))


def test_the_pattern_can_be_adjusted_in_the_calendar(parent, tom):
    page = page_rythme(parent, inscriptions=[tom.pk], du="2026-12-07", au="2026-12-11")
    calendrier = parent.get(page.context["ajuster"])
    assert "2\xa0ajouts, 9,94\xa0€" in calendrier.content.decode()


@pytest.mark.parametrize(
    ("champs", "phrase"),
    [
        ({"inscriptions": []}, "au moins un enfant"),
        ({"jours": ["9", "x"]}, "au moins un jour"),
        ({"du": "demain"}, "ne se lisent pas"),
        ({"du": "2027-01-01", "au": "2026-12-01"}, "après la dernière"),
    ],
)
def test_a_pattern_that_cannot_be_read_says_why(parent, tom, champs, phrase):
    page = page_rythme(parent, **({"inscriptions": [tom.pk]} | champs))
    assert phrase in page.content.decode()
    assert page.context["apercu"] is None


def test_odd_weeks_and_modes_fall_back(parent, tom):
    page = page_rythme(parent, inscriptions=[tom.pk], semaines="bissextiles", mode="détruire", au="9999-12-31")
    assert page.status_code == 200
    assert not page.context["demande"]["remplacer"]


@pytest.mark.parametrize("adresse", ["rythme/?apercu=1&inscriptions={0}", "copie/?source={0}", "copie/?vers={0}"])
def test_the_child_of_another_household_is_not_found(parent, adresse):
    etranger = foyer().inscription.pk
    for numero in (etranger, "0", "x", "9" * 40):
        assert parent.get("/reservations/" + adresse.format(numero)).status_code == 404


# --- Copy ------------------------------------------------------------------------------------------------------------
def page_copie(client, source, *vers):
    return client.get(
        reverse("reservations:copie"),
        {"annee": "2026-2027", "source": source.pk, "vers": [v.pk for v in vers], "apercu": "1"},
    )


def test_the_meals_of_one_are_copied_to_the_others_where_they_can(parent, lea, tom):
    lea.reserver(LUNDI, MARDI, JEUDI)
    envoyer(parent, jours=code(tom, MARDI, VENDREDI))
    zoe = cadet(lea, "Zoé")
    Journee.objects.filter(activite=tom.activite, date=JEUDI).update(capacite=0)
    page = page_copie(parent, lea.inscription, tom, zoe)
    assert "complet" in page.content.decode()
    valider(parent, page)
    assert reserves(tom) == {LUNDI, MARDI, VENDREDI}
    assert reserves(zoe) == {LUNDI, MARDI, JEUDI}
    assert not Mouvement.objects.filter(nature=Mouvement.Nature.REFUS).exists()


def test_only_meals_to_come_are_copied(parent, lea, tom, ouverture):
    lea.reserver(LUNDI, VENDREDI)
    ouverture.move_to(dt.datetime(2026, 12, 8, 7, 0, tzinfo=dt.UTC))
    parent.force_login(lea.utilisateur)  # the session of July is over
    valider(parent, page_copie(parent, lea.inscription, tom))
    assert reserves(tom) == {VENDREDI}


@pytest.mark.parametrize(
    "suite", ["apercu=1", "apercu=1&source={0}", "apercu=1&vers={0}", "apercu=1&source={0}&vers={0}"]
)
def test_a_copy_without_source_or_target_says_so(parent, tom, suite):
    page = parent.get(f"{reverse('reservations:copie')}?{suite.format(tom.pk)}")
    assert "Choisissez un enfant" in page.content.decode()
