"""Rows sent as one JSON text are the rows that were given, whatever their words."""

import datetime as dt
from decimal import Decimal

import pytest
from django.forms import model_to_dict

from reservations.calendrier import Case
from reservations.models import Mouvement
from reservations.services.inserer import inserer
from reservations.templatetags.calendrier import cellule
from tests.factories import foyer

JOUR = dt.date(2026, 12, 10)


@pytest.mark.django_db
@pytest.mark.usefixtures("ouverture")
def test_what_is_inserted_is_read_back():
    f = foyer()
    operation = f.reserver(JOUR)
    mots = ["", "L’été à « Iéna »", 'l\'école "A" \\n \\u0041 %s %(x)s {}', "1\t2\n3", "🍎 null", "</li><b>"]
    lignes = [
        Mouvement(
            operation_id=operation.pk,
            inscription_id=f.inscription.pk,
            date=JOUR + dt.timedelta(days=n + 1),
            nature=Mouvement.Nature.REFUS,
            motif="ferme",
            precision=mot,
            prix=Decimal("4.97") if n % 2 else None,
            capacite=n or None,
            places_prises=0,
        )
        for n, mot in enumerate(mots)
    ]
    inserer(lignes)
    inserer([])
    ecrites = operation.mouvements.filter(nature="refus").order_by("pk")
    assert [model_to_dict(m, exclude=["id"]) for m in ecrites] == [model_to_dict(m, exclude=["id"]) for m in lignes]


def test_a_cell_escapes_what_people_wrote():
    libre = Case(JOUR, etat="libre", mot="<i>Libre</i>", cochable=True)
    fermee = Case(JOUR, etat="ferme", mot='Grève "A" <script>')
    for cellule_ecrite in (cellule(libre, 'Zoé"><script>'), cellule(fermee, "Zoé")):
        assert "<script" not in cellule_ecrite
        assert "<i>" not in cellule_ecrite
    assert "Zoé&quot;&gt;&lt;script&gt;, jeudi 10" in cellule(libre, 'Zoé"><script>')
