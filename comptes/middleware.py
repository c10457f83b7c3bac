"""What every request of a signed-in person goes through."""

import time
from contextlib import nullcontext

import pghistory
from django.conf import settings
from django.shortcuts import redirect
from django.utils.cache import add_never_cache_headers

VUE = "vue"
ECRITURE = 60  # seconds: the session is written at most this often
SANS_MOT_DE_PASSE_NEUF = {"comptes:changer_mot_de_passe", "comptes:deconnexion", "comptes:prolonger_session"}
SURES = {"GET", "HEAD", "OPTIONS"}


def SessionInactive(get_response):
    """The session ends after `SESSION_INACTIVITE` without a request; each request puts its end off."""

    def middleware(request):
        if request.user.is_authenticated and time.time() - request.session.get(VUE, 0) >= ECRITURE:
            request.session[VUE] = int(time.time())
        return get_response(request)

    return middleware


def PagesPersonnelles(get_response):
    """Nothing that was answered to a signed-in person stays in a cache, nor behind the back button of the next one."""

    def middleware(request):
        reponse = get_response(request)
        if settings.SESSION_COOKIE_NAME in request.COOKIES or settings.SESSION_COOKIE_NAME in reponse.cookies:
            add_never_cache_headers(reponse)  # no-store, private
        return reponse

    return middleware


def MotDePasseAChanger(get_response):
    """After a generated password, the first page is the one that replaces it; there is no other."""

    def middleware(request):
        return get_response(request)

    def process_view(request, view, args, kwargs):
        if (
            request.user.is_authenticated
            and request.user.mot_de_passe_a_changer
            and request.resolver_match.view_name not in SANS_MOT_DE_PASSE_NEUF
        ):
            return redirect("comptes:changer_mot_de_passe")
        return None

    middleware.process_view = process_view
    return middleware


def HistoriqueDesAgents(get_response):
    """What staff write is signed in the history of rows (pghistory)."""

    def middleware(request):
        agit = request.method not in SURES and request.user.is_authenticated and request.user.is_staff
        with pghistory.context(user=request.user.pk, url=request.path) if agit else nullcontext():
            return get_response(request)

    return middleware
