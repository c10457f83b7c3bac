"""« Première visite »: a household that the town does not know asks, then follows its request by its link."""

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from comptes.expediteur import adresse_de
from reservations.formulaires_premiere import (
    ENFANTS_AU_PLUS,
    FormulairePiece,
    FormulairePremiere,
    avec_un_enfant_de_plus,
    lire_les_enfants,
)
from reservations.models import PremiereDemande
from reservations.services.premiere import PIECES_AU_PLUS, demande_du_jeton, demander, deposer, joindre, retirer_piece

Etat = PremiereDemande.Etat


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def premiere_visite(request):
    """Step 1: who asks, for which children. The answer is the same for every address."""
    if request.user.is_authenticated:
        messages.info(request, "Vous êtes déjà connecté : la première visite est pour les familles sans compte.")
        return redirect("portail:accueil")
    envoi = request.POST if request.method == "POST" else None
    if envoi is not None and "ajouter" in envoi:
        adulte, enfants = avec_un_enfant_de_plus(envoi)
    else:
        adulte, enfants = FormulairePremiere(envoi), lire_les_enfants(envoi)
        if envoi is not None and all([adulte.is_valid(), enfants.is_valid()]):
            demander(
                adulte=adulte.cleaned_data,
                enfants=[enfant.lu() for enfant in enfants.forms if enfant.cleaned_data],
                expediteur=adresse_de(request),
            )
            return redirect("reservations:premiere_visite_envoyee")
    contexte = {"adulte": adulte, "enfants": enfants, "un_de_plus": len(enfants.forms) < ENFANTS_AU_PLUS}
    return render(request, "reservations/premiere_visite.html", contexte)


@never_cache
@require_safe
def premiere_visite_envoyee(request):
    return render(request, "reservations/premiere_visite_envoyee.html")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def premiere_visite_suivi(request, jeton):
    """Step 2, by the link of the mail: papers, handing in; then where the request is. Opening it changes nothing."""
    demande = demande_du_jeton(jeton)
    if demande is None:
        raise Http404
    formulaire, modifiable = FormulairePiece(), demande.etat in {Etat.A_CONFIRMER, Etat.A_COMPLETER}
    if request.method == "POST" and not modifiable:
        messages.error(request, "Cette demande est déjà envoyée : elle ne change plus.")
        return redirect("reservations:premiere_visite_suivi", jeton=jeton)
    if request.method == "POST":
        geste = request.POST.get("geste", "")
        if geste == "joindre":
            formulaire = FormulairePiece(request.POST, request.FILES)
        if _agir(request, demande, geste, formulaire):
            return redirect("reservations:premiere_visite_suivi", jeton=jeton)
    contexte = {
        "demande": demande,
        "enfants": demande.enfants.select_related("ecole"),
        "pieces": demande.pieces.all(),
        "modifiable": modifiable,
        "formulaire": formulaire,
        "au_plus": PIECES_AU_PLUS,
        "mo": settings.DOCUMENT_OCTETS_AU_PLUS // 1_000_000,
    }
    return render(request, "reservations/premiere_visite_suivi.html", contexte)


def _agir(request, demande, geste: str, formulaire: FormulairePiece) -> bool:
    """Do what the button says; False when the form has to be shown again with what is wrong."""
    if geste == "joindre" and not formulaire.is_valid():
        return False
    try:
        if geste == "joindre":
            joindre(demande=demande, nature=formulaire.cleaned_data["nature"], lu=formulaire.lu)
            messages.success(request, "Votre document est joint.")
        elif geste == "retirer" and retirer_piece(demande=demande, piece=request.POST.get("piece", "")):
            messages.success(request, "Le document est retiré.")
        elif geste == "envoyer":
            deposer(demande=demande)
            messages.success(request, "Votre demande est envoyée au guichet unique.")
        else:
            messages.error(request, "Ce bouton n’est pas reconnu. Rien n’a été changé.")
    except ValidationError as refus:
        if geste == "joindre":
            formulaire.add_error(None, refus)
            return False
        messages.error(request, refus.messages[0])
    return True
