"""Reminders of unpaid bills, schedules agreed by the régie, and the list for the comptable public."""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Sum
from django.utils import timezone

from comptes.courriels import Lettre, mettre_en_file_ensemble
from comptes.francais import date_courte, euros, nombre
from comptes.models import Categorie, Utilisateur
from comptes.services.notifier import Avis, adresses_pour, notifier_chacune
from comptes.tableaux import Case, en_csv
from facturation.lecture import parts_en_cours
from facturation.models import Echeance, Echeancier, Evenement, Facture, Prelevement, Relance, Transmission
from facturation.regles_relances import Situation, a_transmettre, couper, echeancier_tenu, niveau_du
from facturation.services.imputer import noter, verrouiller_le_foyer, verrouiller_les_foyers

LOT = 200
COLONNES = [
    "numero", "mois", "emise_le", "echeance", "debiteur", "adresse", "total", "regle", "reste", "derniere_relance",
]  # fmt: skip


@dataclass
class Bilan:
    """Bills to remind, level by level, and their amount. `lettres`: those whose household has no e-mail."""

    niveaux: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    reste: Decimal = Decimal(0)
    lettres: int = 0

    def compter(self, facture: Facture, niveau: int, lettre: bool) -> None:
        self.niveaux[niveau] += 1
        self.reste += facture.reste
        self.lettres += lettre


def situations(factures: Sequence[Facture], *, jour: dt.date) -> dict[int, Situation]:
    """Bill key → what is known of it, in four statements for any number of bills."""
    cles = [f.pk for f in factures]
    familles = {f.famille_id for f in factures}
    dus = Facture.objects.filter(famille__in=familles).impayees().order_by().values("famille")
    dus_par_foyer = dict(dus.annotate(du=Sum(F("total") - F("regle"))).values_list("famille", "du"))
    relances: dict[int, tuple[int, dt.datetime]] = {}
    for r in Relance.objects.filter(facture__in=cles).order_by("niveau"):
        relances[r.facture_id] = (r.niveau, r.envoyee_le)
    en_route = Prelevement.objects.filter(facture__in=cles, etat__in=[Prelevement.Etat.ANNONCE, Prelevement.Etat.REMIS])
    debites = set(en_route.values_list("facture", flat=True))
    tenus = _echeanciers_tenus(factures, jour)
    return {
        f.pk: Situation(
            echeance=f.echeance or jour,
            du_foyer=dus_par_foyer.get(f.famille_id, Decimal(0)),
            niveau=relances[f.pk][0] if f.pk in relances else 0,
            relancee_le=timezone.localdate(relances[f.pk][1]) if f.pk in relances else None,
            reportee=f.reportee_sur_id is not None,
            prelevement=f.pk in debites,
            echeancier_tenu=f.pk in tenus,
        )
        for f in factures
    }


def _echeanciers_tenus(factures: Sequence[Facture], jour: dt.date) -> set[int]:
    par_cle = {f.pk: f for f in factures}
    parts = parts_en_cours(factures)
    # The instalments add up to what was due when they were agreed: what is paid since is the difference.
    return {
        cle
        for cle, echeances in parts.items()
        if echeancier_tenu(
            echeances, regle_depuis=sum((m for _, m in echeances), Decimal(0)) - par_cle[cle].reste, jour=jour
        )
    }


def a_relancer(jour: dt.date) -> Iterator[list[tuple[Facture, int]]]:
    """The bills to remind on `jour` with their level, household by household, in batches."""
    premier, *_ = settings.REGIE["relances_jours"]
    candidates = Facture.objects.impayees().filter(echeance__lte=jour - dt.timedelta(days=premier), reportee_sur=None)
    familles = list(candidates.order_by("famille").values_list("famille", flat=True).distinct())
    for rang in range(0, len(familles), LOT):
        lot = list(candidates.filter(famille__in=familles[rang : rang + LOT]).order_by("famille", "pk"))
        dus = _dus(lot, jour)
        if dus:
            yield dus


def _dus(factures: list[Facture], jour: dt.date) -> list[tuple[Facture, int]]:
    connues = situations(factures, jour=jour)
    delais, seuil = settings.REGIE["relances_jours"], Decimal(settings.REGIE["seuil"])
    niveaux = ((f, niveau_du(connues[f.pk], jour=jour, delais=delais, seuil=seuil)) for f in factures)
    return [(f, niveau) for f, niveau in niveaux if niveau]


