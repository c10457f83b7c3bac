"""Avoirs: proposals to treat, and what the régie gives back of a bill, after a confirmation."""

from decimal import Decimal

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html

from comptes.admin_communs import Fiche, LectureSeule
from comptes.francais import euros, nombre
from facturation.models import Avoir, Facture, LigneAvoir, PropositionAvoir
from facturation.services.avoirs import ecarter, emettre_avoir, traiter

RENDRE = "facturation.add_avoir"
AU_PLUS = 2000  # proposals treated together


class AvoirForm(forms.Form):
    """A sum for each line; empty, nothing of it is given back."""

    motif = forms.CharField(label="Pourquoi", max_length=200, help_text="La famille le lit. Ni santé ni régime.")
    rembourser = forms.BooleanField(
        label="Rembourser ce que la facture n’absorbe pas",
        required=False,
        help_text="Sinon, il est déduit de la prochaine facture.",
    )
    deja = forms.DecimalField(widget=forms.HiddenInput, max_digits=9, decimal_places=2)

    def __init__(self, *args, lignes, **kwargs):
        super().__init__(*args, **kwargs)
        self.lignes = lignes
        for ligne, possible in lignes:
            if possible > 0:
                self.fields[f"ligne-{ligne.pk}"] = forms.DecimalField(
                    label=f"{ligne.enfant}, {ligne.get_nature_display().lower()} à {euros(ligne.prix)} (€)",
                    help_text=f"Au plus {euros(possible)}.",
                    required=False,
                    localize=True,
                    min_value=Decimal("0.01"),
                    max_value=possible,
                    max_digits=9,
                    decimal_places=2,
                )

    def montants(self) -> dict[int, Decimal]:
        lus = {ligne.pk: self.cleaned_data.get(f"ligne-{ligne.pk}") for ligne, _ in self.lignes}
        return {pk: montant for pk, montant in lus.items() if montant}

    def clean(self):
        lues = super().clean() or {}
        if not self.errors and not self.montants():
            raise ValidationError("Écrivez ce qui est rendu d’une ligne au moins.")
        return lues


@admin.register(Avoir)
class AvoirAdmin(LectureSeule, Fiche):
    list_display = ["numero", "famille", "la_facture", "le_total", "emis_le", "motif"]
    list_select_related = ["famille", "facture"]
    search_fields = ["numero", "facture__numero", "famille__nom"]
    search_help_text = "Numéro ou famille"
    ordering = ["-pk"]
    actions = None
    fields = ("numero", "famille", "la_facture", "le_total", "motif", "emis_le", "emis_par", "les_lignes")
    readonly_fields = fields

    def get_urls(self):
        rendre = self.admin_site.admin_view(self.rendre)
        return [path("facture/<int:pk>/", rendre, name="facturation_avoir_rendre"), *super().get_urls()]

    def rendre(self, request, pk):
        """Choose, see what it comes to, confirm: the same form, sent twice."""
        if not request.user.has_perm(RENDRE):
            raise PermissionDenied
        facture = get_object_or_404(Facture.objects.emises().select_related("famille", "facturation"), pk=pk)
        lignes, deja = possibles(facture)
        form = AvoirForm(request.POST or None, lignes=lignes, initial={"deja": deja})
        valide = form.is_valid()
        if valide and "confirmer" in request.POST and (fait := self._emettre(request, facture, form)):
            return fait
        contexte = {
            **self.admin_site.each_context(request),
            "title": f"Rendre de la {str(facture)[0].lower()}{str(facture)[1:]}",
            "opts": self.opts,
            "media": self.media + form.media,
            "form": form,
            "facture": facture,
            "total": sum(form.montants().values(), Decimal(0)) if valide else None,
        }
        return TemplateResponse(request, "admin/facturation/avoir/rendre.html", contexte)

    def _emettre(self, request, facture, form):
        lues = form.cleaned_data
        try:
            avoir = emettre_avoir(
                facture=facture.pk,
                lignes=form.montants(),
                motif=lues["motif"],
                rembourser=lues["rembourser"],
                deja=lues["deja"],
                par=request.user,
            )
        except ValidationError as refus:
            self.message_user(request, " ".join(refus.messages), messages.ERROR)
            return redirect("admin:facturation_avoir_rendre", facture.pk)
        self.log_addition(request, avoir, "Avoir émis")
        self.message_user(request, f"{avoir} émis, {euros(avoir.total)} ; famille prévenue.", messages.SUCCESS)
        return redirect("admin:facturation_facture_change", facture.pk)

    @admin.display(description="facture")
    def la_facture(self, avoir):
        url = reverse("admin:facturation_facture_change", args=[avoir.facture_id])
        return format_html('<a href="{}">{}</a>', url, avoir.facture.numero)

    @admin.display(description="total", ordering="total")
    def le_total(self, avoir):
        return euros(avoir.total)

    @admin.display(description="lignes")
    def les_lignes(self, avoir):
        return "\n".join(f"{ligne.libelle} : {euros(ligne.montant)}" for ligne in avoir.lignes.order_by("pk"))


