"""The end of a paper is told once to its household, thirty days before, in words that say nothing of it."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import pytest
import time_machine
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext
from post_office.models import Email

from comptes.models import Categorie, Document, Famille, Notification, RefusDeCourriel
from comptes.services import echeances as module
from comptes.services.echeances import annoncer_les_echeances
from comptes.tasks import envoyer_les_echeances
from tests.factories import INSTANT, EnfantFactory, RattachementFactory, ResponsableFactory

pytestmark = pytest.mark.django_db
AUJOURDHUI = INSTANT.date()


@pytest.fixture(autouse=True)
def horloge():
    with time_machine.travel(INSTANT, tick=False) as voyage:
        yield voyage


def papier(adulte, *, dans=30, nature="pai", enfant=None, **champs) -> Document:
    empreinte = str(Document.objects.count())
    fin = None if dans is None else AUJOURDHUI + dt.timedelta(days=dans)
    commun = {"nom": "pai-allergie.pdf", "type_mime": "application/pdf", "taille": 1, "fichier": "x"}
    return Document.objects.create(
        famille=adulte.famille, enfant=enfant, nature=nature, empreinte=empreinte, expire_le=fin, **commun, **champs
    )


@pytest.mark.parametrize(
    ("dans", "dit"), [(None, False), (-1, False), (0, True), (1, True), (30, True), (31, False), (400, False)]
)
def test_a_paper_is_told_of_from_thirty_days_before_to_its_last_day(dans, dit):
    papier(ResponsableFactory(), dans=dans)
    assert annoncer_les_echeances() == dit
    assert Notification.objects.exists() is dit
    assert Email.objects.exists() is dit


def test_it_is_told_once_and_says_nothing_of_the_paper(horloge):
    adulte = ResponsableFactory()
    document = papier(adulte)
    for _ in range(3):
        envoyer_les_echeances()
        horloge.shift(dt.timedelta(days=1))
    notification, lettre = Notification.objects.get(), Email.objects.get()
    assert (notification.destinataire, notification.categorie) == (adulte, Categorie.MESSAGES)
    assert notification.lien == "/documents/"
    assert lettre.to == [adulte.utilisateur.email]
    assert lettre.subject == notification.titre == "Un document de votre espace arrive à échéance"
    assert f"jusqu’au {document.expire_le:%d/%m/%Y}" in lettre.message
    for mot in ("pai", "allergie", "projet"):
        assert mot not in f"{lettre.message} {lettre.html_message} {notification.texte}".casefold()


def test_several_papers_of_a_household_are_one_notification_and_a_refusal_is_kept():
    adulte, second = ResponsableFactory(), ResponsableFactory()
    RefusDeCourriel.objects.create(responsable=second, categorie=Categorie.MESSAGES)
    for qui in (adulte, second):
        papier(qui, dans=20)
        papier(qui, dans=3, nature="assurance")
    assert annoncer_les_echeances() == 4
    assert [n.destinataire for n in Notification.objects.order_by("pk")] == [adulte, second]
    assert [c.to for c in Email.objects.all()] == [[adulte.utilisateur.email]]
    assert Email.objects.get().subject.replace("\xa0", " ") == "2 documents de votre espace arrivent à échéance"
    assert "18/07/2026" in Notification.objects.first().texte


@pytest.mark.parametrize(
    ("autre", "dit"),
    [
        ({"dans": 400}, False),
        ({"dans": None}, False),
        ({"dans": 400, "nature": "assurance"}, True),
        ({"dans": 400, "pour": "frere"}, True),
        ({"dans": 400, "pour": None}, True),
    ],
)
def test_a_paper_already_replaced_is_not_told_of(autre, dit):
    adulte = ResponsableFactory()
    enfants = {"lea": EnfantFactory(), "frere": EnfantFactory(), None: None}
    papier(adulte, enfant=enfants["lea"])
    papier(adulte, enfant=enfants[autre.pop("pour", "lea")], **autre)
    assert annoncer_les_echeances() == dit


def test_a_paper_of_the_whole_household_is_replaced_by_another():
    adulte = ResponsableFactory()
    papier(adulte)
    papier(adulte, dans=400)
    assert annoncer_les_echeances() == 0


def test_a_household_without_login_or_erased_does_not_stop_the_rest():
    papier(ResponsableFactory(utilisateur=None))
    efface, adulte = ResponsableFactory(), ResponsableFactory()
    Famille.objects.filter(pk=efface.famille_id).update(anonymisee_le=INSTANT)
    papier(efface)
    papier(adulte)
    assert annoncer_les_echeances() == 2
    assert Notification.objects.get().destinataire == adulte


def test_cut_short_it_resumes_and_tells_nobody_twice(monkeypatch):
    monkeypatch.setattr(module, "LOT", 1)
    for _ in range(3):
        papier(ResponsableFactory())
    vrai, lots = module.mettre_en_file_ensemble, []

    def panne(lettres):
        if len(lots) == 1:
            lots.append("panne")
            raise OSError("the worker was killed")
        lots.append("fait")
        vrai(lettres)

    monkeypatch.setattr(module, "mettre_en_file_ensemble", panne)
    with pytest.raises(OSError, match="killed"):
        annoncer_les_echeances()
    assert Notification.objects.count() == Email.objects.count() == 1
    assert annoncer_les_echeances() == 2
    assert Notification.objects.count() == Email.objects.count() == 3


def test_statements_do_not_count_the_households():
    def cout() -> int:
        with CaptureQueriesContext(connection) as lues:
            annoncer_les_echeances()
        return len(lues)

    papier(ResponsableFactory())
    peu = cout()
    for _ in range(20):
        papier(ResponsableFactory())
    assert cout() == peu <= 15


@pytest.mark.django_db(transaction=True)
def test_a_household_that_somebody_holds_waits_for_the_next_run():
    papier(RattachementFactory(famille=ResponsableFactory().famille))
    with ThreadPoolExecutor(1) as fil, transaction.atomic():
        Famille.objects.select_for_update(no_key=True).get()
        assert fil.submit(ailleurs).result() == 0
    assert annoncer_les_echeances() == 1


def ailleurs() -> int:
    try:
        return annoncer_les_echeances()
    finally:
        connections.close_all()
