"""Tell households that a paper of theirs comes to its end: once, without saying which. It may tell of health."""

import datetime as dt
from collections.abc import Callable

from django.db import transaction
from django.db.models import BigIntegerField, Exists, OuterRef, Q
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone

from comptes.courriels import Lettre, mettre_en_file_ensemble
from comptes.francais import date_courte, nombre
from comptes.models import Categorie, Document, Famille
from comptes.regles_documents import BIENTOT
from comptes.services.notifier import Avis, adresses_pour, notifier_chacune

LOT = 200  # households told in one transaction


def annoncer_les_echeances(*, horloge: Callable[[], dt.datetime] = timezone.now) -> int:
    """Tell, lot after lot, of the papers that end within `BIENTOT`; return how many. Stopped anywhere, it resumes."""
    total = 0
    while n := _un_lot(horloge()):
        total += n
    return total


def _un_lot(maintenant: dt.datetime) -> int:
    """The papers of some households, marked in the transaction that tells of them.

    Locks the households, as depositing and erasing do; those that somebody holds wait for the next run.
    """
    with transaction.atomic():
        familles = Famille.objects.filter(
            Exists(_a_dire(maintenant).filter(famille=OuterRef("pk"))), anonymisee_le=None
        )
        verrouillees = familles.order_by("pk").select_for_update(of=("self",), skip_locked=True, no_key=True)
        dus: dict[int, list[Document]] = {famille.pk: [] for famille in verrouillees[:LOT]}
        for document in _a_dire(maintenant).filter(famille__in=dus).order_by("famille", "expire_le", "pk"):
            dus[document.famille_id].append(document)
        dus = {famille: documents for famille, documents in dus.items() if documents}
        if not dus:
            return 0
        page, adresses = reverse("comptes:documents"), adresses_pour(dus, Categorie.MESSAGES)
        notifier_chacune(
            (Avis(famille, titre(documents), phrase(documents), page) for famille, documents in dus.items()),
            categorie=Categorie.MESSAGES,
            quand=maintenant,
        )
        mettre_en_file_ensemble(
            Lettre(
                destinataires=adresses[famille],
                gabarit="document_echeance",
                contexte={"titre": titre(documents), "phrase": phrase(documents)},
                sujet=titre(documents),
                categorie=Categorie.MESSAGES,
            )
            for famille, documents in dus.items()
            if famille in adresses
        )
        cles = [document.pk for documents in dus.values() for document in documents]
        return Document.objects.filter(pk__in=cles).update(echeance_dite_le=maintenant)


def _a_dire(maintenant: dt.datetime):
    """Papers near their end, not told yet, that no later paper of the same nature replaces."""
    aujourdhui = timezone.localdate(maintenant)
    # Null is the household itself. « Autre document » says nothing of what another one replaces.
    documents = Document.objects.annotate(qui=Coalesce("enfant_id", 0, output_field=BigIntegerField()))
    suivants = (
        documents.exclude(nature=Document.Nature.AUTRE)
        .filter(famille=OuterRef("famille"), nature=OuterRef("nature"), qui=OuterRef("qui"))
        .filter(Q(expire_le=None) | Q(expire_le__gt=OuterRef("expire_le")))
    )
    bientot = (aujourdhui, aujourdhui + BIENTOT)
    return documents.filter(~Exists(suivants), expire_le__range=bientot, echeance_dite_le=None)


def titre(documents: list[Document]) -> str:
    if len(documents) == 1:
        return "Un document de votre espace arrive à échéance"
    return f"{nombre(len(documents), 'document')} de votre espace arrivent à échéance"


def phrase(documents: list[Document]) -> str:
    fin = date_courte(min(document.expire_le for document in documents if document.expire_le))
    quoi = f"Il est valable jusqu’au {fin}" if len(documents) == 1 else f"Le premier est valable jusqu’au {fin}"
    return f"{quoi}. Déposez le nouveau dans « Documents », si vous l’avez déjà."
