"""The four steps of the tutorial: the child, the enrolment, the calendar, the recap."""

import uuid
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from comptes.lecture import enfants_du_foyer
from reservations.formulaires import FormulaireDuCalendrier, FormulaireIncorrect, ecrire_dates, lire_changements
from reservations.lecture_calendrier import charger_calendrier, lire_mois, mois_par_defaut
from reservations.lecture_tarifs import poser_les_tarifs, prix_a_venir
from reservations.models import AnneeScolaire, Inscription
from reservations.recapitulatif import deja_enregistre, retards_en_mots
from reservations.regles import a_plusieurs
from reservations.regles_changements import Changements
from reservations.services import reserver
from reservations.services.reserver import RetardNonAnnonce, cle_du_formulaire
from reservations.tarifs import prix_en_mots

PK_AU_PLUS = 2**63 - 1


def _inscription_de(request, pk: int) -> Inscription:
    """The one door to an enrolment: someone else's is not found. A form sent needs its year only."""
    if pk > PK_AU_PLUS:
        raise Http404
    siennes = Inscription.objects.de(request.user)
    siennes = siennes.select_related("annee") if request.method == "POST" else siennes.completes().avec_prix()
    return get_object_or_404(siennes, pk=pk)


@login_required
@require_safe
def choix_enfant(request):
    """Étape 1: whose meals."""
    enfants = enfants_du_foyer(request)
    aujourdhui = timezone.localdate()
    plusieurs = a_plusieurs(
        Inscription.objects.de(request.user).en_cours(aujourdhui).order_by().values_list("annee", flat=True)
    )
    contexte = {"enfants": enfants, "aujourdhui": aujourdhui, "plusieurs": plusieurs}
    return render(request, "reservations/choix_enfant.html", contexte)


@login_required
@require_safe
def choix_inscription(request, pk):
    """Étape 2: which school year, which enrolment."""
    enfant = next((e for e in enfants_du_foyer(request) if e.pk == pk), None)
    if enfant is None:
        raise Http404
    annees = list(AnneeScolaire.objects.all())
    if "inscription" in request.GET:
        return _vers_le_calendrier(request, enfant)
    annee = _annee_choisie(annees, request.GET.get("annee", ""))
    rang = annees.index(annee) if annee else 0
    contexte = {
        "enfant": enfant,
        "menu_enfant": enfant,
        "aujourdhui": timezone.localdate(),
        "annee": annee,
        "precedente": annees[rang - 1] if rang else None,
        "suivante": annees[rang + 1] if rang + 1 < len(annees) else None,
        "ouverte": bool(annee and annee.est_ouverte(timezone.now())),
        "inscriptions": _avec_leur_prix(
            Inscription.objects.de(request.user).filter(rattachement__enfant=enfant, annee=annee).order_by("pk")
        ),
    }
    return render(request, "reservations/choix_inscription.html", contexte)


def _avec_leur_prix(inscriptions) -> list[tuple[Inscription, str]]:
    """The enrolments, each with the words of what a meal will cost."""
    lues = list(inscriptions.select_related("activite").avec_tarif())
    poser_les_tarifs(lues)
    return [(i, prix_en_mots(prix_a_venir(i, timezone.localdate()))) for i in lues]


def _vers_le_calendrier(request, enfant):
    """« Valider » of étape 2."""
    choix = request.GET["inscription"]
    if not (choix.isascii() and choix.isdigit() and len(choix) <= 18):
        raise Http404
    inscription = get_object_or_404(Inscription.objects.de(request.user), pk=int(choix), rattachement__enfant=enfant)
    return redirect("reservations:calendrier", pk=inscription.pk)


def _annee_choisie(annees: list[AnneeScolaire], libelle: str) -> AnneeScolaire | None:
    """The year asked for, else the one of today, else the last."""
    aujourdhui = timezone.localdate()
    demandee = [a for a in annees if a.libelle == libelle]
    a_venir = [a for a in annees if a.fin >= aujourdhui]
    return next(iter(demandee or a_venir or annees[-1:]), None)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def calendrier(request, pk):
    """Étape 3: the calendar; by POST, the submission that leads to étape 4."""
    inscription = _inscription_de(request, pk)
    premier = lire_mois(request.GET.get("mois", ""), inscription)
    if request.method == "POST":
        return _envoi_du_calendrier(request, inscription, premier)
    if premier is None:
        if "mois" in request.GET:
            messages.warning(request, f"Ce mois n’est pas dans l’année scolaire {inscription.annee}.")
        premier = mois_par_defaut(inscription, timezone.localdate())
    lu = _charger(inscription, premier, lire_changements(request.GET.get("plus", ""), request.GET.get("moins", "")))
    contexte = {
        "calendrier": lu,
        "mois": lu.affiche,
        "inscription": inscription,
        "enfant": inscription.enfant,
        "menu_enfant": inscription.enfant,
        "jeton": uuid.uuid4(),
    }
    return render(request, "reservations/calendrier.html", contexte)


def _charger(inscription, premier, en_attente):
    return charger_calendrier(
        inscription,
        premier=premier,
        maintenant=timezone.now(),
        aujourdhui=timezone.localdate(),
        en_attente={inscription.pk: en_attente},
    )


def _envoi_du_calendrier(request, inscription, premier):
    premier = premier or mois_par_defaut(inscription, timezone.localdate())
    try:
        formulaire = FormulaireDuCalendrier.lire(request.POST, inscription.annee)
    except FormulaireIncorrect as erreur:
        messages.error(request, str(erreur))
        return redirect(_adresse(inscription, premier))
    demandes = formulaire.changements
    if formulaire.aller:
        return redirect(_adresse(inscription, lire_mois(formulaire.aller, inscription) or premier, demandes))
    if not demandes:
        messages.info(request, "Vous n’avez rien changé : aucune réservation n’a été modifiée.")
        return redirect(_adresse(inscription, premier))
    try:
        operation = reserver(
            demandes={inscription.pk: demandes},
            auteur=request.user,
            cle=cle_du_formulaire(formulaire.jeton, {inscription.pk: demandes}),
            annonce=formulaire.annonce,
        )
    except RetardNonAnnonce as erreur:
        messages.warning(request, retards_en_mots(erreur.retards))
        return redirect(_adresse(inscription, premier, demandes))
    if operation.repetee:
        messages.warning(request, deja_enregistre(operation))
    return redirect("reservations:operation", numero=operation.numero)


def _adresse(inscription, premier, demandes: Changements | None = None) -> str:
    parametres = {"mois": f"{premier:%Y-%m}"}
    if demandes:
        parametres |= {"plus": ecrire_dates(demandes.ajouts), "moins": ecrire_dates(demandes.annulations)}
    return f"{reverse('reservations:calendrier', args=[inscription.pk])}?{urlencode(parametres)}"
