"""What the pages of this room share: telling the agent what a change did to the days."""

from django.contrib import messages
from django.urls import reverse
from django.utils.html import format_html

from comptes.francais import nombre
from reservations.models import AnnulationCollective
from reservations.services.journees import Bilan

MOTS = {
    "creees": ("journée créée", "journées créées"),
    "modifiees": ("journée modifiée", "journées modifiées"),
    "fermees": ("journée fermée", "journées fermées"),
    "rouvertes": ("journée rouverte", "journées rouvertes"),
}


def peut_lire_l_annulation(request) -> bool:
    """The canteen reads days and closures, not who was told what: no link that it may not follow."""
    return request.user.has_perm("reservations.view_annulationcollective")


def lien_de_l_annulation(annulation: AnnulationCollective | None) -> str:
    """Where a collective cancellation is undone."""
    if annulation is None:
        return ""
    url = reverse("admin:reservations_annulationcollective_change", args=[annulation.pk])
    return format_html('<a href="{}">{}</a> : elle s’y rétablit tout entière, avec les repas annulés.', url, annulation)


def phrase_du_bilan(bilan: Bilan) -> str:
    """« 12 journées modifiées, 1 journée fermée ; 3 repas annulés sans frais, familles prévenues par e-mail. »"""
    faits = [nombre(n, *mots) for champ, mots in MOTS.items() if (n := getattr(bilan, champ))]
    phrase = ", ".join(faits) or "Aucune journée à venir n’a changé"
    if bilan.repas_annules:
        repas = nombre(bilan.repas_annules, "repas annulé", "repas annulés")
        phrase += f" ; {repas} sans frais, familles prévenues par e-mail"
    return f"{phrase}."


def dire_le_bilan(modele_admin, request, bilan: Bilan) -> None:
    modele_admin.message_user(
        request, phrase_du_bilan(bilan), messages.WARNING if bilan.repas_annules else messages.INFO
    )
    if bilan.en_depassement:
        jours = nombre(bilan.en_depassement, "journée", "journées")
        phrase = (
            f"{jours} : plus de repas déjà réservés que la nouvelle capacité. Aucun n’est annulé, aucun ne s’y ajoute."
        )
        modele_admin.message_user(request, phrase, messages.WARNING)
