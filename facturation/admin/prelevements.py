"""Direct debits of the régie: mandates to read, lots to make, download and hand over."""

import datetime as dt
from collections.abc import Callable

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from comptes.admin_communs import Fiche, LectureSeule
from facturation.models import LotDePrelevements, Mandat
from facturation.services.mandats import masque, ouvert
from facturation.services.prelever import PHRASE_FERMEE, faire_le_lot, remettre

VOIR, CREER, MODIFIER = (f"facturation.{a}_lotdeprelevements" for a in ("view", "add", "change"))
HORIZON = dt.timedelta(days=7)
LISTE, FICHE = "admin:facturation_lotdeprelevements_changelist", "admin:facturation_lotdeprelevements_change"


@admin.register(Mandat)
class MandatAdmin(LectureSeule, Fiche):
    list_display = ["rum", "famille", "titulaire", "compte", "signe_le", "revoque_le"]
    list_select_related = ["famille"]
    search_fields = ["rum", "titulaire", "famille__nom"]
    search_help_text = "Référence, titulaire ou famille"
    ordering = ["-pk"]
    actions = None
    fields = ["rum", "famille", "titulaire", "compte", "signe_le", "signe_par", "texte", "revoque_le", "revoque_par"]
    readonly_fields = ["compte"]

    @admin.display(description="IBAN")
    def compte(self, mandat):
        return masque(mandat.fin_iban)


@admin.register(LotDePrelevements)
class LotAdmin(LectureSeule, Fiche):
    change_list_template = "admin/facturation/lotdeprelevements/liste.html"
    change_form_template = "admin/facturation/lotdeprelevements/fiche.html"
    list_display = ["message", "date", "cree_le", "remis_le"]
    ordering = ["-pk"]
    actions = None
    fields = ["message", "date", "cree_le", "cree_par", "remis_le"]

    def get_urls(self):
        pages: dict[str, tuple[Callable[..., HttpResponseBase], str]] = {
            "faire/": (require_POST(self.faire_view), "faire"),
            "<int:pk>/fichier.xml": (require_safe(self.fichier_view), "fichier"),
            "<int:pk>/remettre/": (require_POST(self.remettre_view), "remettre"),
        }
        notres = [
            path(adresse, self.admin_site.admin_view(vue), name=f"facturation_lotdeprelevements_{nom}")
            for adresse, (vue, nom) in pages.items()
        ]
        return [*notres, *super().get_urls()]

    def _lot(self, request, pk, droit) -> LotDePrelevements:
        if not request.user.has_perm(droit):
            raise PermissionDenied
        return get_object_or_404(LotDePrelevements, pk=min(pk, 2**63 - 1))

    def faire_view(self, request):
        if not request.user.has_perm(CREER):
            raise PermissionDenied
        if not ouvert():
            self.message_user(request, PHRASE_FERMEE, messages.ERROR)
            return redirect(LISTE)
        lot = faire_le_lot(jusqu_au=timezone.localdate() + HORIZON, par=request.user)
        if lot is None:
            self.message_user(request, "Aucun prélèvement annoncé n’arrive dans les sept jours.", messages.WARNING)
            return redirect(LISTE)
        self.log_addition(request, lot, "Lot de prélèvements")
        return redirect(FICHE, lot.pk)

    def fichier_view(self, request, pk):
        lot = self._lot(request, pk, MODIFIER)
        nom = f'attachment; filename="{lot.message}.xml"'
        return HttpResponse(lot.xml, content_type="application/xml", headers={"Content-Disposition": nom})

    def remettre_view(self, request, pk):
        lot = self._lot(request, pk, MODIFIER)
        if remettre(lot=lot, par=request.user):
            self.log_change(request, lot, "Remis à la banque")
            self.message_user(request, "Lot remis, les paiements s’enregistrent à leur date.", messages.SUCCESS)
        else:
            self.message_user(request, "Ce lot était déjà remis.", messages.INFO)
        return redirect(FICHE, lot.pk)
