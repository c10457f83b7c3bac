"""Texts of the town: lay the default ones once, publish a new version. Nothing that was published changes."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from comptes.models import Texte, VersionDeTexte
from comptes.textes import LONGUEUR, variables_de, variables_inconnues

DOSSIER = Path(__file__).resolve().parent.parent / "textes_par_defaut"


@dataclass(frozen=True)
class TexteParDefaut:
    """A text that every town begins with. Its words are a file; without one, the town writes the first version."""

    code: str
    titre: str
    reglages: dict = field(default_factory=dict)

    def contenu(self) -> str:
        fichier = DOSSIER / f"{self.code}.md"
        return fichier.read_text() if fichier.exists() else ""


PAGE, SIGNATURE = {"page": True}, {"a_signer": True}
PAR_DEFAUT = {
    t.code: t
    for t in [
        TexteParDefaut("reglement-interieur", "Règlement intérieur", PAGE | SIGNATURE | {"oui_seulement": True}),
        TexteParDefaut("conditions-generales", "Conditions générales", PAGE),
        TexteParDefaut("donnees-personnelles", "Données personnelles", PAGE),
        TexteParDefaut("accessibilite", "Déclaration d’accessibilité", PAGE),
        TexteParDefaut("guide", "Guide : ce que votre ville ajoute", PAGE),
        TexteParDefaut("photographies", "Photographies et films", SIGNATURE),
        TexteParDefaut("image-sur-internet", "Image sur internet", SIGNATURE),
        TexteParDefaut("sorties", "Sorties de proximité", SIGNATURE),
        TexteParDefaut("soins-urgents", "Soins urgents à l’hôpital", SIGNATURE),
        TexteParDefaut("depart-seul", "Départ seul", SIGNATURE),
    ]
}


def poser_les_textes() -> int:
    """Lay the default texts that the town does not have; return how many. What the town has is never touched."""
    with transaction.atomic():
        poses = Texte.objects.bulk_create(
            [
                Texte(code=t.code, titre=t.titre, ordre=10 * rang, **t.reglages)
                for rang, t in enumerate(PAR_DEFAUT.values(), 1)
                if t.code not in set(Texte.objects.values_list("code", flat=True))
            ],
            ignore_conflicts=True,  # two machines that start at once
        )
        sans_version = Texte.objects.filter(code__in=PAR_DEFAUT, versions=None).select_for_update(of=("self",))
        VersionDeTexte.objects.bulk_create(
            [
                VersionDeTexte(texte=texte, numero=1, contenu=contenu)
                for texte in sans_version
                if (contenu := PAR_DEFAUT[texte.code].contenu())
            ],
            ignore_conflicts=True,
        )
    return len(poses)


def publier(
    *,
    texte: Texte,
    contenu: str,
    precedente: int,
    auteur,
    effet: dt.datetime | None = None,
    horloge: Callable[[], dt.datetime] = timezone.now,
) -> VersionDeTexte:
    """Publish a new version, in force at once or at `effet`; return it. Raises ValidationError with a sentence.

    `precedente` is the number of the version that the author has read: one published meanwhile is not overwritten. A
    version that was to take effect later than this one never does.
    """
    contenu = contenu.replace("\r\n", "\n").strip() + "\n"
    verifier_le_contenu(contenu)
    with transaction.atomic():
        texte = Texte.objects.select_for_update(no_key=True).get(pk=texte.pk)
        derniere = texte.versions.order_by("-numero").first()
        maintenant = horloge()
        if (derniere.numero if derniere else 0) != precedente:
            raise ValidationError(
                "Une autre version vient d’être publiée : relisez-la, puis reprenez vos changements à partir d’elle."
            )
        if derniere and derniere.contenu == contenu:
            raise ValidationError("Rien n’a changé : ce texte est celui de la dernière version.")
        if effet and effet < maintenant:
            raise ValidationError("La date d’effet est passée : laissez-la vide pour publier maintenant.")
        return VersionDeTexte.objects.create(
            texte=texte, numero=precedente + 1, contenu=contenu, publiee_le=effet or maintenant, auteur=auteur
        )


def verifier_le_contenu(contenu: str) -> None:
    if not contenu.strip():
        raise ValidationError("Écrivez le texte.")
    if len(contenu) > LONGUEUR:
        raise ValidationError(f"Ce texte est trop long : {LONGUEUR} caractères au plus.")
    if inconnues := variables_inconnues(contenu, variables_de(settings.VILLE)):
        connues = ", ".join(f"{{{{{nom}}}}}" for nom in variables_de(settings.VILLE))
        premiere = inconnues[0] or "vide"
        raise ValidationError(f"« {premiere} » n’est pas un mot que le portail remplace. Il connaît : {connues}.")
