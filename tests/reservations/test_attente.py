"""The waiting list: ask, withdraw, be served, accept, refuse; on the real PostgreSQL."""

import datetime as dt
import uuid

import pytest
from post_office.models import Email

from reservations.models import Absence, Attente, Journee, Mouvement, Operation, Reservation
from reservations.regles import Motif
from reservations.services.attente import AttenteClose, accepter, demander, refuser, retirer, servir
from reservations.services.places import compter_les_places
from tests.factories import INSTANT, PRIX, foyer, ouvrir

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("ouverture", "comptes_justes")]
LUNDI, MARDI, MERCREDI, JEUDI = (dt.date(2026, 12, n) for n in (7, 8, 9, 10))
E, M, N = Attente.Etat, Attente.Mode, Mouvement.Nature


def plein(*jours, **champs):
    """A service of one place, and the household that holds it on these days."""
    activite = ouvrir(capacite=1, **champs)
    return activite, foyer(activite=activite, reserves=jours or [LUNDI])


def demande(f, *jours, mode=M.PROPOSER, cle="") -> Operation:
    return demander(
        demandes={f.inscription.pk: jours or [LUNDI]}, mode=mode, auteur=f.utilisateur, cle=cle or uuid.uuid4().hex
    )


def attend(activite, mode=M.PROPOSER):
    f = foyer(activite=activite)
    demande(f, mode=mode)
    return f, f.inscription.attentes.get()


def etat(attente) -> str:
    attente.refresh_from_db()
    return attente.etat


def courriels_de(f) -> list[Email]:
    return list(Email.objects.filter(to=f.utilisateur.email).order_by("pk"))


def offre(*, annoncee=True):
    """A place offered to a first household, a second one behind it."""
    activite, tient = plein()
    (premier, a), (second, b) = attend(activite), attend(activite)
    tient.reserver(annuler=[LUNDI])
    if annoncee:
        servir()
    a.refresh_from_db()
    return (premier, a), (second, b)


# --- Ask -------------------------------------------------------------------------------------------------------------
def test_a_full_day_takes_the_request_and_the_line_says_on_which_count():
    activite, _ = plein()
    f = foyer(activite=activite)
    operation = demande(f, mode=M.AUTO)
    ligne = operation.mouvements.get()
    assert (ligne.nature, ligne.motif, ligne.capacite, ligne.places_prises) == (N.ATTENTE, "", 1, 1)
    attente = f.inscription.attentes.get()
    assert (attente.etat, attente.mode, attente.date, attente.demandee_le) == (E.EN_ATTENTE, M.AUTO, LUNDI, INSTANT)
    assert "Mise en liste d’attente : 07/12/2026" in courriels_de(f)[0].message.replace("\xa0", " ")


def test_a_day_that_is_not_full_is_refused_with_its_reason():
    activite, _ = plein()
    f = foyer(activite=activite)
    demande(f)
    lignes = {m.date: (m.nature, m.motif) for m in demande(f, LUNDI, MARDI, MERCREDI).mouvements.all()}
    assert lignes == {
        LUNDI: (N.SANS_EFFET, Motif.DEJA_EN_ATTENTE),
        MARDI: (N.REFUS, Motif.PLACE_LIBRE),
        MERCREDI: (N.REFUS, Motif.SANS_SERVICE),
    }
    assert f.inscription.attentes.count() == 1


def test_who_has_the_meal_does_not_wait_for_it():
    _, tient = plein()
    assert demande(tient).mouvements.get().motif == Motif.DEJA_RESERVE
    autre = foyer(enfant=tient.enfant, activite=tient.activite)
    assert demande(autre).mouvements.get().motif == Motif.AUTRE_FOYER
    assert not Attente.objects.exists()


def test_past_the_cut_off_one_does_not_wait_even_where_late_meals_are_taken(ouverture):
    activite, _ = plein(retard="fixe", retard_montant=2)
    ouverture.move_to(Journee.objects.get(activite=activite, date=LUNDI).limite_reservation)
    assert demande(foyer(activite=activite)).mouvements.get().motif == Motif.HORS_DELAI


def test_the_same_form_twice_asks_once():
    activite, _ = plein()
    f = foyer(activite=activite)
    assert demande(f, cle="formulaire") == demande(f, cle="formulaire")
    assert (f.inscription.attentes.count(), len(courriels_de(f))) == (1, 1)


def test_the_rank_is_the_order_of_the_requests():
    activite, _ = plein()
    attentes = [attend(activite)[1] for _ in range(3)]
    retirer(attente=attentes[0].pk, auteur=None)
    rangs = Attente.objects.actives().avec_rang().order_by("pk").values_list("pk", "rang")
    assert list(rangs) == [(attentes[1].pk, 1), (attentes[2].pk, 2)]


# --- Leave -----------------------------------------------------------------------------------------------------------
def test_a_request_withdrawn_leaves_a_line_and_twice_is_once():
    activite, _ = plein()
    f, a = attend(activite)
    operation = retirer(attente=a.pk, auteur=f.utilisateur)
    assert retirer(attente=a.pk, auteur=f.utilisateur) == operation
    assert (etat(a), operation.mouvements.get().nature) == (E.RETIREE, N.SORTIE_D_ATTENTE)
    assert demande(f).mouvements.get().nature == N.ATTENTE  # and one may ask again, at the end of the list


