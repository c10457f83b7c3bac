"""One button: the child will not eat today; and the way back, until the same hour."""

import datetime as dt
import uuid

from django.contrib.auth.decorators import login_required
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from reservations.models import Inscription
from reservations.regles import Changements
from reservations.services.absences import annuler_absence as service_annuler
from reservations.services.absences import declarer_absence as service_declarer
from reservations.services.reserver import cle_du_formulaire

PK_AU_PLUS = 2**63 - 1


@login_required
@require_POST
def declarer_absence(request, pk, jour):
    """Declare the absence of a day; leads to the recap of the operation."""
    lu = _jour_de(request.user, pk, jour)
    cle = _cle(request, {pk: Changements(annulations=frozenset({lu}))})
    operation = service_declarer(inscription=pk, jour=lu, auteur=request.user, cle=cle)
    return redirect("reservations:operation", numero=operation.numero)


@login_required
@require_POST
def annuler_absence(request, pk, jour):
    """Book the meal again; leads to the recap of the operation."""
    lu = _jour_de(request.user, pk, jour)
    cle = _cle(request, {pk: Changements(ajouts=frozenset({lu}))})
    operation = service_annuler(inscription=pk, jour=lu, auteur=request.user, cle=cle)
    return redirect("reservations:operation", numero=operation.numero)


def _jour_de(utilisateur, pk: int, jour: str) -> dt.date:
    """The one door: an enrolment of this household, a day of its school year. Anything else is not found."""
    if pk > PK_AU_PLUS:
        raise Http404
    annee = get_object_or_404(Inscription.objects.de(utilisateur).select_related("annee"), pk=pk).annee
    try:
        lu = dt.date.fromisoformat(jour)
    except ValueError:
        raise Http404 from None
    if not annee.debut <= lu <= annee.fin:
        raise Http404
    return lu


def _cle(request, demandes) -> str:
    return cle_du_formulaire(f"absence:{request.POST.get('jeton') or uuid.uuid4()}", demandes)
