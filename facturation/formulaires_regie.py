"""Forms of the régie: money received, and money taken back."""

import datetime as dt
from typing import cast

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.utils import timezone

from comptes.francais import euros
from comptes.models import Famille
from facturation.models import Paiement
from facturation.regles_moyens import lire_montant, refus_de_la_date
from facturation.services.guichet import AU_GUICHET, dues

FAMILLES_AU_PLUS = 30


class RechercheForm(forms.Form):
    q = forms.CharField(label="Famille ou facture", max_length=80, help_text="Nom, ou numéro de facture.")

    def familles(self) -> QuerySet[Famille]:
        """The households of that name, adult, child or bill number."""
        mot = self.cleaned_data["q"]
        trouvees = Famille.objects.filter(
            Q(nom__icontains=mot)
            | Q(responsables__nom__icontains=mot)
            | Q(enfants__nom__icontains=mot)
            | Q(factures__numero__iexact=mot)
        )
        return trouvees.distinct().order_by("nom", "pk")[:FAMILLES_AU_PLUS]


def une_ligne(texte: str, quoi: str) -> str:
    if texte and texte.splitlines() != [texte]:
        raise ValidationError(f"{quoi} tient sur une ligne.")
    return texte


class EncaissementForm(forms.Form):
    moyen = forms.ChoiceField(label="Moyen", choices=[(m.value, m.label) for m in AU_GUICHET])
    montant = forms.CharField(label="Montant", max_length=20, widget=forms.TextInput(attrs={"inputmode": "decimal"}))
    recu_le = forms.DateField(
        label="Date de valeur",
        help_text="Par exemple 28/09/2026.",
        widget=forms.DateInput(attrs={"placeholder": "jj/mm/aaaa"}, format="%d/%m/%Y"),
    )
    reference = forms.CharField(
        label="Référence",
        max_length=80,
        required=False,
        help_text="Banque et numéro du chèque, titres CESU, libellé du virement.",
    )
    facture = forms.TypedChoiceField(label="Régler d’abord", required=False, coerce=int, empty_value=None)

    def __init__(self, *args, famille: Famille, **options):
        super().__init__(*args, **options)
        choix = [(f.pk, f"{f.numero}, reste {euros(f.reste)}") for f in dues(famille)]
        cast("forms.ChoiceField", self.fields["facture"]).choices = [("", "la plus ancienne"), *choix]

    def clean_montant(self):
        try:
            return lire_montant(self.cleaned_data["montant"])
        except ValueError as erreur:
            raise ValidationError(str(erreur)) from None

    def clean_recu_le(self) -> dt.date:
        jour = self.cleaned_data["recu_le"]
        if refus := refus_de_la_date(jour, aujourdhui=timezone.localdate()):
            raise ValidationError(refus)
        return jour

    def clean_reference(self):
        return une_ligne(self.cleaned_data["reference"], "La référence")


class RejetForm(forms.Form):
    motif = forms.CharField(label="Motif du rejet", max_length=120, help_text="La famille le lit.")

    def clean_motif(self):
        return une_ligne(self.cleaned_data["motif"], "Le motif")


M = Paiement.Moyen
REJETABLES = [M.CHEQUE, M.CESU, M.VIREMENT, M.PRELEVEMENT, M.PRELEVEMENT_EN_LIGNE]
