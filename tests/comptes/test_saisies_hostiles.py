"""Whatever is sent to the forms of sign-in and passwords: a sentence in French, never a 500, nothing written."""

import pytest
from post_office.models import Email

from comptes.models import DemandeMotDePasse, EssaisConnexion, Utilisateur
from tests.factories import MOT_DE_PASSE

pytestmark = pytest.mark.django_db
ADRESSES = ["/connexion/", "/mot-de-passe/generer/", "/mot-de-passe/changer/"]
CHAMPS = ["identifiant", "mot_de_passe", "ancien", "nouveau", "confirmation"]
FORMULAIRE = "application/x-www-form-urlencoded"
# İ becomes two characters in lower case; the Kelvin sign becomes k.
ALLONGEE = "\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}" * 200 + "@exemple.fr"


@pytest.fixture
def rien_ne_change(lea, client):
    yield lea
    assert not DemandeMotDePasse.objects.exists()
    assert not EssaisConnexion.objects.exists()
    assert not Email.objects.exists()
    assert Utilisateur.objects.get().password == lea.password


def ouvrir(client, adresse, lea):
    if "changer" in adresse:
        client.force_login(lea)


@pytest.mark.parametrize("adresse", ADRESSES)
@pytest.mark.parametrize(
    "corps",
    [
        b"",
        b"&&&=&",
        *("&".join(f"{champ}={valeur}" for champ in CHAMPS).encode() for valeur in ("", "%00", "%FF%FE", "%C3%28")),
        "&".join(f"{champ}[]=a&{champ}[x]=b" for champ in CHAMPS).encode(),
        "&".join(f"{champ}={'x' * 10_000}@exemple.fr" for champ in CHAMPS).encode(),
    ],
    ids=["vide", "rien", "blancs", "nul", "octets", "utf8", "tableaux", "dix ko"],
)
def test_une_saisie_hostile_recoit_une_phrase(rien_ne_change, client, adresse, corps):
    ouvrir(client, adresse, rien_ne_change)
    reponse = client.generic("POST", adresse, corps, FORMULAIRE)
    assert reponse.status_code == 200
    assert 'class="invalid-feedback"' in reponse.content.decode()


@pytest.mark.parametrize("adresse", ADRESSES)
@pytest.mark.parametrize(
    ("type_de_contenu", "corps"),
    [
        ("application/json", b'{"identifiant": ["a"]}'),
        ("text/plain", b"identifiant=a"),
        ("multipart/form-data; boundary=x", b"--x\r\npas un formulaire"),
        ("multipart/form-data", b"sans limite"),
        (f"{FORMULAIRE}; charset=utf-16", "identifiant=a".encode("utf-16")),
        (f"{FORMULAIRE}; charset=inconnu", b"identifiant=a"),
    ],
)
def test_un_envoi_qui_n_est_pas_un_formulaire_est_refuse(rien_ne_change, client, adresse, type_de_contenu, corps):
    ouvrir(client, adresse, rien_ne_change)
    reponse = client.generic("POST", adresse, corps, type_de_contenu)
    assert reponse.status_code in {200, 400}
    assert 'lang="fr"' in reponse.content.decode()


@pytest.mark.parametrize("adresse", ADRESSES)
@pytest.mark.parametrize(
    ("jeu", "valeur"), [("utf-7", b"+2AA-"), ("unicode_escape", b"\\ud800"), ("utf-16", b"\x00\xd8")]
)
def test_une_moitie_de_caractere_est_refusee(rien_ne_change, client, adresse, jeu, valeur):
    """The sender names the encoding of a multipart form: some let halves of a character in, that nothing can write."""
    ouvrir(client, adresse, rien_ne_change)
    parties = b"".join(
        b'--x\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (champ.encode(), valeur * 4)
        for champ in [*CHAMPS, "next"]
    )
    reponse = client.generic("POST", adresse, parties + b"--x--\r\n", f"multipart/form-data; boundary=x; charset={jeu}")
    assert reponse.status_code in {200, 400}


@pytest.mark.parametrize("adresse", ADRESSES[:2])
def test_une_adresse_qui_s_allonge_en_minuscules_est_refusee(rien_ne_change, client, adresse):
    reponse = client.post(adresse, {"identifiant": ALLONGEE, "mot_de_passe": "x"})
    assert reponse.status_code == 200
    assert 'class="invalid-feedback"' in reponse.content.decode()


def test_une_lettre_qui_ressemble_ne_detourne_pas_le_courriel(client, generer, mailoutbox):
    """The mail leaves to the address on file, never to the one typed."""
    Utilisateur.objects.create_user("kim@exemple.fr")
    generer("\N{KELVIN SIGN}im@exemple.fr")
    assert mailoutbox[0].to == ["kim@exemple.fr"]


@pytest.mark.parametrize("suite", ["\x00", "/\x00", "/\r\nSet-Cookie: a=b", "/\ud7ff" * 3000, "?", "//", "/%", "/é à"])
def test_une_suite_hostile_n_empeche_pas_d_entrer(lea, client, suite):
    assert client.get("/connexion/", {"next": suite}).status_code == 200
    reponse = client.post("/connexion/", {"identifiant": lea.email, "mot_de_passe": MOT_DE_PASSE, "next": suite})
    assert reponse.status_code == 302
    assert "a" not in reponse.cookies
    assert reponse.url.startswith("/")


@pytest.mark.parametrize("methode", ["put", "patch", "delete", "options"])
@pytest.mark.parametrize("adresse", [*ADRESSES[:2], "/mot-de-passe/envoye/", "/deconnexion/", "/session/prolonger/"])
def test_les_autres_methodes_sont_refusees(client, adresse, methode):
    assert getattr(client, methode)(adresse).status_code == 405
