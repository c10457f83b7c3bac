"""Sign-in, sign-out, passwords, idle session."""

import time

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout, update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from comptes.courriels import annoncer
from comptes.entree import entrer
from comptes.expediteur import adresse_de
from comptes.formulaires import FormulaireConnexion, FormulaireIdentifiant, FormulaireMotDePasse
from comptes.francais import nombre
from comptes.france_connect import actif, adresse_de_deconnexion
from comptes.middleware import VUE
from comptes.services import motsdepasse
from comptes.services.connexion import Verdict, verifier
from comptes.tasks import envoyer_mots_de_passe

BACKEND = "comptes.connexion.ConnexionParCourriel"
SUITE_AU_PLUS = 2000  # characters: Django refuses to redirect to a longer address
page_ou_envoi = require_http_methods(["GET", "HEAD", "POST"])


def _suite(request) -> str:
    """Where to go after sign-in: the page asked for when it is ours, else home."""
    suite = request.POST.get("next") or request.GET.get("next") or ""
    ici = suite.startswith("/") and len(suite) <= SUITE_AU_PLUS  # « compte » would be read as the name of a view
    if ici and url_has_allowed_host_and_scheme(suite, {request.get_host()}, request.is_secure()):
        return suite
    return resolve_url(settings.LOGIN_REDIRECT_URL)


def _envoi(request):
    """What was sent, be it nothing; None when the page is only asked for."""
    return request.POST if request.method == "POST" else None


@sensitive_post_parameters()
@never_cache
@page_ou_envoi
def connexion(request):
    if request.user.is_authenticated:
        return redirect(_suite(request))
    formulaire = FormulaireConnexion(_envoi(request))
    verrouille = False
    if request.method == "POST" and formulaire.is_valid():
        verdict = verifier(formulaire.cleaned_data["identifiant"], formulaire.cleaned_data["mot_de_passe"])
        if verdict.utilisateur:
            return entrer(request, verdict.utilisateur, backend=BACKEND, suite=_suite(request))
        verrouille = verdict.verrouille
        if not verrouille:
            formulaire.add_error(None, _erreur(verdict))
    contexte = {
        "formulaire": formulaire,
        "verrouille": verrouille,
        "france_connect": actif(),
        "suite": request.POST.get("next") or request.GET.get("next") or "",
    }
    return render(request, "comptes/connexion.html", contexte)


def _erreur(verdict: Verdict) -> str:
    """The same words whether or not the address has an account."""
    essais = nombre(verdict.restants, "essai")
    return f"L’identifiant ou le mot de passe est faux. Il vous reste {essais} avant le verrouillage du compte."


@require_POST
def deconnexion(request):
    ailleurs = adresse_de_deconnexion(request, request.build_absolute_uri(resolve_url("comptes:connexion")))
    logout(request)
    messages.success(request, "Vous êtes déconnecté.")
    return redirect(ailleurs or "comptes:connexion")


@never_cache
@page_ou_envoi
def generer_mot_de_passe(request):
    """« Générer votre mot de passe »: one insert, whatever the address; the worker does the rest."""
    formulaire = FormulaireIdentifiant(_envoi(request))
    if request.method == "POST" and formulaire.is_valid():
        with transaction.atomic():
            motsdepasse.demander(courriel=formulaire.cleaned_data["identifiant"], expediteur=adresse_de(request))
            transaction.on_commit(lambda: annoncer(envoyer_mots_de_passe))
        return redirect("comptes:mot_de_passe_envoye")
    return render(request, "comptes/generer_mot_de_passe.html", {"formulaire": formulaire})


@never_cache
@require_safe
def mot_de_passe_envoye(request):
    return render(request, "comptes/mot_de_passe_envoye.html")


@sensitive_post_parameters()
@login_required
@never_cache
@page_ou_envoi
def changer_mot_de_passe(request):
    """Forced after a generated password; else from the account page. This session goes on, the others end."""
    impose = request.user.mot_de_passe_a_changer
    formulaire = FormulaireMotDePasse(_envoi(request), utilisateur=request.user)
    if request.method == "POST" and formulaire.is_valid():
        motsdepasse.changer(utilisateur=request.user, mot_de_passe=formulaire.cleaned_data["nouveau"])
        update_session_auth_hash(request, request.user)
        messages.success(request, "Votre mot de passe est changé. Un e-mail vous le confirme.")
        return redirect("portail:accueil" if impose else "comptes:compte")
    return render(request, "comptes/changer_mot_de_passe.html", {"formulaire": formulaire, "impose": impose})


@require_POST
@never_cache
def prolonger_session(request):
    """The person is still there. 204, or 403 when the session is over."""
    if not request.user.is_authenticated:
        return HttpResponse(status=403)
    request.session[VUE] = int(time.time())
    return HttpResponse(status=204)