def relancer(
    *, appliquer: bool, par: Utilisateur | None = None, dire: Callable[[str], object] = lambda phrase: None
) -> Bilan:
    """Remind of every bill that is due for it, once a level; without `appliquer` only count.

    A batch of households is one transaction: stopped, it goes on with the others; two at once send one reminder.
    """
    bilan = Bilan()
    for lot in a_relancer(timezone.localdate()):
        if appliquer:
            lot = _relancer_le_lot(lot, par)
        adresses = adresses_pour({f.famille_id for f, _ in lot}, Categorie.FACTURES)
        for facture, niveau in lot:
            bilan.compter(facture, niveau, facture.famille_id not in adresses)
        dire(nombre(sum(bilan.niveaux.values()), "facture relancée" if appliquer else "facture à relancer",
                    "factures relancées" if appliquer else "factures à relancer"))  # fmt: skip
    return bilan


def _relancer_le_lot(lot: list[tuple[Facture, int]], par) -> list[tuple[Facture, int]]:
    """Under the lock of the households, read again what is paid meanwhile, then write and tell."""
    with transaction.atomic():
        verrouiller_les_foyers({f.famille_id for f, _ in lot})
        factures = list(
            Facture.objects.filter(pk__in=[f.pk for f, _ in lot])
            .impayees()
            .select_related("facturation")
            .verrouillees()
        )
        maintenant = timezone.now()
        dus = _dus(factures, timezone.localdate(maintenant))
        adresses = adresses_pour({f.famille_id for f, _ in dus}, Categorie.FACTURES)
        Relance.objects.bulk_create(
            Relance(
                facture=f,
                niveau=niveau,
                envoyee_le=maintenant,
                reste=f.reste,
                par_courriel=f.famille_id in adresses,
            )
            for f, niveau in dus
        )
        for niveau in {n for _, n in dus}:
            texte = f"Relance n° {niveau}"
            noter([f for f, n in dus if n == niveau], Evenement.Nature.RELANCE, le=maintenant, par=par, texte=texte)
        notifier_chacune(
            (Avis(f.famille_id, _titre(f, n), _phrase(f), f"/factures/{f.numero}/") for f, n in dus),
            categorie=Categorie.FACTURES,
        )
        mettre_en_file_ensemble(
            Lettre(
                destinataires=adresses[f.famille_id],
                gabarit="relance",
                contexte={"facture": f, "niveau": niveau, "regie": settings.REGIE},
                sujet=_titre(f, niveau),
                categorie=Categorie.FACTURES,
            )
            for f, niveau in dus
            if f.famille_id in adresses
        )
    return dus


def _titre(facture: Facture, niveau: int) -> str:
    mot = "Rappel" if niveau == 1 else "Dernier rappel"
    return f"{mot} : facture n° {facture.numero} à régler"


def _phrase(facture: Facture) -> str:
    assert facture.echeance is not None
    return f"Reste à payer : {euros(facture.reste)}. L’échéance était le {date_courte(facture.echeance)}."


def accorder_echeancier(
    *, facture: Facture, fois: int, premiere: dt.date, par: Utilisateur, mot: str = ""
) -> Echeancier:
    """Agree that what is left of a bill is paid in `fois` monthly instalments. Raises ValidationError."""
    if not 2 <= fois <= 12:
        raise ValidationError("Un échéancier a de 2 à 12 échéances.")
    with transaction.atomic():
        verrouiller_le_foyer(facture.famille_id)
        facture = Facture.objects.verrouillees().get(pk=facture.pk)
        maintenant = timezone.now()
        if facture.numero is None or facture.reste <= 0:
            raise ValidationError("Il ne reste rien à payer de cette facture.")
        if premiere <= timezone.localdate(maintenant):
            raise ValidationError("La première échéance est à venir.")
        if facture.echeanciers.filter(clos_le=None).exists():
            raise ValidationError("Un échéancier est déjà en cours pour cette facture.")
        try:
            parts = couper(facture.reste, fois, premiere=premiere)
        except ValueError as erreur:
            raise ValidationError(str(erreur)) from None
        echeancier = Echeancier.objects.create(facture=facture, accorde_le=maintenant, accorde_par=par, mot=mot)
        Echeance.objects.bulk_create(Echeance(echeancier=echeancier, date=d, montant=m) for d, m in parts)
        premier, suivant = euros(parts[0][1]), euros(parts[-1][1])
        montants = suivant if premier == suivant else f"{premier} puis {suivant}"
        texte = f"{fois} échéances de {montants}, à partir du {date_courte(premiere)}"
        noter([facture], Evenement.Nature.ECHEANCIER, le=maintenant, par=par, texte=texte)
        notifier_chacune(
            [Avis(facture.famille_id, f"Échéancier accordé, facture n° {facture.numero}", texte + ".",
                  f"/factures/{facture.numero}/")],
            categorie=Categorie.FACTURES,
        )  # fmt: skip
    return echeancier


