"""Schools, their meal services and prices, closures."""

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.db.models import Count, Q
from django.shortcuts import redirect
from django.urls import reverse_lazy
from django.utils import timezone
from django.utils.text import format_lazy

from comptes.admin_communs import Fiche, SuppressionExpliquee
from comptes.francais import INSECABLE, JOURS, JOURS_COURTS, nombre
from reservations.admin.communs import dire_le_bilan, lien_de_l_annulation, peut_lire_l_annulation
from reservations.models import Activite, AnneeScolaire, Ecole, Fermeture, Journee, Reservation, Tarif
from reservations.services.annees import supprimer_activite
from reservations.services.journees import actualiser_a_venir, repas_perdus
from reservations.tarifs import RegleDeRetard


@admin.register(Ecole)
class EcoleAdmin(SuppressionExpliquee):
    list_display = ["nom", "uai", "adresse", "activites"]
    search_fields = ["nom", "uai"]
    search_help_text = "Nom ou code UAI"

    def get_queryset(self, request):
        return (
            super()
            .get_queryset(request)
            .annotate(nombre_d_activites=Count("activites", filter=Q(activites__active=True)))
        )

    @admin.display(description="activités en service")
    def activites(self, ecole):
        return ecole.nombre_d_activites


# --- Meal services ---------------------------------------------------------------------------------------------------
class ActiviteForm(forms.ModelForm):
    jours = forms.TypedMultipleChoiceField(
        label="Jours de service",
        choices=list(enumerate(JOURS, 1)),
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        help_text="Un jour retiré ferme ses journées à venir : leurs repas sont annulés et les familles prévenues.",
    )

    class Meta:
        model = Activite
        fields = [
            "nom",
            "ecole",
            "niveau",
            "active",
            "jours",
            "capacite",
            "reservation_jours",
            "reservation_unite",
            "reservation_jour_semaine",
            "reservation_heure",
            "annulation_jours",
            "annulation_unite",
            "annulation_jour_semaine",
            "annulation_heure",
            "retard",
            "retard_montant",
            "retard_franchise",
            "retard_heure",
            "absence_heure",
            "absence_carence",
            "offre_heures",
            "courriel",
        ]
        localized_fields = ["retard_montant"]  # 2,50 as well as 2.50


class TarifForm(forms.ModelForm):
    class Meta:
        model = Tarif
        fields = ["annee", "prix", "cout"]
        localized_fields = ["prix", "cout"]  # 4,97 as well as 4.97


class TarifInline(admin.TabularInline):
    model = Tarif
    form = TarifForm
    extra = 0


# What the days of a service are made of.
REGLES = {
    "jours",
    "capacite",
    "active",
    "reservation_jours",
    "reservation_unite",
    "reservation_jour_semaine",
    "reservation_heure",
    "annulation_jours",
    "annulation_unite",
    "annulation_jour_semaine",
    "annulation_heure",
    "retard",
    "retard_heure",
    "absence_heure",
}


