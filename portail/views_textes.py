"""Texts of the town, that everyone may read: the version in force, and each of those that were or will be."""

from django.http import Http404
from django.shortcuts import render
from django.views.decorators.http import require_safe

from comptes.lecture_textes import lire_page

ENTIER_AU_PLUS = 32767


@require_safe
def page(request, code):
    """« Règlement intérieur » and the other pages, in their version in force."""
    lue = lire_page(code)
    if lue is None:
        raise Http404
    return render(request, "portail/texte.html", {"texte": lue})


@require_safe
def version(request, code, numero):
    """A version of a text: what somebody signed stays to be read."""
    lue = lire_page(code, numero=numero) if 0 < numero <= ENTIER_AU_PLUS else None
    if lue is None:
        raise Http404
    return render(request, "portail/texte.html", {"texte": lue})
