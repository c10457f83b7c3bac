"""The rules of booking, as tables of cases and as properties over whole years. No database."""

import datetime as dt
import re
from dataclasses import dataclass, replace
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from hypothesis import example, given, settings
from hypothesis import strategies as st

from reservations.models.activite import valider_uai
from reservations.regles import (
    PARIS,
    REFUS_DE_REPAS,
    SANS_EFFET,
    Detenteur,
    Etat,
    Motif,
    RegleDeDelai,
    UniteDeDelai,
    etat_du_jour,
    motif_de_refus,
    motif_de_refus_annulation,
    uai_valide,
)
from reservations.regles_changements import Changements, basculer
from reservations.tarifs import TarifsDuFoyer, prix_du_repas

JOUR = dt.date(2026, 12, 10)
LIMITE = dt.datetime(2026, 12, 8, 23, 59, tzinfo=PARIS)
AVANT, APRES = LIMITE - dt.timedelta(microseconds=1), LIMITE
PRIX = Decimal("4.97")


@dataclass(frozen=True)
class Jour:
    date: dt.date = JOUR
    capacite: int = 10
    places_prises: int = 9
    limite_reservation: dt.datetime = LIMITE
    limite_annulation: dt.datetime = LIMITE
    limite_tardive: dt.datetime | None = None
    limite_absence: dt.datetime | None = None
    fermeture: str = ""


LIBRE = {
    "journee": Jour(),
    "debut": dt.date(2026, 9, 1),
    "fin": dt.date(2027, 7, 3),
    "ouverte": True,
    "prix": PRIX,
    "detenteur": None,
    "maintenant": AVANT,
    "a_signer": False,
}

# Each way to be refused, the most decisive first: with all those below it true as well, the first is the one told.
REFUS = [
    (Motif.SANS_SERVICE, {"journee": None}),
    (Motif.HORS_INSCRIPTION, {"fin": JOUR - dt.timedelta(days=1)}),
    (Motif.DEJA_RESERVE, {"detenteur": Detenteur.MOI}),
    (Motif.AUTRE_FOYER, {"detenteur": Detenteur.AUTRE}),
    (Motif.AUTRE_INSCRIPTION, {"detenteur": Detenteur.AUTRE_INSCRIPTION}),
    (Motif.FERME, {"fermeture": "Grève"}),
    (Motif.ABSENT, {"detenteur": Detenteur.ABSENT}),
    (Motif.PAS_OUVERT, {"ouverte": False}),
    (Motif.HORS_DELAI, {"maintenant": APRES}),
    (Motif.SANS_PRIX, {"prix": None}),
    (Motif.A_SIGNER, {"a_signer": True}),
    (Motif.COMPLET, {"places_prises": 10}),
]


def refus(**differences):
    cas = LIBRE | differences
    if cas["journee"] and (du_jour := {k: cas.pop(k) for k in ("fermeture", "places_prises") if k in cas}):
        cas["journee"] = replace(cas["journee"], **du_jour)
    cas = {k: v for k, v in cas.items() if k in LIBRE}
    return motif_de_refus(cas.pop("journee"), **cas)


def test_a_free_day_can_be_booked():
    assert refus() is None


@pytest.mark.parametrize(("motif", "difference"), REFUS)
def test_each_reason_alone_refuses(motif, difference):
    assert refus(**difference) == motif


@pytest.mark.parametrize("rang", range(len(REFUS)))
def test_among_several_reasons_the_most_decisive_is_told(rang):
    # From the last to this one, so that this one's value wins where two reasons share a field.
    differences = {}
    for _, difference in reversed(REFUS[rang:]):
        differences |= difference
    assert refus(**differences) == REFUS[rang][0]


def test_the_reasons_of_the_table_are_all_the_reasons_to_refuse_a_booking():
    d_annulation = {Motif.PAS_RESERVE, Motif.HORS_DELAI_ANNULATION}
    d_absence = {
        Motif.ANNULABLE,
        Motif.SANS_ABSENCE,
        Motif.ABSENCE_TROP_TOT,
        Motif.HORS_DELAI_ABSENCE,
        Motif.PAS_ABSENT,
    }
    d_attente = {Motif.PLACE_LIBRE, Motif.DEJA_EN_ATTENTE}
    assert {motif for motif, _ in REFUS} | d_annulation | d_absence | d_attente == set(Motif)
    assert {motif for motif, _ in REFUS} - SANS_EFFET <= set(REFUS_DE_REPAS)


