"""One button: the child will not eat today; and the way back, until the same hour."""

import datetime as dt
import uuid
from collections.abc import Callable

from django.contrib.auth.decorators import login_required
from django.http import Http404
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from reservations.models import Inscription
from reservations.regles_changements import Changements
from reservations.services.absences import annuler_absence as service_annuler
from reservations.services.absences import declarer_absence as service_declarer
from reservations.services.reserver import cle_du_formulaire

PK_AU_PLUS = 2**63 - 1


@login_required
@require_POST
def declarer_absence(request, pk, jour):
    """Declare the absence of a day; leads to the recap of the operation."""
    return _faire(request, service_declarer, pk, jour, lambda jours: Changements(annulations=jours))


@login_required
@require_POST
def annuler_absence(request, pk, jour):
    """Book the meal again; leads to the recap of the operation."""
    return _faire(request, service_annuler, pk, jour, lambda jours: Changements(ajouts=jours))


def _faire(request, verbe, pk: int, jour: str, changements: Callable[[frozenset[dt.date]], Changements]):
    """The one door: an enrolment of this household, a day of its school year. Anything else is not found.

    The door is in the statement that locks: the enrolment is read once.
    """
    try:
        lu = dt.date.fromisoformat(jour)
    except ValueError:
        raise Http404 from None
    if pk > PK_AU_PLUS:
        raise Http404
    siennes = Inscription.objects.de(request.user).filter(annee__debut__lte=lu, annee__fin__gte=lu)
    jeton = request.POST.get("jeton") or uuid.uuid4()
    cle = cle_du_formulaire(f"absence:{jeton}", {pk: changements(frozenset({lu}))})
    try:
        operation = verbe(inscription=pk, jour=lu, auteur=request.user, cle=cle, parmi=siennes)
    except Inscription.DoesNotExist:
        raise Http404 from None
    return redirect("reservations:operation", numero=operation.numero)
