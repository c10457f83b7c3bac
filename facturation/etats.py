"""Where a bill stands, in a word that every screen says the same. Pure."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import TextChoices

from comptes.francais import date_longue, euros


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
        return f"{phrase}, réglée en partie ({euros(self.regle)})" if self.en_partie else phrase


def situation_de(facture, impayees: Iterable, aujourdhui: dt.date) -> Situation:
    """The situation of a bill, given the unpaid bills of its household (with `reportee_sur_id`).

    A debt carried twice is on the last bill of its chain.
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
    return Situation(
        etat=etat_de(
            total=facture.total,
            regle=facture.regle,
            echeance=facture.echeance,
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
    )
