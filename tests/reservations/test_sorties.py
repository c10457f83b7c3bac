"""A class is away while its service stays open: the day is closed to that class, on every path, until it is undone."""

import datetime as dt
import uuid

import pytest
from django.test import Client
from django.urls import reverse

from reservations.models import Absence, AnnulationCollective, Attente, Inscription, Journee, Mouvement, Operation
from reservations.regles import Detenteur, Motif, motif_de_place_tenue, motif_de_refus, motif_de_refus_retour
from reservations.regles_changements import Changements
from reservations.services import annuler_absence, declarer_absence, reserver
from reservations.services.annuler_collectivement import annuler_collectivement
from reservations.services.attente import demander, servir
from reservations.services.rappels import rappeler
from reservations.services.retablir import non_retablis, retablir
from tests.factories import (
    INSTANT,
    EnfantFactory,
    InscriptionFactory,
    RattachementFactory,
    UtilisateurFactory,
    foyer,
    ouvrir,
)
from tests.reservations.test_annuler_collectivement import classe, demande, journee, reserves
from tests.reservations.test_nombre_de_requetes import instructions, meme_nombre
from tests.reservations.test_reserver import issues, lu, remplir

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("ouverture", "comptes_justes")]
N = Mouvement.Nature
LUNDI, MARDI, JEUDI, VENDREDI = (dt.date(2026, 12, n) for n in (7, 8, 10, 11))
MOTIF = "Sortie au musée"
FERMEE = (N.REFUS, Motif.FERME)


def partir(*foyers, jours=(JEUDI,), motif=MOTIF) -> AnnulationCollective:
    voulue = demande(*foyers, jours=jours, classes=["CE2 B"], nature="sortie", motif=motif)
    return annuler_collectivement(demande=voulue, auteur=UtilisateurFactory(agent=True), cle=uuid.uuid4().hex)


def connecte(f) -> Client:
    client = Client()
    client.force_login(f.utilisateur)
    return client


@pytest.fixture
def f():
    """A child of CE2 B, with a meal on Thursday; its class is away on Thursday."""
    f = classe(foyer(reserves=[JEUDI]), "CE2 B")
    f.sortie = partir(f)
    return f


# --- The rule --------------------------------------------------------------------------------------------------------
FAITS = {"debut": LUNDI, "fin": VENDREDI, "ouverte": True, "prix": 1, "maintenant": INSTANT}


@pytest.mark.parametrize(
    ("detenteur", "prises", "motif"),
    [
        (None, 0, Motif.FERME),
        (None, 90, Motif.FERME),  # not « complet » : the register of refusals counts full days only
        (Detenteur.ABSENT, 0, Motif.FERME),
        (Detenteur.MOI, 0, Motif.DEJA_RESERVE),
        (Detenteur.AUTRE, 0, Motif.AUTRE_FOYER),
    ],
)
def test_a_day_on_which_the_class_is_away_is_closed_to_it(detenteur, prises, motif):
    jour = INSTANT + dt.timedelta(days=1)
    lue = Journee(
        date=JEUDI, capacite=90, places_prises=prises,
        limite_reservation=jour, limite_annulation=INSTANT, limite_absence=jour,
    )  # fmt: skip
    assert motif_de_refus(lue, detenteur=detenteur, sortie=MOTIF, **FAITS) == motif
    assert motif_de_place_tenue(lue, detenteur=detenteur, sortie=MOTIF, **FAITS) == motif
    if detenteur == Detenteur.ABSENT:
        dates = {"debut": LUNDI, "fin": VENDREDI, "maintenant": INSTANT}
        assert motif_de_refus_retour(lue, detenteur=detenteur, sortie=MOTIF, **dates) == motif
        assert motif_de_refus_retour(lue, detenteur=detenteur, **dates) is None


# --- Booking ---------------------------------------------------------------------------------------------------------
def test_the_class_cannot_book_the_day_and_reads_why(f):
    operation = f.reserver(JEUDI, VENDREDI)
    assert issues(operation) == {JEUDI: FERMEE, VENDREDI: (N.AJOUT, "")}
    assert operation.mouvements.get(date=JEUDI).precision == MOTIF
    page = lu(connecte(f).get(reverse("reservations:operation", args=[operation.numero])).text)
    assert f"la restauration est fermée ce jour-là ({MOTIF})" in page


