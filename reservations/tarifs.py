"""The price of a meal. One pure function, that the calendar, the recap, the receipt and later the bill all call."""

import datetime as dt
from dataclasses import dataclass, field, replace
from decimal import ROUND_HALF_UP, Decimal

from django.db.models import TextChoices

from comptes.francais import FINE, INSECABLE, date_courte, euros

CENTIME = Decimal("0.01")


class ModeDeRetard(TextChoices):
    """What a meal booked after the cut-off costs."""

    REFUS = "refus", "refuser"
    FIXE = "fixe", "accepter avec un supplément en euros"
    POURCENTAGE = "pourcentage", "accepter avec un supplément en pourcentage"
    FORFAIT = "forfait", "accepter à un prix unique"
    FRANCHISE = "franchise", "accepter sans supplément n fois par an, puis au double"


@dataclass(frozen=True)
class RegleDeRetard:
    """`montant`: euros for FIXE and FORFAIT, a percentage for POURCENTAGE; `franchise`: free late meals of a year."""

    Mode = ModeDeRetard

    mode: str
    montant: Decimal = Decimal(0)
    franchise: int = 0

    def majorer(self, prix: Decimal, tardives_avant: int) -> Decimal:
        """The late price, before any ceiling. `tardives_avant`: late meals that the enrolment has already this year."""
        match self.mode:
            case ModeDeRetard.FIXE:
                return prix + self.montant
            case ModeDeRetard.POURCENTAGE:
                return au_centime(prix * (1 + self.montant / 100))
            case ModeDeRetard.FORFAIT:
                return self.montant
            case ModeDeRetard.FRANCHISE:
                return prix if tardives_avant < self.franchise else 2 * prix
        return prix


def au_centime(montant: Decimal) -> Decimal:
    """Half a cent is a cent."""
    return montant.quantize(CENTIME, ROUND_HALF_UP)


def quotient_en_mots(valeur: int) -> str:
    """`1 099 €`, without cents."""
    return f"{valeur:,}".replace(",", FINE) + f"{INSECABLE}€"


def pour_cent(valeur: Decimal) -> str:
    """`Decimal("0.3600")` → `0,36 %`."""
    return f"{valeur.normalize():f}".replace(".", ",") + f"{INSECABLE}%"


@dataclass(frozen=True)
class Prix:
    """What a meal costs and why. `montant` in euros, None when the town has set none.

    `tranche` and `deliberation` are the words printed; `etapes` are the sentences of « Pourquoi ce prix ? ».
    """

    montant: Decimal | None
    tranche: str = ""
    deliberation: str = ""
    etapes: tuple[str, ...] = ()

    def devient(self, montant: Decimal, etape: str, tranche: str | None = None) -> "Prix":
        """The price after one more step of the rule."""
        return replace(
            self,
            montant=montant,
            tranche=self.tranche if tranche is None else tranche,
            etapes=(*self.etapes, etape),
        )


@dataclass(frozen=True)
class TrancheLue:
    """A bracket: from this quotient up to the next bracket."""

    a_partir_de: int
    prix: Decimal
    libelle: str = ""


