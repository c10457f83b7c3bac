"""What the price of a meal depends on, read for any number of enrolments in a constant number of statements."""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import CharField, Count, F, OuterRef, Q, Subquery
from django.db.models.functions import Cast, Coalesce, JSONObject

from comptes.francais import INSECABLE, nu
from comptes.models import QuotientFamilial
from reservations.models import Grille, Inscription, Tarification, Tranche
from reservations.tarifs import GrilleLue, Prix, TarifsDuFoyer, TrancheLue, pour_cent, prix_par_periode


def habite_la_commune(commune: str) -> bool:
    """Whether a household pays as a resident: the town's name, however it is spelt; an empty commune counts as such."""
    return nu(commune) in ("", nu(settings.VILLE["nom"]))


def poser_les_tarifs(inscriptions: Iterable[Inscription]) -> None:
    """Set `tarifs` on enrolments that are `completes()` and `avec_tarif()`.

    Two statements, none when no service has grids. Called after the locks: a quotient recorded meanwhile counts.
    """
    inscriptions = list(inscriptions)
    avec_grilles = [i.pk for i in inscriptions if i.activite.tarification_id]
    lus = _lire(avec_grilles) if avec_grilles else {}
    for i in inscriptions:
        i.tarifs = lus.get(i.pk) or TarifsDuFoyer(prix_fixe=i.prix_fixe, cout_fixe=i.cout)


def prix_a_venir(inscription: Inscription, aujourdhui: dt.date) -> list[tuple[dt.date, Decimal | None]]:
    """The ordinary prices of an enrolment with its `tarifs`, from today on; the last one when the year is over."""
    depuis = min(max(inscription.debut, aujourdhui), inscription.fin)
    return prix_par_periode(inscription.tarifs, depuis, inscription.fin)


def tarifs_des(inscriptions: Iterable[Inscription]) -> dict[int, TarifsDuFoyer]:
    """Enrolment key → what its household pays, day by day. Two statements at most."""
    return _lire([i.pk for i in inscriptions])


def lire_les_grilles(tarifications: Collection[int]) -> dict[int, tuple[GrilleLue, ...]]:
    """Key of a `Tarification` → its grids. One statement."""
    tranches = Tranche.objects.filter(grille=OuterRef("pk")).order_by("a_partir_de")
    # As text: a number of JSON would come as a float.
    lignes = tranches.values(lue=JSONObject(de="a_partir_de", prix=Cast("prix", CharField()), libelle="libelle"))
    grilles: dict[int, list[GrilleLue]] = defaultdict(list)
    for g in (
        Grille.objects.filter(tarification__in=tarifications).annotate(lues=ArraySubquery(lignes)).order_by("debut")
    ):
        grilles[g.tarification_id].append(en_grille_lue(g, g.lues))
    return {pk: tuple(lues) for pk, lues in grilles.items()}


def en_grille_lue(grille: Grille, tranches: Iterable[dict]) -> GrilleLue:
    return GrilleLue(
        deliberation=grille.deliberation,
        votee_le=grille.votee_le,
        debut=grille.debut,
        fin=grille.fin,
        cout=grille.cout,
        tranches=tuple(TrancheLue(t["de"], Decimal(t["prix"]), t["libelle"]) for t in tranches),
        par_taux=grille.mode == Grille.Mode.TAUX,
        taux=grille.taux or Decimal(0),
        plancher=grille.plancher or Decimal(0),
        plafond=grille.plafond or Decimal(0),
        prix_exterieur=grille.prix_exterieur,
        prix_panier=grille.prix_panier,
        fratrie_rang=grille.fratrie_rang,
        fratrie_reduction=grille.fratrie_reduction,
    )


def _lire(pks: Collection[int]) -> dict[int, TarifsDuFoyer]:
    quotients = QuotientFamilial.objects.filter(famille=OuterRef("rattachement__famille")).order_by("mois")
    lignes = list(
        Inscription.objects.filter(pk__in=pks)
        .avec_tarif()
        .annotate(
            tarification=F("activite__tarification"),
            commune=F("rattachement__famille__commune"),
            quotients=ArraySubquery(quotients.values(lu=JSONObject(mois="mois", valeur="valeur"))),
            aines=Coalesce(Subquery(_aines()), 0),
        )
        .order_by()
        .values_list("pk", "prix_fixe", "cout", "tarification", "commune", "quotients", "aines", "panier", named=True)
    )
    tarifications = {ligne.tarification for ligne in lignes} - {None}
    grilles = lire_les_grilles(tarifications) if tarifications else {}
    return {
        ligne.pk: TarifsDuFoyer(
            prix_fixe=ligne.prix_fixe,
            cout_fixe=ligne.cout,
            grilles=grilles.get(ligne.tarification, ()),
            quotients=tuple((dt.date.fromisoformat(q["mois"]), q["valeur"]) for q in ligne.quotients),
            resident=habite_la_commune(ligne.commune),
            rang=ligne.aines + 1,
            panier=ligne.panier,
        )
        for ligne in lignes
    }


def _aines():
    """How many elder brothers and sisters the child of the outer enrolment has in its household, that school year."""
    enfant = "rattachement__enfant"
    ne_avant = Q(**{f"{enfant}__naissance__lt": OuterRef(f"{enfant}__naissance")}) | Q(
        **{f"{enfant}__naissance": OuterRef(f"{enfant}__naissance"), f"{enfant}__lt": OuterRef(enfant)}
    )
    return (
        Inscription.objects.filter(
            ne_avant, rattachement__famille=OuterRef("rattachement__famille"), annee=OuterRef("annee")
        )
        .order_by()
        .values("annee")
        .annotate(n=Count(enfant, distinct=True))
        .values("n")
    )


@dataclass(frozen=True)
class GrillePubliee:
    """A grid as everyone reads it, with what the family of the simulator would pay for each child."""

    tarification: str
    services: Sequence[str]
    lue: GrilleLue
    prix: Sequence[Prix]  # of the first child, the second…; empty without a family

    @property
    def tranches(self) -> list[tuple[str, Decimal]]:
        return [(self.lue.bornes(rang), tranche.prix) for rang, tranche in enumerate(self.lue.tranches)]

    @property
    def taux(self) -> str:
        return pour_cent(self.lue.taux)

    @property
    def reduction(self) -> str:
        if not (self.lue.fratrie_rang and self.lue.fratrie_reduction):
            return ""
        combien = f"réduction de {pour_cent(self.lue.fratrie_reduction)}"
        return f"À partir du {self.lue.fratrie_rang}e enfant du foyer inscrit à la cantine{INSECABLE}: {combien}."


def grilles_publiees(aujourdhui: dt.date, situation: Mapping | None) -> list[GrillePubliee]:
    """The grids in force and to come. `situation`: `quotient`, `commune` and `enfants` of a family."""
    tarifications = Tarification.objects.filter(grilles__isnull=False).distinct().prefetch_related("activites")
    grilles = lire_les_grilles([t.pk for t in tarifications])
    return [
        GrillePubliee(
            t.nom, [a.nom for a in t.activites.all() if a.active], lue, _simuler(lue, situation) if situation else ()
        )
        for t in tarifications
        for lue in grilles.get(t.pk, ())
        if lue.fin is None or lue.fin >= aujourdhui
    ]


def _simuler(grille: GrilleLue, situation: Mapping) -> list[Prix]:
    resident = habite_la_commune(situation["commune"])
    return [
        grille.prix(situation["quotient"], resident=resident, rang=rang) for rang in range(1, situation["enfants"] + 1)
    ]
