"""What every template may name."""

from django.conf import settings
from django.utils.functional import SimpleLazyObject

from comptes.models import Enfant


def portail(request):
    """The town and the menu. Lazy: a page that does not draw the menu does not pay for its query."""
    utilisateur = getattr(request, "user", None)

    def menu_enfants():
        if utilisateur is None or not utilisateur.is_authenticated:
            return []
        return list(Enfant.objects.de(utilisateur))

    return {
        "ville": settings.VILLE,
        "demo": settings.DEMO,
        "menu_enfants": SimpleLazyObject(menu_enfants),
        "ouverture_annoncee": SimpleLazyObject(lambda: ""),
    }
