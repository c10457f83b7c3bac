"""The pages of the simulated PayFiP: pay, what was chosen, and its faults. No script; one sheet of its own."""

from decimal import Decimal
from html import escape
from pathlib import Path

from comptes.francais import euros
from portail.payfip_simule.etat import Notifications, Operation, Simulateur

CHOIX = {
    "P": "Payer par carte",
    "V": "Payer par prélèvement",
    "R": "Faire refuser la carte",
    "Z": "Faire refuser le prélèvement",
    "A": "Abandonner",
}
SUITES = {
    "P": "Paiement par carte accepté",
    "V": "Prélèvement accepté",
    "R": "Paiement par carte refusé",
    "Z": "Prélèvement refusé",
    "A": "Paiement abandonné",
}
MODES = {"T": "essai", "X": "activation", "W": "production"}
NOMS = {
    Notifications.NORMALES: "Envoyées aussitôt",
    Notifications.PERDUES: "Perdues",
    Notifications.EN_RETARD: "En retard, jusqu’à ce que vous les livriez",
    Notifications.DOUBLEES: "Envoyées deux fois",
    Notifications.FORGEES: "Remplacées par des fausses",
}
STYLE = (Path(__file__).parent / "simulateur.css").read_bytes()


def _page(titre: str, corps: str) -> bytes:
    return (
        (
            f'<!DOCTYPE html><html lang="fr"><head><meta charset="utf-8">'
            f'<meta name="viewport" content="width=device-width, initial-scale=1">'
            f'<title>{titre} – PayFiP simulé</title><link rel="stylesheet" href="/simulateur.css"></head><body>'
            f"<header><p>Simulateur de paiement : aucune somme n’est débitée, ne saisissez rien de vrai.</p></header>"
            f"<main><h1>{titre}</h1>{corps}</main></body></html>"
        )
        .replace(" :", "\N{NO-BREAK SPACE}:")
        .encode()
    )


def _resume(operation: Operation) -> str:
    demande = operation.demande
    montant = euros(Decimal(int(demande["montant"])) / 100)
    lignes = [
        ("Montant", montant),
        ("Objet", demande.get("objet", "")),
        ("Référence", demande["refdet"]),
        ("Régie", demande["numcli"]),
        ("Mode", MODES[demande["saisie"]]),
    ]
    return f"<dl>{''.join(f'<dt>{n}</dt><dd>{escape(v)}</dd>' for n, v in lignes)}</dl>"


def payer(operation: Operation) -> bytes:
    boutons = "".join(
        f'<button class="bouton{" plein" if code in "PV" else ""}" name="choix" value="{code}">{nom}</button>'
        for code, nom in CHOIX.items()
    )
    return _page(
        "Régler une dette publique",
        f'<div class="carte">{_resume(operation)}</div><form method="post" action="/tpa/paiementws.web">'
        f'<input type="hidden" name="idop" value="{escape(operation.idop)}">{boutons}</form>',
    )


def fait(operation: Operation) -> bytes:
    retour = operation.demande.get("urlredirect", "")
    suite = f'<a class="bouton plein" href="{escape(retour)}">Revenir au portail</a>' if retour[:4] == "http" else ""
    titre = SUITES[operation.resultat]
    return _page(titre, f'<div class="carte" role="status">{_resume(operation)}</div>{suite}')


def impossible() -> bytes:
    texte = "Cette page de paiement n’existe pas, est terminée, ou a plus de quinze minutes. Revenez sur le portail."
    return _page("Paiement indisponible", f"<p>{texte}</p>")


def panne() -> bytes:
    return _page("Service indisponible", "<p>Le service de paiement est arrêté. Réessayez plus tard.</p>")


def reglages(simulateur: Simulateur, dit: str = "") -> bytes:
    choix = "".join(
        f'<label><input type="radio" name="notifications" value="{n.value}"'
        f"{' checked' if n is simulateur.notifications else ''}> {nom}</label>"
        for n, nom in NOMS.items()
    )
    coche = " checked" if simulateur.en_panne else ""
    etat = f"<p>En mémoire : {len(simulateur.operations)}. Notifications en retard : {len(simulateur.en_attente)}.</p>"
    return _page(
        "Pannes du PayFiP simulé",
        (f'<p class="carte" role="status">{escape(dit)}</p>' if dit else "")
        + etat
        + '<form method="post" action="/simulateur/">'
        f"<fieldset><legend>Notifications</legend>{choix}</fieldset>"
        f'<fieldset><legend>Service</legend><label><input type="checkbox" name="panne" value="1"{coche}>'
        " En panne</label></fieldset>"
        '<button class="bouton plein" name="geste" value="regler">Enregistrer</button>'
        '<button class="bouton" name="geste" value="livrer">Livrer les notifications en retard</button>'
        '<button class="bouton" name="geste" value="rejeter">Rejeter les prélèvements acceptés</button>'
        '<button class="bouton" name="geste" value="purger">Purger comme la nuit</button></form>',
    )