@pytest.mark.parametrize(
    ("debut", "fin", "attendu"),
    [
        (JOUR, JOUR, None),
        (JOUR + dt.timedelta(days=1), dt.date(2027, 7, 3), Motif.HORS_INSCRIPTION),
        (dt.date(2026, 9, 1), JOUR - dt.timedelta(days=1), Motif.HORS_INSCRIPTION),
    ],
)
def test_the_first_and_last_day_of_the_enrolment_belong_to_it(debut, fin, attendu):
    assert refus(debut=debut, fin=fin) == attendu


@pytest.mark.parametrize(("prises", "attendu"), [(9, None), (10, Motif.COMPLET), (11, Motif.COMPLET)])
def test_a_day_is_full_when_the_capacity_is_reached_not_before(prises, attendu):
    assert refus(places_prises=prises) == attendu


def test_a_day_without_capacity_is_full():
    assert refus(journee=Jour(capacite=0, places_prises=0)) == Motif.COMPLET


@pytest.mark.parametrize(
    ("journee", "detenteur", "maintenant", "attendu"),
    [
        (Jour(), Detenteur.MOI, AVANT, None),
        (Jour(), Detenteur.MOI, APRES, Motif.HORS_DELAI_ANNULATION),
        (Jour(), Detenteur.AUTRE, AVANT, Motif.AUTRE_FOYER),
        (Jour(), Detenteur.AUTRE, APRES, Motif.AUTRE_FOYER),
        (Jour(), None, AVANT, Motif.PAS_RESERVE),
        (None, Detenteur.MOI, AVANT, Motif.PAS_RESERVE),
        (None, None, APRES, Motif.PAS_RESERVE),
        (Jour(places_prises=10), Detenteur.MOI, AVANT, None),
    ],
)
def test_cancelling(journee, detenteur, maintenant, attendu):
    assert motif_de_refus_annulation(journee, detenteur=detenteur, maintenant=maintenant) == attendu


def test_the_two_cut_offs_are_separate():
    tard = Jour(limite_annulation=LIMITE + dt.timedelta(days=1))
    assert refus(journee=tard, maintenant=APRES) == Motif.HORS_DELAI
    assert motif_de_refus_annulation(tard, detenteur=Detenteur.MOI, maintenant=APRES) is None


@pytest.mark.parametrize(
    ("detenteur", "motif", "etat"),
    [
        (None, None, Etat.LIBRE),
        (Detenteur.MOI, Motif.DEJA_RESERVE, Etat.RESERVE),
        # Booked stays booked to the eye, whatever would forbid booking it today.
        (Detenteur.MOI, Motif.HORS_INSCRIPTION, Etat.RESERVE),
        (Detenteur.MOI, Motif.SANS_SERVICE, Etat.RESERVE),
        (Detenteur.AUTRE, Motif.AUTRE_FOYER, Etat.AUTRE_FOYER),
        (None, Motif.COMPLET, Etat.COMPLET),
        (None, Motif.HORS_DELAI, Etat.HORS_DELAI),
        (None, Motif.HORS_INSCRIPTION, Etat.HORS_INSCRIPTION),
        (None, Motif.FERME, Etat.FERME),
        (None, Motif.SANS_SERVICE, Etat.FERME),
        (None, Motif.PAS_OUVERT, Etat.LIBRE),
        (None, Motif.SANS_PRIX, Etat.LIBRE),
    ],
)
def test_the_state_that_the_calendar_shows(detenteur, motif, etat):
    assert etat_du_jour(detenteur, motif) == etat


@pytest.mark.parametrize("motif", Motif)
def test_each_reason_is_a_french_sentence_without_a_full_stop(motif):
    assert motif.label[0].islower()
    assert motif.label[-1].isalpha()
    assert "'" not in motif.label


# --- Changes and toggles ---------------------------------------------------------------------------------------------
A, B, C = (dt.date(2026, 12, n) for n in (7, 8, 10))
JOURS = st.frozensets(st.dates(dt.date(2026, 9, 1), dt.date(2026, 9, 12)))


