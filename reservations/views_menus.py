"""What the canteens serve, for everyone to read and to print."""

from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from comptes.lecture import enfants_du_foyer
from reservations.lecture_menus import activites_des_enfants, choisir_semaine, jours_sans_classe, tableaux
from reservations.models import Activite, Allergene, AnneeScolaire


@require_safe
def menus(request):
    """The menus of a week: of the service of the address, else of the children's services, else of all."""
    semaine = choisir_semaine(request.GET.get("semaine", ""), list(AnneeScolaire.objects.all()), timezone.localdate())
    activites = list(Activite.objects.filter(active=True))
    demande = request.GET.get("activite", "")
    enfants = enfants_du_foyer(request)
    choisie = next((activite for activite in activites if str(activite.pk) == demande), None)
    lus, chomes = [], {}
    if semaine:
        cles: object = [choisie.pk] if choisie else [activite.pk for activite in activites]
        if not choisie and enfants and demande != "toutes":
            cles = activites_des_enfants(request.user, semaine.lundi, semaine.dimanche)
        chomes = jours_sans_classe(semaine.lundi, semaine.dimanche)
        lus = tableaux(cles, semaine.lundi, semaine.dimanche, chomes)
    contexte = {
        "semaine": semaine,
        "activites": activites,
        "choisie": choisie,
        "toutes": demande == "toutes" or not enfants,
        "introuvable": demande not in {"", "toutes"} and choisie is None,
        "aux_enfants": bool(enfants),
        "tableaux": lus,
        "sans_classe": list(dict.fromkeys(chomes.values())),
        "aujourdhui": timezone.localdate(),
        "allergenes": [allergene.label.lower() for allergene in Allergene],
        "adresse_activite": f"&activite={choisie.pk}" if choisie else "&activite=toutes" if demande == "toutes" else "",
    }
    return render(request, "reservations/menus.html", contexte)
