"""What answers are worth, as a table."""

import pytest

from comptes.regles_autorisations import Avis, avis, avis_de_l_enfant

OUI, NON, RIEN = Avis.OUI, Avis.NON, Avis.A_SIGNER


@pytest.mark.parametrize(("accordee", "attendu"), [(True, OUI), (False, NON), (None, RIEN)])
def test_an_answer_is_yes_no_or_still_to_sign(accordee, attendu):
    assert avis(accordee) == attendu


@pytest.mark.parametrize(
    ("foyers", "attendu"),
    [
        ([], RIEN),
        ([OUI], OUI),
        ([NON], NON),
        ([RIEN], RIEN),
        ([OUI, OUI], OUI),
        ([OUI, NON], NON),
        ([NON, OUI], NON),
        ([NON, RIEN], NON),
        ([OUI, RIEN], RIEN),
        ([RIEN, RIEN], RIEN),
    ],
)
def test_between_two_households_the_restrictive_reading_holds(foyers, attendu):
    assert avis_de_l_enfant(foyers) == attendu