@pytest.mark.parametrize(("verbe", "attendu"), [(retirer, E.RETIREE), (refuser, E.REFUSEE)])
def test_a_place_held_and_left_goes_to_the_next(verbe, attendu):
    (premier, a), (_, b) = offre()
    verbe(attente=a.pk, auteur=premier.utilisateur)
    assert (etat(a), etat(b)) == (attendu, E.ATTRIBUEE)
    assert Journee.objects.get(activite=premier.activite, date=LUNDI).places_prises == 1


def test_what_is_over_is_answered_in_a_sentence():
    (premier, a), (second, b) = offre()
    for verbe, attente in [(refuser, b), (accepter, b), (accepter, Attente(pk=10**9)), (retirer, Attente(pk=10**9))]:
        with pytest.raises(AttenteClose):
            verbe(attente=attente.pk, auteur=second.utilisateur)
    accepter(attente=a.pk, auteur=premier.utilisateur)
    for verbe in (refuser, retirer):
        with pytest.raises(AttenteClose):
            verbe(attente=a.pk, auteur=premier.utilisateur)
    assert (etat(a), etat(b)) == (E.SATISFAITE, E.EN_ATTENTE)


# --- Served automatically --------------------------------------------------------------------------------------------
def test_a_place_freed_is_booked_for_who_chose_so_and_the_mail_says_where_it_came_from():
    activite, tient = plein()
    f, a = attend(activite, M.AUTO)
    tient.reserver(annuler=[LUNDI])
    assert servir() == {E.SATISFAITE: 1}
    assert servir() == {}
    repas = Reservation.objects.get(inscription=f.inscription)
    assert (etat(a), repas.date, repas.prix, repas.tardive) == (E.SATISFAITE, LUNDI, PRIX, False)
    ligne = Mouvement.objects.get(inscription=f.inscription, nature=N.AJOUT)
    assert (ligne.operation.origine, ligne.operation.auteur, ligne.prix) == ("commande", None, PRIX)
    assert (ligne.places_prises, ligne.capacite) == (0, 1)
    courriel = courriels_de(f)[-1]
    for texte in (courriel.message, courriel.html_message):
        assert "liste d’attente" in texte
        assert "lundi 7\xa0décembre 2026" in texte
        assert ligne.operation.numero in texte


def deja_servi_ailleurs(f):
    foyer(enfant=f.enfant, activite=ouvrir(), reserves=[LUNDI])


def absent(f):
    journee = Journee.objects.get(activite=f.activite, date=LUNDI)
    Absence.objects.create(
        inscription=f.inscription, journee=journee, enfant=f.enfant, date=LUNDI, declaree_le=INSTANT,
        prix_du_repas=PRIX, prix=0,
    )  # fmt: skip


def inscription_finie(f):
    f.inscription.fin = dt.date(2026, 11, 1)
    f.inscription.save()


def annee_pas_ouverte(f):
    f.annee.ouverture = INSTANT + dt.timedelta(days=1)
    f.annee.save()


def sans_prix(f):
    f.activite.tarifs.all().delete()


@pytest.mark.parametrize(
    ("empecher", "motif"),
    [
        (deja_servi_ailleurs, Motif.AUTRE_FOYER),
        (absent, Motif.ABSENT),
        (inscription_finie, Motif.HORS_INSCRIPTION),
        (annee_pas_ouverte, Motif.PAS_OUVERT),
        (sans_prix, Motif.SANS_PRIX),
    ],
)
def test_a_place_that_cannot_be_booked_goes_to_the_next(empecher, motif):
    activite, tient = plein()
    (f, a), (_, b) = attend(activite, M.AUTO), attend(activite, M.AUTO)
    empecher(f)
    tient.reserver(annuler=[LUNDI])
    assert servir()[E.CADUQUE] >= 1
    assert etat(a) == E.CADUQUE
    assert etat(b) in {E.ATTRIBUEE, E.CADUQUE}
    ligne = Mouvement.objects.get(inscription=f.inscription, nature=N.SORTIE_D_ATTENTE)
    assert ligne.motif == motif
    assert not Reservation.objects.filter(inscription=f.inscription).exists()


@pytest.mark.parametrize("retard", ["refus", "fixe"])
def test_a_place_given_and_served_past_the_cut_off_is_not_booked(ouverture, retard):
    activite, tient = plein(retard=retard)
    f, a = attend(activite, M.AUTO)
    tient.reserver(annuler=[LUNDI])
    ouverture.move_to(Journee.objects.get(activite=activite, date=LUNDI).limite_reservation)
    servir()
    assert etat(a) == E.CADUQUE
    assert Journee.objects.get(activite=activite, date=LUNDI).places_prises == 0
    assert not Reservation.objects.filter(inscription=f.inscription).exists()


