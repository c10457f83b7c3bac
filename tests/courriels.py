"""Every mail of the portal, one example for each case that its template tells apart.

A new template of templates/courriels without an example fails `tests/portail/test_gabarits_de_courriels.py`.
"""

import datetime as dt
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from django.conf import settings

from comptes.categories import REGIMES, Categorie
from comptes.courriels import rendre
from comptes.models import Demande, Document, Enfant, Famille, Rattachement, Utilisateur
from comptes.services.echeances import phrase, titre
from facturation.models import Avoir, Facturation, Facture, Mandat, Paiement, Prelevement, Rejet, TransactionEnLigne
from reservations.courriels_premiere import ACCEPTEE, DEJA_CONNUE, EN_COURS, LIEN, REFUSEE
from reservations.models import (
    Activite,
    AnneeScolaire,
    AnnulationCollective,
    Attente,
    Inscription,
    MessageDeLaVille,
    Mouvement,
    Operation,
)
from reservations.recapitulatif import Recapitulatif
from reservations.regles import Motif
from reservations.services.rappels import RappelAEnvoyer
from tests.factories import INSTANT

DOSSIER = Path(settings.BASE_DIR) / "templates" / "courriels"
LUNDI = dt.date(2026, 12, 7)
N = Mouvement.Nature
CAMILLE = Utilisateur(pk=1, email="camille.martin-dubois@exemple.fr", prenom="Camille", nom="Martin")
FAMILLE = Famille(pk=1, nom="Martin")
LEA = Enfant(pk=1, prenom="Léa", nom="Martin", naissance=dt.date(2017, 3, 14))
ELISE = Enfant(pk=2, prenom="Élise", nom="Martin-Dubois de la Bastide", naissance=dt.date(2019, 3, 14))
ACTIVITE = Activite(pk=1, nom="Restauration scolaire Villalbe Pierre Paul Riquet élémentaire")
ANNEE = AnneeScolaire(pk=1, libelle="2026-2027", debut=dt.date(2026, 9, 1), fin=dt.date(2027, 7, 3))


def gabarits() -> set[str]:
    return {f.stem for f in DOSSIER.iterdir()} - {"base"}


@dataclass(frozen=True)
class Exemple:
    gabarit: str
    cas: str
    contexte: dict
    categorie: Categorie | None = None

    def __str__(self):
        return f"{self.gabarit}-{self.cas}" if self.cas else self.gabarit

    def rendre(self) -> tuple[str, str]:
        """The text and the HTML, as the queue renders them."""
        regime = REGIMES[self.categorie] if self.categorie else None
        refus = f"/courriels/refuser/1.{self.categorie}:{'x' * 43}/" if regime and regime.refusable else ""
        return rendre(self.gabarit, {"refus": refus, "categorie": self.categorie, "regime": regime, **self.contexte})


def inscription(pk: int, enfant: Enfant) -> Inscription:
    rattachement = Rattachement(pk=pk, famille=FAMILLE, enfant=enfant)
    return Inscription(
        pk=pk, rattachement=rattachement, activite=ACTIVITE, annee=ANNEE, debut=ANNEE.debut, fin=ANNEE.fin
    )


def recapitulatif(*natures: tuple, collective=None, origine=Operation.Origine.PARENT) -> dict:
    """An operation on two children: `natures` are (nature, motif, precision, price)."""
    operation = Operation(
        pk=128, famille=FAMILLE, auteur=CAMILLE, origine=origine, cree_le=INSTANT, collective=collective
    )
    inscriptions = [inscription(1, LEA), inscription(2, ELISE)]
    mouvements = [
        Mouvement(
            operation=operation,
            inscription=inscriptions[n % 2],
            date=LUNDI + dt.timedelta(days=n),
            nature=nature,
            motif=motif,
            precision=precision,
            prix=prix,
            capacite=90,
            places_prises=90,
        )
        for n, (nature, motif, precision, prix) in enumerate(natures)
    ]
    return {
        "operation": operation,
        "recapitulatif": Recapitulatif.de(operation, mouvements, inscriptions[: len(natures)]),
        "par_la_ville": origine != Operation.Origine.PARENT,
    }


PRIX = Decimal("4.97")
REPAS = (N.AJOUT, "", "", PRIX)


