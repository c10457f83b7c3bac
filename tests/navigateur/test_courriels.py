"""Every mail as its reader sees it: on a phone and on a wide screen, light and dark, without sideways scroll."""

import os
from pathlib import Path

import pytest

from tests.courriels import exemples
from tests.navigateur.outils import deborde, violations

pytestmark = [pytest.mark.navigateur, pytest.mark.django_db]
# COURRIELS_EN_IMAGES=folder keeps the pictures, to be looked at.
IMAGES = os.environ.get("COURRIELS_EN_IMAGES")


@pytest.mark.parametrize(("largeur", "sombre"), [(360, False), (800, True)], ids=["telephone", "large"])
def test_every_mail_reads_on_a_phone_and_on_a_wide_screen(page_a, largeur, sombre):
    page = page_a(largeur, sombre=sombre)
    fautes = {}
    for exemple in exemples():
        page.set_content(exemple.rendre()[1])
        trouvees = violations(page) + [f"déborde de {px} px" for px in [deborde(page)] if px]
        image = page.screenshot(full_page=True)
        assert len(image) > 10_000, f"{exemple} : image vide"
        if IMAGES:
            (Path(IMAGES) / f"{exemple}-{largeur}.png").write_bytes(image)
        if trouvees:
            fautes[str(exemple)] = trouvees
    assert fautes == {}
