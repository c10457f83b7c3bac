"""Tasks of the worker. Each resumes what the database holds: run twice, or late, it does no harm."""

from datetime import timedelta

from celery import shared_task
from django.utils import timezone
from post_office.models import STATUS, Email

from comptes.models import DemandeMotDePasse, EssaisConnexion, MotDePasseGenere, SessionDuCompte
from comptes.services.accompagner import clore_avec_les_sessions
from comptes.services.documents import balayer_le_coffre
from comptes.services.echeances import annoncer_les_echeances
from comptes.services.motsdepasse import DUREE, traiter_les_demandes

COURRIELS_GARDES = timedelta(days=90)
ESSAIS_GARDES = timedelta(days=30)


@shared_task
def envoyer_mots_de_passe() -> int:
    """Generate and send the passwords asked for."""
    return traiter_les_demandes()


@shared_task
def envoyer_les_echeances() -> None:
    """Tell the households of the papers that come to their end, each once."""
    annoncer_les_echeances()


@shared_task
def menage() -> None:
    """Delete what is past: sessions, passwords, requests, mails, wrong guesses that did not lock, files of no row."""
    maintenant = timezone.now()
    clore_avec_les_sessions()
    SessionDuCompte.objects.filter(expire_date__lt=maintenant).delete()
    MotDePasseGenere.objects.filter(expire_le__lt=maintenant).delete()
    DemandeMotDePasse.objects.filter(traitee_le__lt=maintenant - DUREE).delete()
    EssaisConnexion.objects.filter(echecs__lt=3, modifie_le__lt=maintenant - ESSAIS_GARDES).delete()
    Email.objects.filter(status__in=[STATUS.sent, STATUS.failed], created__lt=maintenant - COURRIELS_GARDES).delete()
    balayer_le_coffre()
