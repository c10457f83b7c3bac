"""First requests: read, compared with what the town knows, answered once."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.urls import path, reverse
from django.utils.html import format_html
from django.views.decorators.http import require_POST, require_safe

from comptes.admin_communs import ChoixCherche, Fiche, LectureSeule
from comptes.francais import INSECABLE
from comptes.models import Famille
from comptes.telechargement import en_piece_jointe
from reservations.models import EnfantDeLaDemande, PieceDeLaDemande, PremiereDemande
from reservations.services.repondre_premiere import accepter, doublons, refuser

Etat = PremiereDemande.Etat
VOIR, REPONDRE = "reservations.view_premieredemande", "reservations.change_premieredemande"
NOUVEAU = "nouveau"
PK_AU_PLUS = 2**63 - 1


class RattacherForm(forms.Form):
    """The household to attach to. The lists of the children known are read by `lire_les_memes`."""

    famille = forms.ModelChoiceField(
        Famille.objects.filter(anonymisee_le=None),
        label="Famille déjà connue",
        required=False,
        widget=ChoixCherche(PremiereDemande._meta.get_field("famille"), admin.site),
        error_messages={"invalid_choice": "Choisissez une famille de la liste."},
    )


def lire_les_memes(donnees, demande: PremiereDemande) -> dict[int, int | None]:
    """For each child asked, the child known that the agent says it is. What was not chosen is not there."""
    lus: dict[int, int | None] = {}
    for enfant in demande.enfants.all():
        choix = donnees.get(f"enfant-{enfant.pk}", "")
        if choix == NOUVEAU:
            lus[enfant.pk] = None
        elif choix.isascii() and choix.isdigit() and len(choix) <= 18:
            lus[enfant.pk] = int(choix)
    return lus


class EnfantInline(LectureSeule, admin.TabularInline):
    model = EnfantDeLaDemande
    readonly_fields = ["prenom", "nom", "naissance", "ecole"]
    fields = [*readonly_fields]
    extra, can_delete = 0, False
    verbose_name_plural = "enfants"

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("ecole")


class PieceInline(LectureSeule, admin.TabularInline):
    model = PieceDeLaDemande
    readonly_fields = ["nature", "telecharger"]
    fields = [*readonly_fields]
    extra, can_delete = 0, False
    verbose_name_plural = "documents"

    @admin.display(description="fichier")
    def telecharger(self, piece):
        adresse = reverse("admin:reservations_premieredemande_piece", args=[piece.demande_id, piece.pk])
        return format_html('<a href="{}">Télécharger «{}{}{}»</a>', adresse, INSECABLE, piece.nom, INSECABLE)


@admin.register(PremiereDemande)
class PremiereDemandeAdmin(LectureSeule, Fiche):
    change_form_template = "admin/reservations/premieredemande/reponse.html"
    list_display = ["famille_demandee", "courriel", "les_enfants", "deposee_le", "etat"]
    list_filter = ["etat"]
    search_fields = ["prenom", "nom", "courriel", "enfants__prenom", "enfants__nom"]
    search_help_text = "Nom, adresse e-mail ou enfant"
    ordering = ["-deposee_le", "-pk"]
    fields = [
        ("prenom", "nom"),
        "courriel",
        "telephone",
        "adresse",
        ("code_postal", "commune"),
        "etat",
        "deposee_le",
        "traitee_le",
        "traitee_par",
        "reponse",
        "famille",
    ]
    inlines = [EnfantInline, PieceInline]

    @property
    def media(self):
        return super().media + RattacherForm().media

    def get_queryset(self, request):
        """Those handed in: before, the request is the family's alone."""
        deposees = super().get_queryset(request).filter(etat__in=[Etat.DEPOSEE, Etat.ACCEPTEE, Etat.REFUSEE])
        return deposees.select_related("traitee_par", "famille").prefetch_related("enfants")

    def get_urls(self):
        nom = "reservations_premieredemande"
        return [
            path("<int:pk>/repondre/", self.admin_site.admin_view(require_POST(self.repondre)), name=f"{nom}_repondre"),
            path(
                "<int:pk>/pieces/<int:piece>/",
                self.admin_site.admin_view(require_safe(self.piece)),
                name=f"{nom}_piece",
            ),
            *super().get_urls(),
        ]

    def change_view(self, request, object_id, form_url="", extra_context=None):
        demande = self.get_object(request, object_id)
        contexte: dict[str, Any] = {"repondre": False}
        if demande and demande.etat == Etat.DEPOSEE and request.user.has_perm(REPONDRE):
            trouves = doublons(demande)
            contexte = {
                "repondre": True,
                "doublons": trouves,
                "a_dire": [(e, trouves.enfants[e.pk]) for e in demande.enfants.all() if trouves.enfants[e.pk]],
                "rattacher": RattacherForm(),
                "nouveau": NOUVEAU,
            }
        return super().change_view(request, object_id, form_url, {**contexte, **(extra_context or {})})

    def _demande(self, request, pk: int, droit: str) -> PremiereDemande:
        if not request.user.has_perm(droit):
            raise PermissionDenied
        if pk > PK_AU_PLUS:
            raise Http404
        return get_object_or_404(self.get_queryset(request), pk=pk)

    def repondre(self, request, pk):
        """One of three buttons; what is refused is a sentence above the same page."""
        demande = self._demande(request, pk, REPONDRE)
        try:
            self._repondre(request, demande)
        except ValidationError as refus:
            self.message_user(request, refus.messages[0], messages.ERROR)
        return redirect("admin:reservations_premieredemande_change", pk)

    def _repondre(self, request, demande):
        geste = request.POST.get("geste", "")
        if geste == "refuser":
            refuser(demande=demande, agent=request.user, mot=request.POST.get("mot", ""))
            self.log_change(request, demande, "Demande refusée")
            self.message_user(request, "La demande est refusée, la famille est prévenue par e-mail.")
            return
        famille = None
        if geste == "rattacher":
            formulaire = RattacherForm(request.POST)
            famille = formulaire.cleaned_data["famille"] if formulaire.is_valid() else None
            if famille is None:
                raise ValidationError("Choisissez la famille à laquelle rattacher la demande.")
        elif geste != "accepter":
            raise ValidationError("Ce bouton n’est pas reconnu. Rien n’a été changé.")
        memes = lire_les_memes(request.POST, demande)
        famille = accepter(demande=demande, agent=request.user, famille=famille, memes=memes)
        self.log_change(request, demande, f"Demande acceptée : {famille}")
        lien = reverse("admin:comptes_famille_change", args=[famille.pk])
        inscrire = reverse("admin:reservations_inscription_add")
        self.message_user(
            request,
            format_html(
                'Acceptée : <a href="{}">{}</a>. La famille est prévenue par e-mail. Il reste à faire '
                '<a href="{}">l’inscription des enfants</a>.',
                *(lien, famille, inscrire),
            ),
        )

    def piece(self, request, pk, piece):
        demande = self._demande(request, pk, VOIR)
        if piece > PK_AU_PLUS:
            raise Http404
        trouvee = get_object_or_404(demande.pieces, pk=piece)
        return en_piece_jointe(trouvee.fichier, nom=trouvee.nom, type_mime=trouvee.type_mime)

    @admin.display(description="responsable", ordering="nom")
    def famille_demandee(self, demande):
        return str(demande)

    @admin.display(description="enfants")
    def les_enfants(self, demande):
        return ", ".join(map(str, demande.enfants.all()))
