"""What the calendar's form may carry, by the book and tampered with: a sentence in French and nothing changed."""

import datetime as dt
import uuid

import pytest
from django.http import QueryDict
from hypothesis import given
from hypothesis import strategies as st

from reservations.formulaires import (
    DATES_AU_PLUS,
    FormulaireDuCalendrier,
    FormulaireIncorrect,
    ecrire_dates,
    lire_changements,
    lire_dates,
)
from reservations.models import AnneeScolaire
from reservations.regles_changements import Changements, plage

LUNDI, MARDI, JEUDI, VENDREDI = (dt.date(2026, 12, n) for n in (7, 8, 10, 11))
ANNEE = AnneeScolaire(libelle="2026-2027", debut=dt.date(2026, 9, 1), fin=dt.date(2027, 7, 3))


def lire(**champs):
    donnees = QueryDict(mutable=True)
    for nom, valeurs in champs.items():
        donnees.setlist(nom, valeurs if isinstance(valeurs, list) else [valeurs])
    return FormulaireDuCalendrier.lire(donnees, ANNEE)


def changements(ajouts=(), annulations=()):
    return Changements(frozenset(ajouts), frozenset(annulations))


# --- Reading, without a database -------------------------------------------------------------------------------------
def test_boxes_ticked_and_days_shown_as_booked_make_the_changes():
    lu = lire(jours=["2026-12-08", "2026-12-10"], deja=["2026-12-07,2026-12-08", "2026-12-11"])
    assert lu.changements == changements([JEUDI], [LUNDI, VENDREDI])


def test_an_empty_form_asks_for_nothing():
    assert not lire().changements
    assert not lire(deja="", vus="", jours=[]).changements


def test_duplicated_fields_count_once():
    assert lire(jours=["2026-12-08"] * 300, deja=["2026-12-07"] * 9).changements == changements([MARDI], [LUNDI])


@pytest.mark.parametrize(
    "texte",
    [
        "",
        "demain",
        "2026-13-01",
        "2026-02-30",
        "07/12/2026",
        "2026-12-07T00:00",
        "2026-12-07\x00",
        "\x00",
        "0000-00-00",
        "-2026-12-07",
        "99999-01-01",
        "2026-12-07; DROP TABLE",
        "<script>alert(1)</script>",
        "é" * 5000,
        "\ud7ff\ufffd",
        "9" * 6000,
    ],
)
@pytest.mark.parametrize("champ", ["jours", "deja"])
def test_what_is_not_a_date_is_a_sentence(champ, texte):
    if not texte:  # an empty field holds no day
        return
    with pytest.raises(FormulaireIncorrect, match=r"n’est pas une date\. Rien n’a été changé\.") as erreur:
        lire(**{champ: texte})
    assert len(str(erreur.value)) < 100
    assert "\x00" not in str(erreur.value)


@pytest.mark.parametrize("jour", ["2026-08-31", "2027-07-04", "0001-01-01", "9999-12-31", "2099-01-01"])
@pytest.mark.parametrize("champ", ["jours", "deja"])
def test_a_date_out_of_the_school_year_is_a_sentence(champ, jour):
    with pytest.raises(FormulaireIncorrect, match="n’est pas dans l’année scolaire 2026-2027"):
        lire(**{champ: jour})


def test_more_dates_than_a_school_year_has_days_are_a_sentence():
    jours = [str(ANNEE.debut + dt.timedelta(days=n)) for n in range(DATES_AU_PLUS + 1)]
    for champs in ({"jours": jours}, {"deja": ",".join(jours)}, {"vus": " ".join(jours), "portee": "annee"}):
        with pytest.raises(FormulaireIncorrect, match="trop de dates"):
            lire(**champs)


@given(st.text(max_size=40))
def test_any_text_is_a_date_or_a_sentence(texte):
    try:
        assert len(lire_dates([texte])) == 1
    except FormulaireIncorrect as erreur:
        assert str(erreur).replace("\xa0", " ").isprintable()  # noqa: PT017  either answer is right


