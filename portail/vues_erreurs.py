"""Error pages: a sentence in French and a way on."""

import sys

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.shortcuts import render


def requete_incorrecte(request, exception=None):
    return render(request, "400.html", status=400)


def interdit(request, exception=None):
    motif = str(exception or "")
    return render(request, "403.html", {"motif": motif}, status=403)


def introuvable(request, exception=None):
    return render(request, "404.html", status=404)


def erreur(request):
    """Without request: no context processor, so no database, which may be what has just failed.

    The database away, or too long to answer (statement or lock time-out): it passes, so 503 and when to come back.
    """
    _garder_le_formulaire(request)
    if not isinstance(sys.exception(), OperationalError | InterfaceError):
        return render(None, "500.html", {"ville": settings.VILLE}, status=500)
    reponse = render(None, "503.html", {"ville": settings.VILLE}, status=503)
    reponse["Retry-After"] = "10"
    return reponse


def _garder_le_formulaire(request) -> None:
    """A sign-in that failed half-way has drawn another CSRF secret: not sent, the form on the screen can go again."""
    request.META["CSRF_COOKIE_NEEDS_UPDATE"] = False


def csrf(request, reason=""):
    return render(request, "403_csrf.html", status=403)