def exemples() -> Iterator[Exemple]:
    yield Exemple("mot_de_passe_genere", "", {"utilisateur": CAMILLE, "mot_de_passe": "abcdef-ghjkmn-pqrstu"})
    yield Exemple("mot_de_passe_change", "", {"utilisateur": CAMILLE, "instant": INSTANT})
    for cas in ("active", "retire"):
        contexte = {"utilisateur": CAMILLE, "active": cas == "active", "instant": INSTANT}
        yield Exemple("second_facteur", cas, contexte)
    yield from _du_compte()
    for cas in (LIEN, EN_COURS, DEJA_CONNUE, ACCEPTEE, REFUSEE):
        mot = "Cette école est celle d’une autre commune." if cas is REFUSEE else ""
        lien = f"{settings.SITE_URL}/premiere-visite/un-jeton/" if cas.bouton else ""
        yield Exemple("premiere_visite", cas.sujet, {"cas": cas, "lien": lien, "mot": mot})
    yield from _recapitulatifs()
    attente = Attente(pk=1, inscription=inscription(1, LEA), enfant=LEA, date=LUNDI, expire_le=INSTANT)
    d_attente = {"prenom": "Élise", "inscription": inscription(1, ELISE), "jour": LUNDI}
    yield Exemple("attente_offre", "", {**d_attente, "attente": attente}, Categorie.PLACES)
    yield Exemple(
        "attente_reservee",
        "",
        {**d_attente, **recapitulatif((N.AJOUT, "", "liste d’attente", PRIX))},
        Categorie.RESERVATIONS,
    )
    for cas, raison in (("expiree", ""), ("hors-delai", Motif.HORS_DELAI.label)):
        operation = Operation(pk=129, famille=FAMILLE, cree_le=INSTANT)
        yield Exemple("attente_perdue", cas, {**d_attente, "operation": operation, "raison": raison}, Categorie.PLACES)
    for cas, limites in (("une-limite", {INSTANT}), ("deux-limites", {INSTANT, INSTANT + dt.timedelta(days=2)})):
        rappel = RappelAEnvoyer(FAMILLE, LUNDI, [CAMILLE.email], {1: LEA, 2: ELISE}, limites=limites)
        rappel.inscriptions = [inscription(1, LEA), inscription(2, ELISE)]
        yield Exemple("rappel", cas, {"rappel": rappel})
    facture = Facture(
        pk=1, numero="F2026-000123", total=Decimal("69.58"), regle=Decimal("20"), echeance=LUNDI, famille=FAMILLE
    )
    facture.facturation = Facturation(mois=dt.date(2026, 10, 1))
    for niveau in (1, 2):
        contexte = {"facture": facture, "niveau": niveau, "regie": settings.REGIE}
        yield Exemple("relance", str(niveau), contexte, Categorie.FACTURES)
    yield from _de_la_regie(facture)
    for absent in (True, False):
        contexte = {"enfant": ELISE, "jour": LUNDI, "activite": ACTIVITE, "absent": absent}
        yield Exemple("absence_cantine", "absent" if absent else "present", contexte)
    texte = (
        "Bonjour,\n\nle pique-nique du 15/01/2027 coûte 3,50\N{NO-BREAK SPACE}€\N{NO-BREAK SPACE}: https://exemple.fr/"
        + uuid.UUID(int=7).hex * 3
    )
    for cas, n in (("un", 1), ("plusieurs", 3)):
        papiers = [Document(expire_le=LUNDI)] * n
        contexte = {"titre": titre(papiers), "phrase": phrase(papiers)}
        yield Exemple("document_echeance", cas, contexte, Categorie.MESSAGES)
    message = MessageDeLaVille(titre="Pique-nique de l’école Villalbe", texte=texte, envoye_le=INSTANT)
    yield from _paiements()
    yield Exemple("message_de_la_ville", "", {"message": message}, Categorie.MESSAGES)
    facture = Facture(
        pk=1, facturation=Facturation(mois=dt.date(2026, 9, 1)), famille=FAMILLE, numero="F2026-000123",
        echeance=dt.date(2026, 10, 27),
    )  # fmt: skip
    contexte = {"facture": facture, "a_payer": "79,52\N{NO-BREAK SPACE}€", "lien": "/factures/"}
    yield Exemple("facture_emise", "", contexte, Categorie.FACTURES)
    avoir = Avoir(pk=1, famille=FAMILLE, facture=facture, numero="A2026-000007", total=PRIX)
    contexte = {"avoir": avoir, "suite": "Il sera déduit de votre prochaine facture.", "lien": "/factures/"}
    yield Exemple("avoir_emis", "", contexte, Categorie.FACTURES)


def _de_la_regie(facture: Facture) -> Iterator[Exemple]:
    paiement = Paiement(pk=1, famille=FAMILLE, numero="Q2026-000042", moyen="cheque", montant=Decimal("49.58"))
    for cas, avance in (("", Decimal(0)), ("avance", Decimal("5.15"))):
        contexte = {"paiement": paiement, "avance": avance, "lien": "/factures/"}
        yield Exemple("paiement_recu_guichet", cas, contexte, Categorie.PAIEMENTS)
    rejet = Rejet(paiement=paiement, motif="Provision insuffisante")
    contexte = {"paiement": paiement, "rejet": rejet, "lien": "/factures/"}
    yield Exemple("paiement_rejete_guichet", "", contexte, Categorie.PAIEMENTS)
    mandat = Mandat(rum="CANTINE00000001001", fin_iban="0189")
    prelevement = Prelevement(facture=facture, mandat=mandat, montant=facture.reste, date=LUNDI)
    contexte = {"prelevement": prelevement, "mandat": mandat, "facture": facture, "regie": settings.REGIE}
    yield Exemple("prelevement_annonce", "", {**contexte, "lien": "/compte/mandat/"}, Categorie.PAIEMENTS)


