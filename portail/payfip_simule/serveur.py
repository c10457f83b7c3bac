"""The simulated PayFiP over HTTP: the web service, the page, the switches. On 127.0.0.1 only."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import requests
from lxml import etree

from portail.payfip_simule import pages, soap
from portail.payfip_simule.etat import Notifications, Simulateur

CORPS_AU_PLUS = 100_000
SECURITE = "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'"


def poster(url: str, idop: str) -> None:
    """PayFiP's notification: `idop` alone, not signed, sent once and never again."""

    def partir():
        try:
            requests.post(url, data={"idop": idop}, timeout=5)
        except requests.RequestException:
            return  # lost, as PayFiP's are

    threading.Thread(target=partir, daemon=True).start()


class Reponses(BaseHTTPRequestHandler):
    server: "Serveur"
    protocol_version = "HTTP/1.1"

    def log_message(self, *mots):
        """Quiet: the demo's journal is for what goes wrong."""

    def dire(self, statut: int, corps: bytes, genre: str = "text/html; charset=utf-8") -> None:
        self.send_response(statut)
        self.send_header("Content-Type", genre)
        self.send_header("Content-Length", str(len(corps)))
        self.send_header("Content-Security-Policy", SECURITE)
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(corps)

    def do_GET(self):
        adresse = urlsplit(self.path)
        simulateur = self.server.simulateur
        if adresse.path == "/simulateur.css":
            return self.dire(200, pages.STYLE, "text/css")
        if adresse.path == "/simulateur/":
            return self.dire(200, pages.reglages(simulateur))
        if simulateur.en_panne:
            return self.dire(503, pages.panne())
        if adresse.path.startswith("/tpa/services/"):
            nom = "" if adresse.query == "wsdl" else adresse.path.removeprefix("/tpa/services/")
            contrat = soap.contrat(nom, self.server.adresse)
            return self.dire(200, contrat, "text/xml; charset=utf-8") if contrat else self.dire(404, pages.impossible())
        operation = simulateur.a_ouvrir(parse_qs(adresse.query).get("idop", [""])[0])
        if adresse.path != "/tpa/paiementws.web" or operation is None:
            return self.dire(404, pages.impossible())
        return self.dire(200, pages.payer(operation))

    def do_POST(self):
        longueur = int(self.headers.get("Content-Length") or 0)
        if longueur > CORPS_AU_PLUS:
            self.close_connection = True
            return self.dire(413, pages.impossible())
        corps = self.rfile.read(longueur)
        simulateur = self.server.simulateur
        if self.path == "/simulateur/":
            return self._regler(parse_qs(corps.decode()))
        if simulateur.en_panne:
            return self.dire(503, pages.panne())
        if self.path == "/tpa/services/securite":
            try:
                statut, reponse = soap.repondre(simulateur, corps)
            except (ValueError, etree.XMLSyntaxError):
                statut, reponse = 400, b""
            return self.dire(statut, reponse, "text/xml; charset=utf-8")
        champs = parse_qs(corps.decode())
        operation = simulateur.a_ouvrir(champs.get("idop", [""])[0])
        choix = champs.get("choix", [""])[0]
        if self.path != "/tpa/paiementws.web" or operation is None or choix not in pages.CHOIX:
            return self.dire(404, pages.impossible())
        return self.dire(200, pages.fait(simulateur.choisir(operation.idop, choix)))

    def _regler(self, champs: dict[str, list[str]]) -> None:
        simulateur = self.server.simulateur
        geste = champs.get("geste", [""])[0]
        dit = "C’est enregistré."
        if geste == "livrer":
            dit = f"Notifications livrées : {simulateur.livrer()}."
        elif geste == "rejeter":
            dit = f"Prélèvements rejetés : {simulateur.rejeter()}. Le portail l’apprend à « Vérifier maintenant »."
        elif geste == "purger":
            dit = f"Opérations purgées : {simulateur.purger()}."
        else:
            voulu = champs.get("notifications", [""])[0]
            simulateur.notifications = next((n for n in Notifications if n.value == voulu), Notifications.NORMALES)
            simulateur.en_panne = "panne" in champs
        self.dire(200, pages.reglages(simulateur, dit))


class Serveur(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, simulateur: Simulateur, port: int = 0):
        super().__init__(("127.0.0.1", port), Reponses)
        self.simulateur = simulateur
        self.adresse = f"http://127.0.0.1:{self.server_address[1]}"
