"""« Mes données »: everything that the portal holds on a household, in one archive written while it is sent."""

import json
import zipfile
from collections.abc import Iterator
from typing import IO, Any, cast
from urllib.parse import quote

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone

from comptes import donnees as comptes
from comptes.export import Section
from comptes.models import Document, Famille
from comptes.televersement import nettoyer_le_nom
from facturation import donnees as facturation
from reservations import donnees as reservations
from reservations.models import PieceDeLaDemande, PremiereDemande

SECTIONS: list[Section] = [*comptes.SECTIONS, *reservations.SECTIONS, *facturation.SECTIONS]
EXCLUS: dict[str, str] = {**comptes.EXCLUS, **reservations.EXCLUS, **facturation.EXCLUS}
MORCEAU = 256 * 1024


class Tuyau:
    """What the archive writes, until it is taken: a file that cannot be read again nor rewound."""

    def __init__(self) -> None:
        self.morceaux: list[bytes] = []

    def write(self, octets: bytes) -> int:
        self.morceaux.append(bytes(octets))
        return len(octets)

    def flush(self) -> None:
        """Nothing waits elsewhere."""

    def vider(self) -> Iterator[bytes]:
        yield from self.morceaux
        self.morceaux.clear()


def archive(famille: Famille) -> Iterator[bytes]:
    """The ZIP of a household, piece by piece: one paper at a time is in memory, and nothing on the disk.

    The rows are read before the first piece leaves: what the database refuses is an error page, not half a file.
    """
    lues = [(section, section.lignes(famille.pk)) for section in SECTIONS]
    instant, fichiers = timezone.now(), list(_fichiers(famille))
    contexte = {
        "famille": famille,
        "instant": instant,
        "ville": settings.VILLE,
        "sections": [(section.titre, lignes) for section, lignes in lues if lignes],
        "fichiers": [(nom, quote(nom)) for nom, _ in fichiers],
    }
    textes = {"donnees.json": _json(lues, instant), "donnees.html": render_to_string("portail/export.html", contexte)}
    return _ecrire(textes, fichiers)


def _json(lues, instant) -> str:
    contenu: dict[str, Any] = {
        "produit_le": instant.isoformat(),
        "donnees": {
            section.modele._meta.label: [{v.champ: v.simple for v in ligne} for ligne in lignes]
            for section, lignes in lues
        },
    }
    return json.dumps(contenu, ensure_ascii=False, indent=1)


def _fichiers(famille: Famille) -> Iterator[tuple[str, Any]]:
    """(name in the archive, file of the safe)."""
    demandes = PremiereDemande.objects.filter(reservations.premieres_demandes(famille.pk))
    pieces = PieceDeLaDemande.objects.filter(demande__in=demandes)
    for dossier, papiers in (("documents", Document.objects.filter(famille=famille)), ("premiere-demande", pieces)):
        for papier in papiers.order_by("pk"):
            if not papier.fichier or not papier.fichier.storage.exists(str(papier.fichier.name)):
                continue  # lost by a restored backup: the rest is still theirs
            nom = nettoyer_le_nom(papier.nom, papier.nom.rpartition(".")[2])
            yield f"{dossier}/{papier.pk}-{nom}", papier.fichier


def _ecrire(textes: dict[str, str], fichiers) -> Iterator[bytes]:
    tuyau = Tuyau()
    with zipfile.ZipFile(cast(IO[bytes], tuyau), "w", zipfile.ZIP_DEFLATED) as zip_:
        for nom, texte in textes.items():
            zip_.writestr(nom, texte)
            yield from tuyau.vider()
        for nom, fichier in fichiers:
            if not fichier.storage.exists(fichier.name):
                continue  # deleted in another tab meanwhile
            with zip_.open(nom, "w") as dedans, fichier.open("rb") as source:
                while octets := source.read(MORCEAU):
                    dedans.write(octets)
                    yield from tuyau.vider()
    yield from tuyau.vider()
