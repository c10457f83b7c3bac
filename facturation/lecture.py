"""What a household reads of its bills: a constant number of statements, whatever their number."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, DateField, Exists, F, Min, OuterRef, Q, Sum
from django.db.models.functions import TruncMonth

from comptes.francais import MOIS
from facturation.etats import Etat, Situation, situation_de
from facturation.models import Avoir, Echeance, Echeancier, Facture, Paiement, Remboursement, RepasFacture
from reservations.models import Reservation
from reservations.regles import PARIS

RENTREE = 9  # the month in which a school year begins


@dataclass(frozen=True)
class Periode:
    """A civil year (`2026`) or a school year (`2026-2027`), as the filter names it; first day, and the day after."""

    code: str
    debut: dt.date
    fin: dt.date

    @classmethod
    def civile(cls, annee: int) -> "Periode":
        return cls(str(annee), dt.date(annee, 1, 1), dt.date(annee + 1, 1, 1))

    @classmethod
    def scolaire(cls, annee: int) -> "Periode":
        return cls(f"{annee}-{annee + 1}", dt.date(annee, RENTREE, 1), dt.date(annee + 1, RENTREE, 1))

    def contient(self, jour: dt.date) -> bool:
        return self.debut <= jour < self.fin


def parts_en_cours(factures: Iterable[Facture]) -> dict[int, list[tuple[dt.date, Decimal]]]:
    """By bill, the instalments of its schedule in force. One statement."""
    parts: dict[int, list[tuple[dt.date, Decimal]]] = defaultdict(list)
    echeances = Echeance.objects.filter(echeancier__facture__in=[f.pk for f in factures], echeancier__clos_le=None)
    for facture, date, montant in echeances.order_by("date").values_list("echeancier__facture", "date", "montant"):
        parts[facture].append((date, montant))
    return parts


@dataclass(frozen=True)
class FactureLue:
    facture: Facture
    situation: Situation

    @property
    def mois(self) -> dt.date:
        return self.facture.facturation.mois


@dataclass(frozen=True)
class Comptes:
    """The bills, avoirs, payments and refunds of a household, and what is due. Amounts in euros."""

    factures: Sequence[FactureLue]
    avoirs: Sequence[Avoir]
    paiements: Sequence[Paiement]
    remboursements: Sequence[Remboursement]

    @classmethod
    def de(cls, utilisateur, aujourdhui: dt.date) -> "Comptes":
        """Five statements."""
        factures = list(
            Facture.objects.de(utilisateur)
            .select_related("facturation", "reportee_sur")
            .order_by("-facturation__mois", "-pk")
        )
        impayees = [f for f in factures if f.reste]
        avoirs = list(Avoir.objects.de(utilisateur).select_related("facture").order_by("-emis_le", "-pk"))
        paiements = list(Paiement.objects.de(utilisateur).select_related("rejet").order_by("-recu_le", "-pk"))
        rendus = Remboursement.objects.filter(famille__in={f.famille_id for f in [*factures, *avoirs, *paiements]})
        parts = parts_en_cours(impayees)
        lues = [FactureLue(f, situation_de(f, impayees, aujourdhui, parts=parts.get(f.pk, ()))) for f in factures]
        return cls(lues, avoirs, paiements, list(rendus.order_by("-le", "-pk")))

    @property
    def du(self) -> Decimal:
        """What is due in all, carried debts included."""
        return sum((lue.facture.reste for lue in self.factures), Decimal(0))

    @property
    def a_payer(self) -> list[FactureLue]:
        """The bills to pay, the oldest first; a carried debt is paid with another."""
        return [lue for lue in reversed(self.factures) if lue.situation.etat in (Etat.A_PAYER, Etat.EN_RETARD)]

    @property
    def en_retard(self) -> bool:
        return any(lue.situation.etat == Etat.EN_RETARD for lue in self.factures)

    @property
    def annees_de_paiement(self) -> list[int]:
        """The civil years of which a statement of payments can be given."""
        valides = (p for p in self.paiements if not p.rejete)
        return sorted({p.recu_le.astimezone(PARIS).year for p in valides}, reverse=True)

    @property
    def periodes(self) -> tuple[list[Periode], list[Periode]]:
        """School years, then civil years, that have something to show."""
        jours = [lue.mois for lue in self.factures]
        jours += [p.recu_le.astimezone(PARIS).date() for p in self.paiements]
        jours += [a.emis_le.astimezone(PARIS).date() for a in self.avoirs]
        civiles = sorted({jour.year for jour in jours}, reverse=True)
        scolaires = sorted({jour.year - (jour.month < RENTREE) for jour in jours}, reverse=True)
        return [Periode.scolaire(a) for a in scolaires], [Periode.civile(a) for a in civiles]

    def pendant(self, periode: Periode | None) -> "Comptes":
        """The same, of a period: bills by their month, the rest by its day."""
        if periode is None:
            return self
        de = lambda instant: periode.contient(instant.astimezone(PARIS).date())  # noqa: E731
        return Comptes(
            [lue for lue in self.factures if periode.contient(lue.mois)],
            [a for a in self.avoirs if de(a.emis_le)],
            [p for p in self.paiements if de(p.recu_le)],
            [r for r in self.remboursements if de(r.le)],
        )


def repas_non_factures(utilisateur):
    """Rows `{"mois", "repas", "montant"}`: the meals booked that no bill has yet."""
    deja = RepasFacture.objects.filter(
        inscription=OuterRef("inscription"), date=OuterRef("date"), facture__numero__isnull=False
    ).order_by()
    return Reservation.objects.de(utilisateur).filter(~Exists(deja)).par_mois()


def du_en_bref(utilisateur) -> dict:
    """`{"reste": euros, "echeance": the earliest due date, "nombre": bills to pay}`. One statement."""
    impayees = Facture.objects.de(utilisateur).impayees().order_by()
    # A carried debt is asked for with a later bill, an agreed one by its schedule: neither is late by its own date.
    a_elle = Q(reportee_sur__isnull=True)
    sans_echeancier = ~Exists(Echeancier.objects.filter(facture=OuterRef("pk"), clos_le=None))
    return impayees.aggregate(
        reste=Sum(F("total") - F("regle"), default=Decimal(0)),
        echeance=Min("echeance", filter=a_elle & Q(sans_echeancier)),
        nombre=Count("pk", filter=a_elle),
    )


@dataclass(frozen=True)
class MoisPaye:
    mois: dt.date
    montant: Decimal
    nombre: int

    @property
    def nom(self) -> str:
        return MOIS[self.mois.month - 1].capitalize()


@dataclass(frozen=True)
class Attestation:
    """What a household paid in a civil year, month by month, by day of payment. Rejected payments do not count."""

    annee: int
    mois: Sequence[MoisPaye]
    cesu: Decimal
    rembourse: Decimal

    @classmethod
    def de(cls, familles, annee: int) -> "Attestation":
        """`familles`: a condition on the household, as `du_foyer` makes it. Two statements."""
        an = Periode.civile(annee)
        bornes = [dt.datetime.combine(jour, dt.time(), PARIS) for jour in (an.debut, an.fin)]
        recus = Paiement.objects.filter(familles, recu_le__gte=bornes[0], recu_le__lt=bornes[1]).valides()
        lignes = (
            recus.annotate(mois=TruncMonth("recu_le", tzinfo=PARIS, output_field=DateField()))
            .order_by("mois")
            .values("mois")
            .annotate(
                somme=Sum("montant"),
                cesu=Sum("montant", filter=Q(moyen=Paiement.Moyen.CESU), default=Decimal(0)),
                n=Count("pk"),
            )
        )
        lus = list(lignes)
        rendus = Remboursement.objects.filter(familles, le__gte=bornes[0], le__lt=bornes[1])
        return cls(
            annee,
            [MoisPaye(m["mois"], m["somme"], m["n"]) for m in lus],
            sum((m["cesu"] for m in lus), Decimal(0)),
            rendus.aggregate(total=Sum("montant", default=Decimal(0)))["total"],
        )

    @property
    def paye(self) -> Decimal:
        return sum((mois.montant for mois in self.mois), Decimal(0))

    @property
    def total(self) -> Decimal:
        return self.paye - self.rembourse
