"""PayZen (Lyra), through `eopayment`: a second gateway, proven by its signature alone, without asking anybody.

It does not answer questions here: the notification is the result, signed with the shop's key. A signed one is kept with
our row, and `resultat` reads it again from there, so a row means the same whatever came in between.
"""

from urllib.parse import parse_qs, urlsplit

from django.conf import settings
from eopayment.common import CANCELLED, DENIED, PAID, PaymentException, PaymentResponse
from eopayment.payzen import Payment

from facturation.passerelle import (
    Adresses,
    Demande,
    DemandeRefusee,
    Depart,
    Etat,
    Indice,
    Moyen,
    PasEncore,
    PasserelleIndisponible,
    Resultat,
    centimes,
    court,
)

NOM = "payzen"
ILLISIBLE = (PaymentException, AttributeError, TypeError, ValueError, KeyError, IndexError)
MODES = {"TEST": "T", "PRODUCTION": "W"}
ETATS = {PAID: Etat.PAYE, DENIED: Etat.REFUSE, CANCELLED: Etat.ABANDONNE}
LUS = ("vads_result", "vads_auth_result", "vads_auth_number", "vads_trans_id", "vads_trans_date", "vads_trans_uuid")


def identite() -> tuple[str, str]:
    return settings.PAYZEN["vads_site_id"], MODES[settings.PAYZEN["vads_ctx_mode"]]


def origine() -> str:
    morceaux = urlsplit(Payment.service_url)
    return f"{morceaux.scheme}://{morceaux.netloc}"


def _lien(**options) -> Payment:
    return Payment({"signature_algo": "hmac_sha256", **settings.PAYZEN, **options})


def demander(demande: Demande, objet: str, adresses: Adresses) -> Depart:
    lien = _lien(normal_return_url=adresses.retour, automatic_return_url=adresses.notification)
    try:
        idop, _, formulaire = lien.request(
            amount=demande.montant,
            email=demande.courriel,
            orderid=demande.refdet,
            transaction_id=demande.refdet,
            info1=objet,
        )
    except ILLISIBLE as erreur:
        raise DemandeRefusee(type(erreur).__name__) from erreur
    return Depart(url=Payment.service_url, idop=idop, champs={c["name"]: c["value"] for c in formulaire.fields})


def _signee(corps: str) -> PaymentResponse | None:
    """The answer, when the key of the shop signed it."""
    try:
        reponse = _lien().response(corps)
    except ILLISIBLE:
        return None
    return reponse if reponse.signed else None


def resultat(demande: Demande) -> Resultat:
    signees = [lue for corps in demande.memoire.get("preuves", []) if (lue := _signee(corps))]
    if not signees:
        raise PasEncore("sans notification")
    # Another card may have been accepted after one that was not.
    reponse = next((lue for lue in signees if lue.result == PAID), signees[-1])
    champs = {nom: court(valeur) for nom, valeur in reponse.bank_data.items() if isinstance(nom, str)}
    if reponse.result not in ETATS or champs.get("vads_currency") != "978":
        raise PasserelleIndisponible(f"vads_result {champs.get('vads_result', '')}")
    return Resultat(
        etat=ETATS[reponse.result],
        moyen=Moyen.CARTE,
        code=champs["vads_result"],
        montant=centimes(champs.get("vads_amount", "")),
        refdet=champs.get("vads_order_id", ""),
        numcli=champs.get("vads_site_id", ""),
        saisie=MODES.get(champs["vads_ctx_mode"], ""),
        recu_le=reponse.transaction_date,
        brut={nom: champs[nom] for nom in LUS if nom in champs},
    )


def lire_notification(corps: str) -> Indice | None:
    """Only what the shop's key signed; `preuve` is kept whole, for the signature covers it whole."""
    if len(corps) > 8_000:
        return None
    reponse = _signee(corps)
    if reponse is None:
        return None
    commande = parse_qs(corps).get("vads_order_id", [""])[0]
    return Indice(idop=commande[:64], preuve=corps) if commande else None
