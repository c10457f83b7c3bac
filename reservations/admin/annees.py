"""School years and their days without class."""

import datetime as dt

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import Count
from django.forms.models import BaseInlineFormSet
from django.utils import timezone

from comptes.admin_communs import SuppressionExpliquee
from comptes.francais import nombre
from reservations.admin.communs import dire_le_bilan
from reservations.models import Activite, AnneeScolaire, Inscription, PeriodeSansClasse
from reservations.services.annees import suivre_le_calendrier, supprimer_annee

DUREE_AU_PLUS = dt.timedelta(days=400)


class AnneeForm(forms.ModelForm):
    class Meta:
        model = AnneeScolaire
        fields = ["libelle", "debut", "fin", "ouverture", "source"]

    def clean(self):
        super().clean()
        debut, fin = self.cleaned_data.get("debut"), self.cleaned_data.get("fin")
        if not (debut and fin):
            return
        if fin - debut > DUREE_AU_PLUS:
            self.add_error("fin", "Une année scolaire dure moins de treize mois.")
        ouverture = self.cleaned_data.get("ouverture")
        if ouverture and not debut - DUREE_AU_PLUS <= timezone.localtime(ouverture).date() <= fin:
            phrase = (
                "Les réservations ouvrent avant la fin de l’année scolaire, et dans les treize mois avant la rentrée."
            )
            self.add_error("ouverture", phrase)
        voisine = AnneeScolaire.objects.filter(debut__lte=fin, fin__gte=debut).exclude(pk=self.instance.pk).first()
        if voisine:
            self.add_error("debut", f"Ces dates mordent sur l’année {voisine}.")
        if self.instance.pk:
            exclues = Inscription.objects.filter(annee=self.instance).exclude(debut__lte=fin, fin__gte=debut).count()
            if exclues:
                combien = nombre(exclues, "inscription est", "inscriptions sont")
                self.add_error("fin", f"{combien} tout entière{'s' if exclues > 1 else ''} hors de ces dates.")


class PeriodesFormSet(BaseInlineFormSet):
    def clean(self):
        """A period of a thousand years is a slip of the keyboard, and a thousand years of days to go through."""
        super().clean()
        debut, fin = self.instance.debut, self.instance.fin
        if not (debut and fin):
            return
        for form in self.forms:
            if form in self.deleted_forms or not form.has_changed() or form.errors:
                continue
            if form.cleaned_data["debut"] < debut or form.cleaned_data["fin"] > fin:
                form.add_error(
                    None, ValidationError(f"La période est dans l’année, du {debut:%d/%m/%Y} au {fin:%d/%m/%Y}.")
                )


class PeriodeInline(admin.TabularInline):
    model = PeriodeSansClasse
    formset = PeriodesFormSet
    extra = 1


@admin.register(AnneeScolaire)
class AnneeScolaireAdmin(SuppressionExpliquee):
    form = AnneeForm
    inlines = [PeriodeInline]
    list_display = ["libelle", "debut", "fin", "ouverture", "inscriptions"]
    search_fields = ["libelle"]
    ordering = ["-debut"]
    fieldsets = [
        (None, {"fields": ["libelle", ("debut", "fin"), "ouverture", "source"]}),
    ]

    def get_queryset(self, request):
        return super().get_queryset(request).annotate(nombre_d_inscriptions=Count("inscriptions"))

    def save_model(self, request, obj, form, change):
        form.avant = AnneeScolaire.objects.values_list("debut", "fin").get(pk=obj.pk) if change else None
        super().save_model(request, obj, form, change)

    def save_related(self, request, form, formsets, change):
        super().save_related(request, form, formsets, change)
        annee = form.instance
        if not change or {"debut", "fin"} & set(form.changed_data) or any(f.has_changed() for f in formsets):
            bilan = suivre_le_calendrier(annee=annee, avant=form.avant, auteur=request.user)
            dire_le_bilan(self, request, bilan)
        sans_prix = Activite.objects.filter(active=True).exclude(tarifs__annee=annee).count()
        if sans_prix:
            combien = nombre(sans_prix, "activité n’a pas", "activités n’ont pas")
            phrase = f"{combien} encore de prix pour {annee} : aucun repas ne pourra y être réservé."
            self.message_user(request, phrase, messages.WARNING)

    def delete_model(self, request, obj):
        supprimer_annee(obj)

    def delete_queryset(self, request, queryset):
        for annee in queryset:
            supprimer_annee(annee)

    @admin.display(description="inscriptions", ordering="nombre_d_inscriptions")
    def inscriptions(self, annee):
        return annee.nombre_d_inscriptions
