"""The count of places of the days, moved in one statement whatever their number; the waiting list comes first."""

from collections.abc import Mapping

from celery import signature
from django.db import connection, transaction
from django.utils import timezone

from comptes.courriels import annoncer

# By name: the task calls the services, which call us.
SERVIR = signature("reservations.tasks.servir_les_attentes")
# One statement for all the days; the ORM would write one CASE branch a day. A tolerance left by a lowered capacity
# shrinks with each place given back and never grows. A place that is free after the move goes to the first who wait,
# by order of request: it never becomes free for anybody else, and stays counted, held for them.
_REQUETE = """
WITH d AS (
  SELECT j.id, m.ecart, j.places_prises + m.ecart AS prises, j.capacite, j.fermeture, j.limite_reservation
    FROM reservations_journee j
    JOIN unnest(%(ids)s::bigint[], %(ecarts)s::int[]) AS m (id, ecart) ON m.id = j.id
), file AS (
  SELECT a.id, a.mode, d.limite_reservation, d.capacite - d.prises AS libres,
         row_number() OVER (PARTITION BY a.journee_id ORDER BY a.id) AS rang
    FROM reservations_attente a JOIN d ON d.id = a.journee_id
   WHERE a.etat = 'attente' AND d.fermeture = '' AND d.limite_reservation > %(maintenant)s AND d.prises < d.capacite
), servies AS (
  UPDATE reservations_attente a
     SET etat = 'attribuee', attribuee_le = %(maintenant)s,
         expire_le = LEAST(file.limite_reservation, %(maintenant)s + make_interval(hours => (
           SELECT v.offre_heures FROM reservations_activite v JOIN reservations_journee j ON j.activite_id = v.id
            WHERE j.id = a.journee_id)))
    FROM file WHERE file.id = a.id AND file.rang <= file.libres
  RETURNING a.journee_id
), tenues AS (
  SELECT journee_id, count(*)::int AS n FROM servies GROUP BY journee_id
), ecrites AS (
  UPDATE reservations_journee AS j
     SET places_prises = j.places_prises + d.ecart + coalesce(tenues.n, 0),
         depassement = LEAST(j.depassement, GREATEST(0, j.places_prises + d.ecart + coalesce(tenues.n, 0) - j.capacite))
    FROM d LEFT JOIN tenues ON tenues.journee_id = d.id
   WHERE j.id = d.id AND d.ecart + coalesce(tenues.n, 0) <> 0
  RETURNING j.id
)
SELECT coalesce(sum(n), 0)::int FROM tenues
"""


def compter_les_places(ecarts: Mapping[int, int]) -> int:
    """Add to the places taken of each day (primary key → +n, −n, or 0 to serve its waiting list).

    The rows are locked by the caller. Returns the number of places given to households that wait: they stay counted as
    taken, and the worker books or offers them once the transaction is over. Raises IntegrityError when a day would
    exceed its capacity: the constraint is the net under the rule.
    """
    if not ecarts:
        return 0
    with connection.cursor() as curseur:
        curseur.execute(_REQUETE, {"ids": list(ecarts), "ecarts": list(ecarts.values()), "maintenant": timezone.now()})
        (attribuees,) = curseur.fetchone()
    if attribuees:
        transaction.on_commit(lambda: annoncer(SERVIR))
    return attribuees
