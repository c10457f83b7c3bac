"""Forms of a child's file: the canteen card and the contacts. What is typed is hostile until it has passed here."""

import datetime as dt

from django import forms

from comptes.formulaires import TousObligatoires
from comptes.models import Contact, FicheCantine
from comptes.regles import normaliser_telephone

PAI_AU_PLUS = dt.timedelta(days=5 * 366)
OUI_NON = [("oui", "Oui"), ("non", "Non")]


def ligne_propre(brut: str) -> str:
    """One line without what no keyboard writes: control characters, half characters, marks that turn the text round."""
    return " ".join("".join(c if c.isprintable() else " " for c in brut).split())


class ChampLigne(forms.CharField):
    def to_python(self, value):
        return ligne_propre(super().to_python(value) or "")


class ChampLignes(forms.CharField):
    """Several lines. A browser counts a line end for one, and sends two characters."""

    def to_python(self, value):
        lignes = [ligne_propre(ligne) for ligne in (super().to_python(value) or "").splitlines()]
        return "\n".join(lignes).strip()


class ChampTelephone(ChampLigne):
    widget = forms.TextInput(attrs={"type": "tel", "inputmode": "tel"})

    def __init__(self, **options):
        super().__init__(max_length=30, **options)

    def clean(self, value):
        lu = super().clean(value)
        numero = normaliser_telephone(lu) if lu else ""
        if numero is None:
            raise forms.ValidationError(
                "Saisissez un numéro de téléphone entier, par exemple 06 12 34 56 78, ou un numéro étranger qui "
                "commence par « + » et l’indicatif du pays, par exemple +41 22 730 61 11."
            )
        return numero


class FormulaireFiche(forms.Form):
    """The canteen card. `vue_le` says which state of it was shown; `fiche` is what the database holds."""

    regime = forms.ChoiceField(
        label="Menu",
        choices=FicheCantine.Regime.choices,
        error_messages={"required": "Choisissez un menu.", "invalid_choice": "Choisissez un des menus proposés."},
    )
    pai = forms.ChoiceField(
        label="Projet d’accueil individualisé (PAI)",
        choices=OUI_NON,
        error_messages={
            "required": "Dites s’il y a un PAI : oui ou non.",
            "invalid_choice": "Dites s’il y a un PAI : oui ou non.",
        },
    )
    pai_fin = forms.DateField(
        label="Date de fin du PAI",
        required=False,
        input_formats=["%Y-%m-%d", "%d/%m/%Y"],
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="Si le document en donne une. Sans PAI, cette date n’est pas gardée.",
        error_messages={"invalid": "Saisissez une date, par exemple 05/07/2027."},
    )
    medecin = ChampLigne(label="Médecin traitant", required=False, max_length=120)
    medecin_telephone = ChampTelephone(label="Téléphone du médecin", required=False)
    remarques = ChampLignes(
        label="Remarques pour la cantine",
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Ce qui aide au repas : mange lentement, porte des lunettes… 500 caractères au plus.",
        error_messages={"max_length": "500 caractères au plus."},
    )
    vue_le = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)

    def __init__(self, envoi=None, *, fiche: FicheCantine, aujourdhui: dt.date):
        super().__init__(envoi, initial=self.depuis(fiche))
        self.fiche, self.aujourdhui = fiche, aujourdhui

    @staticmethod
    def depuis(fiche: FicheCantine) -> dict:
        champs = ("regime", "pai_fin", "medecin", "medecin_telephone", "remarques")
        return {champ: getattr(fiche, champ) for champ in champs} | {
            "pai": "oui" if fiche.pai else "non",
            "vue_le": fiche.modifie_le.isoformat() if fiche.pk else "",
        }

    def clean_vue_le(self) -> dt.datetime | None:
        try:
            return dt.datetime.fromisoformat(self.cleaned_data["vue_le"])
        except ValueError:
            return None

    def clean_pai_fin(self) -> dt.date | None:
        fin = self.cleaned_data["pai_fin"]
        if fin is None or self.cleaned_data.get("pai") != "oui":
            return None
        if fin < self.aujourdhui and fin != self.fiche.pai_fin:
            raise forms.ValidationError("Cette date est passée. S’il n’y a plus de PAI, répondez « non ».")
        if fin > self.aujourdhui + PAI_AU_PLUS:
            raise forms.ValidationError("Cette date est trop lointaine : un PAI dure cinq ans au plus.")
        return fin

    def valeurs(self) -> dict:
        lues = {champ: valeur for champ, valeur in self.cleaned_data.items() if champ != "vue_le"}
        return lues | {"pai": lues["pai"] == "oui"}


class FormulaireContact(TousObligatoires):
    """A person to call, or allowed to collect the child, or both."""

    prenom = ChampLigne(label="Prénom", max_length=60, error_messages={"required": "Saisissez le prénom."})
    nom = ChampLigne(label="Nom", max_length=60, error_messages={"required": "Saisissez le nom."})
    lien = ChampLigne(
        label="Lien avec l’enfant",
        max_length=60,
        help_text="Par exemple grand-mère, voisin, assistante maternelle.",
        error_messages={"required": "Saisissez le lien avec l’enfant."},
    )
    telephone = ChampTelephone(
        label="Téléphone",
        help_text="Par exemple 06 12 34 56 78, ou +41 22 730 61 11 pour un numéro étranger.",
        error_messages={"required": "Saisissez le téléphone."},
    )
    a_appeler = forms.BooleanField(label="À appeler en cas d’urgence", required=False)
    peut_recuperer = forms.BooleanField(label="Peut venir chercher l’enfant", required=False)

    def __init__(self, *args, contact: Contact | None = None, **kwargs):
        initial = {champ: getattr(contact, champ) for champ in self.base_fields} if contact else {"a_appeler": True}
        super().__init__(*args, initial=initial, **kwargs)
        for nom in ("a_appeler", "peut_recuperer"):
            del self.fields[nom].widget.attrs["required"]

    def clean(self):
        donnees = super().clean()
        if not (donnees.get("a_appeler") or donnees.get("peut_recuperer")):
            self.add_error(
                "peut_recuperer",
                "Cochez au moins une des deux cases : à appeler, ou peut venir chercher l’enfant.",
            )
        return donnees
