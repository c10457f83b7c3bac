"""Where a bill stands, in a word that every screen says the same. Pure."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import TextChoices

from comptes.francais import date_longue, euros
from facturation.regles_relances import echeancier_tenu

Parts = Sequence[tuple[dt.date, Decimal]]  # the instalments of a schedule, in the order of their dates


class Etat(TextChoices):
    A_PAYER = "a-payer", "À payer"
    EN_RETARD = "en-retard", "En retard"
    REPORTEE = "reportee", "Reportée"
    REGLEE = "reglee", "Réglée"
    RIEN = "rien", "Rien à payer"


def etat_de(
    *,
    total: Decimal,
    regle: Decimal,
    echeance: dt.date | None,
    reportee: bool,
    aujourdhui: dt.date,
    reports: Decimal = Decimal(0),
) -> Etat:
    """The state of an issued bill. On its due date it is in time; carried onto another, it is never late itself.

    `reports`: what is due of older bills carried onto this one, in euros.
    """
    if regle >= total and not reports:
        return Etat.REGLEE if total else Etat.RIEN
    if reportee:
        return Etat.REPORTEE
    if echeance and echeance < aujourdhui:
        return Etat.EN_RETARD
    return Etat.A_PAYER


@dataclass(frozen=True)
class Situation:
    """A bill today: its state, what is left, and what is carried onto it from bills before. Amounts in euros."""

    etat: Etat
    total: Decimal
    regle: Decimal
    reste: Decimal
    reports: Decimal
    echeance: dt.date | None = None
    reportee_sur: str = ""
    parts: Parts = ()

    @property
    def prochaine(self) -> tuple[dt.date, Decimal] | None:
        """The first instalment of the schedule that is not paid, and what is left of it."""
        couvert = self.reste - sum((montant for _, montant in self.parts), Decimal(0))
        for jour, montant in self.parts:
            couvert += montant
            if couvert > 0:
                return jour, min(couvert, montant)
        return None

    @property
    def a_payer(self) -> Decimal:
        """What paying this bill asks for: its own rest and the debts carried onto it."""
        return Decimal(0) if self.etat == Etat.REPORTEE else self.reste + self.reports

    @property
    def en_partie(self) -> bool:
        return 0 < self.regle < self.total

    @property
    def en_mots(self) -> str:
        """`À payer au plus tard le samedi 31 octobre 2026`, `Reportée sur la facture n° F2026-000012`."""
        echeance = date_longue(self.echeance) if self.echeance else ""
        phrase = {
            Etat.A_PAYER: f"À payer au plus tard le {echeance}" if echeance else "À payer",
            Etat.EN_RETARD: f"En retard, à payer depuis le {echeance}",
            Etat.REPORTEE: f"Reportée sur la facture n° {self.reportee_sur}, à payer avec elle",
            Etat.REGLEE: "Réglée",
            Etat.RIEN: "Rien à payer",
        }[self.etat]
        if self.prochaine and self.etat in (Etat.A_PAYER, Etat.EN_RETARD):
            jour, montant = self.prochaine
            retard = self.etat == Etat.EN_RETARD
            depuis = "en retard, à payer depuis le" if retard else "au plus tard le"
            phrase = f"Échéancier accordé, prochaine échéance de {euros(montant)} {depuis} {date_longue(jour)}"
        return f"{phrase}, réglée en partie ({euros(self.regle)})" if self.en_partie else phrase


def situation_de(facture, impayees: Iterable, aujourdhui: dt.date, *, parts: Parts = ()) -> Situation:
    """The situation of a bill, given the unpaid bills of its household (with `reportee_sur_id`).

    A debt carried twice is on the last bill of its chain. `parts`: the instalments that the régie agreed to, which are
    then what is due, and when: the bill is late if one of them is.
    """
    par_cible: dict[int | None, list] = {}
    for autre in impayees:
        par_cible.setdefault(autre.reportee_sur_id, []).append(autre)
    reports, a_voir, vues = Decimal(0), [facture.pk], {facture.pk}
    while a_voir:
        for autre in par_cible.get(a_voir.pop(), []):
            if autre.pk not in vues:
                vues.add(autre.pk)
                a_voir.append(autre.pk)
                reports += autre.reste
    regle_depuis = sum((montant for _, montant in parts), Decimal(0)) - facture.reste
    echeance = facture.echeance
    if parts:
        echeance = None if echeancier_tenu(parts, regle_depuis=regle_depuis, jour=aujourdhui) else parts[0][0]
    return Situation(
        etat=etat_de(
            total=facture.total,
            regle=facture.regle,
            echeance=echeance,
            reportee=facture.reportee_sur_id is not None,
            aujourdhui=aujourdhui,
            reports=reports,
        ),
        total=facture.total,
        regle=facture.regle,
        reste=facture.reste,
        reports=reports,
        echeance=facture.echeance,
        reportee_sur=facture.reportee_sur.numero if facture.reportee_sur_id else "",
        parts=parts,
    )
