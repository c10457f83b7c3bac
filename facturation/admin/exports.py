"""« Exports »: a period, the totals of each table on the screen, and the table itself as CSV or XLSX."""

import datetime as dt

from django import forms
from django.contrib import admin
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import ValidationError
from django.http import FileResponse, Http404, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from comptes.tableaux import en_csv, en_xlsx
from facturation.exports import EXPORTS, Periode

DROIT = "facturation.view_facture"
ANNEES = (2000, 2100)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def _jour(nom: str) -> forms.DateField:
    return forms.DateField(
        label=nom,
        input_formats=["%Y-%m-%d", "%d/%m/%Y"],
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        error_messages={
            "required": "Donnez cette date.",
            "invalid": "Cette date n’existe pas. Écrivez-la comme 01/09/2026.",
        },
    )


class PeriodeForm(forms.Form):
    du = _jour("Du")
    au = _jour("Au")

    def clean(self):
        lues = super().clean() or {}
        du, au = lues.get("du"), lues.get("au")
        for champ, jour in (("du", du), ("au", au)):
            if jour and not ANNEES[0] <= jour.year <= ANNEES[1]:
                self.add_error(champ, f"Une date est entre {ANNEES[0]} et {ANNEES[1]}.")
        if du and au and au < du:
            raise ValidationError("La période finit avant de commencer\u00a0: inversez les deux dates.")
        return lues

    @property
    def periode(self) -> Periode:
        return Periode(self.cleaned_data["du"], self.cleaned_data["au"])


def mois_passe() -> dict[str, dt.date]:
    """The last month over: what the régie most often takes out."""
    fin = timezone.localdate().replace(day=1) - dt.timedelta(days=1)
    return {"du": fin.replace(day=1), "au": fin}


@permission_required(DROIT, raise_exception=True)
@require_safe
def exports(request):
    """The totals of every export for the period of the address, the last month over without one."""
    demandees = request.GET if {"du", "au"} & request.GET.keys() else mois_passe()
    form = PeriodeForm(demandees)
    tables = []
    if form.is_valid():
        periode = form.periode
        suite = f"?du={periode.du}&au={periode.au}"
        for export in EXPORTS.values():
            liens = {
                extension: reverse("facturation:exporter", args=[export.code, extension]) + suite
                for extension in ("csv", "xlsx")
            }
            tables.append({"export": export, "totaux": export.sommer(periode).items(), "liens": liens})
    contexte = {**admin.site.each_context(request), "title": "Exports", "form": form, "tables": tables}
    return render(request, "admin/facturation/exports.html", contexte)


@permission_required(DROIT, raise_exception=True)
@require_safe
def exporter(request, code, extension):
    """One table of the period, streamed. Wrong dates: back to the page, which says what is wrong with them."""
    export = EXPORTS.get(code)
    if export is None or extension not in {"csv", "xlsx"}:
        raise Http404
    form = PeriodeForm(request.GET)
    if not form.is_valid():
        dates = {nom: request.GET.get(nom, "") for nom in ("du", "au")}
        return redirect(reverse("facturation:exports", query=dates))
    periode = form.periode
    nom = f"{code}-du-{periode.du}-au-{periode.au}.{extension}"
    table = export.table(periode)
    if extension == "csv":
        reponse = StreamingHttpResponse(en_csv(table), content_type="text/csv; charset=utf-8")
        reponse["Content-Disposition"] = f'attachment; filename="{nom}"'
    else:
        fichier = en_xlsx(table, titre=export.titre[:31])
        reponse = FileResponse(fichier, as_attachment=True, filename=nom, content_type=XLSX)
    reponse["Cache-Control"] = "private, no-store"
    return reponse
