"""« Aider cette famille »: open and close a household in an agent's session."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from comptes.models import Famille
from comptes.services.accompagner import commencer, peut_accompagner, terminer

PK_AU_PLUS = 2**63 - 1


@login_required
@require_POST
def aider(request, pk):
    """From the page of the household in the administration."""
    if not peut_accompagner(request.user):
        raise PermissionDenied("Aider une famille est réservé aux agents du guichet.")
    if pk > PK_AU_PLUS:
        raise Http404
    commencer(
        request.session,
        agent=request.user,
        famille=get_object_or_404(Famille.objects.filter(anonymisee_le=None), pk=pk),
    )
    return redirect("portail:accueil")


@login_required
@require_POST
def terminer_aide(request):
    """To the receipt of what was done, else home."""
    famille = request.user.famille_accompagnee
    if not terminer(request.session, agent=request.user):
        messages.info(request, "Vous n’aidez aucune famille.")
        return redirect("portail:accueil")
    messages.success(request, "L’aide à la famille est terminée.")
    if famille and request.user.has_perm("comptes.view_famille"):
        return redirect("portail:recu_d_aide")
    return redirect("portail:accueil")
