"""Pay a bill online: the page before, the page after, and the gateway's hint between them."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from comptes.courriels import annoncer
from facturation.models import Facture, Paiement, TransactionEnLigne
from facturation.passerelle import PasserelleIndisponible
from facturation.passerelles import PASSERELLES, choisie
from facturation.regles_en_ligne import REPIT, verifiee_a_l_instant
from facturation.services.en_ligne import a_payer, avance, ouvrir, retenir_la_preuve, verifier
from facturation.tasks import verifier_un_paiement

Etat = TransactionEnLigne.Etat


def _vers_la_passerelle(reponse, passerelle):
    """Our form leads to the payment page: the policy of this page allows it, and of no other."""
    reponse._csp_update = {"form-action": [passerelle.origine()]}
    return reponse


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def payer(request, numero):
    facture = get_object_or_404(Facture.objects.de(request.user).select_related("facturation"), numero=numero)
    passerelle = choisie()
    if request.method == "POST":
        return _partir(request, facture)
    du = a_payer(facture)
    contexte = {"facture": facture, "du": du, "ouvert": bool(passerelle)}
    reponse = render(request, "facturation/payer.html", contexte)
    return _vers_la_passerelle(reponse, passerelle) if passerelle else reponse


def _partir(request, facture):
    try:
        ligne = ouvrir(facture=facture, par=request.user)
    except ValidationError as refus:
        messages.error(request, refus.messages[0])
        return redirect("facturation:payer", numero=facture.numero)
    if ligne.etat != Etat.PARTIE:
        return redirect("facturation:retour", refdet=ligne.refdet)
    if not ligne.memoire["champs"]:
        return _vers_la_passerelle(redirect(ligne.memoire["url"]), PASSERELLES[ligne.passerelle])
    contexte = {"facture": facture, "ligne": ligne, "champs": ligne.memoire["champs"].items()}
    reponse = render(request, "facturation/vers_le_paiement.html", contexte)
    return _vers_la_passerelle(reponse, PASSERELLES[ligne.passerelle])


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def retour(request, refdet):
    """Gateways send the parent back by GET or by POST, without our cookie: the page itself is the GET."""
    if request.method == "POST":
        return redirect("facturation:retour", refdet=refdet)
    return _retour(request, refdet)


@login_required
def _retour(request, refdet):
    """What the gateway says, asked now; nothing of what the address says."""
    lignes = TransactionEnLigne.objects.de(request.user).select_related("facture", "paiement__rejet")
    ligne = get_object_or_404(lignes, refdet=refdet)
    panne = False
    if ligne.etat in {Etat.CREEE, Etat.PARTIE} and request.method == "GET":
        try:
            verifier(ligne)
        except PasserelleIndisponible:
            panne = True
        ligne = lignes.get(pk=ligne.pk)
    paiement = ligne.paiement
    tient = paiement is not None and not hasattr(paiement, "rejet")
    contexte = {
        "ligne": ligne,
        "facture": ligne.facture,
        "paiement": paiement,
        "rejete": paiement is not None and not tient,
        "revocable": tient and paiement.moyen == Paiement.Moyen.PRELEVEMENT_EN_LIGNE,
        "avance": avance(paiement) if tient else 0,
        "panne": panne,
        "regie": settings.REGIE,
    }
    return render(request, "facturation/retour.html", contexte)


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def notification(request, passerelle):
    """A hint, unsigned for PayFiP: it makes the worker ask, and proves nothing. What is no hint does nothing."""
    if passerelle not in PASSERELLES:
        raise Http404
    corps = request.POST.urlencode() or request.GET.urlencode()
    indice = PASSERELLES[passerelle].lire_notification(corps)
    if indice is None:
        return HttpResponseBadRequest("Notification illisible.", content_type="text/plain; charset=utf-8")
    ligne = TransactionEnLigne.objects.filter(passerelle=passerelle, idop=indice.idop).first()
    if ligne and indice.preuve:
        retenir_la_preuve(ligne.pk, indice.preuve)
    if ligne and ligne.etat != Etat.PAYEE:
        attente = REPIT.total_seconds() if verifiee_a_l_instant(ligne, timezone.now()) else 0
        annoncer(verifier_un_paiement.s(ligne.pk).set(countdown=attente))
    return HttpResponse("OK", content_type="text/plain")
