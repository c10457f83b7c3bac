"""Menus: one page a day, its dishes inline; a spreadsheet or another week, shown before it is written."""

import datetime as dt

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.contrib.postgres.expressions import ArraySubquery
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import transaction
from django.db.models import OuterRef
from django.forms.models import BaseInlineFormSet
from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from comptes.admin_communs import Fiche
from comptes.francais import enumerer
from reservations.lecture_menus import SEMAINE, lundi_de
from reservations.menus import TOUS, Lecture, MenuLu, ecrire_allergenes, lire_allergenes, lire_lignes, simplifier
from reservations.models import Activite, Allergene, AnneeScolaire, Journee, Menu, Plat
from reservations.services.menus import (
    MenusChanges,
    comparer,
    copier,
    desceller,
    enregistrer,
    hors_des_annees,
    phrase_du_bilan,
    sceller,
    verrouiller,
)
from reservations.tableur import ACCEPTES, lire_tableau, modele_csv, modele_xlsx

APRES_LES_AUTRES = 90
TYPE_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class PlatForm(forms.ModelForm):
    """Allergens are typed as in the spreadsheet: fourteen boxes a dish would be seventy a day."""

    allergenes = forms.CharField(
        label="allergènes",
        required=False,
        max_length=300,
        widget=forms.TextInput(attrs={"class": "vTextField", "autocomplete": "off"}),
    )

    class Meta:
        model = Plat
        fields = ["composante", "libelle", "allergenes", "vegetarien", "local"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.initial["allergenes"] = ecrire_allergenes(self.instance.allergenes)
        if self.instance.pk is None:
            self.instance.ordre = APRES_LES_AUTRES

    def clean_allergenes(self) -> list[str]:
        codes, inconnus = lire_allergenes(self.cleaned_data["allergenes"])
        if inconnus:
            mots = enumerer(f"« {mot[:40]} »" for mot in inconnus)
            raise ValidationError(f"{mots} : ce n’est pas l’un des quatorze allergènes.")
        return list(codes)


class PlatsFormSet(BaseInlineFormSet):
    """A new day has a line ready for each part of the meal."""

    def __init__(self, *args, **kwargs):
        instance = kwargs.get("instance")
        if instance is None or instance.pk is None:
            kwargs["initial"] = [{"composante": composante.value} for composante in Plat.Composante]
        super().__init__(*args, **kwargs)


class PlatInline(admin.TabularInline):
    model = Plat
    form = PlatForm
    formset = PlatsFormSet
    max_num = 30
    verbose_name_plural = "plats"

    def get_extra(self, request, obj=None, **kwargs):
        return 1 if obj else len(Plat.Composante)


class MenuForm(forms.ModelForm):
    class Meta:
        model = Menu
        fields = ["date", "activite", "remarque"]

    def clean_date(self):
        jour = self.cleaned_data["date"]
        if not AnneeScolaire.objects.filter(debut__lte=jour, fin__gte=jour).exists():
            raise ValidationError("Cette date n’est dans aucune année scolaire du portail.")
        return jour


class ImportForm(forms.Form):
    """What the file says, read; `menus` when nothing is wrong with it."""

    fichier = forms.FileField(
        label="Fichier",
        allow_empty_file=True,  # answered with the others, in the same words
        max_length=255,
        help_text="Tableur .xlsx, ou .csv (séparateur : point-virgule), 2 Mo au plus. Il n’est pas conservé.",
        widget=forms.ClearableFileInput(attrs={"accept": ACCEPTES}),
    )
    lecture = Lecture()

    def clean_fichier(self):
        noms = Activite.objects.values_list("nom", "pk")
        self.lecture = lire_lignes(
            lire_tableau(self.cleaned_data["fichier"]), {simplifier(nom): pk for nom, pk in noms}
        )


# Of dates to count from: a day of the year 9999 has no next one.
HORS_BORNES = "Choisissez une date entre 2000 et 2200."
BORNES = [
    MinValueValidator(dt.date(2000, 1, 1), HORS_BORNES),
    MaxValueValidator(dt.date(2200, 1, 1), HORS_BORNES),
]


class CopieForm(forms.Form):
    quoi = forms.ChoiceField(label="Copier", choices=[("semaine", "une semaine"), ("jour", "un seul jour")])
    de = forms.DateField(
        label="Jour à copier",
        validators=BORNES,
        help_text="Pour une semaine, n’importe lequel de ses jours. Par exemple 28/09/2026.",
    )
    vers = forms.DateField(
        label="Vers le jour", validators=BORNES, help_text="Pour une semaine, n’importe lequel de ses jours."
    )
    lecture = Lecture()

    def clean(self):
        lus = super().clean() or {}
        if {"quoi", "de", "vers"} - lus.keys():
            return lus
        de, vers, jours = lus["de"], lus["vers"], 1
        if lus["quoi"] == "semaine":
            de, vers, jours = (de - dt.timedelta(days=de.weekday()), vers - dt.timedelta(days=vers.weekday()), 7)
        if de == vers:
            self.add_error("vers", "Choisissez un autre jour que celui à copier.")
            return lus
        self.lecture = Lecture(menus=copier(debut=de, jours=jours, vers=vers))
        if not self.lecture.menus:
            self.add_error("de", "Aucun menu n’est enregistré à ces dates.")
        return lus


@admin.register(Menu)
class MenuAdmin(Fiche):
    form = MenuForm
    inlines = [PlatInline]
    list_display = ["date", "service", "les_plats", "remarque"]
    list_select_related = ["activite"]
    list_filter = ["activite__ecole"]
    search_fields = ["plats__libelle", "remarque", "activite__nom"]
    search_help_text = "Plat, remarque ou activité"
    date_hierarchy = "date"
    ordering = ["-date", "activite"]
    change_list_template = "admin/reservations/menu/liste.html"
    fieldsets = [
        (
            None,
            {
                "fields": ["date", "activite", "remarque"],
                "description": "Allergènes d’un plat : "
                + ", ".join(a.label.lower() for a in Allergene)
                + ". Séparez-les par des virgules ; laissez vide s’il n’y en a aucun.",
            },
        ),
    ]

    def get_queryset(self, request):
        plats = Plat.objects.filter(menu=OuterRef("pk")).order_by("ordre", "pk")
        return super().get_queryset(request).annotate(libelles=ArraySubquery(plats.values("libelle")))

    @admin.display(description="service", ordering="activite__nom")
    def service(self, menu):
        return menu.activite or TOUS

    @admin.display(description="plats")
    def les_plats(self, menu):
        return ", ".join(menu.libelles)

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        """One writer of menus at a time: this page, or an import."""
        if request.method != "POST":
            return super().changeform_view(request, object_id, form_url, extra_context)
        with transaction.atomic():
            verrouiller()
            return super().changeform_view(request, object_id, form_url, extra_context)

    def changelist_view(self, request, extra_context=None):
        return super().changelist_view(request, {"importable": self._importe(request), **(extra_context or {})})

    def _importe(self, request) -> bool:
        return self.has_add_permission(request) and self.has_change_permission(request)

    def get_urls(self):
        pages = {
            "importer/": (self.importer_view, "importer"),
            "copier/": (require_safe(self.copier_view), "copier"),
            "confirmer/": (require_POST(self.confirmer_view), "confirmer"),
            "modele.<str:extension>": (require_safe(self.modele_view), "modele"),
        }
        notres = [
            path(adresse, self.admin_site.admin_view(self._reserve(vue)), name=f"reservations_menu_{nom}")
            for adresse, (vue, nom) in pages.items()
        ]
        return [*notres, *super().get_urls()]

    def _reserve(self, vue):
        def reservee(request, **arguments):
            if not self._importe(request):
                raise PermissionDenied
            return vue(request, **arguments)

        return reservee

    def importer_view(self, request):
        """GET asks for the file; POST shows what it would change, and keeps nothing."""
        form = ImportForm(request.POST, request.FILES) if request.method == "POST" else ImportForm()
        return self._proposer(request, form, "Importer des menus", "importer")

    def copier_view(self, request):
        form = CopieForm(request.GET or None)
        return self._proposer(request, form, "Copier des menus", "copier")

    def _proposer(self, request, form, titre, page):
        lecture = form.lecture if form.is_bound and form.is_valid() else Lecture()
        fautes = lecture.fautes or hors_des_annees(lecture.menus)
        return self._montrer(request, titre, page, form=form, fautes=fautes, menus=[] if fautes else lecture.menus)

    def _montrer(self, request, titre: str, page: str, *, form, menus: list[MenuLu], fautes=()):
        differences = comparer(menus) if menus else []
        natures = [difference.nature for difference in differences]
        contexte = {
            **self.admin_site.each_context(request),
            "title": titre,
            "opts": self.opts,
            "form": form,
            "page": page,
            "fautes": fautes,
            "differences": differences,
            "comptes": {nature: natures.count(nature) for nature in ("ajoute", "remplace", "inchange")},
            "fermees": sum(bool(difference.fermeture) for difference in differences),
            "sceau": sceller(differences, request.user) if differences else "",
        }
        return TemplateResponse(request, "admin/reservations/menu/proposition.html", contexte)

    def confirmer_view(self, request):
        """Write what was shown, all of it; shown again when somebody changed the same menus meanwhile."""
        try:
            menus, vu = desceller(request.POST.get("sceau", ""), request.user)
            if fautes := hors_des_annees(menus):
                raise ValidationError(fautes[:3])
            with transaction.atomic():
                ajoutes, remplaces = enregistrer(menus, vu=vu)
                for objets, action in ((ajoutes, ADDITION), (remplaces, CHANGE)):
                    LogEntry.objects.log_actions(request.user.pk, objets, action, change_message="Importé ou copié")
        except ValidationError as refus:
            self.message_user(request, " ".join(refus.messages), messages.ERROR)
        except MenusChanges:
            phrase = "Ces menus ont changé depuis la vérification : voici ce qui serait remplacé maintenant."
            self.message_user(request, phrase, messages.WARNING)
            return self._montrer(request, "Vérifier de nouveau", "importer", form=ImportForm(), menus=menus)
        else:
            self.message_user(request, phrase_du_bilan(ajoutes, remplaces), messages.SUCCESS)
        return redirect("admin:reservations_menu_changelist")

    def modele_view(self, request, extension):
        """The days of service of the coming two weeks, ready to fill."""
        faire = {"xlsx": (modele_xlsx, TYPE_XLSX), "csv": (modele_csv, "text/csv; charset=utf-8")}.get(extension)
        if faire is None:
            return redirect("admin:reservations_menu_importer")
        lundi = lundi_de(timezone.localdate()) + SEMAINE
        jours = Journee.objects.filter(date__range=(lundi, lundi + 2 * SEMAINE), fermeture="")
        contenu = faire[0](list(jours.order_by("date").values_list("date", flat=True).distinct()))
        nom = f'attachment; filename="modele-menus.{extension}"'
        return HttpResponse(contenu, content_type=faire[1], headers={"Content-Disposition": nom})
