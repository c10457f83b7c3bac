"""Ways in: wrong guesses, generated passwords, a new address to prove, open sessions, FranceConnect."""

from importlib import import_module

from django.conf import settings
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.db.models import Q
from django.utils import timezone

from comptes.models.personnes import Utilisateur

ESSAIS_AU_PLUS = 3


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


class ChangementDeCourriel(models.Model):
    """A new address that its owner has still to prove, by a link sent there. The latest request replaces the others."""

    utilisateur = models.OneToOneField(
        Utilisateur, models.CASCADE, related_name="changement_de_courriel", verbose_name="compte"
    )
    courriel = models.EmailField("nouvelle adresse")
    empreinte = models.CharField("empreinte du lien", max_length=64, unique=True)
    expire_le = models.DateTimeField("valable jusqu’au")

    class Meta:
        verbose_name = "changement d’adresse e-mail"
        verbose_name_plural = "changements d’adresse e-mail"

    def __str__(self):
        return f"Nouvelle adresse de {self.utilisateur}"


class SessionDuCompte(AbstractBaseSession):
    """A session that knows whose it is: the person sees those open elsewhere and closes them."""

    utilisateur = models.ForeignKey(
        Utilisateur, models.CASCADE, null=True, related_name="sessions", verbose_name="compte"
    )
    appareil = models.CharField("appareil", max_length=200, blank=True)
    ouverte_le = models.DateTimeField("ouverte le", default=timezone.now)
    vue_le = models.DateTimeField("vue le", default=timezone.now)

    class Meta(AbstractBaseSession.Meta):
        verbose_name = "session ouverte"
        verbose_name_plural = "sessions ouvertes"

    @classmethod
    def get_session_store_class(cls):
        return import_module(settings.SESSION_ENGINE).SessionStore


class CodeDeSecours(models.Model):
    """A recovery code of the second factor, spent once. Hashed: django-otp's own static codes are kept in clear."""

    utilisateur = models.ForeignKey(Utilisateur, models.CASCADE, related_name="codes_de_secours", verbose_name="compte")
    empreinte = models.CharField("empreinte", max_length=64)

    class Meta:
        verbose_name = "code de secours"
        verbose_name_plural = "codes de secours"
        constraints = [models.UniqueConstraint(fields=["utilisateur", "empreinte"], name="code_de_secours_unique")]

    def __str__(self):
        return f"Code de secours de {self.utilisateur}"


class LienFranceConnect(models.Model):
    """A FranceConnect identity (issuer, subject) that the owner of this login has proved to be theirs."""

    utilisateur = models.OneToOneField(
        Utilisateur, models.CASCADE, related_name="france_connect", verbose_name="compte"
    )
    emetteur = models.CharField("émetteur", max_length=200)
    sub = models.CharField("identifiant", max_length=255)
    cree_le = models.DateTimeField("créé le", default=timezone.now)

    class Meta:
        verbose_name = "lien FranceConnect"
        verbose_name_plural = "liens FranceConnect"
        constraints = [
            models.UniqueConstraint(
                fields=["emetteur", "sub"],
                name="lien_france_connect_unique",
                violation_error_message="Cette identité FranceConnect est déjà liée à un compte.",
            )
        ]

    def __str__(self):
        return f"FranceConnect de {self.utilisateur}"
