"""The rules of the waiting list, as tables of cases; no database."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

import pytest

from reservations.regles import PARIS, Detenteur, Motif, motif_de_place_tenue, motif_de_refus_attente

JOUR = dt.date(2026, 12, 10)
LIMITE = dt.datetime(2026, 12, 8, 23, 59, tzinfo=PARIS)
AVANT, MATIN = LIMITE - dt.timedelta(minutes=1), dt.datetime(2026, 12, 10, 8, 0, tzinfo=PARIS)
TARD = dt.datetime(2026, 12, 10, 8, 30, tzinfo=PARIS)


@dataclass
class Jour:
    date: dt.date = JOUR
    capacite: int = 90
    places_prises: int = 90
    limite_reservation: dt.datetime = LIMITE
    limite_annulation: dt.datetime = LIMITE
    limite_tardive: dt.datetime | None = None
    fermeture: str = ""


CONTEXTE = {
    "debut": dt.date(2026, 9, 1),
    "fin": dt.date(2027, 7, 2),
    "ouverte": True,
    "prix": Decimal("4.97"),
    "detenteur": None,
    "maintenant": AVANT,
}
COMMUNS = [
    (None, {}, Motif.SANS_SERVICE),
    (Jour(), {"fin": dt.date(2026, 12, 9)}, Motif.HORS_INSCRIPTION),
    (Jour(), {"detenteur": Detenteur.MOI}, Motif.DEJA_RESERVE),
    (Jour(), {"detenteur": Detenteur.AUTRE}, Motif.AUTRE_FOYER),
    (Jour(), {"detenteur": Detenteur.AUTRE_INSCRIPTION}, Motif.AUTRE_INSCRIPTION),
    (Jour(), {"detenteur": Detenteur.ABSENT}, Motif.ABSENT),
    (Jour(fermeture="Grève"), {}, Motif.FERME),
    (Jour(), {"ouverte": False}, Motif.PAS_OUVERT),
    (Jour(), {"prix": None}, Motif.SANS_PRIX),
    (Jour(), {"maintenant": LIMITE}, Motif.HORS_DELAI),
    (Jour(limite_tardive=TARD), {"maintenant": MATIN}, Motif.HORS_DELAI),
]


@pytest.mark.parametrize(
    ("jour", "change", "attendu"),
    [
        *COMMUNS,
        (Jour(), {}, None),
        (Jour(places_prises=91), {}, None),
        (Jour(capacite=0, places_prises=0), {}, None),
        (Jour(places_prises=89), {}, Motif.PLACE_LIBRE),
        (Jour(places_prises=89), {"en_attente": True}, Motif.PLACE_LIBRE),
        (Jour(), {"en_attente": True}, Motif.DEJA_EN_ATTENTE),
    ],
)
def test_one_waits_for_a_day_that_is_full_at_this_instant_and_only_that(jour, change, attendu):
    assert motif_de_refus_attente(jour, **{"en_attente": False, **CONTEXTE, **change}) == attendu


@pytest.mark.parametrize(
    ("jour", "change", "attendu"),
    [
        *COMMUNS,
        (Jour(), {}, None),
        (Jour(places_prises=95), {}, None),
        (Jour(places_prises=3), {}, None),
        (Jour(places_prises=3, limite_tardive=TARD), {"maintenant": MATIN}, Motif.HORS_DELAI),
    ],
)
def test_a_place_held_is_booked_whatever_the_count_and_never_past_the_cut_off(jour, change, attendu):
    assert motif_de_place_tenue(jour, **{**CONTEXTE, **change}) == attendu
