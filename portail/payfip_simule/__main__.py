"""`python -m portail.payfip_simule --port 8001`: the simulated PayFiP of the demo, in the foreground."""

import argparse
import os
from pathlib import Path

from portail.payfip_simule.etat import Simulateur
from portail.payfip_simule.serveur import Serveur, poster


def main() -> None:
    analyse = argparse.ArgumentParser(description="Sert le PayFiP simulé de la démonstration.")
    analyse.add_argument("--port", type=int, required=True)
    analyse.add_argument("--fichier", type=Path, help="où garder les opérations d’un lancement à l’autre")
    mots = analyse.parse_args()
    if os.environ.get("PORTAIL_DEMO", "1") != "1":
        analyse.error("le PayFiP simulé est pour la démonstration seule.")
    with Serveur(Simulateur(poster, mots.fichier), mots.port) as serveur:
        serveur.serve_forever()


if __name__ == "__main__":
    main()
