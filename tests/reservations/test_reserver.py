"""Submissions on a real PostgreSQL: what is written, refused, told, and never done twice."""

import datetime as dt
from decimal import Decimal

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.db.models import F
from post_office.models import Email

from comptes.francais import FINE, INSECABLE
from reservations.models import AnneeScolaire, Inscription, Journee, Mouvement, Operation, Reservation, Tarif
from reservations.recapitulatif import Recapitulatif
from reservations.regles import PARIS, Motif
from reservations.regles_changements import Changements
from reservations.services import reserver
from tests.factories import INSTANT, PRIX, InscriptionFactory, JourneeFactory, ResponsableFactory, foyer, ouvrir

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("ouverture", "comptes_justes")]

N = Mouvement.Nature
LUNDI, MARDI, JEUDI, VENDREDI = (dt.date(2026, 12, n) for n in (7, 8, 10, 11))
MERCREDI = dt.date(2026, 12, 9)


def issues(operation):
    """What the operation says: date → (nature, reason)."""
    return {m.date: (m.nature, m.motif) for m in operation.mouvements.all()}


def lu(phrase):
    """No-break spaces as the eye reads them."""
    return phrase.replace(INSECABLE, " ").replace(FINE, " ")


def dates(inscription):
    return set(Reservation.objects.filter(inscription=inscription).values_list("date", flat=True))


def remplir(activite, *jours, places=0):
    """Leave `places` free."""
    Journee.objects.filter(activite=activite, date__in=jours).update(capacite=F("places_prises") + places)


# --- What is done ----------------------------------------------------------------------------------------------------
def test_days_are_booked_each_with_its_line_price_and_place():
    f = foyer()
    operation = f.reserver(LUNDI, MARDI)
    assert dates(f.inscription) == {LUNDI, MARDI}
    assert issues(operation) == {LUNDI: (N.AJOUT, ""), MARDI: (N.AJOUT, "")}
    assert [m.prix for m in operation.mouvements.all()] == [Decimal("4.97")] * 2
    assert set(Journee.objects.filter(date__in=[LUNDI, MARDI]).values_list("places_prises", flat=True)) == {1}
    assert (operation.famille, operation.auteur, operation.origine) == (f.famille, f.utilisateur, "parent")
    assert operation.cree_le == INSTANT
    assert operation.numero == f"2026-{operation.pk:06d}"


def test_a_booking_copies_its_child_and_date_from_the_enrolment_and_the_day():
    f = foyer(reserves=[LUNDI])
    reservation = Reservation.objects.get()
    assert (reservation.enfant, reservation.date) == (f.enfant, LUNDI)
    assert reservation.journee == Journee.objects.get(activite=f.activite, date=LUNDI)


def test_cancelling_gives_the_place_back():
    f = foyer(reserves=[LUNDI, MARDI])
    operation = f.reserver(annuler=[MARDI])
    assert dates(f.inscription) == {LUNDI}
    assert issues(operation) == {MARDI: (N.ANNULATION, "")}
    assert Journee.objects.get(date=MARDI).places_prises == 0


def test_the_whole_year_in_one_submission():
    f = foyer()
    jours = set(Journee.objects.values_list("date", flat=True))
    operation = f.reserver(*jours)
    assert dates(f.inscription) == jours
    assert 130 <= operation.mouvements.count() == len(jours)


# --- What is refused -------------------------------------------------------------------------------------------------
def _ferme(f):
    Journee.objects.filter(date=LUNDI).update(fermeture="Grève")


def _complet(f):
    remplir(f.activite, LUNDI)


def _en_retard(f):
    Journee.objects.filter(date=LUNDI).update(limite_reservation=INSTANT)


def _pas_encore_ouvert(f):
    AnneeScolaire.objects.update(ouverture=INSTANT + dt.timedelta(microseconds=1))


def _hors_inscription(f):
    Inscription.objects.update(debut=MARDI)


def _par_l_autre(f):
    foyer(enfant=f.enfant, activite=f.activite, reserves=[LUNDI])


