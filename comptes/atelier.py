"""Many documents at once: printers in processes of their own (comptes/imprimante.py), kept warm, replaced in time."""

import json
import os
import subprocess  # nosec B404  a fixed command of ours
import sys
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO

from comptes.imprimante import BASE
from comptes.pdf import chemin_statique

PROGRAMME = Path(__file__).with_name("imprimante.py")
FICHIERS = (
    "css/pdf.css",
    "css/pieces.css",
    "img/logo.svg",
    "police/atkinson-hyperlegible-next-400.woff2",
    "police/atkinson-hyperlegible-next-700.woff2",
)
# What an environment needs to find fonts and libraries; no secret of ours.
GARDEES = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "XDG_CACHE_HOME", "FONTCONFIG_PATH", "LD_LIBRARY_PATH")

ARRETEE = "L’imprimante s’est arrêtée\N{NO-BREAK SPACE}: voir son journal."


class ImprimanteEnPanne(RuntimeError):
    """The printer's process ended: Pango is missing, or the kernel stopped it."""


@dataclass(frozen=True)
class Page:
    """A document to print. `cle` is the caller's own."""

    cle: str
    html: str
    identifiant: str
    feuilles: tuple[str, ...] = ()
    images: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Tirage:
    """What became of a page: its bytes, or why there are none."""

    page: Page
    pdf: bytes = b""
    erreur: str = ""


class _Main:
    """One process, replaced after `par_vie` documents so that its memory stays flat."""

    def __init__(self, par_vie: int):
        self._par_vie, self._faits = par_vie, 0
        self._processus: subprocess.Popen | None = None

    def imprimer(self, page: Page) -> Tirage:
        if self._processus is None or self._faits >= self._par_vie:
            self.fermer()
            self._demarrer()
        self._faits += 1
        self._envoyer({nom: valeur for nom, valeur in asdict(page).items() if nom != "cle"})
        entete = self._sortie.readline()
        if not entete:
            self.fermer()
            raise ImprimanteEnPanne(ARRETEE)
        reponse = json.loads(entete)
        if "erreur" in reponse:
            return Tirage(page, erreur=reponse["erreur"])
        return Tirage(page, self._sortie.read(reponse["taille"]))

    @property
    def _sortie(self) -> IO[bytes]:
        if self._processus is None or self._processus.stdout is None:
            raise ImprimanteEnPanne(ARRETEE)
        return self._processus.stdout

    def _demarrer(self) -> None:
        env = {nom: os.environ[nom] for nom in GARDEES if nom in os.environ}
        self._processus = subprocess.Popen(  # nosec B603  # noqa: S603  no shell, no word of anybody
            [sys.executable, "-I", str(PROGRAMME)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**env, "MALLOC_ARENA_MAX": "2"},
            cwd="/",
        )
        self._faits = 0
        self._envoyer({"fichiers": {nom: chemin_statique(BASE + nom) for nom in FICHIERS}})

    def _envoyer(self, demande: dict) -> None:
        if self._processus is None or self._processus.stdin is None:
            raise ImprimanteEnPanne(ARRETEE)
        try:
            self._processus.stdin.write(json.dumps(demande).encode() + b"\n")
            self._processus.stdin.flush()
        except BrokenPipeError:
            self.fermer()
            raise ImprimanteEnPanne("L’imprimante n’a pas démarré\N{NO-BREAK SPACE}: Pango manque peut-être.") from None

    def fermer(self) -> None:
        if self._processus is None:
            return
        for flux in (self._processus.stdin, self._processus.stdout):
            if flux is not None:
                try:
                    flux.close()
                except BrokenPipeError:
                    continue
        try:
            self._processus.wait(5)
        except subprocess.TimeoutExpired:
            self._processus.kill()
            self._processus.wait()
        self._processus = None


class Atelier:
    """Printers that work side by side: `with Atelier() as atelier: for tirage in atelier.imprimer(pages)`."""

    def __init__(self, mains: int = 2, par_vie: int = 500):
        self._nombre, self._par_vie = mains, par_vie
        self._mains: list[_Main] = []
        self._a_moi = threading.local()
        self._fils = ThreadPoolExecutor(mains, thread_name_prefix="imprimante")

    def __enter__(self) -> "Atelier":
        return self

    def __exit__(self, *_) -> None:
        self._fils.shutdown(cancel_futures=True)
        for main in self._mains:
            main.fermer()

    def _imprimer(self, page: Page) -> Tirage:
        if not hasattr(self._a_moi, "main"):
            self._a_moi.main = _Main(self._par_vie)
            self._mains.append(self._a_moi.main)
        return self._a_moi.main.imprimer(page)

    def imprimer(self, pages: Iterable[Page]) -> Iterator[Tirage]:
        """In the order of the pages, read only as fast as they are printed. Raises ImprimanteEnPanne."""
        en_cours: deque[Future[Tirage]] = deque()
        for page in pages:
            en_cours.append(self._fils.submit(self._imprimer, page))
            if len(en_cours) >= 4 * self._nombre:
                yield en_cours.popleft().result()
        while en_cours:
            yield en_cours.popleft().result()
