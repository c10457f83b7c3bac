"""The bill of any household, as its parents read it, for the agents who may see bills."""

from django.contrib.auth.decorators import permission_required
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from facturation.models import Facture, PieceImprimee
from facturation.views import a_lire, contexte_de_la_facture
from facturation.views_pieces import donner

PEUT_VOIR = "facturation.view_facture"


@require_safe
@permission_required(PEUT_VOIR, raise_exception=True)
def facture(request, numero):
    trouvee = get_object_or_404(a_lire(Facture.objects.emises()), numero=numero)
    contexte = {**contexte_de_la_facture(trouvee), "agent": True}
    return render(request, "facturation/facture.html", contexte)


@require_safe
@permission_required(PEUT_VOIR, raise_exception=True)
def facture_pdf(request, numero):
    trouvee = get_object_or_404(Facture.objects.emises(), numero=numero)
    retour = reverse("facturation:facture_agent", args=[trouvee.numero])
    return donner(request, PieceImprimee.Nature.FACTURE, str(trouvee.numero), retour)
