"""The canteen card of a child, corrected by either of its households."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from comptes.formulaires_enfant import FormulaireFiche
from comptes.lecture_dossier import auteur_de, fiche_de
from comptes.models import FicheCantine, Rattachement
from comptes.services.fiches import FicheChangee, enregistrer_fiche

PK_AU_PLUS = 2**63 - 1


def enfant_du_foyer(request, pk: int) -> Rattachement:
    """The one door: this child, as the household of this login has it. Anyone else's is not found."""
    if pk > PK_AU_PLUS:
        raise Http404
    return get_object_or_404(Rattachement.objects.de(request.user).select_related("enfant"), enfant=pk)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def fiche(request, pk):
    """Read and correct the card. A card that changed since it was shown is shown again, never written over."""
    rattachement = enfant_du_foyer(request, pk)
    if request.user.famille_accompagnee:
        raise PermissionDenied("La fiche de cantine n’est montrée qu’à la famille et à la cantine.")
    enfant = rattachement.enfant
    connue = fiche_de(enfant)
    envoi = request.POST if request.method == "POST" else None
    formulaire = FormulaireFiche(envoi, fiche=connue, aujourdhui=timezone.localdate())
    contexte = {"enfant": enfant, "partage": Rattachement.objects.filter(enfant=enfant).count() > 1}
    if formulaire.is_bound and formulaire.is_valid():
        try:
            change = enregistrer_fiche(
                enfant=enfant,
                valeurs=formulaire.valeurs(),
                vue_le=formulaire.cleaned_data["vue_le"],
                par=request.user,
            )
        except FicheChangee as autre:
            formulaire, contexte["ecarts"] = _a_revoir(request, formulaire, autre.fiche)
            contexte["auteur"] = auteur_de(autre.fiche, lecteur=request.user, foyer=rattachement.famille_id)
        else:
            messages.success(request, "La fiche de cantine est enregistrée." if change else "Rien n’a changé.")
            return redirect("reservations:enfant", pk=enfant.pk)
    return render(request, "comptes/fiche.html", {**contexte, "formulaire": formulaire})


def _a_revoir(request, formulaire: FormulaireFiche, actuelle: FicheCantine):
    """The same answers over the card as it now is, and what differs: (label, what the card says)."""
    envoi = request.POST.copy()
    envoi["vue_le"] = actuelle.modifie_le.isoformat()
    ecarts = [
        (formulaire.fields[champ].label, _lisible(actuelle, champ))
        for champ, valeur in formulaire.valeurs().items()
        if getattr(actuelle, champ) != valeur
    ]
    return FormulaireFiche(envoi, fiche=actuelle, aujourdhui=formulaire.aujourdhui), ecarts


def _lisible(fiche: FicheCantine, champ: str) -> str:
    if champ == "regime":
        return fiche.get_regime_display()
    if champ == "pai":
        return "oui" if fiche.pai else "non"
    if champ == "pai_fin" and fiche.pai_fin:
        return f"{fiche.pai_fin:%d/%m/%Y}"
    return getattr(fiche, champ) or "vide"
