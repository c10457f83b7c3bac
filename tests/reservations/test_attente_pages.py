"""The waiting list on screen: the page, the answers to offers, the recap, the home page, the register of the agents."""

import datetime as dt
import uuid

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from post_office.models import Email

from comptes.models import Enfant
from comptes.roles import creer_agent
from reservations.models import Attente, Journee, Mouvement, Operation
from reservations.services.attente import demander, servir
from tests.factories import EnfantFactory, InscriptionFactory, RattachementFactory, UtilisateurFactory, foyer, ouvrir

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("ouverture", "comptes_justes")]
LUNDI, MARDI = dt.date(2026, 12, 7), dt.date(2026, 12, 8)
E, M = Attente.Etat, Attente.Mode


def connecte(f) -> Client:
    client = Client()
    client.force_login(f.utilisateur)
    return client


def page(f) -> str:
    return reverse("reservations:attente", args=[f.inscription.pk])


def plein(*jours):
    activite = ouvrir(capacite=1)
    return activite, foyer(activite=activite, reserves=jours or [LUNDI])


def demande(f, *jours, mode=M.PROPOSER):
    demander(demandes={f.inscription.pk: jours or [LUNDI]}, mode=mode, auteur=f.utilisateur, cle=uuid.uuid4().hex)
    return f.inscription.attentes.get(date=(jours or [LUNDI])[0])


def offre():
    activite, tient = plein()
    f = foyer(activite=activite)
    a = demande(f)
    tient.reserver(annuler=[LUNDI])
    servir()
    return f, a


def donnees(*jours, **champs):
    return {"jeton": str(uuid.uuid4()), "jours": [str(j) for j in jours], "mode": "proposer", **champs}


def test_the_page_lists_the_full_days_by_month_and_ticks_those_of_the_address():
    activite, _ = plein(LUNDI, MARDI, dt.date(2027, 1, 11))
    f = foyer(activite=activite)
    texte = connecte(f).get(f"{page(f)}?jours=20261208.20300101.n’importe").content.decode()
    assert "Jours complets, décembre 2026" in texte
    assert "Jours complets, janvier 2027" in texte
    assert texte.count('name="jours"') == 3
    assert 'value="2026-12-08" checked' in texte
    assert texte.count('type="checkbox"') == 3
    assert "Réserver automatiquement" in texte
    assert "24\xa0heures au plus" in texte


def test_without_a_full_day_the_page_says_so():
    f = foyer()
    assert "Aucun jour à venir n’est complet pour Léa" in connecte(f).get(page(f)).content.decode()


def test_asking_leads_to_the_recap_and_the_page_shows_the_rank():
    activite, _ = plein()
    demande(foyer(activite=activite))
    f = foyer(activite=activite)
    client = connecte(f)
    envoi = donnees(LUNDI, mode="auto")
    reponse = client.post(page(f), envoi)
    operation = Operation.objects.get(famille=f.famille)
    assert reponse.url == reverse("reservations:operation", args=[operation.numero])
    assert client.post(page(f), envoi).url == reponse.url
    recap = client.get(reponse.url).content.decode()
    assert "Mise en liste d’attente" in recap
    assert "Nombre de jours mis en liste d’attente" in recap
    texte = client.get(page(f)).content.decode()
    assert "Rang 2 · réserver automatiquement" in texte
    assert 'name="jours"' not in texte


@pytest.mark.parametrize(
    ("envoi", "phrase"),
    [
        (donnees(), "Cochez au moins un jour"),
        (donnees(LUNDI, mode="premier"), "Choisissez ce que le portail fait"),
        (donnees(LUNDI, mode="\x00"), "Choisissez ce que le portail fait"),
        (donnees(dt.date(2025, 12, 8)), "n’est pas dans l’année scolaire 2026-2027"),
        ({"jours": ["demain"], "mode": "auto"}, "n’est pas une date"),
        ({"jours": ["2026-12-07\x00"], "mode": "auto"}, "n’est pas une date"),
        ({}, "Choisissez ce que le portail fait"),
        (donnees(LUNDI, portee="siecle"), "n’est pas reconnu"),
    ],
)
def test_a_forged_form_is_answered_by_a_sentence(envoi, phrase):
    activite, _ = plein()
    f = foyer(activite=activite)
    reponse = connecte(f).post(page(f), envoi, follow=True)
    assert reponse.status_code == 200
    assert phrase in reponse.content.decode()
    assert not Attente.objects.exists()


