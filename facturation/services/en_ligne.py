"""Payments online: our row first, the gateway next, never a lock while it is asked; what it says is credited once.

Notification, return of the parent and periodic task all call `verifier`. Locks: the household, the transaction, then
the bills and counters (`encaisser`).
"""

import logging
import secrets
from dataclasses import dataclass, field
from decimal import Decimal

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone

from comptes.categories import Categorie
from comptes.francais import INSECABLE, euros, heure
from comptes.models import Utilisateur
from comptes.services.notifier import adresses_pour
from facturation import courriels_paiement
from facturation.models import Facture, Paiement, TransactionEnLigne
from facturation.passerelle import (
    MINIMUM,
    Adresses,
    ErreurDePasserelle,
    Etat,
    Moyen,
    PasEncore,
    PasInconnu,
    Passerelle,
    PasserelleIndisponible,
    Resultat,
)
from facturation.passerelles import PASSERELLES, choisie
from facturation.regles_en_ligne import (
    EN_COURS,
    SANS_DEPART,
    SANS_REPONSE,
    credite,
    ecarts,
    purgee,
    rouvrable,
    valeur,
)
from facturation.services.encaisser import encaisser, rejeter
from facturation.services.imputer import verrouiller_le_foyer

journal = logging.getLogger(__name__)
E = TransactionEnLigne.Etat
OUVERTES = (E.CREEE, E.PARTIE)
MOYENS = {Moyen.CARTE: Paiement.Moyen.CARTE, Moyen.PRELEVEMENT: Paiement.Moyen.PRELEVEMENT_EN_LIGNE}
PAR_PASSAGE = 200
PANNES_AU_PLUS = 3
PREUVES_AU_PLUS = 20
FERME = "Le paiement en ligne n’est pas ouvert. Les autres moyens de régler sont sur votre facture."


# --- What a payment of a bill pays ------------------------------------------------------------------------------------
@dataclass(frozen=True)
class APayer:
    """A bill and those carried onto it that are still due, the oldest first."""

    factures: list[Facture]

    @property
    def montant(self) -> Decimal:
        return sum((f.reste for f in self.factures), Decimal(0))

    @property
    def refus(self) -> str:
        """Why it cannot be paid online, empty when it can."""
        if self.montant <= 0:
            return "Cette facture est réglée : il n’y a rien à payer."
        if self.montant < MINIMUM:
            return (
                f"Un paiement en ligne est d’au moins {euros(MINIMUM)}. Ce qui reste dû, {euros(self.montant)}, sera "
                "demandé avec votre prochaine facture."
            )
        return ""


def _reports(famille: int) -> dict[int, list[Facture]]:
    """Bill (key) → the bills carried onto it, for a household."""
    portees: dict[int, list[Facture]] = {}
    for facture in Facture.objects.filter(famille=famille, reportee_sur__isnull=False).emises().order_by("emise_le"):
        assert facture.reportee_sur_id
        portees.setdefault(facture.reportee_sur_id, []).append(facture)
    return portees


def _couvertes(facture: Facture, reports: dict[int, list[Facture]]) -> list[Facture]:
    """The bill, after those carried onto it, and onto these, and so on."""
    trouvees = {facture.pk: facture}
    suite = [facture]
    while suite:
        suite = [r for f in suite for r in reports.get(f.pk, []) if r.pk not in trouvees]
        trouvees |= {r.pk: r for r in suite}
    return list(reversed(trouvees.values()))


def a_payer(facture: Facture) -> APayer:
    """What is due of this bill, with what was carried onto it."""
    return APayer([f for f in _couvertes(facture, _reports(facture.famille_id)) if f.reste > 0])


