"""What a person sends as a file, read before anything is kept. Everything in it is hostile until read here.

Four kinds of paper and no other: PDF, JPEG, PNG, HEIC. The content, the extension and the type that the browser
declares must agree. Photographs are decoded and written anew; a PDF is kept as it is when it is a paper and nothing
else.
"""

import hashlib
import re
import subprocess  # nosec B404  a fixed command of ours
import sys
import threading
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile

LECTEUR = Path(__file__).with_name("lecture_isolee.py")
SECONDES_AU_PLUS = 20
NOM_AU_PLUS = 120  # Document.nom
ACCEPTES = ".pdf,.jpg,.jpeg,.png,.heic,.heif,application/pdf,image/jpeg,image/png,image/heic,image/heif"
FORMATS = "un PDF ou une photo (JPEG, PNG, HEIC)"

# Two files at once in each web process: what they decode takes memory.
_PLACES = threading.BoundedSemaphore(2)


@dataclass(frozen=True)
class Genre:
    code: str
    nom: str
    extensions: tuple[str, ...]
    declares: tuple[str, ...]
    type_mime: str  # of what is kept: a HEIC is kept as a JPEG, that every screen shows
    extension: str


PDF = Genre("pdf", "PDF", ("pdf",), ("application/pdf", "application/x-pdf"), "application/pdf", "pdf")
JPEG = Genre("jpeg", "JPEG", ("jpg", "jpeg", "jpe"), ("image/jpeg", "image/jpg", "image/pjpeg"), "image/jpeg", "jpg")
PNG = Genre("png", "PNG", ("png",), ("image/png", "image/x-png"), "image/png", "png")
HEIC = Genre(
    *("heic", "HEIC", ("heic", "heif", "hif")),
    ("image/heic", "image/heif", "image/heic-sequence", "image/heif-sequence"),
    *("image/jpeg", "jpg"),
)
MARQUES_HEIC = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
# What browsers say of a file that they do not know.
SANS_TYPE = {"", "application/octet-stream", "binary/octet-stream"}

# The words of lecture_isolee.py.
PHRASES = {
    "illisible": "Ce fichier est abîmé : il ne s’ouvre pas.",
    "composite": "Ce fichier contient autre chose qu’un PDF. Enregistrez-le de nouveau en PDF.",
    "chiffre": "Ce PDF est protégé par un mot de passe ou des restrictions. Imprimez-le en PDF, ou photographiez-le.",
    "actif": "Ce PDF contient un programme, une vidéo, un formulaire actif ou un fichier joint. "
    "Imprimez-le en PDF, ou photographiez-le.",
    "lourd": "Ce fichier est trop complexe pour être lu. Imprimez-le en PDF, ou photographiez-le.",
    "pixels": "Cette image est trop grande. Prenez une photo ordinaire du document.",
}


@dataclass(frozen=True)
class FichierLu:
    """What may be kept: a name to show, and bytes that a decoder has read."""

    nom: str
    type_mime: str
    contenu: bytes
    taille: int
    empreinte: str


def lire_fichier(envoye: UploadedFile) -> FichierLu:
    """Read what was sent. Raises ValidationError with a sentence in French; nothing was kept then."""
    au_plus = settings.DOCUMENT_OCTETS_AU_PLUS
    contenu = b"" if (envoye.size or 0) > au_plus else envoye.read(au_plus + 1)
    if (envoye.size or 0) > au_plus or len(contenu) > au_plus:
        raise ValidationError(f"Ce fichier est trop lourd : {au_plus // 1_000_000} Mo au plus.")
    if not contenu:
        raise ValidationError("Ce fichier est vide.")
    genre = _genre(contenu)
    if genre is None:
        raise ValidationError(f"Ce fichier n’est pas {FORMATS}.")
    _verifier_ce_qui_est_dit(envoye, genre)
    garde = _relire(contenu, genre)
    if len(garde) > au_plus:
        raise ValidationError("Cette image est trop grande. Prenez une photo ordinaire du document.")
    return FichierLu(
        nom=nettoyer_le_nom(envoye.name or "", genre.extension),
        type_mime=genre.type_mime,
        contenu=garde,
        taille=len(garde),
        empreinte=hashlib.sha256(garde).hexdigest(),
    )


