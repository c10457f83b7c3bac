"""Papers in the administration: those of households, by role and with a trace; those of the town, to publish."""

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import UploadedFile
from django.shortcuts import get_object_or_404
from django.template.defaultfilters import filesizeformat
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.views.decorators.http import require_safe

from comptes.admin_communs import Fiche, LectureSeule
from comptes.models import Document, DocumentDeLaVille
from comptes.regles_documents import validite
from comptes.roles import natures_lues
from comptes.services.documents import tracer_la_lecture
from comptes.telechargement import en_piece_jointe
from comptes.televersement import ACCEPTES, lire_fichier


@admin.register(Document)
class DocumentAdmin(LectureSeule, Fiche):
    """Each role sees the natures that it works with (comptes/roles.py); each download is written in the journal.

    The household's own name of the file is not shown: it may tell of health, and says less than the nature.
    """

    list_display = ["nature", "enfant", "famille", "fin", "telecharger"]
    list_display_links = ["nature"]
    list_filter = ["nature", "expire_le"]
    list_select_related = ["famille", "enfant"]
    search_fields = ["famille__nom", "enfant__nom", "enfant__prenom"]
    search_help_text = "Famille ou enfant"
    ordering = ["-depose_le", "-pk"]
    actions = None
    fields = ["nature", "enfant", "famille", "fin", "depose_le", "poids", "telecharger"]
    readonly_fields = ["nature", "enfant", "famille", "fin", "depose_le", "poids", "telecharger"]

    def get_queryset(self, request):
        return super().get_queryset(request).filter(nature__in=natures_lues(request.user))

    def get_urls(self):
        vue = self.admin_site.admin_view(require_safe(self.telecharger_view))
        return [path("<int:pk>/telecharger/", vue, name="comptes_document_telecharger"), *super().get_urls()]

    def telecharger_view(self, request, pk):
        if not self.has_view_permission(request):
            raise PermissionDenied
        document = get_object_or_404(self.get_queryset(request), pk=pk)
        reponse = en_piece_jointe(document.fichier, nom=document.nom, type_mime=document.type_mime)
        tracer_la_lecture(document, agent=request.user)
        return reponse

    @admin.display(description="validité", ordering="expire_le")
    def fin(self, document):
        return validite(document.expire_le, timezone.localdate()).phrase

    @admin.display(description="taille")
    def poids(self, document):
        return filesizeformat(document.taille)

    @admin.display(description="fichier")
    def telecharger(self, document):
        adresse = reverse("admin:comptes_document_telecharger", args=[document.pk])
        return format_html(
            '<a href="{}">Télécharger<span class="visually-hidden"> n° {}</span></a>', adresse, document.pk
        )


class DocumentDeLaVilleForm(forms.ModelForm):
    """The same reader as for the papers of households: an agent's machine may be the one that is ill."""

    fichier = forms.FileField(
        label="Fichier",
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": ACCEPTES}),
        help_text="Un PDF ou une image. Un nouveau fichier remplace l’ancien à la même adresse.",
    )

    class Meta:
        model = DocumentDeLaVille
        fields = ["titre", "fichier", "publie", "ordre"]

    def clean_fichier(self):
        envoye = self.cleaned_data["fichier"]
        if not isinstance(envoye, UploadedFile):
            return envoye  # the one that is there already
        lu = lire_fichier(envoye)
        self.instance.nom, self.instance.type_mime, self.instance.taille = lu.nom, lu.type_mime, lu.taille
        return ContentFile(lu.contenu, name=lu.nom)


@admin.register(DocumentDeLaVille)
class DocumentDeLaVilleAdmin(Fiche):
    """A file replaced or deleted is swept from the safe a day later (`balayer_le_coffre`)."""

    form = DocumentDeLaVilleForm
    list_display = ["titre", "nom", "publie", "ordre", "depose_le"]
    list_filter = ["publie"]
    search_fields = ["titre"]
    search_help_text = "Titre"
    ordering = ["ordre", "titre"]
    fields = ["titre", "fichier", "publie", "ordre", "nom"]
    readonly_fields = ["nom"]