def test_the_other_classes_and_those_without_class_can(f):
    autre, sans = classe(foyer(activite=f.activite), "CM1"), foyer(activite=f.activite)
    ailleurs = classe(foyer(), "CE2 B")  # the same name, in another school
    for libre in (autre, sans, ailleurs):
        libre.reserver(JEUDI)
        assert reserves(libre) == [JEUDI]


def test_the_town_cannot_either(f):
    demandes = {f.inscription.pk: Changements(frozenset([JEUDI]))}
    assert issues(reserver(demandes=demandes, auteur=None, cle="a", origine=Operation.Origine.AGENT)) == {JEUDI: FERMEE}


def test_an_undo_does_not_bring_the_meal_back(f):
    f.reserver(VENDREDI)
    annulee = f.reserver(annuler=[VENDREDI])
    partir(f, jours=[VENDREDI])
    client = connecte(f)
    assert MOTIF in client.get(reverse("reservations:annuler", args=[annulee.numero])).text
    client.post(reverse("reservations:annuler", args=[annulee.numero]))
    assert reserves(f) == []


# --- What the family sees --------------------------------------------------------------------------------------------
def test_the_calendar_shows_the_day_closed_with_the_reason(f):
    page = connecte(f).get(reverse("reservations:calendrier", args=[f.inscription.pk]), {"mois": "2026-12"})
    case = next(c for c in page.context["calendrier"].cases if c.date == JEUDI)
    assert (case.etat, case.mot, case.cochable, case.delais) == ("ferme", MOTIF, False, "")
    assert f'data-date="{JEUDI}" data-etat="ferme"' in page.text


def test_all_the_children_patterns_and_copies_leave_the_day_out(f):
    cadet = RattachementFactory(famille=f.famille, enfant=EnfantFactory(prenom="Hugo"))
    cadet = InscriptionFactory(rattachement=cadet, activite=f.activite, annee=f.annee, classe="CM1")
    reserver(demandes={cadet.pk: Changements(frozenset([JEUDI, VENDREDI]))}, auteur=f.utilisateur, cle="h")
    client, annee = connecte(f), {"annee": str(f.annee)}
    page = client.get(reverse("reservations:tous"), annee | {"mois": "2026-12"}).text
    assert f'data-date="{JEUDI}" data-etat="ferme" data-inscription="{f.inscription.pk}"' in page
    assert f'data-date="{JEUDI}" data-etat="reserve" data-inscription="{cadet.pk}"' in page
    semaine = {"apercu": "1", "inscriptions": f.inscription.pk, "jours": ["1", "4"], "du": LUNDI, "au": VENDREDI}
    copie = {"apercu": "1", "source": cadet.pk, "vers": f.inscription.pk}
    dit = [(MOTIF.lower(), 1)]  # of a meal to copy; a pattern is of the days that serve
    for nom, question, libre, laisses in (("rythme", semaine, LUNDI, []), ("copie", copie, VENDREDI, dit)):
        (apercu,) = client.get(reverse(f"reservations:{nom}"), annee | question).context["apercu"].enfants
        assert (apercu.changements.ajouts, apercu.impossibles) == ({libre}, laisses), nom


def test_no_reminder_for_a_week_on_which_only_that_day_could_be_booked(f, ouverture):
    Journee.objects.filter(date__in=[LUNDI, MARDI, VENDREDI]).update(fermeture="Travaux")
    Journee.objects.filter(date=JEUDI).update(limite_reservation=matin(dt.date(2026, 12, 5)))
    ouverture.move_to(matin(dt.date(2026, 12, 4)))
    assert rappeler().familles == 0
    retablir(annulation=f.sortie, auteur=None)
    f.reserver(annuler=[JEUDI])
    assert rappeler().familles == 1


# --- Waiting list ----------------------------------------------------------------------------------------------------
def test_one_cannot_wait_for_a_day_on_which_the_class_is_away(f):
    remplir(f.activite, JEUDI)
    client = connecte(f)
    assert str(JEUDI) not in client.get(reverse("reservations:attente", args=[f.inscription.pk])).text
    operation = demander(demandes={f.inscription.pk: [JEUDI]}, mode="auto", auteur=f.utilisateur, cle="a")
    assert issues(operation) == {JEUDI: FERMEE}
    assert operation.mouvements.get().precision == MOTIF
    assert not Attente.objects.exists()


