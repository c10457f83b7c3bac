"""A small API Particulier on 127.0.0.1, that can lie: what it answers is set by each test."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

JETON, SIRET = "jeton-de-test", "21110069000018"


def du_quotient(valeur=845, mois=10, annee=2026) -> dict:
    """As API Particulier v3 answers, with what the portal leaves: the adults, the children, the address."""
    quotient = {"fournisseur": "CNAF", "valeur": valeur, "mois": mois, "annee": annee, "annee_calcul": 2026}
    adulte = {"nom_naissance": "ROUX", "nom_usage": None, "prenoms": "JEANNE", "date_naissance": "1987-06-27"}
    return {"data": {"quotient_familial": quotient, "allocataires": [adulte]}, "links": {}, "meta": {}}


class FauxAPIParticulier:
    """Answers `statut`, `entetes` and `corps`; `lente` holds it until the test ends, `goutte` sends byte by byte."""

    def __init__(self):
        self.statut, self.entetes, self.corps = 200, {}, json.dumps(du_quotient()).encode()
        self.lente = self.goutte = self.coupee = False
        self.demandes: list[tuple[str, dict[str, list[str]], str]] = []  # path, parameters, Authorization
        self.fin = threading.Event()
        faux = self

        class Reponses(BaseHTTPRequestHandler):
            def do_GET(self):
                adresse = urlsplit(self.path)
                faux.demandes.append((adresse.path, parse_qs(adresse.query), self.headers["Authorization"]))
                if faux.lente:
                    faux.fin.wait(5)
                    return
                self.send_response(faux.statut)
                for nom, valeur in faux.entetes.items():
                    self.send_header(nom, valeur)
                self.send_header("Content-Length", str(len(faux.corps) + 100 * faux.coupee))
                self.end_headers()
                self.envoyer()

            def envoyer(self):
                try:
                    if not faux.goutte:
                        self.wfile.write(faux.corps)
                        return
                    for octet in faux.corps:
                        self.wfile.write(bytes([octet]))
                        if faux.fin.wait(0.02):
                            return
                except OSError:
                    self.close_connection = True  # the portal has heard enough

            def log_message(self, *rien):
                pass

        self.serveur = ThreadingHTTPServer(("127.0.0.1", 0), Reponses)
        self.url = f"http://127.0.0.1:{self.serveur.server_address[1]}"
        threading.Thread(target=self.serveur.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def repondre(self, contenu, statut: int = 200, **entetes: str) -> None:
        self.corps = contenu if isinstance(contenu, bytes) else json.dumps(contenu).encode()
        self.statut, self.entetes = statut, {nom.replace("_", "-"): v for nom, v in entetes.items()}

    def fermer(self):
        self.fin.set()
        self.serveur.shutdown()
        self.serveur.server_close()