@admin.register(Activite)
class ActiviteAdmin(SuppressionExpliquee):
    form = ActiviteForm
    inlines = [TarifInline]
    list_display = ["nom", "ecole", "niveau", "les_jours", "capacite", "active"]
    list_filter = ["active", "niveau", "ecole"]
    list_select_related = ["ecole"]
    search_fields = ["nom", "ecole__nom"]
    search_help_text = "Activité ou école"
    autocomplete_fields = ["ecole"]
    fieldsets = [
        (None, {"fields": ["nom", ("ecole", "niveau"), "active"]}),
        (
            "Service",
            {
                "fields": ["jours", "capacite"],
                "description": "Une capacité ou un délai changé ici vaut pour toutes les journées à venir, sauf celles "
                "réglées à la main.",
            },
        ),
        (
            "Délai pour réserver",
            {
                "fields": [
                    ("reservation_jours", "reservation_unite", "reservation_heure"),
                    "reservation_jour_semaine",
                ],
                "description": f"0 jour avant{INSECABLE}: le matin même. "
                f"Avec «{INSECABLE}semaine précédente{INSECABLE}», "
                "choisissez le jour de cette semaine-là, qui vaut pour tous les repas de la suivante.",
            },
        ),
        (
            "Délai pour annuler",
            {"fields": [("annulation_jours", "annulation_unite", "annulation_heure"), "annulation_jour_semaine"]},
        ),
        ("Réservation tardive", {"fields": ["retard", ("retard_montant", "retard_franchise", "retard_heure")]}),
        ("Absence du matin", {"fields": [("absence_heure", "absence_carence"), "courriel"]}),
        ("Liste d’attente", {"fields": ["offre_heures"]}),
    ]

    def save_related(self, request, form, formsets, change):
        super().save_related(request, form, formsets, change)
        activite = form.instance
        if not activite.active:
            self._dire_hors_service(request, activite)
        elif not change or REGLES & set(form.changed_data):
            dire_le_bilan(self, request, actualiser_a_venir(activites=[activite], auteur=request.user))
        self._dire_sans_prix(request, activite)
        self._dire_sans_cout(request, activite)

    def _dire_hors_service(self, request, activite):
        repas = Reservation.objects.filter(journee__activite=activite, date__gte=timezone.localdate()).count()
        if repas:
            combien = nombre(repas, "repas à venir y est réservé", "repas à venir y sont réservés")
            phrase = f"L’activité n’est plus en service, mais {combien} : pour les annuler, saisissez une fermeture."
            self.message_user(request, phrase, messages.WARNING)

    def _dire_sans_prix(self, request, activite):
        annees = AnneeScolaire.objects.en_cours(timezone.localdate()).exclude(tarifs__activite=activite)
        if activite.active and (libelles := [annee.libelle for annee in annees]):
            phrase = f"Aucun repas ne pourra être réservé sans prix : il manque pour {', '.join(libelles)}."
            self.message_user(request, phrase, messages.WARNING)

    def _dire_sans_cout(self, request, activite):
        sans_cout = activite.tarifs.filter(cout=None, annee__in=AnneeScolaire.objects.en_cours(timezone.localdate()))
        libelles = sans_cout.values_list("annee__libelle", flat=True)
        if activite.active and activite.retard != RegleDeRetard.Mode.REFUS and libelles:
            phrase = (
                "Un repas réservé en retard sera au prix ordinaire : sans coût de revient, pas de supplément. "
                f"Il manque pour {', '.join(libelles)}."
            )
            self.message_user(request, phrase, messages.WARNING)

    def retenu_par(self, objets):
        """Days alone hold nothing: they go with a service in which nobody was ever enrolled."""
        return {modele: n for modele, n in super().retenu_par(objets).items() if modele is not Journee}

    def get_deleted_objects(self, objs, request):
        activites = self.model.objects.filter(pk__in=[objet.pk for objet in objs])
        if self.retenu_par(activites):
            return super().get_deleted_objects(objs, request)
        journees = Journee.objects.filter(activite__in=activites).count()
        refuse = set() if self.has_delete_permission(request) else {str(self.opts.verbose_name)}
        compte = {self.opts.verbose_name_plural: len(objs), Journee._meta.verbose_name_plural: journees}
        return [str(objet) for objet in objs], compte, refuse, []

    def delete_model(self, request, obj):
        supprimer_activite(obj)

    def delete_queryset(self, request, queryset):
        for activite in queryset:
            supprimer_activite(activite)

    @admin.display(description="jours")
    def les_jours(self, activite):
        return " ".join(JOURS_COURTS[jour - 1] for jour in sorted(activite.jours))


# --- Closures --------------------------------------------------------------------------------------------------------
class FermetureForm(forms.ModelForm):
    """Asks before it cancels: meals booked are counted, and the agent confirms."""

    confirmer = forms.BooleanField(
        label="Annuler les repas réservés ces jours-là",
        required=False,
        help_text=format_lazy(
            "Demandé quand il y en a. Retirer la fermeture ne les rendra pas : pour pouvoir les rétablir, faites "
            'plutôt <a href="{}">une annulation collective</a>.',
            reverse_lazy("admin:reservations_annulationcollective_add"),
        ),
    )

    class Meta:
        model = Fermeture
        fields = ["activite", "debut", "fin", "motif"]

    def clean(self):
        super().clean()
        donnees = self.cleaned_data
        if donnees.get("confirmer") or not (donnees.get("debut") and donnees.get("fin")):
            return
        repas = Reservation.objects.filter(
            date__range=(donnees["debut"], donnees["fin"]), date__gte=timezone.localdate()
        )
        if donnees.get("activite"):
            repas = repas.filter(journee__activite=donnees["activite"])
        if n := repas.count():
            phrase = nombre(n, "repas est réservé", "repas sont réservés")
            self.add_error(
                "confirmer",
                f"{phrase} ces jours-là : cochez pour les annuler sans frais et prévenir les familles par e-mail.",
            )