def _sans_prix(f):
    Tarif.objects.all().delete()


def _sans_service(f):
    Journee.objects.filter(date=LUNDI).delete()


@pytest.mark.parametrize(
    ("preparer", "motif"),
    [
        (_ferme, Motif.FERME),
        (_complet, Motif.COMPLET),
        (_en_retard, Motif.HORS_DELAI),
        (_pas_encore_ouvert, Motif.PAS_OUVERT),
        (_hors_inscription, Motif.HORS_INSCRIPTION),
        (_par_l_autre, Motif.AUTRE_FOYER),
        (_sans_prix, Motif.SANS_PRIX),
        (_sans_service, Motif.SANS_SERVICE),
    ],
)
def test_a_day_that_cannot_be_booked_is_refused_with_its_reason(preparer, motif):
    f = foyer()
    preparer(f)
    operation = f.reserver(LUNDI)
    assert issues(operation) == {LUNDI: (N.REFUS, motif)}
    assert dates(f.inscription) == set()


def test_a_wednesday_a_holiday_and_a_day_of_another_century_have_no_service():
    f = foyer()
    jours = [MERCREDI, dt.date(2026, 12, 25), dt.date(1, 1, 1), dt.date(9999, 12, 31)]
    operation = f.reserver(*jours)
    assert issues(operation) == dict.fromkeys(jours, (N.REFUS, Motif.SANS_SERVICE))


def test_the_last_instant_before_the_cut_off_books_and_the_cut_off_itself_does_not(ouverture):
    f = foyer()
    limite = Journee.objects.get(date=LUNDI).limite_reservation
    assert limite == dt.datetime(2026, 12, 5, 23, 59, tzinfo=PARIS)
    ouverture.move_to(limite - dt.timedelta(milliseconds=1))
    assert issues(f.reserver(LUNDI)) == {LUNDI: (N.AJOUT, "")}
    ouverture.move_to(limite)
    assert issues(f.reserver(annuler=[LUNDI])) == {LUNDI: (N.REFUS_ANNULATION, Motif.HORS_DELAI_ANNULATION)}
    assert dates(f.inscription) == {LUNDI}


def test_the_instant_that_counts_is_read_after_the_locks():
    f = foyer()
    limite = Journee.objects.get(date=LUNDI).limite_reservation
    demandes = {f.inscription.pk: Changements(frozenset({LUNDI}))}
    operation = reserver(demandes=demandes, auteur=f.utilisateur, cle="a", horloge=lambda: limite)
    assert issues(operation) == {LUNDI: (N.REFUS, Motif.HORS_DELAI)}
    assert operation.cree_le == limite


def test_partial_success_books_the_free_days_and_tells_the_full_one():
    f = foyer()
    jours = set(Journee.objects.values_list("date", flat=True))
    remplir(f.activite, JEUDI)
    operation = f.reserver(*jours)
    assert dates(f.inscription) == jours - {JEUDI}
    refuse = operation.mouvements.exclude(nature=N.AJOUT).get()
    assert (refuse.date, refuse.motif, refuse.capacite, refuse.places_prises) == (JEUDI, Motif.COMPLET, 0, 0)


def test_a_refusal_keeps_the_capacity_and_the_count_of_its_instant():
    activite = ouvrir(capacite=2)
    foyer(activite=activite, reserves=[LUNDI])
    foyer(activite=activite, reserves=[LUNDI])
    operation = foyer(activite=activite).reserver(LUNDI)
    refuse = operation.mouvements.get()
    assert (refuse.motif, refuse.places_prises, refuse.capacite) == (Motif.COMPLET, 2, 2)
    # The day moves on, the proof does not.
    Journee.objects.filter(date=LUNDI).update(capacite=50)
    refuse.refresh_from_db()
    assert refuse.capacite == 2


