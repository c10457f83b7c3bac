"""Avoirs: what was billed and is no longer due is given back, with its own number. Nothing issued is ever edited."""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Mapping
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import Sum
from django.utils import timezone

from comptes.francais import date_courte, euros
from comptes.models import Responsable
from facturation.copie import composer
from facturation.courriels import annoncer_l_avoir
from facturation.models import (
    Avoir,
    Compteur,
    Evenement,
    Facture,
    LigneAvoir,
    LigneFacture,
    PropositionAvoir,
    Remboursement,
    RepasFacture,
)
from facturation.services.imputer import imputer, noter, verrouiller_le_foyer
from facturation.services.numeros import prochains

HORIZON = dt.timedelta(days=400)  # of older meals, the régie makes avoirs by hand

# Billed meals not given back, beside what is due of them today (NULL: nothing is booked, noted or due any more).
SOURCES = """
SELECT r.id, r.prix, r.supplement, j.fermeture,
       CASE WHEN r.supplement THEN absent.prix ELSE COALESCE(b.prix, imprevu.prix, a.prix) END AS du
  FROM facturation_repasfacture r
  JOIN facturation_facture f ON f.id = r.facture_id AND f.numero IS NOT NULL
  JOIN reservations_inscription i ON i.id = r.inscription_id
  LEFT JOIN reservations_reservation b ON b.inscription_id = r.inscription_id AND b.date = r.date
  LEFT JOIN reservations_ecart imprevu
         ON imprevu.inscription_id = r.inscription_id AND imprevu.date = r.date AND imprevu.nature = 'imprevu'
  LEFT JOIN reservations_ecart absent
         ON absent.inscription_id = r.inscription_id AND absent.date = r.date AND absent.nature = 'absent'
  LEFT JOIN reservations_absence a
         ON a.inscription_id = r.inscription_id AND a.date = r.date AND a.prix > 0
  LEFT JOIN reservations_journee j ON j.activite_id = i.activite_id AND j.date = r.date
 WHERE r.date >= %(depuis)s
   AND NOT EXISTS (SELECT FROM facturation_ligneavoir la WHERE la.repas_id = r.id)
"""
_PROPOSER = f"""
INSERT INTO facturation_propositionavoir (repas_id, motif, montant, etat, cree_le, mot)
SELECT s.id,
       CASE WHEN s.du IS NOT NULL THEN 'Prix baissé depuis la facture'
            WHEN s.fermeture <> '' THEN left('Service fermé : ' || s.fermeture, 120)
            WHEN s.supplement THEN 'Supplément retiré depuis la facture'
            ELSE 'Repas annulé depuis la facture' END,
       s.prix - COALESCE(s.du, 0), 'a-traiter', %(maintenant)s, ''
  FROM ({SOURCES}) s
 WHERE s.prix > COALESCE(s.du, 0)
   AND NOT EXISTS (SELECT FROM facturation_propositionavoir p WHERE p.repas_id = s.id)
 ORDER BY s.id
ON CONFLICT DO NOTHING
"""  # noqa: S608  # nosec B608  words of our own
_RETIRER = f"""
DELETE FROM facturation_propositionavoir p USING ({SOURCES}) s
 WHERE p.repas_id = s.id AND p.etat = 'a-traiter' AND p.montant <> s.prix - COALESCE(s.du, 0)
"""  # noqa: S608  # nosec B608


def proposer_avoirs() -> int:
    """Propose to give back the billed meals that are no longer due, once each; return how many are new.

    Two statements. A proposal that no longer holds (the meal is booked again, the price moved once more) is withdrawn.
    """
    maintenant = timezone.now()
    parametres = {"depuis": timezone.localdate(maintenant) - HORIZON, "maintenant": maintenant}
    with transaction.atomic(), connection.cursor() as curseur:
        curseur.execute(_RETIRER, parametres)
        curseur.execute(_PROPOSER, parametres)
        return curseur.rowcount


def emettre_avoir(
    *,
    facture: int,
    motif: str,
    par=None,
    repas: Collection[int] = (),
    lignes: Mapping[int, Decimal] | None = None,
    rembourser: bool = False,
    deja: Decimal | None = None,
) -> Avoir:
    """Give back billed meals (primary keys) and parts of lines (line → euros) of an issued bill.

    The avoir settles what is due of its bill; the rest waits for the next one, or is noted as refunded. A meal is given
    back once, a line never more than what it has left. A meal with a proposal is given back by what it proposes, and
    may be billed again. `deja`: what the page showed as given back already, so that a form sent twice counts once.
    Raises ValidationError, in French.
    """
    with transaction.atomic():
        lue = Facture.objects.emises().filter(pk=facture).first()
        if lue is None:
            raise ValidationError("Cette facture n’est pas émise.")
        famille = verrouiller_le_foyer(lue.famille_id)
        facture_lue = Facture.objects.filter(pk=facture).select_related("facturation").verrouillees().get()
        maintenant = timezone.now()  # after the locks
        rendus = _rendus(facture)
        if deja is not None and sum(rendus.values(), Decimal(0)) != deja:
            raise ValidationError("Un autre avoir vient d’être émis sur cette facture : relisez-la avant de confirmer.")
        motif = " ".join(motif.split())
        if not 1 <= len(motif) <= 200:
            raise ValidationError("Écrivez pourquoi, en 200 caractères au plus.")
        propositions = PropositionAvoir.objects.filter(repas__in=repas, etat=PropositionAvoir.Etat.A_TRAITER)
        parts = _parts(facture_lue, repas, lignes or {}, {p.repas_id: p.montant for p in propositions})
        _verifier(facture_lue, parts, rendus)
        avoir = _ecrire(facture_lue, famille, parts, motif, par, maintenant)
        propositions.update(etat=PropositionAvoir.Etat.FAIT, traitee_le=maintenant, traitee_par=par)
        reste = imputer(avoir, [facture_lue], avoir.total, le=maintenant)
        if reste and rembourser:
            Remboursement.objects.create(famille=famille, avoir=avoir, montant=reste, le=maintenant, par=par)
        texte = f"Avoir n° {avoir.numero}, {euros(avoir.total)} : {motif}"
        noter([facture_lue], Evenement.Nature.AVOIR, le=maintenant, par=par, texte=texte)
        annoncer_l_avoir(avoir, _suite(avoir.total, reste, rembourser))
    return avoir


