"""Menus as the guichet and the canteen write them in the administration."""

import datetime as dt

import pytest
from django.contrib.admin.models import LogEntry
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from reservations.models import Menu, Plat
from reservations.services.menus import comparer, sceller
from tests.administration import adresse, agent, envoyer, modifier, paroles, refus
from tests.factories import ActiviteFactory, foyer
from tests.reservations.test_menus import LUNDI, MARDI, POMME, ecrire, menu, photo

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("ouverture")]
IMPORTER, COPIER, CONFIRMER = (
    "/admin/reservations/menu/importer/", "/admin/reservations/menu/copier/", "/admin/reservations/menu/confirmer/",
)  # fmt: skip
DEUX_FOIS = {f"plats-{n}-{champ}": mot for n in (0, 1) for champ, mot in (("composante", "plat"), ("libelle", "Riz"))}
CSV = "Date;Service;Composante;Plat;Allergènes;Signes\n28/09/2026;;plat;Lasagnes;G L O;végétarien\n;;dessert;Pomme;;\n"


@pytest.fixture(params=["guichet", "cantine"])
def client_agent(request):
    foyer()
    return agent(request.param)


@pytest.fixture
def guichet():
    foyer()
    return agent("guichet")


def importer(client, texte=CSV, nom="menus.csv"):
    contenu = texte.encode() if isinstance(texte, str) else texte
    return client.post(IMPORTER, {"fichier": SimpleUploadedFile(nom, contenu)})


def confirmer(client, reponse):
    return client.post(CONFIRMER, {"sceau": reponse.context["sceau"]}, follow=True)


def mots(reponse) -> str:
    assert reponse.status_code == 200
    return " ".join(reponse.text.replace("\u00a0", " ").split())


def test_a_day_is_one_page_with_a_line_ready_for_each_part(client_agent):
    reponse = client_agent.get(adresse("add", Menu))
    (plats,) = reponse.context["inline_admin_formsets"]
    assert [f["composante"].value() for f in plats.formset.forms] == [
        "entree", "plat", "garniture", "laitage", "dessert",
    ]  # fmt: skip
    envoi = {"date": "28/09/2026", "plats-1-libelle": "Lasagnes", "plats-1-allergenes": "G, Lait, œuf"}
    paroles(envoyer(client_agent, adresse("add", Menu), **envoi))
    (plat,) = Plat.objects.all()
    assert (plat.composante, plat.libelle, plat.allergenes) == ("plat", "Lasagnes", ["gluten", "oeufs", "lait"])
    reponse = client_agent.get(adresse("change", Menu, plat.menu_id))
    assert 'value="gluten, œufs, lait"' in reponse.text
    paroles(modifier(client_agent, plat.menu, **{"plats-0-allergenes": "", "plats-0-local": "on"}))
    plat.refresh_from_db()
    assert (plat.allergenes, plat.local) == ([], True)


@pytest.mark.parametrize(
    ("envoi", "phrase"),
    [
        ({"date": "28/09/2016"}, "dans aucune année scolaire"),
        ({"date": "28/09/2026", "plats-0-libelle": "Riz", "plats-0-allergenes": "tomate"}, "« tomate » : ce n’est pas"),
        ({"date": "28/09/2026", "plats-0-libelle": "R" * 121}, "120"),
        ({"date": "28/09/2026", "plats-0-libelle": "Riz\0"}, "nul"),
        (
            {"date": "28/09/2026", **DEUX_FOIS},
            "double",
        ),
    ],
)  # fmt: skip
def test_what_a_page_refuses_is_said(guichet, envoi, phrase):
    assert phrase in refus(envoyer(guichet, adresse("add", Menu), **envoi))
    assert not Menu.objects.exists()


def test_two_menus_of_a_day_and_service_are_one_too_many(guichet):
    ecrire(menu())
    assert "déjà un menu" in refus(envoyer(guichet, adresse("add", Menu), date="28/09/2026"))


