"""The door to gateways: hostile answers are a sentence, a signature alone proves, production refuses the simulator."""

import threading
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from urllib.parse import urlencode

import pytest
import requests
from django.core.exceptions import ImproperlyConfigured
from eopayment.payzen import Payment

from facturation import passerelle_payfip, passerelle_payzen
from facturation.passerelle import (
    Adresses,
    DemandeRefusee,
    ErreurDePasserelle,
    Etat,
    PasEncore,
    PasInconnu,
    PasserelleIndisponible,
    centimes,
)
from portail.payfip_simule import soap
from portail.payfip_simule.etat import Simulateur, champ_fautif
from portail.reglages_paiement import verifier_les_passerelles
from tests.facturation.payfip import servir

D = Decimal
ADRESSES = Adresses("https://portail.exemple.fr/retour/", "https://portail.exemple.fr/notification/")


def demande(**champs):
    de_base = {
        "montant": D("14.91"), "refdet": "F2026000001ABCD", "numcli": "123456", "saisie": "T", "exercice": "2026",
        "courriel": "camille@exemple.fr", "idop": "abc123", "memoire": {},
    }  # fmt: skip
    return SimpleNamespace(**{**de_base, **champs})


# --- Hostile answers --------------------------------------------------------------------------------------------------
class Hostile(ThreadingHTTPServer):
    """The true contract, then any answer to any request."""

    daemon_threads = True
    statut, corps, genre, attendre = 200, b"", "text/xml", None

    class Reponses(BaseHTTPRequestHandler):
        def log_message(self, *mots):
            pass

        def _dire(self, statut, corps, genre):
            self.send_response(statut)
            self.send_header("Content-Type", genre)
            self.send_header("Content-Length", str(len(corps)))
            self.end_headers()
            self.wfile.write(corps)

        def do_GET(self):
            nom = "" if self.path.endswith("?wsdl") else self.path.rpartition("/")[2]
            self._dire(200, soap.contrat(nom, self.server.adresse), "text/xml")

        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            if self.server.attendre:
                self.server.attendre.wait(10)
            self._dire(self.server.statut, self.server.corps, self.server.genre)

    def __init__(self):
        super().__init__(("127.0.0.1", 0), self.Reponses)
        self.adresse = f"http://127.0.0.1:{self.server_address[1]}"


@pytest.fixture(scope="module")
def hostile():
    with servir(Hostile()) as serveur:
        yield serveur


def enveloppe(dedans: str, tete: str = "") -> bytes:
    return f'{tete}<S:Envelope xmlns:S="{soap.ENVELOPPE}"><S:Body>{dedans}</S:Body></S:Envelope>'.encode()


def reponse(champs: str, tete: str = "") -> bytes:
    nom = "t:recupererDetailPaiementSecuriseResponse"
    return enveloppe(f'<{nom} xmlns:t="{soap.SERVICE}"><return>{champs}</return></{nom}>', tete)


def faute(detail: str, texte: str = soap.EXCEPTION) -> bytes:
    dedans = f"<faultcode>S:Server</faultcode><faultstring>{texte}</faultstring>{detail}"
    return enveloppe(f"<S:Fault>{dedans}</S:Fault>")


def code(valeur: str) -> bytes:
    return faute(f'<detail><t:FonctionnelleErreur xmlns:t="{soap.SERVICE}">{valeur}</t:FonctionnelleErreur></detail>')


