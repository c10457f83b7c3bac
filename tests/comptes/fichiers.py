"""Files of the tests, honest and hostile, built here."""

import io
import re
import struct
import zipfile
import zlib

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image
from pillow_heif import register_heif_opener
from pypdf import PdfWriter
from pypdf.actions import JavaScript

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


# --- Hostile ---------------------------------------------------------------------------------------------------------
def pdf_chiffre() -> bytes:
    return pdf(preparer=lambda e: e.encrypt("", algorithm="RC4-128"))


def pdf_avec_js() -> bytes:
    return pdf(preparer=lambda e: e.add_open_action(JavaScript("app.alert(1)")))


def pdf_avec_piece() -> bytes:
    return pdf(preparer=lambda e: e.add_attachment("charge.exe", b"MZ"))


def pdf_avec_objet(objet: bytes) -> bytes:
    """A paper with one more object that no page names, in a table of references of its own."""
    base = pdf()
    avant = int(base.rpartition(b"startxref\n")[2].split()[0])
    taille = int(base.rpartition(b"/Size ")[2].split()[0])
    racine = base.rpartition(b"/Root ")[2].partition(b" R")[0]
    position = len(base)
    base += b"%d 0 obj\n%s\nendobj\n" % (taille, objet)
    table = len(base)
    base += b"xref\n%d 1\n%010d 00000 n \n" % (taille, position)
    base += b"trailer\n<< /Size %d /Root %s R /Prev %d >>\nstartxref\n%d\n%%%%EOF\n" % (
        taille + 1,
        racine,
        avant,
        table,
    )
    return base


def pdf_a_flux(objets: bytes, compte: int = 1, *, octets: int | None = None) -> bytes:
    """A paper with objects in a compressed stream, found by a compressed table: nothing of it shows in the bytes."""
    entetes = b" ".join(b"%d 0" % (10 + n) for n in range(compte)) + b" "
    clair = entetes + objets
    flux = zlib.compress(clair, 9)
    corps = b"%PDF-1.5\n"
    positions = {}
    for numero, texte in {
        1: b"<< /Type /Catalog /Pages 2 0 R >>",
        2: b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        3: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] >>",
        4: b"<< /Type /ObjStm /N %d /First %d /Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream"
        % (compte, len(entetes), octets or len(flux), flux),
    }.items():
        positions[numero] = len(corps)
        corps += b"%d 0 obj\n%s\nendobj\n" % (numero, texte)
    lignes = b"\x00\x00\x00\x00\x00\xff"
    for numero in range(1, 5):
        lignes += b"\x01" + positions[numero].to_bytes(4, "big") + b"\x00"
    lignes += b"\x00\x00\x00\x00\x00\x00" * 5 + b"".join(
        b"\x02\x00\x00\x00\x04" + bytes([n % 256]) for n in range(compte)
    )
    references = zlib.compress(lignes)
    table = len(corps)
    return corps + (
        b"5 0 obj\n<< /Type /XRef /Size %d /W [1 4 1] /Root 1 0 R /Filter /FlateDecode /Length %d >>\nstream\n"
        b"%s\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % (10 + compte, len(references), references, table)
    )


def zip_puis_fin_de_pdf() -> bytes:
    """A ZIP inside a PDF whose own end is the comment of the archive: both readers are content."""
    base = pdf()
    debut, fin = base[: base.rindex(b"xref\n")], base[base.rindex(b"xref\n") :]
    archive = bytearray(zip_avec())
    archive[-2:] = len(fin).to_bytes(2, "little")
    decale = debut + bytes(archive)
    return decale + re.sub(rb"startxref\n\d+", b"startxref\n%d" % len(decale), fin)


def png_immense(largeur: int = 60_000, hauteur: int = 60_000) -> bytes:
    """A few kilobytes that would decode to gigabytes."""

    def bloc(genre: bytes, donnees: bytes) -> bytes:
        return struct.pack(">I", len(donnees)) + genre + donnees + struct.pack(">I", zlib.crc32(genre + donnees))

    entete = struct.pack(">IIBBBBB", largeur, hauteur, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + bloc(b"IHDR", entete) + bloc(b"IDAT", zlib.compress(bytes(10_000))) + bloc(b"IEND", b"")
    )


def jpeg_bavard() -> bytes:
    """A photograph that tells where it was taken, with a thumbnail, a comment and an archive after its end."""
    exif = Image.Exif()
    exif[0x010F] = "CanariAppareil"
    exif[ORIENTATION] = 6
    exif.get_ifd(GPS)[2] = (43.0, 12.0, 45.0)
    exif.get_ifd(GPS)[1] = "N"
    return image("JPEG", exif=exif, comment=b"CanariCommentaire") + zip_avec("canari.html")
