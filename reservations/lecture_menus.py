"""The menus of a week as families read them: for each service its own menu, else that of every service."""

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from types import MappingProxyType

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, OuterRef, Q, Subquery
from django.db.models.functions import JSONObject

from comptes.francais import INSECABLE, MOIS, enumerer, quantieme
from reservations.menus import ecrire_allergenes
from reservations.models import AnneeScolaire, Inscription, Journee, Menu, PeriodeSansClasse, Plat

NOMS_AU_PLUS = 3
SEMAINE = dt.timedelta(days=7)


@dataclass(frozen=True)
class PlatServi:
    composante: str
    libelle: str
    allergenes: str  # in words
    vegetarien: bool
    local: bool


@dataclass(frozen=True)
class JourDeMenu:
    date: dt.date
    fermeture: str
    remarque: str
    plats: tuple[PlatServi, ...]

    @property
    def cases(self) -> list[tuple[str, list[PlatServi]]]:
        """A cell for each part of a meal: its title, its dishes."""
        return [(c.label, [p for p in self.plats if p.composante == c.value]) for c in Plat.Composante]

    @property
    def resume(self) -> str:
        """`Carottes râpées, lasagnes, yaourt`, in the order of the meal."""
        libelles = [plat.libelle for _, plats in self.cases for plat in plats]
        return ", ".join([*libelles[:1], *(mot[:1].lower() + mot[1:] for mot in libelles[1:])])


@dataclass(frozen=True)
class TableauDeMenus:
    """The days of services that eat the same."""

    services: tuple[str, ...]
    jours: tuple[JourDeMenu, ...]
    tous: bool  # no other service that week

    @property
    def titre(self) -> str:
        if self.tous and len(self.services) > 1:
            return "Tous les services"
        return enumerer(self.services) if len(self.services) <= NOMS_AU_PLUS else f"{len(self.services)} services"

    @property
    def noms(self) -> tuple[str, ...]:
        """The services to list under a title that does not name them."""
        return () if self.tous or len(self.services) <= NOMS_AU_PLUS else self.services

    @property
    def servi(self) -> bool:
        return any(jour.plats for jour in self.jours)


def tableaux(
    activites, debut: dt.date, fin: dt.date, chomes: Mapping[dt.date, str] = MappingProxyType({})
) -> list[TableauDeMenus]:
    """One table for the services that eat the same from `debut` to `fin`, in one statement.

    `activites`: keys of services, or a queryset of them. `chomes`: days without class (`jours_sans_classe`), to show
    among the others.
    """
    menu = (
        Menu.objects.filter(date=OuterRef("date"))
        .filter(Q(activite=OuterRef("activite")) | Q(activite=None))
        .order_by(F("activite").asc(nulls_last=True))
    )
    plats = Plat.objects.filter(menu=OuterRef("menu")).order_by("ordre", "pk")
    champs = ("composante", "libelle", "allergenes", "vegetarien", "local")
    lignes = (
        Journee.objects.filter(activite__in=activites, date__range=(debut, fin))
        .annotate(menu=Subquery(menu.values("pk")[:1]), remarque=Subquery(menu.values("remarque")[:1]))
        .annotate(plats=ArraySubquery(plats.values_list(JSONObject(**{nom: nom for nom in champs}))))
        .order_by("activite__nom", "date")
        .values_list("activite__nom", "date", "fermeture", "remarque", "plats")
    )
    services: dict[tuple[JourDeMenu, ...], list[str]] = {}
    for nom, journees in groupby(lignes, key=lambda ligne: ligne[0]):
        jours = _avec_les_chomes([_jour(*journee) for _, *journee in journees], chomes)
        services.setdefault(jours, []).append(nom)
    return [TableauDeMenus(tuple(noms), jours, len(services) == 1) for jours, noms in services.items()]


def _jour(date: dt.date, fermeture: str, remarque: str | None, plats: list[dict]) -> JourDeMenu:
    if fermeture:
        return JourDeMenu(date, fermeture, "", ())
    servis = tuple(PlatServi(**{**plat, "allergenes": ecrire_allergenes(plat["allergenes"])}) for plat in plats)
    return JourDeMenu(date, "", remarque or "", servis)


def _avec_les_chomes(jours: list[JourDeMenu], chomes: Mapping[dt.date, str]) -> tuple[JourDeMenu, ...]:
    connus = {jour.date for jour in jours}
    mercredi = any(jour.date.isoweekday() == 3 for jour in jours)
    manquants = [
        JourDeMenu(jour, motif, "", ())
        for jour, motif in chomes.items()
        if jour not in connus and (mercredi or jour.isoweekday() != 3)
    ]
    return tuple(sorted([*jours, *manquants], key=lambda jour: jour.date))