RIRES = "".join(f'<!ENTITY r{n} "{f"&r{n - 1};" * 10 if n else "ha"}">' for n in range(9))
BOMBE = f"<!DOCTYPE x [{RIRES}]>"
DEHORS = '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>'
JUSTE = "<idOp>abc123</idOp><montant>1491</montant><refdet>F1</refdet><resultrans>P</resultrans>"
HOSTILES = {
    "rien": (200, b""),
    "rien, 500": (500, b""),
    "page": (200, b"<html><body>Maintenance</body></html>"),
    "page, 503": (503, b"<html><body>Maintenance</body></html>"),
    "redirection": (302, b""),
    "texte": (200, b"pas du XML"),
    "octets": (200, b"\xff\xfe\x00\x01"),
    "tronqué": (200, reponse(JUSTE)[:-40]),
    "bombe": (200, reponse("<refdet>&r8;</refdet>", BOMBE)),
    "fichier": (200, reponse("<refdet>&f;</refdet>", DEHORS)),
    "DTD seule": (200, reponse(JUSTE, "<!DOCTYPE x>")),
    "trop long": (200, reponse(f"<refdet>{'A' * 300_000}</refdet>")),
    "champ inconnu": (200, reponse("<pirate>1</pirate>")),
    "sans réponse": (200, enveloppe("")),
    "autre réponse": (200, enveloppe(f'<t:autre xmlns:t="{soap.SERVICE}"/>')),
    "réponse vide": (200, reponse("")),
    "sans résultat": (200, reponse("<numcli>123456</numcli>")),
    "résultat inconnu": (200, reponse("<idOp>abc123</idOp><resultrans>Q</resultrans>")),
    "résultats mêlés": (200, reponse("<resultrans>PP</resultrans>")),
    "autre opération": (200, reponse(JUSTE.replace("abc123", "autre"))),
    "faute nue": (500, faute("")),
    "faute sans code": (500, code("")),
    "code vide": (500, code("<code/>")),
    "code inventé": (500, code(f"<code>{'P' * 500}</code>")),
    "faute technique": (500, faute("<detail/>", "fr.gouv.TechIndisponibiliteErreur")),
    "commentaire": (500, code("<!-- x --><?pi y?>")),
}


@pytest.mark.parametrize("nom", HOSTILES)
def test_an_answer_that_nobody_can_read_is_a_service_that_does_not_answer(hostile, settings, nom):
    settings.PAYFIP = {**settings.PAYFIP, "url": hostile.adresse}
    hostile.statut, hostile.corps = HOSTILES[nom]
    with pytest.raises(PasserelleIndisponible) as erreur:
        passerelle_payfip.resultat(demande())
    assert len(erreur.value.code) <= 40
    with pytest.raises(ErreurDePasserelle) as erreur:
        passerelle_payfip.demander(demande(), "Facture", ADRESSES)
    assert "Rien n’a été débité" in erreur.value.phrase


@pytest.mark.parametrize(("lu", "erreur"), [("P1", PasInconnu), ("P5", PasEncore), ("R3", PasserelleIndisponible)])
def test_a_functional_fault_has_its_own_error(hostile, settings, lu, erreur):
    settings.PAYFIP = {**settings.PAYFIP, "url": hostile.adresse}
    hostile.statut, hostile.corps = 500, code(f"<code>{lu}</code>")
    with pytest.raises(erreur):
        passerelle_payfip.resultat(demande())


def test_a_service_that_never_answers_is_left(hostile, settings, monkeypatch):
    settings.PAYFIP = {**settings.PAYFIP, "url": hostile.adresse}
    monkeypatch.setattr(passerelle_payfip, "DELAI", 0.1)
    monkeypatch.setattr(hostile, "attendre", threading.Event())
    with pytest.raises(PasserelleIndisponible):
        passerelle_payfip.resultat(demande())
    hostile.attendre.set()


def test_nobody_listens(settings):
    settings.PAYFIP = {**settings.PAYFIP, "url": "http://127.0.0.1:1"}
    with pytest.raises(PasserelleIndisponible):
        passerelle_payfip.demander(demande(), "Facture", ADRESSES)


def test_the_true_service_is_reached_by_its_own_contract(settings):
    settings.PAYFIP = {**settings.PAYFIP, "url": ""}
    service = passerelle_payfip._lien().client.service
    assert service._binding_options["address"] == "https://www.payfip.gouv.fr/tpa/services/securite"
    assert passerelle_payfip.origine() == "https://www.payfip.gouv.fr"


@pytest.mark.parametrize(
    ("brut", "lu"),
    [
        ("1491", "14.91"), ("100", "1"), ("", None), ("14,91", None), ("-1", None), ("1e3", None), ("²", None),
        ("9" * 10, None), ("1491 ", None),
    ],
)  # fmt: skip
def test_cents_are_digits(brut, lu):
    assert centimes(brut) == (D(lu) if lu else None)


