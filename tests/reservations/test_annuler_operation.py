"""Undo an operation: what is undone, what is named as too late, who may, and two clicks at once."""

import datetime as dt
import uuid

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from post_office.models import Email

from reservations.models import Journee, Mouvement, Operation, Reservation
from reservations.models.inscription import InscriptionQuerySet
from reservations.regles import Motif, motif_de_refus
from reservations.regles_changements import Changements, changements_inverses
from reservations.services import reserver
from reservations.services.annuler_operation import PasAnnulable, annuler_operation, prevoir_l_annulation
from reservations.tarifs import RegleDeRetard
from tests.factories import INSTANT, EnfantFactory, InscriptionFactory, RattachementFactory, foyer
from tests.reservations.test_concurrence import Croisement, ensemble, sans_verrou
from tests.reservations.test_reserver import dates, issues, lu, remplir

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("comptes_justes")]
N = Mouvement.Nature
LUNDI, MARDI, JEUDI, VENDREDI = (dt.date(2026, 12, n) for n in (7, 8, 10, 11))


def defaire(f, operation, **options):
    return annuler_operation(operation=operation, auteur=f.utilisateur, **options)


def connecte(f):
    client = Client()
    client.force_login(f.utilisateur)
    return client


def adresse(operation, nom="annuler"):
    return reverse(f"reservations:{nom}", args=[operation.numero])


def plus_tard(jour):
    """The instant is past the cut-off of this day."""
    Journee.objects.filter(date=jour).update(limite_reservation=INSTANT, limite_annulation=INSTANT)


# --- The rule --------------------------------------------------------------------------------------------------------
def test_what_was_booked_is_cancelled_and_what_was_cancelled_is_booked():
    assert changements_inverses([LUNDI], [MARDI]) == Changements(frozenset([MARDI]), frozenset([LUNDI]))
    assert not changements_inverses([], [])


def test_without_late_meals_a_day_past_its_cut_off_is_too_late():
    journee = Journee(
        date=LUNDI, capacite=9, limite_reservation=INSTANT, limite_tardive=INSTANT + dt.timedelta(hours=1)
    )
    faits = {"debut": LUNDI, "fin": LUNDI, "ouverte": True, "prix": 1, "detenteur": None, "maintenant": INSTANT}
    assert motif_de_refus(journee, **faits) is None
    assert motif_de_refus(journee, **faits, retard=False) == Motif.HORS_DELAI


