"""Read a hostile file in a process of its own: `python -I lecture_isolee.py TYPE < sent > kept`.

Started by comptes/televersement.py, which does not import it. It holds no secret, writes no file, and the kernel stops
it when it takes too much time or memory: a decompression bomb, or a fault of a decoder, costs one upload.

Status 0: the bytes to keep are on the standard output. Else one of the words below is on the error output.
"""

import io
import re
import resource
import sys
import zipfile

from PIL import Image, ImageFile, ImageOps
from pillow_heif import register_heif_opener
from pypdf import PdfReader, apply_configuration
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject

ILLISIBLE, COMPOSITE, CHIFFRE, ACTIF, LOURD, PIXELS = "illisible", "composite", "chiffre", "actif", "lourd", "pixels"

SECONDES, OCTETS_DE_MEMOIRE = 12, 1_200_000_000
PIXELS_AU_PLUS = 60_000_000  # the largest photographs of telephones have 50 million
COTE_AU_PLUS = 3000  # pixels kept: an A4 page at 250 dots an inch
PAGES_AU_PLUS, OBJETS_AU_PLUS = 200, 20_000
# An object stream or a table of references decoded is never larger in an honest paper.
FLUX_AU_PLUS = 4_000_000

# Marks of what is a page or a program at the same time as a PDF; a ZIP (so a JAR, a DOCX) is looked for from its end.
BALISES = re.compile(rb"<(?:!doctype|html|script|svg|body|iframe|\?php)", re.IGNORECASE)
ARCHIVES = (b"Rar!\x1a\x07", b"7z\xbc\xaf\x27\x1c")
FIN = re.compile(rb"%%EOF[\s\x00]*\Z")
ECHAPPE = re.compile(rb"#([0-9A-Fa-f]{2})")
NOMS_ACTIFS = re.compile(rb"/(?:JavaScript|Launch|EmbeddedFiles?|RichMedia|SubmitForm|ImportData)\b")
CLES_ACTIVES = {"/JS", "/JavaScript", "/EmbeddedFiles", "/EF", "/XFA", "/RichMediaContent"}
GENRES_ACTIFS = {
    *("/JavaScript", "/Launch", "/SubmitForm", "/ImportData", "/GoToR", "/GoToE", "/Rendition", "/Movie", "/Sound"),
    *("/EmbeddedFile", "/FileAttachment", "/RichMedia", "/3D", "/Screen"),
}


class Refus(Exception):
    """The file is not kept: the word that says why."""


def relire_pdf(contenu: bytes) -> bytes:
    """The same bytes, when they are one paper and nothing else. Signed attestations must stay as they were signed."""
    if (
        not re.match(rb"%PDF-[12]\.\d", contenu)
        or BALISES.search(contenu[:1024])
        or not FIN.search(contenu[-4096:])
        or zipfile.is_zipfile(io.BytesIO(contenu))
        or any(marque in contenu for marque in ARCHIVES)
    ):
        raise Refus(COMPOSITE)
    # What no table of references names is read too: some readers find it.
    if NOMS_ACTIFS.search(ECHAPPE.sub(lambda m: bytes.fromhex(m[1].decode()), contenu)):
        raise Refus(ACTIF)
    with apply_configuration(
        zlib_maximum_output_length=FLUX_AU_PLUS,
        lzw_maximum_output_length=FLUX_AU_PLUS,
        run_length_maximum_output_length=FLUX_AU_PLUS,
        page_tree_maximum_entries=OBJETS_AU_PLUS,
        jbig2dec_binary=None,
        disable_legacy_handling=True,
    ):
        lecteur = PdfReader(io.BytesIO(contenu), root_object_recovery_limit=1000)
        if lecteur.is_encrypted:
            raise Refus(CHIFFRE)
        _verifier_les_objets(lecteur)
        if not 1 <= len(lecteur.pages) <= PAGES_AU_PLUS:
            raise Refus(LOURD if lecteur.pages else ILLISIBLE)
    return contenu


def _verifier_les_objets(lecteur) -> None:
    """Every object of the file, reachable from a page or not: none acts, none carries a file."""
    numeros = {(n, g) for g, objets in lecteur.xref.items() for n in objets} | {(n, 0) for n in lecteur.xref_objStm}
    if len(numeros) > OBJETS_AU_PLUS:
        raise Refus(LOURD)
    a_lire = [lecteur.trailer]
    for numero, generation in sorted(numeros):
        a_lire.append(lecteur.get_object(IndirectObject(numero, generation, lecteur)))
        while a_lire:
            objet = a_lire.pop()
            if isinstance(objet, DictionaryObject):
                genres = {objet.raw_get(cle) for cle in ("/S", "/Type", "/Subtype") if cle in objet}
                if CLES_ACTIVES & objet.keys() or GENRES_ACTIFS & {g for g in genres if isinstance(g, str)}:
                    raise Refus(ACTIF)
                a_lire.extend(objet.raw_get(cle) for cle in objet)
            elif isinstance(objet, ArrayObject):
                a_lire.extend(list.__iter__(objet))


def relire_image(contenu: bytes, genre: str) -> bytes:
    """The pixels alone, written anew: no place, no date, no device, nothing after the image."""
    formats = {"jpeg": ("JPEG",), "png": ("PNG",), "heic": ("HEIF",)}[genre]
    if genre == "heic":
        register_heif_opener()
    Image.MAX_IMAGE_PIXELS = None  # ours is checked before a pixel is read
    ImageFile.LOAD_TRUNCATED_IMAGES = False  # WeasyPrint, in the same process, sets it
    image: Image.Image = Image.open(io.BytesIO(contenu), formats=formats)
    if image.width * image.height > PIXELS_AU_PLUS:
        raise Refus(PIXELS)
    image.draft("RGB", (COTE_AU_PLUS, COTE_AU_PLUS))
    image.load()
    image.thumbnail((COTE_AU_PLUS, COTE_AU_PLUS))
    image = ImageOps.exif_transpose(image)
    transparente = genre == "png" and (image.mode in {"RGBA", "LA", "PA"} or "transparency" in image.info)
    propre = image.convert("RGBA" if transparente else "L" if image.mode in {"1", "L"} else "RGB")
    propre.info = {}
    sortie = io.BytesIO()
    if genre == "png":
        propre.save(sortie, "PNG", optimize=True)
    else:
        propre.save(sortie, "JPEG", quality=85, optimize=True)
    return sortie.getvalue()


def lire(contenu: bytes, genre: str) -> bytes:
    try:
        return relire_pdf(contenu) if genre == "pdf" else relire_image(contenu, genre)
    except Refus:
        raise
    except MemoryError:
        raise Refus(LOURD) from None
    except Exception:  # noqa: BLE001  whatever a decoder says of a broken file, it is a broken file
        raise Refus(ILLISIBLE) from None


def principal(genre: str) -> str:
    """What to exit with: nothing, or the word of a refusal, that `sys.exit` writes on the error output."""
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDES, SECONDES))
    resource.setrlimit(resource.RLIMIT_AS, (OCTETS_DE_MEMOIRE, OCTETS_DE_MEMOIRE))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        garde = lire(sys.stdin.buffer.read(), genre)
    except Refus as refus:
        return str(refus)
    sys.stdout.buffer.write(garde)
    return ""


if __name__ == "__main__":
    sys.exit(principal(sys.argv[1]) or 0)
