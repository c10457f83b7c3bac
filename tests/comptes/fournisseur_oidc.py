"""A small OpenID provider on 127.0.0.1, that can lie: the tests' FranceConnect."""

import json
import threading
import time
from base64 import urlsafe_b64encode
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT, SECRET = "portail-de-test", "secret-de-test"
CLE = rsa.generate_private_key(public_exponent=65537, key_size=2048)
AUTRE_CLE = rsa.generate_private_key(public_exponent=65537, key_size=2048)


class FauxFranceConnect:
    """Authorises everyone as `sub`. `mensonge` changes the token; `panne` is a status answered by every endpoint."""

    def __init__(self):
        self.sub, self.mensonge, self.panne, self.cle = "sub-de-lea", {}, 0, CLE
        self.codes: dict[str, dict] = {}
        self.demandes: list[str] = []
        fournisseur = self

        class Reponses(BaseHTTPRequestHandler):
            def do_GET(self):
                self.repondre(fournisseur.lire(urlsplit(self.path).path))

            def do_POST(self):
                corps = self.rfile.read(int(self.headers["Content-Length"])).decode()
                self.repondre(fournisseur.jeton({cle: v[0] for cle, v in parse_qs(corps).items()}))

            def repondre(self, reponse):
                statut, corps = (fournisseur.panne, "panne") if fournisseur.panne else reponse
                brut = corps.encode() if isinstance(corps, str) else json.dumps(corps).encode()
                self.send_response(statut)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(brut)))
                self.end_headers()
                self.wfile.write(brut)

            def log_message(self, *rien):
                pass

        self.serveur = ThreadingHTTPServer(("127.0.0.1", 0), Reponses)
        self.emetteur = f"http://127.0.0.1:{self.serveur.server_address[1]}/api/v2"
        threading.Thread(target=self.serveur.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def fermer(self):
        self.serveur.shutdown()
        self.serveur.server_close()

    def autoriser(self, adresse: str) -> dict[str, str]:
        """What the person does on FranceConnect's page: the parameters with which the browser comes back."""
        demande = {cle: v[0] for cle, v in parse_qs(urlsplit(adresse).query).items()}
        assert adresse.startswith(f"{self.emetteur}/authorize?")
        assert demande["response_type"] == "code"
        assert demande["scope"] == "openid"
        code = f"code-{len(self.codes)}"
        self.codes[code] = demande
        return {"code": code, "state": demande["state"]}

    def jeton(self, envoi: dict[str, str]):
        demande = self.codes.pop(envoi["code"], None)  # a code serves once
        defi = urlsafe_b64encode(sha256(envoi.get("code_verifier", "").encode()).digest()).decode().rstrip("=")
        if demande is None or envoi["client_secret"] != SECRET or defi != demande["code_challenge"]:
            return 400, {"error": "invalid_grant"}
        contenu = {
            "iss": self.emetteur,
            "aud": CLIENT,
            "sub": self.sub,
            "nonce": demande["nonce"],
            "iat": time.time(),
            "exp": time.time() + 60,
            "acr": "eidas1",
        }
        contenu = {cle: v for cle, v in (contenu | self.mensonge).items() if v is not None}
        signe = jwt.encode(contenu, self.cle, algorithm="RS256", headers={"kid": "un"})
        return 200, {"access_token": "acces", "token_type": "Bearer", "id_token": signe}

    def lire(self, chemin: str):
        self.demandes.append(chemin)
        if chemin.endswith("/jwks"):
            publique = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(CLE.public_key()))
            return 200, {"keys": [publique | {"kid": "un", "alg": "RS256", "use": "sig"}]}
        return 200, {"sub": self.sub, "email": "lea@exemple.fr"}