def test_a_file_is_shown_as_differences_and_nothing_is_kept_before_the_confirmation(client_agent):
    reponse = importer(client_agent)
    assert "1 menu à ajouter" in mots(reponse)
    assert "Lasagnes</ins> (gluten, œufs, lait), végétarien" in mots(reponse)
    assert not Menu.objects.exists()
    assert "1 menu ajouté" in paroles(confirmer(client_agent, reponse))
    assert [p.libelle for p in Plat.objects.all()] == ["Lasagnes", "Pomme"]
    assert LogEntry.objects.filter(object_id=str(Menu.objects.get().pk)).exists()


def test_a_file_imported_twice_changes_nothing(guichet):
    confirmer(guichet, importer(guichet))
    avant = photo()
    reponse = importer(guichet)
    assert "1 menu inchangé" in mots(reponse)
    assert "déjà enregistrés" in paroles(confirmer(guichet, reponse))
    assert photo() == avant


def test_what_a_file_replaces_is_named(guichet):
    ecrire(menu())
    reponse = importer(guichet)
    assert "1 menu à remplacer" in mots(reponse)
    assert "<del>Riz au lait</del> (gluten, lait)" in mots(reponse)
    assert "1 menu remplacé" in paroles(confirmer(guichet, reponse))


def test_what_changed_meanwhile_is_shown_again(guichet):
    reponse = importer(guichet)
    ecrire(menu(LUNDI, POMME))
    encore = confirmer(guichet, reponse)
    assert "ont changé depuis la vérification" in mots(encore)
    assert "1 menu à remplacer" in mots(encore)
    assert [p.libelle for p in Plat.objects.all()] == ["Pomme"]
    confirmer(guichet, encore)
    assert [p.libelle for p in Plat.objects.all()] == ["Lasagnes", "Pomme"]


@pytest.mark.parametrize(
    ("texte", "nom", "phrase"),
    [
        (CSV.replace("G L O", "tomate"), "m.csv", "Ligne 2 : « tomate » n’est pas l’un des quatorze allergènes."),
        (CSV.replace("2026", "2016"), "m.csv", "2016 n’est dans aucune année scolaire"),
        (CSV.replace("28/09", "31/02"), "m.csv", "n’est pas une date"),
        ("", "m.csv", "Ce fichier est vide."),
        (b"PK\x03\x04 broken", "m.xlsx", "abîmé"),
        (CSV + "\0", "m.csv", "n’est pas un texte"),
        (CSV, "m.exe", "n’est pas un tableur"),
        (CSV.replace("Lasagnes", "<script>alert(1)</script>"), "m.csv", "&lt;script&gt;"),
    ],
)
def test_a_file_that_is_not_right_is_answered_by_sentences_and_nothing_is_kept(guichet, texte, nom, phrase):
    assert phrase in mots(importer(guichet, texte, nom))
    assert not Menu.objects.exists()


def test_a_form_without_file_is_answered(guichet):
    assert "errornote" in mots(guichet.post(IMPORTER, {"fichier": "texte"}))


def test_a_closed_day_is_said_before(guichet):
    assert "Sans service : pas de service" in mots(importer(guichet, CSV.replace("28/09", "30/09")))


@pytest.mark.parametrize("sceau", ["", "a\0b", "zz", "x" * 5000])
def test_a_forged_confirmation_writes_nothing(guichet, sceau):
    assert "n’est plus valable" in mots(guichet.post(CONFIRMER, {"sceau": sceau}, follow=True))
    assert not Menu.objects.exists()


def test_a_week_and_a_day_are_copied_after_a_look(client_agent):
    ecrire(menu(LUNDI), menu(MARDI, POMME))
    reponse = client_agent.get(COPIER, {"quoi": "semaine", "de": "29/09/2026", "vers": "08/10/2026"})
    assert "2 menus à ajouter" in mots(reponse)
    assert "2 menus ajoutés" in paroles(confirmer(client_agent, reponse))
    assert set(Menu.objects.values_list("date", flat=True)) == {
        LUNDI, MARDI, dt.date(2026, 10, 5), dt.date(2026, 10, 6),
    }  # fmt: skip
    reponse = client_agent.get(COPIER, {"quoi": "jour", "de": "28/09/2026", "vers": "01/10/2026"})
    assert "1 menu à ajouter" in mots(reponse)


