"""Issue the drafts of a month: numbers, frozen copies, what was paid before, and the households told. Once."""

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal

from django.db import connection, transaction
from django.db.models import F, Q
from django.utils import timezone

from comptes.francais import euros, mois_long
from comptes.models import Famille, Responsable
from facturation.copie import composer
from facturation.courriels import Annonce, annoncer_les_factures
from facturation.models import Avoir, Compteur, Evenement, Facturation, Facture, Imputation
from facturation.reglages import echeance, seuil
from facturation.regles import se_reporte
from facturation.services.imputer import disponibles_des, noter, verrouiller_les_foyers
from facturation.services.numeros import prochains
from facturation.services.preparer import verrouiller_la_facturation

LOT = 500  # bills issued in one transaction

# What a draft becomes, in one statement: the trigger freezes it from there on.
_NUMEROTER = """
UPDATE facturation_facture f
   SET numero = x.numero, regle = x.regle, copie = x.copie, emise_le = %s, echeance = %s
  FROM json_to_recordset(%s::json) AS x (id bigint, numero text, regle numeric, copie jsonb)
 WHERE f.id = x.id
"""


def emettre(
    *,
    facturation: Facturation,
    par=None,
    dire: Callable[[str], object] = lambda phrase: None,
    horloge: Callable[[], dt.datetime] = timezone.now,
) -> int:
    """Issue the drafts of this run, batch by batch, each in its transaction; return how many this call issued.

    Stopped anywhere it resumes: a batch is numbered, imputed and told, or nothing of it is. Two at once share the
    batches. Locks: the run, the households, their bills, the counter. `horloge` is read after them: the demo town
    issues its past months in the past.
    """
    emises = 0
    while lot := _emettre_un_lot(facturation.pk, par, horloge):
        emises += lot
        dire(f"{emises} factures émises")
    return emises


def _emettre_un_lot(pk: int, par, horloge) -> int:
    with transaction.atomic():
        facturation = verrouiller_la_facturation(pk)
        brouillons = Facture.objects.filter(facturation=pk).brouillons().order_by("pk")
        lot = list(brouillons.values_list("famille", flat=True)[:LOT])
        if facturation.etat == Facturation.Etat.EMISE or not lot:
            return _clore(facturation, par, horloge())
        familles = verrouiller_les_foyers(lot)
        ouvertes = list(Facture.objects.filter(famille__in=familles, regle__lt=F("total")).verrouillees())
        maintenant = horloge()  # after the locks
        nouvelles = [f for f in ouvertes if f.facturation_id == pk and f.numero is None]
        _numeroter(nouvelles, facturation, maintenant)
        imputees = _imputer(nouvelles, maintenant)
        reports = _a_reporter(f for f in ouvertes if f.numero and f.facturation_id != pk)
        _figer(nouvelles, imputees, reports, maintenant)
        _reporter(nouvelles, reports, maintenant, par)
        noter(nouvelles, Evenement.Nature.EMISSION, le=maintenant, par=par)
        _annoncer(nouvelles, reports, maintenant)
        facturation.save(update_fields=["echeance"])
    return len(nouvelles)


def _clore(facturation: Facturation, par, maintenant: dt.datetime) -> int:
    """No draft is left: the month is issued."""
    if facturation.etat != Facturation.Etat.EMISE:
        facturation.etat, facturation.emise_le = Facturation.Etat.EMISE, maintenant
        facturation.emise_par = par
        facturation.save(update_fields=["etat", "emise_le", "emise_par"])
    return 0


def _numeroter(factures: Sequence[Facture], facturation: Facturation, maintenant: dt.datetime) -> None:
    """In memory: `_figer` writes all that a bill becomes at once."""
    aujourdhui = timezone.localdate(maintenant)
    facturation.echeance = echeance(aujourdhui)
    numeros = prochains(Compteur.Serie.FACTURE, aujourdhui.year, len(factures))
    for facture, numero in zip(factures, numeros, strict=True):
        facture.facturation = facturation
        facture.numero, facture.emise_le, facture.echeance = numero, maintenant, facturation.echeance


