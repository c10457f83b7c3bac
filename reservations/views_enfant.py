"""The page of a child."""

from django.contrib.auth.decorators import login_required
from django.http import Http404
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from comptes.lecture_dossier import lire_dossier
from comptes.models import Enfant
from reservations.models import Inscription, Reservation
from reservations.views import PK_AU_PLUS

REPAS_ANNONCES = 10


@login_required
@require_safe
def enfant(request, pk):
    """Identity, what is missing, enrolments, next meals, canteen card, contacts: those of this household."""
    if pk > PK_AU_PLUS:
        raise Http404
    trouve = get_object_or_404(Enfant.objects.de(request.user), pk=pk)
    aujourdhui = timezone.localdate()
    siennes = Inscription.objects.de(request.user).filter(rattachement__enfant=trouve).completes()
    inscriptions = list(siennes.select_related("activite__ecole").order_by("-annee__debut", "pk"))
    repas = Reservation.objects.de(request.user).filter(enfant=trouve).a_venir(aujourdhui)
    dossier = lire_dossier(trouve, lecteur=request.user, aujourdhui=aujourdhui)
    contexte = {
        "enfant": trouve,
        "aujourdhui": aujourdhui,
        "inscriptions": inscriptions,
        "repas": list(repas[:REPAS_ANNONCES]),
        "dossier": dossier,
        "fiche": dossier.fiche,
        "manques": dossier.manques(inscrit=any(i.fin >= aujourdhui for i in inscriptions), aujourdhui=aujourdhui),
    }
    return render(request, "reservations/enfant.html", contexte)
