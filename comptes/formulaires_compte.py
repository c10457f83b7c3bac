"""Forms of « Mon compte famille ». What is typed is hostile until it has passed here."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from comptes.formulaires import FormulaireMotDePasseActuel, champ_identifiant
from comptes.formulaires_quotient import ChampMois, ChampQuotient
from comptes.regles import normaliser_telephone
from comptes.televersement import ACCEPTES, FichierLu, lire_fichier

TELEPHONE = "Saisissez un numéro complet, par exemple 06 12 34 56 78, ou +41 22 730 61 11."


class ChampTelephone(forms.CharField):
    """Kept as the portal writes numbers; empty stays empty."""

    def __init__(self, **options: Any):
        attributs = {"autocomplete": "tel", "inputmode": "tel"}
        super().__init__(required=False, max_length=30, widget=forms.TextInput(attrs=attributs), **options)

    def clean(self, value):
        saisi = super().clean(value)
        if not saisi:
            return ""
        numero = normaliser_telephone(saisi)
        if numero is None:
            raise ValidationError(TELEPHONE)
        return numero


class FormulaireTelephones(forms.Form):
    """The household's number and one for each adult."""

    foyer = ChampTelephone(label="Téléphone du foyer")

    def __init__(self, *args: Any, famille, responsables, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["foyer"].initial = famille.telephone
        self.cles = {f"responsable-{r.pk}": r.pk for r in responsables}
        for responsable in responsables:
            self.fields[f"responsable-{responsable.pk}"] = ChampTelephone(
                label=f"Téléphone de {responsable}", initial=responsable.telephone
            )

    def des_responsables(self) -> dict[int, str]:
        return {pk: self.cleaned_data[nom] for nom, pk in self.cles.items()}


class FormulaireCourriel(FormulaireMotDePasseActuel):
    courriel = champ_identifiant()
    field_order = ["courriel", "ancien"]

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["courriel"].label = "Nouvelle adresse e-mail"
        self.fields["courriel"].help_text = "Un lien y est envoyé : c’est lui qui la confirme."
        self.fields["courriel"].widget.attrs["autocomplete"] = "email"


class AvecPiece(forms.Form):
    """A form with a paper. The file is read last, and only for a form that is otherwise right."""

    piece = forms.FileField(
        label="Justificatif",
        required=False,
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": ACCEPTES}),
        error_messages={"required": "Choisissez un fichier.", "invalid": "Choisissez un fichier."},
    )
    lu: FichierLu | None = None

    def clean(self):
        donnees = super().clean() or {}
        if not self.errors and donnees.get("piece") is not None:
            try:
                self.lu = lire_fichier(donnees["piece"])
            except ValidationError as refus:
                self.add_error("piece", refus)
        return donnees


class FormulaireAdresse(AvecPiece):
    adresse = forms.CharField(
        label="Adresse",
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "street-address"}),
        error_messages={"required": "Saisissez le numéro et la rue."},
    )
    code_postal = forms.RegexField(
        r"^[0-9]{5}\Z",
        label="Code postal",
        widget=forms.TextInput(attrs={"autocomplete": "postal-code", "inputmode": "numeric"}),
        error_messages={"required": "Saisissez le code postal.", "invalid": "Un code postal a cinq chiffres."},
    )
    commune = forms.CharField(
        label="Commune",
        max_length=80,
        widget=forms.TextInput(attrs={"autocomplete": "address-level2"}),
        error_messages={"required": "Saisissez la commune."},
    )
    field_order = ["adresse", "code_postal", "commune", "piece"]

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["piece"].label = "Justificatif de domicile"
        self.fields["piece"].help_text = "Une facture de moins de trois mois, en PDF ou en photo."


class FormulaireQuotient(AvecPiece):
    valeur = ChampQuotient()
    mois = ChampMois(nombre=12, vide=False)
    field_order = ["valeur", "mois", "piece"]

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["piece"].required = True
        self.fields["piece"].label = "Attestation de la CAF ou de la MSA"
        self.fields["piece"].help_text = "En PDF ou en photo."
