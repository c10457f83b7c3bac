"""What the régie takes out as tables: bills, payments, meals per bracket, journal. The screen shows their totals.

An export streams its lines from a cursor of the database and adds up what it wrote: its last line. The totals of the
screen are sums made by the database, in a statement each: a test finds the two equal to the cent.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Case as Selon
from django.db.models import CharField, Count, DecimalField, F, IntegerField, Q, Sum, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from comptes.francais import date_courte
from comptes.tableaux import Case
from facturation.models import Avoir, Facture, LigneFacture, Paiement, Rejet, Remboursement, RepasFacture

LOT = 2_000
ZERO = Decimal(0)
REPAS = "Repas"
EUROS = DecimalField(max_digits=12, decimal_places=2)
N = LigneFacture.Nature
SERVIS = [N.REPAS, N.TARDIF, N.IMPREVU]


@dataclass(frozen=True)
class Periode:
    """From a day to a day, both included."""

    du: dt.date
    au: dt.date

    @property
    def instants(self) -> tuple[dt.datetime, dt.datetime]:
        """From the first, up to the second, left out: the town's midnights."""
        zone = timezone.get_current_timezone()
        debut, fin = self.du, self.au + dt.timedelta(days=1)
        return dt.datetime.combine(debut, dt.time(), zone), dt.datetime.combine(fin, dt.time(), zone)

    def instant(self, champ: str) -> Q:
        debut, fin = self.instants
        return Q(**{f"{champ}__gte": debut, f"{champ}__lt": fin})


Ligne = Sequence[Case]


@dataclass(frozen=True)
class Export:
    """`lignes`: the lines of a period, under `colonnes`. `totaux`: columns added up, as named on the screen too."""

    code: str
    titre: str
    aide: str
    colonnes: tuple[str, ...]
    totaux: tuple[str, ...]
    lignes: Callable[[Periode], Iterable[Ligne]]
    sommer: Callable[[Periode], dict[str, Any]]
    courant: str = ""  # the column that is a running total: its last value is its total

    def table(self, periode: Periode) -> Iterator[Ligne]:
        """The head, the lines, and last their totals."""
        yield self.colonnes
        rangs = [self.colonnes.index(nom) for nom in self.totaux]
        # A sum of euros is one even of nothing: `0,00`, where meals are `0`.
        sommes: dict[int, Decimal | int] = {rang: 0 if self.colonnes[rang] == REPAS else ZERO for rang in rangs}
        for ligne in self.lignes(periode):
            for rang in rangs:
                valeur: Any = ligne[rang] or (0 if self.colonnes[rang] == REPAS else ZERO)
                sommes[rang] = valeur if self.colonnes[rang] == self.courant else sommes[rang] + valeur
            yield ligne
        yield ["Total", *(sommes.get(rang) for rang in range(1, len(self.colonnes)))]


def _sommes(queryset, **expressions) -> dict[str, Decimal]:
    """Each sum under its name; aliases of their own, for Django takes a name already seen for its column."""
    sommes = {f"s_{nom}": Coalesce(Sum(e), ZERO, output_field=EUROS) for nom, e in expressions.items()}
    return {nom.removeprefix("s_"): somme for nom, somme in queryset.aggregate(**sommes).items()}


# --- Bills -----------------------------------------------------------------------------------------------------------
def _factures(periode: Periode):
    return Facture.objects.emises().filter(periode.instant("emise_le"))


def _lignes_des_factures(periode: Periode) -> Iterator[Ligne]:
    factures = _factures(periode).order_by("emise_le", "pk").values_list(
        "numero", "facturation__mois", "emise_le", "echeance", "famille", "famille__nom", "total", "regle",
        "reportee_sur__numero",
    )  # fmt: skip
    for numero, mois, emise_le, echeance, famille, nom, total, regle, report in factures.iterator(LOT):
        emise = timezone.localdate(emise_le)
        yield [numero, f"{mois:%m/%Y}", emise, echeance, famille, nom, total, regle, total - regle, report or ""]


def _sommer_les_factures(periode: Periode):
    sommes = _sommes(_factures(periode), total="total", regle="regle")
    return {"Total": sommes["total"], "Réglé": sommes["regle"], "Reste dû": sommes["total"] - sommes["regle"]}


# --- Payments --------------------------------------------------------------------------------------------------------
def _paiements(periode: Periode):
    return Paiement.objects.filter(periode.instant("recu_le"))


