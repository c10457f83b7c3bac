"""What the pages of the administration share, in every room."""

from django.contrib import admin, messages
from django.contrib.admin.options import BaseModelAdmin
from django.contrib.admin.widgets import AdminSplitDateTime, AutocompleteSelect, RelatedFieldWidgetWrapper
from django.core.exceptions import ValidationError
from django.db import DataError, transaction
from django.db.models import CASCADE, PROTECT, Model, ProtectedError, QuerySet
from django.http import HttpResponseRedirect
from django.utils.text import capfirst

from comptes.francais import nombre


def retenu_par(objets: QuerySet) -> dict[type[Model], int]:
    """What forbids deleting these rows, cascades included: model → number of rows. Counts only, whatever the number."""
    trouves: dict[type[Model], int] = {}
    for lien in objets.model._meta.related_objects:
        lies = lien.related_model._base_manager.filter(**{f"{lien.field.name}__in": objets})
        if lien.on_delete is PROTECT:
            if n := lies.count():
                trouves[lien.related_model] = trouves.get(lien.related_model, 0) + n
        elif lien.on_delete is CASCADE:
            for modele, n in retenu_par(lies).items():
                trouves[modele] = trouves.get(modele, 0) + n
    return trouves


class ChoixCherche(AutocompleteSelect):
    """Django's own asks the database for whatever it was sent, and fails on what is not a key."""

    CHIFFRES = 18  # of a bigint

    def optgroups(self, name, value, attrs=None):
        cles = [cle for cle in map(str, value) if cle.isascii() and cle.isdecimal() and len(cle) <= self.CHIFFRES]
        return super().optgroups(name, cles, attrs)


class AvecRecherche(BaseModelAdmin):
    """Fields of `autocomplete_fields` drawn by `ChoixCherche`: of a page, or of its inlines."""

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs.setdefault("widget", ChoixCherche(db_field, self.admin_site, using=kwargs.get("using")))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


class Fiche(AvecRecherche, admin.ModelAdmin):
    """A page in French that reads: Django's titles are « Ajout de inscription », « Sélectionnez l’objet journée »."""

    def changelist_view(self, request, extra_context=None):
        """A year 9999 in the address, a selection that names no row: a sentence, then the list."""
        titre = capfirst(self.opts.verbose_name_plural)
        try:
            with transaction.atomic():
                return super().changelist_view(request, {"title": titre, **(extra_context or {})})
        except (ValueError, OverflowError, DataError, ValidationError):
            self.message_user(request, "Cette demande n’a pas de sens. Rien n’a été changé.", messages.ERROR)
            return HttpResponseRedirect(request.path)

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        nom = self.opts.verbose_name
        titre = capfirst(nom) if object_id else f"Ajouter : {nom}"
        return super().changeform_view(request, object_id, form_url, {"title": titre, **(extra_context or {})})

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        """No red cross next to a list that would delete the school rather than the choice; a name for each half."""
        champ = super().formfield_for_dbfield(db_field, request, **kwargs)
        if champ and isinstance(champ.widget, AdminSplitDateTime):
            for moitie, mot in zip(champ.widget.widgets, ("date", "heure"), strict=True):
                moitie.attrs["aria-label"] = f"{capfirst(db_field.verbose_name)} : {mot}"
        if champ and isinstance(champ.widget, RelatedFieldWidgetWrapper):
            champ.widget.can_delete_related = False
        return champ


class SuppressionExpliquee(Fiche):
    """What bookings or proofs hold cannot be deleted: a page says by what, without listing a year of days."""

    def retenu_par(self, objets: QuerySet) -> dict[type[Model], int]:
        return retenu_par(objets)

    def get_deleted_objects(self, objs, request):
        objets = self.model._base_manager.filter(pk__in=[objet.pk for objet in objs])
        retenues = [
            nombre(n, str(modele._meta.verbose_name), str(modele._meta.verbose_name_plural))
            for modele, n in self.retenu_par(objets).items()
        ]
        if retenues:
            return [str(objet) for objet in objs], {}, set(), retenues
        return super().get_deleted_objects(objs, request)

    def delete_view(self, request, object_id, extra_context=None):
        """Someone may book between the question and its confirmation."""
        try:
            return super().delete_view(request, object_id, extra_context)
        except ProtectedError:
            return self._trop_tard(request)

    def changelist_view(self, request, extra_context=None):
        try:
            return super().changelist_view(request, extra_context)
        except ProtectedError:
            return self._trop_tard(request)

    def _trop_tard(self, request):
        phrase = "Rien n’a été supprimé : des inscriptions ou des réservations viennent de s’y ajouter."
        self.message_user(request, phrase, messages.ERROR)
        return HttpResponseRedirect(request.get_full_path())


class LectureSeule:
    """Read, never written here: proofs, and what services alone write."""

    def has_add_permission(self, request, obj=None):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False
