"""The papers of a household: kept with their file, or not at all."""

import datetime as dt
import os
import time
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.db import transaction
from django.utils import timezone

from comptes.models import Document, DocumentDeLaVille
from comptes.services.documents import DOCUMENTS_PAR_FAMILLE, balayer_le_coffre, deposer, supprimer
from comptes.televersement import FichierLu, lire_fichier
from reservations.models import PieceDeLaDemande, PremiereDemande
from tests.comptes.fichiers import envoi, pdf
from tests.factories import EnfantFactory, RattachementFactory

pytestmark = pytest.mark.django_db
LU = FichierLu("Attestation.pdf", "application/pdf", b"%PDF-1.4 texte", 14, "e" * 64)


@pytest.fixture
def dossier(settings, tmp_path):
    settings.DOCUMENTS = tmp_path / "documents"
    return settings.DOCUMENTS


@pytest.fixture
def enfant(dossier):
    return RattachementFactory()


def fichiers(dossier: Path) -> list[Path]:
    return [chemin for chemin in dossier.rglob("*") if chemin.is_file()]


def test_a_paper_is_kept_under_a_name_that_says_nothing(enfant, dossier):
    document = deposer(
        famille=enfant.famille, enfant=enfant.enfant, nature="pai", lu=lire_fichier(envoi(pdf())), par=None
    )
    (fichier,) = fichiers(dossier)
    assert document.nom == "attestation.pdf"
    assert "attestation" not in str(fichier)
    assert fichier.stat().st_mode & 0o777 == 0o600
    assert fichier.parent.stat().st_mode & 0o777 == 0o700
    assert fichier.read_bytes() == pdf()


@pytest.mark.parametrize(
    ("champs", "phrase"),
    [
        ({"nature": "virus"}, "nature"),
        ({"nature": "pai", "enfant": None}, "choisissez lequel"),
        ({"expire_le": dt.date(2020, 1, 1)}, "plus valable"),
        ({"enfant": "autre"}, "pas dans votre famille"),
    ],
)
def test_what_is_refused_keeps_neither_row_nor_file(enfant, dossier, champs, phrase):
    champs = {"enfant": enfant.enfant, "nature": "assurance", **champs}
    if champs["enfant"] == "autre":
        champs["enfant"] = EnfantFactory()
    with pytest.raises(ValidationError, match=phrase):
        deposer(famille=enfant.famille, lu=LU, par=None, **champs)
    assert not Document.objects.exists()
    assert not fichiers(dossier)


def test_the_same_paper_is_kept_once(enfant, dossier):
    deposer(famille=enfant.famille, enfant=None, nature="autre", lu=LU, par=None)
    with pytest.raises(ValidationError, match="déjà déposé"):
        deposer(famille=enfant.famille, enfant=None, nature="autre", lu=LU, par=None)
    assert len(fichiers(dossier)) == Document.objects.count() == 1


def test_a_household_keeps_so_many_papers(enfant, dossier):
    Document.objects.bulk_create(
        Document(famille=enfant.famille, nature="autre", nom="x", taille=1, empreinte=str(n), fichier=f"ab/{n}")
        for n in range(DOCUMENTS_PAR_FAMILLE)
    )
    with pytest.raises(ValidationError, match="Supprimez"):
        deposer(famille=enfant.famille, enfant=None, nature="autre", lu=LU, par=None)
    assert not fichiers(dossier)


def test_a_row_that_cannot_be_written_leaves_no_file(enfant, dossier):
    trop_long = FichierLu("n" * 500, "application/pdf", b"x", 1, "f" * 64)
    with pytest.raises(Exception, match=r"trop long|too long"), transaction.atomic():
        deposer(famille=enfant.famille, enfant=None, nature="autre", lu=trop_long, par=None)
    assert not fichiers(dossier)


def test_the_file_of_an_undone_transaction_is_swept_a_day_later(enfant, dossier):
    garde = deposer(famille=enfant.famille, enfant=None, nature="autre", lu=LU, par=None)
    with transaction.atomic():
        deposer(famille=enfant.famille, enfant=None, nature="domicile", lu=LU, par=None)
        transaction.set_rollback(True)
    assert len(fichiers(dossier)) == 2
    assert balayer_le_coffre() == 0  # a row may still be on its way
    hier = time.time() - 25 * 3600
    for fichier in fichiers(dossier):
        os.utime(fichier, (hier, hier))
    assert balayer_le_coffre() == 1
    (reste,) = fichiers(dossier)
    assert str(reste).endswith(garde.fichier.name)


def test_the_sweep_keeps_the_files_of_every_kind_of_row(enfant, dossier):
    deposer(famille=enfant.famille, enfant=None, nature="autre", lu=LU, par=None)
    de_la_ville = DocumentDeLaVille(titre="Fiche", nom="a.pdf", type_mime="application/pdf", taille=1)
    de_la_ville.fichier.save("a.pdf", ContentFile(b"a"))
    demande = PremiereDemande.objects.create(expire_le=timezone.now(), empreinte="e")
    piece = PieceDeLaDemande(demande=demande, nature="autre", nom="b.pdf", taille=1, empreinte="e")
    piece.fichier.save("b.pdf", ContentFile(b"b"))
    hier = time.time() - 25 * 3600
    for fichier in fichiers(dossier):
        os.utime(fichier, (hier, hier))
    assert balayer_le_coffre() == 0
    assert len(fichiers(dossier)) == 3


def test_the_file_of_a_deleted_paper_goes_when_the_transaction_ends(
    enfant, dossier, django_capture_on_commit_callbacks
):
    document = deposer(famille=enfant.famille, enfant=None, nature="autre", lu=LU, par=None)
    with django_capture_on_commit_callbacks(execute=True):
        supprimer(document)
    assert not fichiers(dossier)
    assert not Document.objects.exists()