def test_each_line_keeps_the_count_that_its_decision_read():
    activite = ouvrir(capacite=5)
    foyer(activite=activite, reserves=[LUNDI, MARDI])
    f = foyer(activite=activite, reserves=[LUNDI])
    operation = f.reserver(MARDI, annuler=[LUNDI])
    assert {m.date: m.places_prises for m in operation.mouvements.all()} == {LUNDI: 2, MARDI: 1}


# --- Only what was changed; what is already so ------------------------------------------------------------------------
def test_asking_for_what_is_already_so_changes_nothing_and_is_not_a_refusal():
    f = foyer(reserves=[LUNDI])
    operation = f.reserver(LUNDI, annuler=[MARDI])
    assert issues(operation) == {LUNDI: (N.SANS_EFFET, Motif.DEJA_RESERVE), MARDI: (N.SANS_EFFET, Motif.PAS_RESERVE)}
    assert dates(f.inscription) == {LUNDI}


def test_a_stale_tab_never_cancels_what_another_tab_booked():
    f = foyer()
    # Both tabs were opened on an empty month. The first books Monday, the second, which shows Monday free, Tuesday.
    f.reserver(LUNDI)
    changements = Changements.entre(montres=[], coches=[MARDI])
    reserver(demandes={f.inscription.pk: changements}, auteur=f.utilisateur, cle="seconde")
    assert dates(f.inscription) == {LUNDI, MARDI}


# --- Two enrolments in one submission ---------------------------------------------------------------------------------
def _fratrie(activite):
    """Two children of one household at one service."""
    f = foyer(activite=activite)
    autre = foyer(activite=activite)
    cadet = autre.rattachement
    cadet.famille = f.famille
    cadet.save()
    return f, autre


def test_the_place_that_a_cancellation_frees_goes_to_the_addition_of_the_same_submission():
    activite = ouvrir(capacite=1)
    aine, cadet = _fratrie(activite)
    aine.reserver(LUNDI)
    # Whichever enrolment comes first, what is cancelled is cancelled first.
    for de, vers in ((aine, cadet), (cadet, aine)):
        operation = reserver(
            demandes={
                de.inscription.pk: Changements(annulations=frozenset({LUNDI})),
                vers.inscription.pk: Changements(ajouts=frozenset({LUNDI})),
            },
            auteur=aine.utilisateur,
            cle=f"echange-{de.inscription.pk}",
        )
        assert sorted(operation.mouvements.values_list("nature", flat=True)) == [N.AJOUT, N.ANNULATION]
        assert dates(vers.inscription) == {LUNDI}
        assert Journee.objects.get(date=LUNDI).places_prises == 1


def test_two_children_of_one_submission_share_the_last_place():
    activite = ouvrir(capacite=1)
    aine, cadet = _fratrie(activite)
    demandes = {x.inscription.pk: Changements(frozenset({LUNDI})) for x in (aine, cadet)}
    operation = reserver(demandes=demandes, auteur=aine.utilisateur, cle="deux")
    assert sorted(operation.mouvements.values_list("nature", "motif")) == [(N.AJOUT, ""), (N.REFUS, Motif.COMPLET)]
    assert operation.mouvements.get(nature=N.REFUS).places_prises == 1


def test_enrolments_of_two_households_are_not_one_submission():
    f, g = foyer(), foyer()
    demandes = {x.inscription.pk: Changements(frozenset({LUNDI})) for x in (f, g)}
    with pytest.raises(ValueError, match="too many values"):
        reserver(demandes=demandes, auteur=f.utilisateur, cle="deux")
    assert not Operation.objects.exists()


def test_a_child_enrolled_twice_eats_once():
    f = foyer()
    ailleurs = ouvrir(annee=f.annee)
    autre = foyer(enfant=f.enfant, activite=ailleurs)
    f.reserver(LUNDI)
    assert issues(autre.reserver(LUNDI)) == {LUNDI: (N.REFUS, Motif.AUTRE_FOYER)}
    assert issues(autre.reserver(annuler=[LUNDI])) == {LUNDI: (N.REFUS_ANNULATION, Motif.AUTRE_FOYER)}
    assert dates(f.inscription) == {LUNDI}


