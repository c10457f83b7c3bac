"""People who sign in."""

from typing import ClassVar

import pghistory
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower, Trim
from django.utils import timezone


def normaliser_courriel(courriel: str) -> str:
    """The one form of an address in the portal: no surrounding blanks, lower case."""
    return courriel.strip().lower()


class UtilisateurManager(BaseUserManager["Utilisateur"]):
    def get_by_natural_key(self, username):
        return self.get(email=normaliser_courriel(username))

    def create_user(self, email, password=None, **champs):
        """A person who signs in. Without a password, the account waits for « Générer votre mot de passe »."""
        utilisateur = self.model(email=normaliser_courriel(email), **champs)
        utilisateur.set_password(password)
        utilisateur.save(using=self._db)
        return utilisateur

    def create_superuser(self, email, password=None, **champs):
        return self.create_user(email, password, **{"is_staff": True, "is_superuser": True, **champs})


@pghistory.track(fields=["email", "prenom", "nom", "is_staff", "is_superuser", "is_active"])
class Utilisateur(AbstractBaseUser, PermissionsMixin):
    """A login, identified by its e-mail: a parent or an agent."""

    email = models.EmailField(
        "adresse e-mail", unique=True, error_messages={"unique": "Un compte existe déjà avec cette adresse e-mail."}
    )
    prenom = models.CharField("prénom", max_length=60, blank=True)
    nom = models.CharField("nom", max_length=60, blank=True)
    is_staff = models.BooleanField("agent", default=False, help_text="Peut entrer dans l’administration.")
    is_active = models.BooleanField("actif", default=True)
    mot_de_passe_a_changer = models.BooleanField(
        "mot de passe à changer",
        default=False,
        help_text="Le mot de passe généré doit être remplacé avant toute autre page.",
    )
    cree_le = models.DateTimeField("créé le", default=timezone.now, editable=False)

    objects = UtilisateurManager()

    # Not stored: the household that an agent acts for in this request (« mode accompagné »): comptes/portes.py.
    famille_accompagnee: int | None = None

    USERNAME_FIELD = EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = "compte"
        verbose_name_plural = "comptes"
        constraints = [
            models.CheckConstraint(
                condition=Q(email=Lower(Trim(F("email")))),
                name="utilisateur_email_normalise",
                violation_error_message="L’adresse e-mail doit être en minuscules et sans espace autour.",
            )
        ]

    def __str__(self):
        return self.get_full_name()

    def clean(self):
        super().clean()
        self.email = normaliser_courriel(self.email)

    def get_full_name(self) -> str:
        return f"{self.prenom} {self.nom}".strip() or self.email

    def get_short_name(self) -> str:
        return self.prenom or self.email
