"""PDFs made once and kept: one when it is asked for, or all those that are missing, by batches."""

import datetime as dt
import hashlib
import time
import zlib
from collections.abc import Callable, Iterable

from django.core.files.base import ContentFile
from django.db import connection, transaction
from django.utils import timezone

from comptes.atelier import Atelier, Tirage
from comptes.pdf import ecrire_pdf
from facturation.impression import SERIES
from facturation.models import PieceImprimee as Piece

PAR_LOT = 60


def piece(nature: str, numero: str) -> Piece:
    """The kept piece of this number, made now when it is not there yet. Raises PdfIndisponible.

    One person makes it: another who asks meanwhile waits for this one render, and finds it. The lock is of this piece
    alone, so that nobody waits for somebody else's.
    """
    if (gardee := _gardee(nature, numero)) is not None:
        return gardee
    with transaction.atomic():
        _attendre_son_tour(nature, numero)
        if (gardee := _gardee(nature, numero)) is not None:
            return gardee
        (page,) = SERIES[nature].de([numero])
        pdf = ecrire_pdf(page.html, identifiant=page.identifiant, feuilles=page.feuilles, images=page.images)
        perdue = Piece.objects.filter(nature=nature, numero=numero).first()  # its file is, after a restored backup
        return _garder(perdue or Piece(nature=nature, numero=numero), pdf)


def _gardee(nature: str, numero: str) -> Piece | None:
    trouvee = Piece.objects.filter(nature=nature, numero=numero).first()
    if trouvee is None or not trouvee.fichier.storage.exists(str(trouvee.fichier.name)):
        return None
    return trouvee


def _attendre_son_tour(nature: str, numero: str) -> None:
    """Held until the transaction ends; a lock of PostgreSQL by a number, here the piece's own."""
    with connection.cursor() as curseur:
        curseur.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_cle(nature), _cle(numero)])


def _cle(texte: str) -> int:
    return zlib.crc32(texte.encode()) - 2**31


def _garder(neuve: Piece, pdf: bytes) -> Piece:
    neuve.empreinte, neuve.taille, neuve.faite_le = hashlib.sha256(pdf).hexdigest(), len(pdf), timezone.now()
    neuve.fichier.save(f"{neuve.numero}.pdf", ContentFile(pdf), save=False)
    try:
        neuve.save()
    except BaseException:
        neuve.fichier.delete(save=False)
        raise
    return neuve


def imprimer(
    *,
    natures: Iterable[str] = tuple(SERIES),
    mois: dt.date | None = None,
    secondes: float | None = None,
    suivre: Callable[[int, int], object] = lambda faites, total: None,
    mains: int = 2,
) -> tuple[int, list[str]]:
    """Print what has no piece yet, and keep it. How many, and the numbers that failed, with the reason.

    `mois`: the bills of this month alone. `secondes`: stop after so long; what is left is for the next run. Each batch
    is a transaction: stopped in the middle, it goes on where it was. Raises ImprimanteEnPanne.
    """
    fin = None if secondes is None else time.monotonic() + secondes
    faites, ratees = 0, list[str]()
    with Atelier(mains) as atelier:
        for nature in natures:
            serie = SERIES[nature]
            numeros = list(serie.du_mois(mois).values_list("numero", flat=True))
            for debut in range(0, len(numeros), PAR_LOT):
                if fin is not None and time.monotonic() > fin:
                    return faites, ratees
                lot = numeros[debut : debut + PAR_LOT]
                tirages = list(atelier.imprimer(serie.de(lot)))
                faites += _garder_le_lot(nature, [t for t in tirages if t.pdf])
                ratees += [f"{t.page.cle} : {t.erreur}" for t in tirages if not t.pdf]
                suivre(debut + len(lot), len(numeros))
    return faites, ratees


def _garder_le_lot(nature: str, tirages: list[Tirage]) -> int:
    """Keep these, but those that somebody asked for meanwhile: theirs is kept, ours is thrown away."""
    pieces = []
    for tirage in tirages:
        neuve = Piece(nature=nature, numero=tirage.page.cle, taille=len(tirage.pdf), faite_le=timezone.now())
        neuve.empreinte = hashlib.sha256(tirage.pdf).hexdigest()
        neuve.fichier.save(f"{neuve.numero}.pdf", ContentFile(tirage.pdf), save=False)
        pieces.append(neuve)
    Piece.objects.bulk_create(pieces, ignore_conflicts=True)
    gardes = set(
        Piece.objects.filter(nature=nature, numero__in=[p.numero for p in pieces]).values_list("fichier", flat=True)
    )
    for neuve in pieces:
        if neuve.fichier.name not in gardes:
            neuve.fichier.delete(save=False)
    return len(gardes & {neuve.fichier.name for neuve in pieces})
