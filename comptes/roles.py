"""Roles of agents: who sees what in the administration. One table, applied by `appliquer_les_roles`."""

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group, Permission
from django.db import transaction

from comptes.models import Document, Utilisateur, normaliser_courriel

VOIR, CREER, MODIFIER, SUPPRIMER = "view", "add", "change", "delete"
TOUT = (VOIR, CREER, MODIFIER, SUPPRIMER)
ACCOMPAGNER = "accompagner"  # act for a household at the desk
EMETTRE = "emettre"  # issue the bills of a month

# role → model → actions. A superuser (« admin ») needs no row, but reads no health either (`lit_la_sante`). The canteen
# sees meals, neither addresses nor money, and alone, with the family, a child's card (menu, PAI).
ROLES: dict[str, dict[str, tuple[str, ...]]] = {
    "guichet": {
        "comptes.utilisateur": (VOIR, CREER, MODIFIER),
        "comptes.famille": (*TOUT, ACCOMPAGNER),
        "comptes.responsable": TOUT,
        "comptes.enfant": TOUT,
        "comptes.rattachement": TOUT,
        "comptes.demande": (VOIR, MODIFIER),
        "comptes.quotientfamilial": (VOIR, CREER),
        "comptes.document": (VOIR,),
        "comptes.documentdelaville": TOUT,
        "comptes.contact": (VOIR,),
        "comptes.texte": (VOIR, CREER, MODIFIER),
        "comptes.versiondetexte": (VOIR, CREER),
        "comptes.autorisation": (VOIR,),
        "reservations.ecole": TOUT,
        "reservations.activite": TOUT,
        "reservations.tarif": TOUT,
        "reservations.tarification": (VOIR,),
        "reservations.grille": (VOIR,),
        "reservations.tranche": (VOIR,),
        "reservations.anneescolaire": TOUT,
        "reservations.periodesansclasse": TOUT,
        "reservations.fermeture": TOUT,
        "reservations.annulationcollective": (VOIR, CREER, MODIFIER),
        "reservations.inscription": TOUT,
        "reservations.journee": (VOIR, MODIFIER),
        "reservations.reservation": (VOIR,),
        "reservations.absence": (VOIR,),
        "reservations.pointage": (VOIR,),
        "reservations.ecart": (VOIR,),
        "reservations.operation": (VOIR,),
        "reservations.mouvement": (VOIR,),
        "reservations.refusenregistre": (VOIR,),
        "reservations.attente": (VOIR,),
        "reservations.rappel": (VOIR,),
        "reservations.messagedelaville": (VOIR, CREER),
        "reservations.premieredemande": (VOIR, MODIFIER),
        "reservations.enfantdelademande": (VOIR,),
        "reservations.piecedelademande": (VOIR,),
        "reservations.menu": TOUT,
        "reservations.plat": TOUT,
    },
    "cantine": {
        "comptes.document": (VOIR,),
        "comptes.fichecantine": (VOIR,),
        "comptes.contact": (VOIR,),
        "comptes.autorisation": (VOIR,),
        "reservations.ecole": (VOIR,),
        "reservations.activite": (VOIR,),
        "reservations.anneescolaire": (VOIR,),
        "reservations.fermeture": (VOIR,),
        "reservations.journee": (VOIR,),
        "reservations.reservation": (VOIR,),
        "reservations.absence": (VOIR,),
        "reservations.pointage": (VOIR, CREER, MODIFIER),
        "reservations.ecart": TOUT,
        "reservations.menu": TOUT,
        "reservations.plat": TOUT,
    },
    "regie": {
        "comptes.famille": (VOIR,),
        "comptes.responsable": (VOIR,),
        "comptes.enfant": (VOIR,),
        "comptes.rattachement": (VOIR,),
        "comptes.quotientfamilial": (VOIR,),
        "comptes.document": (VOIR,),
        "reservations.activite": (VOIR,),
        "reservations.tarif": (VOIR,),
        "reservations.anneescolaire": (VOIR,),
        "reservations.inscription": (VOIR,),
        "reservations.reservation": (VOIR,),
        "reservations.operation": (VOIR,),
        "reservations.mouvement": (VOIR,),
        "reservations.tarification": TOUT,
        "reservations.grille": TOUT,
        "reservations.tranche": TOUT,
        "reservations.pointage": (VOIR,),
        "reservations.ecart": (VOIR,),
        "reservations.menu": (VOIR,),
        "reservations.plat": (VOIR,),
        "facturation.facturation": (VOIR, CREER, MODIFIER, EMETTRE),
        "facturation.facture": (VOIR,),
        "facturation.lignefacture": (VOIR,),
        "facturation.avoir": (VOIR, CREER),
        "facturation.propositionavoir": (VOIR, MODIFIER),
        "facturation.paiement": (VOIR, CREER),
        "facturation.rejet": (VOIR, CREER),
        "facturation.remboursement": (VOIR, CREER),
        "facturation.transactionenligne": (VOIR, MODIFIER),
        "facturation.mandat": (VOIR, MODIFIER),
        "facturation.lotdeprelevements": (VOIR, CREER, MODIFIER),
        "facturation.prelevement": (VOIR, CREER, MODIFIER),
        "facturation.relance": (VOIR, CREER),
        "facturation.echeancier": (VOIR, CREER, MODIFIER),
        "facturation.echeance": (VOIR, CREER, MODIFIER),
        "facturation.transmission": (VOIR, CREER),
    },
}
# role → natures of the papers of households that it opens. A PAI is health: the canteen alone, and the household.
NATURES_LUES: dict[str, set[str]] = {
    "guichet": set(Document.Nature.values) - {Document.Nature.PAI},
    "cantine": {Document.Nature.PAI},
    "regie": {Document.Nature.QUOTIENT},
}
ADMIN = "admin"
CHOIX = [*ROLES, ADMIN]


