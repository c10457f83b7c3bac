"""The erasure of a household: no word of it is left in any table but the fields listed here."""

import datetime as dt

import pytest
import time_machine
from django.apps import apps
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from post_office.models import Email

from comptes.models import Demande, Document, Enfant, Famille, FicheCantine, Notification, SessionDuCompte, Utilisateur
from comptes.services.effacement import demander_l_effacement
from portail.effacement import dormantes, effacer
from reservations.models import Attente, Inscription, Mouvement, Operation, Reservation
from tests.administration import agent
from tests.factories import INSTANT, FamilleFactory, foyer
from tests.portail.html import Page
from tests.portail.test_donnees import JEUDI, remplir

pytestmark = pytest.mark.django_db
PLUS_TARD = dt.datetime(2027, 7, 20, 9, 0, tzinfo=dt.UTC)
# Where the word may stay: the copy of the last mail, 90 days in the queue.
# What accounting keeps for ten years, with the names that it prints.
COMPTABLES = {
    ("facturation_lignefacture", "enfant"),
    ("facturation_paiement", "reference"),
    ("facturation_paiement", "cle"),
}
GARDES = {("post_office_email", "to"), *COMPTABLES}


@pytest.fixture(autouse=True)
def dossier(settings, tmp_path):
    settings.DOCUMENTS = tmp_path / "documents"
    return settings.DOCUMENTS


@pytest.fixture
def separes():
    """Two households of a child, full of canaries; their meals are past and old by now."""
    with time_machine.travel(INSTANT, tick=False) as horloge:
        f = foyer()
        autre = foyer(enfant=f.enfant, activite=f.activite)
        f.enfant.nom, f.enfant.prenom = "CanariEnfant", "Léa"
        f.enfant.save()
        remplir(f, "Canari")
        remplir(autre, "Rossignol")
        FicheCantine.objects.create(enfant=f.enfant, remarques="CanariFiche")
        horloge.move_to(PLUS_TARD)
        yield f, autre


def ou_est(mot: str) -> set[tuple[str, str]]:
    """Every (table, column) of the database in which this word is, whatever the type of the column."""
    trouves = set()
    with connection.cursor() as curseur:
        for table in connection.introspection.table_names(curseur):
            colonnes = [c.name for c in connection.introspection.get_table_description(curseur, table)]
            for colonne in colonnes:
                curseur.execute(
                    f'SELECT EXISTS (SELECT 1 FROM "{table}" WHERE "{colonne}"::text ILIKE %s)', [f"%{mot}%"]
                )
                if curseur.fetchone()[0]:
                    trouves.add((table, colonne))
    return trouves


def fichiers(dossier) -> list:
    return [chemin for chemin in dossier.rglob("*") if chemin.is_file()]


def test_no_word_of_an_erased_household_is_left(separes, dossier, django_capture_on_commit_callbacks):
    f, autre = separes
    guichet = agent("guichet")
    journal = {
        "user": Utilisateur.objects.get(email="guichet@exemple.fr"),
        "content_type": ContentType.objects.get_for_model(Famille),
        "action_flag": CHANGE,
    }
    LogEntry.objects.create(
        **journal, object_id=str(f.famille.pk), object_repr="Famille Canari", change_message="Canari"
    )
    Client().force_login(f.utilisateur)
    adresse = f.utilisateur.email
    assert len(ou_est("Canari")) > 15
    assert len(fichiers(dossier)) == 2
    with django_capture_on_commit_callbacks(execute=True):
        effacer(famille=f.famille)
    du_partage = ("comptes_enfant", "comptes_fichecantine")  # the child is shared: it has another household
    assert {(t, c) for t, c in ou_est("Canari") if not t.startswith(du_partage)} <= GARDES
    assert ou_est(adresse) <= GARDES
    assert "Canari" not in "".join(Email.objects.values_list("message", flat=True))
    assert len(fichiers(dossier)) == 1
    assert Document.objects.get().famille == autre.famille
    f.utilisateur.refresh_from_db()
    assert not f.utilisateur.is_active
    assert not SessionDuCompte.objects.filter(utilisateur=f.utilisateur).exists()
    assert LogEntry.objects.get(object_id=str(f.famille.pk)).object_repr == "effacé"
    assert guichet.get(reverse("admin:comptes_famille_change", args=[f.famille.pk])).status_code == 200