def possibles(facture: Facture) -> tuple[list, Decimal]:
    """The lines with what each can still give back, and what was given back of the bill."""
    rendus: dict[int, Decimal] = {}
    for ligne, montant in LigneAvoir.objects.filter(avoir__facture=facture).order_by().values_list("ligne", "montant"):
        rendus[ligne] = rendus.get(ligne, Decimal(0)) + montant
    lignes = [(x, x.montant - rendus.get(x.pk, Decimal(0))) for x in facture.lignes.order_by("rang")]
    return lignes, sum(rendus.values(), Decimal(0))


@admin.register(PropositionAvoir)
class PropositionAvoirAdmin(LectureSeule, Fiche):
    """Billed meals that are no longer due: an avoir for each bill of those chosen, or set aside with a reason."""

    list_display = ["le_repas", "la_famille", "motif", "le_montant", "etat", "cree_le"]
    list_filter = ["etat"]
    list_select_related = ["repas__facture__famille", "repas__ligne"]
    search_fields = ["repas__facture__numero", "repas__facture__famille__nom"]
    search_help_text = "Numéro de facture ou famille"
    ordering = ["-pk"]
    actions = ["rendre", "rembourser", "ecarter"]
    fields = ("le_repas", "la_famille", "motif", "le_montant", "etat", "cree_le", "traitee_le", "traitee_par", "mot")
    readonly_fields = fields

    def has_traiter_permission(self, request):
        return request.user.has_perm("facturation.change_propositionavoir") and request.user.has_perm(RENDRE)

    @admin.action(description="Émettre les avoirs, déduits des prochaines factures", permissions=["traiter"])
    def rendre(self, request, queryset):
        return self._confirmer(request, queryset, "rendre", "Émettre les avoirs")

    @admin.action(description="Émettre les avoirs, remboursés", permissions=["traiter"])
    def rembourser(self, request, queryset):
        return self._confirmer(request, queryset, "rembourser", "Émettre les avoirs et rembourser")

    @admin.action(description="Écarter", permissions=["traiter"])
    def ecarter(self, request, queryset):
        return self._confirmer(request, queryset, "ecarter", "Écarter ces propositions")

    def _confirmer(self, request, queryset, action, titre):
        choisies = queryset.filter(etat=PropositionAvoir.Etat.A_TRAITER).order_by("pk")[:AU_PLUS]
        if "confirmer" in request.POST:
            self._faire(request, [p.pk for p in choisies], action)
            return None
        contexte = {
            **self.admin_site.each_context(request),
            "title": titre,
            "opts": self.opts,
            "media": self.media,
            "propositions": choisies,
            "total": sum((p.montant for p in choisies), Decimal(0)),
            "action": action,
        }
        return TemplateResponse(request, "admin/facturation/propositionavoir/confirmer.html", contexte)

    def _faire(self, request, cles, action):
        try:
            if action == "ecarter":
                n = ecarter(propositions=cles, mot=request.POST.get("mot", ""), par=request.user)
                phrase = nombre(n, "proposition écartée", "propositions écartées")
            else:
                avoirs = traiter(propositions=cles, par=request.user, rembourser=action == "rembourser")
                phrase = nombre(len(avoirs), "avoir émis, famille prévenue", "avoirs émis, familles prévenues")
        except ValidationError as refus:
            self.message_user(request, " ".join(refus.messages), messages.ERROR)
        else:
            self.message_user(request, f"{phrase}.", messages.SUCCESS)

    @admin.display(description="repas")
    def le_repas(self, proposition):
        repas = proposition.repas
        return f"{repas.ligne.enfant}, {repas.date:%d/%m/%Y}, facture {repas.facture.numero}"

    @admin.display(description="famille")
    def la_famille(self, proposition):
        return str(proposition.repas.facture.famille)

    @admin.display(description="à rendre", ordering="montant")
    def le_montant(self, proposition):
        return euros(proposition.montant)