# --- The service -----------------------------------------------------------------------------------------------------
@pytest.mark.usefixtures("ouverture")
class TestService:
    def test_an_operation_is_undone_by_another_with_its_own_recap_and_mail(self):
        f = foyer(reserves=[LUNDI])
        operation = f.reserver(MARDI, JEUDI, annuler=[LUNDI])
        Email.objects.all().delete()
        annulation = defaire(f, operation)
        assert annulation.annule == operation
        assert annulation.origine == Operation.Origine.PARENT
        assert issues(annulation) == {LUNDI: (N.AJOUT, ""), MARDI: (N.ANNULATION, ""), JEUDI: (N.ANNULATION, "")}
        assert dates(f.inscription) == {LUNDI}
        assert annulation.numero in Email.objects.get().subject

    def test_the_undo_can_be_undone(self):
        f = foyer()
        operation = f.reserver(LUNDI)
        defaire(f, defaire(f, operation))
        assert dates(f.inscription) == {LUNDI}

    def test_what_is_too_late_full_or_already_so_is_named_line_by_line(self):
        f = foyer(reserves=[LUNDI, VENDREDI])
        operation = f.reserver(MARDI, JEUDI, annuler=[LUNDI, VENDREDI])
        f.reserver(annuler=[JEUDI])
        plus_tard(MARDI)
        plus_tard(VENDREDI)
        remplir(f.activite, LUNDI)
        assert issues(defaire(f, operation)) == {
            LUNDI: (N.REFUS, Motif.COMPLET),
            MARDI: (N.REFUS_ANNULATION, Motif.HORS_DELAI_ANNULATION),
            JEUDI: (N.SANS_EFFET, Motif.PAS_RESERVE),
            VENDREDI: (N.REFUS, Motif.HORS_DELAI),
        }
        assert dates(f.inscription) == {MARDI}

    def test_a_meal_is_never_booked_again_at_a_late_price(self):
        f = foyer(reserves=[LUNDI])
        type(f.activite).objects.update(retard=RegleDeRetard.Mode.FIXE, retard_montant=2)
        operation = f.reserver(annuler=[LUNDI])
        demain = INSTANT + dt.timedelta(days=1)
        Journee.objects.filter(date=LUNDI).update(limite_reservation=INSTANT, limite_tardive=demain)
        assert issues(defaire(f, operation)) == {LUNDI: (N.REFUS, Motif.HORS_DELAI)}

    def test_two_children_are_undone_together(self):
        f = foyer()
        cadet = RattachementFactory(famille=f.famille, enfant=EnfantFactory(prenom="Hugo"))
        autre = InscriptionFactory(rattachement=cadet, activite=f.activite, annee=f.annee)
        demandes = {pk: Changements(frozenset([LUNDI])) for pk in (f.inscription.pk, autre.pk)}
        operation = reserver(demandes=demandes, auteur=f.utilisateur, cle="deux")
        annulation = defaire(f, operation)
        assert annulation.mouvements.filter(nature=N.ANNULATION).count() == 2
        assert not Reservation.objects.exists()

    def test_an_operation_is_undone_once_and_the_second_click_is_told(self):
        f = foyer()
        operation = f.reserver(LUNDI)
        premiere = defaire(f, operation)
        f.reserver(LUNDI)
        seconde = defaire(f, operation)
        assert (seconde, seconde.repetee, premiere.repetee) == (premiere, True, False)
        assert dates(f.inscription) == {LUNDI}

    def test_an_undo_that_undoes_nothing_does_not_spend_the_one_undo(self):
        f = foyer(reserves=[LUNDI])
        operation = f.reserver(annuler=[LUNDI])
        remplir(f.activite, LUNDI)
        vaine = defaire(f, operation, jeton="a")
        assert (vaine.annule, vaine.repetee) == (None, False)
        assert issues(vaine) == {LUNDI: (N.REFUS, Motif.COMPLET)}  # the proof of a full day stays
        assert (encore := defaire(f, operation, jeton="a")) == vaine
        assert encore.repetee
        Journee.objects.filter(date=LUNDI).update(capacite=1000)
        assert defaire(f, operation, jeton="b").annule == operation
        assert dates(f.inscription) == {LUNDI}

    @pytest.mark.parametrize("origine", [Operation.Origine.AGENT, Operation.Origine.COMMANDE])
    def test_what_the_town_did_is_the_town_s_to_undo(self, origine):
        f = foyer()
        demandes = {f.inscription.pk: Changements(frozenset([LUNDI]))}
        operation = reserver(demandes=demandes, auteur=None, cle="a", origine=origine)
        with pytest.raises(PasAnnulable, match="ne se défait pas ici"):
            defaire(f, operation)
        assert dates(f.inscription) == {LUNDI}

    def test_an_operation_that_changed_nothing_has_nothing_to_undo(self):
        f = foyer()
        operation = f.reserver(annuler=[LUNDI])
        with pytest.raises(PasAnnulable, match="rien à défaire"):
            defaire(f, operation)

    def test_the_waiting_list_and_absences_are_named_as_not_undone(self):
        f = foyer()
        operation = f.reserver(LUNDI)
        Mouvement.objects.create(operation=operation, inscription=f.inscription, date=MARDI, nature=N.ATTENTE)
        ((prenom, defaits, gardes),) = prevoir_l_annulation(operation, list(operation.mouvements.all())).parties
        assert prenom == "Léa"
        assert [lu(x) for x in defaits] == ["Repas du 07/12/2026 : sera annulé (4,97 €)"]
        assert [lu(x) for x in gardes] == ["Mise en liste d’attente : 08/12/2026 - ne se défait pas ici"]
        assert set(issues(defaire(f, operation))) == {LUNDI}

    def test_the_forecast_writes_nothing(self):
        f = foyer()
        operation = f.reserver(LUNDI)
        prevoir_l_annulation(operation, list(operation.mouvements.all()))
        assert (Operation.objects.count(), dates(f.inscription)) == (1, {LUNDI})