def test_the_proof_of_meals_stays_without_a_name(separes):
    f, _ = separes
    avant = list(Operation.objects.filter(famille=f.famille).values_list("pk", "cree_le", "mouvements__prix"))
    effacer(famille=f.famille)
    assert list(Operation.objects.filter(famille=f.famille).values_list("pk", "cree_le", "mouvements__prix")) == avant
    operation = Operation.objects.get(famille=f.famille)
    assert str(operation.famille) == f"Famille effacée n° {f.famille.pk}"
    assert operation.auteur.email.endswith("@efface.invalid")
    assert Reservation.objects.filter(inscription=f.inscription).count() == 1
    assert Mouvement.objects.filter(operation=operation).count() == 1


def test_a_shared_child_stays_with_the_other_household_then_goes_with_it(separes):
    f, autre = separes
    effacer(famille=f.famille)
    f.enfant.refresh_from_db()
    assert f.enfant.nom == "CanariEnfant"
    assert FicheCantine.objects.get(enfant=f.enfant).remarques == "CanariFiche"
    assert autre.rattachement.contacts.count() == 1
    assert Document.objects.de(autre.utilisateur).count() == 1
    assert Enfant.objects.de(autre.utilisateur).get() == f.enfant
    effacer(famille=autre.famille)
    f.enfant.refresh_from_db()
    assert (f.enfant.prenom, f.enfant.nom, f.enfant.naissance) == ("Enfant", "effacé", dt.date(2017, 1, 1))
    for mot in ("Canari", "Rossignol"):
        assert ou_est(mot) <= GARDES


def test_twice_does_it_once(separes):
    f, _ = separes
    effacer(famille=f.famille)
    f.famille.refresh_from_db()
    premiere = f.famille.anonymisee_le
    effacer(famille=f.famille)
    f.famille.refresh_from_db()
    assert f.famille.anonymisee_le == premiere
    assert Email.objects.filter(subject="Vos données sont effacées").count() == 1


@pytest.mark.parametrize(
    ("quand", "phrase"),
    [
        (dt.datetime(2026, 12, 1, 9, tzinfo=dt.UTC), "repas réservé à venir"),
        (dt.datetime(2026, 12, 10, 9, tzinfo=dt.UTC), "repas réservé à venir"),
        (dt.datetime(2026, 12, 20, 9, tzinfo=dt.UTC), "reste à facturer"),
    ],
)
def test_a_meal_to_come_or_to_bill_forbids_it_and_nothing_is_touched(separes, quand, phrase):
    f, _ = separes
    with time_machine.travel(quand, tick=False), pytest.raises(ValidationError, match=phrase):
        effacer(famille=f.famille)
    f.famille.refresh_from_db()
    assert f.famille.anonymisee_le is None
    assert ("comptes_contact", "nom") in ou_est("Canari")


def test_a_request_on_the_waiting_list_forbids_it(separes):
    f, _ = separes
    with time_machine.travel(INSTANT, tick=False):
        journee = f.activite.journees.get(date=dt.date(2026, 12, 14))
        f.reserver(annuler=[JEUDI])
        Attente.objects.create(
            inscription=f.inscription,
            journee=journee,
            enfant=f.enfant,
            date=journee.date,
            mode="auto",
            demandee_le=timezone.now(),
        )
        with pytest.raises(ValidationError, match="liste d’attente"):
            effacer(famille=f.famille)


@pytest.mark.parametrize("debut", [dt.date(2026, 9, 1), dt.date(2027, 9, 1)])
def test_the_enrolments_end_so_that_no_form_in_flight_books(separes, debut):
    f, _ = separes
    Inscription.objects.filter(pk=f.inscription.pk).update(debut=debut, fin=dt.date(2027, 12, 31))
    effacer(famille=f.famille)
    f.inscription.refresh_from_db()
    assert f.inscription.fin == dt.date(2027, 7, 19)


