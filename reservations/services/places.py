"""The count of places of the days, moved in one statement whatever their number."""

from collections.abc import Mapping

from django.db import connection

# One UPDATE for all the days; the ORM would write one CASE branch a day. A tolerance left by a lowered capacity
# shrinks with each place given back and never grows.
_REQUETE = """
UPDATE reservations_journee AS j
   SET places_prises = j.places_prises + d.ecart,
       depassement = LEAST(j.depassement, GREATEST(0, j.places_prises + d.ecart - j.capacite))
  FROM unnest(%s::bigint[], %s::int[]) AS d (id, ecart)
 WHERE j.id = d.id
"""


def compter_les_places(ecarts: Mapping[int, int]) -> None:
    """Add to the places taken of each day (primary key → +n or −n). The rows are locked by the caller.

    Raises IntegrityError when a day would exceed its capacity: the constraint is the net under the rule.
    """
    utiles = {pk: ecart for pk, ecart in ecarts.items() if ecart}
    if not utiles:
        return
    with connection.cursor() as curseur:
        curseur.execute(_REQUETE, [list(utiles), list(utiles.values())])