def clore_echeancier(*, echeancier: Echeancier, par: Utilisateur) -> bool:
    """End a schedule: reminders go on. Twice does it once."""
    with transaction.atomic():
        maintenant = timezone.now()
        if not Echeancier.objects.filter(pk=echeancier.pk, clos_le=None).update(clos_le=maintenant):
            return False
        noter([echeancier.facture], Evenement.Nature.ECHEANCIER, le=maintenant, par=par, texte="Échéancier clos")
    return True


def impayees_a_transmettre(jour: dt.date) -> list[Facture]:
    """The bills for the comptable public: reminded at every level, still unpaid, not handed over before."""
    niveaux = len(settings.REGIE["relances_jours"])
    candidates = list(
        Facture.objects.impayees()
        .filter(Exists(Relance.objects.filter(facture=OuterRef("pk"), niveau=niveaux)), transmissions=None)
        .select_related("facturation")
        .order_by("famille", "pk")
    )
    connues = situations(candidates, jour=jour)
    regles = {"niveaux": niveaux, "delai": settings.REGIE["transmission_jours"]}
    seuil = Decimal(settings.REGIE["seuil"])
    return [f for f in candidates if a_transmettre(connues[f.pk], jour=jour, seuil=seuil, **regles)]


def transmettre(*, par: Utilisateur | None) -> Transmission | None:
    """Make the list for the comptable public and mark its bills; None when there is nothing to hand over."""
    with transaction.atomic():
        jour = timezone.localdate()
        choisies = impayees_a_transmettre(jour)
        verrouiller_les_foyers({f.famille_id for f in choisies})
        list(Facture.objects.filter(pk__in=[f.pk for f in choisies]).verrouillees())
        factures = impayees_a_transmettre(jour)  # read again under the locks
        factures = [f for f in factures if f.pk in {c.pk for c in choisies}]
        if not factures:
            return None
        maintenant = timezone.now()
        transmission = Transmission.objects.create(cree_le=maintenant, cree_par=par, csv=liste(factures))
        transmission.factures.set(factures)
        texte = f"Liste n° {transmission.pk}"
        noter(factures, Evenement.Nature.TRANSMISSION, le=maintenant, par=par, texte=texte)
    return transmission


def liste(factures: Sequence[Facture]) -> str:
    """The unpaid bills as CSV: `;`, comma amounts, dates JJ/MM/AAAA. A neutral file, not the Treasury's PES."""
    relances = dict(
        Relance.objects.filter(facture__in=factures).order_by("niveau").values_list("facture", "envoyee_le")
    )
    lignes: list[list[Case]] = [
        [
            f.numero,
            f"{f.facturation.mois:%m/%Y}",
            _jour(f.emise_le),
            f.echeance,
            *destinataire(f),
            f.total,
            f.regle,
            f.reste,
            _jour(relances.get(f.pk)),
        ]
        for f in factures
    ]
    return b"".join(en_csv([COLONNES, *lignes])).decode("utf-8-sig")


def _jour(quand: dt.datetime | None) -> dt.date | None:
    return timezone.localdate(quand) if quand else None


def destinataire(facture: Facture) -> tuple[str, str]:
    """The debtor's name and address in the frozen copy, each on one line."""
    debiteur, adresse = facture.copie.get("debiteur", ""), facture.copie.get("adresse", "")
    if isinstance(debiteur, dict):
        adresse = [debiteur.get(nom, "") for nom in ("adresse", "code_postal", "commune")]
        debiteur = debiteur.get("nom", "")
    return _une_ligne(debiteur), _une_ligne(adresse)


def _une_ligne(valeur: str | list[str]) -> str:
    return " ".join((" ".join(valeur) if isinstance(valeur, list) else str(valeur)).split())