# --- The answer of an agent ------------------------------------------------------------------------------------------
def repondre(client, demande, **champs):
    return client.post(reverse("portail:effacement", args=[demande.pk]), champs, follow=True)


def test_an_agent_erases_after_a_box_is_ticked(separes):
    f, _ = separes
    demande = demander_l_effacement(famille=f.famille, par=f.utilisateur)
    client = agent("guichet")
    assert "Famille Canari" in client.get(reverse("portail:effacements")).content.decode()
    assert "Cochez la case" in repondre(client, demande, decision="accepter").content.decode()
    assert not Demande.objects.exclude(etat="deposee").filter(nature="effacement").exists()
    assert "sont effacées" in repondre(client, demande, decision="accepter", confirmation="on").content.decode()
    demande.refresh_from_db()
    assert demande.etat == "acceptee"
    assert demande.traitee_par.email == "guichet@exemple.fr"
    assert LogEntry.objects.filter(change_message="Données effacées", user=demande.traitee_par).exists()
    assert repondre(client, demande, decision="accepter", confirmation="on").status_code == 404


def test_an_agent_refuses_with_a_reason_that_the_family_reads(separes):
    f, _ = separes
    demande = demander_l_effacement(famille=f.famille, par=f.utilisateur)
    client = agent("guichet")
    assert "Donnez la raison" in repondre(client, demande, decision="refuser").content.decode()
    repondre(client, demande, decision="refuser", mot="Une facture reste due.")
    demande.refresh_from_db()
    assert (demande.etat, demande.reponse) == ("refusee", "Une facture reste due.")
    lettre = Email.objects.latest("pk")
    assert "Une facture reste due." in lettre.message
    assert lettre.to == [f.utilisateur.email]
    assert Notification.objects.de(f.utilisateur).first().texte == "Une facture reste due."
    parent = Client()
    parent.force_login(f.utilisateur)
    assert "Une facture reste due." in Page(parent.get("/compte/donnees/")).texte


@pytest.mark.parametrize("role", ["cantine", "regie"])
def test_the_other_roles_answer_no_request(role, separes):
    demande = demander_l_effacement(famille=separes[0].famille, par=separes[0].utilisateur)
    client = agent(role)
    assert client.get(reverse("portail:effacements")).status_code == 403
    assert repondre(client, demande, decision="accepter", confirmation="on").status_code == 403


# --- Accounts asleep -------------------------------------------------------------------------------------------------
DANS_TROIS_ANS = dt.datetime(2030, 9, 1, 9, tzinfo=dt.UTC)


def endormir(f) -> None:
    """Its history was written by the real clock of the database."""
    for modele in apps.get_models():
        if modele._meta.label == "comptes.FamilleEvent":
            modele._base_manager.filter(pgh_obj_id=f.famille.pk).update(pgh_created_at=INSTANT)


def commander(capsys, **options) -> str:
    call_command("anonymiser_dormants", **options)
    return capsys.readouterr().out.replace("\xa0", " ")


def test_accounts_asleep_are_counted_then_erased_and_the_rest_is_left(separes, capsys):
    f, autre = separes
    endormir(f)
    endormir(autre)
    Utilisateur.objects.filter(pk=autre.utilisateur.pk).update(last_login=DANS_TROIS_ANS - dt.timedelta(days=30))
    with time_machine.travel(PLUS_TARD, tick=False):
        assert not dormantes(timezone.now()).exists()
    with time_machine.travel(DANS_TROIS_ANS, tick=False):
        Demande.objects.filter(nature="adresse").update(etat="retiree", traitee_le=INSTANT)
        assert "1 famille sans activité" in commander(capsys)
        f.famille.refresh_from_db()
        assert f.famille.anonymisee_le is None
        assert "1 famille effacée" in commander(capsys, appliquer=True)
        assert "0 famille sans activité" in commander(capsys, appliquer=True)
    for foyer_ in (f, autre):
        foyer_.famille.refresh_from_db()
    assert f.famille.anonymisee_le
    assert autre.famille.anonymisee_le is None


def test_a_household_just_made_by_the_guichet_is_not_asleep():
    FamilleFactory()
    assert not dormantes(timezone.now()).exists()
