"""Second factor: the code after the password, and its page in the account."""

import segno
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect, render
from django.utils.safestring import mark_safe
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_otp import login as marquer_verifie

from comptes.entree import en_attente, ouvrir
from comptes.formulaires import FormulaireCode, FormulaireCodeEtMotDePasse, FormulaireMotDePasseActuel
from comptes.francais import nombre
from comptes.models import CodeDeSecours
from comptes.services import second_facteur as service


@sensitive_post_parameters()
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def code_de_connexion(request):
    """The code of the telephone, or a recovery code, after a right password."""
    attente = en_attente(request)
    if attente is None:
        messages.warning(request, "Recommencez la connexion : le code se saisit dans les cinq minutes.")
        return redirect("comptes:connexion")
    formulaire = FormulaireCode(request.POST or None)
    if request.method == "POST" and formulaire.is_valid():
        appareil = service.verifier_code(utilisateur=attente.utilisateur, code=formulaire.cleaned_data["code"])
        if appareil:
            ouvrir(request, attente.utilisateur, backend=attente.backend, appareil=appareil)
            return redirect(attente.suite)
        formulaire.add_error("code", _erreur(attente.utilisateur))
    return render(request, "comptes/code_de_connexion.html", {"formulaire": formulaire})


def _erreur(utilisateur) -> str:
    secondes = service.attente_restante(utilisateur)
    suite = f" Un nouveau code sera lu dans {nombre(secondes, 'seconde')}." if secondes else ""
    return f"Ce code est faux, ou il a déjà servi.{suite}"


@login_required
@never_cache
@require_safe
def second_facteur(request):
    """What protects the account, and how to change it."""
    appareil = service.appareil_de(request.user)
    if appareil and not request.user.is_verified():
        logout(request)
        messages.warning(request, "Recommencez la connexion : votre code est demandé.")
        return redirect("comptes:connexion")
    codes = CodeDeSecours.objects.filter(utilisateur=request.user).count() if appareil else 0
    return render(request, "comptes/second_facteur.html", _contexte(request, appareil, codes=codes))


def _contexte(request, appareil, *, codes: int = 0, formulaire=None) -> dict:
    contexte = {"appareil": appareil, "codes": codes, "impose": service.impose_a(request.user)}
    if appareil is None:
        attente = service.preparer(request.user)
        image = segno.make(attente.config_url, error="m").svg_inline(scale=4, border=4, omitsize=True, svgclass="qr")
        cle = attente.config_url.partition("secret=")[2].partition("&")[0]
        contexte |= {
            "qr": mark_safe(image),  # noqa: S308  # nosec B308 B703  drawn by segno: squares only
            "cle": " ".join(cle[n : n + 4] for n in range(0, len(cle), 4)),
            "formulaire": formulaire or FormulaireCodeEtMotDePasse(utilisateur=request.user),
        }
    return contexte


@sensitive_post_parameters()
@sensitive_variables("codes")
@login_required
@never_cache
@require_POST
def activer_second_facteur(request):
    formulaire = FormulaireCodeEtMotDePasse(request.POST, utilisateur=request.user)
    if formulaire.is_valid():
        appareil, codes = service.confirmer(
            utilisateur=request.user, code=formulaire.cleaned_data["code"], session=request.session.session_key
        )
        if appareil:
            marquer_verifie(request, appareil)
            return render(request, "comptes/codes_de_secours.html", {"codes": codes})
        formulaire.add_error("code", "Ce code n’est pas celui du téléphone à cet instant. Saisissez le suivant.")
    appareil = service.appareil_de(request.user)
    if appareil:
        return redirect("comptes:second_facteur")
    return render(request, "comptes/second_facteur.html", _contexte(request, None, formulaire=formulaire))


@sensitive_post_parameters()
@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def renouveler_codes(request):
    """New recovery codes, against the password."""
    return _contre_mot_de_passe(request, "renouveler", lambda: _montrer_les_codes(request))


@sensitive_variables("codes")
def _montrer_les_codes(request):
    codes = service.renouveler_les_codes(request.user)
    return render(request, "comptes/codes_de_secours.html", {"codes": codes})


@sensitive_post_parameters()
@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def retirer_second_facteur(request):
    """No code any more, against the password. Not for an agent of a town that asks for it."""
    if service.impose_a(request.user):
        messages.error(request, "Votre compte d’agent garde son second facteur.")
        return redirect("comptes:second_facteur")
    return _contre_mot_de_passe(request, "retirer", lambda: _retirer(request))


def _retirer(request):
    service.retirer(utilisateur=request.user)
    messages.success(request, "Le second facteur est retiré. Un e-mail vous le confirme.")
    return redirect("comptes:compte")


def _contre_mot_de_passe(request, action: str, faire):
    """Do it when the present password is given, in a session that gave a code."""
    if not request.user.is_verified():
        return redirect("comptes:second_facteur")
    formulaire = FormulaireMotDePasseActuel(request.POST or None, utilisateur=request.user)
    if request.method == "POST" and formulaire.is_valid():
        return faire()
    return render(request, "comptes/second_facteur_confirmer.html", {"formulaire": formulaire, "action": action})
