"""The home page: what a household needs first, gathered from every room."""

import datetime as dt
import uuid

from django.contrib.auth.decorators import login_required
from django.db.models import Exists, OuterRef, Q
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from comptes.lecture import enfants_du_foyer
from comptes.lecture_autorisations import nombre_a_signer
from facturation.lecture import du_en_bref
from reservations.lecture_absences import absences_du_jour
from reservations.lecture_menus import menus_du_foyer
from reservations.models import AnneeScolaire, Attente, Inscription, Journee, Reservation
from reservations.regles import a_plusieurs

REPAS_ANNONCES = 6
JOURS_A_SURVEILLER = 14


@login_required
@require_safe
def accueil(request):
    """The three actions of the tutorial, the children, what needs attention, the next meals."""
    aujourdhui = timezone.localdate()
    enfants = enfants_du_foyer(request)
    inscriptions = _inscriptions(request.user, aujourdhui) if enfants else []
    contexte = {
        "enfants": enfants,
        "plusieurs": a_plusieurs(i.annee_id for i in inscriptions),
        "aujourdhui": aujourdhui,
        "ouvertures": list(AnneeScolaire.objects.a_ouvrir(timezone.now())) if enfants else [],
        "a_signer": nombre_a_signer(request.user, enfants=len(enfants)) if enfants else 0,
        "sans_repas": [i for i in inscriptions if i.sans_repas],
        "absences": absences_du_jour(request.user, maintenant=timezone.now()) if enfants else [],
        "jeton": uuid.uuid4(),
        "offres": list(
            Attente.objects.de(request.user)
            .proposees(timezone.now())
            .select_related("enfant", "journee")
            .order_by("expire_le")
        )
        if any(i.offerte for i in inscriptions)
        else [],
        "du": du_en_bref(request.user) if enfants else None,
        "menus": menus_du_foyer(request.user, aujourdhui) if enfants else [],
        "repas": list(Reservation.objects.de(request.user).a_venir(aujourdhui)[:REPAS_ANNONCES]) if enfants else [],
    }
    return render(request, "portail/accueil.html", contexte)


def _inscriptions(utilisateur, aujourdhui: dt.date) -> list[Inscription]:
    """The household's enrolments of the years not over, in one statement for the whole page.

    `sans_repas`: could still book in the coming two weeks, and the child has no meal booked in them. `offerte`: a place
    waits for an answer.
    """
    maintenant = timezone.now()
    bientot = (aujourdhui, aujourdhui + dt.timedelta(days=JOURS_A_SURVEILLER))
    reservables = Journee.objects.filter(date__range=bientot, fermeture="", limite_reservation__gt=maintenant).values(
        "activite"
    )
    servis = Reservation.objects.filter(date__range=bientot).values("enfant")
    a_surveiller = Q(annee__ouverture__lte=maintenant, debut__lte=bientot[1], fin__gte=bientot[0])
    return list(
        Inscription.objects.de(utilisateur)
        .en_cours(aujourdhui)
        .annotate(
            sans_repas=a_surveiller & Q(activite__in=reservables) & ~Q(rattachement__enfant__in=servis),
            offerte=Exists(Attente.objects.proposees(maintenant).filter(inscription=OuterRef("pk"))),
        )
        .completes()
    )
