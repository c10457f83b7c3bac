"""Invented menus of the demo: five weeks around today, the same for every service, and one service with its own day."""

import datetime as dt

from reservations.lecture_menus import lundi_de
from reservations.menus import MenuLu, PlatLu
from reservations.models import Activite, Journee, Menu
from reservations.services.menus import comparer, empreinte, enregistrer

AVANT, APRES = 1, 3  # weeks before and after that of today

# Starter, main, side, dairy, dessert; each: dish, allergens, signs (v: vegetarian, l: local).
REPAS = [
    (
        ("Carottes râpées", ("moutarde", "sulfites"), "vl"), ("Sauté de poulet aux olives", (), "l"),
        ("Semoule aux légumes", ("gluten", "celeri"), "v"), ("Yaourt nature", ("lait",), "l"), ("Pomme", (), "vl"),
    ),
    (
        ("Betteraves vinaigrette", ("moutarde", "sulfites"), "v"),
        ("Lasagnes aux légumes", ("gluten", "oeufs", "lait"), "v"),
        ("Salade verte", ("moutarde",), "vl"), ("Fromage blanc", ("lait",), ""), ("Compote de poires", (), "v"),
    ),
    (
        ("Salade de lentilles", ("moutarde",), "vl"), ("Filet de colin sauce citron", ("poissons", "lait"), ""),
        ("Riz pilaf", (), "v"), ("Tomme de brebis", ("lait",), "l"), ("Clémentine", (), "v"),
    ),
    (
        ("Velouté de potiron", ("lait", "celeri"), "vl"), ("Rôti de bœuf", (), "l"), ("Haricots verts", (), "v"),
        ("Petit-suisse", ("lait",), ""), ("Gâteau aux noisettes", ("gluten", "oeufs", "lait", "fruits_a_coque"), "v"),
    ),
    (
        ("Taboulé", ("gluten",), "v"), ("Omelette aux champignons", ("oeufs", "lait"), "vl"),
        ("Ratatouille", (), "vl"), ("Emmental", ("lait",), ""), ("Banane", (), "v"),
    ),
    (
        ("Concombre à la menthe", ("lait",), "v"), ("Cassoulet de volaille", ("celeri",), "l"),
        ("Salade verte", ("moutarde",), "vl"),
        ("Yaourt aux fruits", ("lait",), "l"), ("Poire", (), "vl"),
    ),
    (
        ("Pâté de campagne", ("oeufs", "lait", "sulfites"), "l"), ("Dahl de pois chiches", ("sesame",), "v"),
        ("Boulgour", ("gluten",), "v"),
        ("Camembert", ("lait",), ""), ("Raisin", (), "vl"),
    ),
]  # fmt: skip
COMPOSANTES = ("entree", "plat", "garniture", "laitage", "dessert")
MATERNELLE = "Restauration scolaire Jean Giono maternelle"


def _menu(jour: dt.date, activite: int | None, rang: int, remarque: str = "") -> MenuLu:
    plats = (
        PlatLu(composante, libelle, allergenes, "v" in signes, "l" in signes)
        for composante, (libelle, allergenes, signes) in zip(COMPOSANTES, REPAS[rang % len(REPAS)], strict=True)
    )
    return MenuLu(jour, activite, tuple(plats), remarque)


def creer_les_menus(aujourdhui: dt.date) -> int:
    """Menus of the days of service around today, unless there are some already; their number."""
    if Menu.objects.exists():
        return 0
    lundi = lundi_de(aujourdhui)
    periode = (lundi - dt.timedelta(weeks=AVANT), lundi + dt.timedelta(weeks=APRES, days=6))
    jours = Journee.objects.filter(date__range=periode, fermeture="").order_by("date")
    menus = [
        _menu(jour, None, jour.toordinal(), "Semaine du goût" if jour == lundi + dt.timedelta(days=3) else "")
        for jour in jours.values_list("date", flat=True).distinct()
    ]
    petits = Activite.objects.filter(nom=MATERNELLE).first()
    if petits:
        menus += [
            _menu(m.date, petits.pk, m.date.toordinal() + 3, "Repas des petits")
            for m in menus
            if m.date.isoweekday() == 2
        ]
    ajoutes, _ = enregistrer(menus, vu=empreinte(comparer(menus)))
    return len(ajoutes)
