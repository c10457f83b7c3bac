"""What every template may name."""

from functools import cache

from django.conf import settings
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from comptes.francais import date_longue
from comptes.lecture import enfants_du_foyer
from comptes.middleware import reste
from comptes.models import Notification
from comptes.roles import lit_la_sante
from reservations.models import AnneeScolaire


def _ouverture_annoncee() -> str:
    """The day that the sign-in page announces, « mardi 15 juillet 2025 »: the next opening, else nothing."""
    annee = AnneeScolaire.objects.a_ouvrir(timezone.now()).first()
    return date_longue(timezone.localdate(annee.ouverture)) if annee else ""


# Beyond, the head says « 99+ »: counting further would cost and tell nothing.
NON_LUES_AU_PLUS = 100


def portail(request):
    """The town and the menu. Lazy: a page that does not draw the menu does not pay for its query."""
    utilisateur = getattr(request, "user", None)

    @cache  # the head and the menu both show it
    def non_lues() -> str:
        if utilisateur is None or not utilisateur.is_authenticated:
            return ""
        n = Notification.objects.de(utilisateur).non_lues().order_by()[:NON_LUES_AU_PLUS].count()
        return f"{NON_LUES_AU_PLUS - 1}+" if n == NON_LUES_AU_PLUS else str(n or "")

    return {
        "ville": settings.VILLE,
        "demo": settings.DEMO,
        "lit_la_sante": SimpleLazyObject(lambda: utilisateur is not None and lit_la_sante(utilisateur)),
        "famille_aidee": getattr(request, "famille_aidee", None),
        "session_duree": reste(request),
        "session_avertissement": int(settings.SESSION_AVERTISSEMENT.total_seconds()),
        "menu_enfant": None,  # a view names the child whose steps are on screen
        "menu_enfants": SimpleLazyObject(lambda: enfants_du_foyer(request)),
        "notifications_non_lues": non_lues,
        "ouverture_annoncee": SimpleLazyObject(_ouverture_annoncee),
    }
