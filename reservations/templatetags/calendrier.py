"""The cells of the calendar, written by Python: a page has 35 to 42, and as a template each cost 25 nodes."""

import datetime as dt

from django import template
from django.utils import timezone
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from reservations.calendrier import Case
from reservations.lecture_menus import code_de, lundi_de

register = template.Library()


@register.filter
def semaine_des_menus(premier: dt.date) -> str:
    """`{{ mois.premier|semaine_des_menus }}`: `2026-W49`, the week of today, else the first of the month."""
    aujourdhui = timezone.localdate()
    dedans = (aujourdhui.year, aujourdhui.month) == (premier.year, premier.month)
    return code_de(lundi_de(aujourdhui if dedans else premier))


@register.filter
def cellule(case: Case, prenom: str) -> SafeString:
    """`{{ case|cellule:prenom }}`: the `<td>` of a day, with its box when it can change. Everything said is escaped."""
    effacee = " we" if case.effacee else ""
    numero = f"<b>{case.date.day}</b>"
    if not case.dans_le_mois:
        return mark_safe(f'<td class="hors{effacee}"><div class="case" aria-hidden="true">{numero}</div></td>')  # noqa: S308  # nosec B308 B703
    jour, delais, mot = case.date.isoformat(), escape(case.delais), escape(case.mot)
    classes = "".join(
        (
            "jour",
            effacee,
            " fige" if case.fige else "",
            " tardif" if case.tardif else "",
            " aujourdhui" if case.aujourdhui else "",
            f" {case.change}" if case.change else "",
        )
    )
    if case.cochable:
        nom = escape(f"{prenom}, {case.jour_en_lettres}, {case.mot.lower()}")
        signe = f"{case.signe} " if case.signe else ""
        dedans = (
            f'<label class="case" title="{delais}"><input type="checkbox" autocomplete="off" name="jours" '
            f'value="{jour}" aria-label="{nom}"{" checked" if case.coche else ""}>{numero}'
            f'<span class="mot">{signe}{mot}</span></label>'
        )
    else:
        signe = f'<span aria-hidden="true">{case.signe} </span>' if case.signe else ""
        dit = f'<span class="mot">{signe}{_mots(case)}</span>' if case.mot else ""
        titre = f' title="{delais}"' if case.delais else ""
        dedans = f'<div class="case"{titre}>{numero}{dit}</div>'
    ici = ' aria-current="date"' if case.aujourdhui else ""
    td = f'<td class="{classes}" data-date="{jour}" data-etat="{escape(case.etat)}"{ici}>{dedans}</td>'
    return mark_safe(td)  # noqa: S308  # nosec B308 B703  what comes from the database is escaped above


def _mots(case: Case) -> str:
    """As `_mot.html`: on a phone, the word of a closure whose reason has no room; the whole is read aloud."""
    mot = escape(case.mot)
    if not case.mot_court:
        return mot
    court = f'<span class="sur-telephone" aria-hidden="true">{escape(case.mot_court)}</span>'
    return f'{court}<span class="entier">{mot}</span>'
