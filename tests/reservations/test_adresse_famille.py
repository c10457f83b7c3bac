"""Unsent changes of all the children in an address, without a database."""

import datetime as dt
from urllib.parse import parse_qs, urlsplit

from hypothesis import given
from hypothesis import strategies as st

from reservations.formulaires_famille import adresse_de_famille, lire_demandes
from reservations.models import AnneeScolaire
from reservations.regles_changements import Changements

LUNDI = dt.date(2026, 12, 7)
ANNEE = AnneeScolaire(libelle="2026-2027", debut=dt.date(2026, 9, 1), fin=dt.date(2027, 7, 3))
DES_JOURS = st.frozensets(st.dates(ANNEE.debut, ANNEE.fin))


@given(st.dictionaries(st.integers(1, 2**62), st.tuples(DES_JOURS, DES_JOURS), max_size=5))
def test_unsent_changes_written_in_an_address_are_read_back(par_inscription):
    demandes = {pk: Changements(a, b - a) for pk, (a, b) in par_inscription.items()}
    adresse = adresse_de_famille(ANNEE, LUNDI, demandes)
    assert lire_demandes(parse_qs(urlsplit(adresse).query).get("c", []), ANNEE) == demandes
    assert len(adresse) < 1500


@given(st.lists(st.text(max_size=300), max_size=5))
def test_an_address_from_anywhere_never_breaks(textes):
    for c in lire_demandes(textes, ANNEE).values():
        assert not c.ajouts & c.annulations
