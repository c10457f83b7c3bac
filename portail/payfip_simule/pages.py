"""The pages of the simulated PayFiP: pay, what was chosen, and its faults. No script; one sheet of its own."""

from decimal import Decimal
from html import escape

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
STYLE = """
:root { color-scheme: light dark; --fond: #f4f6f8; --carte: #fff; --encre: #16202b; --trait: #b9c4cf; --bleu: #1b4f9c; --sur: #fff; }
@media (prefers-color-scheme: dark) {
  :root { --fond: #10161d; --carte: #1a232d; --encre: #eef2f6; --trait: #4a5a6a; --bleu: #8ab8ff; --sur: #10161d; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--fond); color: var(--encre); font: 1rem/1.55 Verdana, Arial, sans-serif; }
header, main { max-width: 40rem; margin: 0 auto; padding: 1rem; }
header p { margin: 0; font-weight: bold; border: 2px dashed; padding: .5rem .75rem; }
.carte { background: var(--carte); border: 1px solid var(--trait); border-radius: 10px; padding: 1rem; margin: 0 0 1rem; }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .25rem 1rem; margin: 0; }
dd { margin: 0; font-weight: bold; overflow-wrap: anywhere; }
form { display: flex; flex-direction: column; gap: .75rem; }
fieldset { border: 1px solid var(--trait); border-radius: 8px; }
label { display: block; padding: .35rem 0; }
.bouton { display: block; width: 100%; min-height: 48px; padding: .6rem 1rem; border: 2px solid var(--bleu); border-radius: 8px;
  background: var(--carte); color: var(--bleu); font: inherit; font-weight: bold; text-align: center; text-decoration: none; cursor: pointer; }
.bouton.plein { background: var(--bleu); color: var(--sur); }
:focus-visible { outline: 3px solid var(--bleu); outline-offset: 2px; }
"""


def _page(titre: str, corps: str) -> bytes:
    return (
        (
            f'<!DOCTYPE html><html lang="fr"><head><meta charset="utf-8">'
            f'<meta name="viewport" content="width=device-width, initial-scale=1">'
            f'<title>{titre} – PayFiP simulé</title><link rel="stylesheet" href="/simulateur.css"></head><body>'
            f"<header><p>Simulateur de paiement : aucune somme n’est débitée, ne saisissez rien de vrai.</p></header>"
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
    etat = f"<p>{len(simulateur.operations)} opérations en mémoire, {len(simulateur.en_attente)} notifications en retard.</p>"
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