def _genre(contenu: bytes) -> Genre | None:
    if contenu.startswith(b"%PDF-"):
        return PDF
    if contenu.startswith(b"\xff\xd8\xff"):
        return JPEG
    if contenu.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    return HEIC if contenu[4:8] == b"ftyp" and contenu[8:12] in MARQUES_HEIC else None


def _verifier_ce_qui_est_dit(envoye: UploadedFile, genre: Genre) -> None:
    """The extension and the declared type say what the content is, or nothing."""
    point, extension = _dernier_morceau(envoye.name or "").rpartition(".")[1:]
    if point and extension.lower() not in genre.extensions:
        court = extension[:10].upper()
        raise ValidationError(
            f"Le nom de ce fichier finit par « .{court.lower()} », mais son contenu est du type {genre.nom}. "
            "Enregistrez-le de nouveau sous son vrai type."
        )
    declare = (envoye.content_type or "").partition(";")[0].strip().lower()
    if declare not in {*genre.declares, *SANS_TYPE}:
        raise ValidationError(
            f"Ce fichier est annoncé sous un autre type que son contenu, qui est du type {genre.nom}. "
            "Enregistrez-le de nouveau sous son vrai type."
        )


def _relire(contenu: bytes, genre: Genre) -> bytes:
    """The bytes to keep, from the process that reads them: see lecture_isolee.py."""
    if not _PLACES.acquire(timeout=SECONDES_AU_PLUS):
        raise ValidationError("Beaucoup de documents arrivent en même temps. Réessayez dans une minute.")
    try:
        lecture = subprocess.run(  # nosec B603  # noqa: S603  no shell, no word of the sender
            [sys.executable, "-I", str(LECTEUR), genre.code],
            input=contenu,
            capture_output=True,
            timeout=SECONDES_AU_PLUS,
            check=False,
            env={"MALLOC_ARENA_MAX": "2"},  # no secret of ours
            cwd="/",
        )
    except subprocess.TimeoutExpired:
        raise ValidationError(PHRASES["lourd"]) from None
    finally:
        _PLACES.release()
    if lecture.returncode < 0:  # stopped by the kernel
        raise ValidationError(PHRASES["lourd"])
    if lecture.returncode:
        mot = lecture.stderr.decode(errors="replace").split()[-1:]  # after the warnings of the libraries
        raise ValidationError(PHRASES.get("".join(mot), PHRASES["illisible"]))
    return lecture.stdout


# --- Names -----------------------------------------------------------------------------------------------------------
INTERDITS = re.compile(r'[<>:"/\\|?*%]+')
RESERVES = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?", re.IGNORECASE)


def nettoyer_le_nom(nom: str, extension: str) -> str:
    """A name to show and to download under: the last part of a path, readable, of a bounded length, never reserved.

    Controls, bidirectional marks and what else does not print are gone; the extension is that of the content.
    """
    morceau = _dernier_morceau(nom)
    tige = morceau.rpartition(".")[0] if "." in morceau else morceau
    tige = unicodedata.normalize("NFC", INTERDITS.sub(" ", tige))
    # Categories C: controls, marks of direction, halves of characters, private use, unassigned. Z: every blank.
    tige = "".join("" if (c := unicodedata.category(s))[0] == "C" else " " if c[0] == "Z" else s for s in tige)
    tige = " ".join(tige.split()).strip(". ")[: NOM_AU_PLUS - len(extension) - 1].strip(". ")
    if not tige or RESERVES.fullmatch(tige):
        tige = "document"
    return f"{tige}.{extension}"


def _dernier_morceau(nom: str) -> str:
    return re.split(r"[/\\]", "".join(c for c in nom if unicodedata.category(c)[0] != "C"))[-1].strip()
