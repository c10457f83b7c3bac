"""Refuse the reminders by mail, from the mail itself or from « Mon compte famille »."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from comptes.models import Famille
from comptes.services.rappels import choisir_les_rappels, famille_du_jeton


@require_http_methods(["GET", "HEAD", "POST"])
def refuser_rappels(request, jeton):
    """The link of a reminder. Whoever opens it confirms: mail readers open links by themselves."""
    famille = famille_du_jeton(jeton)
    if famille is None:
        raise Http404
    if request.method == "POST":
        choisir_les_rappels(famille=famille, rappels=False)
        return redirect("comptes:refuser_rappels", jeton=jeton)
    return render(request, "comptes/refuser_rappels.html", {"rappels": famille.rappels})


@login_required
@require_POST
def choisir_rappels(request):
    famille = get_object_or_404(Famille.objects.de(request.user))
    choix = request.POST.get("rappels")
    if choix not in {"oui", "non"}:
        messages.error(request, "Choisissez de recevoir les rappels ou non. Rien n’a été changé.")
    else:
        choisir_les_rappels(famille=famille, rappels=choix == "oui", par=request.user)
        suite = "Vous recevrez les rappels" if choix == "oui" else "Vous ne recevrez plus de rappel"
        messages.success(request, f"{suite} par e-mail.")
    return redirect("comptes:compte")