@pytest.mark.parametrize(
    ("montres", "coches", "ajouts", "annulations"),
    [
        ([], [], [], []),
        ([], [A], [A], []),
        ([A], [], [], [A]),
        ([A], [A], [], []),
        ([A, B], [B, C], [C], [A]),
    ],
)
def test_only_what_was_changed_is_asked_for(montres, coches, ajouts, annulations):
    assert Changements.entre(montres, coches) == Changements(frozenset(ajouts), frozenset(annulations))


@given(montres=JOURS, coches=JOURS, en_base=JOURS)
def test_a_stale_form_leaves_alone_every_day_that_was_not_touched(montres, coches, en_base):
    changements = Changements.entre(montres, coches)
    assert not changements.ajouts & changements.annulations
    intacts = {j for j in montres | coches | en_base if (j in montres) == (j in coches)}
    apres = (en_base - changements.annulations) | changements.ajouts
    assert {j for j in intacts if j in apres} == {j for j in intacts if j in en_base}
    assert len(changements) == len(montres ^ coches)
    assert bool(changements) == (montres != coches)


@pytest.mark.parametrize(
    ("coches", "plage", "reserves", "apres"),
    [
        ([], [A, B], [], [A, B]),
        ([A], [A, B], [A], [A, B]),
        ([A, B], [A, B], [A, B], []),
        ([A, B, C], [A, B], [A, B, C], [C]),
        ([A, B], [A, B], [A], [A]),  # B was not sent yet: the second press takes it back, A stays booked
        ([A, B], [A, B], [], []),
        ([A], [], [A], [A]),
        ([], [], [], []),
    ],
)
def test_a_toggle_adds_what_can_be_added_else_removes(coches, plage, reserves, apres):
    assert basculer(coches, plage, reserves) == frozenset(apres)


@given(coches=JOURS, plage=JOURS, reserves=JOURS)
def test_a_toggle_never_touches_a_day_out_of_its_range(coches, plage, reserves):
    assert basculer(coches, plage, reserves) - plage == coches - plage


@given(plage=JOURS, reserves=JOURS)
def test_a_toggle_pressed_twice_cancels_no_meal_unless_all_were_booked(plage, reserves):
    twice = basculer(basculer(reserves, plage, reserves), plage, reserves)
    if plage - reserves:
        assert twice == reserves


# --- Cut-offs --------------------------------------------------------------------------------------------------------
FERIES = {dt.date(2026, 11, 11), dt.date(2027, 3, 29), dt.date(2027, 5, 6), dt.date(2027, 5, 17)}
ANNEE = st.dates(dt.date(2026, 8, 25), dt.date(2027, 7, 10))
HEURES = st.times().map(lambda h: h.replace(second=0, microsecond=0))
REGLES = st.builds(
    RegleDeDelai,
    jours=st.integers(0, 60),
    unite=st.sampled_from([u.value for u in UniteDeDelai]),
    heure=HEURES,
    jour_semaine=st.integers(1, 7),
)
CALENDAIRES, OUVRES, SEMAINE = UniteDeDelai


@pytest.mark.parametrize(
    ("jours", "unite", "heure", "repas", "limite"),
    [
        (2, CALENDAIRES, (23, 59), "2026-12-10", "2026-12-08T23:59:00+01:00"),
        (2, CALENDAIRES, (23, 59), "2026-12-07", "2026-12-05T23:59:00+01:00"),  # Monday: Saturday night
        (2, OUVRES, (12, 0), "2026-12-07", "2026-12-03T12:00:00+01:00"),  # Monday: Thursday
        (2, OUVRES, (12, 0), "2026-11-12", "2026-11-09T12:00:00+01:00"),  # over 11 November
        (1, OUVRES, (12, 0), "2027-05-18", "2027-05-14T12:00:00+02:00"),  # after Whit Monday: Friday
        (0, CALENDAIRES, (8, 30), "2026-12-10", "2026-12-10T08:30:00+01:00"),  # the same morning
        (0, OUVRES, (8, 30), "2026-12-13", "2026-12-13T08:30:00+01:00"),
        (8, CALENDAIRES, (23, 59), "2026-11-02", "2026-10-25T23:59:00+01:00"),  # the night of the change: winter time
        (2, CALENDAIRES, (23, 59), "2026-10-26", "2026-10-24T23:59:00+02:00"),
        (1, CALENDAIRES, (8, 0), "2027-03-29", "2027-03-28T08:00:00+02:00"),  # the morning of summer time
    ],
)
def test_cut_offs_by_example(jours, unite, heure, repas, limite):
    regle = RegleDeDelai(jours, unite, dt.time(*heure))
    assert regle.limite(dt.date.fromisoformat(repas), FERIES) == dt.datetime.fromisoformat(limite)


