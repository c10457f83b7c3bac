"""What a request reads of its household, once however many ask for it."""

from comptes.models import Enfant


def enfants_du_foyer(request) -> list[Enfant]:
    """The children of the household of this login, none when nobody signed in: the menu names them on every page."""
    if not hasattr(request, "enfants_du_foyer"):
        utilisateur = getattr(request, "user", None)
        connu = utilisateur is not None and utilisateur.is_authenticated
        request.enfants_du_foyer = list(Enfant.objects.de(utilisateur)) if connu else []
    return request.enfants_du_foyer
