"""PayFiP, the Treasury's service, through `eopayment`. Source: « Guide de mise en œuvre PayFiP régie, web service ».

Two traps of the library: its payment page is a constant, so ours is built here; and it raises what its XML tree
raises when a fault is not of its shape. Nothing that comes back is read before it is bounded.
"""

import datetime as dt
import time
from functools import lru_cache
from urllib.parse import parse_qs, urlencode, urlsplit

import requests
import zeep
from django.conf import settings
from eopayment.common import PaymentException
from eopayment.payfip_ws import PAYMENT_URL, PayFiP, PayFiPError, Payment, normalize_objet

from facturation.passerelle import (
    DELAI,
    DELAI_TOTAL,
    OCTETS_AU_PLUS,
    PARIS,
    Adresses,
    CourrielRefuse,
    Demande,
    DemandeRefusee,
    Depart,
    ErreurDePasserelle,
    Etat,
    Indice,
    Moyen,
    PasEncore,
    PasInconnu,
    PasserelleIndisponible,
    Resultat,
    centimes,
    court,
)

NOM = "payfip"
# What a hostile answer makes the library raise besides its own errors.
ILLISIBLE = (PaymentException, AttributeError, TypeError, ValueError, KeyError, IndexError)
ETATS = {
    "P": (Etat.PAYE, Moyen.CARTE),
    "V": (Etat.PAYE, Moyen.PRELEVEMENT),
    "R": (Etat.REFUSE, Moyen.CARTE),
    "Z": (Etat.REFUSE, Moyen.PRELEVEMENT),
    "A": (Etat.ABANDONNE, Moyen.CARTE),
}
LUS = ("dattrans", "exer", "heurtrans", "idOp", "montant", "numauto", "numcli", "refdet", "resultrans", "saisie")


class Transport(zeep.Transport):
    """Answers are bounded in bytes and in time; zeep's own reads all that comes, for as long as it comes."""

    def post(self, address, message, headers):
        fin = time.monotonic() + DELAI_TOTAL
        reponse = self.session.post(
            address, data=message, headers=headers, timeout=self.operation_timeout, stream=True, allow_redirects=False
        )
        lus = bytearray()
        for morceau in reponse.iter_content(8192):
            lus += morceau
            if len(lus) > OCTETS_AU_PLUS or time.monotonic() > fin:
                reponse.close()
                raise requests.RequestException("réponse trop longue")
        reponse._content = bytes(lus)
        return reponse


@lru_cache(maxsize=4)
def _client(wsdl: str) -> PayFiP:
    """One for each process: reading the contract costs a tenth of a second. A failed reading is tried again."""
    reglages = zeep.Settings(forbid_dtd=True, forbid_entities=True, strict=True)
    transport = Transport(timeout=DELAI, operation_timeout=DELAI)
    return PayFiP(wsdl_url=wsdl or None, zeep_client_kwargs={"settings": reglages, "transport": transport})


def _lien() -> PayFiP:
    url = settings.PAYFIP["url"]
    return _client(f"{url}/tpa/services/securite?wsdl" if url else "")


def _page() -> str:
    url = settings.PAYFIP["url"]
    return f"{url}/tpa/paiementws.web" if url else PAYMENT_URL


def identite() -> tuple[str, str]:
    return settings.PAYFIP["numcli"], settings.PAYFIP["saisie"]


def origine() -> str:
    morceaux = urlsplit(_page())
    return f"{morceaux.scheme}://{morceaux.netloc}"


def _erreur(erreur: Exception, refus: type[ErreurDePasserelle]) -> ErreurDePasserelle:
    """What the library raised, in our words. A functional fault is an answer; anything else is a service down."""
    code = court(getattr(erreur, "code", ""))
    if not isinstance(erreur, PayFiPError) or not (len(code) == 2 and code[0].isupper() and code[1].isdigit()):
        return PasserelleIndisponible(court(getattr(erreur, "code", "")) or type(erreur).__name__)
    return {"P1": PasInconnu, "P5": PasEncore, "A2": CourrielRefuse}.get(code, refus)(code)


def demander(demande: Demande, objet: str, adresses: Adresses) -> Depart:
    options = {
        "numcli": demande.numcli,
        "saisie": demande.saisie,
        "normal_return_url": adresses.retour,
        "automatic_return_url": adresses.notification,
    }
    paiement = Payment(options)
    paiement.payfip = _lien()
    try:
        idop, _, _ = paiement.request(
            amount=demande.montant,
            email=demande.courriel,
            refdet=demande.refdet,
            exer=demande.exercice,
            subject=normalize_objet(objet),
            timeout=DELAI,
        )
    except ILLISIBLE as erreur:
        raise _erreur(erreur, DemandeRefusee) from erreur
    # The response's own field: the library makes a text of whatever came, « None » too.
    idop = _idop(idop)
    if not idop:
        raise PasserelleIndisponible("sans idOp")
    return Depart(url=f"{_page()}?{urlencode({'idop': idop})}", idop=idop)


def resultat(demande: Demande) -> Resultat:
    try:
        reponse = _lien().get_info_paiement(demande.idop, timeout=DELAI)
        brut = {nom: court(reponse[nom]) for nom in LUS}
    except ILLISIBLE as erreur:
        raise _erreur(erreur, PasserelleIndisponible) from erreur
    if brut["resultrans"] not in ETATS:
        raise PasserelleIndisponible(f"resultrans {brut['resultrans'][:20]}")
    if brut["idOp"] not in {"", demande.idop}:
        raise PasserelleIndisponible("autre idOp")
    etat, moyen = ETATS[brut["resultrans"]]
    return Resultat(
        etat=etat,
        moyen=moyen,
        code=brut["resultrans"],
        montant=centimes(brut["montant"]),
        refdet=brut["refdet"],
        numcli=brut["numcli"],
        saisie=brut["saisie"],
        recu_le=_instant(brut["dattrans"], brut["heurtrans"]),
        brut=brut,
    )


def lire_notification(corps: str) -> Indice | None:
    """`idop` alone, unsigned: a hint. Any other field is ignored."""
    try:
        champs = parse_qs(corps, max_num_fields=20)
    except ValueError:
        return None
    idop = next((_idop(valeurs[0]) for nom, valeurs in champs.items() if nom.lower() == "idop"), "")
    return Indice(idop) if idop else None


def _idop(brut: object) -> str:
    texte = str(brut)
    return (
        texte if len(texte) <= 64 and texte != "None" and texte.replace("-", "").isalnum() and texte.isascii() else ""
    )


def _instant(jour: str, heure: str) -> dt.datetime | None:
    """JJMMAAAA and HHMM, in Paris."""
    try:
        return dt.datetime.strptime(f"{jour} {heure}", "%d%m%Y %H%M").replace(tzinfo=PARIS)
    except ValueError:
        return None
