"""Mails: rendered from `templates/courriels/`, queued in the transaction of what they tell."""

import logging
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from post_office.models import PRIORITY, STATUS, Email

from comptes.categories import REGIMES, Categorie
from comptes.envoi import envoyer_les_courriels
from comptes.refus import Lecteur, adresse_du_refus, lecteurs

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
    """One text, and each address that gets its own copy. Without `categorie` nobody can refuse it."""

    destinataires: Sequence[str]
    gabarit: str
    contexte: Mapping
    sujet: str
    categorie: Categorie | None = None

    @property
    def refusable(self) -> bool:
        return self.categorie is not None and REGIMES[self.categorie].refusable

    def exemplaires(self, lus: Mapping[str, Lecteur]) -> list[Email]:
        """A copy for each address whose reader (`lus`) did not refuse, with the link that refuses.

        Rendered once, whatever the number: a word of its own stands where each copy has its link.
        """
        voulus = [a for a in self.destinataires if not (a in lus and self.refusable and self.categorie in lus[a].refus)]
        if not voulus:
            return []
        marque = f"/{uuid.uuid4().hex}/" if self.refusable else ""
        regime = REGIMES[self.categorie] if self.categorie else None
        commun = {"refus": marque, "categorie": self.categorie, "regime": regime, **self.contexte}
        texte, html = rendre(self.gabarit, commun)
        copies = []
        for adresse in voulus:
            courriel = Email(
                from_email=settings.DEFAULT_FROM_EMAIL,
                to=[adresse],
                subject=self.sujet,
                message=texte,
                html_message=html,
                status=STATUS.queued,
                priority=PRIORITY.medium,
            )
            if self.refusable and self.categorie:
                refus = reverse("comptes:choix_courriels")
                if adresse in lus:
                    refus = adresse_du_refus(lus[adresse].responsable, self.categorie)
                    courriel.headers = desabonnement(refus)
                courriel.message = texte.replace(marque, refus)
                courriel.html_message = html.replace(marque, refus)
            copies.append(courriel)
        return copies


def desabonnement(chemin: str) -> dict[str, str]:
    """The headers by which a mail reader offers to refuse such mails in one click. Sources: RFC 2369, RFC 8058."""
    return {
        "List-Unsubscribe": f"<{settings.SITE_URL}{chemin}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


def mettre_en_file(
    *,
    destinataires: Sequence[str],
    gabarit: str,
    contexte: Mapping,
    sujet: str,
    categorie: Categorie | None = None,
) -> None:
    """Queue one mail for each address, in one insert. It leaves when the transaction is over, or at the next sweep.

    post_office's own `mail.send` would write one row at a time and wait for the broker inside the request.
    """
    mettre_en_file_ensemble([Lettre(destinataires, gabarit, contexte, sujet, categorie)])


def mettre_en_file_ensemble(lettres: Iterable[Lettre]) -> None:
    """Queue many letters, in one insert for each thousand; those who refused their category are left out.

    One statement more when a letter can be refused.
    """
    lettres = list(lettres)
    refusables = {adresse for lettre in lettres if lettre.refusable for adresse in lettre.destinataires}
    lus = lecteurs(refusables) if refusables else {}
    Email.objects.bulk_create((copie for lettre in lettres for copie in lettre.exemplaires(lus)), batch_size=1000)
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
