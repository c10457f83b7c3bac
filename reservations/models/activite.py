"""Schools, their meal services, closures and prices."""

import datetime as dt

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q

from comptes.francais import JOURS
from reservations.regles import FIN_DU_SERVICE, RegleDeDelai, uai_valide
from reservations.tarifs import RegleDeRetard

DERNIERE_MINUTE = dt.time(23, 59)
JOURS_DE_LA_SEMAINE = list(enumerate(JOURS, 1))


VERBES = {"reservation": "réserver", "annulation": "annuler"}


def valider_uai(valeur: str) -> None:
    if not uai_valide(valeur):
        raise ValidationError("Le code UAI a sept chiffres et une lettre de contrôle, par exemple 0110123Z.")


@pghistory.track()
class Ecole(models.Model):
    nom = models.CharField("nom", max_length=120, unique=True)
    uai = models.CharField("code UAI", max_length=8, blank=True, validators=[valider_uai])
    adresse = models.CharField("adresse", max_length=200, blank=True)

    class Meta:
        verbose_name = "école"
        verbose_name_plural = "écoles"
        ordering = ["nom"]
        constraints = [
            models.UniqueConstraint(
                fields=["uai"],
                condition=~Q(uai=""),
                name="ecole_uai_unique",
                violation_error_message="Une autre école a ce code UAI.",
            )
        ]

    def __str__(self):
        return self.nom


def jours_par_defaut() -> list[int]:
    """Monday, Tuesday, Thursday, Friday (ISO weekdays)."""
    return [1, 2, 4, 5]


@pghistory.track()
class Activite(models.Model):
    """A meal service of a school and level, with its weekdays, capacity and cut-off rules."""

    class Niveau(models.TextChoices):
        MATERNELLE = "maternelle", "maternelle"
        ELEMENTAIRE = "elementaire", "élémentaire"

    ecole = models.ForeignKey(Ecole, models.PROTECT, related_name="activites", verbose_name="école")
    niveau = models.CharField("niveau", max_length=12, choices=Niveau.choices)
    nom = models.CharField("nom", max_length=160, unique=True, help_text="Tel que les parents le lisent.")
    jours = ArrayField(
        models.PositiveSmallIntegerField(validators=[MinValueValidator(1), MaxValueValidator(7)]),
        verbose_name="jours de service",
        default=jours_par_defaut,
        size=7,
    )
    capacite = models.PositiveIntegerField("capacité par jour", help_text="Nombre de repas servis au plus par jour.")
    reservation_jours = models.PositiveSmallIntegerField(
        "réserver : jours avant", default=2, validators=[MaxValueValidator(60)]
    )
    reservation_unite = models.CharField(
        "réserver : jours comptés",
        max_length=12,
        choices=RegleDeDelai.Unite.choices,
        default=RegleDeDelai.Unite.CALENDAIRES,
    )
    reservation_jour_semaine = models.PositiveSmallIntegerField(
        "réserver : jour de la semaine précédente", null=True, blank=True, choices=JOURS_DE_LA_SEMAINE
    )
    reservation_heure = models.TimeField("réserver : heure limite", default=DERNIERE_MINUTE)
    annulation_jours = models.PositiveSmallIntegerField(
        "annuler : jours avant", default=2, validators=[MaxValueValidator(60)]
    )
    annulation_unite = models.CharField(
        "annuler : jours comptés",
        max_length=12,
        choices=RegleDeDelai.Unite.choices,
        default=RegleDeDelai.Unite.CALENDAIRES,
    )
    annulation_jour_semaine = models.PositiveSmallIntegerField(
        "annuler : jour de la semaine précédente", null=True, blank=True, choices=JOURS_DE_LA_SEMAINE
    )
    annulation_heure = models.TimeField("annuler : heure limite", default=DERNIERE_MINUTE)
    retard = models.CharField(
        "réservation tardive",
        max_length=12,
        choices=RegleDeRetard.Mode.choices,
        default=RegleDeRetard.Mode.REFUS,
        help_text="Ce que devient un repas réservé après l’heure limite. Jamais au-dessus du coût du repas (code de "
        "l’éducation, art. R531-53) : sans coût saisi avec le tarif, aucun supplément.",
    )
    retard_montant = models.DecimalField(
        "supplément ou prix unique (€), ou pourcentage",
        max_digits=6,
        decimal_places=2,
        default=0,
        validators=[MinValueValidator(0)],
    )
    retard_franchise = models.PositiveSmallIntegerField("retards sans supplément par an", default=0)
    retard_heure = models.TimeField(
        "réservation tardive jusqu’à",
        default=dt.time(8, 30),
        help_text="Le matin même.",
    )
    absence_heure = models.TimeField(
        "absence déclarée jusqu’à",
        default=dt.time(9, 0),
        null=True,
        blank=True,
        help_text="Le matin même, par un bouton de la page d’accueil. Vide : non proposé.",
    )
    absence_carence = models.PositiveSmallIntegerField(
        "jours de carence",
        default=1,
        validators=[MaxValueValidator(30)],
        help_text="Nombre de premiers jours d’absence de suite dont le repas reste dû.",
    )
    offre_heures = models.PositiveSmallIntegerField(
        "place proposée pendant (heures)",
        default=24,
        validators=[MinValueValidator(1), MaxValueValidator(240)],
        help_text="Temps laissé à une famille de la liste d’attente pour accepter la place qui se libère.",
    )
    courriel = models.EmailField(
        "adresse e-mail de la cantine", blank=True, help_text="Prévenue des absences du matin. Vide : pas d’e-mail."
    )
    tarification = models.ForeignKey(
        "Tarification",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="activites",
        verbose_name="tarification",
        help_text="Ses grilles donnent le prix selon le quotient familial. Sans elle, ou un jour sans grille : le prix "
        "de l’année, ci-dessous.",
    )
    active = models.BooleanField("en service", default=True)

    class Meta:
        verbose_name = "activité"
        verbose_name_plural = "activités"
        ordering = ["nom"]
        constraints = [
            models.CheckConstraint(
                condition=Q(jours__contained_by=[1, 2, 3, 4, 5, 6, 7]),
                name="activite_jours_de_la_semaine",
                violation_error_message="Les jours de service vont de 1 (lundi) à 7 (dimanche).",
            ),
            *(
                models.CheckConstraint(
                    condition=~Q(**{f"{verbe}_unite": RegleDeDelai.Unite.SEMAINE})
                    | Q(**{f"{verbe}_jour_semaine__isnull": False}),
                    name=f"activite_{verbe}_jour_de_la_semaine",
                    violation_error_message=f"Délai pour {mot} : choisissez le jour de la semaine précédente.",
                )
                for verbe, mot in VERBES.items()
            ),
            *(
                models.CheckConstraint(
                    condition=Q(**{f"{verbe}_unite": RegleDeDelai.Unite.SEMAINE})
                    | Q(**{f"{verbe}_jours__gt": 0})
                    | Q(**{f"{verbe}_heure__lte": FIN_DU_SERVICE}),
                    name=f"activite_{verbe}_avant_la_fin_du_repas",
                    violation_error_message=f"Délai pour {mot} : le jour même, l’heure limite est au plus tard 14 h.",
                )
                for verbe, mot in VERBES.items()
            ),
            models.CheckConstraint(
                condition=Q(retard_heure__lte=FIN_DU_SERVICE)
                & (Q(absence_heure__isnull=True) | Q(absence_heure__lte=FIN_DU_SERVICE)),
                name="activite_matin_avant_la_fin_du_repas",
                violation_error_message="Le jour même, l’heure limite est au plus tard 14 h.",
            ),
        ]

    def __str__(self):
        return self.nom

    @property
    def regle_reservation(self) -> RegleDeDelai:
        return RegleDeDelai(
            self.reservation_jours, self.reservation_unite, self.reservation_heure, self.reservation_jour_semaine
        )

    @property
    def regle_annulation(self) -> RegleDeDelai:
        return RegleDeDelai(
            self.annulation_jours, self.annulation_unite, self.annulation_heure, self.annulation_jour_semaine
        )

    @property
    def regle_retard(self) -> RegleDeRetard:
        return RegleDeRetard(self.retard, self.retard_montant, self.retard_franchise)

    def limite_tardive(self, jour: dt.date) -> dt.datetime | None:
        """Until when a meal of `jour` can be booked late; None when late bookings are refused."""
        if self.retard == RegleDeRetard.Mode.REFUS:
            return None
        return RegleDeDelai(0, RegleDeDelai.Unite.CALENDAIRES, self.retard_heure).limite(jour)

    def limite_absence(self, jour: dt.date) -> dt.datetime | None:
        """Until when an absence on `jour` can be declared; None when it cannot."""
        if self.absence_heure is None:
            return None
        return RegleDeDelai(0, RegleDeDelai.Unite.CALENDAIRES, self.absence_heure).limite(jour)


