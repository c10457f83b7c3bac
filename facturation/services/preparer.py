"""The drafts of a month: what each household owes of it, and of the months issued before it."""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import timezone

from comptes.francais import de, mois_long
from facturation.models import Facturation, Facture, LigneFacture, RepasFacture
from facturation.reglages import echeance
from facturation.regles import Du, Ligne, dernier_jour, est_fini, grouper
from reservations.lecture_tarifs import tarifs_des
from reservations.models import Inscription
from reservations.services.inserer import inserer

LOT = 500  # families whose bills are computed and written together: what bounds the memory

# Households with an enrolment in a school year of the period, without a bill issued for the month: those have their
# rest with the next one. In the order of the printed bills.
_FAMILLES = """
SELECT f.id FROM comptes_famille f
 WHERE EXISTS (
       SELECT FROM comptes_rattachement r
         JOIN reservations_inscription i ON i.rattachement_id = r.id
         JOIN reservations_anneescolaire a ON a.id = i.annee_id
        WHERE r.famille_id = f.id AND a.debut <= %(fin)s AND a.fin >= %(debut)s)
   AND NOT EXISTS (
       SELECT FROM facturation_facture e
        WHERE e.famille_id = f.id AND e.facturation_id = %(facturation)s AND e.numero IS NOT NULL)
 ORDER BY f.nom, f.id
"""

# What is owed and not billed. A meal given back is billed again when an avoir gave it back because it had gone
# (PropositionAvoir): what the régie gives as a favour stays given.
_DUS = """
WITH siennes AS MATERIALIZED (
    SELECT r.famille_id AS famille, i.id
      FROM reservations_inscription i JOIN comptes_rattachement r ON r.id = i.rattachement_id
     WHERE r.famille_id = ANY(%(familles)s)
), dus AS (
    SELECT s.famille, s.id, d.date, CASE WHEN d.tardive THEN 'tardif' ELSE 'repas' END AS nature, d.prix
      FROM siennes s JOIN reservations_reservation d ON d.inscription_id = s.id
     WHERE d.date BETWEEN %(debut)s AND %(fin)s
    UNION ALL
    SELECT s.famille, s.id, d.date, 'absence', d.prix
      FROM siennes s JOIN reservations_absence d ON d.inscription_id = s.id
     WHERE d.date BETWEEN %(debut)s AND %(fin)s AND d.prix > 0
    UNION ALL
    SELECT s.famille, s.id, d.date, d.nature, d.prix
      FROM siennes s JOIN reservations_ecart d ON d.inscription_id = s.id
     WHERE d.date BETWEEN %(debut)s AND %(fin)s AND d.prix > 0
)
SELECT d.famille, d.id, d.date, d.nature, d.prix
  FROM dus d
  LEFT JOIN LATERAL (
       SELECT f.id,
              EXISTS (SELECT FROM facturation_ligneavoir a WHERE a.repas_id = f.id AND a.montant = f.prix)
              AND EXISTS (SELECT FROM facturation_propositionavoir p WHERE p.repas_id = f.id AND p.etat = 'fait')
              AS rendu
         FROM facturation_repasfacture f
        WHERE f.inscription_id = d.id AND f.date = d.date AND f.supplement = (d.nature = 'absent')
        ORDER BY f.rang DESC LIMIT 1
  ) f ON true
 WHERE (f.id IS NULL OR f.rendu)
   AND (d.date >= %(mois)s OR date_trunc('month', d.date)::date = ANY(%(emis)s))
"""

# From the lines just written: one row a meal, ranked after those of its enrolment and day that were given back.
_REPAS = """
INSERT INTO facturation_repasfacture (facture_id, ligne_id, inscription_id, date, supplement, prix, rang)
SELECT l.facture_id, l.id, l.inscription_id, j.jour, l.nature = 'absent', l.prix,
       COALESCE((SELECT max(f.rang) + 1 FROM facturation_repasfacture f
                  WHERE f.inscription_id = l.inscription_id AND f.date = j.jour
                    AND f.supplement = (l.nature = 'absent')), 0)
  FROM facturation_lignefacture l CROSS JOIN LATERAL unnest(l.jours) AS j (jour)
 WHERE l.facture_id = ANY(%s)
 ORDER BY l.facture_id, l.rang, j.jour
"""


@dataclass(frozen=True)
class Bilan:
    """What the drafts of a month come to. `deja`: households whose bill of the month is issued."""

    facturation: Facturation
    factures: int = 0
    repas: int = 0
    total: Decimal = Decimal(0)
    deja: int = 0


def _rien(phrase: str) -> None:
    pass


def preparer(
    *, mois: dt.date, par=None, dire: Callable[[str], object] = _rien, avant_la_fin: bool = False
) -> Facturation:
    """Write the drafts of `mois` (its first day) anew; those issued stay. As often as wanted, until all are issued.

    One transaction: a run that is stopped leaves the drafts of before, whole. Two runs at once make one: the second
    waits, and finds it done. Raises ValidationError for a month that is not over, or is issued. `dire` hears progress.
    """
    demande = timezone.now()
    with transaction.atomic():
        aujourdhui = timezone.localdate(demande)
        if not (avant_la_fin or est_fini(mois, aujourdhui)):
            raise ValidationError(f"Le mois {de(mois_long(mois))} n’est pas fini : ses repas peuvent encore changer.")
        facturation, nouvelle = _ouvrir(mois, aujourdhui, par)
        if facturation.etat == Facturation.Etat.EMISE:
            raise ValidationError(f"Les factures {de(mois_long(mois))} sont déjà émises.")
        if not nouvelle and facturation.preparee_le > demande:
            dire("Une autre préparation vient de finir : ses brouillons sont gardés.")
            return facturation
        _effacer_les_brouillons(facturation)
        periode = _periode(facturation)
        familles = _lire(_FAMILLES, periode)
        for debut in range(0, len(familles), LOT):
            _preparer_un_lot([famille for (famille,) in familles[debut : debut + LOT]], facturation, periode)
            dire(f"{min(debut + LOT, len(familles))}/{len(familles)} familles")
        facturation.echeance = echeance(aujourdhui)
        facturation.preparee_le, facturation.preparee_par = timezone.now(), par
        facturation.save(update_fields=["echeance", "preparee_le", "preparee_par"])
    return facturation


