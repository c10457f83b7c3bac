"""The forms of a first visit. Nobody has signed in: everything here is hostile."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from comptes.formulaires import ChampIdentifiant, TousObligatoires
from comptes.formulaires_compte import ChampTelephone
from comptes.regles_foyer import verifier_code_postal, verifier_naissance
from comptes.televersement import ACCEPTES, FichierLu, lire_fichier
from reservations.models import Ecole
from reservations.services.premiere import NATURES

ENFANTS_AU_PLUS = 8
INCONNUE = "0"  # no school wished, or none known
PREFIXE = "enfants"


def _texte(label: str, requis: str, taille: int, autocomplete: str = "off", **options: Any) -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=taille,
        widget=forms.TextInput(attrs={"autocomplete": autocomplete}),
        error_messages={
            "required": requis,
            "max_length": f"{taille} caractères au plus.",
            "null_characters_not_allowed": "Ce texte contient un caractère interdit.",
        },
        **options,
    )


class FormulairePremiere(TousObligatoires):
    """The adult who asks."""

    prenom = _texte("Prénom", "Saisissez votre prénom.", 60, "given-name")
    nom = _texte("Nom", "Saisissez votre nom.", 60, "family-name")
    courriel = ChampIdentifiant(
        label="Adresse e-mail",
        max_length=254,
        help_text="Un lien y est envoyé. Elle sera votre identifiant.",
        widget=forms.EmailInput(attrs={"autocomplete": "email", "autocapitalize": "none", "spellcheck": "false"}),
        error_messages={
            "required": "Saisissez votre adresse e-mail.",
            "invalid": "Saisissez une adresse e-mail complète, par exemple prenom.nom@exemple.fr.",
        },
    )
    telephone = ChampTelephone(label="Téléphone", error_messages={"required": "Saisissez votre téléphone."})
    adresse = _texte("Adresse", "Saisissez votre adresse.", 200, "street-address", help_text="Numéro et rue.")
    code_postal = _texte(
        "Code postal", "Saisissez votre code postal.", 5, "postal-code", validators=[verifier_code_postal]
    )
    commune = _texte("Commune", "Saisissez votre commune.", 80, "address-level2")


class FormulaireEnfant(TousObligatoires):
    prenom = _texte("Prénom", "Saisissez le prénom de l’enfant.", 60)
    nom = _texte("Nom", "Saisissez le nom de l’enfant.", 60)
    naissance = forms.DateField(
        label="Date de naissance",
        widget=forms.DateInput(attrs={"type": "date", "autocomplete": "off"}, format="%Y-%m-%d"),
        error_messages={
            "required": "Saisissez la date de naissance.",
            "invalid": "Saisissez une date, par exemple 14/03/2020.",
        },
    )
    ecole = forms.ChoiceField(
        label="École souhaitée",
        initial=INCONNUE,
        error_messages={"invalid_choice": "Choisissez dans la liste.", "required": "Choisissez dans la liste."},
    )

    def __init__(self, *args: Any, ecoles: dict[str, Ecole], **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.ecoles = ecoles
        choix = [(INCONNUE, "Je ne sais pas encore"), *((cle, str(ecole)) for cle, ecole in ecoles.items())]
        self.fields["ecole"].choices = choix  # type: ignore[attr-defined]

    def clean_naissance(self):
        if naissance := self.cleaned_data["naissance"]:
            verifier_naissance(naissance, timezone.localdate())
        return naissance

    def lu(self) -> dict:
        """What `demander` takes of this child."""
        return {**self.cleaned_data, "ecole": self.ecoles.get(self.cleaned_data["ecole"])}


_Enfants: Any = forms.formset_factory(
    FormulaireEnfant,
    extra=0,
    min_num=1,
    max_num=ENFANTS_AU_PLUS,
    absolute_max=ENFANTS_AU_PLUS,
    validate_min=True,
    validate_max=True,
)


class Enfants(_Enfants):
    default_error_messages = {
        "missing_management_form": "Cette page a changé depuis : remplissez-la de nouveau.",
        "too_many_forms": f"{ENFANTS_AU_PLUS} enfants au plus.",
        "too_few_forms": "Indiquez au moins un enfant.",
    }


def _ecoles() -> dict[str, Ecole]:
    return {str(ecole.pk): ecole for ecole in Ecole.objects.all()}


def lire_les_enfants(donnees=None):
    """The children as sent; one empty line for a new page."""
    return Enfants(donnees, prefix=PREFIXE, form_kwargs={"ecoles": _ecoles()})


def avec_un_enfant_de_plus(donnees) -> tuple[FormulairePremiere, Any]:
    """The page again as it was typed, with one more line: without any script, and without a word on what is missing."""
    brut = donnees.get(f"{PREFIXE}-TOTAL_FORMS", "1")
    combien = int(brut) if brut.isascii() and brut.isdigit() and len(brut) <= 2 else 1
    combien = min(max(combien, 1), ENFANTS_AU_PLUS)
    saisis = [
        {nom: valeur for nom in FormulaireEnfant.base_fields if (valeur := donnees.get(f"{PREFIXE}-{n}-{nom}", ""))}
        for n in range(combien)
    ]
    vides: list[dict] = [{}] if combien < ENFANTS_AU_PLUS else []
    adulte = FormulairePremiere(initial={nom: donnees.get(nom, "") for nom in FormulairePremiere.base_fields})
    return adulte, Enfants(prefix=PREFIXE, initial=[*saisis, *vides], form_kwargs={"ecoles": _ecoles()})


class FormulairePiece(TousObligatoires):
    """A paper of the request. After `is_valid`, `lu` is what was read of the file."""

    nature = forms.ChoiceField(
        label="Nature du document",
        choices=[("", "Choisissez"), *NATURES],
        error_messages={"required": "Choisissez la nature du document.", "invalid_choice": "Choisissez dans la liste."},
    )
    fichier = forms.FileField(
        label="Fichier",
        allow_empty_file=True,
        help_text="Un PDF ou une photo (JPEG, PNG, HEIC). Sur un téléphone, vous pouvez photographier le document.",
        widget=forms.FileInput(attrs={"accept": ACCEPTES}),
        error_messages={"required": "Choisissez un fichier.", "invalid": "Choisissez un fichier."},
    )

    lu: FichierLu

    def clean(self):
        """The file is read last, and only for a form that is otherwise right: reading takes a process."""
        donnees = super().clean()
        if not self.errors:
            try:
                self.lu = lire_fichier(donnees["fichier"])
            except ValidationError as refus:
                self.add_error("fichier", refus)
        return donnees
