"""The formatters of `comptes.francais` as template filters (a builtin library: no `{% load %}`)."""

from django import template
from django.template.defaulttags import CsrfTokenNode
from django.utils.html import format_html

from comptes import francais
from comptes.regles_aide import CHAMP

register = template.Library()
for _nom in (
    "euros",
    "date_courte",
    "date_longue",
    "date_sans_annee",
    "mois_long",
    "heure",
    "instant_long",
    "jour_long",
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


class JetonDuFormulaire(CsrfTokenNode):
    """Django's own, and in every form the household that the agent helps: another tab may help another by then."""

    def render(self, context):
        jeton = super().render(context)
        famille = getattr(getattr(context, "request", None), "famille_aidee", None)
        if not jeton or famille is None:
            return jeton
        return jeton + format_html('<input type="hidden" name="{}" value="{}">', CHAMP, str(famille.pk))


@register.tag
def csrf_token(parser, token):
    return JetonDuFormulaire()
