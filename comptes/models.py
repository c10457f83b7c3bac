"""Who: people who sign in, households, children."""

from typing import ClassVar

import pghistory
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower, Trim
from django.utils import timezone

ESSAIS_AU_PLUS = 3


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


@pghistory.track()
class Famille(models.Model):
    """A household: it books and pays. A child of separated parents belongs to two of them."""

    nom = models.CharField("nom", max_length=120)
    adresse = models.CharField("adresse", max_length=200, blank=True)
    code_postal = models.CharField("code postal", max_length=5, blank=True)
    commune = models.CharField("commune", max_length=80, blank=True)
    telephone = models.CharField("téléphone", max_length=20, blank=True)
    rappels = models.BooleanField(
        "rappels par e-mail", default=True, help_text="Un e-mail avant la limite d’une semaine sans repas réservé."
    )
    enfants: "models.ManyToManyField[Enfant, Rattachement]" = models.ManyToManyField(
        "Enfant", through="Rattachement", related_name="familles", verbose_name="enfants"
    )

    class Meta:
        verbose_name = "famille"
        verbose_name_plural = "familles"
        ordering = ["nom", "pk"]

    def __str__(self):
        return f"Famille {self.nom}"


@pghistory.track()
class Responsable(models.Model):
    """An adult of a household. Without an e-mail on file there is no login: the guichet adds one."""

    famille = models.ForeignKey(Famille, models.CASCADE, related_name="responsables", verbose_name="famille")
    utilisateur = models.OneToOneField(
        Utilisateur, models.SET_NULL, null=True, blank=True, related_name="responsable", verbose_name="compte"
    )
    rang = models.PositiveSmallIntegerField("rang", choices=[(1, "Responsable 1"), (2, "Responsable 2")], default=1)
    prenom = models.CharField("prénom", max_length=60)
    nom = models.CharField("nom", max_length=60)
    telephone = models.CharField("téléphone", max_length=20, blank=True)

    class Meta:
        verbose_name = "responsable"
        verbose_name_plural = "responsables"
        ordering = ["famille", "rang"]
        constraints = [
            models.UniqueConstraint(
                fields=["famille", "rang"],
                name="responsable_rang_unique",
                violation_error_message="Une famille a un responsable 1 et, au plus, un responsable 2.",
            ),
            models.CheckConstraint(
                condition=Q(rang__in=[1, 2]),
                name="responsable_rang_1_ou_2",
                violation_error_message="Une famille a au plus deux responsables.",
            ),
        ]

    def __str__(self):
        return f"{self.prenom} {self.nom}"


class EnfantQuerySet(models.QuerySet):
    def de(self, utilisateur) -> "EnfantQuerySet":
        """The children of the household of this login. The one door to a child: everyone else's is not found."""
        return self.filter(rattachements__famille__responsables__utilisateur=utilisateur)

    def verrouilles(self) -> "EnfantQuerySet":
        """Lock the children in key order: two submissions for one child wait for each other."""
        return self.order_by("pk").select_for_update(of=("self",), no_key=True)


@pghistory.track()
class Enfant(models.Model):
    prenom = models.CharField("prénom", max_length=60)
    nom = models.CharField("nom", max_length=60)
    naissance = models.DateField("date de naissance")

    objects = EnfantQuerySet.as_manager()

    class Meta:
        verbose_name = "enfant"
        verbose_name_plural = "enfants"
        ordering = ["nom", "prenom", "pk"]

    def __str__(self):
        return f"{self.prenom} {self.nom}"


@pghistory.track()
class Rattachement(models.Model):
    """A child in a household."""

    famille = models.ForeignKey(Famille, models.CASCADE, related_name="rattachements", verbose_name="famille")
    enfant = models.ForeignKey(Enfant, models.CASCADE, related_name="rattachements", verbose_name="enfant")

    class Meta:
        verbose_name = "enfant de la famille"
        verbose_name_plural = "enfants de la famille"
        ordering = ["famille", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["famille", "enfant"],
                name="rattachement_unique",
                violation_error_message="Cet enfant est déjà dans cette famille.",
            )
        ]

    def __str__(self):
        return f"{self.enfant} ({self.famille})"


class EssaisConnexion(models.Model):
    """Wrong passwords of an address, known or not: nothing here tells which addresses have an account."""

    cle = models.CharField("empreinte de l’adresse", max_length=64, primary_key=True)
    echecs = models.PositiveSmallIntegerField("essais")
    modifie_le = models.DateTimeField("dernier essai")

    class Meta:
        verbose_name = "essais de connexion"
        verbose_name_plural = "essais de connexion"
        constraints = [
            models.CheckConstraint(
                condition=Q(echecs__range=(1, ESSAIS_AU_PLUS)),
                name="essais_connexion_trois_au_plus",
                violation_error_message="Trois essais au plus sont comptés.",
            )
        ]

    def __str__(self):
        return f"{self.echecs} essai(s)"


class DemandeMotDePasse(models.Model):
    """A press on « Générer votre mot de passe », for an address known or not, until the worker has handled it."""

    courriel = models.CharField("adresse e-mail", max_length=254)
    expediteur = models.CharField("empreinte de l’expéditeur", max_length=64)
    cree_le = models.DateTimeField("demandé le", default=timezone.now)
    reprendre_le = models.DateTimeField("à reprendre le", default=timezone.now)
    tentatives = models.PositiveSmallIntegerField("envois manqués", default=0)
    traitee_le = models.DateTimeField("traitée le", null=True)

    class Meta:
        verbose_name = "demande de mot de passe"
        verbose_name_plural = "demandes de mot de passe"
        ordering = ["pk"]
        indexes = [
            models.Index(fields=["reprendre_le"], condition=Q(traitee_le=None), name="demande_a_traiter"),
            models.Index(fields=["courriel", "cree_le"], name="demande_par_adresse"),
            models.Index(fields=["expediteur", "cree_le"], name="demande_par_expediteur"),
        ]

    def __str__(self):
        return f"Demande du {self.cree_le:%d/%m/%Y}"


class MotDePasseGenere(models.Model):
    """The password that the last mail carried, hashed. The one in use stays valid until this one is used."""

    utilisateur = models.OneToOneField(
        Utilisateur, models.CASCADE, related_name="mot_de_passe_genere", verbose_name="compte"
    )
    empreinte = models.CharField("empreinte", max_length=200)
    expire_le = models.DateTimeField("valable jusqu’au")

    class Meta:
        verbose_name = "mot de passe généré"
        verbose_name_plural = "mots de passe générés"

    def __str__(self):
        return f"Mot de passe généré de {self.utilisateur}"
