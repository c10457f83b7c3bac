"""« Contacts »: whom the town calls, in order, household by household."""

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from comptes.models import Contact
from comptes.models.foyers import RattachementQuerySet
from comptes.regles import CONTACTS_AU_PLUS
from comptes.services import contacts as services
from tests.administration import adresse
from tests.administration import agent as connecter_agent
from tests.factories import (
    ContactFactory,
    EnfantFactory,
    RattachementFactory,
    ResponsableFactory,
    UtilisateurFactory,
)
from tests.portail.html import Page

pytestmark = pytest.mark.django_db
SAISIE = {
    "prenom": "Odile",
    "nom": "Sarda",
    "lien": "grand-mère",
    "telephone": "+33 6 12 34 56 78",
    "a_appeler": "on",
}


@pytest.fixture
def lea():
    """Léa of the Martin household."""
    return RattachementFactory(famille=ResponsableFactory().famille)


@pytest.fixture
def tom(lea):
    return RattachementFactory(famille=lea.famille, enfant=EnfantFactory(prenom="Tom"))


@pytest.fixture
def ailleurs(lea):
    """Léa again, in her other household."""
    return RattachementFactory(famille=ResponsableFactory().famille, enfant=lea.enfant)


def parent(rattachement) -> Client:
    client = Client()
    client.force_login(rattachement.famille.responsables.first().utilisateur)
    return client


def noms(rattachement) -> list[tuple[int, str]]:
    return list(rattachement.contacts.order_by("ordre").values_list("ordre", "nom"))


def trois(rattachement):
    return [ContactFactory(rattachement=rattachement, ordre=n, nom=nom) for n, nom in enumerate("ABC", 1)]


def dire(reponse) -> str:
    return " ".join(map(str, reponse.context["messages"])).replace("\xa0", " ")


# --- Adding, correcting, deleting ------------------------------------------------------------------------------------
def test_a_parent_names_a_person_and_the_number_is_written_one_way(lea):
    reponse = parent(lea).post(reverse("comptes:ajouter_contact", args=[lea.enfant_id]), SAISIE, follow=True)
    assert "Odile Sarda est ajouté aux contacts de Léa" in dire(reponse)
    contact = Contact.objects.get()
    assert (contact.rattachement, contact.ordre, contact.telephone) == (lea, 1, "06 12 34 56 78")
    assert (contact.a_appeler, contact.peut_recuperer) == (True, False)
    texte = Page(reponse).texte
    assert "06 12 34 56 78" in texte
    assert "grand-mère" in texte


def test_a_contact_is_corrected_and_keeps_its_rank(lea):
    _, b, _ = trois(lea)
    client = parent(lea)
    url = reverse("comptes:modifier_contact", args=[b.pk])
    assert 'value="B"' in client.get(url).text
    client.post(url, {**SAISIE, "nom": "Bis", "peut_recuperer": "on"})
    assert noms(lea) == [(1, "A"), (2, "Bis"), (3, "C")]
    b.refresh_from_db()
    assert b.peut_recuperer


def test_deleting_asks_first_and_closes_the_ranks(lea):
    a, _, _ = trois(lea)
    client, url = parent(lea), reverse("comptes:supprimer_contact", args=[a.pk])
    assert "Odile A" in Page(client.get(url)).texte
    assert Contact.objects.count() == 3
    assert "n’est plus un contact de Léa" in dire(client.post(url, follow=True))
    assert noms(lea) == [(1, "B"), (2, "C")]
    assert client.post(url).status_code == 404


@pytest.mark.parametrize(
    ("champs", "phrase"),
    [
        ({"prenom": " "}, "Saisissez le prénom."),
        ({"nom": ""}, "Saisissez le nom."),
        ({"lien": ""}, "Saisissez le lien avec l’enfant."),
        ({"telephone": ""}, "Saisissez le téléphone."),
        ({"telephone": "06 12"}, "Saisissez un numéro de téléphone entier"),
        ({"telephone": "0" * 5000}, "30"),
        ({"prenom": "x" * 5000}, "60"),
        ({"prenom": "\u202e\x00\x01"}, "invalid-feedback"),
        ({"a_appeler": ""}, "Cochez au moins une des deux cases"),
    ],
)
def test_a_wrong_entry_gets_a_sentence_and_writes_nothing(lea, champs, phrase):
    reponse = parent(lea).post(reverse("comptes:ajouter_contact", args=[lea.enfant_id]), SAISIE | champs)
    assert reponse.status_code == 200
    assert phrase in reponse.text
    assert "invalid-feedback" in reponse.text
    assert not Contact.objects.exists()


