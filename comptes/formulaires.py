"""Forms of sign-in and passwords. What is typed is hostile until it has passed here."""

from django import forms
from django.contrib.auth import password_validation

from comptes.models import normaliser_courriel
from comptes.motsdepasse import OCTETS_AU_PLUS, lire_genere
from comptes.services.connexion import verifier


class ChampIdentifiant(forms.EmailField):
    """Checked in the form in which the portal keeps it: `İ` has two characters in lower case."""

    def to_python(self, value):
        return normaliser_courriel(super().to_python(value) or "")


def champ_identifiant(**attributs) -> forms.EmailField:
    return ChampIdentifiant(
        label="Identifiant",
        max_length=254,
        help_text="Votre identifiant est votre adresse e-mail.",
        widget=forms.EmailInput(
            attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false", **attributs}
        ),
        error_messages={
            "required": "Saisissez votre adresse e-mail.",
            "invalid": "Saisissez une adresse e-mail complète, par exemple prenom.nom@exemple.fr.",
        },
    )


def champ_mot_de_passe(label: str, *, autocomplete: str, **options) -> forms.CharField:
    return forms.CharField(
        label=label,
        strip=False,
        max_length=OCTETS_AU_PLUS,
        widget=forms.PasswordInput(attrs={"autocomplete": autocomplete}),
        error_messages={"required": "Saisissez le mot de passe.", "max_length": "Ce mot de passe est trop long."},
        **options,
    )


class TousObligatoires(forms.Form):
    """Every field must be filled, so none is starred: crispy would add a star to the name of each."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for champ in self.fields.values():
            champ.required = False
            champ.widget.attrs["required"] = True

    def clean(self):
        donnees = super().clean() or {}
        for nom, champ in self.fields.items():
            if nom not in self.errors and donnees.get(nom) in champ.empty_values:
                self.add_error(nom, champ.error_messages["required"])
        return donnees


class FormulaireConnexion(TousObligatoires):
    identifiant = champ_identifiant()
    mot_de_passe = champ_mot_de_passe("Mot de passe", autocomplete="current-password")


class FormulaireIdentifiant(TousObligatoires):
    identifiant = champ_identifiant()


class FormulaireMotDePasseActuel(TousObligatoires):
    """What must not be done by who found a session open: the present password is asked again."""

    ancien = champ_mot_de_passe("Mot de passe actuel", autocomplete="current-password")

    def __init__(self, *args, utilisateur, **kwargs):
        super().__init__(*args, **kwargs)
        self.utilisateur = utilisateur

    def verifier_le_reste(self, donnees) -> None:
        """What a form checks between its fields, before the password is."""

    def clean(self):
        donnees = super().clean()
        self.verifier_le_reste(donnees)
        # The present password is checked last, and only for a form that is otherwise right: each check is one of three.
        if "ancien" in self.fields and not self.errors:
            verdict = verifier(self.utilisateur.email, donnees["ancien"])
            if verdict.verrouille:
                self.add_error(
                    "ancien", "Trois mots de passe faux : le compte est verrouillé. Générez un mot de passe."
                )
            elif verdict.utilisateur is None:
                self.add_error("ancien", "Ce n’est pas votre mot de passe actuel.")
        return donnees


class ChampCode(forms.CharField):
    """Six digits of a telephone, or a recovery code of sixteen letters and digits, with or without blanks."""

    def __init__(self, **options):
        super().__init__(
            max_length=40,
            widget=forms.TextInput(
                attrs={"autocomplete": "one-time-code", "autocapitalize": "none", "spellcheck": "false"}
            ),
            error_messages={
                "required": "Saisissez le code.",
                "max_length": "Ce code est trop long.",
                "null_characters_not_allowed": "Ce code contient un caractère interdit.",
            },
            **options,
        )


class FormulaireCode(TousObligatoires):
    code = ChampCode(
        label="Code", help_text="Les 6 chiffres de votre application, ou un de vos codes de secours s’il vous manque."
    )


class FormulaireCodeEtMotDePasse(FormulaireMotDePasseActuel):
    """Set up the second factor."""

    code = ChampCode(
        label="Code affiché par l’application", help_text="6 chiffres, qui changent toutes les 30 secondes."
    )
    field_order = ["code", "ancien"]


class FormulaireMotDePasse(FormulaireMotDePasseActuel):
    """Choose one's own password; `ancien` is asked unless the person comes from a generated one."""

    nouveau = champ_mot_de_passe(
        "Nouveau mot de passe",
        autocomplete="new-password",
        help_text="12 caractères au moins. Une suite de quelques mots se retient bien.",
    )
    confirmation = champ_mot_de_passe("Nouveau mot de passe, encore une fois", autocomplete="new-password")

    def __init__(self, *args, utilisateur, **kwargs):
        super().__init__(*args, utilisateur=utilisateur, **kwargs)
        if utilisateur.mot_de_passe_a_changer:
            del self.fields["ancien"]

    def clean_nouveau(self):
        nouveau = self.cleaned_data["nouveau"]
        if nouveau:
            if lire_genere(nouveau):
                raise forms.ValidationError("Un mot de passe généré ne sert qu’une fois : choisissez le vôtre.")
            password_validation.validate_password(nouveau, self.utilisateur)
        return nouveau

    def verifier_le_reste(self, donnees) -> None:
        nouveau, confirmation = donnees.get("nouveau"), donnees.get("confirmation")
        if nouveau and confirmation and nouveau != confirmation:
            self.add_error("confirmation", "Les deux saisies du nouveau mot de passe sont différentes.")
