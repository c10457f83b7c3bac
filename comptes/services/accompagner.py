"""« Mode accompagné »: an agent at the desk acts for a household, which its pages then open on.

The household stands in the agent's session. Every request asks again whether the agent may, and nothing else than the
doors (comptes/portes.py) changes: what is written is signed by the agent.
"""

import time

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.utils import timezone

from comptes.models import Famille, SessionDuCompte, Utilisateur

PERMISSION = "comptes.accompagner_famille"
CLE = "accompagnement"  # key of the session
RECU = "recu_d_aide"  # key of the session: the last household helped, from when to when
DUREE = 30 * 60  # seconds without a page, whatever the length of the session
ECRITURE = 60  # seconds: the session is written at most this often
DEBUT, FIN = "Aide à la famille commencée", "Aide à la famille terminée"


def peut_accompagner(utilisateur: Utilisateur) -> bool:
    return utilisateur.is_active and utilisateur.is_staff and utilisateur.has_perm(PERMISSION)


def voit_la_sante(utilisateur: Utilisateur) -> bool:
    """Whether the family's pages may show this person the canteen card and the papers of a PAI.

    The family itself: whoever helps it at the desk sees neither, and the canteen has pages of its own.
    """
    return utilisateur.famille_accompagnee is None


def commencer(session, *, agent: Utilisateur, famille: Famille) -> None:
    """Open this household in the agent's session; the one before it is closed."""
    terminer(session, agent=agent)
    maintenant = int(time.time())
    session[CLE] = {"famille": famille.pk, "nom": str(famille), "vu": maintenant, "debut": maintenant}
    _noter(agent, famille.pk, str(famille), DEBUT)


def terminer(session, *, agent: Utilisateur, raison: str = "") -> bool:
    """Close the household of the session. False when there was none."""
    garde = session.pop(CLE, None)
    if garde is None:
        return False
    noter_la_fin(agent, garde, raison)
    session[RECU] = {"famille": garde["famille"], "debut": garde.get("debut", garde["vu"]), "fin": int(time.time())}
    return True


def noter_la_fin(agent: Utilisateur, garde: dict, raison: str = "") -> None:
    _noter(agent, garde["famille"], garde["nom"], f"{FIN} ({raison})" if raison else FIN)


def famille_de_la_session(session, agent: Utilisateur) -> tuple[Famille | None, str]:
    """The household that the agent acts for in this request, and the sentence that says why it has just ended."""
    garde = session.get(CLE)
    if garde is None:
        return None, ""
    famille, raison = None, ""
    if time.time() - garde["vu"] >= DUREE:
        raison = "30 minutes sans activité"
    elif not peut_accompagner(agent):
        raison = "droit retiré"
    else:
        famille = Famille.objects.filter(pk=garde["famille"], anonymisee_le=None).first()
        raison = "" if famille else "famille supprimée"
    if raison:
        terminer(session, agent=agent, raison=raison)
    elif time.time() - garde["vu"] >= ECRITURE:
        session[CLE] = {**garde, "vu": int(time.time())}
    return famille, raison


def clore_avec_les_sessions() -> int:
    """Write down the end of what ended with its session, before the sessions are deleted. How many."""
    finies = SessionDuCompte.objects.filter(expire_date__lt=timezone.now(), utilisateur__is_staff=True)
    closes = [
        (session.utilisateur, garde)
        for session in finies.select_related("utilisateur")
        if session.utilisateur and (garde := session.get_decoded().get(CLE))
    ]
    for agent, garde in closes:
        noter_la_fin(agent, garde, "session finie")
    return len(closes)


def _noter(agent: Utilisateur, famille: int, nom: str, message: str) -> None:
    LogEntry.objects.create(
        user=agent,
        content_type=ContentType.objects.get_for_model(Famille),
        object_id=str(famille),
        object_repr=nom[:200],
        action_flag=CHANGE,
        change_message=message,
    )