# --- The recap is what the database holds ----------------------------------------------------------------------------
def test_the_numbers_of_the_recap_are_those_of_the_database():
    f = foyer(reserves=[LUNDI, MARDI])
    remplir(f.activite, VENDREDI)
    Journee.objects.filter(date=MARDI).update(limite_annulation=INSTANT)
    jeudi_suivant = JEUDI + dt.timedelta(days=7)
    operation = f.reserver(JEUDI, jeudi_suivant, VENDREDI, annuler=[LUNDI, MARDI])
    recapitulatif = Recapitulatif.de(operation, operation.mouvements.all(), [f.inscription])
    assert (recapitulatif.ajouts, recapitulatif.annulations, recapitulatif.refus) == (2, 1, 2)
    assert recapitulatif.montant_ajoute == Decimal("9.94")
    assert recapitulatif.montant_annule == Decimal("4.97")
    assert dates(f.inscription) == {MARDI, JEUDI, jeudi_suivant}
    (partie,) = recapitulatif.parties
    lignes = {m.date: (nature, lu(mots)) for m, (nature, mots) in zip(partie.mouvements, partie.lignes, strict=True)}
    assert lignes[JEUDI] == (N.AJOUT, "Réservation ajoutée : 10/12/2026 - Prix : 4,97 €")
    assert lignes[LUNDI] == (N.ANNULATION, "Réservation annulée : 07/12/2026 - Prix : 4,97 €")
    assert lignes[VENDREDI] == (
        N.REFUS,
        "Réservation refusée : 11/12/2026 - la capacité maximale est atteinte (0 repas réservés sur 0)",
    )
    assert lignes[MARDI] == (
        N.REFUS_ANNULATION,
        "Annulation refusée : 08/12/2026 - le délai d’annulation est dépassé",
    )


def test_the_price_told_stays_when_the_tariff_changes():
    f = foyer(reserves=[LUNDI])
    Tarif.objects.update(prix=Decimal("5.20"))
    assert Mouvement.objects.get().prix == Decimal("4.97")
    f.reserver(MARDI)
    assert Mouvement.objects.get(date=MARDI).prix == Decimal("5.20")


def test_a_free_meal_is_a_price_not_a_missing_one():
    f = foyer(prix=Decimal(0))
    assert issues(f.reserver(LUNDI)) == {LUNDI: (N.AJOUT, "")}


def test_the_mail_says_what_the_recap_says_to_each_adult_with_a_login():
    f = foyer()
    second = ResponsableFactory(famille=f.famille, rang=2)
    ResponsableFactory()  # another household
    operation = f.reserver(LUNDI)
    courriels = Email.objects.all()
    assert sorted(a for c in courriels for a in c.to) == sorted([f.utilisateur.email, second.utilisateur.email])
    for courriel in courriels:
        assert operation.numero in courriel.subject
        assert "Réservation ajoutée : 07/12/2026 - Prix : 4,97 €" in lu(courriel.message)
        assert "Nombre de réservations effectuées avec succès : 1" in lu(courriel.message)


def test_a_household_without_a_login_books_all_the_same():
    f = foyer()
    f.responsable.utilisateur = None
    f.responsable.save()
    assert issues(f.reserver(LUNDI)) == {LUNDI: (N.AJOUT, "")}
    assert not Email.objects.exists()


def test_the_mail_is_in_the_transaction_of_the_bookings():
    f = foyer()
    with transaction.atomic():
        f.reserver(LUNDI)
        assert Email.objects.count() == Operation.objects.count() == Reservation.objects.count() == 1
        transaction.set_rollback(True)
    assert Email.objects.count() == Operation.objects.count() == Reservation.objects.count() == 0


# --- Once ------------------------------------------------------------------------------------------------------------
def test_the_same_form_twice_is_one_operation():
    f = foyer()
    premiere = f.reserver(LUNDI, cle="meme")
    assert f.reserver(LUNDI, cle="meme") == premiere
    assert Operation.objects.count() == Email.objects.count() == Mouvement.objects.count() == 1


