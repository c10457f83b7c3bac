"""The canteen card of a child: two households, one card, nothing written over unread."""

import contextlib
import datetime as dt
import re
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connections
from django.test import Client
from django.urls import reverse

from comptes.lecture_dossier import lire_dossier
from comptes.models import Document, FicheCantine
from comptes.models.foyers import EnfantQuerySet
from comptes.regles import Manque
from comptes.services import fiches
from comptes.services.fiches import FicheChangee, enregistrer_fiche
from comptes.views_fiche import fiche
from tests.administration import agent as connecter_agent
from tests.factories import INSTANT, ContactFactory, RattachementFactory, ResponsableFactory, UtilisateurFactory, foyer
from tests.portail.html import Page

pytestmark = pytest.mark.django_db
SAISIE = {
    "regime": "vegetarien",
    "pai": "oui",
    "pai_fin": "2027-07-05",
    "medecin": "Dr Sarda",
    "medecin_telephone": "+33 4 68 11 22 33",
    "remarques": "Mange lentement.",
    "vue_le": "",
}


@pytest.fixture(autouse=True)
def instant(time_machine):
    time_machine.move_to(INSTANT, tick=True)


@pytest.fixture
def separes():
    """Léa's two households."""
    f = foyer()
    return f, foyer(enfant=f.enfant, activite=f.activite)


def parent(compte) -> Client:
    client = Client()
    client.force_login(compte)
    return client


def adresse(f) -> str:
    return reverse("comptes:fiche", args=[f.enfant.pk])


def montree(client, f) -> str:
    """Which state of the card the page carries."""
    champs = Page(client.get(adresse(f))).attributs("input")
    return next(c.get("value") or "" for c in champs if c.get("name") == "vue_le")


def lire(client, f) -> Page:
    return Page(client.get(reverse("reservations:enfant", args=[f.enfant.pk])))


def test_a_parent_fills_the_card_and_reads_it_on_the_page_of_the_child(separes):
    f, _ = separes
    client = parent(f.utilisateur)
    reponse = client.post(adresse(f), SAISIE, follow=True)
    assert "La fiche de cantine est enregistrée." in Page(reponse).texte
    lue = FicheCantine.objects.get()
    assert (lue.enfant, lue.regime, lue.pai, lue.pai_fin) == (f.enfant, "vegetarien", True, dt.date(2027, 7, 5))
    assert (lue.medecin_telephone, lue.modifie_par) == ("04 68 11 22 33", f.utilisateur)
    texte = lire(client, f).texte
    for mot in ("Végétarien", "jusqu’au 05/07/2027", "Dr Sarda", "Mange lentement.", "par vous", "deux foyers"):
        assert mot in texte


@pytest.mark.parametrize(
    ("champs", "phrase"),
    [
        ({"regime": ""}, "Choisissez un menu."),
        ({"regime": "halal"}, "Choisissez un des menus proposés."),
        ({"pai": ""}, "Dites s’il y a un PAI"),
        ({"pai": "peut-être"}, "Dites s’il y a un PAI"),
        ({"pai_fin": "demain"}, "Saisissez une date"),
        ({"pai_fin": "2026-07-14"}, "Cette date est passée."),
        ({"pai_fin": "2099-01-01"}, "Cette date est trop lointaine"),
        ({"medecin_telephone": "04 68"}, "Saisissez un numéro de téléphone entier"),
        ({"medecin": "x" * 5000}, "120"),
        ({"remarques": "x" * 501}, "500 caractères au plus."),
    ],
)
def test_a_wrong_entry_gets_a_sentence_and_writes_nothing(separes, champs, phrase):
    reponse = parent(separes[0].utilisateur).post(adresse(separes[0]), SAISIE | champs)
    assert reponse.status_code == 200
    assert phrase in reponse.text
    assert not FicheCantine.objects.exists()


def test_without_a_pai_no_end_is_kept_and_a_past_one_stays_while_other_things_change(separes, time_machine):
    f, _ = separes
    client = parent(f.utilisateur)
    client.post(adresse(f), SAISIE)
    time_machine.move_to(dt.datetime(2027, 8, 1, 8, tzinfo=dt.UTC), tick=True)
    client = parent(f.utilisateur)  # the session has ended since
    client.post(adresse(f), SAISIE | {"vue_le": montree(client, f), "remarques": "Lunettes.\r\nGaucher."})
    assert FicheCantine.objects.get().remarques == "Lunettes.\nGaucher."
    client.post(adresse(f), SAISIE | {"vue_le": montree(client, f), "pai": "non"})
    assert (FicheCantine.objects.get().pai, FicheCantine.objects.get().pai_fin) == (False, None)


