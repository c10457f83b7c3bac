"""The texts of the town: an agent publishes versions, and changes none."""

from typing import Any, cast

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Prefetch
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join

from comptes.admin_communs import Fiche
from comptes.francais import instant_long
from comptes.lecture_textes import versions_lues
from comptes.models import Texte, VersionDeTexte
from comptes.models.textes import TexteQuerySet
from comptes.services.textes import publier, verifier_le_contenu
from comptes.textes import LONGUEUR, comparer, rendre, variables_de


class PublicationForm(forms.Form):
    contenu = forms.CharField(
        label="Texte",
        max_length=LONGUEUR,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 24, "class": "vLargeTextField"}),
        help_text="# titre, - liste, **gras**, [lien](https://…). Le portail remplace {mots}.",
    )
    effet = forms.DateTimeField(
        label="Date d’effet",
        required=False,
        widget=forms.DateTimeInput(attrs={"placeholder": "jj/mm/aaaa hh:mm"}, format="%d/%m/%Y %H:%M"),
        help_text="Vide : tout de suite.",
    )
    precedente = forms.IntegerField(min_value=0, max_value=32766, widget=forms.HiddenInput)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        mots = ", ".join(f"{{{{{nom}}}}}" for nom in variables_de(settings.VILLE))
        self.fields["contenu"].help_text = self.fields["contenu"].help_text.replace("{mots}", mots)

    def clean_contenu(self):
        verifier_le_contenu(self.cleaned_data["contenu"])
        return self.cleaned_data["contenu"]


@admin.register(Texte)
class TexteAdmin(Fiche):
    list_display = ["titre", "usage", "version", "bloquante", "actif"]
    list_filter = ["page", "a_signer", "actif"]
    search_fields = ["titre", "code"]
    search_help_text = "Titre ou code"
    ordering = ["ordre", "titre"]
    actions = None
    fields = ["titre", "code", "a_signer", "oui_seulement", "bloquante", "ordre", "actif", "les_versions"]
    readonly_fields = ["les_versions"]

    def get_queryset(self, request):
        versions = VersionDeTexte.objects.defer("contenu")
        textes = cast("TexteQuerySet", super().get_queryset(request))
        return textes.avec_version().prefetch_related(Prefetch("versions", versions))

    def get_readonly_fields(self, request, obj=None):
        """The addresses of versions hang on the code."""
        return [*self.readonly_fields, *(["code"] if obj else [])]

    def has_delete_permission(self, request, obj=None):
        return False  # somebody may have signed it: it is made inactive instead

    def get_urls(self):
        publication = self.admin_site.admin_view(self.publier_view)
        version = self.admin_site.admin_view(self.version_view)
        return [
            path("<int:pk>/publier/", publication, name="comptes_texte_publier"),
            path("<int:pk>/versions/<int:numero>/", version, name="comptes_texte_version"),
            *super().get_urls(),
        ]

    def response_add(self, request, obj, post_url_continue=None):
        """A text without words is nothing: its first version comes next."""
        return redirect("admin:comptes_texte_publier", obj.pk)

    def publier_view(self, request, pk):
        """Write the next version from the last; see what it changes; publish it."""
        texte = self._texte(request, pk, "add")
        derniere = texte.versions.order_by("-numero").first()
        avant, numero = (derniere.contenu, derniere.numero) if derniere else ("", 0)
        contexte: dict[str, Any] = {"texte": texte, "derniere": derniere, "apercu": None, "difference": None}
        if request.method != "POST":
            form = PublicationForm(initial={"contenu": avant, "precedente": numero})
        else:
            form = PublicationForm(request.POST)
            if form.is_valid() and "publier" in request.POST and self._publier(request, texte, form):
                return redirect("admin:comptes_texte_change", texte.pk)
            if form.is_bound and "contenu" in form.cleaned_data:
                contenu = form.cleaned_data["contenu"]
                contexte |= {
                    "apercu": rendre(contenu, settings.VILLE, niveau=3, prefixe="apercu-"),
                    "difference": comparer(avant, contenu),
                }
        return self._page(request, "publier", f"{texte} : nouvelle version", **contexte, form=form)

    def _publier(self, request, texte, form) -> bool:
        try:
            version = publier(texte=texte, auteur=request.user, **form.cleaned_data)
        except ValidationError as refus:
            form.add_error(None, refus)
            return False
        quand = f"en vigueur le {instant_long(version.publiee_le)}"
        self.log_change(request, texte, f"Version {version.numero} publiée, {quand}")
        self.message_user(request, f"Version {version.numero} publiée, {quand}.", messages.SUCCESS)
        for autre in versions_lues(texte, timezone.now()):
            if autre.abandonnee and autre.depuis > timezone.now():
                phrase = f"La version {autre.numero}, prévue pour le {instant_long(autre.depuis)}, n’aura pas d’effet."
                self.message_user(request, phrase, messages.WARNING)
        return True

    def version_view(self, request, pk, numero):
        """A version, and what it changed of the former."""
        texte = self._texte(request, pk, "view")
        lues = {v.numero: v for v in texte.versions.select_related("auteur").filter(numero__in=[numero - 1, numero])}
        if numero not in lues:
            raise Http404
        version, avant = lues[numero], lues.get(numero - 1)
        contexte = {
            "texte": texte,
            "version": version,
            "lue": next(v for v in versions_lues(texte, timezone.now()) if v.numero == numero),
            "difference": comparer(avant.contenu, version.contenu) if avant else None,
            "rendu": rendre(version.contenu, settings.VILLE, niveau=3),
        }
        return self._page(request, "version", str(version), **contexte)

    def _texte(self, request, pk, action) -> Texte:
        if not request.user.has_perm(f"comptes.{action}_versiondetexte"):
            raise PermissionDenied
        return get_object_or_404(Texte, pk=pk)

    def _page(self, request, nom, titre, **contexte):
        commun = {**self.admin_site.each_context(request), "opts": self.opts, "title": titre}
        return TemplateResponse(request, f"admin/comptes/texte/{nom}.html", commun | contexte)

    @admin.display(description="usage")
    def usage(self, texte):
        if texte.page:
            return "page, à lire" if texte.a_signer else "page"
        return "à signer" if texte.a_signer else "sans usage"

    @admin.display(description="version en vigueur")
    def version(self, texte):
        lue = next((v for v in texte.versions.all() if v.pk == texte.version_id), None)
        return f"{lue.numero}, depuis le {instant_long(lue.publiee_le)}" if lue else None

    @admin.display(description="versions")
    def les_versions(self, texte):
        lignes = [
            (reverse("admin:comptes_texte_version", args=[texte.pk, v.numero]), v.numero, v.periode)
            for v in (versions_lues(texte, timezone.now()) if texte.pk else [])
        ]
        liste = format_html_join("", '<li><a href="{}">Version {}</a>, {}</li>', lignes)
        return format_html("<ul>{}</ul>", liste) if lignes else "aucune : publiez la première"