def test_a_form_replayed_after_its_meal_was_cancelled_does_not_book_again():
    f = foyer()
    premiere = f.reserver(LUNDI, cle="meme")
    f.reserver(annuler=[LUNDI])
    assert f.reserver(LUNDI, cle="meme") == premiere
    assert dates(f.inscription) == set()


def test_the_key_of_a_household_says_nothing_of_another():
    f, g = foyer(), foyer()
    assert f.reserver(LUNDI, cle="meme") != g.reserver(LUNDI, cle="meme")
    assert dates(g.inscription) == {LUNDI}


# --- Nets in the database --------------------------------------------------------------------------------------------
def _effacer_en_sql(modele):
    with connection.cursor() as curseur:
        curseur.execute(f"DELETE FROM {modele._meta.db_table}")


@pytest.mark.parametrize("modele", [Operation, Mouvement])
@pytest.mark.parametrize(
    "geste",
    [
        lambda modele: modele.objects.update(id=F("id")),
        lambda modele: modele.objects.get().save(),
        _effacer_en_sql,
    ],
    ids=["update", "save", "delete"],
)
def test_the_proof_can_only_grow(modele, geste):
    foyer(reserves=[LUNDI])
    avant = list(modele.objects.values())
    with pytest.raises(ProgrammingError, match="Cannot update or delete"), transaction.atomic():
        geste(modele)
    assert list(modele.objects.values()) == avant


@pytest.mark.parametrize(
    ("changement", "contrainte"),
    [
        ({"places_prises": 3}, "journee_sans_surreservation"),
        ({"capacite": 0}, "journee_sans_surreservation"),
        ({"places_prises": -1}, "places_prises_check"),
        ({"fermeture": "Grève"}, "journee_fermee_sans_repas"),
    ],
)
def test_postgresql_refuses_a_day_that_would_lie(changement, contrainte):
    activite = ouvrir(capacite=2)
    foyer(activite=activite, reserves=[LUNDI])
    with pytest.raises(IntegrityError, match=contrainte), transaction.atomic():
        Journee.objects.filter(date=LUNDI).update(**changement)


def test_postgresql_refuses_two_meals_for_a_child_and_day():
    f = foyer(reserves=[LUNDI])
    autre = foyer(enfant=f.enfant)
    journee = JourneeFactory(activite=autre.activite, date=dt.date(2027, 8, 1))
    with pytest.raises(IntegrityError, match="reservation_unique"), transaction.atomic():
        Reservation.objects.create(inscription=autre.inscription, journee=journee, enfant=f.enfant, date=LUNDI, prix=0)


def test_a_day_with_meals_or_an_enrolment_with_a_history_cannot_be_deleted():
    f = foyer(reserves=[LUNDI])
    for objet in (Journee.objects.get(date=LUNDI), f.inscription, f.enfant):
        with pytest.raises(Exception, match="protected"), transaction.atomic():
            objet.delete()


def test_a_meal_keeps_the_price_at_which_it_was_booked():
    f = foyer(reserves=[LUNDI])
    f.activite.tarifs.update(prix="5.20")
    assert Reservation.objects.get().prix == PRIX
    (ligne,) = f.reserver(annuler=[LUNDI]).mouvements.all()
    assert ligne.prix == PRIX
    (ligne,) = f.reserver(MARDI).mouvements.all()
    assert str(ligne.prix) == "5.20"


def test_two_enrolments_of_a_child_in_one_form_book_one_meal_a_day():
    f = foyer()
    autre = InscriptionFactory(rattachement=f.rattachement, activite=ouvrir(), annee=f.annee)
    demandes = {i.pk: Changements(ajouts=frozenset([LUNDI])) for i in (f.inscription, autre)}
    lignes = reserver(demandes=demandes, auteur=f.utilisateur, cle="deux").mouvements
    assert sorted(lignes.values_list("nature", "motif")) == [("ajout", ""), ("refus", "autre-inscription")]
