"""The days of service: read by the hundred, changed one by one."""

import datetime as dt
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import F
from django.utils import timezone
from django.utils.html import format_html

from comptes.admin_communs import Fiche
from comptes.francais import INSECABLE, JOURS_COURTS, heure, nombre
from reservations.admin.communs import dire_le_bilan, lien_de_l_annulation, peut_lire_l_annulation
from reservations.models import Journee
from reservations.regles import FIN_DU_SERVICE, PARIS
from reservations.services.modifier_journee import Reglages, annulation_du_jour, modifier_journee, verifier_la_fermeture

LIMITES = ("limite_reservation", "limite_annulation", "limite_tardive", "limite_absence")
AU_PLUS_TOT = dt.timedelta(days=366)


class Periode(admin.SimpleListFilter):
    """Days to come unless asked otherwise: there are thousands of them."""

    title = "période"
    parameter_name = "periode"
    champ = "date"

    def lookups(self, request, model_admin):
        return [("jour", "aujourd’hui"), ("semaine", "7 jours à venir"), ("passees", "passées"), ("toutes", "toutes")]

    def choices(self, changelist):
        choix = list(super().choices(changelist))
        choix[0]["display"] = "à venir"
        return choix

    def queryset(self, request, queryset):
        aujourdhui = timezone.localdate()
        match self.value():
            case "jour":
                return queryset.filter(**{self.champ: aujourdhui})
            case "semaine":
                return queryset.filter(**{f"{self.champ}__range": (aujourdhui, aujourdhui + dt.timedelta(days=6))})
            case "passees":
                return queryset.filter(**{f"{self.champ}__lt": aujourdhui})
            case "toutes":
                return queryset
        return queryset.filter(**{f"{self.champ}__gte": aujourdhui})


class Etat(admin.SimpleListFilter):
    title = "état"
    parameter_name = "etat"
    etats: dict[str, tuple[str, dict[str, Any]]] = {
        "ouverte": ("ouverte", {"fermeture": ""}),
        "fermee": ("fermée", {"fermeture__gt": ""}),
        "complete": ("complète", {"fermeture": "", "places_prises__gte": F("capacite")}),
        "depassement": ("au-dessus de sa capacité", {"depassement__gt": 0}),
        "manuelle": ("réglée à la main", {"manuelle": True}),
    }

    def lookups(self, request, model_admin):
        return [(code, libelle) for code, (libelle, _) in self.etats.items()]

    def queryset(self, request, queryset):
        _, filtre = self.etats.get(self.value() or "", ("", {}))
        return queryset.filter(**filtre)


class JourneeForm(forms.ModelForm):
    confirmer = forms.BooleanField(
        label="Annuler les repas réservés ce jour-là",
        required=False,
        help_text="Demandé quand il y en a. Ils se rétabliront d’un coup, sur la page de l’annulation collective.",
    )

    class Meta:
        model = Journee
        fields = ["capacite", *LIMITES, "manuelle", "fermeture"]

    def clean(self):
        super().clean()
        fin_du_repas = dt.datetime.combine(self.instance.date, FIN_DU_SERVICE, tzinfo=PARIS)
        for champ in LIMITES:
            limite = self.cleaned_data.get(champ)
            if limite and limite > fin_du_repas:
                self.add_error(champ, f"La limite est au plus tard le jour du repas, à {heure(FIN_DU_SERVICE)}.")
            elif limite and limite < fin_du_repas - AU_PLUS_TOT:
                self.add_error(champ, "La limite est au plus tôt un an avant le repas.")
        if "fermeture" in self.cleaned_data and "fermeture" in self.changed_data:
            self._verifier_la_fermeture(self.cleaned_data["fermeture"])

    def _verifier_la_fermeture(self, motif):
        try:
            verifier_la_fermeture(Journee.objects.get(pk=self.instance.pk), motif)
        except ValidationError as refus:
            self.add_error("fermeture", refus)
        prises = self.instance.places_prises
        if motif and prises and not self.cleaned_data.get("confirmer"):
            repas = nombre(prises, "repas est réservé", "repas sont réservés")
            self.add_error(
                "confirmer",
                f"{repas} ce jour-là : cochez pour les annuler sans frais et prévenir les familles par e-mail.",
            )

    def reglages(self) -> Reglages:
        """Only what the agent changed."""
        utiles = set(self.changed_data) & set(Reglages.__dataclass_fields__)
        lus = {champ: self.cleaned_data[champ] for champ in utiles}
        vides = frozenset(champ for champ in LIMITES if champ in lus and lus[champ] is None)
        return Reglages(**lus, vides=vides)


@admin.register(Journee)
class JourneeAdmin(Fiche):
    form = JourneeForm
    list_display = ["jour", "activite", "prises", "capacite", "avant", "fermeture", "manuelle"]
    list_filter = [Periode, Etat, "activite__ecole", "activite"]
    list_select_related = ["activite"]
    search_fields = ["activite__nom", "fermeture"]
    search_help_text = "Activité ou motif de fermeture"
    date_hierarchy = "date"
    ordering = ["date", "activite__nom", "pk"]
    show_full_result_count = False
    readonly_fields = ["jour", "activite", "prises", "depassement"]

    def get_fieldsets(self, request, obj=None):
        fermeture = ["fermeture", "confirmer"] if self.has_change_permission(request, obj) else ["fermeture"]
        if obj is not None and annulation_du_jour(obj):
            fermeture = ["fermeture", "annulation_collective"] if peut_lire_l_annulation(request) else ["fermeture"]
        return [
            (None, {"fields": ["jour", "activite", "prises", "depassement"]}),
            (
                "Réglages de ce jour",
                {
                    "fields": ["capacite", *LIMITES, "manuelle"],
                    "description": "Changer la capacité ou une limite règle la journée à la main. Décocher « réglée à "
                    "la main » lui rend celles de l’activité.",
                },
            ),
            ("Fermeture", {"fields": fermeture}),
        ]

    def get_readonly_fields(self, request, obj=None):
        """A day that a collective cancellation closed is opened by its undoing, not here."""
        champs = [*super().get_readonly_fields(request, obj), "annulation_collective"]
        return [*champs, "fermeture"] if obj is not None and annulation_du_jour(obj) else champs

    def has_add_permission(self, request):
        return False  # days come from the calendar and the activity

    def has_delete_permission(self, request, obj=None):
        return False

    def has_change_permission(self, request, obj=None):
        if obj is not None and obj.date < timezone.localdate():
            return False  # days past are proof
        return super().has_change_permission(request, obj)

    def save_model(self, request, obj, form, change):
        bilan = modifier_journee(journee=obj, reglages=form.reglages(), auteur=request.user)
        dire_le_bilan(self, request, bilan)
        lien = lien_de_l_annulation(annulation_du_jour(Journee.objects.get(pk=obj.pk)))
        if bilan.fermees and lien and peut_lire_l_annulation(request):
            self.message_user(request, format_html("Annulation collective {}", lien), messages.INFO)

    @admin.display(description="jour", ordering="date")
    def jour(self, journee):
        return f"{JOURS_COURTS[journee.date.weekday()]}{INSECABLE}{journee.date:%d/%m/%Y}"

    @admin.display(description="annulation collective")
    def annulation_collective(self, journee):
        return lien_de_l_annulation(annulation_du_jour(journee))

    @admin.display(description="réserver avant", ordering="limite_reservation")
    def avant(self, journee):
        return f"{timezone.localtime(journee.limite_reservation):%d/%m %H:%M}".replace(" ", INSECABLE)

    @admin.display(description="places prises", ordering="places_prises")
    def prises(self, journee):
        return journee.places_prises
