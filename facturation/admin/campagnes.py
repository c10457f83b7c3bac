"""The month's billing run: prepare, look at the anomalies and the drafts, issue after a confirmation."""

from typing import cast

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Count, Q, Sum
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_POST

from comptes.admin_communs import Fiche, LectureSeule
from comptes.francais import date_courte, de, euros, mois_long, nombre
from facturation.lecture_campagne import anomalies
from facturation.models import Facturation, Facture
from facturation.regles import lire_mois
from facturation.services.emettre import emettre
from facturation.services.preparer import bilan, preparer

EMETTRE = "facturation.emettre_facturation"


class MoisForm(forms.Form):
    """Months over, the latest first; a month that is not over is for the command line."""

    mois = forms.TypedChoiceField(label="Mois à facturer", coerce=lire_mois)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        rang = (aujourdhui := timezone.localdate()).year * 12 + aujourdhui.month - 1
        mois = [aujourdhui.replace(year=n // 12, month=n % 12 + 1, day=1) for n in range(rang - 1, rang - 13, -1)]
        champ = cast(forms.TypedChoiceField, self.fields["mois"])
        champ.choices = [(f"{m:%Y-%m}", mois_long(m)) for m in mois]


@admin.register(Facturation)
class FacturationAdmin(LectureSeule, Fiche):
    list_display = ["le_mois", "etat", "brouillons", "emises", "le_total", "preparee_le", "emise_le"]
    ordering = ["-mois"]
    actions = None

    def get_queryset(self, request):
        return (
            super()
            .get_queryset(request)
            .annotate(
                n_brouillons=Count("factures", filter=Q(factures__numero=None)),
                n_emises=Count("factures", filter=Q(factures__numero__isnull=False)),
                somme=Sum("factures__total"),
            )
        )

    def has_add_permission(self, request, obj=None):
        return request.user.has_perm(EMETTRE)

    def get_urls(self):
        vue = self.admin_site.admin_view
        return [
            path("<int:pk>/preparer/", vue(require_POST(self.preparer)), name="facturation_facturation_preparer"),
            path("<int:pk>/emettre/", vue(self.emettre), name="facturation_facturation_emettre"),
            *super().get_urls(),
        ]

    def add_view(self, request, form_url="", extra_context=None):
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = MoisForm(request.POST or None)
        if form.is_valid() and (facturation := self._preparer(request, form.cleaned_data["mois"])):
            return redirect("admin:facturation_facturation_change", facturation.pk)
        return self._page(request, "preparer", "Préparer les factures d’un mois", form=form)

    def change_view(self, request, object_id, form_url="", extra_context=None):
        facturation = self.get_object(request, object_id)
        if facturation is None or not self.has_view_permission(request, facturation):
            return super().change_view(request, object_id, form_url, extra_context)
        return self._page(
            request,
            "mois",
            f"Factures {de(mois_long(facturation.mois))}",
            facturation=facturation,
            bilan=bilan(facturation),
            anomalies=anomalies(facturation) if facturation.etat == Facturation.Etat.PREPAREE else [],
            peut_emettre=request.user.has_perm(EMETTRE),
        )

    def preparer(self, request, pk):
        if not self.has_add_permission(request):
            raise PermissionDenied
        self._preparer(request, get_object_or_404(Facturation, pk=pk).mois)
        return redirect("admin:facturation_facturation_change", pk)

    def emettre(self, request, pk):
        """What will be issued, then, confirmed, done. Sent twice, or by two agents, each bill is issued once."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        facturation = get_object_or_404(Facturation, pk=pk)
        if request.method != "POST":
            titre = f"Émettre les factures {de(mois_long(facturation.mois))}"
            return self._page(request, "emettre", titre, facturation=facturation, bilan=bilan(facturation))
        emises = emettre(facturation=facturation, par=request.user)
        self.log_change(request, facturation, f"{emises} factures émises")
        faites = nombre(emises, "facture émise, famille prévenue", "factures émises, familles prévenues")
        self.message_user(request, f"{faites}." if emises else "Ces factures étaient déjà émises.", messages.SUCCESS)
        return redirect("admin:facturation_facturation_change", pk)

    def _preparer(self, request, mois):
        try:
            facturation = preparer(mois=mois, par=request.user)
        except ValidationError as refus:
            self.message_user(request, " ".join(refus.messages), messages.ERROR)
            return Facturation.objects.filter(mois=mois).first()
        self.log_change(request, facturation, "Brouillons préparés")
        faites = nombre(bilan(facturation).factures, "brouillon préparé", "brouillons préparés")
        self.message_user(request, f"{faites}. Rien n’est émis.", messages.SUCCESS)
        return facturation

    def _page(self, request, gabarit, titre, **suite):
        contexte = {**self.admin_site.each_context(request), "title": titre, "opts": self.opts, "media": self.media}
        return TemplateResponse(request, f"admin/facturation/facturation/{gabarit}.html", {**contexte, **suite})

    @admin.display(description="mois", ordering="mois")
    def le_mois(self, facturation):
        return mois_long(facturation.mois)

    @admin.display(description="brouillons")
    def brouillons(self, facturation):
        return facturation.n_brouillons

    @admin.display(description="émises")
    def emises(self, facturation):
        return facturation.n_emises

    @admin.display(description="total")
    def le_total(self, facturation):
        return euros(facturation.somme or 0)


class EtatFilter(admin.SimpleListFilter):
    title, parameter_name = "état", "etat"

    def lookups(self, request, model_admin):
        return [("brouillon", "Brouillons"), ("due", "Émises, à payer"), ("reglee", "Émises, réglées")]

    def queryset(self, request, queryset):
        match self.value():
            case "brouillon":
                return queryset.brouillons()
            case "due":
                return queryset.impayees()
            case "reglee":
                return queryset.emises().exclude(pk__in=queryset.impayees().order_by().values("pk"))
        return queryset


@admin.register(Facture)
class FactureAdmin(LectureSeule, Fiche):
    """Drafts and bills: found by household or number, read as they are printed."""

    list_display = ["la_facture", "famille", "le_mois", "le_total", "le_reste", "le_jour"]
    list_filter = [EtatFilter, "facturation"]
    list_select_related = ["famille", "facturation"]
    search_fields = ["numero", "famille__nom", "famille__responsables__nom"]
    search_help_text = "Numéro ou famille"
    ordering = ["-facturation__mois", "pk"]
    actions = None

    def change_view(self, request, object_id, form_url="", extra_context=None):
        facture = self.get_object(request, object_id)
        if facture is None or not self.has_view_permission(request, facture):
            return super().change_view(request, object_id, form_url, extra_context)
        contexte = {
            **self.admin_site.each_context(request),
            "title": str(facture),
            "opts": self.opts,
            "media": self.media,
            "facture": facture,
            "lignes": facture.lignes.order_by("rang"),
            "avoirs": facture.avoirs.order_by("pk"),
            "evenements": facture.evenements.select_related("par").order_by("le", "pk"),
            "peut_rendre": bool(facture.numero) and request.user.has_perm("facturation.add_avoir"),
        }
        return TemplateResponse(request, "admin/facturation/facture/facture.html", contexte)

    @admin.display(description="facture", ordering="numero")
    def la_facture(self, facture):
        return facture.numero or "brouillon"

    @admin.display(description="émise le", ordering="emise_le")
    def le_jour(self, facture):
        return date_courte(timezone.localdate(facture.emise_le)) if facture.emise_le else "–"

    @admin.display(description="mois", ordering="facturation__mois")
    def le_mois(self, facture):
        return mois_long(facture.facturation.mois)

    @admin.display(description="total", ordering="total")
    def le_total(self, facture):
        return euros(facture.total)

    @admin.display(description="reste dû")
    def le_reste(self, facture):
        return euros(facture.reste) if facture.numero else "–"