# --- Open -------------------------------------------------------------------------------------------------------------
def ouvrir(*, facture: Facture, par: Utilisateur) -> TransactionEnLigne:
    """The transaction whose payment page the parent goes to (`memoire`), or the one that turns out to be paid.

    `facture` comes through the household's door. Sent twice, from two tabs, it is one transaction. Raises
    ValidationError with a sentence.
    """
    passerelle = choisie()
    if passerelle is None:
        raise ValidationError(FERME)
    for ancienne in _concurrentes(facture):
        try:
            if ancienne.idop and verifier(ancienne).etat == E.PAYEE:
                ancienne.refresh_from_db()
                return ancienne
        except PasserelleIndisponible as erreur:
            raise ValidationError(erreur.phrase) from erreur
    ligne = _ecrire(facture, par, passerelle)
    return ligne if ligne.idop else _demander(ligne, passerelle)


def _concurrentes(facture: Facture) -> list[TransactionEnLigne]:
    """The open transactions that would pay some of the same bills, the oldest first."""
    reports = _reports(facture.famille_id)
    voulues = {f.pk for f in _couvertes(facture, reports)}
    ouvertes = TransactionEnLigne.objects.filter(famille=facture.famille_id).ouvertes()
    return [
        t
        for t in ouvertes.select_related("facture").order_by("pk")
        if voulues & {f.pk for f in _couvertes(t.facture, reports)}
    ]


def _ecrire(facture: Facture, par: Utilisateur, passerelle: Passerelle) -> TransactionEnLigne:
    """Our row, committed before anybody is asked; or the one that is open already."""
    courriel = _courriel(facture, par)
    with transaction.atomic():
        verrouiller_le_foyer(facture.famille_id)
        maintenant = timezone.now()  # after the lock
        facture.refresh_from_db()
        du = a_payer(facture)
        if du.refus:
            raise ValidationError(du.refus)
        for autre in _concurrentes(facture):
            if maintenant - autre.cree_le >= EN_COURS:
                continue
            if autre.facture_id == facture.pk and autre.montant == du.montant and rouvrable(autre, maintenant):
                return autre
            raise ValidationError(
                f"Un paiement de cette facture a été ouvert à {heure(timezone.localtime(autre.cree_le))} et n’est "
                f"pas terminé. Terminez-le, ou attendez {heure(timezone.localtime(autre.cree_le + EN_COURS))} pour en "
                "commencer un autre."
            )
        numcli, saisie = passerelle.identite()
        assert facture.numero
        return TransactionEnLigne.objects.create(
            famille_id=facture.famille_id,
            facture=facture,
            passerelle=passerelle.NOM,
            montant=du.montant,
            refdet=f"{facture.numero.replace('-', '')}{secrets.token_hex(4).upper()}",
            numcli=numcli,
            saisie=saisie,
            exercice=str(timezone.localdate(maintenant).year),
            courriel=courriel,
            cree_le=maintenant,
            cree_par=par,
        )


def _courriel(facture: Facture, par: Utilisateur) -> str:
    """The parent's; an agent at the desk gives the household's."""
    adresse = par.email
    if par.famille_accompagnee:
        adresse = next(iter(adresses_pour(facture.famille_id, Categorie.FACTURES).get(facture.famille_id, [])), "")
    if not 6 <= len(adresse) <= 80:
        raise ValidationError("Le service de paiement demande une adresse e-mail de 80 caractères au plus.")
    return adresse


def _demander(ligne: TransactionEnLigne, passerelle: Passerelle) -> TransactionEnLigne:
    """Two tabs may ask at the same instant: the first answer is kept, the other is shown to nobody."""
    site = settings.SITE_URL
    adresses = Adresses(
        retour=site + reverse("facturation:retour", args=[ligne.refdet]),
        notification=site + reverse("facturation:notification", args=[passerelle.NOM]),
    )
    siennes = TransactionEnLigne.objects.filter(pk=ligne.pk, idop="", etat=E.CREEE)
    try:
        depart = passerelle.demander(ligne, f"Restauration scolaire facture {ligne.facture.numero}", adresses)
        with transaction.atomic():
            siennes.update(idop=depart.idop, memoire=depart.memoire, etat=E.PARTIE)
    except (ErreurDePasserelle, IntegrityError) as erreur:
        ours = erreur if isinstance(erreur, ErreurDePasserelle) else PasserelleIndisponible("idop déjà connu")
        journal.warning("Paiement %s non ouvert : %s", ligne.refdet, ours.code)
        siennes.update(etat=E.PERDUE, resultat=ours.code, verifiee_le=timezone.now())
        ligne.refresh_from_db()
        if not ligne.idop:
            raise ValidationError(ours.phrase) from erreur
    ligne.refresh_from_db()
    if not ligne.idop:
        raise ValidationError(PasserelleIndisponible.phrase)
    return ligne


