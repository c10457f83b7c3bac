"""The canteen's pages: who eats today and what, and the sheet of a child with whom to call."""

import datetime as dt
from functools import wraps

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from comptes.lecture_dossier import fiche_de, pai_valables
from comptes.models import Enfant, FicheCantine
from comptes.roles import lit_la_sante
from reservations.lecture_cantine import convives, feuille_de_pointage, services_du_jour
from reservations.models import Activite, Journee
from reservations.services.pointer import pointer
from reservations.views import PK_AU_PLUS


def voir_les_fiches(vue):
    """Health data, for who needs them to serve a meal; an administrator takes the role."""

    @wraps(vue)
    def gardee(request, *args, **kwargs):
        if not lit_la_sante(request.user):
            raise PermissionDenied("Ces pages sont réservées aux agents de la cantine.")
        return vue(request, *args, **kwargs)

    return gardee


def _jour(request) -> dt.date:
    """The day of the address, else today."""
    brut = request.GET.get("jour", "")
    try:
        lu = dt.date.fromisoformat(brut) if brut else timezone.localdate()
    except ValueError:
        lu = None
    if lu is None or not 2000 <= lu.year <= 2100:
        messages.warning(request, "Cette date n’existe pas : voici aujourd’hui.")
        lu = timezone.localdate()
    return lu


@login_required
@voir_les_fiches
@require_safe
def cantine(request):
    """The services of a day with their counts by menu; with `activite`, the children of one of them, to print."""
    jour = _jour(request)
    services = services_du_jour(jour)
    voulue = request.GET.get("activite", "")
    activite = None
    if voulue:
        if not (voulue.isascii() and voulue.isdecimal() and len(voulue) <= 18):
            raise Http404
        activite = get_object_or_404(Activite, pk=int(voulue))
    contexte = {
        "jour": jour,
        "services": services,
        "service": next((s for s in services if activite and s["activite"] == activite.pk), None),
        "activite": activite,
        "activites": Activite.objects.filter(active=True).order_by("nom", "pk"),
        "convives": convives(activite, jour) if activite else [],
        "regimes": FicheCantine.Regime.labels,
        "journee": Journee.objects.filter(activite=activite, date=jour, fermeture="").first() if activite else None,
    }
    return render(request, "reservations/cantine.html", contexte)


@login_required
@voir_les_fiches
@require_safe
def cantine_enfant(request, pk):
    """The sheet of a child: menu, PAI, doctor, remarks; the adults of each household and their contacts, to call."""
    if pk > PK_AU_PLUS:
        raise Http404
    enfant = get_object_or_404(Enfant, pk=pk)
    foyers = enfant.rattachements.select_related("famille").prefetch_related("famille__responsables", "contacts")
    aujourdhui = timezone.localdate()
    contexte = {
        "enfant": enfant,
        "fiche": fiche_de(enfant),
        "pais": pai_valables(enfant, aujourdhui=aujourdhui),
        "aujourdhui": aujourdhui,
        "foyers": foyers.order_by("famille__nom", "pk") if request.user.has_perm("comptes.view_contact") else [],
    }
    return render(request, "reservations/cantine_enfant.html", contexte)


@login_required
@permission_required("reservations.add_pointage", raise_exception=True)
@require_http_methods(["GET", "HEAD", "POST"])
def pointage(request, pk):
    """Tick who came. The form carries whom it showed, so that a meal booked meanwhile is no absence."""
    if pk > PK_AU_PLUS:
        raise Http404
    journee = get_object_or_404(Journee.objects.select_related("activite"), pk=pk)
    if request.method == "POST":
        try:
            pointer(
                journee=journee,
                par=request.user,
                **{nom: _cles(request, nom) for nom in ("montres", "presents", "imprevus")},
            )
        except ValidationError as erreur:
            messages.error(request, " ".join(erreur.messages))
        else:
            messages.success(request, "Pointage enregistré.")
        return redirect("reservations:pointage", pk=pk)
    contexte = {"feuille": feuille_de_pointage(journee), "journee": journee, "retour": _retour(journee)}
    return render(request, "reservations/pointage.html", contexte)


def _retour(journee: Journee) -> str:
    return f"{reverse('reservations:cantine')}?jour={journee.date.isoformat()}&activite={journee.activite_id}"


def _cles(request, nom: str) -> set[int]:
    """The keys sent under this name. Raises ValidationError for what the form never sends."""
    brutes = request.POST.getlist(nom)
    if any(not (b.isascii() and b.isdecimal() and len(b) <= 18) for b in brutes):
        raise ValidationError("Le formulaire envoyé n’est pas celui de cette page : recommencez.")
    return set(map(int, brutes))
