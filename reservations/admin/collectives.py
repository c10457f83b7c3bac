"""A strike, a trip, a closure: who is concerned, then the cancellation; later, perhaps, its undoing."""

import datetime as dt
import hashlib
import re
import uuid
from typing import cast

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.views.decorators.http import require_POST

from comptes.admin_communs import Fiche, LectureSeule
from comptes.francais import date_courte, date_longue, nombre
from reservations.models import Activite, AnnulationCollective, Mouvement
from reservations.services.annuler_collectivement import (
    JOURS_AU_PLUS,
    Demande,
    annuler_collectivement,
    apercu,
    bilan,
    classes_de,
    jours_de_service,
)
from reservations.services.retablir import attentes_revenues, est_retablissable, non_retablis, retablir

LISTE_AU_PLUS = 2000


def lire_jours(texte: str) -> list[dt.date]:
    """Dates as agents type them, one a line or separated by commas. Raises ValidationError with a sentence."""
    jours = set()
    for mot in re.split(r"[\s,;]+", texte.strip()) if texte.strip() else []:
        try:
            jours.add(forms.DateField().clean(mot))
        except ValidationError:
            raise ValidationError(f"« {mot[:20]} » n’est pas une date : écrivez par exemple 10/12/2026.") from None
    if len(jours) > JOURS_AU_PLUS:
        raise ValidationError(f"Au plus {JOURS_AU_PLUS} jours à la fois.")
    return sorted(jours)


