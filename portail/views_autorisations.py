"""« Mes autorisations »: what a household signs for each of its children, once for each version of a text."""

import re
from collections.abc import Collection

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from comptes.francais import nombre
from comptes.lecture_autorisations import charger_les_autorisations, rattachements_de
from comptes.services.autorisations import Bilan, signer

MONTREE = re.compile(r"m-([0-9]{1,18})-([0-9]{1,18})")
REPONSES = {"oui": True, "non": False}


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def autorisations(request):
    """Every text to sign with its answers; by POST, the answers that the person changed."""
    if request.method == "POST":
        enfants = {r.pk for r in rattachements_de(request.user)}
        _dire(request, signer(reponses=lire_reponses(request.POST, enfants), par=request.user))
        return redirect("portail:autorisations")
    textes = charger_les_autorisations(request.user)
    contexte = {
        "textes": textes,
        "enfants": textes[0].reponses if textes else (),
        "manquantes": sum(len(t.manquantes) for t in textes),
    }
    return render(request, "portail/autorisations.html", contexte)


def lire_reponses(donnees, enfants: Collection[int]) -> dict[tuple[int, int], bool]:
    """The answers that differ from what the page showed, by (child of the household, version); 404 for another's child.

    `m-<child>-<version>` is what was shown, `r-<child>-<version>` what is chosen, `tous-<version>` one answer for all.
    """
    reponses = {}
    for nom, montree in donnees.items():
        if lu := MONTREE.fullmatch(nom):
            enfant, version = int(lu[1]), int(lu[2])
            if enfant not in enfants:
                raise Http404
            choisie = donnees.get(f"tous-{version}") or donnees.get(f"r-{enfant}-{version}", "")
            if choisie in REPONSES and choisie != montree:
                reponses[enfant, version] = REPONSES[choisie]
    return reponses


def _dire(request, bilan: Bilan) -> None:
    if bilan.signees:
        faites = nombre(bilan.signees, "réponse est enregistrée", "réponses sont enregistrées")
        messages.success(request, f"Merci, {faites}. Vous pouvez en changer à tout moment.")
    for titre in bilan.changes:
        messages.warning(
            request,
            f"Le texte « {titre} » a changé depuis que vous avez ouvert la page : votre réponse n’est pas enregistrée. "
            "Lisez la nouvelle version, puis répondez.",
        )
    if not bilan.signees and not bilan.changes:
        messages.info(request, "Vous n’avez rien changé : vos réponses restent les mêmes.")
