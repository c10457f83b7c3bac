"""What the households of a school answered to a text: the list that an agent takes along for an outing."""

import csv
import datetime as dt
import io
from collections import defaultdict
from dataclasses import dataclass

from comptes.francais import date_courte
from comptes.models import Autorisation, Enfant, Rattachement, Texte
from comptes.regles_autorisations import Avis, avis, avis_de_l_enfant
from comptes.tableaux import sans_formule
from reservations.models import AnneeScolaire, Ecole, Inscription

EN_TETES = ["Nom", "Prénom", "Classe", "Réponse", "Détail"]


@dataclass(frozen=True)
class ReponseDuFoyer:
    rattachement: Rattachement
    avis: Avis
    signature: str  # « Camille Martin, 15/07/2026 », nothing when it is not signed

    def __str__(self):
        return f"{self.rattachement.famille}\u00a0: {self.avis.label.lower()}" + (
            f" ({self.signature})" if self.signature else ""
        )


@dataclass(frozen=True)
class LigneDeReleve:
    enfant: Enfant
    classe: str
    foyers: tuple[ReponseDuFoyer, ...]

    @property
    def avis(self) -> Avis:
        return avis_de_l_enfant([f.avis for f in self.foyers])

    @property
    def desaccord(self) -> bool:
        """Two households that do not say the same: the restrictive reading is worth a word."""
        return len({f.avis for f in self.foyers}) > 1


def annee_du_releve(aujourdhui: dt.date) -> AnneeScolaire | None:
    """The school year of today; in summer, the next."""
    return AnneeScolaire.objects.filter(fin__gte=aujourdhui).order_by("debut").first()


def classes_de_l_ecole(ecole: Ecole, annee: AnneeScolaire | None) -> list[str]:
    inscriptions = Inscription.objects.filter(activite__ecole=ecole, annee=annee).exclude(classe="")
    return list(inscriptions.order_by("classe").values_list("classe", flat=True).distinct())


def relever(
    texte: Texte, ecole: Ecole, *, annee: AnneeScolaire | None, aujourdhui: dt.date, classe: str = ""
) -> list[LigneDeReleve]:
    """The children enrolled in a school, by class and name, with the answers of all their households to the version in
    force of `texte` (`avec_version()`). Three statements, whatever the children.
    """
    inscriptions = Inscription.objects.filter(activite__ecole=ecole, annee=annee, fin__gte=aujourdhui)
    if classe:
        inscriptions = inscriptions.filter(classe=classe)
    enfants: dict[int, tuple[Enfant, str]] = {}
    for i in inscriptions.select_related("rattachement__enfant").order_by("classe", "pk"):
        enfants.setdefault(i.enfant.pk, (i.enfant, i.classe))
    reponses = {
        a.rattachement_id: a
        for a in Autorisation.objects.filter(version=texte.version_id, rattachement__enfant__in=enfants).dernieres()
    }
    foyers = defaultdict(list)
    for r in Rattachement.objects.filter(enfant__in=enfants).select_related("famille").order_by("famille__nom", "pk"):
        foyers[r.enfant_id].append(_reponse(r, reponses.get(r.pk)))
    lignes = [LigneDeReleve(e, classe, tuple(foyers[e.pk])) for e, classe in enfants.values()]
    return sorted(lignes, key=lambda ligne: (ligne.classe, ligne.enfant.nom, ligne.enfant.prenom, ligne.enfant.pk))


def _reponse(rattachement: Rattachement, donnee: Autorisation | None) -> ReponseDuFoyer:
    signature = f"{donnee.nom_signataire}, {date_courte(donnee.signee_le)}" if donnee else ""
    return ReponseDuFoyer(rattachement, avis(donnee.accordee if donnee else None), signature)


def en_csv(lignes: list[LigneDeReleve]) -> str:
    """For a spreadsheet in French: semicolons, a mark of UTF-8; a name never begins a formula."""
    sortie = io.StringIO()
    ecrivain = csv.writer(sortie, delimiter=";")
    ecrivain.writerow(EN_TETES)
    for ligne in lignes:
        mots = [ligne.enfant.nom, ligne.enfant.prenom, ligne.classe, ligne.avis.label]
        ecrivain.writerow([sans_formule(m) for m in [*mots, " / ".join(map(str, ligne.foyers))]])
    return "\ufeff" + sortie.getvalue()
