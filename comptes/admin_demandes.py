"""The guichet's page of requests: read, accept or refuse with a word. The quotients that the town holds."""

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.html import format_html

from comptes.admin_actualiser import AvecActualisation, AvecBoutonActualiser
from comptes.admin_communs import Fiche
from comptes.formulaires_quotient import QuotientForm, ReponseForm, ReponseQuotientForm
from comptes.models import Demande, QuotientFamilial
from comptes.services.demandes import accepter, refuser
from comptes.services.quotients import enregistrer_un_quotient


@admin.register(Demande)
class DemandeAdmin(AvecBoutonActualiser, Fiche):
    form = ReponseForm
    list_display = ["nature", "famille", "ce_qui_est_demande", "etat", "deposee_le", "traitee_par"]
    list_filter = ["etat", "nature"]
    list_select_related = ["famille", "traitee_par"]
    search_fields = ["famille__nom", "famille__responsables__nom"]
    search_help_text = "Nom de la famille"
    date_hierarchy = "deposee_le"
    actions = None
    fields = [
        "nature",
        "famille",
        "actuel",
        "ce_qui_est_demande",
        "justificatif",
        "deposee_le",
        "deposee_par",
        "reponse",
    ]
    change_form_template = "admin/comptes/demande/change_form.html"

    def get_queryset(self, request):
        """Erasures have a page of their own: accepting one goes through every room."""
        demandes = super().get_queryset(request).exclude(nature=Demande.Nature.EFFACEMENT)
        return demandes.select_related("famille", "piece", "deposee_par", "traitee_par")

    def get_readonly_fields(self, request, obj=None):
        attend = obj is None or obj.etat == Demande.Etat.DEPOSEE
        return [nom for nom in self.get_fields(request, obj) if not (attend and nom in ("valeur", "mois", "reponse"))]

    def get_fields(self, request, obj=None):
        if obj is not None and obj.etat != Demande.Etat.DEPOSEE:
            return [*self.fields, "etat", "traitee_le", "traitee_par"]
        if obj is not None and obj.nature == Demande.Nature.QUOTIENT:
            return [*self.fields[:-1], "valeur", "mois", "reponse"]
        return self.fields

    def get_form(self, request, obj=None, change=False, **kwargs):
        attend = obj is not None and obj.etat == Demande.Etat.DEPOSEE
        if attend and obj.nature == Demande.Nature.QUOTIENT:
            kwargs["form"] = ReponseQuotientForm
        return super().get_form(request, obj, change, **kwargs)

    def has_add_permission(self, request):
        return False

    def has_delete_permission(self, request, obj=None):
        return False  # it is the proof of what was asked and answered

    def save_model(self, request, obj, form, change):
        """« Accepter » or « Refuser »: the service does it, or says who was quicker."""
        lues = form.cleaned_data
        try:
            if "_refuser" in request.POST:
                faite = refuser(demande=obj, agent=request.user, mot=lues.get("reponse", ""))
            else:
                lu = {"valeur": lues["valeur"], "mois": lues["mois"]} if "valeur" in lues else None
                faite = accepter(demande=obj, agent=request.user, mot=lues.get("reponse", ""), lu=lu)
        except ValidationError as refus:
            self.message_user(request, refus.message, messages.ERROR)
        else:
            mots = faite.get_etat_display().lower()
            self.message_user(request, f"Demande {mots}. La famille est prévenue.", messages.SUCCESS)

    def log_change(self, request, obj, message):
        fait = "Demande refusée" if "_refuser" in request.POST else "Demande acceptée"
        return super().log_change(request, obj, fait)

    def response_change(self, request, obj):
        return self.response_post_save_change(request, obj)

    @admin.display(description="aujourd’hui")
    def actuel(self, demande):
        if demande.nature == Demande.Nature.ADRESSE:
            f = demande.famille
            return f"{f.adresse}, {f.code_postal} {f.commune}".strip(" ,") or "–"
        dernier = QuotientFamilial.objects.filter(famille=demande.famille).first()
        return str(dernier) if demande.nature == Demande.Nature.QUOTIENT and dernier else "–"

    @admin.display(description="demandé")
    def ce_qui_est_demande(self, demande):
        return " ".join(filter(None, [demande.objet, demande.retenu])) or "–"

    @admin.display(description="justificatif")
    def justificatif(self, demande):
        if demande.piece is None:
            return "aucun"
        adresse = reverse("admin:comptes_document_telecharger", args=[demande.piece.pk])
        return format_html('<a href="{}">{}</a>', adresse, demande.piece.nom)


@admin.register(QuotientFamilial)
class QuotientAdmin(AvecActualisation):
    """What the town holds. An agent may write one that a family shows at the desk."""

    list_display = ["famille", "mois", "valeur", "source", "saisi_par", "saisi_le"]
    list_filter = ["source"]
    list_select_related = ["famille", "saisi_par"]
    search_fields = ["famille__nom"]
    search_help_text = "Nom de la famille"
    autocomplete_fields = ["famille"]
    form = QuotientForm
    fields = ["famille", "valeur", "mois"]
    actions = None

    def get_fields(self, request, obj=None):
        return [*self.fields, "source", "saisi_par", "saisi_le"] if obj else [*self.fields, "remplacer"]

    def has_change_permission(self, request, obj=None):
        return False  # a bill may rest on it: another month, or another value, is another line

    def has_delete_permission(self, request, obj=None):
        return False

    def save_model(self, request, obj, form, change):
        quotient = enregistrer_un_quotient(
            famille=obj.famille,
            mois=obj.mois,
            valeur=obj.valeur,
            source=QuotientFamilial.Source.AGENT,
            par=request.user,
        )
        obj.pk = quotient.pk
