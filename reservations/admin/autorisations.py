"""Who authorises what, school by school and class by class: on screen, on paper, in a spreadsheet."""

from typing import cast

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from comptes.admin_communs import Fiche, LectureSeule
from comptes.models import Autorisation, Texte
from comptes.regles_autorisations import Avis
from reservations.lecture_signatures import annee_du_releve, classes_de_l_ecole, en_csv, relever
from reservations.models import Ecole


class ReleveForm(forms.Form):
    texte = forms.ModelChoiceField(label="Texte", queryset=Texte.objects.none(), empty_label=None)
    ecole = forms.ModelChoiceField(label="École", queryset=Ecole.objects.all(), empty_label=None)
    classe = forms.ChoiceField(label="Classe", required=False)
    reponse = forms.ChoiceField(label="Réponse", required=False, choices=[("", "Toutes les réponses"), *Avis.choices])

    def __init__(self, donnees, annee):
        super().__init__(donnees)
        self.annee = annee
        textes = Texte.objects.a_signer().avec_version()  # at this instant
        cast("forms.ModelChoiceField", self.fields["texte"]).queryset = textes
        self._proposer([])

    def clean_ecole(self):
        """The classes to choose from are those of the school."""
        ecole = self.cleaned_data["ecole"]
        classes = classes_de_l_ecole(ecole, self.annee)
        self._proposer(classes)
        return ecole

    def _proposer(self, classes) -> None:
        choix = [("", "Toutes les classes"), *((c, c) for c in classes)]
        cast("forms.ChoiceField", self.fields["classe"]).choices = choix


@admin.register(Autorisation)
class AutorisationAdmin(LectureSeule, Fiche):
    fields = ["rattachement", "version", "accordee", "nom_signataire", "signee_le"]

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("rattachement__enfant", "rattachement__famille", "version")

    def changelist_view(self, request, extra_context=None):
        """The children of a school with what their households answered; `format=csv` for a spreadsheet."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        aujourdhui = timezone.localdate()
        annee = annee_du_releve(aujourdhui)
        form = ReleveForm(request.GET if "texte" in request.GET else None, annee)
        texte, lignes = None, None
        if form.is_bound and form.is_valid():
            lues = form.cleaned_data
            texte = lues["texte"]
            lignes = relever(texte, lues["ecole"], annee=annee, aujourdhui=aujourdhui, classe=lues["classe"])
            lignes = [ligne for ligne in lignes if lues["reponse"] in ("", ligne.avis)]
            if request.GET.get("format") == "csv":
                return self._csv(texte, lignes)
        contexte = {
            **self.admin_site.each_context(request),
            "title": "Autorisations",
            "opts": self.opts,
            "form": form,
            "annee": annee,
            "aujourdhui": aujourdhui,
            "texte": texte,
            "lignes": lignes,
            "adresse_csv": f"?{request.GET.urlencode()}&format=csv",
        }
        return TemplateResponse(request, "admin/comptes/autorisation/releve.html", contexte)

    def _csv(self, texte, lignes):
        reponse = HttpResponse(en_csv(lignes), content_type="text/csv; charset=utf-8")
        reponse["Content-Disposition"] = f'attachment; filename="autorisations-{texte.code}.csv"'
        return reponse
