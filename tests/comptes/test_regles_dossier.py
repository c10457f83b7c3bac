"""Rules of a child's file: tables of cases, no database."""

import datetime as dt
from dataclasses import dataclass

import pytest

from comptes.regles import (
    Manque,
    auteur_vu,
    ce_qui_manque,
    contacts_a_importer,
    deplacer,
    normaliser_telephone,
)

AUJOURDHUI = dt.date(2026, 12, 10)


@pytest.mark.parametrize(
    ("brut", "numero"),
    [
        ("0612345678", "06 12 34 56 78"),
        ("06 12 34 56 78", "06 12 34 56 78"),
        ("06.12.34.56.78", "06 12 34 56 78"),
        ("06-12-34-56-78", "06 12 34 56 78"),
        ("06\N{NO-BREAK SPACE}12\N{NARROW NO-BREAK SPACE}34 56 78", "06 12 34 56 78"),
        ("04 68/00.00 00", "04 68 00 00 00"),
        ("+33 6 12 34 56 78", "06 12 34 56 78"),
        ("+33 (0)6 12 34 56 78", "06 12 34 56 78"),
        ("(+33) 6 12 34 56 78", "06 12 34 56 78"),
        ("0033612345678", "06 12 34 56 78"),
        ("0590 12 34 56", "05 90 12 34 56"),
        ("+41 22 730 61 11", "+41227306111"),
        ("0041 22 730 61 11", "+41227306111"),
        ("+44 (0)20 7946 0958", "+442079460958"),
        ("+1 (212) 555-0123", "+12125550123"),
        ("", None),
        ("06 12 34 56 7", None),
        ("06 12 34 56 78 9", None),
        ("00 12 34 56 78", None),
        ("6 12 34 56 78", None),
        ("+33 6 12 34 56 7", None),
        ("+33 06 12 34 56 78", None),
        ("112", None),
        ("3631", None),
        ("+0 12 34 56 78 90", None),
        ("+41 22", None),
        ("+12345678901234567", None),
        ("06 12 34 56 78 poste 3", None),
        ("0\N{ARABIC-INDIC DIGIT SIX}12345678", None),
        ("06 12 34 56 78\x00", None),
        ("++33612345678", None),
        ("à demander", None),
    ],
)
def test_a_telephone_number_is_written_one_way_or_refused(brut, numero):
    assert normaliser_telephone(brut) == numero
    assert numero is None or normaliser_telephone(numero) == numero


@dataclass(frozen=True)
class Personne:
    prenom: str
    nom: str
    telephone: str


ODILE = Personne("Odile", "Martin", "06 11 11 11 11")
KARIM = Personne("Karim", "Vidal", "06 22 22 22 22")
ZOE = Personne("Zoé", "Le Goff", "06 33 33 33 33")


@pytest.mark.parametrize(
    ("source", "cible", "au_plus", "ajouts", "doublons", "sans_place"),
    [
        ([], [], 3, [], [], []),
        ([ODILE, KARIM], [], 3, [ODILE, KARIM], [], []),
        ([ODILE, KARIM], [KARIM], 3, [ODILE], [KARIM], []),
        ([Personne("ODILE", "martin ", "0611111111")], [ODILE], 3, [], ["ODILE"], []),
        ([Personne("Zoe", "LE-GOFF", "06 33 33 33 33")], [ZOE], 3, [], ["Zoe"], []),
        ([Personne("Odile", "Martin", "04 68 00 00 00")], [ODILE], 3, ["Odile"], [], []),
        ([ODILE, ODILE], [], 3, [ODILE], [ODILE], []),
        ([ODILE, KARIM, ZOE], [], 2, [ODILE, KARIM], [], [ZOE]),
        ([ODILE, ZOE], [KARIM, ODILE], 2, [], [ODILE], [ZOE]),
    ],
)
def test_copied_contacts_are_never_there_twice_nor_too_many(source, cible, au_plus, ajouts, doublons, sans_place):
    lu = contacts_a_importer(source, cible, au_plus=au_plus)

    def noms(personnes):
        return [p if isinstance(p, str) else p.prenom for p in personnes]

    assert (noms(lu.ajouts), noms(lu.doublons), noms(lu.sans_place)) == tuple(map(noms, (ajouts, doublons, sans_place)))


@pytest.mark.parametrize(
    ("place", "sens", "apres"),
    [(0, 1, "bac"), (2, -1, "acb"), (1, -1, "bac"), (0, -1, "abc"), (2, 1, "abc")],
)
def test_one_thing_moves_by_one_and_stays_at_the_ends(place, sens, apres):
    assert "".join(deplacer("abc", place, sens)) == apres


COMPLET = {
    "inscrit": True,
    "a_appeler": 1,
    "pai": True,
    "pai_fin": dt.date(2027, 7, 5),
    "pai_document": True,
    "medecin": True,
    "sans_reponse": 0,
}
SANS_PAI = {"pai": False, "pai_fin": None, "pai_document": False, "medecin": False}


@pytest.mark.parametrize(
    ("changements", "manques"),
    [
        ({}, []),
        (SANS_PAI, []),
        ({"inscrit": False}, [Manque.PAS_INSCRIT]),
        ({"a_appeler": 0}, [Manque.SANS_CONTACT]),
        ({"pai_document": False}, [Manque.PAI_SANS_DOCUMENT]),
        ({"medecin": False}, [Manque.PAI_SANS_MEDECIN]),
        ({"sans_reponse": 2}, [Manque.AUTORISATIONS]),
        ({"pai_fin": None}, []),
        ({"pai_fin": AUJOURDHUI - dt.timedelta(days=1)}, [Manque.PAI_FINI]),
        ({"pai_fin": AUJOURDHUI}, [Manque.PAI_BIENTOT_FINI]),
        ({"pai_fin": AUJOURDHUI + dt.timedelta(days=30)}, [Manque.PAI_BIENTOT_FINI]),
        ({"pai_fin": AUJOURDHUI + dt.timedelta(days=31)}, []),
        (
            {**SANS_PAI, "inscrit": False, "a_appeler": 0, "sans_reponse": 1},
            [Manque.PAS_INSCRIT, Manque.SANS_CONTACT, Manque.AUTORISATIONS],
        ),
    ],
)
def test_what_a_file_still_needs_is_listed(changements, manques):
    assert ce_qui_manque(**{**COMPLET, **changements}, aujourdhui=AUJOURDHUI) == manques


@pytest.mark.parametrize(
    ("auteur", "agent", "foyer_de_l_auteur", "vu"),
    [
        (None, False, None, ""),
        (7, False, 1, "vous"),
        (8, False, 1, "Ali Martin"),
        (9, False, 2, "l’autre foyer"),
        (5, True, None, "un agent de la ville"),
        (6, False, None, ""),
    ],
)
def test_the_other_household_is_never_named(auteur, agent, foyer_de_l_auteur, vu):
    dit = auteur_vu(
        auteur=auteur, agent=agent, nom="Ali Martin", foyer_de_l_auteur=foyer_de_l_auteur, lecteur=7, foyer=1
    )
    assert dit == vu
