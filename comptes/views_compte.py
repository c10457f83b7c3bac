"""« Mon compte famille »: the household, what changes at once, what the town checks, the sessions open elsewhere."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from comptes.appareils import nommer
from comptes.formulaires_compte import FormulaireAdresse, FormulaireCourriel, FormulaireQuotient, FormulaireTelephones
from comptes.francais import nombre
from comptes.france_connect import actif
from comptes.historique_foyer import changements_du_foyer
from comptes.models import Demande, Famille, LienFranceConnect, QuotientFamilial
from comptes.services import compte as service
from comptes.services import demandes as demandes_service

page_ou_envoi = require_http_methods(["GET", "HEAD", "POST"])
DEMANDES_MONTREES = 6


def _foyer(request) -> Famille:
    """The household of this person, or 404: an agent has none."""
    return get_object_or_404(Famille.objects.de(request.user))


@login_required
@require_safe
def compte(request):
    famille = Famille.objects.de(request.user).prefetch_related("responsables__utilisateur", "enfants").first()
    ailleurs = service.sessions_ailleurs(utilisateur=request.user, ici=request.session.session_key)
    contexte = {
        "famille": famille,
        "aujourdhui": timezone.localdate(),
        "sessions": [(service.repere(s), nommer(s.appareil), s) for s in ailleurs],
        "france_connect": actif() and not request.user.is_staff,
        "france_connect_lie": LienFranceConnect.objects.filter(utilisateur=request.user).exists() if actif() else False,
    }
    if famille:
        contexte["quotient"] = QuotientFamilial.objects.filter(famille=famille).first()
        contexte["demandes"] = list(Demande.objects.filter(famille=famille)[:DEMANDES_MONTREES])
    return render(request, "comptes/compte.html", contexte)


@login_required
@page_ou_envoi
def telephones(request):
    famille = _foyer(request)
    responsables = list(famille.responsables.order_by("rang"))
    formulaire = FormulaireTelephones(request.POST or None, famille=famille, responsables=responsables)
    if request.method == "POST" and formulaire.is_valid():
        changes = service.changer_les_telephones(
            famille=famille,
            par=request.user,
            foyer=formulaire.cleaned_data["foyer"],
            responsables=formulaire.des_responsables(),
        )
        messages.success(request, f"{nombre(changes, 'numéro changé', 'numéros changés')}.")
        return redirect("comptes:compte")
    contexte = {
        "formulaire": formulaire,
        "titre": "Vos téléphones",
        "chapeau": "Ce sont eux que l’école et la ville composent en cas d’urgence. Ils changent tout de suite.",
        "bouton": "Enregistrer",
    }
    return render(request, "comptes/compte_formulaire.html", contexte)


@sensitive_post_parameters()
@login_required
@never_cache
@page_ou_envoi
def changer_adresse(request):
    """Another e-mail address: the password, a link to the new one, a word to the old one."""
    formulaire = FormulaireCourriel(request.POST or None, utilisateur=request.user)
    if request.method == "POST" and formulaire.is_valid():
        adresse = formulaire.cleaned_data["courriel"]
        try:
            service.demander_une_adresse(utilisateur=request.user, courriel=adresse)
        except ValidationError as refus:
            formulaire.add_error("courriel", refus)
        else:
            messages.success(request, f"Un lien est envoyé à {adresse}. Votre adresse change quand vous l’ouvrez.")
            return redirect("comptes:compte")
    contexte = {
        "formulaire": formulaire,
        "titre": "Changer d’adresse e-mail",
        "chapeau": "Votre adresse est votre identifiant. L’ancienne est prévenue.",
        "bouton": "Envoyer le lien",
    }
    return render(request, "comptes/compte_formulaire.html", contexte)


@never_cache
@page_ou_envoi
def confirmer_adresse(request, jeton):
    """The link of the mail. Whoever opens it confirms by a button: mail readers open links by themselves."""
    changement = service.adresse_du_lien(jeton)
    if request.method == "POST":
        compte = service.confirmer_l_adresse(jeton)
        if compte:
            messages.success(request, f"Votre identifiant est maintenant {compte.email}.")
            return redirect("comptes:compte" if request.user.is_authenticated else "comptes:connexion")
        changement = None
    return render(
        request, "comptes/confirmer_adresse.html", {"changement": changement}, status=200 if changement else 404
    )


@login_required
@require_POST
def fermer_sessions(request):
    """« Déconnecter »: one session open elsewhere, or all of them."""
    repere = request.POST.get("session", "")
    fermees = service.fermer_les_sessions(utilisateur=request.user, ici=request.session.session_key, seulement=repere)
    if fermees:
        messages.success(request, f"{nombre(fermees, 'appareil déconnecté', 'appareils déconnectés')}.")
    else:
        messages.info(request, "Cette session avait déjà pris fin.")
    return redirect("comptes:compte")


@login_required
@page_ou_envoi
def demander_adresse(request):
    famille = _foyer(request)
    actuelle = {nom: getattr(famille, nom) for nom in ("adresse", "code_postal", "commune")}
    envoi = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    formulaire = FormulaireAdresse(*envoi, initial=actuelle)

    def faire(lues):
        champs = {nom: lues[nom] for nom in actuelle}
        demandes_service.demander_une_adresse_postale(
            famille=famille, par=request.user, justificatif=formulaire.lu, **champs
        )

    return _demande(request, formulaire, faire, titre="Changer d’adresse")


@login_required
@page_ou_envoi
def demander_quotient(request):
    famille = _foyer(request)
    envoi = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    formulaire = FormulaireQuotient(*envoi)

    def faire(lues):
        demandes_service.demander_un_quotient(
            famille=famille, par=request.user, valeur=lues["valeur"], mois=lues["mois"], attestation=formulaire.lu
        )

    return _demande(request, formulaire, faire, titre="Donner votre quotient familial")


def _demande(request, formulaire, faire, *, titre: str):
    if request.method == "POST" and formulaire.is_valid():
        try:
            faire(formulaire.cleaned_data)
        except ValidationError as refus:
            formulaire.add_error(None, refus)
        else:
            messages.success(request, "Votre demande est envoyée. La réponse vous parvient ici et par e-mail.")
            return redirect("comptes:compte")
    contexte = {
        "formulaire": formulaire,
        "titre": titre,
        "chapeau": "Un agent vérifie votre demande, puis vous répond.",
        "bouton": "Envoyer la demande",
        "fichier": True,
    }
    return render(request, "comptes/compte_formulaire.html", contexte)


@login_required
@require_POST
def retirer_demande(request, pk):
    demande = get_object_or_404(Demande.objects.de(request.user), pk=pk)
    try:
        demandes_service.retirer(demande=demande, par=request.user)
    except ValidationError as refus:
        messages.error(request, refus.message)
    else:
        messages.success(request, "Votre demande est retirée.")
    return redirect("comptes:compte")


@login_required
@require_safe
def historique_foyer(request):
    """What changed in the household's file, by whom."""
    famille = _foyer(request)
    contexte = {"changements": changements_du_foyer(famille, lecteur=request.user), "famille": famille}
    return render(request, "comptes/historique_foyer.html", contexte)
