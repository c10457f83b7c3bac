"""Enrolments."""

from django import forms
from django.contrib import admin
from django.db.models import Count, Max, Min, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from comptes.admin_communs import SuppressionExpliquee
from comptes.francais import date_courte, nombre
from reservations.models import Inscription, Reservation
from reservations.services.tarifs import prix_recalcules


class InscriptionForm(forms.ModelForm):
    """Without dates, the whole school year."""

    class Meta:
        model = Inscription
        fields = ["rattachement", "activite", "annee", "classe", "debut", "fin", "panier"]
        help_texts = {
            "debut": "Vide : depuis la rentrée.",
            "fin": "Vide : jusqu’à la fin de l’année scolaire.",
        }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for champ in {"debut", "fin"} & set(self.fields):
            self.fields[champ].required = False

    def clean(self):
        super().clean()
        annee = self.cleaned_data.get("annee") or (self.instance.annee if self.instance.annee_id else None)
        for champ in ("debut", "fin"):
            if annee and champ not in self.errors and not self.cleaned_data.get(champ):
                self.cleaned_data[champ] = getattr(annee, champ)
        if self.instance.pk and not self.errors:
            self._garder_les_repas(self.cleaned_data["debut"], self.cleaned_data["fin"])

    def _garder_les_repas(self, debut, fin):
        """Dates may not leave out meals that are booked."""
        dehors = self.instance.reservations.filter(Q(date__lt=debut) | Q(date__gt=fin)).aggregate(
            n=Count("pk"), premier=Min("date"), dernier=Max("date")
        )
        if dehors["n"]:
            repas = nombre(dehors["n"], "repas est réservé", "repas sont réservés")
            self.add_error(
                None,
                f"{repas} en dehors de ces dates, entre le {date_courte(dehors['premier'])} et le "
                f"{date_courte(dehors['dernier'])} : la famille les annule d’abord.",
            )


@admin.register(Inscription)
class InscriptionAdmin(SuppressionExpliquee):
    form = InscriptionForm
    list_display = ["enfant", "famille", "activite", "classe", "annee", "debut", "fin", "repas"]
    list_filter = ["annee", "activite__ecole", "activite"]
    list_select_related = ["rattachement__enfant", "rattachement__famille", "activite", "annee"]
    search_fields = [
        "rattachement__enfant__prenom",
        "rattachement__enfant__nom",
        "rattachement__famille__nom",
        "classe",
    ]
    search_help_text = "Enfant, famille ou classe"
    ordering = ["-annee__debut", "rattachement__enfant__nom", "rattachement__enfant__prenom", "pk"]
    autocomplete_fields = ["rattachement", "activite"]
    fieldsets = [(None, {"fields": ["rattachement", "activite", "annee", "classe", ("debut", "fin"), "panier"]})]

    def get_queryset(self, request):
        # A subquery, which PostgreSQL runs for the rows of the page only.
        repas = Reservation.objects.filter(inscription=OuterRef("pk")).order_by().values("inscription")
        compte = Coalesce(Subquery(repas.annotate(n=Count("pk")).values("n")), 0)
        return Inscription.objects.completes().annotate(nombre_de_repas=compte).order_by(*self.ordering)

    def get_object(self, request, object_id, from_field=None):
        """What is about to change is locked as a booking locks it: no meal slips in between the check and the dates."""
        objet = super().get_object(request, object_id, from_field)
        if objet is not None and request.method == "POST":
            list(Inscription.objects.filter(pk=objet.pk).completes().verrouillees())
        return objet

    def save_model(self, request, obj, form, change):
        """A child whose family brings the meal from now on pays another price from today on."""
        if not change or "panier" not in form.changed_data:
            super().save_model(request, obj, form, change)
            return
        siennes = Inscription.objects.filter(pk=obj.pk, activite__tarification__isnull=False)
        with prix_recalcules(siennes, depuis=timezone.localdate(), par=request.user):
            super().save_model(request, obj, form, change)

    def get_readonly_fields(self, request, obj=None):
        """Once it has a history, an enrolment stays the child's, the household's, the service's and the year's."""
        fige = obj is not None and (obj.nombre_de_repas or obj.mouvements.exists())
        return ["rattachement", "activite", "annee"] if fige else []

    @admin.display(description="enfant", ordering="rattachement__enfant__nom")
    def enfant(self, inscription):
        return inscription.enfant

    @admin.display(description="famille", ordering="rattachement__famille__nom")
    def famille(self, inscription):
        return inscription.famille

    @admin.display(description="repas réservés")
    def repas(self, inscription):
        return inscription.nombre_de_repas