# --- Verify -----------------------------------------------------------------------------------------------------------
def verifier(ligne: TransactionEnLigne) -> TransactionEnLigne:
    """Ask the gateway what became of it, write it once, return the row as it is now.

    Raises PasserelleIndisponible when the gateway says nothing that can be read: nothing is changed.
    """
    passerelle = PASSERELLES.get(ligne.passerelle)
    if passerelle is None or not ligne.idop:
        return ligne
    try:
        resultat = passerelle.resultat(ligne)
    except (PasEncore, PasInconnu) as erreur:
        return _sans_resultat(ligne, erreur)
    except ErreurDePasserelle as erreur:
        journal.warning("Paiement %s non vérifié : %s", ligne.refdet, erreur.code)
        raise PasserelleIndisponible(erreur.code) from erreur
    with transaction.atomic():
        verrouiller_le_foyer(ligne.famille_id)
        relue = TransactionEnLigne.objects.filter(pk=ligne.pk).verrouillees().get()
        _conclure(relue, resultat)
    return relue


def _sans_resultat(ligne: TransactionEnLigne, erreur: ErreurDePasserelle) -> TransactionEnLigne:
    """Nothing known yet, or purged: it moves no money, and never undoes what another path has learnt meanwhile."""
    maintenant = timezone.now()
    perdue = isinstance(erreur, PasInconnu) and purgee(ligne.cree_le, maintenant)
    perdue = perdue or maintenant - ligne.cree_le >= SANS_REPONSE
    change = {"etat": E.PERDUE} if perdue else {}
    ouverte = TransactionEnLigne.objects.filter(pk=ligne.pk).ouvertes()
    ouverte.update(verifiee_le=maintenant, resultat=erreur.code, **change)
    ligne.refresh_from_db()
    return ligne


def _conclure(ligne: TransactionEnLigne, resultat: Resultat) -> None:
    """Write a result, household and transaction locked."""
    maintenant = timezone.now()  # after the locks
    avant = ligne.etat
    ligne.verifiee_le = maintenant
    differents = ecarts(ligne, resultat)
    if differents and (resultat.etat is Etat.PAYE or avant == E.PAYEE):
        journal.error("Paiement %s suspect : %s", ligne.refdet, ", ".join(differents))
        if avant != E.PAYEE:
            ligne.etat, ligne.resultat, ligne.detail = E.SUSPECTE, resultat.code, resultat.brut
            if avant != E.SUSPECTE:
                courriels_paiement.prevenir_la_regie(ligne, differents)
    elif avant == E.PAYEE:
        if resultat.etat is Etat.REFUSE and resultat.moyen is Moyen.PRELEVEMENT:
            _reprendre(ligne, resultat)
    else:
        ligne.resultat, ligne.detail = resultat.code, resultat.brut
        if resultat.etat is not Etat.PAYE:
            ligne.etat = E.REFUSEE if resultat.etat is Etat.REFUSE else E.ABANDONNEE
            if ligne.etat == E.REFUSEE != avant:
                courriels_paiement.dire_le_refus(ligne)
        elif credite(ligne.saisie, demo=settings.DEMO):
            _crediter(ligne, resultat)
        else:
            ligne.etat = E.PERDUE  # a try of the installation, T or X: nobody's debt
    ligne.save(update_fields=["etat", "verifiee_le", "resultat", "detail", "paiement"])


