"""The month of the whole town: drafts, issue, verification, each in a process of its own, its memory at the highest."""

import json
from collections.abc import Callable, Iterator

from portail.bench.mesures import Ligne, temps

# Statements are counted without being kept: their texts would be the memory measured.
_MESURE = """
import json, resource, time
from django.db import connection
from facturation.models import Facturation, Facture, RepasFacture
from facturation.regles import lire_mois
from facturation.services.emettre import emettre
from facturation.services.preparer import preparer
from facturation.verification import ecarts
n = [0]
def compter(execute, *reste):
    n[0] += 1
    return execute(*reste)
debut = time.perf_counter()
with connection.execute_wrapper(compter):
    {geste}
duree = time.perf_counter() - debut
octets = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps({{"duree": duree, "octets": octets, "sql": n[0], "factures": Facture.objects.count(),
                  "repas": RepasFacture.objects.count()}}))
"""
_GESTES = [
    ("facturation d’un mois, brouillons", "preparer(mois=lire_mois({mois!r}), avant_la_fin=True)", 5, 300_000_000),
    ("  préparée de nouveau", "preparer(mois=lire_mois({mois!r}), avant_la_fin=True)", 5, 300_000_000),
    ("  émise : numéros, copies, notifications, e-mails", "emettre(facturation=Facturation.objects.get())", None, None),
    ("  comptes vérifiés", "assert list(ecarts()) == []", None, None),
]


def mesurer_la_facturation(shell: Callable[[str], str], annee: str) -> Iterator[Ligne]:
    """`shell` runs Python in a process of its own and gives what it printed; the month is September of `annee`."""
    for nom, geste, secondes, octets in _GESTES:
        lu = json.loads(shell(_MESURE.format(geste=geste.format(mois=f"{annee[:4]}-09"))).splitlines()[-1])
        mo = lu["octets"] / 1e6
        yield Ligne(
            nom,
            sql=lu["sql"],
            valeur=f"{lu['duree']:.1f} s, {mo:.0f} Mo, {lu['factures']} f., {lu['repas']} repas".replace(".", ",", 1),
            cible=f"≤ {secondes} s, ≤ {octets / 1e6:.0f} Mo" if secondes and octets else "",
            atteinte=lu["duree"] <= secondes and lu["octets"] <= octets if secondes and octets else None,
        )


_LISTE = """
import json, time
from django.test import Client
from comptes.models import Utilisateur
from facturation.models import Facture
lecteur = Utilisateur.objects.filter(responsable__famille=Facture.objects.order_by("pk").first().famille_id).first()
client = Client(SERVER_NAME="127.0.0.1")
client.force_login(lecteur)
durees = []
for _ in range(60):
    debut = time.perf_counter()
    assert client.get("/factures/").status_code == 200
    durees.append(time.perf_counter() - debut)
print(json.dumps(durees[10:]))
"""


def mesurer_la_liste(shell: Callable[[str], str]) -> Iterator[Ligne]:
    """The bills of a household, in Django alone."""
    durees = json.loads(shell(_LISTE).splitlines()[-1])
    yield temps("liste des factures d’un foyer", durees, cible=50)


def mesurer_les_pieces(shell: Callable[[str], str], combien: int) -> Iterator[Ligne]:
    """PDFs of `combien` bills by two printers: how many a second, and their memory at the beginning and at the end."""
    lu = json.loads(shell(f"from portail.bench.pieces import mesurer; mesurer({combien})").splitlines()[-1])
    yield Ligne(
        f"PDF de {combien} factures",
        octets=lu["octets"],
        valeur=f"{lu['par_seconde']} par seconde, {lu['debut_mo']} puis {lu['fin_mo']} Mo".replace(".", ",", 1),
        cible="≥ 6 par seconde",
        atteinte=lu["par_seconde"] >= 6,
    )
