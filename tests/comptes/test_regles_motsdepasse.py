"""What a person's own password may not be, without a database."""

import time

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from comptes.models import Utilisateur
from comptes.motsdepasse import OCTETS_AU_PLUS, PasProcheDuCourriel, PasTropLong

JEAN = Utilisateur(email="jean.dupont@mairie-carcassonne.fr")


def refus(mot_de_passe, utilisateur=JEAN) -> list[str]:
    try:
        validate_password(mot_de_passe, utilisateur)
    except ValidationError as erreur:
        return [e.code for e in erreur.error_list]
    return []


@pytest.mark.parametrize(
    "mot_de_passe",
    [
        "jean.dupont@mairie-carcassonne.fr",
        "JEAN.DUPONT@MAIRIE",
        "jean.dupont",
        "jeandupont11",
        "11jean-dupont!",
        "Jéàn Dûpônt 2026",
        "j.e.a.n.d.u.p.o.n.t",
        "tnopudnaej2026",
        "mairiecarcassonne",
        "jean.dupond.2026",
    ],
)
def test_ce_qui_est_fait_de_l_adresse_en_est_trop_proche(mot_de_passe):
    assert "proche_du_courriel" in refus(mot_de_passe)


@pytest.mark.parametrize(
    "mot_de_passe",
    [
        "cinq chats sur un toit",
        "la mairie ouvre à huit heures",
        "Zx9-kelp-Orage-41",
        "日本語の長い合言葉ですよね",
        "4 fourmis et 3 abeilles",
        "éàùçô" * 25,
    ],
)
def test_une_suite_de_mots_passe(mot_de_passe):
    assert refus(mot_de_passe) == []


def test_une_adresse_de_trois_lettres_n_interdit_pas_tous_les_mots():
    assert refus("liberté égalité", Utilisateur(email="li@sfr.fr")) == []


@pytest.mark.parametrize(("mot_de_passe", "code"), [("onze signes", "password_too_short"), ("", "password_too_short")])
def test_douze_caracteres_au_moins(mot_de_passe, code):
    assert code in refus(mot_de_passe)
    assert refus("douze signes") == []


@pytest.mark.parametrize(
    "mot_de_passe",
    ["qwerty123456", "motdepasse2026", "2026-Azertyuiop!", "123456789012", "04 68 00 00 00", "aaaaaaaaaaaa", "é" * 128],
)
def test_un_mot_de_passe_courant_est_refuse_meme_entre_des_chiffres(mot_de_passe):
    assert refus(mot_de_passe) == ["password_too_common"]


def test_la_longueur_se_compte_en_octets():
    PasTropLong().validate("é" * (OCTETS_AU_PLUS // 2))
    with pytest.raises(ValidationError):
        PasTropLong().validate("é" * (OCTETS_AU_PLUS // 2) + "a")


def test_sans_compte_rien_n_est_compare():
    assert refus("jean.dupont@mairie", None) == []
    PasProcheDuCourriel().validate("jean.dupont@mairie", Utilisateur(email=""))


def test_comparer_ne_prend_pas_longtemps():
    long = Utilisateur(email="a" * 242 + "@exemple.fr")
    debut = time.perf_counter()
    refus("a" * 10_000, long)
    refus("ab" * 5_000, long)
    assert time.perf_counter() - debut < 1
