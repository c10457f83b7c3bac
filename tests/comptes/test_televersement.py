"""Hostile files, one table. Each is refused in a sentence; nothing is kept (tests/comptes/test_documents.py)."""

import io

import pytest
from django.core.exceptions import ValidationError
from PIL import Image

from comptes.televersement import lire_fichier, nettoyer_le_nom
from tests.comptes.fichiers import envoi, image, pdf


def test_a_paper_is_kept_as_it_was_sent():
    contenu = pdf(pages=2)
    lu = lire_fichier(envoi(contenu, "Attestation CAF.PDF"))
    assert (lu.nom, lu.type_mime, lu.contenu, lu.taille) == (
        "Attestation CAF.pdf",
        "application/pdf",
        contenu,
        len(contenu),
    )


@pytest.mark.parametrize(
    ("genre", "nom", "declare", "type_mime"),
    [
        ("JPEG", "photo.jpeg", "image/jpeg", "image/jpeg"),
        ("PNG", "écran.png", "image/png", "image/png"),
        ("HEIF", "IMG_0001.HEIC", "", "image/jpeg"),
    ],
)
def test_a_photograph_is_written_anew(genre, nom, declare, type_mime):
    lu = lire_fichier(envoi(image(genre), nom, declare))
    assert lu.type_mime == type_mime
    assert Image.open(io.BytesIO(lu.contenu)).size == (60, 40)


def test_an_empty_file_is_refused():
    with pytest.raises(ValidationError, match="Ce fichier est vide"):
        lire_fichier(envoi(b""))


def test_a_name_with_a_path_is_shown_without_it():
    assert nettoyer_le_nom("../../etc/passwd", "pdf") == "passwd.pdf"