def _suite(total: Decimal, reste: Decimal, rembourser: bool) -> str:
    """What becomes of the euros, as the household reads it."""
    phrases = [f"{euros(total - reste)} réduisent ce qui reste dû de cette facture."] if total > reste else []
    if reste and rembourser:
        phrases.append(f"{euros(reste)} vous sont remboursés.")
    elif reste:
        phrases.append(f"{euros(reste)} seront déduits de votre prochaine facture.")
    return " ".join(phrases)


def _rendus(facture: int) -> dict[int, Decimal]:
    """Line → what was given back of it."""
    sommes = LigneAvoir.objects.filter(ligne__facture=facture).order_by().values("ligne").annotate(s=Sum("montant"))
    return {somme["ligne"]: somme["s"] for somme in sommes}


def _parts(facture, repas, lignes, proposes) -> list[LigneAvoir]:
    """The lines of the avoir, not written yet."""
    lus = {r.pk: r for r in RepasFacture.objects.filter(facture=facture, pk__in=repas).select_related("ligne")}
    lues = {ligne.pk: ligne for ligne in LigneFacture.objects.filter(facture=facture, pk__in=lignes)}
    if set(repas) - lus.keys() or lignes.keys() - lues.keys():
        raise ValidationError("Ce repas ou cette ligne n’est pas de cette facture.")
    if LigneAvoir.objects.filter(repas__in=lus).exists():
        raise ValidationError("Un de ces repas a déjà été rendu par un avoir.")
    parts = [
        LigneAvoir(
            ligne=r.ligne,
            repas=r,
            libelle=f"{r.ligne.enfant}, {r.ligne.get_nature_display().lower()} du {date_courte(r.date)}",
            montant=proposes.get(pk, r.prix),
        )
        for pk, r in sorted(lus.items())
    ]
    for pk, ligne in sorted(lues.items()):
        libelle = f"{ligne.enfant}, {ligne.get_nature_display().lower()}"
        parts.append(LigneAvoir(ligne=ligne, libelle=libelle, montant=lignes[pk]))
    return parts


def _verifier(facture: Facture, parts: list[LigneAvoir], rendus: dict[int, Decimal]) -> None:
    if not parts or any(part.montant <= 0 for part in parts):
        raise ValidationError("Choisissez ce qui est rendu : un montant positif, ou un repas qui a un prix.")
    demandes: dict[int, Decimal] = defaultdict(Decimal)
    for part in parts:
        demandes[part.ligne_id] += part.montant
    montants = {part.ligne_id: part.ligne.montant for part in parts}
    for pk, demande in demandes.items():
        possible = montants[pk] - rendus.get(pk, Decimal(0))
        if demande > possible:
            raise ValidationError(f"Cette ligne ne peut plus rendre que {euros(possible)}.")


def _ecrire(facture, famille, parts, motif, par, maintenant) -> Avoir:
    (numero,) = prochains(Compteur.Serie.AVOIR, timezone.localdate(maintenant).year)
    adultes = Responsable.objects.filter(famille=famille).order_by("rang")
    avoir = Avoir.objects.create(
        famille=famille,
        facture=facture,
        numero=numero,
        emis_le=maintenant,
        emis_par=par,
        motif=motif,
        total=sum((part.montant for part in parts), Decimal(0)),
        copie=composer(famille, adultes, facture=facture.numero) | {"moyens": []},
    )
    for part in parts:
        part.avoir = avoir
    LigneAvoir.objects.bulk_create(parts)
    return avoir


def traiter(*, propositions: Collection[int], par=None, rembourser: bool = False) -> list[Avoir]:
    """An avoir for each bill of these proposals; those treated meanwhile are left out."""
    par_facture: dict[int, dict[int, str]] = defaultdict(dict)
    a_faire = PropositionAvoir.objects.filter(pk__in=propositions, etat=PropositionAvoir.Etat.A_TRAITER)
    for facture, repas, motif in a_faire.order_by("repas__facture", "repas").values_list(
        "repas__facture", "repas", "motif"
    ):
        par_facture[facture][repas] = motif
    return [
        emettre_avoir(
            facture=facture,
            repas=list(motifs),
            motif=", ".join(dict.fromkeys(motifs.values()))[:200],
            par=par,
            rembourser=rembourser,
        )
        for facture, motifs in par_facture.items()
    ]


def ecarter(*, propositions: Collection[int], mot: str, par=None) -> int:
    """Set proposals aside, with the reason; they are not made again."""
    a_faire = PropositionAvoir.objects.filter(pk__in=propositions, etat=PropositionAvoir.Etat.A_TRAITER)
    return a_faire.update(
        etat=PropositionAvoir.Etat.ECARTEE, traitee_le=timezone.now(), traitee_par=par, mot=mot.strip()[:200]
    )
