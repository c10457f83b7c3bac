"""When a quotient, an address or a grid changes, the meals booked take their new price, and families hear of it."""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from decimal import Decimal

from django.db import connection, transaction
from django.db.models import QuerySet

from comptes.francais import INSECABLE, date_sans_annee, de, euros, nombre
from comptes.models import Categorie, Utilisateur
from comptes.services.notifier import Avis, notifier_chacune
from reservations.lecture_tarifs import tarifs_des
from reservations.models import Inscription, Reservation
from reservations.models.inscription import InscriptionQuerySet
from reservations.tarifs import prix_du_repas, prix_par_periode

# All the meals in one statement. `p`: the ordinary prices of each enrolment, period by period; `t`: its late meals.
_RECALCULER = """
WITH p AS (
  SELECT * FROM unnest(%(inscriptions)s::bigint[], %(debuts)s::date[], %(fins)s::date[], %(prix)s::numeric[])
             AS p (inscription_id, debut, fin, prix)
), t AS (
  SELECT * FROM unnest(%(tardifs)s::bigint[], %(prix_tardifs)s::numeric[]) AS t (id, prix)
), changes AS (
  SELECT r.id, r.inscription_id, r.date, r.prix AS avant, p.prix AS apres
    FROM reservations_reservation r
    JOIN p ON p.inscription_id = r.inscription_id AND r.date BETWEEN p.debut AND p.fin
   WHERE NOT r.tardive AND r.prix <> p.prix AND r.id <> ALL (%(sauf)s::bigint[])
  UNION ALL
  SELECT r.id, r.inscription_id, r.date, r.prix, t.prix
    FROM reservations_reservation r JOIN t ON t.id = r.id
   WHERE r.prix <> t.prix AND r.id <> ALL (%(sauf)s::bigint[])
), ecrits AS (
  UPDATE reservations_reservation r SET prix = c.apres FROM changes c WHERE c.id = r.id
)
SELECT inscription_id, avant, apres, count(*), min(date) FROM changes GROUP BY 1, 2, 3 ORDER BY 1, 5
"""
TITRE = "Le prix de vos repas change"


@contextmanager
def prix_recalcules(
    inscriptions: InscriptionQuerySet,
    *,
    depuis: dt.date,
    par: Utilisateur | None = None,
    sauf: QuerySet[Reservation] | None = None,
) -> Iterator[None]:
    """Change inside the block what prices depend on; the meals booked since `depuis` then take the rule's price.

    Locks: the enrolments, before the block, which may lock the household after them. A booking that waited for these
    locks reads the tariffs after. `sauf` are meals that keep their price: those billed.
    """
    with transaction.atomic():
        lues = list(inscriptions.filter(fin__gte=depuis).completes().verrouillees())
        yield
        recalculer(lues, depuis=depuis, par=par, sauf=sauf)


def recalculer(
    inscriptions: Iterable[Inscription],
    *,
    depuis: dt.date,
    par: Utilisateur | None = None,
    sauf: QuerySet[Reservation] | None = None,
) -> int:
    """Give the meals of these enrolments, locked by the caller, the price of the rule; return how many changed.

    A late meal keeps its surcharge by the rule. A meal whose day has no price any more keeps its own. Each household
    whose prices change is told what they were and what they are. A constant number of statements.
    """
    lues = {i.pk: i for i in inscriptions}
    if not lues:
        return 0
    for pk, tarifs in tarifs_des(lues.values()).items():
        lues[pk].tarifs = tarifs
    periodes = [
        (pk, max(debut, depuis), fin, prix) for pk, i in lues.items() for debut, fin, prix in _periodes(i, depuis)
    ]
    tardifs = list(_tardifs(lues, depuis))
    gardes = (
        sauf.filter(inscription__in=lues, date__gte=depuis).values_list("pk", flat=True) if sauf is not None else []
    )
    with connection.cursor() as curseur:
        curseur.execute(
            _RECALCULER,
            {
                "inscriptions": [pk for pk, _, _, _ in periodes],
                "debuts": [debut for _, debut, _, _ in periodes],
                "fins": [fin for _, _, fin, _ in periodes],
                "prix": [prix for _, _, _, prix in periodes],
                "tardifs": [pk for pk, _ in tardifs],
                "prix_tardifs": [prix for _, prix in tardifs],
                "sauf": list(gardes),
            },
        )
        changes = curseur.fetchall()
    notifier_chacune(_avis(lues, changes), categorie=Categorie.FACTURES, sauf=par)
    return sum(n for _, _, _, n, _ in changes)


def _periodes(inscription: Inscription, depuis: dt.date) -> Iterator[tuple[dt.date, dt.date, Decimal]]:
    """(first day, last day, euros) of each ordinary price since `depuis`."""
    fin = inscription.fin
    periodes = prix_par_periode(inscription.tarifs, min(max(inscription.debut, depuis), fin), fin)
    suivants = [jour for jour, _ in periodes[1:]] + [fin + dt.timedelta(days=1)]
    for (debut, prix), suivant in zip(periodes, suivants, strict=True):
        if prix is not None:
            yield debut, suivant - dt.timedelta(days=1), prix


def _tardifs(lues: dict[int, Inscription], depuis: dt.date) -> Iterator[tuple[int, Decimal]]:
    """(key, euros) of the late meals; each has as many before it as were booked before."""
    avant: Counter[int] = Counter()
    for repas in Reservation.objects.filter(inscription__in=lues, tardive=True).order_by("pk"):
        inscription = lues[repas.inscription_id]
        prix = prix_du_repas(
            repas.date,
            inscription.tarifs,
            retard=inscription.activite.regle_retard,
            tardives_avant=avant[inscription.pk],
        ).montant
        avant[inscription.pk] += 1
        if prix is not None and repas.date >= depuis:
            yield repas.pk, prix


def _avis(lues: dict[int, Inscription], changes) -> list[Avis]:
    """What each household is told: a sentence for each child and change of price."""
    phrases: dict[int, list[str]] = defaultdict(list)
    for pk, avant, apres, combien, premier in changes:
        inscription = lues[pk]
        repas = nombre(combien, "repas réservé", "repas réservés")
        quand = f"{'le' if combien == 1 else 'à partir du'} {date_sans_annee(premier)}"
        phrases[inscription.famille.pk].append(
            f"Repas {de(inscription.enfant.prenom)}{INSECABLE}: {euros(apres)} au lieu de {euros(avant)}, "
            f"pour {repas} {quand}."
        )
    return [Avis(famille, TITRE, "\n".join(siennes), "/reservations/") for famille, siennes in phrases.items()]
