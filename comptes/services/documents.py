"""The papers of a household: kept with their file, or not at all."""

import datetime as dt
import time
from collections.abc import Iterable
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.db import transaction
from django.db.models import FileField
from django.utils import timezone

from comptes.models import Document, Enfant, Famille, Rattachement, Utilisateur
from comptes.models.documents import FichierAuCoffre, coffre
from comptes.televersement import FichierLu

DOCUMENTS_PAR_FAMILLE = 100
# A file whose row is not written yet is not an orphan.
ORPHELIN_APRES = dt.timedelta(days=1)


def deposer(
    *,
    famille: Famille,
    enfant: Enfant | None,
    nature: str,
    lu: FichierLu,
    expire_le: dt.date | None = None,
    par: Utilisateur | None,
) -> Document:
    """Keep a paper that `lire_fichier` has read. Raises ValidationError with a sentence; nothing is kept then.

    The file is written before the row is committed: if the transaction is undone afterwards, `balayer_le_coffre` takes
    it away.
    """
    with transaction.atomic():
        # The same paper sent twice waits here; so does one sent while the household is being erased.
        famille = Famille.objects.select_for_update(no_key=True).get(pk=famille.pk)
        if famille.anonymisee_le:
            raise ValidationError("Les données de cette famille sont effacées.")
        _verifier(famille, enfant, nature, lu, expire_le)
        document = Document(
            famille=famille,
            enfant=enfant,
            nature=nature,
            nom=lu.nom,
            type_mime=lu.type_mime,
            taille=lu.taille,
            empreinte=lu.empreinte,
            expire_le=expire_le,
            depose_par=par,
        )
        document.fichier.save(lu.nom, ContentFile(lu.contenu), save=False)
        try:
            document.save()
        except BaseException:
            document.fichier.delete(save=False)
            raise
    return document


def _verifier(famille, enfant, nature, lu, expire_le) -> None:
    if nature not in Document.Nature.values:
        raise ValidationError("Choisissez la nature du document.")
    if enfant and not Rattachement.objects.filter(famille=famille, enfant=enfant).exists():
        raise ValidationError("Cet enfant n’est pas dans votre famille.")
    if nature == Document.Nature.PAI and enfant is None:
        raise ValidationError("Un PAI est le document d’un enfant : choisissez lequel.")
    if expire_le and expire_le < timezone.localdate():
        raise ValidationError("Ce document n’est plus valable : sa date de fin est passée.")
    deposes = Document.objects.filter(famille=famille)
    if deposes.filter(enfant=enfant, nature=nature, empreinte=lu.empreinte).exists():
        raise ValidationError("Ce document est déjà déposé.")
    if deposes.count() >= DOCUMENTS_PAR_FAMILLE:
        raise ValidationError(f"Vous avez déjà {DOCUMENTS_PAR_FAMILLE} documents. Supprimez ceux qui ne servent plus.")


def supprimer(document: Document) -> None:
    """Delete a paper; its file goes when the transaction is committed."""
    with transaction.atomic():
        nom = str(document.fichier.name)
        document.delete()
        transaction.on_commit(lambda: effacer_les_fichiers([nom]))


def tracer_la_lecture(document: Document, *, agent: Utilisateur) -> None:
    """Write in the journal of the administration that an agent opened a paper of a household: who, which, when."""
    LogEntry.objects.create(
        user=agent,
        content_type=ContentType.objects.get_for_model(Document),
        object_id=str(document.pk),
        object_repr=str(document),
        action_flag=CHANGE,
        change_message="Document téléchargé",
    )


def effacer_les_fichiers(noms: Iterable[str]) -> None:
    """Delete files of the safe by name. One that is gone already is no error."""
    for nom in filter(None, noms):
        coffre().delete(nom)


def balayer_le_coffre() -> int:
    """Delete the files that no row names, older than `ORPHELIN_APRES`: what an undone transaction left. How many."""
    limite = time.time() - ORPHELIN_APRES.total_seconds()
    racine = Path(settings.DOCUMENTS)
    anciens = {
        str(chemin.relative_to(racine))
        for chemin in racine.glob("*/*")
        if chemin.is_file() and chemin.stat().st_mtime < limite
    }
    orphelins = anciens - _noms_gardes()
    effacer_les_fichiers(sorted(orphelins))
    return len(orphelins)


def _noms_gardes() -> set[str]:
    """The files that a row names, whatever its model."""
    return {
        nom
        for modele in apps.get_models()
        for champ in modele._meta.local_fields
        if isinstance(champ, FichierAuCoffre) and isinstance(champ, FileField)
        for nom in modele._base_manager.order_by().values_list(champ.name, flat=True)
    }
