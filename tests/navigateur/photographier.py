"""Take the pictures of the guide, of the portal's own screens: the demo town, on a phone, in the light theme.

`make test ARGS=tests/navigateur/photographier.py`: its name keeps it out of the suite. tests/portail/test_guide.py
checks what is committed.
"""

import io
from pathlib import Path

import pytest
from django.conf import settings
from PIL import Image

from reservations.models import Inscription, Operation

pytestmark = [pytest.mark.navigateur, pytest.mark.django_db(transaction=True)]
DOSSIER = Path(settings.BASE_DIR) / "static" / "img" / "guide"
LARGEUR, HAUTEUR_AU_PLUS, DENSITE, POIDS_AU_PLUS = 340, 540, 2, 30_000


@pytest.fixture
def telephone(navigateur, live_server):
    contexte = navigateur.new_context(
        base_url=live_server.url,
        viewport={
            "width": LARGEUR,
            "height": 1800,
        },  # the bar that sticks to the bottom of the window is then in its place
        device_scale_factor=DENSITE,
        color_scheme="light",
        reduced_motion="reduce",
        locale="fr-FR",
        timezone_id="Europe/Paris",
    )
    yield contexte.new_page()
    contexte.close()


def photographier(page, nom: str, depuis: str) -> None:
    """The page from the top of `depuis`, as a WebP of two points for each pixel."""
    page.evaluate("document.fonts.ready")
    haut = page.locator(depuis).first.bounding_box()["y"] - 8
    fin = page.locator("main").bounding_box()
    hauteur = min(HAUTEUR_AU_PLUS, fin["y"] + fin["height"] - haut)
    clip = {"x": 0, "y": haut, "width": LARGEUR, "height": hauteur}
    image = Image.open(io.BytesIO(page.screenshot(clip=clip, full_page=True))).convert("RGB")
    for qualite in range(70, 20, -10):
        image.save(DOSSIER / f"{nom}.webp", quality=qualite, method=6)
        if (DOSSIER / f"{nom}.webp").stat().st_size <= POIDS_AU_PLUS:
            return


def test_photographier_le_guide(ville, telephone, connecter):
    DOSSIER.mkdir(exist_ok=True)
    telephone.goto("/connexion/")
    photographier(telephone, "connexion", "main form")
    connecter(telephone, ville)
    lea = Inscription.objects.de(ville).get(annee__libelle="2026-2027", rattachement__enfant__prenom="Léa")
    telephone.goto(f"/reservations/inscriptions/{lea.pk}/?mois=2026-12")
    for case in telephone.locator("td[data-etat=libre] label").all()[:2]:
        case.click()
    photographier(telephone, "calendrier", ".mois")
    telephone.locator(".barre").get_by_role("button", name="Valider").click()
    telephone.wait_for_url("**/reservations/operations/**")
    assert Operation.objects.de(ville).exists()
    photographier(telephone, "recapitulatif", "h1")
    telephone.goto("/autorisations/")
    photographier(telephone, "autorisations", "[aria-labelledby=sorties] .pour-tous")