@given(regle=REGLES, jour=ANNEE)
@example(RegleDeDelai(1, CALENDAIRES, dt.time(2, 30)), dt.date(2026, 10, 26))
@example(RegleDeDelai(1, CALENDAIRES, dt.time(2, 30)), dt.date(2027, 3, 29))
def test_the_cut_off_is_at_the_wall_clock_hour_of_the_rule_and_not_after_the_day(regle, jour):
    limite = regle.limite(jour, FERIES)
    assert limite.utcoffset() is not None
    assert limite.tzinfo is PARIS
    assert limite.time() == regle.heure
    assert limite.date() <= jour
    assert (limite.date() < jour) == (regle.jours > 0 or regle.unite == SEMAINE)
    # What the database keeps and gives back is this instant.
    assert limite.astimezone(dt.UTC).astimezone(PARIS).astimezone(dt.UTC) == limite.astimezone(dt.UTC)


@given(regle=REGLES, jour=ANNEE, ecart=st.integers(1, 40))
def test_a_later_meal_never_has_an_earlier_cut_off(regle, jour, ecart):
    plus_tard = jour + dt.timedelta(days=ecart)
    assert regle.limite(jour, FERIES).astimezone(dt.UTC) <= regle.limite(plus_tard, FERIES).astimezone(dt.UTC)


@given(regle=REGLES, jour=ANNEE)
def test_one_day_more_in_the_rule_is_an_earlier_cut_off(regle, jour):
    regle = replace(regle, unite=CALENDAIRES) if regle.unite == SEMAINE else regle
    plus_stricte = replace(regle, jours=regle.jours + 1)
    assert plus_stricte.limite(jour, FERIES) < regle.limite(jour, FERIES)


@given(regle=REGLES.map(lambda r: replace(r, unite=OUVRES)), jour=ANNEE)
@settings(max_examples=200)
def test_open_days_count_neither_weekends_nor_public_holidays(regle, jour):
    limite = regle.limite(jour, FERIES).date()
    entre = [limite + dt.timedelta(days=n) for n in range((jour - limite).days)]
    ouvres = [j for j in entre if j.isoweekday() <= 5 and j not in FERIES]
    assert len(ouvres) == regle.jours
    if regle.jours:
        assert limite in ouvres
        assert limite <= replace(regle, unite=CALENDAIRES).limite(jour).date()


@given(regle=REGLES.map(lambda r: replace(r, unite=CALENDAIRES)), jour=ANNEE)
def test_calendar_days_do_not_look_at_public_holidays(regle, jour):
    assert regle.limite(jour, FERIES) == regle.limite(jour)
    assert (jour - regle.limite(jour).date()).days == regle.jours


# --- School codes, prices --------------------------------------------------------------------------------------------
@pytest.mark.parametrize("code", ["0110123Z", "0110001S", "0750001U"])
def test_school_codes_that_are_right(code):
    assert uai_valide(code)


# A wrong letter, letters that are never used, other lengths, digits of other scripts.
FAUX = "/011012/0110123A/0110123I/0110123O/0110123Q/ABCDEFGH/²110123Z/٠١١٠١٢٣Z/0110123ZZ/ 110123Z/0110123z"


@pytest.mark.parametrize("code", FAUX.split("/"))
def test_school_codes_that_are_wrong(code):
    assert not uai_valide(code)


def test_the_example_of_the_error_message_is_a_right_code():
    with pytest.raises(ValidationError) as erreur:
        valider_uai("rien")
    assert uai_valide(re.search(r"\d{7}.", erreur.value.message)[0])


@given(st.integers(0, 9_999_999))
def test_exactly_one_letter_fits_a_school_number(numero):
    assert sum(uai_valide(f"{numero:07d}{chr(c)}") for c in range(ord("A"), ord("Z") + 1)) == 1


@pytest.mark.parametrize("prix", [PRIX, Decimal("0.00"), None])
def test_the_price_is_the_flat_price(prix):
    assert prix_du_repas(JOUR, TarifsDuFoyer(prix)).montant == prix
