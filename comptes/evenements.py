"""The tables in which pghistory keeps what people, papers and enrolments were."""

from django.apps import apps
from django.db.models import Model


def evenements(modele: type[Model]) -> type[Model]:
    """The table of the history of a model. It is made by pghistory, under no name that code could import."""
    return next(m for m in apps.get_models() if getattr(m, "pgh_tracked_model", None) is modele)