def test_a_card_filled_meanwhile_by_the_other_household_is_read_before_it_is_written(separes):
    f, autre = separes
    mere, pere = parent(f.utilisateur), parent(autre.utilisateur)
    vue = montree(mere, f)
    pere.post(adresse(f), SAISIE)
    reponse = mere.post(adresse(f), SAISIE | {"vue_le": vue, "regime": "sans_porc", "medecin": ""})
    texte = " ".join(Page(reponse).texte.split()).replace("\xa0", " ")
    assert "La fiche a changé pendant que vous la remplissiez : l’autre foyer l’a modifiée" in texte
    assert "Menu : Végétarien" in texte
    assert "Médecin traitant : Dr Sarda" in texte
    for secret in (str(autre.responsable), autre.famille.nom):
        assert secret not in reponse.text
    assert FicheCantine.objects.get().regime == "vegetarien"
    # Read again, the same answers are sent from that page: now they are kept.
    champs = Page(reponse).attributs("input")
    revue = next(c["value"] for c in champs if c.get("name") == "vue_le")
    mere.post(adresse(f), SAISIE | {"vue_le": revue, "regime": "sans_porc"})
    assert FicheCantine.objects.get().regime == "sans_porc"
    assert "par l’autre foyer" in lire(pere, f).texte


def test_the_other_adult_of_the_household_is_named(separes):
    f, _ = separes
    ali = ResponsableFactory(famille=f.famille, rang=2, prenom="Ali")
    parent(ali.utilisateur).post(adresse(f), SAISIE)
    assert f"par {ali}" in lire(parent(f.utilisateur), f).texte


@pytest.mark.parametrize("vue", ["", "x", "2026-07-15", "2026-07-15T09:00:00+00:00", "9" * 40, "\x00"])
def test_a_state_never_shown_writes_over_nothing(separes, vue):
    f, _ = separes
    client = parent(f.utilisateur)
    client.post(adresse(f), SAISIE)
    reponse = client.post(adresse(f), SAISIE | {"vue_le": vue, "regime": "standard"})
    assert reponse.status_code == 200
    assert FicheCantine.objects.get().regime == "vegetarien"


def test_the_same_form_sent_twice_writes_once(separes):
    f, _ = separes
    client = parent(f.utilisateur)
    client.post(adresse(f), SAISIE)
    avant = FicheCantine.objects.get().modifie_le
    assert "Rien n’a changé." in Page(client.post(adresse(f), SAISIE, follow=True)).texte
    assert FicheCantine.objects.get().modifie_le == avant


@pytest.mark.parametrize(
    "nom", ["enfant", "fiche", "contacts", "ajouter_contact", "importer_contacts", "cantine_enfant"]
)
def test_the_typography_is_french(separes, nom):
    f, _ = separes
    FicheCantine.objects.create(enfant=f.enfant, pai=True)
    ContactFactory(rattachement=f.rattachement)
    client = connecter_agent("cantine") if "cantine" in nom else parent(f.utilisateur)
    piece = "reservations" if nom in {"enfant", "cantine_enfant"} else "comptes"
    page = Page(client.get(reverse(f"{piece}:{nom}", args=[] if nom == "contacts" else [f.enfant.pk])))
    assert re.findall(r".{0,20} [;:!?»].{0,10}|«[^\u00a0].{0,10}|.{0,20}\w'\w.{0,10}", page.texte) == []
    assert page.code_dans_la_page() == []


def test_writing_the_card_costs_few_statements(separes, django_assert_max_num_queries):
    f, autre = separes
    for compte, regime in [(f.utilisateur, "standard"), (autre.utilisateur, "sans_porc")]:
        client = parent(compte)
        vue = montree(client, f)
        with django_assert_max_num_queries(15):
            client.post(adresse(f), SAISIE | {"vue_le": vue, "regime": regime})
        assert FicheCantine.objects.get().regime == regime


