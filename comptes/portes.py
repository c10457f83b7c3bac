"""The one door to what belongs to a household: everyone else's is not found.

An agent with no household of their own may act for one that they help at the desk (« mode accompagné »): the same doors
then open on that household, and what is written is signed by the agent.
"""

from django.db.models import Q


def du_foyer(utilisateur, chemin: str = "") -> Q:
    """The rows whose household, at the end of `chemin`, is the one that this person acts for.

    `chemin` is a path of lookups to a household (« rattachement__famille »), empty for the households themselves.
    """
    if utilisateur.famille_accompagnee:
        return Q(**{chemin or "pk": utilisateur.famille_accompagnee})
    return Q(**{f"{chemin}__responsables__utilisateur" if chemin else "responsables__utilisateur": utilisateur})
