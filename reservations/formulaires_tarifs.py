"""The form of the price simulator, sent by GET."""

from django import forms
from django.conf import settings

QUOTIENT_AU_PLUS = 20_000
ENFANTS_AU_PLUS = 12


class FormulaireDeSimulation(forms.Form):
    quotient = forms.IntegerField(
        label="Quotient familial",
        required=False,
        min_value=0,
        max_value=QUOTIENT_AU_PLUS,
        help_text="En euros, sans les centimes, comme sur l’attestation de la CAF ou de la MSA. Vide : sans quotient.",
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
        error_messages={
            "invalid": "Saisissez un nombre entier d’euros, sans centimes, par exemple 845.",
            "min_value": "Un quotient familial n’est pas négatif.",
            "max_value": "Ce quotient est trop grand : vérifiez l’attestation.",
        },
    )
    commune = forms.CharField(
        label="Commune où vous habitez",
        required=False,
        max_length=80,
        error_messages={"max_length": "Ce nom de commune est trop long."},
    )
    enfants = forms.IntegerField(
        label="Enfants inscrits à la cantine",
        min_value=1,
        max_value=ENFANTS_AU_PLUS,
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
        error_messages={
            "required": "Dites combien d’enfants mangent à la cantine.",
            "invalid": "Saisissez un nombre d’enfants, par exemple 2.",
            "min_value": "Il faut au moins un enfant.",
            "max_value": f"Saisissez au plus {ENFANTS_AU_PLUS} enfants.",
        },
    )

    def __init__(self, *args, **kwargs):
        kwargs.setdefault("initial", {"commune": settings.VILLE["nom"], "enfants": 1})
        super().__init__(*args, **kwargs)