@pghistory.track()
class Fermeture(models.Model):
    """The canteen does not serve: works, strike, event. Without activity, the whole town."""

    activite = models.ForeignKey(
        Activite, models.CASCADE, null=True, blank=True, related_name="fermetures", verbose_name="activité"
    )
    debut = models.DateField("premier jour fermé")
    fin = models.DateField("dernier jour fermé")
    motif = models.CharField("motif", max_length=80, help_text="Tel que les parents le lisent dans le calendrier.")
    collective = models.ForeignKey(
        "AnnulationCollective",
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="fermetures",
        verbose_name="annulation collective",
    )

    class Meta:
        verbose_name = "fermeture"
        verbose_name_plural = "fermetures"
        ordering = ["-debut"]
        constraints = [
            models.CheckConstraint(
                condition=Q(fin__gte=F("debut")),
                name="fermeture_fin_apres_debut",
                violation_error_message="La fermeture finit le jour où elle commence, ou après.",
            )
        ]

    def __str__(self):
        return f"{self.motif} ({self.debut:%d/%m/%Y})"


@pghistory.track()
class Tarif(models.Model):
    """The flat price of a meal, per activity and year, and what a meal costs the town."""

    activite = models.ForeignKey(Activite, models.CASCADE, related_name="tarifs", verbose_name="activité")
    annee = models.ForeignKey("AnneeScolaire", models.CASCADE, related_name="tarifs", verbose_name="année scolaire")
    prix = models.DecimalField("prix du repas (€)", max_digits=6, decimal_places=2, validators=[MinValueValidator(0)])
    cout = models.DecimalField(
        "coût de revient du repas (€)",
        max_digits=6,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text="Aucun prix ni supplément ne le dépasse (code de l’éducation, art. R531-53).",
    )

    class Meta:
        verbose_name = "tarif"
        verbose_name_plural = "tarifs"
        ordering = ["annee", "activite"]
        constraints = [
            models.UniqueConstraint(
                fields=["activite", "annee"],
                name="tarif_unique",
                violation_error_message="Cette activité a déjà un prix pour cette année scolaire.",
            ),
            models.CheckConstraint(
                condition=Q(prix__gte=0), name="tarif_positif", violation_error_message="Le prix n’est pas négatif."
            ),
            models.CheckConstraint(
                condition=Q(cout__isnull=True) | Q(prix__lte=F("cout")),
                name="tarif_sous_le_cout",
                violation_error_message="Le prix du repas ne dépasse pas son coût (code de l’éducation, art. R531-53).",
            ),
        ]

    def __str__(self):
        return f"{self.activite}, {self.annee}"
