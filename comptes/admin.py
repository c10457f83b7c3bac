"""The guichet's pages: logins, households, children."""

from typing import Any

import django.contrib.auth.admin  # noqa: F401  registers the groups first, so that they can be removed
import django_otp.plugins.otp_totp.admin  # noqa: F401  the same
from django import forms
from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied, ValidationError
from django.forms.models import BaseInlineFormSet
from django.utils import timezone
from django_otp.plugins.otp_totp.models import TOTPDevice

from comptes import (
    admin_demandes,  # noqa: F401  registers its pages
    admin_documents,  # noqa: F401  its pages
    admin_textes,  # noqa: F401  its pages
)
from comptes.admin_actualiser import AvecBoutonActualiser
from comptes.admin_communs import AvecRecherche, Fiche, SuppressionExpliquee
from comptes.admin_contacts import AvecContacts
from comptes.francais import nombre
from comptes.models import (
    ESSAIS_AU_PLUS,
    Enfant,
    EssaisConnexion,
    Famille,
    Rattachement,
    Responsable,
    Utilisateur,
    normaliser_courriel,
)
from comptes.regles_foyer import verifier_naissance
from comptes.services.connexion import cle_de, deverrouiller, est_verrouille
from comptes.services.famille import changer_d_adresse, donner_un_acces, verifier_courriel
from comptes.services.quotients import changement_du_foyer
from comptes.services.second_facteur import retirer

# The roles are a table of the code, comptes/roles.py: a group changed by hand would be changed back.
admin.site.unregister(Group)
admin.site.unregister(TOTPDevice)  # nobody reads the secret of a telephone; it is removed from the account's list


# --- Logins ----------------------------------------------------------------------------------------------------------
class UtilisateurForm(forms.ModelForm):
    class Meta:
        model = Utilisateur
        fields = ["email", "prenom", "nom", "is_active", "is_staff", "is_superuser", "groups"]
        widgets = {"groups": forms.CheckboxSelectMultiple}

    def clean_email(self):
        return normaliser_courriel(self.cleaned_data["email"])

    def clean(self):
        super().clean()
        if self.cleaned_data.get("is_staff") and hasattr(self.instance, "responsable"):
            self.add_error("is_staff", "Ce compte est celui d’un parent : un agent travaille avec une autre adresse.")
        if self.cleaned_data.get("is_superuser") and not self.cleaned_data.get("is_staff"):
            self.add_error("is_superuser", "Un administrateur est d’abord un agent.")
        reste = self.cleaned_data.get("is_superuser", True) and self.cleaned_data.get("is_active", True)
        administrateurs = Utilisateur.objects.filter(is_superuser=True, is_active=True)
        if not reste and list(administrateurs) == [self.instance]:
            raise ValidationError("C’est le dernier administrateur : donnez d’abord ce droit à quelqu’un d’autre.")


class ListeDesComptes(ChangeList):
    def get_results(self, request):
        """The addresses under lock, for the rows of the page: the count is kept under a fingerprint, not a key."""
        super().get_results(request)
        cles = {cle_de(compte.email): compte for compte in self.result_list}
        verrous = EssaisConnexion.objects.filter(pk__in=cles, echecs__gte=ESSAIS_AU_PLUS).values_list("pk", flat=True)
        verrouilles = {cles[cle].pk for cle in verrous}
        for compte in self.result_list:
            compte.verrouille = compte.pk in verrouilles