def verrouiller_la_facturation(pk: int) -> Facturation:
    """Who prepares or issues a month waits here for who does: before any household."""
    return Facturation.objects.select_for_update(no_key=True).get(pk=pk)


def _ouvrir(mois: dt.date, aujourdhui: dt.date, par) -> tuple[Facturation, bool]:
    facturation, nouvelle = Facturation.objects.get_or_create(
        mois=mois, defaults={"echeance": echeance(aujourdhui), "preparee_par": par}
    )
    return (facturation if nouvelle else verrouiller_la_facturation(facturation.pk)), nouvelle


def _periode(facturation: Facturation) -> dict:
    """The month, and the months issued before: what was noted of them since is billed now."""
    mois = facturation.mois
    emis = list(
        Facturation.objects.filter(etat=Facturation.Etat.EMISE, mois__lt=mois)
        .order_by("mois")
        .values_list("mois", flat=True)
    )
    debut = min([mois, *emis])
    return {"mois": mois, "debut": debut, "fin": dernier_jour(mois), "emis": emis, "facturation": facturation.pk}


def _effacer_les_brouillons(facturation: Facturation) -> None:
    """Lines and meals first: the database asks whether their bill has a number."""
    brouillons = Facture.objects.filter(facturation=facturation).brouillons()
    for modele in (RepasFacture, LigneFacture):
        modele.objects.filter(facture__in=brouillons.order_by().values("pk"))._raw_delete("default")
    brouillons._raw_delete("default")


def _lire(requete: str, parametres: dict) -> Sequence[tuple]:
    with connection.cursor() as curseur:
        curseur.execute(requete, parametres)
        return curseur.fetchall()


def _preparer_un_lot(familles: list[int], facturation: Facturation, periode: dict) -> None:
    par_famille: dict[int, list[Du]] = defaultdict(list)
    for famille, inscription, jour, nature, prix in _lire(_DUS, {**periode, "familles": familles}):
        par_famille[famille].append(Du(inscription, jour, nature, prix))
    inscriptions = {
        i.pk: i
        for i in Inscription.objects.filter(pk__in={du.inscription for dus in par_famille.values() for du in dus})
        .completes()
        .order_by()
    }
    tarifs = tarifs_des(inscriptions.values())
    ordres = {pk: (i.enfant.prenom, i.enfant.nom, i.enfant.pk, i.activite.nom) for pk, i in inscriptions.items()}
    lignes = {
        famille: grouper(par_famille[famille], lambda pk, jour: tarifs[pk].le(jour), ordres.__getitem__)
        for famille in familles
        if famille in par_famille
    }
    _ecrire({famille: lues for famille, lues in lignes.items() if _total(lues)}, facturation, inscriptions)


def _total(lignes: Iterable[Ligne]) -> Decimal:
    return sum((ligne.montant for ligne in lignes), Decimal(0))


def _ecrire(lignes: dict[int, list[Ligne]], facturation: Facturation, inscriptions: dict[int, Inscription]) -> None:
    """Households without anything due have no bill."""
    factures = Facture.objects.bulk_create(
        Facture(facturation=facturation, famille_id=famille, total=_total(lues)) for famille, lues in lignes.items()
    )
    inserer(
        [
            LigneFacture(
                facture=facture,
                inscription_id=ligne.inscription,
                rang=rang,
                nature=str(ligne.nature),
                enfant=str(inscriptions[ligne.inscription].enfant),
                service=str(inscriptions[ligne.inscription].activite),
                tranche=ligne.tranche[:120],
                deliberation=ligne.deliberation[:80],
                quantite=len(ligne.jours),
                prix=ligne.prix,
                montant=ligne.montant,
                jours=[jour.isoformat() for jour in ligne.jours],
            )
            for facture in factures
            for rang, ligne in enumerate(lignes[facture.famille_id], 1)
        ]
    )
    with connection.cursor() as curseur:
        curseur.execute(_REPAS, [[facture.pk for facture in factures]])


def bilan(facturation: Facturation) -> Bilan:
    """Counts of the drafts of a month.."""
    requete = """
        SELECT count(*) FILTER (WHERE numero IS NULL), COALESCE(sum(total) FILTER (WHERE numero IS NULL), 0),
               count(*) FILTER (WHERE numero IS NOT NULL),
               (SELECT count(*) FROM facturation_repasfacture r JOIN facturation_facture b ON b.id = r.facture_id
                 WHERE b.facturation_id = %(pk)s AND b.numero IS NULL AND NOT r.supplement)
          FROM facturation_facture WHERE facturation_id = %(pk)s
    """
    ((factures, total, deja, repas),) = _lire(requete, {"pk": facturation.pk})
    return Bilan(facturation, factures=factures, repas=repas, total=total, deja=deja)