# --- The page --------------------------------------------------------------------------------------------------------
@pytest.mark.usefixtures("ouverture")
class TestPage:
    def test_the_page_says_what_will_be_undone_and_what_no_longer_can(self):
        f = foyer(reserves=[VENDREDI])
        operation = f.reserver(LUNDI, MARDI, annuler=[VENDREDI])
        plus_tard(MARDI)
        client = connecte(f)
        assert adresse(operation) in client.get(adresse(operation, "operation")).text
        texte = lu(client.get(adresse(operation)).text)
        assert "Ce qui sera défait" in texte
        assert "Ce qui ne peut plus l’être" in texte
        assert "Repas du 07/12/2026 : sera annulé (4,97 €)" in texte
        assert "Repas du 08/12/2026 : le délai d’annulation est dépassé" in texte
        assert "Repas du 11/12/2026 : sera réservé de nouveau (4,97 €)" in texte
        reponse = client.post(adresse(operation))
        annulation = Operation.objects.get(annule=operation)
        assert (reponse.status_code, reponse.url) == (302, adresse(annulation, "operation"))
        assert operation.numero in client.get(reponse.url).text
        recap = client.get(adresse(operation, "operation")).text
        assert "Cette opération a été annulée" in recap
        assert adresse(operation) not in recap

    def test_a_cut_off_that_passes_between_the_page_and_the_click_is_named(self):
        f = foyer()
        operation = f.reserver(LUNDI)
        client = connecte(f)
        assert "sera annulé" in client.get(adresse(operation)).text
        plus_tard(LUNDI)
        recap = client.post(adresse(operation), follow=True)
        assert f"Rien n’a pu être défait de l’opération n° {operation.numero} :" in lu(recap.text)
        assert "le délai d’annulation est dépassé" in recap.text
        assert dates(f.inscription) == {LUNDI}

    def test_the_page_offers_the_undo_again_after_one_that_undid_nothing(self):
        f = foyer()
        operation = f.reserver(LUNDI)
        client = connecte(f)
        envoi = {"jeton": str(client.get(adresse(operation)).context["jeton"])}
        limites = {
            n: getattr(f.activite.journees.get(date=LUNDI), n) for n in ("limite_reservation", "limite_annulation")
        }
        plus_tard(LUNDI)
        for _ in range(2):  # a form sent twice is one operation
            recap = client.post(adresse(operation), envoi, follow=True).context["operation"]
        assert (Operation.objects.count(), recap.annule) == (2, None)
        Journee.objects.filter(date=LUNDI).update(**limites)
        assert adresse(operation) in client.get(adresse(operation, "operation")).text
        assert "déjà été annulée" not in client.get(adresse(operation)).text
        client.post(adresse(operation), {"jeton": str(uuid.uuid4())})
        assert Operation.objects.get(annule=operation)
        assert not dates(f.inscription)

    def test_when_nothing_can_be_undone_there_is_no_button(self):
        f = foyer()
        operation = f.reserver(LUNDI)
        plus_tard(LUNDI)
        texte = connecte(f).get(adresse(operation)).text
        assert "Plus rien de cette opération ne peut être défait" in texte
        assert "Confirmer" not in texte

    def test_a_second_click_leads_to_the_first_undo(self):
        f = foyer()
        operation = f.reserver(LUNDI)
        annulation = defaire(f, operation)
        for reponse in (connecte(f).get(adresse(operation)), connecte(f).post(adresse(operation))):
            assert reponse.url == adresse(annulation, "operation")
        assert Operation.objects.count() == 2

    def test_what_the_town_did_is_answered_with_a_sentence(self):
        f = foyer()
        demandes = {f.inscription.pk: Changements(frozenset([LUNDI]))}
        operation = reserver(demandes=demandes, auteur=None, cle="a", origine=Operation.Origine.AGENT)
        client = connecte(f)
        assert adresse(operation) not in client.get(adresse(operation, "operation")).text
        assert "faite par la mairie" in client.post(adresse(operation), follow=True).text
        assert Operation.objects.count() == 1

    def test_a_stranger_and_the_other_household_find_nothing(self):
        f = foyer(reserves=[LUNDI])
        operation = Operation.objects.get()
        for autre in (foyer(), foyer(enfant=f.enfant, activite=f.activite)):
            for nom in ("annuler", "operation", "operation_pdf"):
                assert connecte(autre).get(adresse(operation, nom)).status_code == 404
            assert connecte(autre).post(adresse(operation)).status_code == 404
        assert Client().post(adresse(operation)).status_code == 302
        assert Operation.objects.count() == 1


