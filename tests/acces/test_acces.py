"""Who may open what: every address of the project, for six kinds of people. A new address without a row fails.

`tests/acces/table.txt` has a line for each: its name, then the status of GET and of an empty POST for nobody, a parent
of the household, the other household of a shared child, a stranger, a canteen agent and a guichet agent. To write the
lines of a new address: `ACCES_ECRIRE=1 make test ARGS=tests/acces`, then read the difference as a reviewer would.
"""

import os
from pathlib import Path

import pytest
import time_machine
from django.contrib import admin
from django.db import transaction
from django.urls import reverse

from tests.acces.adresses import adresses, parametres
from tests.acces.monde import ROLES, Monde
from tests.factories import INSTANT

pytestmark = pytest.mark.django_db
TABLE = Path(__file__).with_name("table.txt")
VUES = ["changelist", "add", "change", "delete", "history"]
COMMUNES = {"view_on_site", "jsi18n", "autocomplete", "app_list", "index", "login", "logout", "password_change"}


def statut(monde, role: str, methode: str, adresse: str) -> str:
    """What the address answers; what it wrote is undone."""
    point = transaction.savepoint()
    reponse = getattr(monde.client(role), methode)(adresse)
    if reponse.streaming:
        b"".join(reponse)  # to the end, so that its files are closed
    transaction.savepoint_rollback(point)
    return str(reponse.status_code)


def ligne(monde, adresse: str) -> str:
    return " | ".join(" ".join(statut(monde, role, m, adresse) for role in ROLES) for m in ("get", "post"))


def pages(monde):
    """(name, address) of the project's own pages."""
    for nom, motif in adresses():
        if nom.startswith("demo"):
            suite = {"demo_courriels": "", "demo_courriel": "absent/", "demo_courriel_html": "absent/html/"}[nom]
            yield nom, f"/demo/courriels/{suite}"
        elif nom in {"healthz", "readyz"}:
            yield nom, f"/{nom}"
        elif not nom.startswith("admin:"):
            yield nom, reverse(nom, kwargs=parametres(nom, motif, monde))


def administration(monde):
    """(name, address) of the five pages of each model of the administration, and of its own pages."""
    de_django = set()
    for modele in admin.site._registry:
        base = f"{modele._meta.app_label}_{modele._meta.model_name}_"
        objet = monde.objet(modele._meta.label_lower)
        for vue in VUES:
            de_django.add(base + vue)
            cles = [] if vue in {"changelist", "add"} else [objet.pk if objet else 0]
            yield f"admin:{base}{vue}", reverse(f"admin:{base}{vue}", args=cles)
    for nom, motif in adresses():
        court = nom.removeprefix("admin:")
        if nom.startswith("admin:") and court not in de_django | COMMUNES and not court.startswith(("<path", "(?P")):
            yield nom, reverse(nom, kwargs=parametres(nom, motif, monde))


def lire() -> dict[str, str]:
    couples = (texte.split(" : ", 1) for texte in TABLE.read_text().splitlines() if texte and texte[0] != "#")
    return {nom.strip(): attendu.strip() for nom, attendu in couples}


@time_machine.travel(INSTANT, tick=False)
@pytest.mark.parametrize("partie", [pages, administration])
def test_chacun_n_ouvre_que_ce_qui_le_regarde(partie):
    monde = Monde()
    obtenu = {nom: ligne(monde, adresse) for nom, adresse in partie(monde)}
    if os.environ.get("ACCES_ECRIRE"):
        ecrire(lire() | obtenu)
    attendu = lire()
    assert {nom: recu for nom, recu in obtenu.items() if attendu.get(nom, "aucune ligne") != recu} == {}


def test_chaque_ligne_est_d_une_adresse_qui_existe():
    noms = {nom for nom, _ in adresses()}
    assert {nom for nom in lire() if nom not in noms} == set()


def ecrire(table: dict[str, str]) -> None:
    tete = "# personne, parent, autre foyer, étranger, cantine, guichet, regie : GET | POST\n"
    TABLE.write_text(tete + "".join(f"{nom:<46} : {attendu}\n" for nom, attendu in sorted(table.items())))
