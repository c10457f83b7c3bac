"""A strike, a trip: meals cancelled without charge for services or classes, and the undoing."""

import datetime as dt
from decimal import Decimal
from io import StringIO

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from post_office.models import Email

from reservations.models import (
    Absence,
    AnnulationCollective,
    Attente,
    Fermeture,
    Journee,
    Mouvement,
    Operation,
    Reservation,
    Tarif,
)
from reservations.services import actualiser_journees, declarer_absence
from reservations.services.annuler_collectivement import Demande, annuler_collectivement, apercu
from reservations.services.retablir import est_retablissable, non_retablis, retablir
from tests.factories import UtilisateurFactory, foyer, ouvrir

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("ouverture", "comptes_justes")]
LUNDI, MARDI, JEUDI, VENDREDI = (dt.date(2026, 12, n) for n in (7, 8, 10, 11))


@pytest.fixture
def agent():
    return UtilisateurFactory(agent=True)


def demande(*foyers, jours=(JEUDI,), classes=(), nature="greve", motif="Grève du 10 décembre") -> Demande:
    activites = tuple(sorted({f.activite for f in foyers}, key=lambda a: a.pk))
    return Demande(nature, motif, activites, tuple(jours), tuple(classes))


def classe(f, nom):
    f.inscription.classe = nom
    f.inscription.save()
    return f


def journee(f, jour=JEUDI) -> Journee:
    return Journee.objects.get(activite=f.activite, date=jour)


def reserves(f) -> list[dt.date]:
    return list(Reservation.objects.filter(inscription=f.inscription).order_by("date").values_list("date", flat=True))


def attendre(f, jour=JEUDI, etat="attente") -> Attente:
    lue = journee(f, jour)
    return Attente.objects.create(
        inscription=f.inscription, journee=lue, enfant=f.enfant, date=jour, mode="auto", etat=etat,
        demandee_le=lue.limite_reservation, attribuee_le=lue.limite_reservation if etat == "attribuee" else None,
    )  # fmt: skip


# --- Cancelling -------------------------------------------------------------------------------------------------------
def test_a_strike_closes_the_services_and_cancels_their_meals_past_the_cut_off(agent, ouverture):
    a, b = foyer(reserves=[LUNDI, JEUDI]), foyer(reserves=[JEUDI])
    ailleurs = foyer(reserves=[JEUDI])
    ouverture.move_to(dt.datetime(2026, 12, 10, 7, 30, tzinfo=dt.UTC))
    faite = annuler_collectivement(demande=demande(a, b), auteur=agent, cle="x")
    assert (reserves(a), reserves(b), reserves(ailleurs)) == ([LUNDI], [], [JEUDI])
    assert journee(a).fermeture == journee(b).fermeture == "Grève du 10 décembre"
    assert faite.fermetures.count() == faite.operations.count() == 2
    assert {o.famille for o in faite.operations.all()} == {a.famille, b.famille}
    assert {o.auteur for o in faite.operations.all()} == {agent}
    lettre = Email.objects.filter(to=[a.utilisateur.email]).latest("pk")
    assert "Grève" in lettre.subject
    assert "ne vous seront pas facturés" in lettre.message


def test_the_next_refresh_of_the_days_agrees(agent):
    f = foyer(reserves=[JEUDI])
    annuler_collectivement(demande=demande(f), auteur=agent, cle="x")
    actualiser_journees(activite=f.activite, annee=f.annee)
    assert journee(f).fermeture == "Grève du 10 décembre"


def test_a_trip_takes_the_meals_of_its_class_and_leaves_the_day_open(agent):
    a = classe(foyer(reserves=[JEUDI, VENDREDI]), "CE2 B")
    b = classe(foyer(activite=a.activite, reserves=[JEUDI]), "CM1")
    faite = annuler_collectivement(
        demande=demande(a, classes=["CE2 B"], nature="sortie", motif="Sortie au musée"), auteur=agent, cle="x"
    )
    assert (reserves(a), reserves(b)) == ([VENDREDI], [JEUDI])
    assert (journee(a).fermeture, journee(a).places_prises, faite.fermetures.count()) == ("", 1, 0)
    ligne = Mouvement.objects.get(operation__collective=faite)
    assert (ligne.motif, ligne.precision) == ("", "Sortie au musée")