def _imputer(factures: Sequence[Facture], maintenant: dt.datetime) -> dict[int, list[tuple[str, Decimal]]]:
    """Avoirs, then advances, the oldest first, settle the new bill of their household: bill → (what, euros)."""
    sources = disponibles_des(f.famille_id for f in factures)
    imputees: dict[int, list[tuple[str, Decimal]]] = defaultdict(list)
    lignes = []
    for facture in factures:
        for source, disponible in sources.get(facture.famille_id, []):
            if part := min(disponible, facture.reste):
                quoi = str(source) if isinstance(source, Avoir) else f"{source.get_moyen_display()}, {source}"
                champ = "avoir" if isinstance(source, Avoir) else "paiement"
                lignes.append(Imputation(facture=facture, montant=part, le=maintenant, **{champ: source}))
                imputees[facture.pk].append((quoi, part))
                facture.regle += part
    Imputation.objects.bulk_create(lignes)
    return imputees


def _a_reporter(anciennes: Iterable[Facture]) -> dict[int, list[Facture]]:
    """Household → its older debts, where together they are under the threshold.

    Those handed over to the comptable, or paid by instalments, follow their own way.
    """
    anciennes = list(anciennes)
    ailleurs = set(
        Facture.objects.filter(pk__in=[f.pk for f in anciennes])
        .filter(Q(transmissions__isnull=False) | Q(echeanciers__isnull=False, echeanciers__clos_le=None))
        .order_by()
        .values_list("pk", flat=True)
    )
    par_famille: dict[int, list[Facture]] = defaultdict(list)
    for facture in anciennes:
        if facture.pk not in ailleurs:
            par_famille[facture.famille_id].append(facture)
    return {famille: dues for famille, dues in par_famille.items() if se_reporte((f.reste for f in dues), seuil())}


def _figer(factures, imputees, reports, maintenant: dt.datetime) -> None:
    familles = Famille.objects.in_bulk(f.famille_id for f in factures)
    adultes: dict[int, list[Responsable]] = defaultdict(list)
    for adulte in Responsable.objects.filter(famille__in=familles).order_by("famille", "rang"):
        adultes[adulte.famille_id].append(adulte)
    lignes = []
    for facture in factures:
        foyer = facture.famille_id
        facture.copie = composer(
            familles[foyer],
            adultes[foyer],
            imputations=imputees.get(facture.pk, []),
            reports=[(f.numero, f.reste) for f in reports.get(foyer, [])],
            mois=mois_long(facture.facturation.mois),
        )
        valeurs = {"numero": facture.numero, "regle": str(facture.regle), "copie": facture.copie}
        lignes.append({"id": facture.pk, **valeurs})
    with connection.cursor() as curseur:
        jour = factures[0].echeance if factures else None
        curseur.execute(_NUMEROTER, [maintenant, jour, json.dumps(lignes, ensure_ascii=False)])


def _reporter(factures, reports: dict[int, list[Facture]], maintenant: dt.datetime, par) -> None:
    """What is owed of before is asked for with the new bill: its own row says which."""
    paires = [(ancienne, nouvelle) for nouvelle in factures for ancienne in reports.get(nouvelle.famille_id, [])]
    for ancienne, nouvelle in paires:
        ancienne.reportee_sur = nouvelle
    Facture.objects.bulk_update([ancienne for ancienne, _ in paires], ["reportee_sur"])
    Evenement.objects.bulk_create(
        Evenement(
            facture=ancienne,
            nature=Evenement.Nature.REPORT,
            le=maintenant,
            par=par,
            texte=f"{euros(ancienne.reste)} demandés avec la facture n° {nouvelle.numero}",
        )
        for ancienne, nouvelle in paires
    )


def _annoncer(factures, reports: dict[int, list[Facture]], maintenant: dt.datetime) -> None:
    annonces = []
    for facture in factures:
        reporte = sum((f.reste for f in reports.get(facture.famille_id, [])), Decimal(0))
        annonces.append(Annonce(facture, euros(facture.reste + reporte)))
    annoncer_les_factures(annonces, quand=maintenant)
