"""The register of refusals, the waiting list and the reminders: read, searched, never written here."""

from django.contrib import admin
from django.utils import timezone

from comptes.admin_communs import Fiche, LectureSeule
from comptes.francais import INSECABLE, JOURS_COURTS
from reservations.admin.journees import Periode
from reservations.admin.preuves import Ligne
from reservations.models import Attente, Mouvement, Rappel, RefusEnregistre
from reservations.regles import REFUS_DE_REPAS

RECHERCHE = [
    "inscription__rattachement__enfant__prenom",
    "inscription__rattachement__enfant__nom",
    "inscription__rattachement__famille__nom",
]


def jour_court(date) -> str:
    return f"{JOURS_COURTS[date.weekday()]}{INSECABLE}{date:%d/%m/%Y}"


class Raison(admin.SimpleListFilter):
    """The reasons of a refusal: what one is told of a cancellation or of an absence is none."""

    title = "raison"
    parameter_name = "motif"

    def lookups(self, request, model_admin):
        return [(motif.value, motif.label) for motif in REFUS_DE_REPAS]

    def queryset(self, request, queryset):
        return queryset.filter(motif=self.value()) if self.value() else queryset


@admin.register(RefusEnregistre)
class RefusAdmin(Ligne, LectureSeule, Fiche):
    """Each meal refused, with the instant, the capacity and the count on which it was."""

    # The proof first: on a narrow screen the rest is what one scrolls to.
    list_display = ["jour", "instant", "enfant", "raison", "places", "famille", "activite", "operation"]
    list_filter = [Raison, Periode, "inscription__activite"]
    list_select_related = [
        "operation",
        "inscription__rattachement__enfant",
        "inscription__rattachement__famille",
        "inscription__activite",
    ]
    search_fields = RECHERCHE
    search_help_text = "Enfant ou famille"
    date_hierarchy = "date"
    ordering = ["-operation_id", "date", "pk"]
    show_full_result_count = False
    readonly_fields = ["jour", "instant", "enfant", "famille", "activite", "raison", "places", "operation"]
    fields = [*readonly_fields]

    def get_queryset(self, request):
        return super().get_queryset(request).filter(nature=Mouvement.Nature.REFUS)

    @admin.display(description="jour", ordering="date")
    def jour(self, refus):
        return jour_court(refus.date)

    @admin.display(description="refusé le", ordering="operation__cree_le")
    def instant(self, refus):
        return f"{timezone.localtime(refus.operation.cree_le):%d/%m/%Y %H:%M:%S}"

    @admin.display(description="famille", ordering="inscription__rattachement__famille__nom")
    def famille(self, refus):
        return refus.inscription.famille


@admin.register(Attente)
class AttenteAdmin(LectureSeule, Fiche):
    """Who waits for which day, by order of request."""

    list_display = ["jour", "rang", "enfant", "famille", "activite", "mode", "etat", "demandee_le", "expire_le"]
    list_filter = ["etat", "mode", Periode, "journee__activite"]
    list_select_related = ["enfant", "inscription__rattachement__famille", "journee__activite"]
    search_fields = RECHERCHE
    search_help_text = "Enfant ou famille"
    date_hierarchy = "date"
    ordering = ["date", "journee", "pk"]
    show_full_result_count = False
    readonly_fields = [
        "jour",
        "rang",
        "enfant",
        "famille",
        "activite",
        "mode",
        "etat",
        "demandee_le",
        "attribuee_le",
        "annoncee_le",
        "expire_le",
        "close_le",
    ]
    fields = [*readonly_fields]

    def get_queryset(self, request):
        return Attente.objects.avec_rang()

    @admin.display(description="jour", ordering="date")
    def jour(self, attente):
        return jour_court(attente.date)

    @admin.display(description="rang")
    def rang(self, attente):
        return attente.rang if attente.etat in Attente.ACTIFS else ""

    @admin.display(description="famille", ordering="inscription__rattachement__famille__nom")
    def famille(self, attente):
        return attente.inscription.famille

    @admin.display(description="activité", ordering="journee__activite__nom")
    def activite(self, attente):
        return attente.journee.activite


@admin.register(Rappel)
class RappelAdmin(LectureSeule, Fiche):
    list_display = ["semaine", "famille", "envoye_le"]
    list_select_related = ["famille"]
    search_fields = ["famille__nom"]
    search_help_text = "Famille"
    date_hierarchy = "semaine"
    show_full_result_count = False
    readonly_fields = ["semaine", "famille", "envoye_le"]
    fields = [*readonly_fields]