@pytest.mark.parametrize(
    ("envoi", "phrase"),
    [
        ({"quoi": "semaine", "de": "28/09/2026", "vers": "29/09/2026"}, "un autre jour"),
        ({"quoi": "semaine", "de": "05/10/2026", "vers": "12/10/2026"}, "Aucun menu"),
        ({"quoi": "semaine", "de": "28/09/2026", "vers": "28/09/2016"}, "dans aucune année scolaire"),
        ({"quoi": "jour", "de": "28/09/2026", "vers": "31/12/9999"}, "entre 2000 et 2200"),
        ({"quoi": "semaine", "de": "28/09/2026", "vers": "31/12/9999"}, "entre 2000 et 2200"),
        ({"quoi": "semaine", "de": "01/01/0001", "vers": "28/09/2026"}, "entre 2000 et 2200"),
        ({"quoi": "semaine", "de": "31/12/9999", "vers": "28/09/2026"}, "entre 2000 et 2200"),
        ({"quoi": "zz", "de": "zz\0", "vers": ""}, "errornote"),
    ],
)
def test_a_copy_that_makes_no_sense_is_answered(guichet, envoi, phrase):
    ecrire(menu(LUNDI), menu(dt.date(2026, 10, 2)))
    assert phrase in mots(guichet.get(COPIER, envoi))


@pytest.mark.parametrize("extension", ["xlsx", "csv"])
def test_the_model_is_made_on_the_fly_for_the_days_to_come(guichet, extension, ouverture):
    ouverture.move_to(dt.datetime(2026, 9, 21, 9, tzinfo=dt.UTC))
    guichet = agent("guichet")
    reponse = guichet.get(reverse("admin:reservations_menu_modele", args=[extension]))
    assert reponse["Content-Disposition"] == f'attachment; filename="modele-menus.{extension}"'
    assert "Aucun plat n’est saisi" in mots(importer(guichet, reponse.content, f"modele.{extension}"))
    if extension == "csv":
        assert "28/09/2026;;Entrée" in reponse.content.decode("utf-8-sig")


@pytest.mark.parametrize("role", ["regie", None])
def test_who_may_not_write_menus_neither_imports_nor_copies(role, client):
    f = foyer()
    ecrire(menu())
    if role:
        client = agent(role)
        assert client.get(adresse("changelist", Menu)).status_code == 200
        assert IMPORTER not in client.get(adresse("changelist", Menu)).text
    else:
        client.force_login(f.utilisateur)
    avant = photo()
    attendu = 403 if role else 302
    for url in (IMPORTER, COPIER, reverse("admin:reservations_menu_modele", args=["csv"])):
        assert client.get(url).status_code == attendu
    assert importer(client).status_code == attendu
    sceau = sceller(comparer([menu(MARDI)]), f.utilisateur)
    assert client.post(CONFIRMER, {"sceau": sceau}).status_code == attendu
    assert photo() == avant


def test_a_get_confirms_nothing(guichet):
    assert guichet.get(CONFIRMER).status_code == 405


def test_the_list_leads_to_the_import_and_the_copy(client_agent):
    ecrire(menu())
    page = client_agent.get(adresse("changelist", Menu)).text
    assert IMPORTER in page
    assert COPIER in page
    assert "Riz au lait, Pomme" in page


def test_the_name_of_a_service_is_read_without_its_accents(guichet):
    activite = ActiviteFactory(nom="Restauration scolaire La Cité élémentaire")
    texte = CSV.replace("2026;;", "2026;restauration scolaire LA CITE elementaire;")
    confirmer(guichet, importer(guichet, texte))
    assert Menu.objects.get().activite == activite
