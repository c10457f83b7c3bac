"""What the régie reads before it issues a month: the anomalies of its drafts."""

from collections.abc import Iterator, Sequence

from django.db.models import F, Q
from django.urls import reverse

from comptes.francais import date_courte, euros, nombre
from facturation.models import Facturation, Facture, LigneFacture
from facturation.regles import Anomalie, dernier_jour
from reservations.lecture_tarifs import tarifs_des
from reservations.models import Inscription, Journee

EXEMPLES = 5
N = LigneFacture.Nature


def anomalies(facturation: Facturation) -> list[Anomalie]:
    """What its drafts have of odd. A constant number of statements; the prices are asked from the rule again."""
    lignes: list = list(
        LigneFacture.objects.filter(facture__facturation=facturation, facture__numero=None)
        .order_by("facture", "rang")
        .values_list("inscription", "nature", "prix", "enfant", "jours", "facture", named=True)
    )
    tarifs = tarifs_des(
        Inscription.objects.filter(
            lignes_de_facture__facture__facturation=facturation, lignes_de_facture__facture__numero=None
        )
        .completes()
        .order_by()
        .distinct()
    )
    trouvees = [_sans_pointage(facturation), *_des_prix(lignes, tarifs), _sans_adresse(facturation)]
    return [anomalie for anomalie in trouvees if anomalie.combien]


def _sans_pointage(facturation: Facturation) -> Anomalie:
    mois = facturation.mois
    manquantes = Journee.objects.filter(
        date__range=(mois, dernier_jour(mois)), fermeture="", places_prises__gt=0, pointage=None
    )
    n = manquantes.count()
    vues = manquantes.select_related("activite").order_by("date", "activite")[:EXEMPLES] if n else []
    phrase = nombre(n, "journée servie sans pointage", "journées servies sans pointage")
    exemples = tuple(f"{j.activite}, {date_courte(j.date)}" for j in vues)
    return Anomalie("sans-pointage", phrase, n, exemples=exemples)


def _des_prix(lignes: Sequence, tarifs: dict) -> Iterator[Anomalie]:
    """No price by the rule, a meal at zero, another price than the rule's. Late meals and surcharges are apart."""
    sans, nuls, autres = [], [], []
    for ligne in lignes:
        if ligne.nature == N.ABSENT:
            continue
        if ligne.prix == 0:
            nuls.append(ligne)
        attendus = [tarifs[ligne.inscription].le(jour).montant for jour in ligne.jours]
        if any(attendu is None for attendu in attendus):
            sans.append(ligne)
        elif ligne.nature in (N.REPAS, N.IMPREVU) and any(attendu != ligne.prix for attendu in attendus):
            autres.append(ligne)
    cas = (
        ("sans-grille", sans, "ligne sans grille ni prix en vigueur", "lignes sans grille ni prix en vigueur"),
        ("prix-nul", nuls, "ligne à zéro euro", "lignes à zéro euro"),
        ("autre-prix", autres, "ligne à un autre prix que la règle", "lignes à un autre prix que la règle"),
    )  # fmt: skip
    for code, lues, un, plusieurs in cas:
        exemples = tuple(f"{ligne.enfant}, {euros(ligne.prix)}" for ligne in lues[:EXEMPLES])
        lien = reverse("admin:facturation_facture_change", args=[lues[0].facture]) if lues else ""
        yield Anomalie(code, nombre(len(lues), un, plusieurs), len(lues), lien, exemples)


def _sans_adresse(facturation: Facturation) -> Anomalie:
    sans = (
        Facture.objects.filter(facturation=facturation)
        .brouillons()
        .filter(Q(famille__adresse="") | Q(famille__commune="") | Q(famille__code_postal=""))
    )
    n = sans.count()
    vues = list(sans.order_by("pk").annotate(nom=F("famille__nom"))[:EXEMPLES]) if n else []
    lien = reverse("admin:facturation_facture_change", args=[vues[0].pk]) if vues else ""
    phrase = nombre(n, "famille sans adresse complète", "familles sans adresse complète")
    return Anomalie("sans-adresse", phrase, n, lien, tuple(f"Famille {f.nom}" for f in vues))