@dataclass(frozen=True)
class GrilleLue:
    """A grid as it was voted; see `models.Grille`. `tranches` are in the order of quotients."""

    deliberation: str
    votee_le: dt.date
    debut: dt.date
    cout: Decimal
    fin: dt.date | None = None
    tranches: tuple[TrancheLue, ...] = ()
    par_taux: bool = False
    taux: Decimal = Decimal(0)
    plancher: Decimal = Decimal(0)
    plafond: Decimal = Decimal(0)
    prix_exterieur: Decimal | None = None
    prix_panier: Decimal | None = None
    fratrie_rang: int | None = None
    fratrie_reduction: Decimal = Decimal(0)

    @property
    def reference(self) -> str:
        """`2026-041 du 12/06/2026`."""
        return f"{self.deliberation} du {date_courte(self.votee_le)}"

    def vaut(self, jour: dt.date) -> bool:
        return self.debut <= jour and (self.fin is None or jour <= self.fin)

    def bornes(self, rang: int) -> str:
        """The words of a bracket: its own, or `quotient de 700 à 1 099 €`."""
        tranche = self.tranches[rang]
        if tranche.libelle:
            return tranche.libelle
        if rang + 1 == len(self.tranches):
            return f"quotient à partir de {quotient_en_mots(tranche.a_partir_de)}"
        jusqu_a = quotient_en_mots(self.tranches[rang + 1].a_partir_de - 1)
        return f"quotient de {quotient_en_mots(tranche.a_partir_de).removesuffix(f'{INSECABLE}€')} à {jusqu_a}"

    def prix(self, quotient: int | None, *, resident: bool = True, rang: int = 1, panier: bool = False) -> Prix:
        """What a household pays. `rang`: of the child among its brothers and sisters; `panier`: it brings the meal.

        Without a quotient on file, the top bracket or the ceiling. Never above what the meal costs.
        """
        prix = self._ordinaire(quotient, resident)
        if prix.montant is None:
            return prix
        if panier and self.prix_panier is not None and self.prix_panier < prix.montant:
            prix = prix.devient(
                self.prix_panier,
                f"La famille fournit le repas{INSECABLE}: prix du panier-repas, {euros(self.prix_panier)}.",
                "panier-repas",
            )
        if self.fratrie_rang and rang >= self.fratrie_rang and self.fratrie_reduction:
            prix = self._en_fratrie(prix, rang)
        return self._plafonne(prix)

    def _ordinaire(self, quotient: int | None, resident: bool) -> Prix:
        nu = Prix(None, deliberation=self.reference)
        if not resident and self.prix_exterieur is not None:
            etape = f"L’adresse du foyer est hors de la commune{INSECABLE}: prix hors commune,"
            return nu.devient(self.prix_exterieur, f"{etape} {euros(self.prix_exterieur)}.", "hors commune")
        if self.par_taux:
            return self._par_taux(nu, quotient)
        return self._par_tranches(nu, quotient) if self.tranches else nu

    def _par_tranches(self, nu: Prix, quotient: int | None) -> Prix:
        if quotient is None:
            rang = len(self.tranches) - 1
            pourquoi = f"La mairie ne connaît pas votre quotient familial{INSECABLE}: tranche la plus haute,"
        else:
            rang = max((n for n, t in enumerate(self.tranches) if t.a_partir_de <= quotient), default=0)
            pourquoi = f"Votre quotient familial est de {quotient_en_mots(quotient)}{INSECABLE}: tranche"
        prix, mots = self.tranches[rang].prix, self.bornes(rang)
        return nu.devient(prix, f"{pourquoi} «{INSECABLE}{mots}{INSECABLE}», {euros(prix)}.", mots)

    def _par_taux(self, nu: Prix, quotient: int | None) -> Prix:
        mots = f"taux d’effort de {pour_cent(self.taux)}"
        if quotient is None:
            pourquoi = f"La mairie ne connaît pas votre quotient familial{INSECABLE}: prix plafond,"
            return nu.devient(self.plafond, f"{pourquoi} {euros(self.plafond)}.", "prix plafond, sans quotient connu")
        calcule = au_centime(self.taux * quotient / 100)
        calcul = (
            f"Votre quotient familial est de {quotient_en_mots(quotient)}{INSECABLE}: "
            f"{pour_cent(self.taux)} de ce quotient font {euros(calcule)}"
        )
        if calcule < self.plancher:
            return nu.devient(self.plancher, f"{calcul}, relevés au prix plancher, {euros(self.plancher)}.", mots)
        if calcule > self.plafond:
            return nu.devient(self.plafond, f"{calcul}, ramenés au prix plafond, {euros(self.plafond)}.", mots)
        return nu.devient(calcule, f"{calcul}.", mots)

    def _en_fratrie(self, prix: Prix, rang: int) -> Prix:
        assert prix.montant is not None
        reduit = au_centime(prix.montant * (1 - self.fratrie_reduction / 100))
        reduction = f"réduction de {pour_cent(self.fratrie_reduction)}"
        etape = f"Enfant n°{INSECABLE}{rang} du foyer{INSECABLE}: {reduction}, {euros(reduit)}."
        return prix.devient(reduit, etape, f"{prix.tranche}, {rang}e enfant")

    def _plafonne(self, prix: Prix) -> Prix:
        if prix.montant is None or prix.montant <= self.cout:
            return prix
        return prix.devient(self.cout, f"Le prix ne dépasse pas ce que coûte un repas, {euros(self.cout)}.")


