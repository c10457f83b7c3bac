"""« Actualiser le quotient »: an agent asks API Particulier for the quotient of an adult of a household."""

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path

from comptes.admin_communs import Fiche
from comptes.api_particulier import Echec, actif
from comptes.formulaires_identite import IdentiteForm
from comptes.francais import mois_long
from comptes.models import Famille
from comptes.services.actualiser_quotient import actualiser


class AvecBoutonActualiser(admin.ModelAdmin):
    """A page that leads there, for who may record a quotient, when the town has API Particulier."""

    def render_change_form(self, request, context, *args, **kwargs):
        context["actualisable"] = actif() and request.user.has_perm("comptes.add_quotientfamilial")
        return super().render_change_form(request, context, *args, **kwargs)


class AvecActualisation(Fiche):
    """The page itself. What the agent types is asked and forgotten: only the quotient is kept."""

    def get_urls(self):
        vue = self.admin_site.admin_view(self.actualiser_view)
        return [path("actualiser/<int:pk>/", vue, name="comptes_quotientfamilial_actualiser"), *super().get_urls()]

    def actualiser_view(self, request, pk):
        if not self.has_add_permission(request):
            raise PermissionDenied
        if not actif():
            raise Http404
        famille = get_object_or_404(Famille, pk=pk, anonymisee_le=None)
        form = IdentiteForm(request.POST) if request.method == "POST" else IdentiteForm(initial=_connu_de(famille))
        if form.is_bound and form.is_valid() and self._actualiser(request, famille, form):
            return redirect("admin:comptes_famille_change", famille.pk)
        commun = {**self.admin_site.each_context(request), "opts": self.opts, "title": "Actualiser le quotient"}
        contexte = commun | {"form": form, "famille": famille, "dernier": famille.quotients.order_by("-mois").first()}
        return TemplateResponse(request, "admin/comptes/quotientfamilial/actualiser.html", contexte)

    def _actualiser(self, request, famille: Famille, form: IdentiteForm) -> bool:
        try:
            fait = actualiser(famille=famille, identite=form.identite(), par=request.user)
        except Echec as echec:
            form.add_error(None, str(echec))
            return False
        valeur = f"{fait.lu.valeur} € depuis {mois_long(fait.lu.premier)}"
        if fait.enregistre is None:
            self.message_user(request, f"API Particulier donne {valeur} : la ville a déjà cette valeur.")
            return True
        self.log_addition(request, fait.enregistre, f"{valeur}, par API Particulier")
        self.message_user(request, f"Quotient enregistré : {valeur}, par API Particulier.", messages.SUCCESS)
        return True


def _connu_de(famille: Famille) -> dict[str, str]:
    """The names of the first adult; the rest is asked at the desk."""
    adulte = famille.responsables.order_by("rang").first()
    return {"nom": adulte.nom, "prenoms": adulte.prenom} if adulte else {}
