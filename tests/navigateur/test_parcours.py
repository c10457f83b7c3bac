"""The town's tutorial in a browser, with and without JavaScript, on the demo town, on a school day."""

import re
from decimal import Decimal

import pytest
from playwright.sync_api import expect

from portail.demo import MOT_DE_PASSE
from reservations.models import Inscription, Operation, Reservation
from tests.navigateur.outils import fautes

pytestmark = [pytest.mark.navigateur, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def calendrier(ville, page_a, connecter):
    """Open the calendar of Léa: `calendrier(largeur, js=True, mois="2026-12")` gives the page."""
    inscription = Inscription.objects.de(ville).get(annee__libelle="2026-2027", rattachement__enfant__prenom="Léa")

    def ouvrir(largeur=1280, *, mois="2026-12", **options):
        page = connecter(page_a(largeur, **options), ville)
        page.inscription = inscription
        page.goto(f"/reservations/inscriptions/{inscription.pk}/?mois={mois}")
        return page

    return ouvrir


def cocher(page, *jours):
    """Press the day itself, as a finger does: the box is under it."""
    for jour in jours:
        page.locator(f"[data-date='{jour}'] label").click()


def valider(page):
    page.locator(".barre").get_by_role("button", name="Valider").click()
    page.wait_for_url("**/reservations/operations/**")


def texte(page) -> str:
    """The text of the page with plain spaces."""
    return re.sub(r"[\s\u00a0\u202f]+", " ", page.locator("main").inner_text())


def jours_reserves(inscription) -> set[str]:
    return {str(jour) for jour in Reservation.objects.filter(inscription=inscription).values_list("date", flat=True)}


@pytest.mark.parametrize("js", [True, False], ids=["avec JavaScript", "sans JavaScript"])
@pytest.mark.parametrize("largeur", [360, 1280])
def test_le_tutoriel_de_la_connexion_au_recapitulatif(ville, page_a, largeur, js):
    page = page_a(largeur, js=js)
    page.goto("/")
    expect(page.get_by_role("heading", name="Connexion")).to_be_visible()
    page.get_by_label("Identifiant").fill("  Parent@Exemple.FR ")
    page.get_by_label("Mot de passe", exact=True).fill(MOT_DE_PASSE)
    page.get_by_role("button", name="Valider").click()

    expect(page.get_by_text("Quelle action souhaitez-vous effectuer")).to_be_visible()
    page.get_by_role("link", name="Gérer mes réservations").click()

    expect(page.get_by_role("heading", name="Choix de l’inscrit")).to_be_visible()
    page.locator("main").get_by_role("link", name="Léa Martin").click()

    expect(page.get_by_role("heading", name="Choix de l’inscription de Léa")).to_be_visible()
    page.get_by_role("link", name="Année précédente").click()
    expect(page.get_by_role("heading", name="2025-2026")).to_be_visible()
    page.get_by_role("link", name="Année suivante").click()
    expect(page.get_by_text("du 01/09/2026 au 03/07/2027")).to_be_visible()
    page.get_by_role("button", name="Valider").click()

    expect(page.get_by_role("heading", name="Calendrier de Léa")).to_be_visible()
    expect(page.locator("main [aria-current=step]")).to_contain_text("Étape 3")
    page.get_by_role("button", name="Mois suivant").first.click()
    expect(page.get_by_role("heading", name="Décembre 2026")).to_be_visible()
    page.get_by_text("Aide", exact=True).click()
    expect(page.get_by_text("capacité maximale atteinte, repas non réservé")).to_be_visible()
    cocher(page, "2026-12-08", "2026-12-15")
    valider(page)

    vu = texte(page)
    assert "Activité : Restauration scolaire Villalbe Pierre Paul Riquet élémentaire" in vu
    assert "Détail des réservations de Léa" in vu
    assert "Réservation ajoutée : 08/12/2026 - Prix : 4,97 €" in vu
    assert "Réservation ajoutée : 15/12/2026 - Prix : 4,97 €" in vu
    assert "Résumé des réservations" in vu
    assert "Nombre de réservations effectuées avec succès : 2" in vu
    assert "Nombre de réservations annulées : 0" in vu

    page.get_by_role("link", name="Continuer").click()
    expect(page.locator("[data-date='2026-12-08']")).to_have_attribute("data-etat", "reserve")
    expect(page.locator("[data-date='2026-12-15']")).to_have_attribute("data-etat", "reserve")
    page.get_by_role("button", name="Se déconnecter").click()
    expect(page.get_by_role("heading", name="Connexion")).to_be_visible()


# What each toggle adds from the demo's December, where Tuesday 1 and Thursday 3 are booked and Thursday 10 is full.
PORTEES = {
    "semaine": ("tr:has([data-date='2026-12-14']) [data-portee=semaine]", {"2026-12-14", "2026-12-15", "2026-12-18"}),
    "mois": (
        "[data-portee=mois]",
        {f"2026-12-{jour:02}" for jour in (4, 7, 8, 11, 14, 15, 18)},
    ),
}


@pytest.mark.parametrize("js", [True, False], ids=["avec JavaScript", "sans JavaScript"])
@pytest.mark.parametrize("portee", PORTEES)
def test_un_bouton_ajoute_tous_les_jours_qui_peuvent_l_etre(calendrier, portee, js):
    page = calendrier(js=js)
    avant = jours_reserves(page.inscription)
    selecteur, attendus = PORTEES[portee]
    page.locator(selecteur).click()
    if js:
        valider(page)
    page.wait_for_url("**/operations/**")
    assert jours_reserves(page.inscription) - avant == attendus


@pytest.mark.parametrize("js", [True, False], ids=["avec JavaScript", "sans JavaScript"])
@pytest.mark.parametrize("bouton", ["[data-portee=annee]", "[data-portee=jour][value='jour:1']"])
def test_un_bouton_de_l_annee_ajoute_puis_annule_les_memes_jours(calendrier, bouton, js):
    page = calendrier(js=js)
    avant = jours_reserves(page.inscription)
    page.locator(bouton).click()
    if js:
        valider(page)
    page.wait_for_url("**/operations/**")
    ajoutes = jours_reserves(page.inscription) - avant
    assert len(ajoutes) > 20
    assert f"effectuées avec succès : {len(ajoutes)}" in texte(page)
    page.get_by_role("link", name="Continuer").click()
    page.locator(bouton).click()
    if js:
        valider(page)
    page.wait_for_url("**/operations/**")
    assert not jours_reserves(page.inscription) & ajoutes


def test_la_barre_annonce_ce_que_le_recapitulatif_confirme(calendrier):
    page = calendrier(360)
    bilan = page.locator("[data-bilan]")
    cocher(page, "2026-12-01")
    expect(bilan).to_have_text(re.compile("^1.annulation$"))
    page.locator("[data-portee=annee]").click()
    annonce = re.sub(r"\s", " ", bilan.inner_text())
    ajouts, euros = int(annonce.split()[0]), annonce.rsplit(", ", 1)[1]
    valider(page)
    operation = Operation.objects.latest("pk")
    assert operation.mouvements.filter(nature="ajout").count() == ajouts
    total = ajouts * Decimal("4.97")
    assert euros == f"{total:.2f} €".replace(".", ",")
    assert f"avec succès : {ajouts} ({total:.2f} €)".replace(".", ",") in texte(page)


@pytest.mark.parametrize("js", [True, False], ids=["avec JavaScript", "sans JavaScript"])
def test_les_changements_suivent_de_mois_en_mois(calendrier, js):
    page = calendrier(js=js)
    cocher(page, "2026-12-08")
    page.get_by_role("button", name="Mois suivant").click()
    expect(page.get_by_role("heading", name="Janvier 2027")).to_be_visible()
    cocher(page, "2027-01-05")
    page.get_by_role("button", name="Mois précédent").click()
    expect(page.locator("[data-date='2026-12-08']")).to_have_class(re.compile("a-ajouter"))
    expect(page.locator("[data-bilan]")).to_have_text(re.compile("^2.ajouts, 9,94.€$"))
    valider(page)
    assert {"2026-12-08", "2027-01-05"} <= jours_reserves(page.inscription)


def test_le_retour_du_navigateur_et_le_rechargement_ne_perdent_rien(calendrier):
    page = calendrier()
    cocher(page, "2026-12-08")
    page.get_by_role("button", name="Mois suivant").click()
    expect(page.get_by_role("heading", name="Janvier 2027")).to_be_visible()
    cocher(page, "2027-01-05")
    page.on("dialog", lambda dialogue: dialogue.accept())
    page.reload()
    expect(page.locator("[data-date='2027-01-05'] input")).to_be_checked()
    page.go_back()
    expect(page.get_by_role("heading", name="Décembre 2026")).to_be_visible()
    expect(page.locator("[data-bilan]")).to_have_text(re.compile("^2.ajouts"))


@pytest.mark.parametrize("js", [True, False], ids=["avec JavaScript", "sans JavaScript"])
def test_revenir_en_arriere_et_renvoyer_ne_reserve_pas_deux_fois(calendrier, js):
    page = calendrier(js=js)
    cocher(page, "2026-12-08")
    valider(page)
    page.reload()
    nombre = jours_reserves(page.inscription)
    page.go_back()
    page.locator(".barre").get_by_role("button", name="Valider").click()
    page.wait_for_load_state()
    assert jours_reserves(page.inscription) == nombre
    assert Operation.objects.filter(mouvements__inscription=page.inscription, origine="parent").distinct().count() == 2


def test_relire_un_ancien_recapitulatif_garde_les_changements(calendrier):
    page = calendrier()
    cocher(page, "2026-12-08")
    valider(page)
    recapitulatif = page.url
    page.get_by_role("link", name="Continuer").click()
    expect(page.locator("[data-bilan]")).to_have_text("Aucun changement à valider")
    cocher(page, "2026-12-15")
    page.on("dialog", lambda dialogue: dialogue.accept())
    page.goto(recapitulatif)
    page.get_by_role("link", name="Continuer").click()
    expect(page.locator("[data-date='2026-12-15']")).to_have_class(re.compile("a-ajouter"))


def test_partir_avec_des_changements_demande_d_abord(calendrier):
    page = calendrier()
    cocher(page, "2026-12-08")
    demandes = []

    def rester(dialogue):
        demandes.append(dialogue.type)
        dialogue.dismiss()

    page.once("dialog", rester)
    page.locator(".menu").get_by_role("link", name="Accueil").click(no_wait_after=True)
    page.wait_for_function("() => true")
    expect(page.locator("[data-bilan]")).to_have_text(re.compile("^1.ajout"))
    assert demandes == ["beforeunload"]


def test_effacer_rend_la_page_telle_qu_elle_est_enregistree(calendrier):
    page = calendrier()
    page.locator("[data-portee=annee]").click()
    page.get_by_role("link", name="Effacer").click()
    expect(page.locator("[data-bilan]")).to_have_text("Aucun changement à valider")
    expect(page.locator(".a-ajouter")).to_have_count(0)


def test_le_clavier_seul_reserve_un_jour(calendrier):
    page = calendrier()
    page.locator("[data-date='2026-12-08'] input").focus()
    page.keyboard.press("Space")
    expect(page.locator("[data-date='2026-12-08']")).to_have_class(re.compile("a-ajouter"))
    page.keyboard.press("Enter")  # the form's first button is « Valider »
    page.wait_for_url("**/operations/**")
    assert "2026-12-08" in jours_reserves(page.inscription)


def test_chaque_page_est_accessible_et_tient_dans_l_ecran(calendrier):
    page = calendrier(360)
    boites = page.eval_on_selector_all("td.jour:not(.we) .case", "cs => cs.map(c => c.getBoundingClientRect())")
    assert min(min(b["width"], b["height"]) for b in boites) >= 44
    trouvees = {}

    def verifier(nom):
        trouvees[nom] = fautes(page, [(largeur, sombre) for largeur in (320, 1280, 360) for sombre in (False, True)])

    verifier("calendrier")
    page.get_by_text("Aide", exact=True).click()
    page.get_by_text("Jusqu’à quand réserver").click()
    cocher(page, "2026-12-01", "2026-12-08")
    verifier("calendrier changé")
    valider(page)
    verifier("récapitulatif")
    hugo = Inscription.objects.get(
        annee__libelle="2026-2027", rattachement__enfant__prenom="Hugo", rattachement__famille__nom="Martin"
    )
    pas_ouverte = Inscription.objects.get(rattachement=hugo.rattachement, annee__libelle="2027-2028")
    for chemin in [
        f"/reservations/inscriptions/{hugo.pk}/?mois=2026-11",
        f"/reservations/inscriptions/{pas_ouverte.pk}/",
        "/",
        "/reservations/",
        f"/reservations/enfants/{hugo.enfant.pk}/",
        f"/reservations/enfants/{hugo.enfant.pk}/?annee=2027-2028",
        f"/enfants/{hugo.enfant.pk}/",
        "/compte/",
        "/contacts/",
        "/notifications/",
        "/reservations/historique/",
        "/reservations/flux/",
        "/factures/",
        "/autorisations/",
        "/demo/courriels/",
    ]:
        page.goto(chemin)
        verifier(chemin)
    assert {nom: liste for nom, liste in trouvees.items() if liste} == {}


def test_le_bouton_retour_du_navigateur_ne_change_aucun_repas(calendrier):
    """Chromium puts the boxes of before back in a page fetched again, after its scripts."""
    page = calendrier(mois="2027-03")
    for jour in ("2027-03-11", "2027-03-12"):
        cocher(page, jour)
        valider(page)
        page.get_by_role("link", name="Continuer").click()
        page.wait_for_url("**/inscriptions/**")
    cocher(page, "2027-03-11")
    valider(page)
    avant = jours_reserves(page.inscription)
    for _ in range(6):
        page.go_back()
        if "/inscriptions/" not in page.url:
            continue
        expect(page.locator("[data-bilan]")).to_have_text("Aucun changement à valider")
        for case in page.locator("input[name=jours]").all():
            reserve = case.locator("xpath=ancestor::td").get_attribute("data-etat") == "reserve"
            assert case.is_checked() == reserve
    assert jours_reserves(page.inscription) == avant


def test_un_bouton_presse_deux_fois_n_annule_rien(calendrier):
    page = calendrier()
    bouton = page.get_by_role("button", name="+ tous les jours de l’année")
    bouton.click()
    expect(page.locator("[data-bilan]")).to_contain_text("ajouts")
    bouton.click()
    expect(page.locator("[data-bilan]")).to_have_text("Aucun changement à valider")


def test_se_deconnecter_efface_le_brouillon(calendrier):
    page = calendrier(mois="2027-03")
    cocher(page, "2027-03-11")
    assert page.evaluate("sessionStorage.length") == 1
    page.on("dialog", lambda dialogue: dialogue.accept())
    page.get_by_role("button", name="Se déconnecter").click()
    expect(page.get_by_text("Vous êtes déconnecté.")).to_be_visible()
    page.wait_for_function("sessionStorage.length === 0")


MOTS_COUPES = """() => [...document.querySelectorAll(".mot")].filter((mot) => mot.offsetWidth > 1).flatMap((mot) => {
  const coupes = [];
  const textes = document.createTreeWalker(mot, NodeFilter.SHOW_TEXT);
  for (let texte = textes.nextNode(); texte; texte = textes.nextNode())
    for (const trouve of texte.data.matchAll(/\\S+/g)) {
      const etendue = document.createRange();
      etendue.setStart(texte, trouve.index);
      etendue.setEnd(texte, trouve.index + trouve[0].length);
      if (new Set([...etendue.getClientRects()].map((r) => Math.round(r.top))).size > 1) coupes.push(trouve[0]);
    }
  return coupes;
})"""


@pytest.mark.parametrize("largeur", [320, 360, 1280])
@pytest.mark.parametrize("mois", ["2026-11", "2026-12"])
def test_no_word_of_the_calendar_is_cut_in_two(calendrier, largeur, mois):
    assert calendrier(largeur, mois=mois).evaluate(MOTS_COUPES) == []
