"""Tariffs by quotient familial: which services share them, and their grids with brackets."""

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils import timezone

from comptes.admin_communs import Fiche, SuppressionExpliquee
from comptes.francais import INSECABLE, date_courte, euros
from reservations.models import Activite, Grille, Inscription, Tarification, Tranche
from reservations.services.tarifs import prix_recalcules


def _inscriptions(activites: Q):
    return Inscription.objects.filter(activites)


class TarificationForm(forms.ModelForm):
    activites = forms.ModelMultipleChoiceField(
        Activite.objects.all(),
        label="services",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Un service coché ici quitte la tarification qu’il avait.",
    )

    class Meta:
        model = Tarification
        fields = ["nom"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.instance.pk and "activites" in self.fields:
            self.fields["activites"].initial = self.instance.activites.all()


@admin.register(Tarification)
class TarificationAdmin(SuppressionExpliquee):
    form = TarificationForm
    list_display = ["nom"]
    search_fields = ["nom"]
    actions = None
    fields = ["nom", "activites"]

    def get_fields(self, request, obj=None):
        """Who reads only has no form, hence no field of it."""
        lit = obj is not None and not self.has_change_permission(request, obj)
        return ["nom", "les_services"] if lit else self.fields

    def get_readonly_fields(self, request, obj=None):
        return ["les_services"]

    @admin.display(description="services")
    def les_services(self, tarification):
        return ", ".join(tarification.activites.values_list("nom", flat=True)) or "–"

    def save_model(self, request, obj, form, change):
        """The meals booked in a service that comes or goes take their new price."""
        choisies = [a.pk for a in form.cleaned_data.get("activites", ())]
        touchees = Q(activite__in=choisies) | Q(activite__tarification=obj.pk or 0)
        with prix_recalcules(_inscriptions(touchees), depuis=timezone.localdate(), par=request.user):
            super().save_model(request, obj, form, change)
            Activite.objects.filter(tarification=obj).exclude(pk__in=choisies).update(tarification=None)
            Activite.objects.filter(pk__in=choisies).exclude(tarification=obj).update(tarification=obj)


class GrilleForm(forms.ModelForm):
    class Meta:
        model = Grille
        fields = [
            "tarification", "deliberation", "votee_le", "debut", "fin", "cout", "mode", "taux", "plancher", "plafond",
            "prix_exterieur", "prix_panier", "fratrie_rang", "fratrie_reduction", "supplement_absence",
        ]  # fmt: skip
        localized_fields = [
            "cout", "taux", "plancher", "plafond", "prix_exterieur", "prix_panier", "fratrie_reduction",
            "supplement_absence",
        ]  # fmt: skip
        help_texts = {"fin": "Vide : sans fin. Donnez-en une avant d’ajouter la grille suivante."}

    def clean(self):
        super().clean()
        lues = self.cleaned_data
        if lues.get("debut") and lues.get("fin") and lues["fin"] < lues["debut"]:
            # Before the constraint on overlaps, which cannot make a range of these dates.
            self.add_error("fin", "La grille finit le jour où elle commence, ou après.")
        elif self.instance.pk and self.instance.debut <= timezone.localdate():
            if lues.get("fin") and lues["fin"] < timezone.localdate():
                self.add_error("fin", "Cette grille a commencé : son dernier jour est aujourd’hui ou après.")
        elif lues.get("debut") and lues.get("tarification"):
            self._refuser_le_recouvrement(lues["tarification"], lues["debut"], lues.get("fin"))
        return lues

    def _refuser_le_recouvrement(self, tarification, debut, fin):
        """The constraint would refuse it too; this says which grid, and what to do."""
        autres = Grille.objects.filter(Q(fin__isnull=True) | Q(fin__gte=debut), tarification=tarification)
        autre = autres.filter(**({"debut__lte": fin} if fin else {})).exclude(pk=self.instance.pk).first()
        if autre:
            jusqu_a = f"jusqu’au {date_courte(autre.fin)}" if autre.fin else "sans fin"
            self.add_error(
                "debut",
                f"La grille de la délibération {autre.deliberation} vaut depuis le {date_courte(autre.debut)}, "
                f"{jusqu_a}{INSECABLE}: donnez-lui d’abord un dernier jour avant celui-ci.",
            )


class TrancheForm(forms.ModelForm):
    class Meta:
        model = Tranche
        fields = ["a_partir_de", "libelle", "prix"]
        localized_fields = ["prix"]


class TranchesFormSet(forms.BaseInlineFormSet):
    """The brackets make sense together, and with their grid."""

    def clean(self):
        super().clean()
        if any(self.errors):
            return
        tranches = sorted(
            (f.cleaned_data["a_partir_de"], f.cleaned_data["prix"])
            for f in self.forms
            if f.cleaned_data and not f.cleaned_data.get("DELETE")
        )
        if not tranches:
            if self.instance.mode == Grille.Mode.TRANCHES:
                raise ValidationError("Une grille par tranches a au moins une tranche, qui commence à 0.")
            return
        if tranches[0][0] != 0:
            raise ValidationError("La première tranche commence à 0 : chaque famille a ainsi un prix.")
        cout = self.instance.cout
        if cout is not None and max(prix for _, prix in tranches) > cout:
            raise ValidationError(
                f"Le prix d’une tranche dépasse le coût d’un repas, {euros(cout)} (code de l’éducation, art. R531-53)."
            )
        prix = [p for _, p in tranches]
        self.decroissantes = prix != sorted(prix)

    decroissantes = False


class TrancheInline(admin.TabularInline):
    model = Tranche
    form = TrancheForm
    formset = TranchesFormSet
    extra = 0
    ordering = ["a_partir_de"]

    def has_add_permission(self, request, obj=None):
        return super().has_add_permission(request, obj) and not _commencee(obj)

    def has_change_permission(self, request, obj=None):
        return super().has_change_permission(request, obj) and not _commencee(obj)

    def has_delete_permission(self, request, obj=None):
        return super().has_delete_permission(request, obj) and not _commencee(obj)


def _commencee(grille: Grille | None) -> bool:
    """Whether meals are or may be billed at its prices: from its first day on it is only given an end."""
    return isinstance(grille, Grille) and grille.pk is not None and grille.debut <= timezone.localdate()


@admin.register(Grille)
class GrilleAdmin(Fiche):
    form = GrilleForm
    inlines = [TrancheInline]
    list_display = ["deliberation", "tarification", "votee_le", "debut", "fin", "mode", "cout"]
    list_filter = ["tarification"]
    list_select_related = ["tarification"]
    search_fields = ["deliberation"]
    search_help_text = "Délibération"
    date_hierarchy = "debut"
    actions = None
    FIGES = [nom for nom in GrilleForm.Meta.fields if nom != "fin"]

    def get_fieldsets(self, request, obj=None):
        phrase = (
            "Cette grille a commencé : ses repas se facturent à ses prix. Seul son dernier jour se change ; un autre "
            "prix est une autre grille, votée par une autre délibération."
        )
        return [
            (
                None,
                {
                    "fields": ["tarification", ("deliberation", "votee_le"), ("debut", "fin"), "cout"],
                    "description": phrase if _commencee(obj) else "",
                },
            ),
            ("Prix selon le quotient familial", {"fields": ["mode", "taux", ("plancher", "plafond")]}),
            (
                "Autres situations",
                {
                    "fields": [
                        "prix_exterieur",
                        "prix_panier",
                        ("fratrie_rang", "fratrie_reduction"),
                        "supplement_absence",
                    ]
                },
            ),
        ]

    def get_readonly_fields(self, request, obj=None):
        return self.FIGES if _commencee(obj) else []

    def has_delete_permission(self, request, obj=None):
        return super().has_delete_permission(request, obj) and not _commencee(obj)

    def delete_model(self, request, obj):
        with self._prix_recalcules(request, obj):
            super().delete_model(request, obj)

    def save_related(self, request, form, formsets, change):
        """With its brackets written, the meals booked from today on take the price of the grid."""
        with self._prix_recalcules(request, form.instance):
            super().save_related(request, form, formsets, change)
        if any(getattr(formset, "decroissantes", False) for formset in formsets):
            self.message_user(
                request, "Un prix diminue quand le quotient augmente : vérifiez les tranches.", messages.WARNING
            )
        if not change and form.instance.debut < timezone.localdate():
            phrase = (
                "Cette grille a déjà commencé : les repas d’avant aujourd’hui gardent le prix annoncé aux familles."
            )
            self.message_user(request, phrase, messages.WARNING)

    def _prix_recalcules(self, request, grille):
        touchees = _inscriptions(Q(activite__tarification=grille.tarification_id))
        return prix_recalcules(touchees, depuis=timezone.localdate(), par=request.user)
