"""The administration as an agent uses it: open a page, change some fields, save, read what it says."""

from django.test import Client
from django.urls import reverse

from comptes.roles import creer_agent
from reservations.models import Fermeture


def agent(role) -> Client:
    compte, _ = creer_agent(courriel=f"{role}@exemple.fr", role=role)
    client = Client()
    client.force_login(compte)
    return client


def lu(formulaire) -> dict:
    """What a browser would send back of a form, or of a set of forms, as it was shown."""
    champs = {}
    for champ in formulaire:
        valeur = champ.value()
        if champ.name in formulaire.fields and not champ.field.disabled and valeur is not None and valeur is not False:
            widget = champ.field.widget
            prefixe = champ.html_name
            if hasattr(widget, "widgets") or hasattr(getattr(widget, "widget", None), "widgets"):
                interne = getattr(widget, "widget", widget)
                for suffixe, partie in zip(("_0", "_1"), interne.decompress(valeur), strict=True):
                    champs[prefixe + suffixe] = str(partie)
            else:
                champs[prefixe] = list(map(str, valeur)) if isinstance(valeur, list) else str(valeur)
    return champs


def adresse(page, objet_ou_modele, *cles) -> str:
    meta = objet_ou_modele._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_{page}", args=cles)


def envoyer(client, url, **changements):
    """Open a page of the administration, change some fields, save. A field set to None is emptied."""
    reponse = client.get(url)
    assert reponse.status_code == 200
    donnees = lu(reponse.context["adminform"].form)
    for formset in reponse.context["inline_admin_formsets"]:
        donnees |= lu(formset.formset.management_form)
        for form in formset.formset.forms:
            donnees |= lu(form)
    donnees |= changements
    return client.post(url, {nom: valeur for nom, valeur in donnees.items() if valeur is not None}, follow=True)


def modifier(client, objet, **changements):
    return envoyer(client, adresse("change", objet, objet.pk), **changements)


def paroles(reponse) -> str:
    """What the page tells after a save; errors of the form make the test fail."""
    formulaire = reponse.context.get("adminform")
    assert not (formulaire and formulaire.form.is_bound), reponse.context["errors"]
    return " ".join(map(str, reponse.context["messages"])).replace("\xa0", " ")


def refus(reponse) -> str:
    """The errors that the form shows."""
    assert reponse.context["errors"], reponse.context["messages"]
    listes = [[e] if isinstance(e, str) else e for e in reponse.context["errors"]]  # of the form, of a set of forms
    return " ".join(str(e) for liste in listes for e in liste).replace("\xa0", " ")


def fermer(client, **champs):
    """Close the canteens of the town on 10 and 11 December 2026, for a strike."""
    donnees = {"motif": "Grève", "debut": "10/12/2026", "fin": "11/12/2026"} | champs
    return envoyer(client, adresse("add", Fermeture), **donnees)
