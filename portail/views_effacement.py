"""The agents' pages of the requests for erasure: who asks, what forbids it, and the answer."""

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import ValidationError
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from comptes.models import Demande
from comptes.services.effacement import refuser_l_effacement
from portail.effacement import accepter_l_effacement, empechements

DROIT = "comptes.change_demande"


class Reponse(forms.Form):
    """Yes, confirmed by a box; or no, with a reason."""

    decision = forms.ChoiceField(choices=[("accepter", "Effacer"), ("refuser", "Refuser")])
    confirmation = forms.BooleanField(label="Je confirme l’effacement, sans retour possible", required=False)
    mot = forms.CharField(
        label="Raison du refus, lue par la famille",
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "class": "vLargeTextField"}),
    )

    def clean(self):
        lues = super().clean() or {}
        if lues.get("decision") == "accepter" and not lues.get("confirmation"):
            self.add_error("confirmation", "Cochez la case pour effacer.")
        if lues.get("decision") == "refuser" and not lues.get("mot"):
            self.add_error("mot", "Donnez la raison du refus : la loi l’exige.")
        return lues


def _demandes():
    return Demande.objects.en_attente().filter(nature=Demande.Nature.EFFACEMENT).select_related("famille")


@permission_required(DROIT, raise_exception=True)
@require_safe
def effacements(request):
    contexte = {**admin.site.each_context(request), "title": "Demandes d’effacement", "demandes": _demandes()}
    return render(request, "admin/effacements.html", contexte)


@permission_required(DROIT, raise_exception=True)
@require_http_methods(["GET", "HEAD", "POST"])
def effacement(request, pk):
    demande = get_object_or_404(_demandes(), pk=pk)
    formulaire = Reponse(request.POST if request.method == "POST" else None)
    if request.method == "POST" and formulaire.is_valid():
        try:
            _repondre(request, demande, formulaire.cleaned_data)
        except ValidationError as refus:
            formulaire.add_error(None, refus)
        else:
            return redirect("portail:effacements")
    contexte = {
        **admin.site.each_context(request),
        "title": f"Demande d’effacement, {demande.famille}",
        "demande": demande,
        "formulaire": formulaire,
        "empechements": empechements(demande.famille),
    }
    return render(request, "admin/effacement.html", contexte)


def _repondre(request, demande, lues) -> None:
    if lues["decision"] == "accepter":
        faite = accepter_l_effacement(demande=demande, agent=request.user)
        phrase = "Les données de la famille sont effacées. Elle en est avertie par e-mail."
    else:
        faite = refuser_l_effacement(demande=demande, agent=request.user, mot=lues["mot"])
        phrase = "La demande est refusée. La famille en est avertie par e-mail."
    if faite:
        messages.success(request, phrase)
    else:
        messages.warning(request, "Cette demande avait déjà sa réponse.")
