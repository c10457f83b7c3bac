"""What an agent who helps a household may open of its pages. Pure: the name of a page, yes or no."""

# Of « comptes », what is named here and nothing else: the rest is the person's own way in, or the agent's.
COMPTES = {
    "compte",
    "telephones",
    "demander_adresse",
    "demander_quotient",
    "retirer_demande",
    "historique_foyer",
    "choisir_rappels",
    "contacts",
    "ajouter_contact",
    "importer_contacts",
    "modifier_contact",
    "supprimer_contact",
    "monter_contact",
    "descendre_contact",
    "documents",
    "telecharger_document",
    "supprimer_document",
    "documents_de_la_ville",
    "document_de_la_ville",
    "notifications",
    "ouvrir_notification",
    "deconnexion",
    "prolonger_session",
    "aider",
    "terminer_aide",
}
# Elsewhere everything but these: an address that is the reader's own, the export and the erasure of a household.
REFUSEES = {
    "reservations:flux",
    "portail:donnees",
    "portail:demander_effacement",
    "portail:retirer_effacement",
}
# What a form of another moment may still do: it concerns the agent, or carries its own household in its address.
SANS_FOYER = {
    "comptes:aider",
    "comptes:deconnexion",
    "comptes:prolonger_session",
    "portail:effacement",
    "portail:effacements",
}
CHAMP = "foyer_aide"  # the household that was helped when the form was shown


def ouverte_en_aidant(page) -> bool:
    """`page`: what the address resolves to (`app_name`, `url_name`, `view_name`)."""
    if page.app_name == "comptes":
        return page.url_name in COMPTES
    return page.view_name not in REFUSEES


def formulaire_perime(page, *, montre: str, famille: int | None) -> bool:
    """Whether a form was shown when another household was helped, or none: two tabs of an agent share one session.

    `montre`: what the form carries (`CHAMP`), empty when nobody was helped; `famille`: who is helped now.
    """
    if page.app_name == "admin" or page.view_name in SANS_FOYER:
        return False
    if famille is None and page.view_name == "comptes:terminer_aide":
        return False
    return montre != ("" if famille is None else str(famille))
