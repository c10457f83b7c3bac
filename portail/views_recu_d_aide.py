"""What an agent has just done at the desk for a household, on one page to print and hand over."""

import datetime as dt

from django.contrib.auth.decorators import login_required
from django.http import Http404
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from comptes.historique_foyer import changements_du_foyer
from comptes.models import Autorisation, Demande, Document, Famille
from comptes.services.accompagner import RECU, peut_accompagner
from reservations.models import Operation


@login_required
@require_safe
def recu_d_aide(request):
    """The last household helped in this session: bookings, requests, answers, papers and changes of this agent."""
    garde = request.session.get(RECU)
    if garde is None or not peut_accompagner(request.user):
        raise Http404
    famille = get_object_or_404(Famille, pk=garde["famille"], anonymisee_le=None)
    debut, fin = (dt.datetime.fromtimestamp(garde[nom], dt.UTC) for nom in ("debut", "fin"))
    quand = (debut, fin + dt.timedelta(seconds=1))
    contexte = {
        "famille": famille,
        "debut": timezone.localtime(debut),
        "fin": timezone.localtime(fin),
        "operations": Operation.objects.filter(famille=famille, auteur=request.user, cree_le__range=quand)
        .comptees()
        .order_by("pk"),
        "demandes": Demande.objects.filter(famille=famille, deposee_par=request.user, deposee_le__range=quand).order_by(
            "pk"
        ),
        "reponses": Autorisation.objects.filter(
            rattachement__famille=famille, signataire=request.user, signee_le__range=quand
        )
        .select_related("version__texte", "rattachement__enfant")
        .order_by("pk"),
        "documents": Document.objects.filter(famille=famille, depose_par=request.user, depose_le__range=quand)
        .exclude(nature=Document.Nature.PAI)
        .order_by("pk"),
        "changements": changements_du_foyer(famille, lecteur=request.user, par=request.user, depuis=debut),
    }
    return render(request, "portail/recu_d_aide.html", contexte)