@admin.register(Utilisateur)
class UtilisateurAdmin(Fiche):
    form = UtilisateurForm
    list_display = ["email", "prenom", "nom", "qualite", "mot_de_passe", "verrouille", "is_active"]
    list_filter = ["is_active", "is_staff", "groups"]
    list_select_related = ["responsable__famille"]
    search_fields = ["email", "prenom", "nom", "responsable__prenom", "responsable__nom", "responsable__famille__nom"]
    search_help_text = "Adresse e-mail, prénom ou nom"
    ordering = ["email"]
    actions = ["action_deverrouiller", "action_retirer_second_facteur"]
    readonly_fields = ["qualite", "mot_de_passe", "etat_du_verrou", "last_login", "cree_le"]

    def lookup_allowed(self, lookup, value, request):
        """The hash of a password is not guessed letter by letter with `?password__startswith=…`, as in UserAdmin."""
        return not lookup.startswith("password") and super().lookup_allowed(lookup, value, request)

    def get_queryset(self, request):
        return super().get_queryset(request).prefetch_related("groups")

    def get_changelist(self, request, **kwargs):
        return ListeDesComptes

    def get_fieldsets(self, request, obj=None):
        """An agent gives nobody the rights of an agent, nor takes them: administrators do."""
        compte: dict[str, Any] = {"fields": ["email", ("prenom", "nom"), "is_active"]}
        pages: list[tuple[str | None, dict[str, Any]]] = [(None, compte)]
        if request.user.is_superuser:
            pages.append(("Droits d’agent", {"fields": ["is_staff", "groups", "is_superuser"]}))
        if obj:
            pages.append(("Accès", {"fields": ["qualite", "mot_de_passe", "etat_du_verrou", "last_login", "cree_le"]}))
        else:
            compte["description"] = (
                "Le compte n’a pas de mot de passe : la personne utilise « Générer votre mot de passe » sur la page de "
                "connexion. L’accès d’un parent se donne plutôt sur la page de sa famille."
            )
        return pages

    def has_change_permission(self, request, obj=None):
        if obj is not None and _est_un_agent(obj) and not request.user.is_superuser:
            return False
        return super().has_change_permission(request, obj)

    def has_delete_permission(self, request, obj=None):
        return False  # its name is on operations and in the journal: it is made inactive instead

    def save_model(self, request, obj, form, change):
        if not change:
            obj.password = make_password(None)
        super().save_model(request, obj, form, change)
        if change and "email" in form.changed_data:
            changer_d_adresse(compte=obj, courriel=obj.email)
            self.message_user(
                request,
                "L’adresse a changé : l’ancien mot de passe ne sert plus. La personne en génère un sur la page de "
                "connexion, avec sa nouvelle adresse.",
                messages.WARNING,
            )

    @admin.display(description="qualité")
    def qualite(self, compte):
        if compte.is_superuser:
            return "Administrateur"
        if compte.is_staff:
            return f"Agent : {', '.join(role.name for role in compte.groups.all()) or 'sans rôle'}"
        responsable = getattr(compte, "responsable", None)
        return str(responsable.famille) if responsable else "Sans famille"

    @admin.display(description="mot de passe")
    def mot_de_passe(self, compte):
        if not compte.has_usable_password():
            return "à générer"
        return "à changer" if compte.mot_de_passe_a_changer else "choisi"

    @admin.display(description="verrouillé", boolean=True)
    def verrouille(self, compte):
        return compte.verrouille

    @admin.display(description="verrouillé", boolean=True)
    def etat_du_verrou(self, compte):
        return est_verrouille(compte)

    @admin.action(description="Déverrouiller", permissions=["change"])
    def action_deverrouiller(self, request, comptes):
        permis = [compte for compte in comptes if self.has_change_permission(request, compte)]
        faits = sum(deverrouiller(utilisateur=compte, agent=request.user) for compte in permis)
        self.message_user(request, f"{nombre(faits, 'compte déverrouillé', 'comptes déverrouillés')}.")
        if refuses := len(comptes) - len(permis):
            phrase = f"{nombre(refuses, 'compte d’agent', 'comptes d’agents')} : un administrateur les déverrouille."
            self.message_user(request, phrase, messages.WARNING)

    @admin.action(description="Retirer le second facteur (téléphone perdu)", permissions=["change"])
    def action_retirer_second_facteur(self, request, comptes):
        """After having seen the person: the password alone lets in again."""
        permis = [compte for compte in comptes if self.has_change_permission(request, compte)]
        faits = sum(retirer(utilisateur=compte, agent=request.user) for compte in permis)
        self.message_user(request, f"{nombre(faits, 'second facteur retiré', 'seconds facteurs retirés')}.")
        if refuses := len(comptes) - len(permis):
            phrase = f"{nombre(refuses, 'compte d’agent', 'comptes d’agents')} : un administrateur s’en charge."
            self.message_user(request, phrase, messages.WARNING)