def test_the_places_that_a_class_leaves_go_to_who_waits_but_not_to_the_class(agent):
    activite = ouvrir(capacite=1)
    a = classe(foyer(activite=activite, reserves=[JEUDI]), "CE2 B")
    camarade = classe(foyer(activite=activite), "CE2 B")
    voisin = classe(foyer(activite=activite), "CM1")
    attendre(camarade)
    attendre(voisin)
    annuler_collectivement(demande=demande(a, classes=["CE2 B"]), auteur=agent, cle="x")
    assert dict(Attente.objects.values_list("inscription", "etat")) == {
        camarade.inscription.pk: "caduque",
        voisin.inscription.pk: "attribuee",
    }
    assert journee(a).places_prises == 1


def test_a_closed_day_ends_its_waiting_list_and_gives_back_the_places_it_held(agent):
    f, g = foyer(), foyer()
    attendre(f, etat="attribuee")
    Journee.objects.filter(pk=journee(f).pk).update(places_prises=1)
    annuler_collectivement(demande=demande(f, g), auteur=agent, cle="x")
    assert Attente.objects.get().etat == "caduque"
    assert journee(f).places_prises == 0


def test_the_same_confirmation_twice_is_done_once(agent):
    f = foyer(reserves=[JEUDI])
    faites = {annuler_collectivement(demande=demande(f), auteur=agent, cle="x").pk for _ in range(2)}
    assert len(faites) == AnnulationCollective.objects.count() == 1
    assert Operation.objects.filter(collective__isnull=False).count() == 1


def test_days_already_closed_are_refused_in_a_sentence(agent):
    f = foyer()
    annuler_collectivement(demande=demande(f), auteur=agent, cle="x")
    with pytest.raises(ValidationError, match="rien à annuler"):
        annuler_collectivement(demande=demande(f), auteur=agent, cle="y")


def test_who_is_concerned_is_counted_by_service_class_and_day():
    a = classe(foyer(reserves=[JEUDI, VENDREDI]), "CE2 B")
    foyer(activite=a.activite, reserves=[JEUDI])
    vu = apercu(demande(a, jours=[JEUDI, VENDREDI]))
    assert (vu.repas, vu.familles, vu.ouvertes) == (3, 2, 2)
    assert [(ligne["classe"], ligne["repas"]) for ligne in vu.lignes] == [("", 1), ("CE2 B", 1), ("CE2 B", 1)]


# --- Undoing ----------------------------------------------------------------------------------------------------------
def test_all_comes_back_past_the_cut_off_at_the_price_it_had(agent, ouverture):
    a, b = foyer(reserves=[JEUDI, VENDREDI]), foyer(reserves=[JEUDI])
    avant = list(Reservation.objects.order_by("enfant", "date").values_list("enfant", "date", "prix"))
    faite = annuler_collectivement(demande=demande(a, b, jours=[JEUDI, VENDREDI]), auteur=agent, cle="x")
    ouverture.move_to(dt.datetime(2026, 12, 10, 7, 30, tzinfo=dt.UTC))
    faite = retablir(annulation=faite, auteur=agent)
    assert list(Reservation.objects.order_by("enfant", "date").values_list("enfant", "date", "prix")) == avant
    assert (journee(a).fermeture, Fermeture.objects.count()) == ("", 0)
    assert (faite.retablie_par, est_retablissable(faite)) == (agent, False)
    defaites = Operation.objects.filter(collective=faite, annule__isnull=False)
    assert {o.annule.famille_id == o.famille_id for o in defaites} == {True}
    assert defaites.count() == 2
    assert not non_retablis(faite).exists()
    assert "rétablis" in Email.objects.filter(to=[a.utilisateur.email]).latest("pk").subject


def test_it_is_undone_once(agent):
    f = foyer(reserves=[JEUDI])
    faite = annuler_collectivement(demande=demande(f), auteur=agent, cle="x")
    retablir(annulation=faite, auteur=agent)
    with pytest.raises(ValidationError, match="déjà rétablie"):
        retablir(annulation=faite, auteur=agent)
    assert reserves(f) == [JEUDI]


def test_days_past_are_not_undone(agent, ouverture):
    f = foyer(reserves=[JEUDI, VENDREDI])
    faite = annuler_collectivement(demande=demande(f, jours=[JEUDI, VENDREDI]), auteur=agent, cle="x")
    ouverture.move_to(dt.datetime(2026, 12, 10, 13, 30, tzinfo=dt.UTC))
    retablir(annulation=faite, auteur=agent)
    assert reserves(f) == [VENDREDI]
    ouverture.move_to(dt.datetime(2026, 12, 12, tzinfo=dt.UTC))
    assert not est_retablissable(AnnulationCollective.objects.get())