@pytest.mark.parametrize(
    ("corps", "idop"),
    [
        ("idop=abc123", "abc123"), ("idOp=abc123", "abc123"), ("x=1&idop=abc", "abc"), ("", None), ("idop=", None),
        ("idop=a%00b", None), ("idop=%27%3B--", None), ("idop=" + "a" * 65, None), ("&" * 500, None), ("\ud800", None),
        ("&".join(f"a{n}=1" for n in range(50)), None),
    ],
)  # fmt: skip
def test_a_notification_is_an_identifier_or_nothing(corps, idop):
    indice = passerelle_payfip.lire_notification(corps)
    assert (indice and indice.idop) == idop


# --- The contract of the simulator ------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("champ", "valeur", "attendu"),
    [
        ("refdet", "court", "R3"), ("refdet", "A" * 31, "R3"), ("refdet", "F2026-0001", "R3"), ("montant", "99", "M5"),
        ("montant", "", "M3"), ("montant", "10.00", "M3"), ("mel", "nulle-part", "A2"), ("numcli", "12", "T1"),
        ("saisie", "Q", "S1"), ("exer", "26", "E1"), ("objet", "É", "O1"), ("objet", "a" * 101, "O1"),
        ("montant", "100", None),
    ],
)  # fmt: skip
def test_the_simulator_refuses_what_the_treasury_refuses(champ, valeur, attendu):
    bonne = {
        "exer": "2026", "mel": "camille@exemple.fr", "montant": "1491", "numcli": "123456", "objet": "Facture",
        "refdet": "F2026000001ABCD", "saisie": "T",
    }  # fmt: skip
    faute = champ_fautif({**bonne, champ: valeur})
    assert (faute and faute.code) == attendu


def test_a_refused_request_is_a_sentence_with_its_code(payfip):
    with pytest.raises(DemandeRefusee) as erreur:
        passerelle_payfip.demander(demande(refdet="court"), "Facture", ADRESSES)
    assert erreur.value.code == "R3"


def test_the_harmless_check_of_the_configuration_answers(payfip):
    assert passerelle_payfip._lien().get_info_client("123456").numcli == "123456"


def test_its_operations_outlive_it(tmp_path):
    fichier = tmp_path / "payfip.json"
    bonne = {"exer": "2026", "mel": "c@exemple.fr", "montant": "100", "numcli": "123456", "refdet": "F20260001"}
    idop = Simulateur(print, fichier).creer({**bonne, "saisie": "T"})
    assert Simulateur(print, fichier).operations[idop].demande["refdet"] == "F20260001"


@pytest.mark.parametrize("corps", [b"", b"<a/>", b"pas du XML", enveloppe("<inconnue/>"), enveloppe("")])
def test_the_simulator_answers_400_to_what_is_no_request(payfip, settings, corps):
    url = f"{settings.PAYFIP['url']}/tpa/services/securite"
    assert requests.post(url, data=corps, timeout=5).status_code == 400


# --- Another gateway, by its signature --------------------------------------------------------------------------------
PAYZEN = {"vads_site_id": "12345678", "vads_ctx_mode": "TEST", "secret_test": "cledetest", "secret_production": ""}


def signer(**champs) -> str:
    """What PayZen would post, signed with the shop's key."""
    lus = {
        "vads_amount": "1491", "vads_currency": "978", "vads_order_id": "F2026000001ABCD", "vads_site_id": "12345678",
        "vads_ctx_mode": "TEST", "vads_result": "00", "vads_auth_result": "00", "vads_trans_id": "a12345",
        "vads_trans_date": "20261125100000", "vads_effective_creation_date": "20261125100000",
        "vads_ext_info_eopayment_trans_id": "F2026000001ABCD", **champs,
    }  # fmt: skip
    lien = Payment({**PAYZEN, "signature_algo": "hmac_sha256"})
    return urlencode({**lus, "signature": lien.signature(lus)})


@pytest.fixture
def payzen(settings):
    settings.PAYZEN, settings.PAIEMENT_PASSERELLE = PAYZEN, "payzen"


def test_the_other_gateway_is_a_signed_form(payzen):
    depart = passerelle_payzen.demander(demande(), "Restauration scolaire", ADRESSES)
    assert depart.url == "https://secure.payzen.eu/vads-payment/"
    assert depart.champs["vads_amount"] == "1491"
    assert depart.champs["vads_order_id"] == depart.idop == "F2026000001ABCD"
    assert depart.champs["signature"] == passerelle_payzen._lien().signature(dict(depart.champs))
    assert PAYZEN["secret_test"] not in str(depart)


