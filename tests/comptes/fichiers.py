"""Files of the tests, honest and hostile, built here."""

import io
import zipfile

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image
from pillow_heif import register_heif_opener
from pypdf import PdfWriter

GPS, ORIENTATION = 0x8825, 0x0112


def pdf(*, pages: int = 1, preparer=None) -> bytes:
    """A paper of empty pages; `preparer(writer)` adds what the test needs."""
    ecrivain = PdfWriter()
    for _ in range(pages):
        ecrivain.add_blank_page(200, 200)
    if preparer:
        preparer(ecrivain)
    sortie = io.BytesIO()
    ecrivain.write(sortie)
    return sortie.getvalue()


def image(genre: str = "JPEG", taille=(60, 40), mode: str = "RGB", **options) -> bytes:
    register_heif_opener()
    sortie = io.BytesIO()
    Image.new(mode, taille, "red" if mode != "1" else 1).save(sortie, genre, **options)
    return sortie.getvalue()


def zip_avec(nom: str = "charge.html", contenu: bytes = b"<script>alert(1)</script>") -> bytes:
    sortie = io.BytesIO()
    with zipfile.ZipFile(sortie, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(nom, contenu)
    return sortie.getvalue()


def envoi(contenu: bytes, nom: str = "attestation.pdf", declare: str = "application/pdf") -> SimpleUploadedFile:
    return SimpleUploadedFile(nom, contenu, content_type=declare)