@given(plus=st.text(max_size=60), moins=st.text(max_size=60))
def test_any_address_is_read(plus, moins):
    lus = lire_changements(plus, moins)
    assert not lus.ajouts & lus.annulations


@given(st.frozensets(st.dates(ANNEE.debut, ANNEE.fin)), st.frozensets(st.dates(ANNEE.debut, ANNEE.fin)))
def test_changes_survive_the_address(a, b):
    voulus = changements(a - b, b - a)
    assert lire_changements(ecrire_dates(voulus.ajouts), ecrire_dates(voulus.annulations)) == voulus


@pytest.mark.parametrize("jeton", ["", "x", "0", "../../etc/passwd", "é" * 100, "\x00"])
def test_a_form_without_a_right_token_is_never_the_repetition_of_another(jeton):
    assert lire(jeton=jeton).jeton != lire(jeton=jeton).jeton


def test_the_token_of_a_page_is_kept():
    jeton = uuid.uuid4()
    assert lire(jeton=str(jeton)).jeton == lire(jeton=str(jeton)).jeton == jeton.hex


# --- Bulk buttons without JavaScript ---------------------------------------------------------------------------------
LIBRES = "2026-12-07:0:497 2026-12-08:0:497 2026-12-10:0:497 2027-01-04:0:497"
TOUS = [LUNDI, MARDI, JEUDI, dt.date(2027, 1, 4)]


@pytest.mark.parametrize(
    ("portee", "attendus"),
    [
        ("annee", TOUS),
        ("mois:2026-12", TOUS[:3]),
        ("mois:2027-01", TOUS[3:]),
        ("mois:2099-01", []),
        ("jour:1", [LUNDI, TOUS[3]]),
        ("jour:4", [JEUDI]),
        ("jour:6", []),
        ("jour:99", []),
        ("semaine:2026-12-07", TOUS[:3]),
        ("semaine:2026-12-31", []),
    ],
)
def test_a_bulk_button_adds_the_days_of_its_range(portee, attendus):
    assert lire(vus=LIBRES, portee=portee).changements == changements(attendus)


def test_a_week_over_two_months_is_the_row_of_the_month():
    jours = [dt.date(2026, 11, 30), dt.date(2026, 12, 1), dt.date(2026, 12, 3)]
    assert plage("semaine:2026-11-30", jours) == {jours[0]}
    assert plage("semaine:2026-12-01", jours) == set(jours[1:])


@pytest.mark.parametrize(
    "portee",
    [
        "x",
        "jour:",
        "jour:lundi",
        "jour:" + "9" * 5000,
        "semaine:",
        "semaine:2026-99-99",
        "semaine:\x00",
        ":",
        "\x00",
        "é" * 9000,
    ],
)
def test_a_bulk_button_that_is_not_ours_is_a_sentence(portee):
    with pytest.raises(FormulaireIncorrect, match="Ce bouton n’est pas reconnu"):
        lire(vus=LIBRES, portee=portee)


def test_a_bulk_button_removes_when_the_page_showed_all_booked():
    reserves = LIBRES.replace(":0:", ":1:")
    lu = lire(vus=reserves, deja="2026-12-07,2026-12-08,2026-12-10", jours=[str(j) for j in TOUS[:3]], portee="annee")
    assert lu.changements == changements([], TOUS)


def test_a_bulk_button_keeps_the_changes_made_before_it():
    lu = lire(vus=LIBRES.replace("08:0", "08:1"), deja="2026-12-08", jours=["2026-12-07"], portee="mois:2027-01")
    assert lu.changements == changements([LUNDI, TOUS[3]], [MARDI])


@pytest.mark.parametrize(
    "vus", ["", "\x00", "2026-12-07", "2026-12-07:5:x", "2026-12-07:0:497:::", "n’importe quoi", "2099-01-01:0:1"]
)
def test_what_the_page_showed_tampered_with_is_read_or_is_a_sentence(vus):
    try:
        assert lire(vus=vus, portee="annee").changements in (changements(), changements([LUNDI]))
    except FormulaireIncorrect as erreur:
        assert "Rien n’a été changé." in str(erreur)  # noqa: PT017  either answer is right
