"""Bootstrap."""

from celery import shared_task


@shared_task
def envoyer_mots_de_passe():
    return None


@shared_task
def menage():
    return None
