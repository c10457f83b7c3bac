"""The erasure of a household through every room: asked for and answered by an agent, or for an account asleep."""

import datetime as dt

from django.conf import settings
from django.contrib.admin.models import DELETION, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from comptes.evenements import evenements
from comptes.models import Demande, Document, Famille, Utilisateur
from comptes.services.effacement import effacer_le_foyer, ouvrir_le_dossier
from facturation.services import effacement as facturation
from reservations.models import Inscription, Operation
from reservations.services import effacement as reservations


def empechements(famille: Famille) -> list[str]:
    """Why this household cannot be erased now; nothing when it can."""
    return reservations.empechements(famille, aujourdhui=timezone.localdate()) + facturation.empechements(famille)


def effacer(*, famille: Famille, par: Utilisateur | None = None) -> None:
    """Erase a household, all or nothing. Raises ValidationError with what forbids it. Twice does it once.

    Locks: its enrolments and children, then itself. What forbids it is read after them.
    """
    with transaction.atomic():
        inscriptions = reservations.verrouiller(famille)
        dossier = ouvrir_le_dossier(famille)
        if dossier.famille.anonymisee_le:
            return
        if motifs := empechements(famille):
            raise ValidationError(motifs)
        maintenant = timezone.now()
        reservations.clore(inscriptions, dossier, aujourdhui=timezone.localdate(maintenant))
        facturation.clore(famille, maintenant=maintenant)
        effacer_le_foyer(dossier, maintenant=maintenant)
        if par:
            LogEntry.objects.create(
                user=par,
                content_type=ContentType.objects.get_for_model(Famille),
                object_id=str(famille.pk),
                object_repr=f"Famille effacée n° {famille.pk}",
                action_flag=DELETION,
                change_message="Données effacées",
            )


def accepter_l_effacement(*, demande: Demande, agent: Utilisateur) -> bool:
    """Answer yes: the household is erased at once. False when somebody has answered already."""
    with transaction.atomic():
        attente = Demande.objects.en_attente().filter(pk=demande.pk, nature=Demande.Nature.EFFACEMENT)
        if not attente.update(etat=Demande.Etat.ACCEPTEE, traitee_le=timezone.now(), traitee_par=agent):
            return False
        effacer(famille=demande.famille, par=agent)
    return True


def dormantes(maintenant: dt.datetime) -> QuerySet[Famille]:
    """The households of which nobody has heard for `COMPTE_DORMANT_JOURS`: neither they nor an agent did anything."""
    limite = maintenant - dt.timedelta(days=settings.COMPTE_DORMANT_JOURS)
    foyer = OuterRef("pk")
    signes = [
        Utilisateur.objects.filter(Q(last_login__gte=limite) | Q(cree_le__gte=limite), responsable__famille=foyer),
        Operation.objects.filter(famille=foyer, cree_le__gte=limite),
        Inscription.objects.filter(rattachement__famille=foyer, fin__gte=timezone.localdate(limite)),
        Document.objects.filter(famille=foyer, depose_le__gte=limite),
        Demande.objects.filter(Q(etat=Demande.Etat.DEPOSEE) | Q(deposee_le__gte=limite), famille=foyer),
        evenements(Famille)._base_manager.filter(pgh_obj=foyer, pgh_created_at__gte=limite),
    ]
    eveillee = Q()
    for signe in signes:
        eveillee |= Q(Exists(signe.order_by()))
    return Famille.objects.filter(anonymisee_le=None).exclude(eveillee).order_by("pk")