@pytest.mark.parametrize(("code", "etat"), [("00", Etat.PAYE), ("05", Etat.REFUSE), ("17", Etat.ABANDONNE)])
def test_a_signed_answer_is_the_result(payzen, code, etat):
    preuve = signer(vads_result=code)
    assert passerelle_payzen.lire_notification(preuve).idop == "F2026000001ABCD"
    lu = passerelle_payzen.resultat(demande(memoire={"preuves": [preuve]}))
    assert (lu.etat, lu.montant, lu.refdet) == (etat, D("14.91"), "F2026000001ABCD")
    assert (lu.numcli, lu.saisie, lu.recu_le.year) == ("12345678", "T", 2026)


def test_one_card_accepted_after_another_refused_is_paid(payzen):
    preuves = [signer(), signer(vads_result="05")]
    for ordre in (preuves, preuves[::-1]):
        assert passerelle_payzen.resultat(demande(memoire={"preuves": ordre})).etat is Etat.PAYE


@pytest.mark.parametrize(
    "corps",
    [
        "", "signature=x", signer()[:-5], signer().replace("1491", "9491"), signer().replace("TEST", "PRODUCTION"),
        signer().replace("TEST", "Pirate"), signer() + "&vads_amount2=1", "a=" + "b" * 9000,
    ],
)  # fmt: skip
def test_an_answer_without_the_shops_signature_is_nothing(payzen, corps):
    assert passerelle_payzen.lire_notification(corps) is None
    with pytest.raises(PasEncore):
        passerelle_payzen.resultat(demande(memoire={"preuves": [corps] if corps else []}))


# --- Settings ---------------------------------------------------------------------------------------------------------
VRAI = {"numcli": "123456", "saisie": "W", "url": ""}


@pytest.mark.parametrize(
    ("nom", "payfip", "payzen", "phrase"),
    [
        ("", {"numcli": "", "saisie": "", "url": "n’importe quoi"}, {}, ""),
        ("payfip", VRAI, {}, ""),
        ("payfip", {**VRAI, "url": "https://test.payfip.gouv.fr"}, {}, ""),
        ("payfip", {**VRAI, "url": "http://127.0.0.1:8001"}, {}, "simulé"),
        ("payfip", {**VRAI, "url": "https://localhost"}, {}, "simulé"),
        ("payfip", {**VRAI, "url": "http://www.payfip.gouv.fr"}, {}, "simulé"),
        ("payfip", {**VRAI, "url": "https://payfip.gouv.fr.pirate.fr"}, {}, "simulé"),
        ("payfip", {**VRAI, "url": "https://pirate.fr/payfip.gouv.fr"}, {}, "simulé"),
        ("payfip", {**VRAI, "numcli": "12345"}, {}, "6 chiffres"),
        ("payfip", {**VRAI, "saisie": "w"}, {}, "PAYFIP_SAISIE"),
        ("paypal", VRAI, {}, "PAIEMENT_PASSERELLE"),
        ("payzen", VRAI, PAYZEN, ""),
        ("payzen", VRAI, {**PAYZEN, "vads_site_id": "1"}, "8 chiffres"),
        ("payzen", VRAI, {**PAYZEN, "vads_ctx_mode": "PRODUCTION"}, "PAYZEN_CLE_PRODUCTION"),
        ("payzen", VRAI, {**PAYZEN, "vads_ctx_mode": "X"}, "PAYZEN_MODE"),
    ],
)
def test_production_refuses_the_simulator_and_says_what_is_missing(nom, payfip, payzen, phrase):
    if not phrase:
        return verifier_les_passerelles(nom, payfip, payzen)
    with pytest.raises(ImproperlyConfigured, match=phrase):
        verifier_les_passerelles(nom, payfip, payzen)


@pytest.mark.parametrize(("nom", "url"), [("payfip", ""), ("payfip", "https://www.payfip.gouv.fr"), ("payzen", "")])
def test_the_demo_never_speaks_to_a_true_service(nom, url):
    with pytest.raises(ImproperlyConfigured, match="démonstration"):
        verifier_les_passerelles(nom, {**VRAI, "url": url}, PAYZEN, demo=True)
