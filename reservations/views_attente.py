"""The waiting list, as a household sees it: its own requests and ranks, never anybody else's."""

import hashlib
import uuid
from itertools import groupby

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from comptes.francais import mois_long
from reservations.formulaires import FormulaireDuCalendrier, FormulaireIncorrect, lire_changements
from reservations.lecture_calendrier import charger_calendrier, mois_par_defaut
from reservations.models import Attente, Inscription
from reservations.services.attente import AttenteClose, accepter, demander, prix_de_la_place, refuser, retirer

PK_AU_PLUS = 2**63 - 1


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def attente(request, pk):
    """The full days of an enrolment, and the requests made; by POST, a new request."""
    if pk > PK_AU_PLUS:
        raise Http404
    inscription = get_object_or_404(Inscription.objects.de(request.user).completes().avec_prix(), pk=pk)
    if request.method == "POST":
        return _demande(request, inscription)
    maintenant = timezone.now()
    mois = _mois_complets(inscription, maintenant)
    siennes = inscription.attentes.actives().avec_rang().select_related("journee").order_by("date", "pk")
    offres: list[Attente] = []
    autres: list[Attente] = []
    for a in siennes:
        a.prix = prix_de_la_place(inscription, a.date)
        (offres if a.est_proposee(maintenant) else autres).append(a)
    contexte = {
        "inscription": inscription,
        "enfant": inscription.enfant,
        "menu_enfant": inscription.enfant,
        "mois": mois,
        "offres": offres,
        "attentes": autres,
        "choisis": lire_changements(request.GET.get("jours", ""), "").ajouts,
        "modes": Attente.Mode.choices,
        "jeton": uuid.uuid4(),
    }
    return render(request, "reservations/attente.html", contexte)


def _mois_complets(inscription, maintenant) -> list[tuple[str, list]]:
    """Month → the days to come that are full for this child, as the calendar shows them. It reads the tariffs too."""
    aujourdhui = timezone.localdate()
    lu = charger_calendrier(
        inscription,
        premier=mois_par_defaut(inscription, aujourdhui),
        maintenant=maintenant,
        aujourdhui=aujourdhui,
    )
    complets = [c for c in lu.cases if c.se_demande]
    return [(nom, list(cases)) for nom, cases in groupby(complets, key=lambda c: mois_long(c.date))]


def _demande(request, inscription):
    mode = request.POST.get("mode", "")
    try:
        formulaire = FormulaireDuCalendrier.lire(request.POST, inscription.annee)
        if mode not in Attente.Mode.values:
            raise FormulaireIncorrect("Choisissez ce que le portail fait quand une place se libère.")
        if not formulaire.changements.ajouts:
            raise FormulaireIncorrect("Cochez au moins un jour. Rien n’a été demandé.")
    except FormulaireIncorrect as erreur:
        messages.error(request, str(erreur))
        return redirect("reservations:attente", pk=inscription.pk)
    jours = formulaire.changements.ajouts
    envoi = f"attente:{formulaire.jeton}:{inscription.pk}:{mode}:{','.join(map(str, sorted(jours)))}"
    operation = demander(
        demandes={inscription.pk: jours},
        mode=mode,
        auteur=request.user,
        cle=hashlib.sha256(envoi.encode()).hexdigest(),
    )
    return _vers_le_recapitulatif(request, operation)


def _vers_le_recapitulatif(request, operation):
    """`depuis`: the calendar of all the children, to which « Continuer » leads back."""
    adresse = reverse("reservations:operation", args=[operation.numero])
    return redirect(f"{adresse}?depuis=tous" if request.POST.get("depuis") == "tous" else adresse)


def _repondre(request, pk, verbe):
    """Apply a verb to a request of this household; anyone else's is not found."""
    if pk > PK_AU_PLUS:
        raise Http404
    demande = get_object_or_404(Attente.objects.de(request.user), pk=pk)
    try:
        operation = verbe(attente=demande.pk, auteur=request.user)
    except AttenteClose as erreur:
        messages.warning(request, str(erreur))
        return redirect("reservations:attente", pk=demande.inscription_id)
    return _vers_le_recapitulatif(request, operation)


@login_required
@require_POST
def accepter_place(request, pk):
    return _repondre(request, pk, accepter)


@login_required
@require_POST
def refuser_place(request, pk):
    return _repondre(request, pk, refuser)


@login_required
@require_POST
def retirer_attente(request, pk):
    return _repondre(request, pk, retirer)