@admin.register(Fermeture)
class FermetureAdmin(Fiche):
    form = FermetureForm
    list_display = ["motif", "debut", "fin", "ou", "par"]
    list_filter = ["debut", "activite"]
    list_select_related = ["activite", "collective"]
    readonly_fields = ["annulation_collective"]
    search_fields = ["motif", "activite__nom"]
    search_help_text = "Motif ou activité"
    autocomplete_fields = ["activite"]

    def get_fieldsets(self, request, obj=None):
        champs = ["motif", "activite", ("debut", "fin")]
        if obj is not None and obj.collective_id:
            champs += ["annulation_collective"] if peut_lire_l_annulation(request) else []
        elif self.has_change_permission(request, obj):
            champs.append("confirmer")
        return [(None, {"fields": champs, "description": "Sans activité, toutes les cantines de la ville ferment."})]

    def has_change_permission(self, request, obj=None):
        return (obj is None or obj.collective_id is None) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request, obj=None):
        return (obj is None or obj.collective_id is None) and super().has_delete_permission(request, obj)

    def delete_view(self, request, object_id, extra_context=None):
        """The page of one that a collective cancellation wrote leads there."""
        objet = self.get_object(request, unquote(object_id))
        if objet is None or objet.collective is None or not peut_lire_l_annulation(request):
            return super().delete_view(request, object_id, extra_context)
        self.message_user(
            request,
            "Cette fermeture vient d’une annulation collective : elle se rétablit ici tout entière, avec les repas "
            "annulés.",
            messages.WARNING,
        )
        return redirect("admin:reservations_annulationcollective_change", objet.collective_id)

    def get_deleted_objects(self, objs, request):
        """A closure that a collective cancellation wrote goes with the undoing, which gives the meals back."""
        if collectives := {objet.collective_id: objet.collective for objet in objs if objet.collective_id}:
            return [str(objet) for objet in objs], {}, set(), [lien_de_l_annulation(a) for a in collectives.values()]
        return super().get_deleted_objects(objs, request)

    def save_model(self, request, obj, form, change):
        """The days to refresh are those of before and those of after."""
        form.avant = Fermeture.objects.get(pk=obj.pk) if change else None
        super().save_model(request, obj, form, change)

    def save_related(self, request, form, formsets, change):
        super().save_related(request, form, formsets, change)
        self._actualiser(request, [fermeture for fermeture in (form.avant, form.instance) if fermeture])

    def delete_model(self, request, obj):
        super().delete_model(request, obj)
        self._actualiser(request, [obj])

    def delete_queryset(self, request, queryset):
        fermetures = list(queryset)
        super().delete_queryset(request, queryset)
        self._actualiser(request, fermetures)

    def _actualiser(self, request, fermetures):
        activites = [fermeture.activite for fermeture in fermetures]
        bilan = actualiser_a_venir(
            activites=None if None in activites else set(activites),
            periode=(min(f.debut for f in fermetures), max(f.fin for f in fermetures)),
            auteur=request.user,
        )
        dire_le_bilan(self, request, bilan)
        if bilan.rouvertes and (perdus := repas_perdus(fermetures).count()):
            phrase = nombre(
                perdus,
                "repas annulé par une fermeture n’est pas rendu",
                "repas annulés par une fermeture ne sont pas rendus",
            )
            self.message_user(
                request, f"{phrase} sur ces jours : les familles les réservent de nouveau.", messages.WARNING
            )

    @admin.display(description="annulation collective")
    def annulation_collective(self, fermeture):
        return lien_de_l_annulation(fermeture.collective)

    @admin.display(description="par", ordering="collective")
    def par(self, fermeture):
        return "annulation collective" if fermeture.collective_id else ""

    @admin.display(description="où", ordering="activite__nom")
    def ou(self, fermeture):
        return fermeture.activite or "toute la ville"
