"""The identity of an adult, as API Particulier asks for it: typed by an agent, for the portal does not keep it."""

import datetime as dt
import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from comptes.api_particulier import FRANCE, Identite

PRENOMS_AU_PLUS = 10


class IdentiteForm(forms.Form):
    nom = forms.CharField(
        label="Nom de naissance", max_length=80, error_messages={"required": "Saisissez le nom de naissance."}
    )
    prenoms = forms.CharField(
        label="Prénoms",
        max_length=120,
        help_text="Comme à l’état civil, dans l’ordre, séparés par des espaces.",
        error_messages={"required": "Saisissez au moins un prénom."},
    )
    sexe = forms.ChoiceField(
        label="Sexe à l’état civil",
        choices=[("", "Choisissez"), ("F", "Féminin"), ("M", "Masculin")],
        error_messages={"required": "Choisissez le sexe.", "invalid_choice": "Choisissez dans la liste."},
    )
    naissance = forms.DateField(
        label="Date de naissance",
        input_formats=["%d/%m/%Y", "%Y-%m-%d"],
        help_text="Par exemple 27/06/1987.",
        error_messages={
            "required": "Saisissez la date de naissance.",
            "invalid": "Saisissez une date, par exemple 27/06/1987.",
        },
    )
    commune = forms.CharField(label="Commune de naissance", max_length=80, required=False)
    departement = forms.RegexField(
        r"^([0-9]{2}|2[ABab]|97[0-9])\Z",
        label="Département de naissance",
        required=False,
        help_text="Son numéro, par exemple 11, 2A ou 974.",
        error_messages={"invalid": "Un département a deux chiffres, 2A, 2B, ou trois chiffres outre-mer."},
    )
    pays = forms.RegexField(
        r"^99[0-9]{3}\Z",
        label="Pays de naissance, si ce n’est pas la France",
        required=False,
        help_text="Son code INSEE, par exemple 99351 pour la Tunisie. Laissez vide pour la France.",
        error_messages={"invalid": "Le code INSEE d’un pays a cinq chiffres et commence par 99."},
    )

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        for champ in self.fields.values():
            champ.widget.attrs["autocomplete"] = "off"  # the agent's browser is not the adult's

    def clean_prenoms(self) -> tuple[str, ...]:
        prenoms = tuple(filter(None, re.split(r"[\s,]+", self.cleaned_data["prenoms"])))
        if not 0 < len(prenoms) <= PRENOMS_AU_PLUS:
            raise ValidationError(f"Saisissez de un à {PRENOMS_AU_PLUS} prénoms.")
        return prenoms

    def clean_naissance(self) -> dt.date:
        naissance = self.cleaned_data["naissance"]
        if not naissance.year >= 1900 or naissance >= timezone.localdate():
            raise ValidationError("Cette date de naissance est impossible.")
        return naissance

    def clean_departement(self) -> str:
        return self.cleaned_data["departement"].upper()

    def clean(self) -> dict[str, Any]:
        donnees = super().clean() or self.cleaned_data
        donnees["pays"] = donnees.get("pays") or FRANCE
        if donnees["pays"] == FRANCE:
            for nom in ("commune", "departement"):
                if nom not in self.errors and not donnees.get(nom):
                    self.add_error(nom, "À saisir pour une naissance en France.")
        return donnees

    def identite(self) -> Identite:
        return Identite(**self.cleaned_data)
