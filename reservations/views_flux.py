"""The calendar feed of a household, and the page where a parent makes, renews and revokes its address."""

import datetime as dt
import hashlib

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_http_methods, require_safe

from comptes.models import Famille
from reservations.agenda import JOURS_PASSES, ecrire_agenda
from reservations.models import FluxCalendrier, Reservation
from reservations.services.flux import creer_flux, renouveler_flux, revoquer_flux

GESTES = {
    "creer": (creer_flux, "L’adresse de votre agenda est prête."),
    "renouveler": (renouveler_flux, "Votre agenda a une nouvelle adresse. L’ancienne ne répond plus."),
    "revoquer": (revoquer_flux, "L’adresse de votre agenda est supprimée : elle ne répond plus."),
}


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def flux(request):
    """« Repas dans mon agenda »."""
    famille = Famille.objects.de(request.user).first()
    if request.method == "POST":
        geste, phrase = GESTES.get(request.POST.get("geste", ""), (None, ""))
        if geste and famille:
            geste(request.user)
            messages.success(request, phrase)
        else:
            messages.error(request, "Ce bouton n’est pas reconnu. Rien n’a été changé.")
        return redirect("reservations:flux")
    trouve = FluxCalendrier.objects.filter(utilisateur=request.user).first()
    adresse = settings.SITE_URL + reverse("reservations:calendrier_ics", args=[trouve.jeton]) if trouve else ""
    contexte = {
        "famille": famille,
        "flux": trouve,
        "adresse": adresse,
        "webcal": f"webcal:{adresse.partition(':')[2]}",
    }
    return render(request, "reservations/flux.html", contexte)


@require_safe
def calendrier_ics(request, jeton):
    """The meals, for an agenda that does not sign in: the address is the secret."""
    trouve = (
        FluxCalendrier.objects.filter(jeton=jeton, utilisateur__is_active=True).select_related("utilisateur").first()
    )
    if trouve is None:
        return _discrete(HttpResponse("Agenda introuvable.\n", status=404, content_type="text/plain; charset=utf-8"))
    depuis = timezone.localdate() - dt.timedelta(days=JOURS_PASSES)
    repas = Reservation.objects.de(trouve.utilisateur).a_venir(depuis)
    texte = ecrire_agenda(repas, ville=settings.VILLE["nom"], site=settings.SITE_URL, estampille=trouve.cree_le)
    reponse = HttpResponse(texte, content_type="text/calendar; charset=utf-8")
    reponse["Content-Disposition"] = 'inline; filename="cantine.ics"'
    etag = f'"{hashlib.sha256(texte).hexdigest()[:32]}"'
    reponse["ETag"] = etag
    return _discrete(get_conditional_response(request, etag=etag, response=reponse))


def _discrete(reponse):
    """Neither shared caches, nor search engines, nor the next site may know the address."""
    reponse["Cache-Control"] = "private"
    reponse["X-Robots-Tag"] = "noindex"
    reponse["Referrer-Policy"] = "no-referrer"
    return reponse
