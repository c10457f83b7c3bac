"""Payments online: read, and asked about again. What is written of them is the services' alone."""

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Case, Value, When
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.urls import path, reverse
from django.utils.html import format_html
from django.views.decorators.http import require_POST

from comptes.admin_communs import Fiche, LectureSeule
from comptes.francais import euros
from facturation.models import TransactionEnLigne
from facturation.passerelle import PasserelleIndisponible
from facturation.services.en_ligne import verifier

VOIR, VERIFIER = "facturation.view_transactionenligne", "facturation.change_transactionenligne"
PK_AU_PLUS = 2**63 - 1


@admin.register(TransactionEnLigne)
class TransactionEnLigneAdmin(LectureSeule, Fiche):
    change_form_template = "admin/facturation/transactionenligne/verifier.html"
    list_display = ["refdet", "la_famille", "la_facture", "le_montant", "etat", "resultat", "cree_le", "verifiee_le"]
    list_filter = ["etat", "passerelle", "saisie"]
    search_fields = ["refdet", "idop", "facture__numero", "famille__nom"]
    search_help_text = "Référence, identifiant d’opération, facture ou famille"
    actions = None
    fields = [
        ("etat", "resultat"),
        ("la_famille", "la_facture"),
        ("montant", "la_quittance"),
        ("refdet", "idop"),
        ("passerelle", "numcli", "saisie", "exercice"),
        "courriel",
        ("cree_le", "cree_par", "verifiee_le"),
        "la_reponse",
    ]
    readonly_fields = ["la_famille", "la_facture", "la_quittance", "la_reponse"]

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("famille", "facture", "paiement", "cree_par")

    @admin.display(description="montant", ordering="montant")
    def le_montant(self, ligne):
        return euros(ligne.montant)

    def get_ordering(self, request):
        """Those to look at first, then the latest."""
        return [Case(When(etat=TransactionEnLigne.Etat.SUSPECTE, then=Value(0)), default=Value(1)), "-pk"]

    def get_urls(self):
        vue = self.admin_site.admin_view(require_POST(self.verifier))
        return [
            path("<int:pk>/verifier/", vue, name="facturation_transactionenligne_verifier"),
            *super().get_urls(),
        ]

    def change_view(self, request, object_id, form_url="", extra_context=None):
        peut = {"peut_verifier": request.user.has_perm(VERIFIER)}
        return super().change_view(request, object_id, form_url, {**peut, **(extra_context or {})})

    def verifier(self, request, pk):
        """Ask the gateway now. Credited once, whoever asks and however often."""
        if not request.user.has_perm(VERIFIER):
            raise PermissionDenied
        if pk > PK_AU_PLUS:
            raise Http404
        ligne = get_object_or_404(TransactionEnLigne, pk=pk)
        try:
            lue = verifier(ligne)
        except PasserelleIndisponible as erreur:
            self.message_user(
                request, f"Le service de paiement ne répond pas ({erreur.code}). Rien n’a changé.", messages.ERROR
            )
        else:
            self.log_change(request, ligne, f"Vérifiée : {lue.get_etat_display()}")
            self.message_user(request, f"{lue.get_etat_display()} (réponse : {lue.resultat or 'aucune'}).")
        return redirect("admin:facturation_transactionenligne_change", pk)

    @admin.display(description="famille", ordering="famille__nom")
    def la_famille(self, ligne):
        lien = reverse("admin:comptes_famille_change", args=[ligne.famille_id])
        return format_html('<a href="{}">{}</a>', lien, ligne.famille)

    @admin.display(description="facture", ordering="facture__numero")
    def la_facture(self, ligne):
        return ligne.facture.numero

    @admin.display(description="quittance")
    def la_quittance(self, ligne):
        return ligne.paiement.numero if ligne.paiement else "–"

    @admin.display(description="réponse du service")
    def la_reponse(self, ligne):
        return ", ".join(f"{nom} = {valeur}" for nom, valeur in sorted(ligne.detail.items()) if valeur) or "–"