def test_requests_past_their_cut_off_are_closed_without_a_word(ouverture):
    activite, _ = plein()
    f, a = attend(activite)
    avant = len(courriels_de(f))
    ouverture.move_to(Journee.objects.get(activite=activite, date=LUNDI).limite_reservation)
    assert servir() == {E.CADUQUE: 1}
    assert (etat(a), len(courriels_de(f))) == (E.CADUQUE, avant)


# --- Offered ---------------------------------------------------------------------------------------------------------
def test_a_place_freed_is_offered_once_with_until_when():
    (premier, a), (second, _) = offre()
    servir()
    assert (a.etat, a.annoncee_le, a.expire_le) == (E.ATTRIBUEE, INSTANT, INSTANT + dt.timedelta(hours=24))
    _, courriel = courriels_de(premier)
    for texte in (courriel.message, courriel.html_message):
        assert "jeudi 16\xa0juillet à 9\xa0h" in texte
        assert f"/reservations/inscriptions/{premier.inscription.pk}/attente/" in texte
    assert len(courriels_de(second)) == 1


def test_an_offer_that_the_worker_announces_late_lasts_as_long(ouverture):
    """The worker was down for two days: the family is asked all the same, and has its whole day to answer."""
    (premier, a), (_, b) = offre(annoncee=False)
    ouverture.shift(dt.timedelta(days=2))
    assert servir() == {E.ATTRIBUEE: 1}
    assert (etat(a), etat(b)) == (E.ATTRIBUEE, E.EN_ATTENTE)
    assert a.expire_le == INSTANT + dt.timedelta(days=3)
    assert accepter(attente=a.pk, auteur=premier.utilisateur).mouvements.get().nature == N.AJOUT


def test_accepting_books_without_moving_the_count_and_twice_is_once():
    (premier, a), (_, b) = offre()
    operation = accepter(attente=a.pk, auteur=premier.utilisateur)
    assert accepter(attente=a.pk, auteur=premier.utilisateur) == operation
    assert (operation.origine, operation.mouvements.get().nature) == ("parent", N.AJOUT)
    assert (etat(a), etat(b)) == (E.SATISFAITE, E.EN_ATTENTE)
    assert Reservation.objects.filter(inscription=premier.inscription).count() == 1
    assert Journee.objects.get(activite=premier.activite, date=LUNDI).places_prises == 1


def test_an_offer_that_is_over_is_answered_in_a_sentence_and_goes_to_the_next(ouverture):
    (premier, a), (_, b) = offre()
    ouverture.move_to(a.expire_le)
    with pytest.raises(AttenteClose, match="Le temps pour accepter"):
        accepter(attente=a.pk, auteur=premier.utilisateur)
    assert servir() == {E.EXPIREE: 1}
    assert (etat(a), etat(b)) == (E.EXPIREE, E.ATTRIBUEE)
    assert "n’a pas été acceptée à temps" in courriels_de(premier)[-1].message
    servir()
    assert etat(b) == E.ATTRIBUEE
    assert b.annoncee_le is not None


def test_accepting_what_cannot_be_booked_any_more_says_so_and_passes_the_place_on():
    (premier, a), (_, b) = offre()
    deja_servi_ailleurs(premier)
    with pytest.raises(AttenteClose, match="réservé par l’autre foyer"):
        accepter(attente=a.pk, auteur=premier.utilisateur)
    assert (etat(a), etat(b)) == (E.CADUQUE, E.ATTRIBUEE)


def test_a_cut_off_brought_forward_by_an_agent_ends_the_offer():
    (premier, a), _ = offre()
    Journee.objects.filter(activite=premier.activite, date=LUNDI).update(limite_reservation=INSTANT)
    with pytest.raises(AttenteClose):
        accepter(attente=a.pk, auteur=premier.utilisateur)
    servir()
    assert etat(a) == E.EXPIREE


def test_the_number_of_statements_of_a_request_does_not_depend_on_the_days(django_assert_max_num_queries):
    activite = ouvrir(capacite=0)
    jours = list(Journee.objects.filter(activite=activite).values_list("date", flat=True))
    f = foyer(activite=activite)
    with django_assert_max_num_queries(15):
        demande(f, *jours)
    assert f.inscription.attentes.count() == len(jours) > 130


def test_who_waits_is_told_nothing_of_health_or_diet():
    (premier, _), _ = offre()
    for courriel in courriels_de(premier):
        for mot in ("maladie", "santé", "malade", "allergie", "régime"):
            assert mot not in (courriel.message + courriel.html_message).lower()


def test_the_lists_of_two_households_for_one_child_book_one_meal():
    activite = ouvrir(capacite=2)
    tiennent = [foyer(activite=activite, reserves=[LUNDI]) for _ in range(2)]
    mere = foyer(activite=activite)
    pere = foyer(activite=activite, enfant=mere.enfant)
    demande(mere, mode=M.AUTO)
    demande(pere, mode=M.AUTO)
    for tient in tiennent:
        tient.reserver(annuler=[LUNDI])
    assert servir() == {E.SATISFAITE: 1, E.CADUQUE: 1}
    assert Reservation.objects.filter(enfant=mere.enfant).count() == 1
    assert compter_les_places({}) == 0