def _lignes_des_paiements(periode: Periode) -> Iterator[Ligne]:
    moyens = dict(Paiement.Moyen.choices)
    paiements = _paiements(periode).order_by("recu_le", "pk").values_list(
        "numero", "recu_le", "saisi_le", "famille", "famille__nom", "moyen", "reference", "montant",
        "rejet__rejete_le",
    )  # fmt: skip
    for numero, recu_le, saisi_le, famille, nom, moyen, reference, montant, rejete_le in paiements.iterator(LOT):
        rejete = timezone.localdate(rejete_le) if rejete_le else None
        valable = ZERO if rejete_le else montant
        yield [
            numero, timezone.localdate(recu_le), timezone.localdate(saisi_le), famille, nom, moyens[moyen], reference,
            montant, rejete, valable,
        ]  # fmt: skip


def _sommer_les_paiements(periode: Periode):
    valable = Selon(When(rejet__isnull=True, then="montant"), default=ZERO, output_field=EUROS)
    sommes = _sommes(_paiements(periode), montant="montant", valable=valable)
    return {"Montant": sommes["montant"], "Montant non rejeté": sommes["valable"]}


# --- Meals per bracket -----------------------------------------------------------------------------------------------
def _repas(periode: Periode):
    """Billed meals that were eaten in the period and not given back; `net`: their price, less what an avoir gave."""
    rendu = Coalesce("avoirs__montant", ZERO, output_field=EUROS)
    return (
        RepasFacture.objects.filter(
            facture__numero__isnull=False, date__range=(periode.du, periode.au), ligne__nature__in=SERVIS
        )
        .exclude(avoirs__montant__gte=F("prix"))
        .annotate(net=F("prix") - rendu)
        .order_by()
    )


def _par_tranche(periode: Periode) -> Iterator[Ligne]:
    """Households, children and meals of each bracket. A household that changed bracket is in both."""
    lignes = _repas(periode).values("ligne__tranche", "ligne__deliberation").annotate(
        familles=Count("facture__famille", distinct=True),
        enfants=Count("inscription__rattachement__enfant", distinct=True),
        repas=Count("pk"),
        montant=Sum("net"),
    ).order_by("ligne__deliberation", "ligne__tranche")  # fmt: skip
    for r in lignes.iterator(LOT):
        yield [
            r["ligne__tranche"] or "sans tranche", r["ligne__deliberation"], r["familles"], r["enfants"], r["repas"],
            r["montant"],
        ]  # fmt: skip


def _par_prix(periode: Periode) -> Iterator[Ligne]:
    lignes = _repas(periode).values("ligne__tranche", "net").annotate(repas=Count("pk"), montant=Sum("net"))
    for r in lignes.order_by("ligne__tranche", "net").iterator(LOT):
        yield [r["ligne__tranche"] or "sans tranche", r["net"], r["repas"], r["montant"]]


def _sommer_les_repas(periode: Periode):
    sommes = _repas(periode).aggregate(repas=Count("pk"), montant=Coalesce(Sum("net"), ZERO, output_field=EUROS))
    return {"Repas": sommes["repas"], "Montant": sommes["montant"]}


# --- Journal of the régie --------------------------------------------------------------------------------------------
# Model → when it is recorded, its piece, amount, number, household and words; +1 when it is due to the town, −1 when
# it settles. A past period never changes: payments count on the day they were recorded, not on their day of value.
PIECES = [
    (Facture, "emise_le", "Facture", "total", "numero", "famille", "", 1),
    (Avoir, "emis_le", "Avoir", "total", "numero", "famille", "motif", -1),
    (Paiement, "saisi_le", "Paiement", "montant", "numero", "famille", "moyen", -1),
    (Rejet, "rejete_le", "Rejet", "paiement__montant", "paiement__numero", "paiement__famille", "motif", 1),
    (Remboursement, "le", "Remboursement", "montant", "", "famille", "reference", 1),
]
NOMS = ["quand", "rang_piece", "ordre", "piece", "num", "foyer", "nom_foyer", "mots", "euros"]


def _base(modele):
    return modele.objects.emises() if modele is Facture else modele.objects.all()


def _mots(champ: str):
    return F(champ) if champ else Value("", output_field=CharField())


