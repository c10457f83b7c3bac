"""Messages of the town: to every household, to those of a school, or to one."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from comptes.models import Famille


class MessageDeLaVille(models.Model):
    """What an agent wrote, to whom, and when. Each adult gets a notification, and a mail unless refused."""

    titre = models.CharField("titre", max_length=120)
    texte = models.TextField("texte", max_length=4000)
    ecole = models.ForeignKey(
        "Ecole", models.PROTECT, null=True, blank=True, related_name="messages", verbose_name="école"
    )
    famille = models.ForeignKey(
        Famille, models.CASCADE, null=True, blank=True, related_name="messages", verbose_name="famille"
    )
    auteur = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name="auteur"
    )
    envoye_le = models.DateTimeField("envoyé le", default=timezone.now)
    destinataires = models.PositiveIntegerField("destinataires", default=0)
    cle = models.CharField(
        "clé du formulaire",
        max_length=64,
        blank=True,
        editable=False,
        help_text="Empreinte de la confirmation : la même, renvoyée, ne compte qu’une fois.",
    )
    # The mails leave by lots of households, in key order: where the next lot begins after.
    reprise = models.BigIntegerField("dernière famille", default=0, editable=False)
    termine_le = models.DateTimeField("e-mails prêts le", null=True, editable=False)

    class Meta:
        verbose_name = "message de la ville"
        verbose_name_plural = "messages de la ville"
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ecole=None) | Q(famille=None),
                name="message_une_portee",
                violation_error_message="Un message va à une école ou à une famille, pas aux deux.",
            ),
            models.UniqueConstraint(
                fields=["cle"],
                condition=~Q(cle=""),
                name="message_unique_par_formulaire",
                violation_error_message="Ce message a déjà été envoyé.",
            ),
        ]

    def __str__(self):
        return self.titre
