"""Menus written many at once, imported or copied: first what would change, then the change that was shown."""

import datetime as dt
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.core import signing
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import Count, Max, Q

from comptes.francais import date_longue, nombre
from reservations.menus import TOUS, MenuLu, PlatLu, ranger
from reservations.models import Activite, AnneeScolaire, Journee, Menu, Plat

VERROU = 7_303_041  # of PostgreSQL's advisory locks: any number of our own
SEL = "menus"
VALABLE = dt.timedelta(hours=2)


class MenusChanges(Exception):
    """What is saved is no longer what the agent saw: the differences must be shown again."""


@dataclass(frozen=True)
class Difference:
    """A menu of the proposal, what is saved at its date and service, and why it may not be served."""

    menu: MenuLu
    avant: MenuLu | None
    service: str
    fermeture: str = ""

    @property
    def nature(self) -> str:
        if self.avant is None:
            return "ajoute"
        return "inchange" if self.avant == self.menu else "remplace"

    @property
    def retires(self) -> list[PlatLu]:
        return [plat for plat in self.avant.plats if plat not in self.menu.plats] if self.avant else []

    @property
    def nouveaux(self) -> list[PlatLu]:
        return [plat for plat in self.menu.plats if self.avant is None or plat not in self.avant.plats]


def verrouiller() -> None:
    """One writer of menus at a time, until the end of the transaction."""
    with connection.cursor() as curseur:
        curseur.execute("SELECT pg_advisory_xact_lock(%s)", [VERROU])


def hors_des_annees(menus: Iterable[MenuLu]) -> list[str]:
    """A sentence for each date that is in no school year: a typing error, most often of the year."""
    annees = list(AnneeScolaire.objects.values_list("debut", "fin"))
    dates = sorted({menu.date for menu in menus})
    return [
        f"Le {date_longue(jour)} n’est dans aucune année scolaire du portail."
        for jour in dates
        if not any(debut <= jour <= fin for debut, fin in annees)
    ]


def comparer(menus: Sequence[MenuLu]) -> list[Difference]:
    """What the proposal would change, in its order. The same number of statements whatever its length."""
    avant = _enregistres(menus)
    noms = dict(Activite.objects.filter(pk__in={m.activite for m in menus if m.activite}).values_list("pk", "nom"))
    fermetures = _fermetures(menus)
    return [
        Difference(
            menu,
            avant.get((menu.date, menu.activite)),
            noms.get(menu.activite, "Service supprimé") if menu.activite else TOUS,
            fermetures.get((menu.date, menu.activite), ""),
        )
        for menu in menus
    ]


def _cles(menus: Iterable[MenuLu]):
    """The rows of these dates and services: dates × services, more than needed, then chosen by key."""
    menus = list(menus)
    services = {menu.activite for menu in menus}
    return Menu.objects.filter(date__in={menu.date for menu in menus}).filter(
        Q(activite__in=services - {None}) | (Q(activite=None) if None in services else Q(pk__in=[]))
    )


def _enregistres(menus: Iterable[MenuLu]) -> dict[tuple[dt.date, int | None], MenuLu]:
    return {(m.date, m.activite): m for m in lus_de(_cles(menus))}


def lus_de(menus) -> list[MenuLu]:
    """Saved menus, as a spreadsheet would give them."""
    return [
        MenuLu(
            menu.date,
            menu.activite_id,
            tuple(
                PlatLu(plat.composante, plat.libelle, ranger(plat.allergenes), plat.vegetarien, plat.local)
                for plat in menu.plats.all()
            ),
            menu.remarque,
        )
        for menu in menus.prefetch_related("plats").order_by("date", "activite_id")
    ]


def _fermetures(menus: Iterable[MenuLu]) -> dict[tuple[dt.date, int | None], str]:
    """Why the meal of a date is not served: by its service, or by none of them."""
    menus = list(menus)
    journees = Journee.objects.filter(date__in={menu.date for menu in menus}).order_by()
    services = {menu.activite for menu in menus if menu.activite}
    une = {
        (jour, service): motif
        for jour, service, motif in journees.filter(activite__in=services).values_list("date", "activite", "fermeture")
    }
    toutes = {
        jour: "" if ouvertes else motif
        for jour, ouvertes, motif in journees.values("date")
        .annotate(ouvertes=Count("pk", filter=Q(fermeture="")), motif=Max("fermeture"))
        .values_list("date", "ouvertes", "motif")
    }
    return {
        (menu.date, menu.activite): (
            une.get((menu.date, menu.activite), "pas de service")
            if menu.activite
            else toutes.get(menu.date, "pas de service")
        )
        for menu in menus
    }