def test_what_cannot_come_back_is_named(agent):
    activite = ouvrir(capacite=1)
    plein = classe(foyer(activite=activite, reserves=[JEUDI]), "CE2 B")
    fini = classe(foyer(activite=activite, reserves=[VENDREDI]), "CE2 B")
    repris = classe(foyer(activite=activite, reserves=[LUNDI]), "CE2 B")
    faite = annuler_collectivement(
        demande=demande(plein, jours=[LUNDI, JEUDI, VENDREDI], classes=["CE2 B"]), auteur=agent, cle="x"
    )
    foyer(activite=activite, reserves=[JEUDI])
    fini.inscription.fin = MARDI
    fini.inscription.save()
    classe(repris, "CM1").reserver(LUNDI)  # it changed class, so it is there on Monday
    retablir(annulation=faite, auteur=agent)
    restes = {m.inscription: m.motif for m in non_retablis(faite)}
    assert restes == {
        plein.inscription: "complet", fini.inscription: "hors-inscription", repris.inscription: "deja-reserve",
    }  # fmt: skip
    assert Reservation.objects.count() == 2


def test_a_day_that_something_else_closes_stays_closed(agent):
    f = foyer(reserves=[JEUDI])
    faite = annuler_collectivement(demande=demande(f), auteur=agent, cle="x")
    Fermeture.objects.create(activite=f.activite, debut=JEUDI, fin=JEUDI, motif="Fuite d’eau")
    retablir(annulation=faite, auteur=agent)
    assert (journee(f).fermeture, reserves(f)) == ("Fuite d’eau", [])
    assert [m.motif for m in non_retablis(faite)] == ["ferme"]


def test_the_meal_of_the_other_household_stays_its_own(agent):
    a = classe(foyer(reserves=[JEUDI]), "CE2 B")
    autre = foyer(enfant=a.enfant, activite=a.activite)
    faite = annuler_collectivement(demande=demande(a, classes=["CE2 B"]), auteur=agent, cle="x")
    autre.reserver(JEUDI)
    retablir(annulation=faite, auteur=agent)
    assert (reserves(a), reserves(autre)) == ([], [JEUDI])
    assert [m.motif for m in non_retablis(faite)] == ["autre-foyer"]


def test_a_late_meal_comes_back_late_at_its_late_price_and_an_ordinary_one_does_not(agent, ouverture):
    f = foyer(activite=ouvrir(retard="forfait", retard_montant=6), reserves=[VENDREDI])
    Tarif.objects.update(cout=8)
    ouverture.move_to(dt.datetime(2026, 12, 9, 9, 0, tzinfo=dt.UTC))
    f.reserver(JEUDI)
    avant = list(Reservation.objects.order_by("date").values_list("date", "prix", "tardive"))
    assert avant == [(JEUDI, 6, True), (VENDREDI, Decimal("4.97"), False)]
    faite = annuler_collectivement(demande=demande(f, jours=[JEUDI, VENDREDI]), auteur=agent, cle="x")
    retablir(annulation=faite, auteur=agent)
    assert list(Reservation.objects.order_by("date").values_list("date", "prix", "tardive")) == avant
    lignes = Mouvement.objects.filter(operation__collective=faite, nature="ajout").order_by("date")
    assert list(lignes.values_list("precision", flat=True)) == ["réservation tardive", ""]


def test_a_place_held_for_the_child_is_its_own(agent):
    """On a full day the child's request was served since; its meal comes back in that place, and in no other."""
    activite = ouvrir(capacite=1)
    f = classe(foyer(activite=activite, reserves=[JEUDI]), "CE2 B")
    faite = annuler_collectivement(demande=demande(f, classes=["CE2 B"]), auteur=agent, cle="x")
    attendre(f, etat="attribuee")
    Journee.objects.filter(pk=journee(f).pk).update(places_prises=1)
    retablir(annulation=faite, auteur=agent)
    assert (reserves(f), journee(f).places_prises, Attente.objects.get().etat) == ([JEUDI], 1, "caduque")
    assert not non_retablis(faite).exists()