def test_someone_else_finds_nothing():
    f, a = offre()
    gestes = [reverse(f"reservations:{nom}", args=[a.pk]) for nom in ("accepter_place", "refuser_place")]
    gestes.append(reverse("reservations:retirer_attente", args=[a.pk]))
    autre = foyer(enfant=f.enfant, activite=f.activite)  # the other household of the same child
    for inconnu in (foyer(), autre):
        client = connecte(inconnu)
        assert client.get(page(f)).status_code == 404
        assert client.post(page(f), donnees(LUNDI)).status_code == 404
        assert [client.post(adresse).status_code for adresse in gestes] == [404] * 3
    agent = Client()
    agent.force_login(UtilisateurFactory(agent=True))
    assert agent.get(page(f)).status_code == 404
    for adresse in [page(f), *gestes]:
        assert Client().post(adresse).url.startswith("/connexion/")
    a.refresh_from_db()
    assert a.etat == E.ATTRIBUEE


def test_addresses_that_are_too_big_and_other_verbs():
    f, a = offre()
    client = connecte(f)
    assert client.get("/reservations/inscriptions/99999999999999999999/attente/").status_code == 404
    assert client.post("/reservations/attentes/99999999999999999999/accepter/").status_code == 404
    assert client.get(reverse("reservations:accepter_place", args=[a.pk])).status_code == 405


def test_the_page_never_shows_the_requests_of_others():
    activite, _ = plein()
    autre = foyer(activite=activite, enfant=EnfantFactory(prenom="Ysoline"))
    demande(autre)
    f = foyer(activite=activite)
    demande(f)
    texte = connecte(f).get(page(f)).content.decode()
    assert "Ysoline" not in texte
    assert texte.count("Rang ") == 1


def test_an_offer_is_on_the_home_page_and_is_accepted():
    f, a = offre()
    client = connecte(f)
    accueil = client.get("/").content.decode()
    assert "Une place s’est libérée pour Léa le lundi 7\xa0décembre" in accueil
    assert "jeudi 16\xa0juillet à 9\xa0h" in client.get(page(f)).content.decode()
    reponse = client.post(reverse("reservations:accepter_place", args=[a.pk]), follow=True)
    assert "Réservation ajoutée" in reponse.content.decode()
    assert "Une place s’est libérée" not in client.get("/").content.decode()


def test_an_expired_offer_is_answered_by_a_sentence(ouverture):
    f, a = offre()
    ouverture.move_to(a.__class__.objects.get().expire_le)
    client = Client()
    client.force_login(f.utilisateur)
    assert "Accepter et réserver" not in client.get(page(f)).content.decode()
    reponse = client.post(reverse("reservations:accepter_place", args=[a.pk]), follow=True)
    assert "Le temps pour accepter cette place est passé" in reponse.content.decode()
    servir()


def test_an_offer_is_refused_and_a_request_is_withdrawn():
    f, a = offre()
    client = connecte(f)
    assert (
        "place refusée" in client.post(reverse("reservations:refuser_place", args=[a.pk]), follow=True).content.decode()
    )
    activite, _ = plein()
    g = foyer(activite=activite)
    b = demande(g)
    reponse = connecte(g).post(reverse("reservations:retirer_attente", args=[b.pk]), follow=True)
    assert "Sortie de la liste d’attente" in reponse.content.decode()
    a.refresh_from_db()
    b.refresh_from_db()
    assert (a.etat, b.etat) == (E.REFUSEE, E.RETIREE)


def test_the_recap_of_a_refusal_leads_to_the_list_with_its_days():
    activite, _ = plein(LUNDI, MARDI)
    f = foyer(activite=activite)
    operation = f.reserver(LUNDI, MARDI, dt.date(2026, 12, 10))
    texte = connecte(f).get(reverse("reservations:operation", args=[operation.numero])).content.decode()
    assert f'{page(f)}?jours=20261207.20261208">Demander à attendre pour ces 2 jours' in texte


def test_the_calendar_of_a_month_with_full_days_leads_to_the_list():
    activite, _ = plein()
    f = foyer(activite=activite)
    adresse = reverse("reservations:calendrier", args=[f.inscription.pk])
    client = connecte(f)
    assert page(f) in client.get(f"{adresse}?mois=2026-12").content.decode()
    assert page(f) not in client.get(f"{adresse}?mois=2026-11").content.decode()


def requetes(client, adresse) -> int:
    client.get(adresse)
    with CaptureQueriesContext(connection) as lues:
        client.get(adresse)
    return len([r for r in lues if "SAVEPOINT" not in r["sql"]])


def test_the_statements_of_the_page_do_not_depend_on_the_days():
    activite, _ = plein()
    f = foyer(activite=activite)
    demande(f)
    g = foyer(activite=ouvrir(capacite=0))
    demande(g, *Journee.objects.filter(activite=g.activite, date__month=12).values_list("date", flat=True))
    un, tous = requetes(connecte(f), page(f)), requetes(connecte(g), page(g))
    assert un == tous <= 15


