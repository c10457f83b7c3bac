"""All the children at once take the same number of statements for one day of one child and a year of five."""

import uuid

import pytest

from reservations.models import Reservation
from tests.factories import foyer
from tests.reservations.test_famille import cadet, code
from tests.reservations.test_nombre_de_requetes import UN_JOUR, connecte, instructions, meme_nombre, toute_l_annee

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("ouverture", "comptes_justes")]
TOUS = "/reservations/tous/"


@pytest.fixture
def petit():
    """One child."""
    return foyer()


@pytest.fixture
def grand():
    """Five children in five schools."""
    f = foyer()
    f.toutes = [f.inscription, *(cadet(f, prenom) for prenom in ("Tom", "Zoé", "Ali", "Eva"))]
    return f


def envoi(x, inscriptions, jours, champ="jours"):
    client = connecte(x)
    donnees = {champ: [code(i, *jours) for i in inscriptions], "jeton": str(uuid.uuid4())}
    return instructions(lambda: client.post(TOUS, donnees))


def test_booking_then_cancelling(petit, grand):
    annee = toute_l_annee()
    meme_nombre(envoi(petit, [petit.inscription], UN_JOUR), envoi(grand, grand.toutes, annee))
    assert Reservation.objects.count() == 5 * len(annee) + 1
    meme_nombre(envoi(petit, [petit.inscription], UN_JOUR, "deja"), envoi(grand, grand.toutes, annee, "deja"))
    assert not Reservation.objects.exists()


@pytest.mark.parametrize("page", ["tous", "rythme", "copie"])
def test_the_pages(petit, grand, page):
    voisin = cadet(petit)
    envoi(grand, grand.toutes, toute_l_annee())
    parametres = {
        "tous": lambda i: {},
        "rythme": lambda i: {"inscriptions": [x.pk for x in i], "jours": "1", "apercu": "1"},
        "copie": lambda i: {"source": i[0].pk, "vers": [x.pk for x in i[1:]], "apercu": "1"},
    }[page]

    def lecture(x, inscriptions):
        client = connecte(x)
        return instructions(lambda: client.get(f"/reservations/{page}/", parametres(inscriptions)))

    meme_nombre(lecture(petit, [petit.inscription, voisin]), lecture(grand, grand.toutes))


def test_the_recap(petit, grand):
    def lecture(x, inscriptions, jours):
        client = connecte(x)
        reponse = client.post(TOUS, {"jours": [code(i, *jours) for i in inscriptions], "jeton": str(uuid.uuid4())})
        return instructions(lambda: client.get(reponse.url))

    meme_nombre(lecture(petit, [petit.inscription], UN_JOUR), lecture(grand, grand.toutes, toute_l_annee()))