# --- What is missing -------------------------------------------------------------------------------------------------
def test_what_is_missing_leads_to_where_it_is_filled(separes):
    f, _ = separes
    client = parent(f.utilisateur)
    assert reverse("comptes:ajouter_contact", args=[f.enfant.pk]) in lire(client, f).liens()
    client.post(adresse(f), SAISIE | {"medecin": "", "pai_fin": "2026-08-01"})
    page = lire(client, f)
    for phrase in (
        "Le document du PAI n’est pas déposé",
        "moins de 30 jours",
        "Le médecin à appeler",
        "Personne n’est",
    ):
        assert phrase in page.texte
    assert adresse(f) in page.liens()
    client.post(adresse(f), SAISIE | {"vue_le": montree(client, f)})
    ContactFactory(rattachement=f.rattachement)
    document(f, f.famille)
    assert "Ce qui manque" not in lire(client, f).texte


def document(f, famille, **champs):
    champs = {"nom": "pai-lea.pdf", "nature": Document.Nature.PAI, "type_mime": "application/pdf", **champs}
    return Document.objects.create(
        famille=famille, enfant=f.enfant, taille=1, empreinte="a" * 64, fichier="x", **champs
    )


def test_the_paper_of_the_other_household_counts_and_is_not_shown(separes):
    f, autre = separes
    client = parent(f.utilisateur)
    client.post(adresse(f), SAISIE)
    document(f, autre.famille, nom="secret.pdf")
    page = lire(client, f)
    assert "déposé par l’autre foyer" in page.texte
    assert "secret.pdf" not in page.texte
    assert "Le document du PAI n’est pas déposé" not in page.texte


def test_a_paper_out_of_date_does_not_count(separes):
    f, _ = separes
    client = parent(f.utilisateur)
    client.post(adresse(f), SAISIE)
    document(f, f.famille, expire_le=dt.date(2026, 7, 14))
    assert "Le document du PAI n’est pas déposé" in lire(client, f).texte


def test_the_school_and_the_class_are_those_of_each_year(separes):
    f, _ = separes
    f.inscription.classe = "CE2 B"
    f.inscription.save(update_fields=["classe"])
    texte = " ".join(lire(parent(f.utilisateur), f).texte.split())
    assert f"École : {f.activite.ecole}, classe CE2 B" in texte.replace("\xa0", " ")


def test_an_agent_without_household_does_not_open_the_card(separes):
    assert parent(UtilisateurFactory(agent=True)).get(adresse(separes[0])).status_code == 404


def test_an_agent_who_helps_the_family_reads_nothing_of_health(separes, rf):
    f, _ = separes
    parent(f.utilisateur).post(adresse(f), SAISIE | {"medecin": ""})
    agent = UtilisateurFactory(agent=True)
    agent.famille_accompagnee = f.famille.pk
    dossier = lire_dossier(f.enfant, lecteur=agent, aujourdhui=INSTANT.date())
    assert dossier.fiche is None
    assert dossier.manques(inscrit=True, aujourdhui=INSTANT.date()) == [Manque.SANS_CONTACT]
    requete = rf.get(adresse(f))
    requete.user = agent
    with pytest.raises(PermissionDenied):
        fiche(requete, f.enfant.pk)


# --- At once ---------------------------------------------------------------------------------------------------------
def deux_fiches(monkeypatch):
    """Two households fill the first card at once: both have read before either writes, unless one waits."""
    lea = RattachementFactory()
    comptes = [ResponsableFactory(famille=lea.famille, rang=rang).utilisateur for rang in (1, 2)]
    barriere = threading.Barrier(2)
    ecrire = FicheCantine.objects.update_or_create

    def attendre(*args, **kwargs):
        with contextlib.suppress(threading.BrokenBarrierError):
            barriere.wait(timeout=1)
        return ecrire(*args, **kwargs)

    monkeypatch.setattr(fiches.FicheCantine.objects, "update_or_create", attendre)

    def remplir(compte, regime):
        try:
            enregistrer_fiche(enfant=lea.enfant, valeurs={"regime": regime}, vue_le=None, par=compte)
        except FicheChangee:
            return "à revoir"
        finally:
            connections.close_all()
        return "écrite"

    with ThreadPoolExecutor(2) as fils:
        return sorted(fils.map(remplir, comptes, ["sans_porc", "vegetarien"]))


@pytest.mark.django_db(transaction=True)
def test_two_parents_at_once_never_write_over_each_other(monkeypatch):
    assert deux_fiches(monkeypatch) == ["à revoir", "écrite"]


@pytest.mark.django_db(transaction=True)
def test_control_without_the_lock_one_is_written_over(monkeypatch):
    monkeypatch.setattr(EnfantQuerySet, "verrouilles", lambda self: self.order_by("pk"))
    assert deux_fiches(monkeypatch) == ["écrite", "écrite"]
