"""Bills. Until the town issues them here, the household reads what its meals of each month come to."""

from django.contrib.auth.decorators import login_required
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from reservations.models import AnneeScolaire, Reservation


@login_required
@require_safe
def factures(request):
    """Meals booked and their amount, month by month, for the school year of today."""
    annee = AnneeScolaire.objects.en_cours(timezone.localdate()).first()
    mois = Reservation.objects.de(request.user).de_l_annee(annee).par_mois() if annee else []
    contexte = {"annee": annee, "mois": mois, "aujourdhui": timezone.localdate()}
    return render(request, "facturation/factures.html", contexte)
