"""The household's own pages."""

from django.contrib.auth.decorators import login_required
from django.shortcuts import render
from django.views.decorators.http import require_safe

from comptes.models import Famille


def _famille_de(utilisateur) -> Famille | None:
    """The household of this login; an agent has none."""
    return Famille.objects.de(utilisateur).prefetch_related("responsables__utilisateur", "enfants").first()


@login_required
@require_safe
def contacts(request):
    """« Contacts »: whom the town calls for this household, and whom the household calls."""
    return render(request, "comptes/contacts.html", {"famille": _famille_de(request.user)})
