"""« Mes données »: the household takes its data with it, or asks for their erasure."""

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from comptes.formulaires import TousObligatoires, champ_mot_de_passe
from comptes.models import Demande, Famille
from comptes.services.connexion import verifier
from comptes.services.effacement import demander_l_effacement, retirer_la_demande
from portail.donnees import archive
from portail.effacement import empechements


class MotDePasseEncore(TousObligatoires):
    """The password again: a session left open must not give a household's papers to who sits down."""

    mot_de_passe = champ_mot_de_passe("Votre mot de passe", autocomplete="current-password")

    def __init__(self, *args, utilisateur, **kwargs):
        super().__init__(*args, **kwargs)
        self.utilisateur = utilisateur

    def clean(self):
        donnees = super().clean()
        if not self.errors:
            verdict = verifier(self.utilisateur.email, donnees["mot_de_passe"])
            if verdict.verrouille:
                raise forms.ValidationError("Trois mots de passe faux : le compte est verrouillé. Générez-en un.")
            if verdict.utilisateur != self.utilisateur:
                self.add_error("mot_de_passe", "Ce n’est pas votre mot de passe actuel.")
        return donnees


@sensitive_post_parameters()
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def donnees(request):
    """GET: what can be done. POST with the password: the archive, streamed.

    An agent who helps a household does not take its data, health among them.
    """
    famille = Famille.objects.de(request.user).first()
    emporte = famille is not None and not request.user.is_staff
    envoi = request.POST if request.method == "POST" else None
    formulaire = MotDePasseEncore(envoi, utilisateur=request.user)
    if famille and emporte and request.method == "POST" and formulaire.is_valid():
        reponse = StreamingHttpResponse(archive(famille), content_type="application/zip")
        nom = f"donnees-portail-famille-{timezone.localdate():%Y-%m-%d}.zip"
        reponse["Content-Disposition"] = f'attachment; filename="{nom}"'
        reponse["Cache-Control"] = "private, no-store"
        return reponse
    demandes = Demande.objects.de(request.user).filter(nature=Demande.Nature.EFFACEMENT)
    contexte = {
        "famille": famille,
        "emporte": emporte,
        "formulaire": formulaire,
        "demande": demandes.first() if famille else None,
        "empechements": empechements(famille) if famille else [],
    }
    return render(request, "portail/donnees.html", contexte)


@login_required
@require_POST
def demander_effacement(request):
    famille = get_object_or_404(Famille.objects.de(request.user))
    try:
        demander_l_effacement(famille=famille, par=request.user)
    except ValidationError as refus:
        messages.error(request, " ".join(refus.messages))
    else:
        messages.success(request, "Votre demande est déposée. Un agent y répond par e-mail.")
    return redirect("portail:donnees")


@login_required
@require_POST
def retirer_effacement(request):
    famille = get_object_or_404(Famille.objects.de(request.user))
    if retirer_la_demande(famille=famille):
        messages.success(request, "Votre demande d’effacement est retirée.")
    return redirect("portail:donnees")