def _recapitulatifs() -> Iterator[Exemple]:
    greve = AnnulationCollective(nature="greve", motif="Grève nationale", cree_le=INSTANT)
    retour = AnnulationCollective(nature="greve", motif="Grève nationale", cree_le=INSTANT, retablie_le=INSTANT)
    annule = (N.ANNULATION, Motif.FERME, "Grève nationale", PRIX)
    refus = (N.REFUS, Motif.COMPLET, "", PRIX)
    cas = {
        "parent": (recapitulatif(REPAS, REPAS, (N.ANNULATION, "", "", PRIX), refus), Categorie.RESERVATIONS),
        "absence": (recapitulatif((N.ABSENCE, "", "jour de carence", PRIX)), Categorie.RESERVATIONS),
        "attente": (recapitulatif((N.ATTENTE, "", "Me proposer la place", None)), Categorie.RESERVATIONS),
        "agent": (recapitulatif(REPAS, REPAS, origine=Operation.Origine.AGENT), Categorie.RESERVATIONS),
        "greve": (
            recapitulatif(annule, annule, collective=greve, origine=Operation.Origine.AGENT),
            Categorie.ANNULATIONS,
        ),
        "retabli": (
            recapitulatif(REPAS, REPAS, collective=retour, origine=Operation.Origine.AGENT),
            Categorie.ANNULATIONS,
        ),
    }
    for nom, (contexte, categorie) in cas.items():
        yield Exemple("reservations_recapitulatif", nom, contexte, categorie)


def _paiements() -> Iterator[Exemple]:
    facture = Facture(pk=1, numero="F2026-000123", famille=FAMILLE, total=Decimal("14.91"))
    ligne = TransactionEnLigne(pk=1, facture=facture, montant=Decimal("14.91"), refdet="F2026000123AB12CD34")
    commun = {"ligne": ligne, "facture": facture, "lien": f"/factures/paiement/{ligne.refdet}/retour/"}
    for cas, moyen, avance in (
        ("carte", "carte", Decimal(0)),
        ("prelevement", "prelev-ligne", Decimal(0)),
        ("avance", "carte", PRIX),
    ):
        paiement = Paiement(numero="Q2026-000045", moyen=moyen, montant=Decimal("14.91"), recu_le=INSTANT)
        contexte = {**commun, "paiement": paiement, "avance": avance, "revocable": cas == "prelevement"}
        yield Exemple("paiement_recu", cas, contexte, Categorie.PAIEMENTS)
    yield Exemple("paiement_rejete", "", {**commun, "paiement": paiement}, Categorie.PAIEMENTS)
    yield Exemple("paiement_suspect", "", {"ligne": ligne, "ecarts": ["montant", "saisie"]})


def _du_compte() -> Iterator[Exemple]:
    lien = "/compte/adresse-electronique/un-jeton/"
    for cas, prise in (("libre", False), ("prise", True)):
        yield Exemple("adresse_a_prouver", cas, {"lien": "" if prise else lien, "prise": prise})
    adresses = {"ancienne": CAMILLE.email, "nouvelle": "camille.dubois@exemple.fr", "instant": INSTANT}
    yield Exemple("adresse_demandee", "", {**adresses, "utilisateur": CAMILLE})
    yield Exemple("adresse_changee", "", adresses)
    lu = {"valeur": 845, "mois": "2026-09-01", "retenu": {"valeur": 854, "mois": "2026-10-01"}}
    corrigee = Demande(famille=FAMILLE, nature="quotient", deposee_le=INSTANT, contenu=lu)
    yield Exemple("demande_repondue", "corrigee", {"demande": corrigee, "acceptee": True}, Categorie.DEMANDES)
    for acceptee, mot in ((True, ""), (False, "Le justificatif est celui d’une autre famille.")):
        demande = Demande(famille=FAMILLE, nature="adresse", deposee_le=INSTANT, reponse=mot)
        cas = "acceptee" if acceptee else "refusee"
        yield Exemple("demande_repondue", cas, {"demande": demande, "acceptee": acceptee}, Categorie.DEMANDES)
        effacement = Demande(famille=FAMILLE, nature="effacement", deposee_le=INSTANT, traitee_le=INSTANT, reponse=mot)
        yield Exemple("effacement_fait" if acceptee else "effacement_refuse", "", {"demande": effacement, "mot": mot})
