"""Absences declared by the families: today's at a glance, read and never written here."""

from django.contrib import admin
from django.utils import timezone

from comptes.admin_communs import Fiche, LectureSeule
from comptes.francais import INSECABLE, JOURS_COURTS, euros
from reservations.admin.journees import Periode
from reservations.models import Absence


class JourDAbsence(Periode):
    """Today unless asked otherwise: who counts plates in the morning opens this page."""

    def lookups(self, request, model_admin):
        return [("semaine", "7 jours à venir"), ("passees", "passées"), ("toutes", "toutes")]

    def choices(self, changelist):
        choix = list(super().choices(changelist))
        choix[0]["display"] = "aujourd’hui"
        return choix

    def queryset(self, request, queryset):
        if self.value() is None:
            return queryset.filter(date=timezone.localdate())
        return super().queryset(request, queryset)


@admin.register(Absence)
class AbsenceAdmin(LectureSeule, Fiche):
    list_display = ["jour", "enfant", "activite", "declaree_le"]
    list_display_links = ["jour", "enfant"]
    list_filter = [JourDAbsence, "journee__activite__ecole", "journee__activite"]
    search_fields = ["enfant__prenom", "enfant__nom", "inscription__rattachement__famille__nom"]
    search_help_text = "Enfant ou famille"
    ordering = ["date", "enfant__nom", "enfant__prenom", "pk"]
    show_full_result_count = False

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("enfant", "journee__activite")

    def get_list_display(self, request):
        """The canteen sees meals, not money."""
        return (
            [*self.list_display, "reste_du"] if request.user.has_perm("reservations.view_tarif") else self.list_display
        )

    def get_fields(self, request, obj=None):
        return self.get_list_display(request)

    def get_readonly_fields(self, request, obj=None):
        return self.get_list_display(request)

    @admin.display(description="jour", ordering="date")
    def jour(self, absence):
        return f"{JOURS_COURTS[absence.date.weekday()]}{INSECABLE}{absence.date:%d/%m/%Y}"

    @admin.display(description="activité", ordering="journee__activite__nom")
    def activite(self, absence):
        return absence.journee.activite

    @admin.display(description="reste dû", ordering="prix")
    def reste_du(self, absence):
        return euros(absence.prix)