def test_the_same_person_is_named_once(lea):
    client, url = parent(lea), reverse("comptes:ajouter_contact", args=[lea.enfant_id])
    client.post(url, SAISIE)
    reponse = client.post(url, SAISIE | {"nom": "SARDA", "telephone": "0612345678"})
    assert "Cette personne est déjà un contact de cet enfant." in reponse.text
    assert Contact.objects.count() == 1


def test_a_contact_cannot_become_another_one(lea):
    a, _, _ = trois(lea)
    envoi = SAISIE | {"nom": "B", "telephone": a.telephone}
    reponse = parent(lea).post(reverse("comptes:modifier_contact", args=[a.pk]), envoi)
    assert "déjà un contact" in reponse.text
    assert noms(lea)[0] == (1, "A")


def test_there_are_ten_contacts_at_most(lea):
    ContactFactory.create_batch(CONTACTS_AU_PLUS, rattachement=lea)
    client = parent(lea)
    page = Page(client.get(reverse("comptes:contacts")))
    assert f"{CONTACTS_AU_PLUS} contacts au plus par enfant" in page.texte
    url = reverse("comptes:ajouter_contact", args=[lea.enfant_id])
    assert url not in page.liens()
    assert f"Un enfant a {CONTACTS_AU_PLUS} contacts au plus" in client.post(url, SAISIE).text
    assert Contact.objects.count() == CONTACTS_AU_PLUS


# --- Order -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("qui", "sens", "apres"),
    [(1, "monter", "BAC"), (1, "descendre", "ACB"), (0, "monter", "ABC"), (2, "descendre", "ABC")],
)
def test_a_contact_moves_by_one_rank(lea, qui, sens, apres):
    contact = trois(lea)[qui]
    parent(lea).post(reverse(f"comptes:{sens}_contact", args=[contact.pk]), {"rang": qui + 1})
    assert "".join(nom for _, nom in noms(lea)) == apres
    assert [rang for rang, _ in noms(lea)] == [1, 2, 3]


@pytest.mark.parametrize("rang", ["", "2", "x", "٣", "9" * 400, "-1"])
def test_a_button_of_a_stale_page_moves_nothing(lea, rang):
    c = trois(lea)[2]
    reponse = parent(lea).post(reverse("comptes:monter_contact", args=[c.pk]), {"rang": rang}, follow=True)
    assert "L’ordre a changé entre-temps" in dire(reponse)
    assert "".join(nom for _, nom in noms(lea)) == "ABC"


# --- Brothers and sisters --------------------------------------------------------------------------------------------
def test_the_contacts_of_a_sister_are_previewed_then_copied_once(lea, tom):
    trois(lea)
    ContactFactory(rattachement=tom, ordre=1, nom="b")
    client, url = parent(lea), reverse("comptes:importer_contacts", args=[tom.enfant_id])
    page = Page(client.get(url))
    assert [c["value"] for c in page.attributs("input") if c.get("name") == "contacts"] == [
        str(c.pk) for c in lea.contacts.exclude(nom="B")
    ]
    assert "Déjà contacts de Tom" in page.texte
    assert noms(tom) == [(1, "b")]
    envoi = {"de": lea.enfant_id, "contacts": [c.pk for c in lea.contacts.all()]}
    assert "2 contacts copiés, 1 contact était déjà là." in dire(client.post(url, envoi, follow=True))
    assert noms(tom) == [(1, "b"), (2, "A"), (3, "C")]
    assert "3 contacts étaient déjà là" in dire(client.post(url, envoi, follow=True))
    assert len(noms(tom)) == 3
    assert len(noms(lea)) == 3


def test_only_the_boxes_ticked_are_copied(lea, tom):
    _, b, _ = trois(lea)
    url = reverse("comptes:importer_contacts", args=[tom.enfant_id])
    parent(lea).post(url, {"de": lea.enfant_id, "contacts": [b.pk, "x", "9" * 30]})
    assert noms(tom) == [(1, "B")]


