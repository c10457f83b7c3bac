"""The two fields of a quotient familial: what a family, an agent at the desk and an agent who accepts type."""

import datetime as dt
from functools import partial
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from comptes.francais import mois_long
from comptes.models import Demande, QuotientFamilial
from comptes.regles_quotient import MOIS_ADMIS, QUOTIENT_AU_PLUS, mois_admis

CHOISIR = ("", "Choisissez un mois")


def _choix_de_mois(nombre: int, vide: bool) -> list[tuple[str, str]]:
    mois = [(premier.isoformat(), mois_long(premier)) for premier in mois_admis(timezone.localdate(), nombre)]
    return [CHOISIR, *mois] if vide else mois


class ChampQuotient(forms.IntegerField):
    def __init__(self, **options: Any):
        reglages: dict[str, Any] = {
            "label": "Quotient familial",
            "min_value": 0,
            "max_value": QUOTIENT_AU_PLUS,
            "help_text": "En euros, sans les centimes, comme sur l’attestation.",
            "widget": forms.TextInput(attrs={"inputmode": "numeric"}),
            "error_messages": {
                "required": "Saisissez le quotient familial.",
                "invalid": "Saisissez un nombre entier d’euros, par exemple 845.",
                "min_value": "Un quotient familial n’est pas négatif.",
                "max_value": "Ce quotient est trop grand : vérifiez l’attestation.",
            },
        }
        super().__init__(**(reglages | options))


class ChampMois(forms.TypedChoiceField):
    """One of the last months, as its first day. `vide`: none is chosen beforehand."""

    def __init__(self, *, nombre: int = MOIS_ADMIS, vide: bool = True, **options: Any):
        reglages: dict[str, Any] = {
            "label": "Mois de l’attestation",
            "choices": partial(_choix_de_mois, nombre, vide),
            "coerce": dt.date.fromisoformat,
            "empty_value": None,
            "error_messages": {
                "required": "Choisissez le mois.",
                "invalid_choice": "Choisissez un mois de la liste.",
            },
        }
        super().__init__(**(reglages | options))


class ReponseForm(forms.ModelForm):
    """The answer of an agent to a request: one of two buttons, and a word."""

    class Meta:
        model = Demande
        fields = ["reponse"]
        widgets = {"reponse": forms.Textarea(attrs={"rows": 3, "cols": 60})}

    def clean(self):
        super().clean()
        if not {"_accepter", "_refuser"} & set(self.data):
            raise ValidationError("Cliquez sur « Accepter » ou sur « Refuser » : rien n’a été répondu.")
        if "_refuser" in self.data and not (self.cleaned_data.get("reponse") or "").strip():
            raise ValidationError("Dites à la famille pourquoi sa demande est refusée.")


class ReponseQuotientForm(ReponseForm):
    """The agent reads the attestation, and corrects what the family typed."""

    valeur = ChampQuotient(label="Quotient lu sur l’attestation")
    mois = ChampMois(label="Mois de l’attestation")

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        for nom in ("valeur", "mois"):
            self.fields[nom].initial = self.instance.contenu.get(nom)

    def clean(self):
        if "_refuser" in self.data:
            self.errors.pop("valeur", None)
            self.errors.pop("mois", None)
        super().clean()


class QuotientForm(forms.ModelForm):
    """A quotient that a family shows at the desk. That of a month is replaced only by who says so."""

    valeur = ChampQuotient()
    mois = ChampMois(label="À partir du mois")
    remplacer = forms.BooleanField(
        label="Remplacer celui que la ville a déjà pour ce mois",
        required=False,
        help_text="Pour corriger une erreur : l’historique de la famille garde l’ancien.",
    )

    class Meta:
        model = QuotientFamilial
        fields = ["famille", "mois", "valeur"]

    def clean(self):
        donnees = super().clean() or self.cleaned_data
        famille, mois = donnees.get("famille"), donnees.get("mois")
        connu = QuotientFamilial.objects.filter(famille=famille, mois=mois).first() if famille and mois else None
        if connu and donnees.get("remplacer"):
            self.instance = connu
        elif connu:
            self.add_error(
                "mois", f"Cette famille a déjà un quotient pour ce mois, {connu.valeur} €. Cochez « Remplacer » ?"
            )
        return donnees
