"""« Impayés »: who owes what since when; reminders, schedules, letters on paper, and the list for the comptable."""

import datetime as dt

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.db.models import Count, F, Sum
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from comptes.admin_communs import Fiche, LectureSeule
from comptes.francais import nombre
from comptes.pdf import PdfIndisponible, ecrire_pdf
from facturation.lecture_impayes import FILTRES, detailler, impayes, jours_de_lettres, lettres_du, totaux
from facturation.models import Echeancier, Facture, Relance, Transmission
from facturation.services.relancer import (
    accorder_echeancier,
    clore_echeancier,
    impayees_a_transmettre,
    relancer,
    transmettre,
)

PAR_PAGE = 50
IMPAYES = "admin:facturation_relance_changelist"
LISTES = "admin:facturation_transmission_changelist"


class FiltreForm(forms.Form):
    etat = forms.ChoiceField(label="Lesquelles", choices=list(FILTRES.items()), required=False)
    q = forms.CharField(label="Famille ou numéro de facture", max_length=80, required=False)


class EcheancierForm(forms.Form):
    """What makes sense on its own; the service says the rest."""

    fois = forms.IntegerField(
        label="Nombre d’échéances",
        min_value=2,
        max_value=12,
        initial=3,
        help_text="Une par mois, de 2 à 12.",
        error_messages={
            "min_value": "Un échéancier a de 2 à 12 échéances.",
            "max_value": "Un échéancier a de 2 à 12 échéances.",
            "invalid": "Écrivez un nombre entier, de 2 à 12.",
        },
    )
    premiere = forms.DateField(
        label="Première échéance",
        input_formats=["%Y-%m-%d", "%d/%m/%Y"],
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        error_messages={"invalid": "Cette date n’existe pas. Écrivez-la comme 01/12/2026."},
    )
    mot = forms.CharField(label="Observation", max_length=200, required=False)

    def clean_premiere(self):
        premiere = self.cleaned_data["premiere"]
        if premiere > timezone.localdate() + dt.timedelta(days=366):
            raise ValidationError("La première échéance est dans l’année qui vient.")
        return premiere


def exiger(request, droit: str) -> None:
    if not request.user.has_perm(f"facturation.{droit}"):
        raise PermissionDenied


class PagesDeLaRegie(LectureSeule, Fiche):
    """Pages of our own, in the frame of the administration."""

    actions = None

    def page(self, request, gabarit, titre, **suite):
        contexte = {**self.admin_site.each_context(request), "title": titre, "opts": self.opts, "media": self.media}
        return TemplateResponse(request, f"admin/facturation/relance/{gabarit}.html", {**contexte, **suite})


