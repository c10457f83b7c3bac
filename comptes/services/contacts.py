"""The contacts of a child of a household: added, corrected, put in order, copied from a brother or a sister.

Each verb locks the child's line in the household first: ranks and the number of contacts are read after it.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from comptes.models import Contact, Rattachement
from comptes.regles import CONTACTS_AU_PLUS, Import, cle_de_la_personne, contacts_a_importer
from comptes.regles import deplacer as deplacer_dans

COPIES = ("prenom", "nom", "lien", "telephone", "a_appeler", "peut_recuperer")


def _verrouiller(rattachement: int) -> list[Contact]:
    """The contacts of this child of this household, in order, under its lock."""
    if not Rattachement.objects.filter(pk=rattachement).verrouilles():
        raise ValidationError("Cet enfant n’est plus dans votre famille.")
    return list(Contact.objects.filter(rattachement=rattachement).order_by("ordre", "pk"))


def _ranger(contacts: Sequence[Contact]) -> None:
    """Ranks 1, 2, 3…, in one statement."""
    deplaces = [contact for rang, contact in enumerate(contacts, 1) if contact.ordre != rang]
    for rang, contact in enumerate(contacts, 1):
        contact.ordre = rang
    Contact.objects.bulk_update(deplaces, ["ordre"])


def _refuser_un_doublon(contact: Contact, contacts: Collection[Contact]) -> None:
    cle = cle_de_la_personne(contact)
    if any(autre.pk != contact.pk and cle_de_la_personne(autre) == cle for autre in contacts):
        raise ValidationError("Cette personne est déjà un contact de cet enfant.")


def ajouter(*, rattachement: Rattachement, valeurs: Mapping[str, Any]) -> Contact:
    """The last to be called. Raises ValidationError for a duplicate, or when there are enough of them."""
    with transaction.atomic():
        contacts = _verrouiller(rattachement.pk)
        if len(contacts) >= CONTACTS_AU_PLUS:
            raise ValidationError(f"Un enfant a {CONTACTS_AU_PLUS} contacts au plus : supprimez-en un d’abord.")
        contact = Contact(rattachement=rattachement, ordre=max((c.ordre for c in contacts), default=0) + 1, **valeurs)
        _refuser_un_doublon(contact, contacts)
        contact.save(force_insert=True)
    return contact


def modifier(*, contact: Contact, valeurs: Mapping[str, Any]) -> Contact:
    """Raises ValidationError for a duplicate, or when it has just been deleted."""
    with transaction.atomic():
        contacts = _verrouiller(contact.rattachement_id)
        trouve = next((c for c in contacts if c.pk == contact.pk), None)
        if trouve is None:
            raise ValidationError("Ce contact vient d’être supprimé.")
        for champ, valeur in valeurs.items():
            setattr(trouve, champ, valeur)
        _refuser_un_doublon(trouve, contacts)
        trouve.save(update_fields=list(valeurs))
    return trouve


def supprimer(*, contact: Contact) -> None:
    """Deleted twice is deleted once. Those after it move up."""
    with transaction.atomic():
        contacts = _verrouiller(contact.rattachement_id)
        Contact.objects.filter(pk=contact.pk).delete()
        _ranger([c for c in contacts if c.pk != contact.pk])


def deplacer(*, contact: Contact, rang_vu: int, sens: int) -> int | None:
    """Move it up (-1) or down (+1) from the rank that the page showed. Its new rank; None: the order has changed."""
    with transaction.atomic():
        contacts = _verrouiller(contact.rattachement_id)
        pks = [c.pk for c in contacts]
        if contact.pk not in pks or pks.index(contact.pk) + 1 != rang_vu:
            return None
        ranges = deplacer_dans(contacts, rang_vu - 1, sens)
        _ranger(ranges)
        return [c.pk for c in ranges].index(contact.pk) + 1


def importer(*, source: Rattachement, vers: Rattachement, choisis: Collection[int]) -> Import:
    """Copy the chosen contacts of a brother or a sister after the child's own. Sent twice, nothing is there twice."""
    with transaction.atomic():
        contacts = _verrouiller(vers.pk)
        lu = contacts_a_importer(Contact.objects.filter(rattachement=source, pk__in=choisis), contacts)
        dernier = max((c.ordre for c in contacts), default=0)
        Contact.objects.bulk_create(
            Contact(rattachement=vers, ordre=rang, **{champ: getattr(c, champ) for champ in COPIES})
            for rang, c in enumerate(lu.ajouts, dernier + 1)
        )
    return lu
