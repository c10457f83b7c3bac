"""How many PDFs of bills a second, and the memory of the printers: `manage.py shell`, then `mesurer(600)`.

Bills of two children and three lines, made in memory: the database is not what is measured.
"""

import datetime as dt
import json
import sys
import threading
import time
from decimal import Decimal
from pathlib import Path

from django.conf import settings

from comptes.atelier import Atelier
from comptes.models import Famille
from facturation.impression import page_de_facture
from facturation.models import Facturation, Facture, LigneFacture
from facturation.papier import Papier
from reservations.regles import PARIS

MOIS = dt.date(2026, 9, 1)
COPIE = {
    "ville": settings.VILLE,
    "regie": settings.REGIE,
    "debiteur": {
        "nom": "Camille Martin",
        "adresse": "12 rue de Verdun",
        "code_postal": "11000",
        "commune": "Carcassonne",
    },
    "moyens": ["En ligne, par carte bancaire.", "En espèces, par chèque ou CESU, à la régie.", "Par virement."],
    "mentions": ["TVA non applicable.", "Cette somme se conteste, dans les deux mois, devant le tribunal compétent."],
}


def papier(n: int) -> Papier:
    famille = Famille(nom=f"Martin{n}", adresse=f"{n} rue de Verdun", code_postal="11000", commune="Carcassonne")
    facture = Facture(
        facturation=Facturation(mois=MOIS), famille=famille, numero=f"F2026-{n:06d}", total=Decimal("79.52"),
        emise_le=dt.datetime(2026, 10, 5, 9, tzinfo=PARIS), echeance=dt.date(2026, 10, 30),
        copie=COPIE,
    )  # fmt: skip
    lignes = [
        LigneFacture(
            rang=rang, nature=nature, enfant=f"{prenom} Martin{n}", tranche="tranche B, quotient de 700 à 1 099",
            service="Restauration scolaire Villalbe Pierre Paul Riquet élémentaire", deliberation="2026-045",
            quantite=8, prix=Decimal("4.97"), montant=Decimal("39.76"),
            jours=[MOIS + dt.timedelta(days=3 * k + n % 3) for k in range(8)],
        )
        for rang, (prenom, nature) in enumerate([("Léa", "repas"), ("Léa", "tardif"), ("Hugo", "repas")])
    ]  # fmt: skip
    return Papier.de(facture, lignes)


def memoire_des_enfants() -> int:
    """The resident memory of our child processes, in kilobytes."""
    total = 0
    for enfant in Path("/proc/self/task").glob("*/children"):
        for pid in enfant.read_text().split():
            statut = Path(f"/proc/{pid}/status")
            if statut.exists():
                total += sum(int(ligne.split()[1]) for ligne in statut.read_text().splitlines() if "VmRSS" in ligne)
    return total


def mesurer(combien: int) -> None:
    """Print one line of JSON: PDFs a second, the most memory of the printers in the first and last third (MB)."""
    releves: list[int] = []
    fini = threading.Event()

    def relever() -> None:
        while not fini.wait(0.5):
            releves.append(memoire_des_enfants())

    with Atelier(2) as atelier:
        list(atelier.imprimer(page_de_facture(papier(n)) for n in range(10)))  # the printers start
        fil = threading.Thread(target=relever)
        fil.start()
        debut = time.perf_counter()
        pages = (page_de_facture(papier(n)) for n in range(combien))
        octets = sum(len(tirage.pdf) for tirage in atelier.imprimer(pages))
        duree = time.perf_counter() - debut
        fini.set()
        fil.join()
    tiers = max(len(releves) // 3, 1)
    lu = {
        "par_seconde": round(combien / duree, 1),
        "debut_mo": max(releves[:tiers]) // 1024,
        "fin_mo": max(releves[-tiers:]) // 1024,
        "octets": octets // combien,
    }
    sys.stdout.write(json.dumps(lu) + "\n")
