"""« Prélèvement automatique »: the mandate of the household, signed and revoked by the parents themselves."""

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from comptes.models import Famille
from facturation.models import Mandat
from facturation.services import mandats

PAR_ELLE = "Un mandat se signe et se révoque par la famille elle-même, depuis son compte."


class FormulaireMandat(forms.Form):
    titulaire = forms.CharField(label="Titulaire du compte", max_length=70)
    iban = forms.CharField(
        label="IBAN",
        max_length=60,
        help_text="Sur votre relevé d’identité bancaire.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    accord = forms.BooleanField(label="Je signe ce mandat de prélèvement SEPA")

    def clean_titulaire(self):
        titulaire = " ".join(self.cleaned_data["titulaire"].split())
        if not any(lettre.isalpha() for lettre in titulaire):
            raise ValidationError("Écrivez le nom du titulaire du compte.")
        return titulaire

    def clean_iban(self):
        return mandats.lire_iban(self.cleaned_data["iban"]).compact


def _famille(request) -> Famille:
    famille = Famille.objects.de(request.user).first()
    if famille is None:
        raise Http404
    return famille


@sensitive_post_parameters("iban")
@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def mandat(request):
    """The mandate in course, or the form that signs one."""
    famille = _famille(request)
    actif = Mandat.objects.de(request.user).actifs().first()
    formulaire = FormulaireMandat(request.POST if request.method == "POST" else None)
    if request.method == "POST" and request.user.famille_accompagnee:
        formulaire.add_error(None, PAR_ELLE)
    elif request.method == "POST" and formulaire.is_valid():
        lu = formulaire.cleaned_data
        try:
            mandats.signer(famille=famille.pk, titulaire=lu["titulaire"], iban=lu["iban"], par=request.user)
        except ValidationError as refus:
            formulaire.add_error(None, refus)
        else:
            messages.success(request, "Mandat signé. Vous serez prévenu avant chaque prélèvement.")
            return redirect("facturation:mandat")
    prevus = actif.prelevements.filter(etat__in=["annonce", "remis"]).select_related("facture") if actif else []
    modele = mandats.texte_du_mandat(rum="donnée à la signature", titulaire="vous", fin_iban="••••")
    contexte = {"mandat": actif, "prevus": prevus, "formulaire": formulaire, "ouvert": mandats.ouvert()}
    return render(request, "facturation/mandat.html", contexte | {"modele": modele})


@login_required
@require_POST
def revoquer(request):
    famille = _famille(request)
    if request.user.famille_accompagnee:
        messages.error(request, PAR_ELLE)
    elif mandats.revoquer(famille=famille.pk, par=request.user):
        messages.success(request, "Mandat révoqué. Les prélèvements qui n’étaient pas partis sont retirés.")
    else:
        messages.info(request, "Aucun mandat n’est en cours.")
    return redirect("facturation:mandat")
