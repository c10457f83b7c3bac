"""Error pages: a sentence in French and a way on."""

from django.conf import settings
from django.shortcuts import render


def requete_incorrecte(request, exception=None):
    return render(request, "400.html", status=400)


def interdit(request, exception=None):
    motif = str(exception or "")
    return render(request, "403.html", {"motif": motif}, status=403)


def introuvable(request, exception=None):
    return render(request, "404.html", status=404)


def erreur(request):
    """Without request: no context processor, so no database, which may be what has just failed."""
    return render(None, "500.html", {"ville": settings.VILLE}, status=500)


def csrf(request, reason=""):
    return render(request, "403_csrf.html", status=403)
