"""Persons to call and persons who may collect a child, household by household."""

import pghistory
from django.db import models
from django.db.models import Q

from comptes.models.foyers import Rattachement
from comptes.portes import du_foyer


class ContactQuerySet(models.QuerySet):
    def de(self, utilisateur) -> "ContactQuerySet":
        return self.filter(du_foyer(utilisateur, "rattachement__famille"))


@pghistory.track()
class Contact(models.Model):
    """A person that this household names for one of its children: to call, in order, or allowed to come for them."""

    rattachement = models.ForeignKey(
        Rattachement, models.CASCADE, related_name="contacts", verbose_name="enfant de la famille"
    )
    ordre = models.PositiveSmallIntegerField("ordre d’appel", default=1)
    prenom = models.CharField("prénom", max_length=60)
    nom = models.CharField("nom", max_length=60)
    lien = models.CharField("lien avec l’enfant", max_length=60, help_text="Par exemple grand-mère, voisin.")
    telephone = models.CharField("téléphone", max_length=20)
    a_appeler = models.BooleanField("à appeler en cas d’urgence", default=True)
    peut_recuperer = models.BooleanField("autorisée à venir chercher l’enfant", default=False)

    objects = ContactQuerySet.as_manager()

    class Meta:
        verbose_name = "contact"
        verbose_name_plural = "contacts"
        ordering = ["rattachement", "ordre", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["rattachement", "ordre"],
                name="contact_ordre_unique",
                deferrable=models.Deferrable.DEFERRED,
                violation_error_message="Deux contacts d’un enfant ont le même rang.",
            ),
            models.UniqueConstraint(
                fields=["rattachement", "prenom", "nom", "telephone"],
                name="contact_unique",
                violation_error_message="Cette personne est déjà un contact de cet enfant.",
            ),
            models.CheckConstraint(
                condition=Q(a_appeler=True) | Q(peut_recuperer=True),
                name="contact_utile",
                violation_error_message="Un contact est à appeler, ou autorisé à venir chercher l’enfant, ou les deux.",
            ),
        ]

    def __str__(self):
        return f"{self.prenom} {self.nom} ({self.lien})"
