"""Tell the adults of households something, in the portal; and the addresses of those who also want a mail of it."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import connection
from django.utils import timezone

from comptes.categories import est_refusable
from comptes.models import Categorie, Famille, Utilisateur

# The author's own is born read: they know what they did, and find it again in the list.
_ECRIRE = """
INSERT INTO comptes_notification (destinataire_id, categorie, titre, texte, lien, cree_le, lue_le)
SELECT r.id, %(categorie)s, a.titre, a.texte, a.lien, %(quand)s,
       CASE WHEN r.utilisateur_id = %(sauf)s::bigint THEN %(quand)s::timestamptz END
  FROM unnest(%(familles)s::bigint[], %(numeros)s::int[]) AS f (famille, numero)
  JOIN unnest(%(titres)s::text[], %(textes)s::text[], %(liens)s::text[]) WITH ORDINALITY
       AS a (titre, texte, lien, numero) ON a.numero = f.numero
  JOIN comptes_responsable r ON r.famille_id = f.famille
  JOIN comptes_utilisateur u ON u.id = r.utilisateur_id AND u.is_active
 ORDER BY r.id
"""


@dataclass(frozen=True)
class Avis:
    """What one household (primary key) is told. `lien` is a path of the portal."""

    famille: int
    titre: str
    texte: str = ""
    lien: str = ""


def notifier(
    *,
    familles: Iterable[int],
    categorie: Categorie,
    titre: str,
    texte: str = "",
    lien: str = "",
    sauf: Utilisateur | None = None,
    quand: dt.datetime | None = None,
) -> int:
    """Give each adult of these households (primary keys) who has an active login a notification; return how many.

    One statement, whatever their number. `sauf` is who did it: theirs is born read. `lien` is a path of the portal.
    """
    return notifier_chacune(
        (Avis(famille, titre, texte, lien) for famille in set(familles)), categorie=categorie, sauf=sauf, quand=quand
    )


def notifier_chacune(
    avis: Iterable[Avis], *, categorie: Categorie, sauf: Utilisateur | None = None, quand: dt.datetime | None = None
) -> int:
    """The same when each household is told its own words; still one statement."""
    textes: dict[tuple[str, str, str], int] = {}
    paires = [(a.famille, textes.setdefault((a.titre[:200], a.texte, a.lien), len(textes) + 1)) for a in avis]
    if not paires:
        return 0
    familles, numeros = zip(*paires, strict=True)
    titres, corps, liens = zip(*textes, strict=True)
    with connection.cursor() as curseur:
        curseur.execute(
            _ECRIRE,
            {
                "familles": list(familles),
                "numeros": list(numeros),
                "titres": list(titres),
                "textes": list(corps),
                "liens": list(liens),
                "categorie": str(categorie),
                "quand": quand or timezone.now(),
                "sauf": sauf.pk if sauf else None,
            },
        )
        return curseur.rowcount


def adresses_pour(familles: Famille | int | Iterable[int], categorie: Categorie) -> dict[int, list[str]]:
    """Household (primary key) → the addresses of its adults who want the mails of this category, the first one first.

    One statement. A refusal of a mail that the law has sent counts for nothing. A household without address is absent.
    """
    if isinstance(familles, Famille):
        familles = [familles.pk]
    elif isinstance(familles, int):
        familles = [familles]
    comptes = Utilisateur.objects.filter(is_active=True, responsable__famille__in=set(familles))
    if est_refusable(categorie):
        comptes = comptes.exclude(responsable__refus_de_courriel__categorie=categorie)
    adresses: dict[int, list[str]] = defaultdict(list)
    for famille, adresse in comptes.order_by("responsable__famille", "responsable__rang").values_list(
        "responsable__famille", "email"
    ):
        adresses[famille].append(adresse)
    return dict(adresses)
