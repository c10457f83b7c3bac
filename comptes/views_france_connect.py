"""« S’identifier avec FranceConnect »: go there, come back, link once, unlink."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404
from django.shortcuts import redirect, render, resolve_url
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST
from mozilla_django_oidc.views import OIDCAuthenticationCallbackView, OIDCAuthenticationRequestView

from comptes import france_connect
from comptes.entree import entrer
from comptes.formulaires import FormulaireMotDePasseActuel
from comptes.france_connect import A_LIER, ECHECS, JETON, Echange, actif, reglage
from comptes.services import france_connect as service

BACKEND = "comptes.connexion.ConnexionParCourriel"
NON_ABOUTI = "FranceConnect n’a pas abouti. Réessayez, ou connectez-vous avec votre adresse e-mail."


class Depart(OIDCAuthenticationRequestView):
    """Send the browser to FranceConnect, with a state, a nonce and a PKCE challenge of this session."""

    get_settings = staticmethod(reglage)

    def dispatch(self, request, *args, **kwargs):
        if not actif():
            raise Http404
        return super().dispatch(request, *args, **kwargs)


class Retour(OIDCAuthenticationCallbackView):
    """The browser comes back with a code. A failure is a sentence, and the other way in."""

    get_settings = staticmethod(reglage)

    def get(self, request):
        if not actif():
            raise Http404
        attente = request.session.get("oidc_states", {}).pop(request.GET.get("state", ""), None)
        request.session.modified = True  # the state is spent, whatever follows: a code replayed finds none
        if attente is None or request.GET.get("error") or not request.GET.get("code"):
            return self.login_failure()
        request.session.save()
        echange = Echange()
        try:
            compte = echange.authenticate(request, nonce=attente["nonce"], code_verifier=attente.get("code_verifier"))
        except ECHECS:
            return self.login_failure()
        if echange.identite is None:
            return self.login_failure()
        if compte is None or request.user.is_authenticated:
            france_connect.retenir(request, echange.identite, echange.jeton)
            return redirect("comptes:france_connect_lier")
        request.session[JETON] = echange.jeton
        suite = request.session.pop("oidc_login_next", None) or resolve_url("portail:accueil")
        return entrer(request, compte, backend=BACKEND, suite=suite)

    def login_failure(self):
        messages.error(self.request, NON_ABOUTI)
        return redirect("comptes:compte" if self.request.user.is_authenticated else "comptes:connexion")


@sensitive_post_parameters()
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def france_connect_lier(request):
    """The first time: the local login is proved, then the identity is linked to it, and to no other."""
    identite = france_connect.a_lier(request) if actif() else None
    if identite is None:
        raise Http404
    if not request.user.is_authenticated:
        messages.info(
            request,
            "FranceConnect vous a reconnu. La première fois, connectez-vous avec votre adresse e-mail et votre mot de "
            "passe pour relier FranceConnect à votre compte.",
        )
        return redirect(f"{resolve_url('comptes:connexion')}?next={request.path}")
    formulaire = FormulaireMotDePasseActuel(request.POST or None, utilisateur=request.user)
    if request.method == "POST" and formulaire.is_valid():
        del request.session[A_LIER]
        if service.lier(utilisateur=request.user, emetteur=identite.emetteur, sub=identite.sub):
            messages.success(request, "FranceConnect est relié à votre compte : vous pouvez entrer avec lui.")
        else:
            messages.error(request, "Ce FranceConnect, ou ce compte, est déjà relié à un autre. Rien n’a été changé.")
        return redirect("comptes:compte")
    return render(request, "comptes/france_connect_lier.html", {"formulaire": formulaire})


@login_required
@require_POST
def france_connect_delier(request):
    if service.delier(request.user):
        messages.success(request, "FranceConnect n’est plus relié à votre compte.")
    return redirect("comptes:compte")
