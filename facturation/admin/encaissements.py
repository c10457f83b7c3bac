"""The régisseur's desk: who pays, what is due, a confirmation, the receipt; and what the bank takes back."""

import hashlib
import uuid
from collections.abc import Callable
from functools import partial

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.views.decorators.http import require_POST

from comptes.admin_communs import Fiche, LectureSeule
from comptes.francais import date_courte, euros
from comptes.models import Famille
from facturation.admin.rapprochement import appliquer_view, rapprocher_view
from facturation.formulaires_regie import REJETABLES, EncaissementForm, RechercheForm, RejetForm
from facturation.models import Paiement
from facturation.services.en_ligne import avance
from facturation.services.guichet import apercu, dues, enregistrer, reprendre

PK_AU_PLUS = 2**63 - 1
AJOUTER, REJETER = "facturation.add_paiement", "facturation.add_rejet"


def cle_du_formulaire(request) -> str:
    """The same confirmation of the same agent is the same payment."""
    jeton = request.POST.get("jeton") or uuid.uuid4().hex
    return "guichet:" + hashlib.sha256(f"{request.user.pk}:{jeton}".encode(errors="replace")).hexdigest()


@admin.register(Paiement)
class PaiementAdmin(LectureSeule, Fiche):
    change_list_template = "admin/facturation/paiement/liste.html"
    change_form_template = "admin/facturation/paiement/fiche.html"
    list_display = ["numero", "famille", "moyen", "le_montant", "recu_le", "reference", "rejete"]
    list_filter = ["moyen", "recu_le"]
    list_select_related = ["famille", "rejet"]
    search_fields = ["numero", "reference", "famille__nom", "imputations__facture__numero"]
    search_help_text = "Quittance, référence, famille ou facture"
    ordering = ["-pk"]
    actions = None
    fields = [
        "numero", "la_famille", "moyen", "le_montant", "recu_le", "reference", "les_factures", "l_avance",
        "saisi_le", "saisi_par", "rejete",
    ]  # fmt: skip
    readonly_fields = ["la_famille", "le_montant", "les_factures", "l_avance", "rejete"]

    def has_add_permission(self, request, obj=None):
        return request.user.has_perm(AJOUTER)

    def get_urls(self):
        pages: dict[str, tuple[Callable[..., HttpResponseBase], str]] = {
            "<int:pk>/rejeter/": (require_POST(self.rejeter_view), "rejeter"),
            "rapprocher/": (partial(rapprocher_view, self), "rapprocher"),
            "rapprocher/appliquer/": (require_POST(partial(appliquer_view, self)), "appliquer"),
        }
        notres = [
            path(adresse, self.admin_site.admin_view(vue), name=f"facturation_paiement_{nom}")
            for adresse, (vue, nom) in pages.items()
        ]
        return [*notres, *super().get_urls()]

    # --- The desk -----------------------------------------------------------------------------------------------------
    def add_view(self, request, form_url="", extra_context=None):
        """GET searches, then shows what is due and what the payment would settle; POST records it."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        envoi = request.POST if request.method == "POST" else request.GET
        famille = self._famille(envoi.get("famille", ""))
        if famille is None:
            return self._chercher(request)
        saisi = bool(set(envoi) & set(EncaissementForm.base_fields))
        initial = {"recu_le": timezone.localdate(), "facture": envoi.get("d_abord", "")}
        cle = cle_du_formulaire(request)
        if request.method == "POST" and (deja := Paiement.objects.filter(cle=cle).first()):
            return self._fait(request, deja, nouveau=False)
        form = EncaissementForm(envoi if saisi else None, famille=famille, initial=initial)
        contexte = {"form": form, "dues": dues(famille), "famille": famille, "apercu": None, "jeton": uuid.uuid4().hex}
        if saisi and form.is_valid():
            lu = form.cleaned_data
            vu = contexte["apercu"] = apercu(famille, lu["montant"], lu["facture"])
            contexte["champs"] = [(nom, envoi.get(nom, "")) for nom in form.fields]
            if request.method == "POST":
                if request.POST.get("avance") == str(vu.avance):
                    return self._enregistrer(request, famille, lu, cle)
                phrase = "Ce que doit la famille a changé entre-temps. Rien n’est enregistré, vérifiez de nouveau."
                self.message_user(request, phrase, messages.WARNING)
        return self._montrer(request, contexte)

    def _famille(self, cle: str) -> Famille | None:
        if not (cle.isascii() and cle.isdecimal() and len(cle) <= 18):
            return None
        return Famille.objects.filter(pk=cle, anonymisee_le=None).first()

    def _chercher(self, request):
        form = RechercheForm(request.GET if "q" in request.GET else None)
        trouvees = list(form.familles()) if form.is_bound and form.is_valid() else None
        return self._montrer(request, {"recherche": form, "trouvees": trouvees, "famille": None})

    def _montrer(self, request, contexte):
        contexte = {
            **self.admin_site.each_context(request), "title": "Enregistrer un paiement", "opts": self.opts, **contexte,
        }  # fmt: skip
        return TemplateResponse(request, "admin/facturation/paiement/guichet.html", contexte)

    def _enregistrer(self, request, famille, lu, cle):
        paiement, nouveau = enregistrer(
            famille=famille.pk,
            moyen=lu["moyen"],
            montant=lu["montant"],
            recu_le=lu["recu_le"],
            reference=lu["reference"],
            d_abord=lu["facture"],
            cle=cle,
            par=request.user,
        )
        if nouveau:
            self.log_addition(request, paiement, "Encaissement")
        return self._fait(request, paiement, nouveau=nouveau)

    def _fait(self, request, paiement, *, nouveau):
        phrase = f"C’est fait\N{NO-BREAK SPACE}: {euros(paiement.montant)}, quittance n° {paiement.numero}."
        if not nouveau:
            phrase = f"Ce paiement était déjà enregistré, quittance n° {paiement.numero}. Il compte une fois."
        self.message_user(request, phrase, messages.SUCCESS)
        return redirect("admin:facturation_paiement_change", paiement.pk)

    # --- The receipt, and its rejection -------------------------------------------------------------------------------
    def change_view(self, request, object_id, form_url="", extra_context=None):
        paiement = self.get_object(request, object_id)
        peut = paiement is not None and request.user.has_perm(REJETER) and self._rejetable(paiement)
        contexte = {"rejet": RejetForm() if peut else None, **(extra_context or {})}
        return super().change_view(request, object_id, form_url, contexte)

    def _rejetable(self, paiement) -> bool:
        return paiement.moyen in REJETABLES and not hasattr(paiement, "rejet")

    def rejeter_view(self, request, pk):
        if not request.user.has_perm(REJETER):
            raise PermissionDenied
        if pk > PK_AU_PLUS:
            raise Http404
        paiement = get_object_or_404(Paiement, pk=pk)
        form = RejetForm(request.POST)
        if paiement.moyen not in REJETABLES:
            self.message_user(request, "Un paiement en espèces ou par carte ne se rejette pas ici.", messages.ERROR)
        elif not form.is_valid():
            self.message_user(request, "Écrivez le motif du rejet, sur une ligne. Rien n’a été changé.", messages.ERROR)
        else:
            _, nouveau = reprendre(paiement=paiement, motif=form.cleaned_data["motif"], par=request.user)
            if nouveau:
                self.log_change(request, paiement, f"Rejeté\N{NO-BREAK SPACE}: {form.cleaned_data['motif']}")
            phrase = (
                "Rejet enregistré\N{NO-BREAK SPACE}: les factures sont de nouveau à régler, la famille est prévenue."
            )
            self.message_user(request, phrase if nouveau else "Ce paiement était déjà rejeté.", messages.SUCCESS)
        return redirect("admin:facturation_paiement_change", pk)

    @admin.display(description="famille", ordering="famille__nom")
    def la_famille(self, paiement):
        lien = reverse("admin:comptes_famille_change", args=[paiement.famille_id])
        return format_html('<a href="{}">{}</a>', lien, paiement.famille)

    @admin.display(description="montant", ordering="montant")
    def le_montant(self, paiement):
        return euros(paiement.montant)

    @admin.display(description="factures réglées")
    def les_factures(self, paiement):
        lignes = [(i.facture.numero, euros(i.montant)) for i in paiement.imputations.select_related("facture")]
        return format_html_join(", ", "n° {}\N{NO-BREAK SPACE}: {}", lignes) or "aucune"

    @admin.display(description="avance")
    def l_avance(self, paiement):
        return "aucune" if hasattr(paiement, "rejet") else euros(avance(paiement))

    @admin.display(description="rejet", ordering="rejet__rejete_le")
    def rejete(self, paiement):
        rejet = getattr(paiement, "rejet", None)
        return f"{date_courte(timezone.localdate(rejet.rejete_le))}, {rejet.motif}" if rejet else "–"