def _mouvements(periode: Periode):
    """Every piece of the period in the order of recording, in one statement."""
    morceaux = [
        _base(modele)
        .filter(periode.instant(quand))
        .order_by()
        .annotate(
            quand=F(quand),
            rang_piece=Value(rang, output_field=IntegerField()),
            ordre=F("pk"),
            piece=Value(nom, output_field=CharField()),
            num=_mots(numero),
            foyer=F(famille),
            nom_foyer=F(f"{famille}__nom"),
            mots=_mots(mots),
            euros=F(montant),
        )
        .values_list(*NOMS)
        for rang, (modele, quand, nom, montant, numero, famille, mots, _) in enumerate(PIECES)
    ]
    premier, *autres = morceaux
    return premier.union(*autres, all=True).order_by("quand", "rang_piece", "ordre")


def _soldes(periode: Periode) -> tuple[Decimal, Decimal, Decimal]:
    """What all households owed before the period, then what it added and what it settled."""
    debut, fin = periode.instants
    report = du = regle = ZERO
    for modele, quand, _, montant, *_, signe in PIECES:
        avant = Selon(When(**{f"{quand}__lt": debut}, then=montant), default=ZERO, output_field=EUROS)
        dans = Selon(When(**{f"{quand}__gte": debut}, then=montant), default=ZERO, output_field=EUROS)
        sommes = _sommes(_base(modele).filter(**{f"{quand}__lt": fin}).order_by(), avant=avant, dans=dans)
        report += signe * sommes["avant"]
        du, regle = (du + sommes["dans"], regle) if signe > 0 else (du, regle + sommes["dans"])
    return report, du, regle


def _journal(periode: Periode) -> Iterator[Ligne]:
    solde, *_ = _soldes(periode)
    veille = date_courte(periode.du - dt.timedelta(days=1))
    yield [periode.instants[0], "Report", "", None, "", f"Solde au {veille}", None, None, solde]
    moyens = dict(Paiement.Moyen.choices)
    signes = {nom: signe for _, _, nom, *_, signe in PIECES}
    for quand, _, _, nom, numero, famille, foyer, mots, montant in _mouvements(periode).iterator(LOT):
        signe = signes[nom]
        solde += signe * montant
        du, regle = (montant, None) if signe > 0 else (None, montant)
        yield [quand, nom, numero, famille, foyer, moyens.get(mots, mots), du, regle, solde]


def _sommer_le_journal(periode: Periode):
    report, du, regle = _soldes(periode)
    return {"Dû": du, "Réglé ou rendu": regle, "Solde": report + du - regle}


EXPORTS = {
    e.code: e
    for e in (
        Export(
            "factures",
            "Factures",
            "Les factures émises entre ces dates.",
            ("Numéro", "Mois", "Émise le", "Échéance", "N° de famille", "Famille", "Total", "Réglé", "Reste dû",
             "Reportée sur"),
            ("Total", "Réglé", "Reste dû"),
            _lignes_des_factures,
            _sommer_les_factures,
        ),
        Export(
            "paiements",
            "Paiements",
            "Les paiements reçus entre ces dates, de date de valeur\u00a0; ceux que la banque a rejetés sont marqués.",
            ("Quittance", "Reçu le", "Enregistré le", "N° de famille", "Famille", "Moyen", "Référence", "Montant",
             "Rejeté le", "Montant non rejeté"),
            ("Montant", "Montant non rejeté"),
            _lignes_des_paiements,
            _sommer_les_paiements,
        ),
        Export(
            "tranches",
            "Familles et repas par tranche",
            "Les familles et les enfants de chaque tranche, pour les repas pris entre ces dates et facturés.",
            ("Tranche", "Délibération", "Familles", "Enfants", "Repas", "Montant"),
            ("Repas", "Montant"),
            _par_tranche,
            _sommer_les_repas,
        ),
        Export(
            "tarification-sociale",
            "Repas par tranche et par prix",
            "Pour la tarification sociale\u00a0: les repas pris entre ces dates et facturés, à leur prix après avoir.",
            ("Tranche", "Prix", "Repas", "Montant"),
            ("Repas", "Montant"),
            _par_prix,
            _sommer_les_repas,
        ),
        Export(
            "journal",
            "Journal de la régie",
            "Factures, avoirs, paiements, rejets et remboursements, dans l’ordre où ils ont été enregistrés. Le solde "
            "est ce que doivent les familles, avances déduites.",
            ("Date", "Pièce", "Numéro", "N° de famille", "Famille", "Détail", "Dû", "Réglé ou rendu", "Solde"),
            ("Dû", "Réglé ou rendu", "Solde"),
            _journal,
            _sommer_le_journal,
            courant="Solde",
        ),
    )
}  # fmt: skip