def _crediter(ligne: TransactionEnLigne, resultat: Resultat) -> None:
    """Once for each operation, whoever learnt it first."""
    du = _couvertes(ligne.facture, _reports(ligne.famille_id))
    paiement, nouveau = encaisser(
        famille=ligne.famille_id,
        montant=ligne.montant,
        moyen=MOYENS[resultat.moyen],
        cle=f"{ligne.passerelle}:{ligne.idop}",
        recu_le=valeur(resultat.recu_le, ligne.cree_le, timezone.now()),
        par=ligne.cree_par,
        reference=f"{ligne.refdet} {resultat.brut.get('numauto', '')}".strip()[:80],
        d_abord=[f.pk for f in du],
    )
    ligne.etat, ligne.paiement = E.PAYEE, paiement
    if nouveau:
        courriels_paiement.dire_le_paiement(ligne, avance=avance(paiement))


def avance(paiement: Paiement) -> Decimal:
    """What no bill has absorbed of a payment."""
    return paiement.montant - sum((i.montant for i in paiement.imputations.all()), Decimal(0))


def _reprendre(ligne: TransactionEnLigne, resultat: Resultat) -> None:
    """A direct debit that had been accepted was refused since: what it had settled is due again."""
    if ligne.paiement is None or ligne.paiement.moyen != Paiement.Moyen.PRELEVEMENT_EN_LIGNE:
        return
    ligne.resultat, ligne.detail = resultat.code, resultat.brut
    _, nouveau = rejeter(paiement=ligne.paiement, motif="Prélèvement refusé par la banque")
    if nouveau:
        courriels_paiement.dire_le_rejet(ligne)


def retenir_la_preuve(pk: int, preuve: str) -> None:
    """Keep what a gateway signed: `resultat` reads it again, among the others that came for this operation."""
    with transaction.atomic():
        ligne = TransactionEnLigne.objects.filter(pk=pk).verrouillees().get()
        preuves = ligne.memoire.get("preuves", [])
        if preuve not in preuves and len(preuves) < PREUVES_AU_PLUS:
            ligne.memoire = {**ligne.memoire, "preuves": [*preuves, preuve]}
            ligne.save(update_fields=["memoire"])


# --- The sweep --------------------------------------------------------------------------------------------------------
@dataclass
class Bilan:
    """How many transactions ended in each state, and how many could not be asked."""

    verifiees: int = 0
    etats: dict[str, int] = field(default_factory=dict)
    en_panne: int = 0

    def compter(self, etat: str) -> None:
        self.verifiees += 1
        self.etats[etat] = self.etats.get(etat, 0) + 1

    def __str__(self):
        noms = dict(E.choices)
        etats = ", ".join(f"{noms[e]}{INSECABLE}: {n}" for e, n in sorted(self.etats.items()))
        pannes = f" ; service injoignable pour {self.en_panne}" if self.en_panne else ""
        return f"Transactions vérifiées{INSECABLE}: {self.verifiees}{f' ({etats})' if etats else ''}{pannes}."


def a_verifier():
    """Open ones, the longest unasked first; and once more those abandoned while their page could still be opened."""
    maintenant = timezone.now()
    reouvrable = Q(
        etat__in=[E.ABANDONNEE, E.REFUSEE],
        verifiee_le__lt=F("cree_le") + EN_COURS,
        cree_le__range=(maintenant - SANS_REPONSE, maintenant - EN_COURS),
    )
    voulues = TransactionEnLigne.objects.filter(Q(etat__in=OUVERTES) | reouvrable).exclude(idop="")
    return voulues.order_by(F("verifiee_le").asc(nulls_first=True), "pk")


def verifier_les_ouvertes(*, au_plus: int = PAR_PASSAGE) -> Bilan:
    """Settle what neither a notification nor a return has settled. Bounded; the next run takes the next ones."""
    bilan = Bilan()
    limite = timezone.now() - SANS_DEPART
    TransactionEnLigne.objects.filter(etat=E.CREEE, idop="", cree_le__lt=limite).update(
        etat=E.PERDUE, resultat="jamais partie", verifiee_le=timezone.now()
    )
    for ligne in list(a_verifier()[:au_plus]):
        try:
            bilan.compter(verifier(ligne).etat)
        except PasserelleIndisponible:
            bilan.en_panne += 1
            if bilan.en_panne == PANNES_AU_PLUS:  # it is down: no need to wait for each
                break
    return bilan
