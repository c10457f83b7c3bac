"""Probe of a container: `python -m portail.sonde /healthz` ends with 0 when the address answers 200.

It speaks to this machine but presents itself as the proxy does (public host name, HTTPS), so that neither ALLOWED_HOSTS
nor the redirection to HTTPS has to be loosened for it.
"""

import http.client
import os
import sys
from urllib.parse import urlsplit


def sonder(chemin: str) -> tuple[int, str]:
    site = urlsplit(os.environ.get("SITE_URL", "http://127.0.0.1"))
    liaison = http.client.HTTPConnection("127.0.0.1", int(os.environ.get("PORT", "8000")), timeout=5)
    try:
        liaison.request("GET", chemin, headers={"Host": site.netloc, "X-Forwarded-Proto": site.scheme or "http"})
        reponse = liaison.getresponse()
        return reponse.status, reponse.read(2000).decode(errors="replace")
    except (OSError, http.client.HTTPException) as erreur:
        return 0, str(erreur)
    finally:
        liaison.close()


if __name__ == "__main__":
    statut, texte = sonder(sys.argv[1] if len(sys.argv) > 1 else "/healthz")
    sys.stdout.write(f"{statut} {texte}\n")
    sys.exit(0 if statut == 200 else 1)
