"""Bank reconciliation: the régie's file is compared with ours, then what is missing is recorded."""

from collections import Counter

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.shortcuts import redirect
from django.template.response import TemplateResponse

from comptes.francais import nombre
from facturation.releve import OCTETS_AU_PLUS, LigneDeReleve, ReleveIllisible, lire_releve
from facturation.services.rapprocher import Nature, appliquer, comparer, desceller, sceller

APPLIQUER = "facturation.change_transactionenligne"
LISTE = "admin:facturation_paiement_changelist"


class ReleveForm(forms.Form):
    fichier = forms.FileField(
        label="Relevé",
        allow_empty_file=True,  # answered with the others, in the same words
        max_length=255,
        help_text="CSV, séparateur point-virgule, 1 Mo au plus. Il n’est pas conservé.",
        widget=forms.ClearableFileInput(attrs={"accept": ".csv"}),
    )
    lignes: tuple[LigneDeReleve, ...] = ()

    def clean_fichier(self):
        fichier = self.cleaned_data["fichier"]
        assert isinstance(fichier, UploadedFile)
        try:
            self.lignes = tuple(lire_releve(fichier.read(OCTETS_AU_PLUS + 1)))
        except ReleveIllisible as erreur:
            raise ValidationError(erreur.fautes) from None


def rapprocher_view(modele_admin, request):
    """GET asks for the file; POST shows what it says, and keeps nothing."""
    if not request.user.has_perm(APPLIQUER):
        raise PermissionDenied
    form = ReleveForm(request.POST, request.FILES) if request.method == "POST" else ReleveForm()
    lignes = form.lignes if form.is_bound and form.is_valid() else ()
    differences = comparer(lignes) if lignes else []
    comptes = Counter(d.nature for d in differences)
    contexte = {
        **modele_admin.admin_site.each_context(request),
        "title": "Rapprocher le relevé PayFiP",
        "opts": modele_admin.opts,
        "form": form,
        "differences": sorted(differences, key=lambda d: list(Nature).index(d.nature)),
        "comptes": [(nature.label, comptes[nature]) for nature in Nature if comptes[nature]],
        "a_enregistrer": comptes[Nature.A_ENREGISTRER],
        "sceau": sceller(lignes) if comptes[Nature.A_ENREGISTRER] else "",
    }
    return TemplateResponse(request, "admin/facturation/paiement/rapprocher.html", contexte)


def appliquer_view(modele_admin, request):
    """Record what the page showed as missing. Twice records once."""
    if not request.user.has_perm(APPLIQUER):
        raise PermissionDenied
    lignes = desceller(request.POST.get("sceau", ""))
    if lignes is None:
        modele_admin.message_user(
            request, "Ce relevé n’est plus à l’écran. Rien n’a été changé, envoyez-le de nouveau.", messages.ERROR
        )
        return redirect("admin:facturation_paiement_rapprocher")
    paiements = appliquer(lignes, par=request.user)
    for paiement in paiements:
        modele_admin.log_addition(request, paiement, "Rapprochement")
    phrase = f"{nombre(len(paiements), 'paiement enregistré', 'paiements enregistrés')}."
    modele_admin.message_user(request, phrase, messages.SUCCESS)
    return redirect(LISTE)