# --- Repetitions and mails -------------------------------------------------------------------------------------------
@pytest.mark.usefixtures("ouverture")
class TestRepetition:
    def test_a_form_sent_again_says_that_nothing_was_changed(self):
        f = foyer()
        client, url = connecte(f), reverse("reservations:calendrier", args=[f.inscription.pk])
        formulaire = {"jours": [str(LUNDI)], "jeton": str(uuid.uuid4())}
        assert "avait déjà été enregistré" not in client.post(url, formulaire, follow=True).text
        f.reserver(annuler=[LUNDI])
        texte = lu(client.post(url, formulaire, follow=True).text)
        attendu = "Ce formulaire avait déjà été enregistré le mercredi 15 juillet 2026 à 9 h ; rien n’a été changé."
        assert attendu in texte
        assert not dates(f.inscription)

    @pytest.mark.parametrize("situation", ["sans effet", "hors délai"])
    def test_a_form_that_changes_nothing_is_kept_and_sends_no_mail(self, situation):
        f = foyer(reserves=[LUNDI])
        Email.objects.all().delete()
        if situation == "hors délai":
            plus_tard(MARDI)
        for _ in range(3):
            operation = f.reserver(LUNDI if situation == "sans effet" else MARDI)
        assert Operation.objects.count() == 4
        assert not Email.objects.exists()
        assert "envoyé par e-mail" not in connecte(f).get(adresse(operation, "operation")).text

    def test_a_full_day_is_told_by_mail(self):
        f = foyer(reserves=[LUNDI])
        Email.objects.all().delete()
        remplir(f.activite, MARDI)
        f.reserver(MARDI, LUNDI)
        assert "la capacité maximale est atteinte" in Email.objects.get().message

    def test_the_mail_names_number_date_service_and_contact(self, settings):
        f = foyer()
        operation = f.reserver(LUNDI)
        courriel = Email.objects.get()
        for texte in (courriel.message, courriel.html_message):
            for mot in (
                operation.numero,
                "mercredi 15 juillet 2026",
                *(settings.VILLE[n] for n in ("service", "courriel", "telephone")),
            ):
                assert lu(mot) in lu(texte)


# --- Two clicks ----------------------------------------------------------------------------------------------------
@pytest.fixture
def horloge_qui_tourne():
    """The pool of connections measures its waits: the clock must go on."""
    with time_machine.travel(INSTANT, tick=True):
        yield


def deux_clics():
    f = foyer()
    operation = f.reserver(LUNDI)
    croisement = Croisement(2)
    geste = lambda: defaire(f, Operation.objects.get(pk=operation.pk), horloge=croisement)  # noqa: E731
    return operation, ensemble(geste, geste)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("horloge_qui_tourne")
def test_two_clicks_at_once_undo_once():
    operation, (une, autre) = deux_clics()
    assert une == autre == Operation.objects.get(annule=operation)
    assert sorted([une.repetee, autre.repetee]) == [False, True]
    assert not Reservation.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("horloge_qui_tourne")
def test_control_without_the_lock_the_second_click_falls_into_the_net(monkeypatch):
    sans_verrou(monkeypatch, InscriptionQuerySet)
    monkeypatch.setattr("reservations.models.journee.JourneeQuerySet.verrouillees", lambda self: self.order_by("pk"))
    operation, reponses = deux_clics()
    assert sum(isinstance(r, Exception) for r in reponses) == 1
    assert Operation.objects.filter(annule=operation).count() == 1
