"""The contract: SOAP 1.1, document/literal. The WSDL and its schemas are those that `eopayment` carries."""

from importlib.resources import files

from lxml import etree
from lxml.builder import ElementMaker

from portail.payfip_simule.etat import Fonctionnelle, Simulateur

ENVELOPPE = "http://schemas.xmlsoap.org/soap/envelope/"
SERVICE = (
    "http://securite.service.tpa.cp.finances.gouv.fr/services/mas_securite/contrat_paiement_securise"
    "/PaiementSecuriseService"
)
EXCEPTION = "fr.gouv.finances.cp.tpa.webservice.exceptions.FonctionnelleErreur"
TRESOR = b"https://www.payfip.gouv.fr"
S = ElementMaker(namespace=ENVELOPPE, nsmap={"S": ENVELOPPE})
T = ElementMaker(namespace=SERVICE, nsmap={"t": SERVICE})
N = ElementMaker()


def contrat(nom: str, adresse: str) -> bytes | None:
    """The WSDL (`nom` empty), or one of its schemas; None for anything else. `adresse` is where we answer."""
    noms = [f"PaiementSecuriseService_schema{n}.xsd" for n in (1, 2, 3)]
    if nom and nom not in noms:
        return None
    ressource = files("eopayment") / "resource" / (nom or "PaiementSecuriseService.wsdl")
    return ressource.read_bytes().replace(TRESOR, adresse.encode())


def _lire(corps: bytes) -> tuple[str, dict[str, str]]:
    """The operation asked, and the fields of its `arg0`."""
    arbre = etree.fromstring(corps, etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True))
    demande = arbre.find(f"{{{ENVELOPPE}}}Body/*")
    if demande is None:
        raise ValueError("enveloppe vide")
    champs = {etree.QName(c).localname: c.text or "" for c in demande.findall("arg0/*")}
    return etree.QName(demande).localname, champs


def repondre(simulateur: Simulateur, corps: bytes) -> tuple[int, bytes]:
    """Status and envelope. What is no request of the contract is a ValueError or an XML error of the caller's."""
    operation, champs = _lire(corps)
    try:
        rendu = _faire(simulateur, operation, champs)
    except Fonctionnelle as faute:
        detail = T.FonctionnelleErreur(N.code(faute.code), N.descriptif(faute.libelle), N.libelle(""), N.severite("2"))
        dans = S.Fault(N.faultcode("S:Server"), N.faultstring(EXCEPTION), N.detail(detail))
        return 500, _enveloppe(dans)
    reponse = T(f"{operation}Response", N("return", *[N(nom, valeur) for nom, valeur in rendu.items()]))
    return 200, _enveloppe(reponse)


def _faire(simulateur: Simulateur, operation: str, champs: dict[str, str]) -> dict[str, str]:
    if operation == "creerPaiementSecurise":
        return {"idOp": simulateur.creer(champs)}
    if operation == "recupererDetailPaiementSecurise":
        return simulateur.detail(champs.get("idOp", ""))
    if operation == "recupererDetailClient":
        return {"libelleN1": "PAYFIP SIMULE", "libelleN2": "REGIE DE DEMONSTRATION", "numcli": champs.get("numCli", "")}
    raise ValueError("opération inconnue")


def _enveloppe(contenu) -> bytes:
    return etree.tostring(S.Envelope(S.Body(contenu)), xml_declaration=True, encoding="UTF-8")