def test_a_copy_stops_at_the_last_place_and_says_so(lea, tom):
    trois(lea)
    ContactFactory.create_batch(CONTACTS_AU_PLUS - 1, rattachement=tom)
    envoi = {"de": lea.enfant_id, "contacts": [c.pk for c in lea.contacts.all()]}
    reponse = parent(lea).post(reverse("comptes:importer_contacts", args=[tom.enfant_id]), envoi, follow=True)
    assert "1 contact copié, 2 sans place" in dire(reponse)
    assert tom.contacts.count() == CONTACTS_AU_PLUS


def test_an_only_child_has_nothing_to_copy(lea):
    trois(lea)
    assert "à copier" in Page(parent(lea).get(reverse("comptes:importer_contacts", args=[lea.enfant_id]))).texte
    assert "Copier ceux" not in parent(lea).get(reverse("comptes:contacts")).text


def test_contacts_are_never_copied_from_another_household(lea, ailleurs):
    trois(ailleurs)
    etranger = ContactFactory().rattachement
    for source in (ailleurs, etranger):
        envoi = {"de": source.enfant_id, "contacts": [c.pk for c in source.contacts.all()]}
        url = reverse("comptes:importer_contacts", args=[lea.enfant_id])
        assert parent(lea).post(url, envoi).status_code == 404
    assert noms(lea) == []


# --- Who sees them ---------------------------------------------------------------------------------------------------
def test_the_other_household_of_a_child_sees_none_of_it(lea, ailleurs):
    contact = ContactFactory(rattachement=lea, prenom="Odile", nom="Sarda")
    client = parent(ailleurs)
    for page in (reverse("comptes:contacts"), reverse("reservations:enfant", args=[lea.enfant_id])):
        assert "Sarda" not in client.get(page).text
    for nom in ("modifier_contact", "supprimer_contact"):
        url = reverse(f"comptes:{nom}", args=[contact.pk])
        assert [client.get(url).status_code, client.post(url, SAISIE).status_code] == [404, 404]
    for nom in ("monter_contact", "descendre_contact"):
        assert client.post(reverse(f"comptes:{nom}", args=[contact.pk]), {"rang": 1}).status_code == 404
    assert noms(lea) == [(contact.ordre, "Sarda")]


@pytest.mark.parametrize("nom", ["ajouter_contact", "importer_contacts", "fiche"])
def test_the_child_of_another_household_is_not_found(lea, nom):
    inconnu = RattachementFactory()
    for pk in (inconnu.enfant_id, 999_999, 2**63, 10**30):
        url = reverse(f"comptes:{nom}", args=[pk])
        assert [parent(lea).get(url).status_code, parent(lea).post(url, SAISIE).status_code] == [404, 404]
    client = Client()
    client.force_login(UtilisateurFactory(agent=True))
    assert client.get(reverse(f"comptes:{nom}", args=[lea.enfant_id])).status_code == 404


def test_an_unknown_contact_is_not_found(lea):
    for pk in (999_999, 2**63, 10**30):
        assert parent(lea).get(reverse("comptes:modifier_contact", args=[pk])).status_code == 404


@pytest.mark.parametrize(("role", "voit"), [("guichet", True), ("regie", False)])
def test_the_guichet_reads_the_contacts_in_the_administration_and_the_regie_does_not(lea, role, voit):
    ContactFactory(rattachement=lea, prenom="Zénobie", telephone="06 77 77 77 77")
    client = connecter_agent(role)
    for objet in (lea.enfant, lea.famille):
        page = client.get(adresse("change", objet, objet.pk))
        assert page.status_code == 200
        assert ("Zénobie" in page.text, "06 77 77 77 77" in page.text) == (voit, voit)


@pytest.mark.parametrize(("role", "statut"), [("cantine", 200), ("admin", 403), ("guichet", 403), ("regie", 403)])
def test_the_canteen_reads_whom_to_call_of_each_household(lea, ailleurs, role, statut):
    ContactFactory(rattachement=lea, prenom="Zénobie")
    ContactFactory(rattachement=ailleurs, prenom="Aurélien")
    reponse = connecter_agent(role).get(reverse("reservations:cantine_enfant", args=[lea.enfant_id]))
    assert reponse.status_code == statut
    for prenom in ("Zénobie", "Aurélien"):
        assert (prenom in reponse.text) == (statut == 200)


