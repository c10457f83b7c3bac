"""The proof of each submission: its recap, on screen and on paper, its undo; and the history of them all."""

import uuid

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from comptes.models import Enfant
from comptes.pdf import PdfIndisponible, ecrire_pdf
from reservations.formulaires import lire_jeton
from reservations.formulaires_famille import adresse_de_famille
from reservations.historique import Filtre, resumer
from reservations.models import AnneeScolaire, Inscription, Operation
from reservations.recapitulatif import Recapitulatif, auteur_en_mots, deja_enregistre, rien_de_defait
from reservations.services.annuler_operation import PasAnnulable, annuler_operation, est_annulable, prevoir_l_annulation

PAR_PAGE = 30
# On paper, a year of a household that books day after day is one page; beyond, the pages go on.
A_IMPRIMER = 2000


def _operation_de(utilisateur, numero: str) -> Operation:
    """The one door to an operation: someone else's is not found."""
    return get_object_or_404(
        Operation.objects.de(utilisateur).numero(numero).select_related("famille", "auteur", "annule", "annulee_par")
    )


def _recapitulatif(trouvee: Operation) -> Recapitulatif:
    # By day only: the usual order of the lines joins six tables, and the recap puts them by enrolment itself.
    mouvements = list(trouvee.mouvements.order_by("date", "pk"))
    inscriptions = Inscription.objects.filter(pk__in={m.inscription_id for m in mouvements}).completes()
    return Recapitulatif.de(trouvee, mouvements, inscriptions)


@login_required
@require_safe
def operation(request, numero):
    """Étape 4: the recap of an operation, its own address for ever."""
    trouvee = _operation_de(request.user, numero)
    recapitulatif = _recapitulatif(trouvee)
    annulee_par = getattr(trouvee, "annulee_par", None)
    contexte = {
        "operation": trouvee,
        "recapitulatif": recapitulatif,
        "par": auteur_en_mots(trouvee, request.user),
        "annulee_par": annulee_par,
        "annulable": not annulee_par and est_annulable(trouvee, recapitulatif),
        **_suite(recapitulatif, request.GET.get("depuis") == "tous" or len(recapitulatif.parties) > 1),
    }
    return render(request, "reservations/operation.html", contexte)


def _suite(recapitulatif: Recapitulatif, tous: bool) -> dict:
    """Where « Continuer » leads: the calendar that was sent, at the month of its first day."""
    inscription, jour = recapitulatif.parties[0].inscription, recapitulatif.parties[0].mouvements[0].date
    calendrier = f"{reverse('reservations:calendrier', args=[inscription.pk])}?mois={jour:%Y-%m}"
    if tous:
        return {"tous": True, "suite": adresse_de_famille(inscription.annee, jour)}
    return {"tous": False, "suite": calendrier, "menu_enfant": inscription.enfant}


@login_required
@require_safe
def operation_pdf(request, numero):
    """The receipt on paper (CRPA, art. L112-11)."""
    trouvee = _operation_de(request.user, numero)
    contexte = {
        "operation": trouvee,
        "recapitulatif": _recapitulatif(trouvee),
        "par": auteur_en_mots(trouvee),
    }
    try:
        pdf = ecrire_pdf(render_to_string("pdf/recepisse.html", contexte, request), identifiant=trouvee.numero)
    except PdfIndisponible:
        return render(request, "reservations/pdf_indisponible.html", {"operation": trouvee}, status=503)
    reponse = HttpResponse(pdf, content_type="application/pdf")
    reponse["Content-Disposition"] = f'inline; filename="operation-{trouvee.numero}.pdf"'
    return reponse


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def annuler(request, numero):
    """What undoing would do and what it no longer can; by POST, the undo."""
    trouvee = _operation_de(request.user, numero)
    if getattr(trouvee, "annulee_par", None):
        messages.info(request, "Cette opération a déjà été annulée. Voici le récapitulatif de son annulation.")
        return redirect("reservations:operation", numero=trouvee.annulee_par.numero)
    try:
        if request.method == "POST":
            jeton = lire_jeton(request.POST.get("jeton", ""))
            faite = annuler_operation(operation=trouvee, auteur=request.user, jeton=jeton)
            if faite.repetee:
                messages.warning(request, deja_enregistre(faite))
            elif not faite.annule_id:
                messages.warning(request, rien_de_defait(trouvee))
            return redirect("reservations:operation", numero=faite.numero)
        prevision = prevoir_l_annulation(trouvee, list(trouvee.mouvements.all()))
    except PasAnnulable as erreur:
        messages.warning(request, str(erreur))
        return redirect("reservations:operation", numero=trouvee.numero)
    contexte = {"operation": trouvee, "prevision": prevision, "jeton": uuid.uuid4()}
    return render(request, "reservations/annuler.html", contexte)


@login_required
@require_safe
def historique(request):
    """Every operation of the household, for ever, the latest first."""
    enfants = list(Enfant.objects.de(request.user))
    filtre = Filtre.lire(request.GET, enfants, list(AnneeScolaire.objects.order_by("-debut")))
    if filtre.incompris:
        messages.warning(request, "Ce filtre n’est pas reconnu : toutes les opérations sont montrées.")
    operations = filtre.appliquer(Operation.objects.de(request.user)).select_related("auteur", "annule").order_by("-pk")
    imprimer = "imprimer" in request.GET
    page = Paginator(operations, A_IMPRIMER if imprimer else PAR_PAGE).get_page(request.GET.get("page"))
    contexte = {
        "page": page,
        "lignes": resumer(page.object_list, request.user),
        "filtre": filtre,
        "enfants": enfants,
        "imprimer": imprimer,
        "suite": filtre.suite + ("&imprimer=1" if imprimer else ""),
    }
    return render(request, "reservations/historique.html", contexte)
