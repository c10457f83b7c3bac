"""What is served: the dishes of a date, for every service or for one."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q


class Allergene(models.TextChoices):
    """The fourteen substances to declare. Source: regulation (EU) n° 1169/2011, annex II."""

    GLUTEN = "gluten", "Gluten"
    CRUSTACES = "crustaces", "Crustacés"
    OEUFS = "oeufs", "Œufs"
    POISSONS = "poissons", "Poissons"
    ARACHIDES = "arachides", "Arachides"
    SOJA = "soja", "Soja"
    LAIT = "lait", "Lait"
    FRUITS_A_COQUE = "fruits_a_coque", "Fruits à coque"
    CELERI = "celeri", "Céleri"
    MOUTARDE = "moutarde", "Moutarde"
    SESAME = "sesame", "Sésame"
    SULFITES = "sulfites", "Sulfites"
    LUPIN = "lupin", "Lupin"
    MOLLUSQUES = "mollusques", "Mollusques"


class MenuQuerySet(models.QuerySet):
    def de_la_semaine(self, debut, fin) -> "MenuQuerySet":
        return self.filter(date__range=(debut, fin)).prefetch_related("plats")

    def pour(self, activites) -> "MenuQuerySet":
        """Those of these services, and those of every service."""
        return self.filter(Q(activite__in=activites) | Q(activite=None))


class Menu(models.Model):
    """The meal of one date. Without activity it is that of every service; one of an activity replaces it there."""

    date = models.DateField("date")
    activite = models.ForeignKey(
        "Activite",
        models.CASCADE,
        null=True,
        blank=True,
        related_name="menus",
        verbose_name="activité",
        help_text="Vide : le même repas pour tous les services.",
    )
    remarque = models.CharField("remarque", max_length=120, blank=True, help_text="Par exemple Repas de Noël.")

    objects = MenuQuerySet.as_manager()

    class Meta:
        verbose_name = "menu"
        verbose_name_plural = "menus"
        ordering = ["date", "activite"]
        constraints = [
            models.UniqueConstraint(
                fields=["date", "activite"],
                name="menu_unique",
                nulls_distinct=False,
                violation_error_message="Il y a déjà un menu de cette date pour ce service.",
            )
        ]

    def __str__(self):
        return f"Menu du {self.date:%d/%m/%Y}"


class Plat(models.Model):
    """A dish of a menu, with its regulated allergens and its signs."""

    class Composante(models.TextChoices):
        ENTREE = "entree", "Entrée"
        PLAT = "plat", "Plat"
        GARNITURE = "garniture", "Garniture"
        LAITAGE = "laitage", "Produit laitier"
        DESSERT = "dessert", "Dessert"

    menu = models.ForeignKey(Menu, models.CASCADE, related_name="plats", verbose_name="menu")
    composante = models.CharField("composante", max_length=10, choices=Composante.choices)
    libelle = models.CharField("plat", max_length=120)
    allergenes = ArrayField(
        models.CharField(max_length=15, choices=Allergene.choices), verbose_name="allergènes", default=list, blank=True
    )
    vegetarien = models.BooleanField("végétarien", default=False)
    local = models.BooleanField("produit local", default=False)
    ordre = models.PositiveSmallIntegerField("ordre", default=1)

    class Meta:
        verbose_name = "plat"
        verbose_name_plural = "plats"
        ordering = ["menu", "ordre", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["menu", "composante", "libelle"],
                name="plat_unique",
                violation_error_message="Ce plat est déjà au menu.",
            ),
            models.CheckConstraint(
                condition=Q(allergenes__contained_by=[code for code, _ in Allergene.choices]),
                name="plat_allergenes_connus",
                violation_error_message="Un allergène est l’un des quatorze de la réglementation.",
            ),
        ]

    def __str__(self):
        return self.libelle
