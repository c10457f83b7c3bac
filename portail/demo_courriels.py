"""`/demo/courriels/`: the mails that the demo sent, as their reader would see them. Included in the demo only."""

import datetime as dt
import email
import email.policy
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

from csp.constants import NONE, UNSAFE_INLINE
from csp.decorators import csp_replace
from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_safe

AU_PLUS = 100


@dataclass(frozen=True)
class Courriel:
    nom: str
    message: EmailMessage

    @property
    def sujet(self) -> str:
        return str(self.message["Subject"] or "")

    @property
    def destinataires(self) -> str:
        return str(self.message["To"] or "")

    @property
    def date(self) -> dt.datetime | None:
        """RFC 5322 writes -0000 for « UTC, zone unknown », which the parser reads as a naive datetime."""
        instant = self.message["Date"].datetime if self.message["Date"] else None
        return instant.replace(tzinfo=dt.UTC) if instant and instant.tzinfo is None else instant

    @property
    def texte(self) -> str:
        partie = self.message.get_body(("plain",))
        return partie.get_content() if partie else ""

    @property
    def html(self) -> str:
        partie = self.message.get_body(("html",))
        return partie.get_content() if partie else ""


def _fichiers() -> list[Path]:
    """The mail files, the latest first. Django's backend names each by its time and writes one or more messages."""
    return sorted(Path(settings.COURRIELS_DEMO).glob("*.log"), key=lambda f: f.stat().st_mtime_ns, reverse=True)


def _lire(fichier: Path) -> list[Courriel]:
    textes = [t for t in fichier.read_bytes().split(b"-" * 79 + b"\n") if t.strip()]
    return [
        Courriel(f"{fichier.stem}.{rang}", email.message_from_bytes(texte, policy=email.policy.default))
        for rang, texte in enumerate(textes)
    ]


def _trouver(nom: str) -> Courriel:
    trouves = (c for fichier in _fichiers() for c in _lire(fichier) if c.nom == nom)
    courriel = next(trouves, None)
    if courriel is None:
        raise Http404
    return courriel


@require_safe
def demo_courriels(request):
    courriels = [c for fichier in _fichiers()[:AU_PLUS] for c in reversed(_lire(fichier))][:AU_PLUS]
    return render(request, "portail/demo_courriels.html", {"courriels": courriels})


@require_safe
def demo_courriel(request, nom):
    return render(request, "portail/demo_courriel.html", {"courriel": _trouver(nom)})


@require_safe
@csp_replace({"script-src": [NONE], "style-src": [UNSAFE_INLINE]})  # type: ignore[arg-type]  # its types know of no argument
def demo_courriel_html(request, nom):
    """The HTML part alone. A mail styles itself inline: this page, and no other, allows it, and nothing else."""
    return HttpResponse(_trouver(nom).html)


urlpatterns = [
    path("", demo_courriels, name="demo_courriels"),
    path("<str:nom>/", demo_courriel, name="demo_courriel"),
    path("<str:nom>/html/", demo_courriel_html, name="demo_courriel_html"),
]
