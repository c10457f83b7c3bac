"""A booking, a paper and the erasure of their household at one instant: who comes second sees what the first did."""

import datetime as dt

import pytest
from django.core.exceptions import ValidationError

from comptes.models import Document
from comptes.services.documents import deposer
from comptes.televersement import FichierLu
from portail.effacement import effacer
from reservations.models import Mouvement, Reservation
from reservations.regles import Motif
from tests.factories import foyer
from tests.reservations.test_concurrence import apres_avoir_attendu, ensemble, envoi, horloge_qui_tourne  # noqa: F401

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("horloge_qui_tourne")]
JEUDI = dt.date(2026, 12, 10)


def test_a_booking_sent_before_the_erasure_finds_its_enrolment_ended():
    f = foyer()
    apres_avoir_attendu(lambda: effacer(famille=f.famille), envoi(f, JEUDI))
    assert not Reservation.objects.exists()
    assert Mouvement.objects.get().motif == Motif.HORS_INSCRIPTION


def test_an_erasure_waits_for_a_booking_and_finds_it():
    f = foyer()
    refus = apres_avoir_attendu(envoi(f, JEUDI), lambda: effacer(famille=f.famille))
    assert isinstance(refus, ValidationError)
    f.famille.refresh_from_db()
    assert f.famille.anonymisee_le is None


def test_the_same_paper_sent_twice_at_once_is_kept_once(settings, tmp_path):
    settings.DOCUMENTS = tmp_path
    f = foyer()
    lu = FichierLu("a.pdf", "application/pdf", b"%PDF", 4, "e" * 64)
    donner = {"famille": f.famille, "enfant": None, "nature": "autre", "lu": lu, "par": f.utilisateur}
    issues = ensemble(*[lambda: deposer(**donner)] * 3)
    assert sorted(type(issue).__name__ for issue in issues) == ["Document", "ValidationError", "ValidationError"]
    assert len([chemin for chemin in tmp_path.rglob("*") if chemin.is_file()]) == 1


def test_a_paper_sent_before_the_erasure_is_not_kept(settings, tmp_path):
    settings.DOCUMENTS = tmp_path
    f = foyer()
    lu = FichierLu("a.pdf", "application/pdf", b"%PDF", 4, "e" * 64)
    donner = {"famille": f.famille, "enfant": None, "nature": "autre", "lu": lu, "par": f.utilisateur}
    refus = apres_avoir_attendu(lambda: effacer(famille=f.famille), lambda: deposer(**donner))
    assert isinstance(refus, ValidationError)
    assert not Document.objects.exists()
