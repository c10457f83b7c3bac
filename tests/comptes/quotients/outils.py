"""What the tests of quotients share."""

import datetime as dt
import re

from django.urls import reverse

from comptes.models import QuotientFamilial

SEPTEMBRE, OCTOBRE = dt.date(2026, 9, 1), dt.date(2026, 10, 1)


def texte(reponse) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", reponse.content.decode()).replace("\N{NO-BREAK SPACE}", " ").split())


def page(demande) -> str:
    return reverse("admin:comptes_demande_change", args=[demande.pk])


def connus() -> list[tuple]:
    return list(QuotientFamilial.objects.order_by("pk").values_list("valeur", "mois", "source"))