def test_the_page_costs_the_same_for_one_contact_and_for_many(lea):
    grande = RattachementFactory(famille=ResponsableFactory().famille)
    ResponsableFactory(famille=grande.famille, rang=2)
    for _ in range(4):
        ContactFactory.create_batch(5, rattachement=RattachementFactory(famille=grande.famille))
    ContactFactory(rattachement=lea)

    def cout(rattachement):
        client = parent(rattachement)
        client.get(reverse("comptes:contacts"))
        with CaptureQueriesContext(connection) as requetes:
            assert client.get(reverse("comptes:contacts")).status_code == 200
        return len(requetes)

    assert cout(lea) == cout(grande) <= 15


def test_writing_costs_few_statements_whatever_the_number(lea, django_assert_max_num_queries):
    *_, dernier = ContactFactory.create_batch(CONTACTS_AU_PLUS - 1, rattachement=lea)
    client = parent(lea)
    client.get(reverse("comptes:contacts"))
    gestes = [
        ("ajouter_contact", lea.enfant_id, SAISIE),
        ("monter_contact", dernier.pk, {"rang": CONTACTS_AU_PLUS - 1}),
        ("modifier_contact", dernier.pk, SAISIE | {"nom": "Autre"}),
        ("supprimer_contact", lea.contacts.first().pk, {}),
    ]
    for nom, pk, envoi in gestes:
        with django_assert_max_num_queries(15):
            assert client.post(reverse(f"comptes:{nom}", args=[pk]), envoi).status_code == 302


def test_a_copy_costs_the_same_for_one_contact_and_for_many(lea, tom):
    autre = RattachementFactory(famille=lea.famille, enfant=EnfantFactory(prenom="Zoé"))
    premier, *suite = trois(lea)
    suite += ContactFactory.create_batch(5, rattachement=lea)
    with CaptureQueriesContext(connection) as un:
        services.importer(source=lea, vers=tom, choisis=[premier.pk])
    with CaptureQueriesContext(connection) as tous:
        services.importer(source=lea, vers=autre, choisis=[c.pk for c in [premier, *suite]])
    assert len(un) == len(tous) <= 8


# --- At once ---------------------------------------------------------------------------------------------------------
def deux_ajouts(rattachement, monkeypatch):
    """Two adults name the tenth contact at once: both have counted before either writes, unless one waits."""
    lire, barriere = services._refuser_un_doublon, threading.Barrier(2)

    def attendre(contact, contacts):
        lire(contact, contacts)
        with contextlib.suppress(threading.BrokenBarrierError):
            barriere.wait(timeout=1)

    monkeypatch.setattr(services, "_refuser_un_doublon", attendre)

    def ajouter(nom):
        try:
            services.ajouter(rattachement=rattachement, valeurs=SAISIE | {"nom": nom, "a_appeler": True})
        except ValidationError as refus:
            return refus.messages[0]
        except Exception as panne:  # noqa: BLE001  the control breaks on a constraint
            return type(panne).__name__
        finally:
            connections.close_all()
        return "ajouté"

    with ThreadPoolExecutor(2) as fils:
        return sorted(fils.map(ajouter, ["Un", "Deux"]))


@pytest.fixture
def neuf(transactional_db):
    rattachement = RattachementFactory()
    ContactFactory.create_batch(CONTACTS_AU_PLUS - 1, rattachement=rattachement)
    return rattachement


def test_two_adults_at_once_never_pass_the_maximum(neuf, monkeypatch):
    refus, fait = deux_ajouts(neuf, monkeypatch)
    assert (refus[:16], fait) == ("Un enfant a 10 c", "ajouté")
    assert neuf.contacts.count() == CONTACTS_AU_PLUS


def test_control_without_the_lock_the_second_breaks(neuf, monkeypatch):
    monkeypatch.setattr(RattachementQuerySet, "verrouilles", lambda self: self.order_by("pk"))
    assert deux_ajouts(neuf, monkeypatch) == ["IntegrityError", "ajouté"]
