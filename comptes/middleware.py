"""What every request of a signed-in person goes through."""

import codecs
import time

import pghistory
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import SESSION_KEY
from django.core.exceptions import BadRequest, PermissionDenied
from django.shortcuts import redirect, render
from django.utils.cache import add_never_cache_headers

from comptes.francais import nombre
from comptes.regles_aide import CHAMP, formulaire_perime, ouverte_en_aidant
from comptes.services import accompagner
from comptes.services.second_facteur import impose_a

VUE = "vue"
ECRITURE = 60  # seconds: the session is written at most this often
SANS_MOT_DE_PASSE_NEUF = {"comptes:changer_mot_de_passe", "comptes:deconnexion", "comptes:prolonger_session"}
SANS_SECOND_FACTEUR = {*SANS_MOT_DE_PASSE_NEUF, "comptes:second_facteur", "comptes:activer_second_facteur"}
SURES = {"GET", "HEAD", "OPTIONS"}


class Couche:
    """A middleware: a class, because settings name it, called once a request."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)


class EnUtf8(Couche):
    """Browsers send our forms in UTF-8. Other encodings let in halves of characters, that no page can write."""

    def __call__(self, request):
        if request.encoding and codecs.lookup(request.encoding).name != "utf-8":
            raise BadRequest("Formulaire dans un autre codage que l’UTF-8.")
        return self.get_response(request)


class EnvoiTropLourd(Couche):
    """A request longer than any of ours is answered from its announced length: nothing of it is read or written.

    Django never reads more than the announced length, and nothing without one. The proxy has the same limit
    (docker-compose.yml), so that the bytes stop there.
    """

    def __call__(self, request):
        longueur = request.META.get("CONTENT_LENGTH") or "0"
        if longueur.isdecimal() and int(longueur[:18]) > settings.ENVOI_OCTETS_AU_PLUS:
            return render(request, "413.html", {"mo": settings.DOCUMENT_OCTETS_AU_PLUS // 1_000_000}, status=413)
        return self.get_response(request)


def reste(request) -> int:
    """Seconds before the session ends if nothing more is asked. The last minute may not have been written."""
    session = getattr(request, "session", {})
    return int(settings.SESSION_INACTIVITE.total_seconds() - max(time.time() - session.get(VUE, time.time()), 0))


class SessionInactive(Couche):
    """The session ends after `SESSION_INACTIVITE` without a request; each request puts its end off."""

    def __call__(self, request):
        if request.user.is_authenticated and time.time() - request.session.get(VUE, 0) >= ECRITURE:
            request.session[VUE] = int(time.time())
        return self.get_response(request)

    def process_view(self, request, view, args, kwargs):
        """The browser sends the cookie of a session that is no more: the next page says why."""
        if request.COOKIES.get(settings.SESSION_COOKIE_NAME) and request.session.is_empty():
            duree = nombre(int(settings.SESSION_INACTIVITE.total_seconds() // 60), "minute")
            messages.warning(
                request,
                f"Votre session a pris fin : elle s’arrête après {duree} sans activité, ou quand le mot de passe "
                "change. Reconnectez-vous pour continuer.",
            )


class PagesPersonnelles(Couche):
    """Nothing that was answered to a signed-in person stays in a cache, nor behind the back button of the next one."""

    def __call__(self, request):
        reponse = self.get_response(request)
        if settings.SESSION_COOKIE_NAME in request.COOKIES or settings.SESSION_COOKIE_NAME in reponse.cookies:
            add_never_cache_headers(reponse)  # no-store, private
        return reponse


class MotDePasseAChanger(Couche):
    """After a generated password, the first page is the one that replaces it; there is no other."""

    def process_view(self, request, view, args, kwargs):
        if (
            request.user.is_authenticated
            and request.user.mot_de_passe_a_changer
            and request.resolver_match.view_name not in SANS_MOT_DE_PASSE_NEUF
        ):
            return redirect("comptes:changer_mot_de_passe")
        return None


class SecondFacteurDesAgents(Couche):
    """Where the town asks agents for a second factor, an agent who has none yet sets it up before any other page."""

    def process_view(self, request, view, args, kwargs):
        if (
            request.user.is_authenticated
            and impose_a(request.user)
            and not request.user.is_verified()
            and request.resolver_match.view_name not in SANS_SECOND_FACTEUR
        ):
            return redirect("comptes:second_facteur")
        return None


class Accompagnement(Couche):
    """An agent who helps a household: the doors open on it, page after page, for as long as the agent may."""

    def __call__(self, request):
        request.famille_aidee = None
        garde = request.session.get(accompagner.CLE)
        if garde is None or not request.user.is_authenticated:
            return self.get_response(request)
        agent = request.user
        request.famille_aidee, request.aide_finie = accompagner.famille_de_la_session(request.session, agent)
        if request.famille_aidee is None:
            return self.get_response(request)
        agent.famille_accompagnee = request.famille_aidee.pk
        reponse = self.get_response(request)
        if request.session.is_empty() or request.session.get(SESSION_KEY) != str(agent.pk):
            accompagner.noter_la_fin(agent, garde, "déconnexion")
        return reponse

    def process_view(self, request, view, args, kwargs):
        if raison := getattr(request, "aide_finie", ""):
            messages.warning(request, f"Vous n’aidez plus la famille : {raison}.")
        if request.famille_aidee and not ouverte_en_aidant(request.resolver_match):
            raise PermissionDenied(
                "Cette page est à la famille seule, ou concerne votre propre compte : terminez d’abord l’aide."
            )
        if request.method in SURES or not request.user.is_authenticated:
            return None
        famille = request.user.famille_accompagnee
        if formulaire_perime(request.resolver_match, montre=request.POST.get(CHAMP, ""), famille=famille):
            quand = f"avant que vous n’aidiez la {request.famille_aidee}" if famille else "en aidant une autre famille"
            messages.error(request, f"Rien n’a été changé : ce formulaire avait été affiché {quand}. Recommencez ici.")
            return redirect("portail:accueil")
        return None


class HistoriqueDesAgents(Couche):
    """What staff write is signed in the history of rows (pghistory), with the household that they help."""

    def __call__(self, request):
        if request.method in SURES or not request.user.is_authenticated or not request.user.is_staff:
            return self.get_response(request)
        pour = {"famille_accompagnee": request.user.famille_accompagnee} if request.user.famille_accompagnee else {}
        with pghistory.context(user=request.user.pk, url=request.path, **pour):
            return self.get_response(request)