def test_who_waited_and_then_joined_the_class_is_not_booked():
    activite = ouvrir(capacite=1)
    plein = foyer(activite=activite, reserves=[JEUDI])
    f = classe(foyer(activite=activite), "CM1")
    demander(demandes={f.inscription.pk: [JEUDI]}, mode="auto", auteur=f.utilisateur, cle="a")
    partir(f)
    classe(f, "CE2 B")
    plein.reserver(annuler=[JEUDI])
    servir()
    assert (reserves(f), Attente.objects.get().etat, journee(f).places_prises) == ([], "caduque", 0)


# --- Absences --------------------------------------------------------------------------------------------------------
def matin(jour):
    return dt.datetime.combine(jour, dt.time(8, tzinfo=dt.timezone(dt.timedelta(hours=1))))


def test_an_absence_declared_before_is_not_undone_into_a_meal(ouverture):
    f = classe(foyer(reserves=[JEUDI]), "CE2 B")
    ouverture.move_to(matin(JEUDI))
    suite = {"inscription": f.inscription.pk, "jour": JEUDI, "auteur": f.utilisateur}
    declarer_absence(cle="a", **suite)
    partir(f)
    client = connecte(f)
    assert reverse("reservations:annuler_absence", args=[f.inscription.pk, str(JEUDI)]) not in client.get("/").text
    refus = annuler_absence(cle="b", **suite).mouvements.get()
    assert (refus.nature, refus.motif, refus.precision) == (*FERMEE, MOTIF)
    assert reserves(f) == []


def test_a_day_away_does_not_break_a_row_of_absences(ouverture):
    f = classe(foyer(reserves=[LUNDI, MARDI, JEUDI]), "CE2 B")
    partir(f, jours=[MARDI])
    for jour in (LUNDI, JEUDI):
        ouverture.move_to(matin(jour))
        if jour == JEUDI:
            assert "ne sera pas facturé (2e jour d’absence)" in lu(connecte(f).get("/").text)
        declarer_absence(inscription=f.inscription.pk, jour=jour, auteur=f.utilisateur, cle=str(jour))
    assert Absence.objects.get(date=JEUDI).prix == 0


# --- Undoing ---------------------------------------------------------------------------------------------------------
def test_the_undo_opens_the_day_to_the_class_and_gives_the_meal_back(f):
    retablir(annulation=f.sortie, auteur=UtilisateurFactory(agent=True))
    assert reserves(f) == [JEUDI]
    camarade = classe(foyer(activite=f.activite), "CE2 B")
    camarade.reserver(JEUDI)
    assert reserves(camarade) == [JEUDI]


def test_another_trip_of_that_day_keeps_the_class_away(f):
    partir(f, motif="Classe verte")
    retablir(annulation=f.sortie, auteur=UtilisateurFactory(agent=True))
    assert reserves(f) == []
    (reste,) = non_retablis(f.sortie)
    assert (reste.motif, reste.precision) == (Motif.FERME, "Classe verte")
    assert f.reserver(JEUDI).mouvements.get().precision == "Classe verte"


# --- Cost ------------------------------------------------------------------------------------------------------------
def test_the_statements_do_not_count_the_trips(f):
    toute = frozenset(Journee.objects.filter(activite=f.activite).values_list("date", flat=True)) - {JEUDI}
    client = connecte(f)
    client.get("/reservations/")  # the session has begun

    def mesurer():
        (inscription,) = Inscription.objects.all()
        page = instructions(lambda: client.get(reverse("reservations:calendrier", args=[inscription.pk])))
        envoi = instructions(lambda: f.reserver(*toute))
        return page, envoi, instructions(lambda: f.reserver(annuler=toute))

    avant = mesurer()
    for n, jour in enumerate(sorted(toute)[:10]):
        partir(f, jours=[jour, JEUDI], motif=f"Sortie {n}")
    for un, plusieurs in zip(avant, mesurer(), strict=True):
        meme_nombre(un, plusieurs)
