"""« Documents »: the papers of a household, and those of the town."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from comptes.formulaires_documents import FormulaireDocument
from comptes.models import Document, DocumentDeLaVille, Enfant, Famille
from comptes.regles_documents import validite
from comptes.roles import natures_lues
from comptes.services.documents import deposer, supprimer, tracer_la_lecture
from comptes.telechargement import en_piece_jointe

page_ou_envoi = require_http_methods(["GET", "HEAD", "POST"])


def _documents_de(utilisateur):
    """The papers of the household that this person opens: an agent who helps it, those of their role only."""
    deposes = Document.objects.de(utilisateur).select_related("enfant", "depose_par")
    return deposes.filter(nature__in=natures_lues(utilisateur)) if utilisateur.is_staff else deposes


@login_required
@page_ou_envoi
def documents(request):
    """The papers of the household, by child, and the form that adds one."""
    famille = Famille.objects.de(request.user).first()
    enfants = list(Enfant.objects.de(request.user)) if famille else []
    envoi = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    formulaire = FormulaireDocument(*envoi, enfants=enfants, initial={"pour": request.GET.get("enfant", "")})
    if famille and request.method == "POST" and formulaire.is_valid() and _deposer(request, famille, formulaire):
        messages.success(request, "Votre document est déposé.")
        return redirect("comptes:documents")
    contexte = {
        "famille": famille,
        "formulaire": formulaire,
        "groupes": _par_enfant(request.user, enfants) if famille else [],
        "mo": settings.DOCUMENT_OCTETS_AU_PLUS // 1_000_000,
    }
    return render(request, "comptes/documents.html", contexte)


def _deposer(request, famille: Famille, formulaire: FormulaireDocument) -> bool:
    """Keep what the form has read; what is refused is said in it."""
    lues = formulaire.cleaned_data
    champs = {"enfant": lues["pour"], "nature": lues["nature"], "expire_le": lues["expire_le"]}
    try:
        deposer(famille=famille, lu=formulaire.lu, par=request.user, **champs)
    except ValidationError as refus:
        formulaire.add_error(None, refus)
        return False
    return True


def _par_enfant(utilisateur, enfants) -> list[tuple[str, list[tuple]]]:
    """(title, [(paper, validity)]): the household first, then each child, those who left too if papers remain."""
    aujourdhui = timezone.localdate()
    groupes: dict[str, list[tuple]] = {"Toute la famille": [], **{str(enfant): [] for enfant in enfants}}
    for document in _documents_de(utilisateur):
        titre = str(document.enfant) if document.enfant else "Toute la famille"
        groupes.setdefault(titre, []).append((document, validite(document.expire_le, aujourdhui)))
    return list(groupes.items())


@login_required
@require_safe
def telecharger_document(request, pk):
    document = get_object_or_404(_documents_de(request.user), pk=pk)
    reponse = en_piece_jointe(document.fichier, nom=document.nom, type_mime=document.type_mime)
    if request.user.is_staff:
        tracer_la_lecture(document, agent=request.user)
    return reponse


@login_required
@page_ou_envoi
def supprimer_document(request, pk):
    document = get_object_or_404(_documents_de(request.user), pk=pk)
    if request.method == "POST":
        supprimer(document)
        messages.success(request, "Le document est supprimé.")
        return redirect("comptes:documents")
    return render(request, "comptes/supprimer_document.html", {"document": document})


@require_safe
def documents_de_la_ville(request):
    """What the town gives to everyone, signed in or not."""
    publies = DocumentDeLaVille.objects.filter(publie=True)
    return render(request, "comptes/documents_de_la_ville.html", {"documents": publies})


@require_safe
def document_de_la_ville(request, pk):
    document = get_object_or_404(DocumentDeLaVille, pk=pk, publie=True)
    return en_piece_jointe(document.fichier, nom=document.nom, type_mime=document.type_mime, public=True)
