"""Bookings and proofs: read, searched, never written here."""

from django.contrib import admin

from comptes.admin_communs import Fiche, LectureSeule
from comptes.francais import INSECABLE, JOURS_COURTS, euros
from reservations.admin.journees import Periode
from reservations.models import Mouvement, Operation, Reservation


@admin.register(Reservation)
class ReservationAdmin(LectureSeule, Fiche):
    list_display = ["jour", "enfant", "activite"]
    list_display_links = ["jour", "enfant"]
    list_filter = [Periode, "journee__activite__ecole", "journee__activite"]
    search_fields = ["enfant__prenom", "enfant__nom", "inscription__rattachement__famille__nom"]
    search_help_text = "Enfant ou famille"
    date_hierarchy = "date"
    ordering = ["date", "enfant__nom", "enfant__prenom", "pk"]
    show_full_result_count = False
    readonly_fields = ["jour", "enfant", "activite", "annee"]
    fields = [*readonly_fields]

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("enfant", "journee__activite", "inscription__annee")

    @admin.display(description="jour", ordering="date")
    def jour(self, reservation):
        return f"{JOURS_COURTS[reservation.date.weekday()]}{INSECABLE}{reservation.date:%d/%m/%Y}"

    @admin.display(description="activité", ordering="journee__activite__nom")
    def activite(self, reservation):
        return reservation.journee.activite

    @admin.display(description="année scolaire")
    def annee(self, reservation):
        return reservation.inscription.annee


class Ligne:
    """How a movement reads, alone or under its operation."""

    @admin.display(description="enfant", ordering="inscription__rattachement__enfant__nom")
    def enfant(self, mouvement):
        return mouvement.inscription.enfant

    @admin.display(description="activité", ordering="inscription__activite__nom")
    def activite(self, mouvement):
        return mouvement.inscription.activite

    @admin.display(description="raison", ordering="motif")
    def raison(self, mouvement):
        return " : ".join(texte for texte in (mouvement.get_motif_display(), mouvement.precision) if texte)

    @admin.display(description="prix", ordering="prix")
    def prix_affiche(self, mouvement):
        return "" if mouvement.prix is None else euros(mouvement.prix)

    @admin.display(description="places prises")
    def places(self, mouvement):
        return "" if mouvement.places_prises is None else f"{mouvement.places_prises} sur {mouvement.capacite}"


class MouvementInline(Ligne, LectureSeule, admin.TabularInline):
    model = Mouvement
    readonly_fields = ["date", "enfant", "activite", "nature", "raison", "prix_affiche", "places"]
    fields = [*readonly_fields]
    can_delete = False
    extra = 0
    verbose_name_plural = "jours"

    def get_queryset(self, request):
        return (
            super().get_queryset(request).select_related("inscription__rattachement__enfant", "inscription__activite")
        )


@admin.register(Operation)
class OperationAdmin(LectureSeule, Fiche):
    list_display = ["numero", "cree_le", "famille", "origine", "auteur"]
    list_filter = ["origine", "cree_le"]
    list_select_related = ["famille", "auteur"]
    search_fields = ["famille__nom", "famille__responsables__utilisateur__email", "famille__enfants__nom"]
    search_help_text = "Numéro (2026-000123), famille ou adresse e-mail"
    date_hierarchy = "cree_le"
    ordering = ["-pk"]
    show_full_result_count = False
    readonly_fields = ["numero", "cree_le", "famille", "origine", "auteur"]
    fields = [*readonly_fields]
    inlines = [MouvementInline]

    def get_search_results(self, request, queryset, search_term):
        par_numero = queryset.numero(search_term.strip())
        if par_numero.exists():
            return par_numero, False
        return super().get_search_results(request, queryset, search_term)

    @admin.display(description="numéro", ordering="pk")
    def numero(self, operation):
        return operation.numero


@admin.register(Mouvement)
class MouvementAdmin(Ligne, LectureSeule, Fiche):
    list_display = ["date", "enfant", "activite", "nature", "raison", "places", "operation"]
    list_filter = ["nature", "motif", "date", "inscription__activite"]
    list_select_related = ["operation", "inscription__rattachement__enfant", "inscription__activite"]
    search_fields = [
        "inscription__rattachement__enfant__prenom",
        "inscription__rattachement__enfant__nom",
        "inscription__rattachement__famille__nom",
    ]
    search_help_text = "Enfant ou famille"
    ordering = ["-operation_id", "date", "pk"]
    show_full_result_count = False
    readonly_fields = [
        "operation",
        "date",
        "enfant",
        "activite",
        "nature",
        "raison",
        "prix_affiche",
        "places",
    ]
    fields = [*readonly_fields]
