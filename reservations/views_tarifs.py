"""« Pourquoi ce prix ? », and the town's tariffs with a simulator, for everyone to read."""

import datetime as dt

from django.contrib.auth.decorators import login_required
from django.http import Http404
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from reservations.formulaires_tarifs import FormulaireDeSimulation
from reservations.lecture_tarifs import grilles_publiees, poser_les_tarifs
from reservations.models import Inscription
from reservations.tarifs import prix_du_repas

PK_AU_PLUS = 2**63 - 1


@login_required
@require_safe
def prix(request, pk):
    """Why a meal of this enrolment costs what it does on a day: step by step."""
    if pk > PK_AU_PLUS:
        raise Http404
    inscription = get_object_or_404(Inscription.objects.de(request.user).completes().avec_prix(), pk=pk)
    demande = request.GET.get("jour", "")
    jour = _lire_jour(demande, inscription)
    reservation = inscription.reservations.filter(date=jour).first()
    poser_les_tarifs([inscription])
    tardive = reservation is not None and reservation.tardive
    contexte = {
        "inscription": inscription,
        "enfant": inscription.enfant,
        "menu_enfant": inscription.enfant,
        "jour": jour,
        "refuse": bool(demande) and str(jour) != demande,
        "prix": prix_du_repas(jour, inscription.tarifs, retard=inscription.activite.regle_retard if tardive else None),
        "reservation": reservation,
    }
    return render(request, "reservations/prix.html", contexte)


def _lire_jour(texte: str, inscription: Inscription) -> dt.date:
    """The day of the address when the enrolment has it, else today, else the nearest."""
    try:
        jour = dt.datetime.strptime(texte, "%Y-%m-%d").date()
    except ValueError:
        jour = None
    if jour is None or not inscription.debut <= jour <= inscription.fin:
        jour = min(max(timezone.localdate(), inscription.debut), inscription.fin)
    return jour


@require_safe
def tarifs(request):
    """The grids in force and to come, and what a family would pay."""
    formulaire = FormulaireDeSimulation(request.GET if "enfants" in request.GET else None)
    situation = formulaire.cleaned_data if formulaire.is_bound and formulaire.is_valid() else None
    contexte = {
        "formulaire": formulaire,
        "grilles": grilles_publiees(timezone.localdate(), situation),
        "simulee": situation is not None,
    }
    return render(request, "reservations/tarifs.html", contexte)
