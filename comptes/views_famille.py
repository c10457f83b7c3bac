"""The household's own pages."""

from django.contrib.auth.decorators import login_required
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from comptes.france_connect import actif
from comptes.models import Famille, LienFranceConnect


def _famille_de(utilisateur) -> Famille | None:
    """The household of this login; an agent has none."""
    return Famille.objects.de(utilisateur).prefetch_related("responsables__utilisateur", "enfants").first()


@login_required
@require_safe
def compte(request):
    """« Mon compte famille »: what the town knows of the household, and how to have it corrected."""
    contexte = {
        "famille": _famille_de(request.user),
        "aujourdhui": timezone.localdate(),
        "france_connect": actif() and not request.user.is_staff,
        "france_connect_lie": LienFranceConnect.objects.filter(utilisateur=request.user).exists() if actif() else False,
    }
    return render(request, "comptes/compte.html", contexte)


@login_required
@require_safe
def contacts(request):
    """« Contacts »: whom the town calls for this household, and whom the household calls."""
    return render(request, "comptes/contacts.html", {"famille": _famille_de(request.user)})