@dataclass(frozen=True)
class TarifsDuFoyer:
    """All that the ordinary price of an enrolment depends on. `le(jour)` is the price of one day.

    `quotients`: (first day of a month, value), in the order of months; each counts until the next. `rang`: of the child
    among the brothers and sisters enrolled that year. On a day without grid, the flat price of the year.
    """

    prix_fixe: Decimal | None = None
    cout_fixe: Decimal | None = None
    grilles: tuple[GrilleLue, ...] = ()
    quotients: tuple[tuple[dt.date, int], ...] = ()
    resident: bool = True
    rang: int = 1
    panier: bool = False
    # A year has 140 days and two or three prices.
    _lus: dict[tuple[dt.date, int | None], Prix] = field(default_factory=dict, init=False, repr=False, compare=False)

    def grille_le(self, jour: dt.date) -> GrilleLue | None:
        return next((grille for grille in self.grilles if grille.vaut(jour)), None)

    def quotient_le(self, jour: dt.date) -> int | None:
        return next((valeur for mois, valeur in reversed(self.quotients) if mois <= jour), None)

    def cout_le(self, jour: dt.date) -> Decimal | None:
        """What a meal of that day costs the town."""
        grille = self.grille_le(jour)
        return grille.cout if grille else self.cout_fixe

    def le(self, jour: dt.date) -> Prix:
        grille = self.grille_le(jour)
        if grille is None:
            return self._fixe
        quotient = self.quotient_le(jour)
        cle = (grille.debut, quotient)
        if cle not in self._lus:
            self._lus[cle] = grille.prix(quotient, resident=self.resident, rang=self.rang, panier=self.panier)
        return self._lus[cle]

    @property
    def _fixe(self) -> Prix:
        if self.prix_fixe is None:
            return Prix(None)
        etape = f"Le prix est le même pour toutes les familles cette année{INSECABLE}: {euros(self.prix_fixe)}."
        return Prix(self.prix_fixe, "prix unique", etapes=(etape,))


def prix_du_repas(
    jour: dt.date, tarifs: TarifsDuFoyer, *, retard: RegleDeRetard | None = None, tardives_avant: int = 0
) -> Prix:
    """The price of the meal of `jour`; its `montant` is None when the town has not set it.

    `retard`: the rule of a meal booked past its cut-off. A late price is never above the recorded cost of a meal (code
    de l'éducation, art. R531-53), nor below the ordinary price; without a recorded cost there is no surcharge.
    """
    prix, cout = tarifs.le(jour), tarifs.cout_le(jour)
    if prix.montant is None or retard is None or cout is None:
        return prix
    tardif = max(prix.montant, min(retard.majorer(prix.montant, tardives_avant), cout))
    if tardif == prix.montant:
        return prix
    au_plus = ", ce que coûte un repas" if tardif == cout else ""
    return prix.devient(tardif, f"Réservé après la limite{INSECABLE}: {euros(tardif)}{au_plus}.")


def prix_par_periode(tarifs: TarifsDuFoyer, debut: dt.date, fin: dt.date) -> list[tuple[dt.date, Decimal | None]]:
    """The ordinary prices from `debut` to `fin`: (first day, euros), one for each change."""
    bornes = {g.debut for g in tarifs.grilles} | {g.fin + dt.timedelta(days=1) for g in tarifs.grilles if g.fin}
    bornes |= {mois for mois, _ in tarifs.quotients}
    periodes = [(debut, tarifs.le(debut).montant)]
    for jour in sorted(j for j in bornes if debut < j <= fin):
        montant = tarifs.le(jour).montant
        if montant != periodes[-1][1]:
            periodes.append((jour, montant))
    return periodes


def prix_en_mots(periodes: list[tuple[dt.date, Decimal | None]]) -> str:
    """`4,97 € le repas, 3,40 € dès le 01/11/2026`; empty when there is no price at all."""
    if all(montant is None for _, montant in periodes):
        return ""
    mots = [euros(m) if m is not None else "prix non fixé" for _, m in periodes]
    suite = [f", {m} dès le {date_courte(jour)}" for m, (jour, _) in zip(mots[1:], periodes[1:], strict=True)]
    return f"{mots[0]} le repas{''.join(suite)}"


def prix_de_l_absence(prix: Decimal, *, absences_avant: int, carence: int) -> Decimal:
    """What stays due of a meal for a day of declared absence: all of it on the first `carence` days in a row."""
    return prix if absences_avant < carence else Decimal(0)
