"""Mails: rendered from `templates/courriels/`, queued in the transaction of what they tell."""

import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from post_office.models import PRIORITY, STATUS, Email

from comptes.envoi import envoyer_les_courriels

journal = logging.getLogger(__name__)
PAUSE = 10
_pas_avant = 0.0


def rendre(gabarit: str, contexte: Mapping) -> tuple[str, str]:
    """The text and the HTML of a mail."""
    commun = {"ville": settings.VILLE, "site": settings.SITE_URL, **contexte}
    return (
        render_to_string(f"courriels/{gabarit}.txt", commun).strip() + "\n",
        render_to_string(f"courriels/{gabarit}.html", commun),
    )


@dataclass(frozen=True)
class Lettre:
    """One text, and each address that gets its own copy."""

    destinataires: Sequence[str]
    gabarit: str
    contexte: Mapping
    sujet: str

    def exemplaires(self) -> list[Email]:
        texte, html = rendre(self.gabarit, self.contexte)
        return [
            Email(
                from_email=settings.DEFAULT_FROM_EMAIL,
                to=[adresse],
                subject=self.sujet,
                message=texte,
                html_message=html,
                status=STATUS.queued,
                priority=PRIORITY.medium,
            )
            for adresse in self.destinataires
        ]


def mettre_en_file(*, destinataires: Sequence[str], gabarit: str, contexte: Mapping, sujet: str) -> None:
    """Queue one mail for each address, in one insert. It leaves when the transaction is over, or at the next sweep.

    post_office's own `mail.send` would write one row at a time and wait for the broker inside the request.
    """
    mettre_en_file_ensemble([Lettre(destinataires, gabarit, contexte, sujet)])


def mettre_en_file_ensemble(lettres: Iterable[Lettre]) -> None:
    """Queue many letters, in one insert for each thousand."""
    Email.objects.bulk_create((copie for lettre in lettres for copie in lettre.exemplaires()), batch_size=1000)
    transaction.on_commit(lambda: annoncer(envoyer_les_courriels))


def annoncer(tache) -> None:
    """Tell the worker that there is work. A broker that is down does not matter: the sweep finds the work.

    Nor does it slow anybody: after a failure it is left alone for `PAUSE` seconds.
    """
    global _pas_avant
    if time.monotonic() < _pas_avant:
        return
    try:
        tache.delay()
    except Exception as erreur:  # noqa: BLE001  kombu raises its transports' own errors, which have no common base
        _pas_avant = time.monotonic() + PAUSE
        journal.warning("File des tâches injoignable, le balayage s’en chargera : %s", type(erreur).__name__)