# --- Agents ----------------------------------------------------------------------------------------------------------
def agent(role) -> Client:
    client = Client()
    client.force_login(creer_agent(courriel=f"{role}@exemple.fr", role=role)[0])
    return client


LISTES = ["admin:reservations_refusenregistre_changelist", "admin:reservations_attente_changelist"]


def test_the_register_shows_each_refusal_with_its_count():
    activite, _ = plein()
    f = foyer(activite=activite)
    f.reserver(LUNDI, dt.date(2026, 12, 9))
    client = agent("guichet")
    texte = client.get(reverse(LISTES[0]), {"motif": "complet"}).content.decode()
    assert "1 sur 1" in texte
    assert "15/07/2026 09:00:00" in texte
    assert "2026-12-09" not in texte
    assert "Registre des refus" in texte
    assert "1 refus" in " ".join(texte.partition('class="paginator"')[2][:200].split())
    assert texte.index("column-places") < texte.index("column-famille")
    assert "une absence se déclare au plus" not in texte
    assert f.famille.nom in client.get(reverse(LISTES[0]), {"q": f.famille.nom}).content.decode()
    refus = Mouvement.objects.get(motif="complet")
    assert client.get(reverse("admin:reservations_refusenregistre_change", args=[refus.pk])).status_code == 200
    assert client.get(reverse("admin:reservations_refusenregistre_add")).status_code == 403
    assert (
        client.post(reverse("admin:reservations_refusenregistre_delete", args=[refus.pk]), {"post": "yes"}).status_code
        == 403
    )


def test_the_waiting_list_of_the_agents_has_the_ranks():
    activite, _ = plein()
    a, b = (demande(foyer(activite=activite)) for _ in range(2))
    client = agent("guichet")
    texte = client.get(reverse(LISTES[1])).content.decode()
    assert ['class="field-rang">1<' in texte, 'class="field-rang">2<' in texte] == [True, True]
    assert client.get(reverse("admin:reservations_attente_change", args=[b.pk])).status_code == 200
    assert (
        client.post(reverse("admin:reservations_attente_change", args=[a.pk]), {"etat": "attribuee"}).status_code == 403
    )


@pytest.mark.parametrize("liste", LISTES)
def test_other_roles_do_not_read_the_lists(liste):
    for role in ("cantine", "regie"):
        assert agent(role).get(reverse(liste)).status_code == 403


@pytest.mark.parametrize("liste", LISTES)
def test_the_lists_have_the_same_statements_for_one_row_and_thirty(liste):
    activite = ouvrir(capacite=0)

    def remplir(n):
        for _ in range(n):
            rattachement = RattachementFactory(enfant=EnfantFactory())
            f = foyer(activite=activite, enfant=Enfant.objects.get(pk=rattachement.enfant_id))
            InscriptionFactory(rattachement=rattachement, activite=activite, annee=f.annee)
            f.reserver(LUNDI)
            demande(f)

    client = agent("guichet")
    remplir(1)
    un = requetes(client, reverse(liste))
    remplir(12)
    assert requetes(client, reverse(liste)) == un


# --- The price is said before anything is sent ------------------------------------------------------------------------
def test_the_price_is_beside_each_day_each_request_and_each_offer_and_in_the_mail():
    f, _ = offre()
    activite, _ = plein(MARDI, dt.date(2026, 12, 10))
    g = foyer(activite=activite)
    demande(g, MARDI)
    assert "Le repas coûte <strong>4,97\xa0€</strong>" in connecte(f).get(page(f)).content.decode()
    siennes = connecte(g).get(page(g)).content.decode()
    assert "me proposer la place, 4,97\xa0€" in siennes
    assert "Jeudi 10\xa0décembre</strong> <small>4,97\xa0€ · jusqu’au" in siennes
    assert "Prix du repas\xa0: 4,97\xa0€" in Email.objects.filter(to=[f.utilisateur.email]).latest("pk").message


def test_an_offer_that_the_worker_announced_late_is_accepted_where_the_home_page_shows_it(ouverture):
    activite, tient = plein()
    f = foyer(activite=activite)
    a = demande(f)
    tient.reserver(annuler=[LUNDI])  # the worker is stopped: nothing is announced
    ouverture.move_to(Attente.objects.get(pk=a.pk).expire_le + dt.timedelta(hours=1))
    client = Client()
    client.force_login(f.utilisateur)
    assert "Une place s’est libérée" in client.get("/").content.decode()
    assert "Accepter et réserver" in client.get(page(f)).content.decode()
    reponse = client.post(reverse("reservations:accepter_place", args=[a.pk]), follow=True)
    assert "Réservation ajoutée" in reponse.content.decode()