def natures_lues(agent: Utilisateur) -> set[str]:
    """The natures of papers that this agent opens. An administrator reads no health either: they take the role."""
    roles = {"guichet"} if agent.is_superuser else set()
    roles |= set(agent.groups.values_list("name", flat=True))
    return set().union(*(NATURES_LUES[role] for role in roles & NATURES_LUES.keys()))


def lit_la_sante(agent: Utilisateur) -> bool:
    """Whether the canteen's pages and the PAI open for this agent: one rule, the role of the canteen."""
    return agent.has_perm("comptes.view_fichecantine") and Document.Nature.PAI in natures_lues(agent)


def appliquer_les_roles() -> None:
    """Make the groups agree with the table: what a role no longer has is taken back."""
    permissions = {
        (p.content_type.app_label, p.codename): p
        for p in Permission.objects.filter(
            content_type__app_label__in={modele.partition(".")[0] for role in ROLES.values() for modele in role}
        ).select_related("content_type")
    }
    for role, droits in ROLES.items():
        groupe, _ = Group.objects.get_or_create(name=role)
        groupe.permissions.set(
            permissions[application, f"{action}_{nom}"]
            for modele, actions in droits.items()
            for application, _, nom in [modele.partition(".")]
            for action in actions
        )


def creer_agent(*, courriel: str, role: str, prenom: str = "", nom: str = "") -> tuple[Utilisateur, bool]:
    """The account of an agent with this role and no other, and whether it is new. Its password is to be generated."""
    with transaction.atomic():
        appliquer_les_roles()
        agent, cree = Utilisateur.objects.get_or_create(
            email=normaliser_courriel(courriel),
            defaults={"prenom": prenom, "nom": nom, "password": make_password(None)},
        )
        agent.is_staff, agent.is_superuser = True, role == ADMIN
        agent.prenom, agent.nom = prenom or agent.prenom, nom or agent.nom
        agent.save(update_fields=["is_staff", "is_superuser", "prenom", "nom"])
        agent.groups.set(Group.objects.filter(name=role))
    return agent, cree
