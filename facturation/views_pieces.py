"""The PDFs of bills, avoirs, receipts and statements: made once, kept, given again to the byte."""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from comptes.pdf import PdfIndisponible, ecrire_pdf
from comptes.telechargement import en_piece_jointe
from facturation.impression import page_d_attestation
from facturation.models import Avoir, Facture, Paiement, PieceImprimee
from facturation.services.imprimer import piece
from facturation.views import attestation_de

Nature = PieceImprimee.Nature
PDF = "application/pdf"


def donner(request, nature: str, numero: str, retour: str):
    """The kept piece as a file to save. Without Pango, a sentence, and the page that `retour` names to print."""
    try:
        gardee = piece(nature, numero)
    except PdfIndisponible:
        return indisponible(request, retour)
    return en_piece_jointe(gardee.fichier, nom=f"{nature}-{numero}.pdf", type_mime=PDF)


def indisponible(request, retour: str):
    return render(request, "facturation/pdf_indisponible.html", {"retour": retour}, status=503)


@login_required
@require_safe
def facture_pdf(request, numero):
    trouvee = get_object_or_404(Facture.objects.de(request.user), numero=numero)
    return donner(request, Nature.FACTURE, str(trouvee.numero), reverse("facturation:facture", args=[trouvee.numero]))


@login_required
@require_safe
def avoir_pdf(request, numero):
    trouve = get_object_or_404(Avoir.objects.de(request.user), numero=numero)
    return donner(request, Nature.AVOIR, trouve.numero, reverse("facturation:avoir", args=[trouve.numero]))


@login_required
@require_safe
def quittance_pdf(request, numero):
    """A receipt of money that the bank took back proves nothing: its page says so."""
    trouve = get_object_or_404(Paiement.objects.de(request.user).select_related("rejet"), numero=numero)
    if trouve.rejete:
        return redirect("facturation:quittance", numero=trouve.numero)
    return donner(request, Nature.QUITTANCE, trouve.numero, reverse("facturation:quittance", args=[trouve.numero]))


@login_required
@require_safe
def attestation_pdf(request, annee):
    famille, lue = attestation_de(request, annee)
    page = page_d_attestation(lue, famille)
    try:
        pdf = ecrire_pdf(page.html, identifiant=page.identifiant, feuilles=page.feuilles, images=page.images)
    except PdfIndisponible:
        return indisponible(request, reverse("facturation:attestation", args=[annee]))
    reponse = HttpResponse(pdf, content_type=PDF)
    reponse["Content-Disposition"] = f'attachment; filename="attestation-{annee}.pdf"'
    return reponse
