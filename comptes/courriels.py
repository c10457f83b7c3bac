"""Bootstrap."""

from django.template.loader import render_to_string
from post_office import mail


def mettre_en_file(*, destinataires: list[str], gabarit: str, contexte: dict, sujet: str) -> None:
    mail.send(destinataires, subject=sujet, message=render_to_string(f"courriels/{gabarit}.txt", contexte))
