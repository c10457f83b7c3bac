"""The page of a child."""

from django.contrib.auth.decorators import login_required
from django.http import Http404
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from comptes.models import Enfant
from reservations.models import Inscription, Reservation
from reservations.views import PK_AU_PLUS

REPAS_ANNONCES = 10


@login_required
@require_safe
def enfant(request, pk):
    """Identity, enrolments, next meals: those of this household."""
    if pk > PK_AU_PLUS:
        raise Http404
    trouve = get_object_or_404(Enfant.objects.de(request.user), pk=pk)
    inscriptions = Inscription.objects.de(request.user).filter(rattachement__enfant=trouve).completes()
    repas = Reservation.objects.de(request.user).filter(enfant=trouve).a_venir(timezone.localdate())
    contexte = {
        "enfant": trouve,
        "aujourdhui": timezone.localdate(),
        "inscriptions": inscriptions.order_by("-annee__debut", "pk"),
        "repas": repas[:REPAS_ANNONCES],
    }
    return render(request, "reservations/enfant.html", contexte)
