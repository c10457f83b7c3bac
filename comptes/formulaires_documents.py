"""The form by which a household gives a paper to the town."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from comptes.models import Document
from comptes.televersement import ACCEPTES, FichierLu, lire_fichier


class FormulaireDocument(forms.Form):
    """`enfants`: those of the household. After `is_valid`, `lu` is what was read of the file."""

    nature = forms.ChoiceField(
        label="Nature du document",
        choices=[("", "Choisissez"), *Document.Nature.choices],
        error_messages={"required": "Choisissez la nature du document.", "invalid_choice": "Choisissez dans la liste."},
    )
    pour = forms.ChoiceField(
        label="Il concerne",
        required=False,
        error_messages={"invalid_choice": "Choisissez dans la liste."},
    )
    fichier = forms.FileField(
        label="Fichier",
        allow_empty_file=True,
        help_text="Un PDF ou une photo (JPEG, PNG, HEIC). Sur un téléphone, vous pouvez photographier le document.",
        widget=forms.FileInput(attrs={"accept": ACCEPTES}),
        error_messages={"required": "Choisissez un fichier.", "invalid": "Choisissez un fichier."},
    )
    expire_le = forms.DateField(
        label="Valable jusqu’au",
        required=False,
        help_text="La date écrite sur le document, s’il y en a une.",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": "Saisissez une date, par exemple 31/08/2027."},
    )

    lu: FichierLu

    def __init__(self, *args: Any, enfants, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.enfants = {str(enfant.pk): enfant for enfant in enfants}
        choix = [("", "Toute la famille"), *((cle, str(enfant)) for cle, enfant in self.enfants.items())]
        self.fields["pour"].choices = choix  # type: ignore[attr-defined]

    def clean_pour(self):
        return self.enfants.get(self.cleaned_data["pour"])

    def clean(self):
        """The file is read last, and only for a form that is otherwise right: reading takes a process."""
        donnees = super().clean() or {}
        if not self.errors:
            try:
                self.lu = lire_fichier(donnees["fichier"])
            except ValidationError as refus:
                self.add_error("fichier", refus)
        return donnees
