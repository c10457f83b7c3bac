"""Bills of a household: the list, each bill, avoir and receipt, and the statement of a year."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_safe

from comptes.models import Famille
from comptes.portes import du_foyer
from facturation.etats import situation_de
from facturation.impression import adresse_de_paiement, chemin_de_paiement, copie_de, qr_de, quittances
from facturation.lecture import Attestation, Comptes, parts_en_cours, repas_non_factures
from facturation.models import Avoir, Facture, Imputation, Paiement
from facturation.papier import Papier
from facturation.services.mandats import ouvert

ANNEES = range(2000, 2100)


@login_required
@require_safe
def factures(request):
    """What is due, every bill with its state, avoirs, payments; and the meals that no bill has yet."""
    comptes = Comptes.de(request.user, timezone.localdate())
    scolaires, civiles = comptes.periodes
    code = request.GET.get("annee", "")
    periode = next((p for p in [*scolaires, *civiles] if p.code == code), None)
    if code and periode is None:
        messages.warning(
            request, "Cette année n’est pas reconnue\N{NO-BREAK SPACE}: toutes les factures sont montrées."
        )
    contexte = {
        "comptes": comptes,
        "montres": comptes.pendant(periode),
        "groupes": [("Années scolaires", scolaires), ("Années civiles", civiles)],
        "periode": periode,
        "mois": repas_non_factures(request.user),
        "prelevement": ouvert(),
    }
    return render(request, "facturation/factures.html", contexte)


@login_required
@require_safe
def facture(request, numero):
    """A bill as it was issued, and where it stands today."""
    trouvee = get_object_or_404(a_lire(Facture.objects.de(request.user)), numero=numero)
    return render(request, "facturation/facture.html", contexte_de_la_facture(trouvee))


def a_lire(factures):
    return factures.select_related("facturation", "reportee_sur", "famille")


def contexte_de_la_facture(trouvee: Facture) -> dict:
    """Six statements: unpaid bills of the household, schedule, lines, what settled it, its avoirs, its events."""
    impayees = Facture.objects.filter(famille=trouvee.famille_id).impayees()
    imputees = Imputation.objects.filter(facture=trouvee).select_related("paiement", "avoir").order_by("le", "pk")
    adresse = adresse_de_paiement(str(trouvee.numero))
    papier = Papier.de(trouvee, trouvee.lignes.all())
    parts = parts_en_cours([trouvee]).get(trouvee.pk, ())
    situation = situation_de(trouvee, impayees, timezone.localdate(), parts=parts)
    return {
        "facture": trouvee,
        "papier": papier,
        "situation": situation,
        "depuis": not situation.a_payer or trouvee.regle > papier.deja_regle,
        "imputations": imputees,
        "avoirs": trouvee.avoirs.order_by("pk"),
        "evenements": trouvee.evenements.exclude(nature="pdf").order_by("le", "pk"),
        "adresse": adresse,
        "payer": chemin_de_paiement(str(trouvee.numero)),
        # Squares only, drawn by segno of an address of ours.
        "qr": mark_safe(qr_de(adresse, svgclass="qr")),  # noqa: S308  # nosec B308 B703
        "agent": False,
    }


@login_required
@require_safe
def avoir(request, numero):
    """What the town gives back of a bill, line by line."""
    trouve = get_object_or_404(Avoir.objects.de(request.user).select_related("facture__facturation"), numero=numero)
    contexte = {
        "avoir": trouve,
        "copie": copie_de(trouve),
        "lignes": trouve.lignes.order_by("pk"),
        "imputations": trouve.imputations.select_related("facture").order_by("le", "pk"),
        "remboursements": trouve.remboursements.order_by("le", "pk"),
    }
    return render(request, "facturation/avoir.html", contexte)


@login_required
@require_safe
def quittance(request, numero):
    """The receipt of a payment (CRPA, art. L112-11)."""
    trouve = get_object_or_404(Paiement.objects.de(request.user).select_related("rejet"), numero=numero)
    (lue,) = quittances(Paiement.objects.filter(pk=trouve.pk))
    contexte = {
        "paiement": trouve,
        "quittance": lue,
        "rejet": trouve.rejete,
        "imputations": trouve.imputations.select_related("facture").order_by("le", "pk"),
    }
    return render(request, "facturation/quittance.html", contexte)


def attestation_de(request, annee: int) -> tuple[Famille, Attestation]:
    """The household of this login and what it paid in a civil year; nothing paid is not found."""
    if annee not in ANNEES:
        raise Http404
    famille = get_object_or_404(Famille, du_foyer(request.user))
    lue = Attestation.de(du_foyer(request.user, "famille"), annee)
    if not lue.mois:
        raise Http404
    return famille, lue


@login_required
@require_safe
def attestation(request, annee):
    """What was paid in a civil year, for the taxes."""
    famille, lue = attestation_de(request, annee)
    return render(request, "facturation/attestation.html", {"famille": famille, "attestation": lue})