def test_an_absence_owes_again_what_the_family_had_been_told(agent, ouverture):
    f = foyer(reserves=[JEUDI])
    ouverture.move_to(dt.datetime(2026, 12, 10, 7, 0, tzinfo=dt.UTC))
    declarer_absence(inscription=f.inscription.pk, jour=JEUDI, auteur=f.utilisateur, cle="a")
    faite = annuler_collectivement(demande=demande(f), auteur=agent, cle="x")
    assert Absence.objects.get().prix == 0
    retablir(annulation=faite, auteur=agent)
    assert Absence.objects.get().prix == Decimal("4.97")
    assert not non_retablis(faite).exists()
    lettre = Email.objects.latest("pk").message.replace("\xa0", " ")
    assert "Absence déclarée : 10/12/2026 - Reste dû : 4,97 € (1er jour d’absence)" in lettre


# --- Cost -------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("classes", [(), ("CE2 B",)])
def test_the_statements_do_not_count_the_families(agent, classes):
    def mesurer(familles):
        activite = ouvrir()
        foyers = [classe(foyer(activite=activite, reserves=[JEUDI, VENDREDI]), "CE2 B") for _ in range(familles)]
        for _ in range(familles):
            attendre(classe(foyer(activite=activite), "CE2 B"), VENDREDI)
        Journee.objects.filter(activite=activite).update(capacite=familles)
        voulue = demande(foyers[0], jours=[JEUDI, VENDREDI], classes=classes)
        with CaptureQueriesContext(
            connection,
        ) as annuler:
            faite = annuler_collectivement(demande=voulue, auteur=agent, cle=f"x{familles}")
        with CaptureQueriesContext(connection) as retablie:
            retablir(annulation=faite, auteur=agent)
        assert Reservation.objects.filter(journee__activite=activite).count() == 2 * familles
        return len(annuler), len(retablie)

    assert mesurer(1) == mesurer(12)


# --- The command ------------------------------------------------------------------------------------------------------
def commande(f, *suite, jours="2026-12-10", motif="Grève") -> str:
    sortie = StringIO()
    options = ["--nature", "greve", "--motif", motif, "--activite", f.activite.nom, "--jours", jours]
    call_command("annuler_repas", *options, *suite, stdout=sortie)
    return sortie.getvalue().replace("\xa0", " ")


def test_the_command_simulates_unless_told():
    f = foyer(reserves=[JEUDI])
    assert "1 repas annulé, 1 famille.\nSimulation" in commande(f)
    assert reserves(f) == [JEUDI]


def test_all_the_services_are_all_even_when_one_is_named_too():
    foyer(reserves=[JEUDI])
    assert "2 repas annulés, 2 familles" in commande(foyer(reserves=[JEUDI]), "--activite", "toutes")


def test_the_command_run_twice_does_it_once_until_it_is_undone(agent):
    f = foyer(reserves=[JEUDI])
    assert "1 repas annulé, 1 famille" in commande(f, "--appliquer")
    assert "Déjà fait : 1 repas annulé, 1 famille" in commande(f, "--appliquer")
    retablir(annulation=AnnulationCollective.objects.get(), auteur=agent)
    assert "1 repas annulé" in commande(f, "--appliquer")
    assert AnnulationCollective.objects.count() == 2


@pytest.mark.parametrize(
    ("suite", "jours", "motif", "phrase"),
    [
        (["--classe", "CP"], "2026-12-10", "Grève", "Classe inconnue"),
        (["--activite", "zz"], "2026-12-10", "Grève", "n’existe pas"),
        ([], "2026-12-09", "Grève", "Pas de service ouvert"),
        ([], "jeudi", "Grève", "n’est pas une liste de jours"),
        ([], "2026-12-10", " ", "80 caractères"),
        ([], "2026-12-10", "Grève\nde jeudi", "sur une ligne"),
    ],
)
def test_the_command_refuses_in_a_sentence(suite, jours, motif, phrase):
    with pytest.raises(CommandError, match=phrase):
        commande(foyer(), *suite, jours=jours, motif=motif)


@pytest.mark.parametrize("classes", [(), ("CE2",)])
def test_what_stayed_due_of_an_absence_is_due_no_more_and_the_family_is_told(agent, classes):
    f = classe(foyer(), "CE2")
    Absence.objects.create(
        inscription=f.inscription,
        journee=journee(f),
        enfant=f.enfant,
        date=JEUDI,
        declaree_le=journee(f).limite_annulation,
        prix_du_repas="4.97",
        prix="4.97",
    )
    annulation = annuler_collectivement(demande=demande(f, classes=classes), auteur=agent, cle="a")
    assert Absence.objects.get().prix == 0
    (ligne,) = annulation.operations.get().mouvements.all()
    assert (ligne.nature, ligne.prix) == ("absence", 0)
    assert "Non facturé" in Email.objects.last().message