@admin.register(Relance)
class RelanceAdmin(PagesDeLaRegie):
    fields = ["facture", "niveau", "envoyee_le", "reste", "par_courriel"]
    list_select_related = ["facture"]

    def get_urls(self):
        vue, nom = self.admin_site.admin_view, "facturation_relance_"
        return [
            path("relancer/", vue(self.relancer), name=f"{nom}relancer"),
            path("lettres/<str:jour>/", vue(require_safe(self.lettres)), name=f"{nom}lettres"),
            path("factures/<int:pk>/echeancier/", vue(self.echeancier), name=f"{nom}echeancier"),
            path("echeanciers/<int:pk>/clore/", vue(require_POST(self.clore)), name=f"{nom}clore"),
            *super().get_urls(),
        ]

    def changelist_view(self, request, extra_context=None):
        """Unpaid bills by household; nothing is listed while the filter is wrong."""
        exiger(request, "view_relance")
        form, jour = FiltreForm(request.GET), timezone.localdate()
        lues = form.cleaned_data if form.is_valid() else {"etat": "", "q": ""}
        factures = impayes(filtre=lues["etat"], recherche=lues["q"].strip(), jour=jour)
        factures = factures if form.is_valid() else factures.none()
        sommes = totaux(factures)
        pages = Paginator(factures, PAR_PAGE)
        pages.count = sommes["factures"]
        tranche = pages.get_page(request.GET.get("page"))
        return self.page(
            request,
            "impayes",
            "Impayés",
            form=form,
            totaux=sommes,
            tranche=tranche,
            impayes=detailler(list(tranche), jour=jour),
            jours=jours_de_lettres(),
        )

    def relancer(self, request):
        """How many reminders are due, level by level; then, confirmed, sent. Twice sends each once."""
        exiger(request, "add_relance")
        if request.method != "POST":
            bilan = relancer(appliquer=False)
            niveaux = sorted(bilan.niveaux.items())
            return self.page(request, "relancer", "Relancer", bilan=bilan, niveaux=niveaux)
        bilan = relancer(appliquer=True, par=request.user)
        faites = sum(bilan.niveaux.values())
        if faites:
            lettres = f", dont {nombre(bilan.lettres, 'par lettre à imprimer', 'par lettre à imprimer')}"
            phrase = nombre(faites, "facture relancée", "factures relancées") + (lettres if bilan.lettres else "")
            self.message_user(request, f"{phrase}.", messages.SUCCESS)
        else:
            self.message_user(request, "Aucune facture à relancer aujourd’hui.", messages.WARNING)
        return redirect(IMPAYES)

    def echeancier(self, request, pk):
        exiger(request, "add_echeancier")
        facture = get_object_or_404(Facture.objects.impayees().select_related("famille", "facturation"), pk=pk)
        form = EcheancierForm(request.POST if request.method == "POST" else None)
        if form.is_bound and form.is_valid():
            try:
                accorder_echeancier(facture=facture, par=request.user, **form.cleaned_data)
            except ValidationError as refus:
                form.add_error(None, refus)
            else:
                self.message_user(request, "L’échéancier est accordé. La famille en est avertie.", messages.SUCCESS)
                return redirect(reverse(IMPAYES, query={"q": facture.numero}))
        return self.page(request, "echeancier", f"Accorder un échéancier, {facture}", facture=facture, form=form)

    def clore(self, request, pk):
        exiger(request, "change_echeancier")
        echeancier = get_object_or_404(Echeancier.objects.select_related("facture"), pk=pk)
        if clore_echeancier(echeancier=echeancier, par=request.user):
            self.message_user(request, "L’échéancier est clos. Les relances reprennent.", messages.SUCCESS)
        else:
            self.message_user(request, "Cet échéancier était déjà clos.", messages.WARNING)
        return redirect(reverse(IMPAYES, query={"q": echeancier.facture.numero}))

    def lettres(self, request, jour):
        """The letters of the households without e-mail, reminded on that day: one PDF."""
        exiger(request, "view_relance")
        try:
            le = dt.date.fromisoformat(jour)
        except ValueError:
            raise Http404 from None
        lettres = list(lettres_du(le))
        if not lettres:
            raise Http404
        contexte = {"lettres": lettres, "jour": le, "ville": settings.VILLE, "regie": settings.REGIE}
        html = render_to_string("facturation/lettre_relance.html", contexte)
        try:
            pdf = ecrire_pdf(html, identifiant=f"relances-{le}")
        except PdfIndisponible:
            self.message_user(request, "Cette machine ne sait pas faire de PDF pour l’instant.", messages.ERROR)
            return redirect(IMPAYES)
        reponse = HttpResponse(pdf, content_type="application/pdf")
        reponse["Content-Disposition"] = f'inline; filename="relances-{le}.pdf"'
        reponse["Cache-Control"] = "private, no-store"
        return reponse


@admin.register(Transmission)
class TransmissionAdmin(PagesDeLaRegie):
    """The lists handed over, each to download as it was."""

    list_display = ["__str__", "cree_le", "cree_par", "combien", "fichier"]
    list_select_related = ["cree_par"]
    fields = ["cree_le", "cree_par"]

    def get_queryset(self, request):
        return super().get_queryset(request).annotate(n=Count("factures"))

    def get_urls(self):
        vue, nom = self.admin_site.admin_view, "facturation_transmission_"
        fichier = require_safe(self.telecharger)
        return [
            path("nouvelle/", vue(require_http_methods(["GET", "POST"])(self.transmettre)), name=f"{nom}transmettre"),
            path("<int:pk>/liste.csv", vue(fichier), name=f"{nom}telecharger"),
            *super().get_urls(),
        ]

    def transmettre(self, request):
        """The bills that the list would name; then, confirmed, the list. Twice names each once."""
        exiger(request, "add_transmission")
        if request.method != "POST":
            factures = impayees_a_transmettre(timezone.localdate())
            sommes = Facture.objects.filter(pk__in=[f.pk for f in factures]).aggregate(r=Sum(F("total") - F("regle")))
            titre = "Liste pour le comptable"
            return self.page(request, "transmettre", titre, combien=len(factures), reste=sommes["r"] or 0)
        if transmettre(par=request.user):
            self.message_user(request, "La liste est faite\u00a0: téléchargez-la ci-dessous.", messages.SUCCESS)
        else:
            self.message_user(request, "Aucune facture à transmettre aujourd’hui.", messages.WARNING)
        return redirect(LISTES)

    def telecharger(self, request, pk):
        exiger(request, "view_transmission")
        transmission = get_object_or_404(Transmission, pk=pk)
        reponse = HttpResponse("\ufeff" + transmission.csv, content_type="text/csv; charset=utf-8")
        reponse["Content-Disposition"] = f'attachment; filename="impayes-{transmission.pk}.csv"'
        reponse["Cache-Control"] = "private, no-store"
        return reponse

    @admin.display(description="factures")
    def combien(self, transmission):
        return transmission.n

    @admin.display(description="fichier")
    def fichier(self, transmission):
        adresse = reverse("admin:facturation_transmission_telecharger", args=[transmission.pk])
        return format_html(
            '<a href="{}" aria-label="Télécharger la liste n° {}">Télécharger</a>', adresse, transmission.pk
        )