def empreinte(differences: Iterable[Difference]) -> str:
    """Of what the agent saw: the proposal and what it would replace."""
    vu = repr([(d.menu, d.avant) for d in differences])
    return hashlib.sha256(vu.encode()).hexdigest()


def sceller(differences: Sequence[Difference], utilisateur) -> str:
    """The proposal, to be carried by the page until its confirmation: nothing is kept here meanwhile."""
    menus = [
        [d.menu.date.isoformat(), d.menu.activite, d.menu.remarque, [list(vars(p).values()) for p in d.menu.plats]]
        for d in differences
    ]
    return signing.dumps([utilisateur.pk, empreinte(differences), menus], salt=SEL, compress=True)


def desceller(sceau: str, utilisateur) -> tuple[list[MenuLu], str]:
    """The proposal and what was seen of it. Raises ValidationError with a sentence."""
    try:
        pk, vu, menus = signing.loads(sceau, salt=SEL, max_age=VALABLE)
    except signing.BadSignature:
        pk, vu, menus = None, "", []
    if pk != utilisateur.pk:
        raise ValidationError("Cette vérification n’est plus valable : recommencez. Rien n’a été enregistré.")
    lus = [
        MenuLu(
            dt.date.fromisoformat(jour),
            activite,
            tuple(PlatLu(c, libelle, tuple(allergenes), *signes) for c, libelle, allergenes, *signes in plats),
            remarque,
        )
        for jour, activite, remarque, plats in menus
    ]
    return lus, vu


@transaction.atomic
def enregistrer(menus: Sequence[MenuLu], *, vu: str) -> tuple[list[Menu], list[Menu]]:
    """Write the proposal that was seen: the menus added, the menus replaced. All or nothing.

    Raises MenusChanges when what it replaces is no longer what was shown. What is the same is not touched: a second
    time changes nothing.
    """
    verrouiller()
    services = {menu.activite for menu in menus if menu.activite}
    if Activite.objects.filter(pk__in=services).count() != len(services):
        raise ValidationError("Un service de ces menus n’existe plus : recommencez. Rien n’a été enregistré.")
    differences = comparer(menus)
    if empreinte(differences) != vu:
        if all(d.nature == "inchange" for d in differences):
            return [], []  # the same form, sent twice
        raise MenusChanges
    a_ecrire = {(d.menu.date, d.menu.activite): d.menu for d in differences if d.nature != "inchange"}
    remplaces = [menu for menu in _cles(a_ecrire.values()) if (menu.date, menu.activite_id) in a_ecrire]
    for menu in remplaces:
        menu.remarque = a_ecrire[menu.date, menu.activite_id].remarque
    Menu.objects.bulk_update(remplaces, ["remarque"])
    Plat.objects.filter(menu__in=remplaces).delete()
    connus = {(menu.date, menu.activite_id) for menu in remplaces}
    ajoutes = Menu.objects.bulk_create(
        Menu(date=lu.date, activite_id=lu.activite, remarque=lu.remarque)
        for cle, lu in a_ecrire.items()
        if cle not in connus
    )
    Plat.objects.bulk_create(
        Plat(menu=menu, ordre=ordre, **{**vars(plat), "allergenes": list(plat.allergenes)})
        for menu in [*remplaces, *ajoutes]
        for ordre, plat in enumerate(a_ecrire[menu.date, menu.activite_id].plats, 1)
    )
    return ajoutes, remplaces


def copier(*, debut: dt.date, jours: int, vers: dt.date) -> list[MenuLu]:
    """The proposal that repeats the menus of `jours` days from `debut`, at the same distance from `vers`."""
    decalage = vers - debut
    fin = debut + dt.timedelta(days=jours - 1)
    return [
        MenuLu(menu.date + decalage, menu.activite, menu.plats, menu.remarque)
        for menu in lus_de(Menu.objects.filter(date__range=(debut, fin)))
    ]


def phrase_du_bilan(ajoutes: Sequence, remplaces: Sequence) -> str:
    """« 12 menus ajoutés, 1 menu remplacé. »"""
    if not ajoutes and not remplaces:
        return "Rien n’a changé : ces menus étaient déjà enregistrés."
    mots = [
        nombre(len(ajoutes), "menu ajouté", "menus ajoutés") if ajoutes else "",
        nombre(len(remplaces), "menu remplacé", "menus remplacés") if remplaces else "",
    ]
    return f"{', '.join(filter(None, mots))}."
