"""A household with all that its pages show: three children, twelve lines, avoirs, payments, a debt carried over."""

import datetime as dt
from decimal import Decimal

from django.db import transaction
from django.test import Client

from facturation.models import Avoir, Facturation, Facture, Imputation, LigneAvoir, LigneFacture, Paiement
from facturation.services.numeros import prochains
from reservations.regles import PARIS
from tests.factories import EnfantFactory, Foyer, InscriptionFactory, RattachementFactory, foyer

EMISE_LE = dt.datetime(2026, 10, 5, 9, 0, tzinfo=PARIS)
# Wednesday: three weeks after the issue, before the due date.
LU_LE = dt.datetime(2026, 10, 28, 10, 0, tzinfo=PARIS)
ECHEANCE = dt.date(2026, 10, 31)
COPIE = {
    "ville": {"nom": "Carcassonne", "adresse": "32 rue Aimé Ramond, 11000 Carcassonne", "telephone": "04 68 00 00 00"},
    "regie": {
        "nom": "Régie de recettes de la restauration scolaire",
        "siret": "211 100 690 00018",
        "comptable": "Service de gestion comptable de Carcassonne",
        "courriel": "regie@exemple.fr",
        "telephone": "04 68 00 00 02",
    },
    "debiteur": {
        "nom": "Marie-Bénédicte de La Rochefoucauld-Montmorency et Jean-Christophe Espitalier",
        "adresse": "1254 bis avenue du Général-Leclerc, résidence Les Micocouliers, bâtiment C",
        "code_postal": "11000",
        "commune": "Carcassonne",
    },
    "moyens": ["En espèces, par chèque ou CESU, à la régie, 32 rue Aimé Ramond.", "Par virement sur le compte FR76."],
    "mentions": ["TVA non applicable.", "Vous pouvez contester cette somme dans les deux mois."],
}
NATURES = LigneFacture.Nature
PRIX = {
    NATURES.REPAS: "3.40",
    NATURES.TARDIF: "5.90",
    NATURES.ABSENCE: "3.40",
    NATURES.ABSENT: "1.05",
}  # fmt: skip


def facture_de(
    inscriptions,
    *,
    lignes: int = 1,
    mois: dt.date = dt.date(2026, 9, 1),
    emise_le: dt.datetime = EMISE_LE,
    prix: Decimal | None = None,
    copie: dict | None = None,
) -> Facture:
    """A bill with `lignes` lines for each enrolment, of 2 meals and more, numbered and frozen."""
    with transaction.atomic():
        facturation, _ = Facturation.objects.get_or_create(mois=mois, defaults={"echeance": ECHEANCE})
        famille = inscriptions[0].rattachement.famille
        facture = Facture.objects.create(
            facturation=facturation, famille=famille, copie=COPIE if copie is None else copie
        )
        rang = 0
        for inscription in inscriptions:
            for nature, texte in list(PRIX.items())[:lignes]:
                rang += 1
                unitaire = Decimal(texte) if prix is None else prix
                jours = [mois + dt.timedelta(days=n) for n in range(rang, 2 * rang + 1)]
                LigneFacture.objects.create(
                    facture=facture, inscription=inscription, rang=rang, nature=nature, enfant=str(inscription.enfant),
                    service=str(inscription.activite), tranche="tranche B, quotient de 700 à 1 099",
                    deliberation="2026-045", quantite=len(jours), prix=unitaire,
                    montant=len(jours) * unitaire, jours=jours,
                )  # fmt: skip
                facture.total += len(jours) * unitaire
        facture.emise_le, facture.echeance = emise_le, ECHEANCE
        (facture.numero,) = prochains("F", emise_le.year)
        facture.save()
    return facture


def fratrie() -> tuple[Foyer, list]:
    """A household of three children at one service."""
    f = foyer()
    inscriptions = [f.inscription]
    for prenom in ("Maximilien-Alexandre", "Zoé"):
        enfant = EnfantFactory(prenom=prenom, nom="de La Rochefoucauld-Montmorency")
        rattachement = RattachementFactory(famille=f.famille, enfant=enfant)
        inscriptions.append(InscriptionFactory(rattachement=rattachement, activite=f.activite, annee=f.annee))
    return f, inscriptions


def avoir_de(facture: Facture, montant: Decimal, *, le: dt.datetime = LU_LE) -> Avoir:
    """An avoir on the first line of a bill, deducted from it."""
    with transaction.atomic():
        (numero,) = prochains("A", le.year)
        avoir = Avoir.objects.create(
            famille=facture.famille, facture=facture, numero=numero, emis_le=le, motif="Repas annulé après facturation",
            total=montant,
        )  # fmt: skip
        LigneAvoir.objects.create(
            avoir=avoir, ligne=facture.lignes.first(), libelle="Repas du 02/09/2026, Léa", montant=montant
        )
        Imputation.objects.create(facture=facture, avoir=avoir, montant=montant, le=le)
        facture.regle += montant
        facture.save(update_fields=["regle"])
    return avoir


def paiement_de(
    foyer: Foyer, montant: str, *, le: dt.datetime = LU_LE, moyen: str = "carte", cle: str = ""
) -> Paiement:
    """Money received, without any bill: an advance."""
    with transaction.atomic():
        (numero,) = prochains("Q", le.year)
        return Paiement.objects.create(
            famille=foyer.famille, numero=numero, moyen=moyen, montant=Decimal(montant), recu_le=le, saisi_le=le,
            cle=cle or numero,
        )  # fmt: skip


def client_de(utilisateur) -> Client:
    client = Client()
    client.force_login(utilisateur)
    return client