def jours_sans_classe(debut: dt.date, fin: dt.date) -> dict[dt.date, str]:
    """Holidays and public holidays from Monday to Friday, with their names."""
    periodes = PeriodeSansClasse.objects.filter(debut__lte=fin, fin__gte=debut).order_by("-debut")
    jours = [debut + dt.timedelta(days=n) for n in range((fin - debut).days + 1)]
    return {
        jour: periode.libelle
        for periode in periodes
        for jour in jours
        if periode.debut <= jour <= periode.fin and jour.isoweekday() <= 5
    }


def activites_des_enfants(utilisateur, debut: dt.date, fin: dt.date):
    """The services of the children of this household in these days, as a subquery."""
    inscriptions = Inscription.objects.de(utilisateur).filter(debut__lte=fin, fin__gte=debut)
    return inscriptions.order_by().values("activite")


def menus_du_foyer(utilisateur, aujourdhui: dt.date) -> list[TableauDeMenus]:
    """What the children's services serve from today to the end of the week; from Saturday, the week to come."""
    debut = max(aujourdhui, lundi_de(aujourdhui))
    fin = lundi_de(aujourdhui) + dt.timedelta(days=6)
    return tableaux(activites_des_enfants(utilisateur, debut, fin), debut, fin)


# --- Weeks ------------------------------------------------------------------------------------------------------------
def lundi_de(jour: dt.date) -> dt.date:
    """The Monday of the week to read on this day: from Saturday, the next."""
    lundi = jour - dt.timedelta(days=jour.weekday())
    return lundi + SEMAINE if jour.isoweekday() >= 6 else lundi


def code_de(lundi: dt.date) -> str:
    """`2026-W40`, the value of `?semaine=`."""
    annee, semaine, _ = lundi.isocalendar()
    return f"{annee}-W{semaine:02}"


def lire_semaine(code: str) -> dt.date | None:
    """The Monday of `2026-W40`; None when there is no such week."""
    lu = re.fullmatch(r"(\d{4})-W(\d\d)", code, re.ASCII)
    try:
        return dt.date.fromisocalendar(int(lu[1]), int(lu[2]), 1) if lu else None
    except ValueError:
        return None


@dataclass(frozen=True)
class SemaineDeMenus:
    """A week of a school year, and its neighbours in that year."""

    lundi: dt.date
    annee: AnneeScolaire
    demandee: bool  # the one that the address names, or none was named

    @property
    def dimanche(self) -> dt.date:
        return self.lundi + dt.timedelta(days=6)

    @property
    def code(self) -> str:
        return code_de(self.lundi)

    @property
    def nom(self) -> str:
        """`du 23 au 27 novembre 2026`, `du 28 septembre au 2 octobre 2026`."""
        vendredi = self.lundi + dt.timedelta(days=4)
        lundi, mois = quantieme(self.lundi), MOIS[self.lundi.month - 1]
        debut = lundi if self.lundi.month == vendredi.month else f"{lundi}{INSECABLE}{mois}"
        if self.lundi.year != vendredi.year:
            debut += f" {self.lundi.year}"
        return f"du {debut} au {quantieme(vendredi)}{INSECABLE}{MOIS[vendredi.month - 1]} {vendredi.year}"

    @property
    def precedente(self) -> str:
        avant = self.lundi - SEMAINE
        return code_de(avant) if _touche(avant, self.annee) else ""

    @property
    def suivante(self) -> str:
        apres = self.lundi + SEMAINE
        return code_de(apres) if _touche(apres, self.annee) else ""


def _touche(lundi: dt.date, annee: AnneeScolaire) -> bool:
    return lundi <= annee.fin and lundi + dt.timedelta(days=4) >= annee.debut


def choisir_semaine(code: str, annees: Sequence[AnneeScolaire], aujourdhui: dt.date) -> SemaineDeMenus | None:
    """The week of the address, else of today, else the first of the year to come, else the last of all."""
    demandee = lire_semaine(code)
    for lundi in filter(None, (demandee, lundi_de(aujourdhui))):
        for annee in annees:
            if _touche(lundi, annee):
                return SemaineDeMenus(lundi, annee, not code or lundi == demandee)
    a_venir: Iterable[AnneeScolaire] = [annee for annee in annees if annee.debut > aujourdhui]
    if a_venir:
        annee = min(a_venir, key=lambda annee: annee.debut)
        return SemaineDeMenus(annee.debut - dt.timedelta(days=annee.debut.weekday()), annee, not code)
    if annees:
        annee = max(annees, key=lambda annee: annee.fin)
        return SemaineDeMenus(annee.fin - dt.timedelta(days=annee.fin.weekday()), annee, not code)
    return None