class ChoixForm(forms.Form):
    """What, why, where, when. The classes to choose from are known once the services and the days are."""

    nature = forms.ChoiceField(label="Nature", choices=AnnulationCollective.Nature.choices)
    motif = forms.CharField(label="Motif", max_length=80, help_text="Tel que les familles le lisent.")
    activites = forms.ModelMultipleChoiceField(
        label="Activités", queryset=Activite.objects.filter(active=True), widget=forms.CheckboxSelectMultiple
    )
    debut = forms.DateField(
        label="Premier jour",
        required=False,
        widget=forms.DateInput(attrs={"placeholder": "jj/mm/aaaa"}, format="%d/%m/%Y"),
    )
    fin = forms.DateField(
        label="Dernier jour",
        required=False,
        help_text="Vide : un seul jour.",
        widget=forms.DateInput(attrs={"placeholder": "jj/mm/aaaa"}, format="%d/%m/%Y"),
    )
    autres = forms.CharField(
        label="Jours séparés",
        required=False,
        max_length=2000,
        help_text="Un par ligne, ou séparés par des virgules : 10/12/2026, 15/12/2026. Ils s’ajoutent à la période.",
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    classes = forms.MultipleChoiceField(
        label="Classes",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Aucune : toute l’activité, qui ferme ces jours-là.",
    )
    jeton = forms.CharField(widget=forms.HiddenInput, required=False, max_length=64)

    jours: tuple = ()

    def clean_motif(self):
        motif = self.cleaned_data["motif"]
        if motif.splitlines() != [motif]:
            raise ValidationError("Le motif tient sur une ligne.")
        return motif

    def clean_activites(self):
        return tuple(sorted(self.cleaned_data["activites"], key=lambda activite: activite.pk))

    def clean_autres(self):
        """The days are read here, before the classes, which depend on them."""
        autres = lire_jours(self.cleaned_data["autres"])
        if {"debut", "fin"} & set(self.errors):
            return autres
        debut, fin = self._periode(autres)
        activites = self.cleaned_data.get("activites")
        if activites and not {"debut", "fin"} & set(self.errors):
            tous = [jour for jour in (debut, fin, *autres) if jour]
            ouverts = jours_de_service(activites, min(tous), max(tous))
            if fermes := [jour for jour in autres if jour not in ouverts]:
                raise ValidationError(f"Pas de service ouvert à venir le {', le '.join(map(date_longue, fermes))}.")
            self.jours = tuple(j for j in ouverts if j in autres or (debut and debut <= j <= fin))
            if not self.jours:
                self.add_error("fin", "Aucune journée à venir n’est ouverte à ces dates, pour ces activités.")
            classes = cast("forms.MultipleChoiceField", self.fields["classes"])
            classes.choices = [(c, c) for c in classes_de(activites, self.jours)]
        return autres

    def _periode(self, autres):
        """The first and last days, or None twice; what is wrong with them is said at `fin`."""
        debut, fin = self.cleaned_data["debut"], self.cleaned_data["fin"]
        if debut is None:
            if fin or not autres:
                self.add_error("debut", "Saisissez le premier jour, ou des jours séparés.")
            return None, None
        fin = fin or debut
        if fin < debut:
            self.add_error("fin", "Le dernier jour doit être après le premier.")
        elif (fin - debut).days >= JOURS_AU_PLUS:
            self.add_error("fin", f"Au plus {JOURS_AU_PLUS} jours à la fois.")
        return debut, fin

    def demande(self) -> Demande:
        lues = self.cleaned_data
        return Demande(
            nature=lues["nature"],
            motif=lues["motif"],
            activites=lues["activites"],
            jours=self.jours,
            classes=tuple(sorted(lues["classes"])),
        )


@admin.register(AnnulationCollective)
class AnnulationCollectiveAdmin(LectureSeule, Fiche):
    list_display = ["motif", "nature", "les_jours", "cree_le", "auteur", "retablie_le"]
    list_filter = ["nature", "activites__ecole"]
    list_select_related = ["auteur"]
    search_fields = ["motif", "activites__nom"]
    search_help_text = "Motif ou activité"
    ordering = ["-pk"]
    actions = None
    readonly_fields = [
        "nature", "motif", "les_activites", "les_classes", "les_jours", "auteur", "cree_le", "effet",
        "retablie_par", "retablie_le", "demandes_revenues", "non_retablis",
    ]  # fmt: skip
    change_form_template = "admin/reservations/annulationcollective/fiche.html"

    def get_fields(self, request, obj=None):
        suite = ["retablie_par", "retablie_le", "demandes_revenues", "non_retablis"]
        return [champ for champ in self.readonly_fields if champ not in suite or (obj and obj.retablie_le)]

    def has_add_permission(self, request, obj=None):
        return request.user.has_perm("reservations.add_annulationcollective")

    def get_urls(self):
        vue = self.admin_site.admin_view(require_POST(self.retablir_view))
        return [path("<int:pk>/retablir/", vue, name="reservations_annulationcollective_retablir"), *super().get_urls()]

    def add_view(self, request, form_url="", extra_context=None):
        """GET shows the choice and who is concerned; POST, with the same fields, cancels."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        envoi = request.POST if request.method == "POST" else request.GET
        form = ChoixForm(envoi) if envoi and set(envoi) & set(ChoixForm.base_fields) else ChoixForm()
        cle = self._cle(request)
        if form.is_bound and form.is_valid():
            if request.method == "POST":
                return self._annuler(request, form.demande(), cle)
            contexte = {"apercu": apercu(form.demande()), "jours": form.jours, "jeton": uuid.uuid4().hex}
            if "liste" in request.GET:
                contexte["liste"] = self._liste(form.demande())
        else:
            # Sent twice, the days that it names are closed already: by itself.
            if deja := AnnulationCollective.objects.filter(cle=cle).first():
                return redirect("admin:reservations_annulationcollective_change", deja.pk)
            contexte = {}
        contexte = {
            **self.admin_site.each_context(request),
            "title": "Annuler des repas sans frais",
            "opts": self.opts,
            "form": form,
            "apercu": None,
            "liste": None,
            "champs": [(nom, v) for nom in form.fields if nom != "jeton" for v in envoi.getlist(nom)] if envoi else [],
            **contexte,
        }
        return TemplateResponse(request, "admin/reservations/annulationcollective/choix.html", contexte)

    def _liste(self, demande):
        repas = demande.reservations().select_related(
            "enfant", "journee__activite", "inscription__rattachement__famille"
        )
        return repas.order_by("journee__activite__nom", "inscription__classe", "enfant__nom", "pk")[:LISTE_AU_PLUS]

    def _cle(self, request) -> str:
        """The same confirmation of the same agent is the same action."""
        jeton = request.POST.get("jeton") or uuid.uuid4().hex
        return hashlib.sha256(f"{request.user.pk}:{jeton}".encode()).hexdigest()

    def _annuler(self, request, demande, cle):
        try:
            annulation = annuler_collectivement(demande=demande, auteur=request.user, cle=cle)
        except ValidationError as refus:
            self.message_user(request, " ".join(refus.messages), messages.ERROR)
            return redirect("admin:reservations_annulationcollective_add")
        self.log_addition(request, annulation, "Annulation collective")
        self.message_user(request, f"C’est fait : {self.effet(annulation)}.", messages.SUCCESS)
        return redirect("admin:reservations_annulationcollective_change", annulation.pk)

    def change_view(self, request, object_id, form_url="", extra_context=None):
        objet = self.get_object(request, object_id)
        peut = request.user.has_perm("reservations.change_annulationcollective")
        suite = {"retablissable": peut and objet is not None and est_retablissable(objet)}
        return super().change_view(request, object_id, form_url, suite | (extra_context or {}))

    def retablir_view(self, request, pk):
        if not request.user.has_perm("reservations.change_annulationcollective"):
            raise PermissionDenied
        annulation = get_object_or_404(AnnulationCollective, pk=pk)
        try:
            retablir(annulation=annulation, auteur=request.user)
        except ValidationError as refus:
            self.message_user(request, " ".join(refus.messages), messages.ERROR)
        else:
            self.log_change(request, annulation, "Rétablie")
            restes, revenues = non_retablis(annulation).count(), attentes_revenues(annulation).count()
            phrase = "Les repas annulés sont rétablis, et les familles prévenues par e-mail."
            if revenues:
                un, plusieurs = "demande attend de nouveau, à son rang", "demandes attendent de nouveau, à leur rang"
                phrase += f" {nombre(revenues, un, plusieurs)} d’avant."
            if restes:
                perdus = nombre(restes, "repas ou demande n’a pas pu l’être", "repas ou demandes n’ont pas pu l’être")
                phrase += f" {perdus} : voyez la liste."
            self.message_user(request, phrase, messages.WARNING if restes else messages.SUCCESS)
        return redirect(reverse("admin:reservations_annulationcollective_change", args=[pk]))

    @admin.display(description="jours")
    def les_jours(self, annulation):
        return ", ".join(map(date_courte, annulation.jours))

    @admin.display(description="activités")
    def les_activites(self, annulation):
        return ", ".join(map(str, annulation.activites.all()))

    @admin.display(description="classes")
    def les_classes(self, annulation):
        return ", ".join(annulation.classes) or "toutes : l’activité ferme"

    @admin.display(description="effet")
    def effet(self, annulation):
        fait = bilan(annulation)
        repas = nombre(fait["repas"], "repas annulé sans frais", "repas annulés sans frais")
        if fait["demandes"]:
            repas += ", " + nombre(
                fait["demandes"], "demande en liste d’attente finie", "demandes en liste d’attente finies"
            )
        return f"{repas}, {nombre(fait['familles'], 'famille prévenue', 'familles prévenues')}"

    @admin.display(description="demandes de nouveau en liste d’attente")
    def demandes_revenues(self, annulation):
        lignes = [
            f"{m.inscription.enfant} ({m.inscription.famille}), {date_longue(m.date)}\u00a0: {m.precision}"
            for m in attentes_revenues(annulation)[:LISTE_AU_PLUS]
        ]
        return "\n".join(lignes) or "aucune"

    @admin.display(description="repas et demandes non rétablis")
    def non_retablis(self, annulation):
        lignes = [
            f"{m.inscription.enfant} ({m.inscription.famille}), {date_longue(m.date)}\u00a0: "
            + ("liste d’attente, " if m.nature == Mouvement.Nature.SORTIE_D_ATTENTE else "")
            + f"{m.get_motif_display()}{f' ({m.precision})' if m.precision else ''}"
            for m in non_retablis(annulation)[:LISTE_AU_PLUS]
        ]
        return "\n".join(lignes) or "aucun"
