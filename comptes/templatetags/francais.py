"""The formatters of `comptes.francais` as template filters (a builtin library: no `{% load %}`)."""

from django import template

from comptes import francais

register = template.Library()
for _nom in (
    "euros",
    "date_courte",
    "date_longue",
    "date_sans_annee",
    "mois_long",
    "heure",
    "instant_long",
    "limite",
    "de",
):
    register.filter(_nom, getattr(francais, _nom))


@register.filter
def compter(n: int, mots: str) -> str:
    """`{{ n|compter:"repas réservé,repas réservés" }}`."""
    return francais.nombre(n, *mots.split(","))


@register.filter
def age(naissance, aujourdhui) -> str:
    return francais.age(naissance, aujourdhui)