def _est_un_agent(compte: Utilisateur) -> bool:
    return compte.is_staff or compte.is_superuser


# --- Households ------------------------------------------------------------------------------------------------------
class ResponsableForm(forms.ModelForm):
    courriel = forms.EmailField(
        label="Adresse e-mail",
        required=False,
        max_length=254,
        help_text="Son identifiant sur le portail, à lui seul. Sans adresse, pas d’accès.",
        widget=forms.EmailInput(attrs={"class": "vTextField"}),
    )

    class Meta:
        model = Responsable
        fields = ["prenom", "nom", "telephone"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.instance.utilisateur:
            self.initial["courriel"] = self.instance.utilisateur.email

    def clean_courriel(self):
        courriel = normaliser_courriel(self.cleaned_data["courriel"])
        verifier_courriel(courriel=courriel, responsable=self.instance)
        return courriel


class ResponsablesFormSet(BaseInlineFormSet):
    def clean(self):
        super().clean()
        if any(form.instance.pk is None for form in self.initial_forms):  # a form tampered with, or an old page
            raise ValidationError("Un de ces responsables n’est pas, ou n’est plus, de cette famille.")
        gardes = [form for form in self.forms if form not in self.deleted_forms]
        adresses = [adresse for form in gardes if (adresse := form.cleaned_data.get("courriel"))]
        if len(set(adresses)) < len(adresses):
            raise ValidationError("Les deux responsables ont la même adresse e-mail : chaque adulte a la sienne.")


class ResponsableInline(admin.StackedInline):
    model = Responsable
    form = ResponsableForm
    formset = ResponsablesFormSet
    fields = [("prenom", "nom"), ("courriel", "telephone")]
    min_num, max_num = 1, 2

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("utilisateur", "famille")

    def get_extra(self, request, obj=None, **kwargs):
        return self.max_num - self.min_num

    def get_formset(self, request, obj=None, **kwargs):
        return super().get_formset(request, obj, validate_min=True, validate_max=True, **kwargs)


class RattachementForm(forms.ModelForm):
    """A child of a household is added or taken away, never exchanged: enrolments and meals hang on the row."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            for champ in self.fields.values():
                champ.disabled = True


class RattachementInline(AvecRecherche, admin.TabularInline):
    model = Rattachement
    form = RattachementForm
    extra = 1

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("enfant", "famille")


class EnfantInline(RattachementInline):
    autocomplete_fields = ["enfant"]
    verbose_name, verbose_name_plural = "enfant", "enfants"


class FamilleInline(RattachementInline):
    autocomplete_fields = ["famille"]
    verbose_name, verbose_name_plural = "famille", "familles (deux quand les parents sont séparés)"


@admin.register(Famille)
class FamilleAdmin(AvecBoutonActualiser, AvecContacts, SuppressionExpliquee):
    contacts_par = "rattachement__famille"
    list_display = ["nom", "les_responsables", "les_enfants", "commune", "telephone"]
    list_filter = ["commune"]
    search_fields = [
        "nom",
        "telephone",
        "responsables__prenom",
        "responsables__nom",
        "responsables__telephone",
        "responsables__utilisateur__email",
        "enfants__prenom",
        "enfants__nom",
    ]
    search_help_text = "Nom, adresse e-mail, téléphone ou enfant"
    fields = ["nom", "adresse", ("code_postal", "commune"), "telephone"]
    inlines = [ResponsableInline, EnfantInline]

    def get_queryset(self, request):
        return super().get_queryset(request).prefetch_related("responsables", "enfants")

    def save_model(self, request, obj, form, change):
        """A household that moves in or out of the town pays another price."""
        if not change or "commune" not in form.changed_data:
            super().save_model(request, obj, form, change)
            return
        with changement_du_foyer(obj, depuis=timezone.localdate(), par=request.user):
            super().save_model(request, obj, form, change)

    def save_formset(self, request, form, formset, change):
        if formset.model is Responsable:
            self._enregistrer_les_responsables(request, formset)
        else:
            super().save_formset(request, form, formset, change)

    def _enregistrer_les_responsables(self, request, formset):
        modifies = formset.save(commit=False)
        for responsable in formset.deleted_objects:
            responsable.delete()
        rangs = set(formset.instance.responsables.values_list("rang", flat=True))
        for responsable in modifies:
            if responsable.pk is None:
                responsable.rang = 2 if 1 in rangs else 1
                rangs.add(responsable.rang)
            responsable.save()
        for form in formset.forms:
            if form not in formset.deleted_forms and "courriel" in form.changed_data:
                self._donner_un_acces(request, form)

    def _donner_un_acces(self, request, form):
        avait_un_acces = form.instance.utilisateur_id is not None
        compte = donner_un_acces(responsable=form.instance, courriel=form.cleaned_data["courriel"])
        if compte is None:
            phrase = f"{form.instance} n’a plus d’accès au portail."
        elif compte.has_usable_password():
            phrase = f"{form.instance} entre sur le portail avec {compte.email} et son mot de passe."
        else:
            ancien = " L’ancien mot de passe ne sert plus." if avait_un_acces else ""
            phrase = (
                f"{form.instance} utilise maintenant « Générer votre mot de passe » sur la page de connexion, avec "
                f"{compte.email}.{ancien}"
            )
        self.message_user(request, phrase)

    @admin.display(description="responsables")
    def les_responsables(self, famille):
        return ", ".join(map(str, famille.responsables.all()))

    @admin.display(description="enfants")
    def les_enfants(self, famille):
        return ", ".join(map(str, famille.enfants.all()))


class EnfantForm(forms.ModelForm):
    class Meta:
        model = Enfant
        fields = ["prenom", "nom", "naissance"]

    def clean_naissance(self):
        verifier_naissance(self.cleaned_data["naissance"], timezone.localdate())
        return self.cleaned_data["naissance"]


@admin.register(Enfant)
class EnfantAdmin(AvecContacts, SuppressionExpliquee):
    contacts_par = "rattachement__enfant"
    form = EnfantForm
    list_display = ["nom", "prenom", "naissance", "les_familles"]
    list_display_links = ["nom", "prenom"]
    search_fields = ["prenom", "nom", "familles__nom"]
    search_help_text = "Prénom, nom ou famille"
    fields = [("prenom", "nom"), "naissance"]
    inlines = [FamilleInline]

    def get_queryset(self, request):
        return super().get_queryset(request).prefetch_related("familles")

    @admin.display(description="familles")
    def les_familles(self, enfant):
        return ", ".join(str(famille) for famille in enfant.familles.all())


@admin.register(Rattachement)
class RattachementAdmin(Fiche):
    """Only searched: by the form of an enrolment. Children join a household on the household's page."""

    search_fields = ["enfant__prenom", "enfant__nom", "famille__nom"]
    ordering = ["enfant__nom", "enfant__prenom", "pk"]
    actions = None

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("enfant", "famille")

    def get_model_perms(self, request):
        return {}

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def delete_view(self, request, object_id, extra_context=None):
        """No page of its own; the right stays, for a household that is deleted with its children's lines."""
        raise PermissionDenied
