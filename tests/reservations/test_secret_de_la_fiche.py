"""A word put in the health and diet of a child is read by the family and the canteen, and nowhere else."""

import datetime as dt
import logging
import subprocess

import pytest
from django.contrib import admin
from django.core import mail
from django.db import connection
from django.test import Client
from django.urls import get_resolver, reverse
from post_office.models import Email

from comptes.models import Document, FicheCantine
from reservations.models import RefusEnregistre
from reservations.regles import PARIS
from reservations.services import declarer_absence
from reservations.services.flux import creer_flux
from reservations.services.rappels import rappeler
from tests.administration import adresse
from tests.administration import agent as connecter
from tests.factories import EnfantFactory, InscriptionFactory, RattachementFactory, foyer, ouvrir

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("ouverture")]
SECRET = "Xyloglosse"
PAI = "pai-xyloglosse.pdf"
LUNDI, MARDI = dt.date(2026, 12, 7), dt.date(2026, 12, 8)
FICHE = {
    "regime": "sans_porc",
    "pai": "oui",
    "pai_fin": "2027-07-05",
    "medecin": f"Dr {SECRET}",
    "medecin_telephone": "06 12 34 56 78",
    "remarques": f"Remarque {SECRET}",
}


def parent(f) -> Client:
    client = Client()
    client.force_login(f.utilisateur)
    return client


@pytest.fixture
def separes():
    """Léa's two households, her brother in the first, her card filled by the first, and meals of all."""
    f = foyer(activite=ouvrir(courriel="cantine@exemple.fr"), reserves=[LUNDI])
    tom = RattachementFactory(famille=f.famille, enfant=EnfantFactory(prenom="Tom"))
    InscriptionFactory(rattachement=tom, activite=f.activite, annee=f.annee)
    autre = foyer(enfant=f.enfant, activite=f.activite, reserves=[MARDI])
    Document.objects.create(
        famille=f.famille, enfant=f.enfant, nature=Document.Nature.PAI, nom=PAI, type_mime="application/pdf",
        taille=1, empreinte="a" * 64, fichier="x",
    )  # fmt: skip
    parent(f).post(reverse("comptes:fiche", args=[f.enfant.pk]), FICHE)
    assert FicheCantine.objects.get().remarques.endswith(SECRET)
    return f, autre


def fuites(texte: str) -> list[str]:
    bas = texte.casefold()
    return [mot for mot in (SECRET.casefold(), "sans porc", "sans_porc") if mot in bas]


def pages_sans_cle() -> list[str]:
    """Every page whose address needs nothing, but the public ones, whose texts may name the menus that exist."""

    def chemins(motifs, debut=""):
        for motif in motifs:
            chemin = debut + str(motif.pattern)
            if hasattr(motif, "url_patterns"):
                yield from chemins(motif.url_patterns, chemin)
            elif "<" not in chemin:
                yield f"/{chemin}"

    tous = [c for c in chemins(get_resolver().url_patterns) if not c.startswith(("/admin/", "/demo/"))]
    return [c for c in tous if Client().get(c).status_code != 200]


def pages_de(f) -> list[str]:
    """The pages of a household that are not a child's card. What gives a household all that is its own is not one."""
    operations = [o.numero for o in f.famille.operations.all()]
    pages = [p for p in pages_sans_cle() if "mes-donnees" not in p and "documents" not in p]
    pages += [reverse(f"reservations:{nom}", args=[n]) for n in operations for nom in ("operation", "annuler")]
    pages += [reverse(f"reservations:{nom}", args=[f.inscription.pk]) for nom in ("calendrier", "attente")]
    for rattachement in f.famille.rattachements.all():
        pages.append(reverse("reservations:choix_inscription", args=[rattachement.enfant_id]))
        pages.append(reverse("comptes:ajouter_contact", args=[rattachement.enfant_id]))
        if rattachement.enfant_id != f.enfant.pk:
            pages.append(reverse("reservations:enfant", args=[rattachement.enfant_id]))
            pages.append(reverse("comptes:fiche", args=[rattachement.enfant_id]))
    return pages


def lues(client, pages) -> dict[str, list[str]]:
    """Page → what leaks there. Menus of the card's own form are not a leak."""
    trouvees = {}
    for page in pages:
        texte = client.get(page).content.decode(errors="replace")
        mots = [m for m in fuites(texte) if "fiche" not in page or m == SECRET.casefold()]
        trouvees |= {page: mots} if mots else {}
    return trouvees


def test_the_family_and_the_canteen_read_it(separes):
    f, autre = separes
    for client in (parent(f), parent(autre)):
        for nom in ("reservations:enfant", "comptes:fiche"):
            assert SECRET in client.get(reverse(nom, args=[f.enfant.pk])).text
    cantine = connecter("cantine")
    assert SECRET in cantine.get(reverse("reservations:cantine_enfant", args=[f.enfant.pk])).text
    liste = cantine.get(reverse("reservations:cantine"), {"jour": LUNDI, "activite": f.activite.pk}).text
    assert f"Remarque {SECRET}" in liste
    assert "Sans porc" in liste


def test_no_other_page_of_either_household_nor_of_a_stranger_says_it(separes):
    for f in (*separes, foyer()):
        assert lues(parent(f), pages_de(f)) == {}


@pytest.mark.parametrize("role", ["guichet", "regie", "cantine", "admin"])
def test_no_page_of_the_administration_says_it(separes, role):
    f, _ = separes
    client = connecter(role)
    pages = [reverse("admin:index")]
    for modele in admin.site._registry:
        pages.append(adresse("changelist", modele))
        lignes = modele._base_manager.none() if modele is RefusEnregistre else modele._base_manager.order_by("pk")
        for objet in lignes[:3]:
            pages += [adresse(page, modele, objet.pk) for page in ("change", "history", "delete")]
    pages += [adresse(page, f.enfant, f.enfant.pk) for page in ("change", "history", "delete")]
    if role in {"guichet", "regie"}:
        pages += [reverse("reservations:cantine"), reverse("reservations:cantine_enfant", args=[f.enfant.pk])]
        pages += [f"{reverse('reservations:cantine')}?jour={LUNDI}&activite={f.activite.pk}"]
    # The name of a PAI's file is the household's own: the page of the documents answers for it.
    assert lues(client, [p for p in pages if "/document" not in p]) == {}


def test_no_mail_nor_log_says_it(separes, caplog, ouverture):
    f, autre = separes
    with caplog.at_level(logging.DEBUG):
        parent(f).post(reverse("comptes:fiche", args=[f.enfant.pk]), FICHE | {"remarques": f"{SECRET} encore"})
        parent(f).post(reverse("comptes:fiche", args=[f.enfant.pk]), FICHE | {"pai_fin": f"{SECRET}"})
        f.reserver(dt.date(2026, 12, 10), annuler=[LUNDI])
        autre.reserver(dt.date(2026, 12, 11))
        ouverture.move_to(dt.datetime(2026, 12, 8, 8, tzinfo=PARIS))
        declarer_absence(inscription=autre.inscription.pk, jour=MARDI, auteur=autre.utilisateur, cle="a")
        rappeler()
    courriels = [*Email.objects.all()]
    assert len(courriels) >= 3
    ecrits = [e.subject + e.message + e.html_message + str(e.context) for e in courriels]
    ecrits += [m.subject + m.body for m in mail.outbox]
    # The statements that a debugging log would write carry the values, as Django's own do: they are off in production.
    journal = [r.getMessage() for r in caplog.records if r.name != "django.db.backends"]
    assert [fuites(texte) for texte in [*ecrits, *journal] if fuites(texte)] == []


def test_no_calendar_feed_says_it(separes):
    for f in separes:
        reponse = Client().get(reverse("reservations:calendrier_ics", args=[creer_flux(f.utilisateur).jeton]))
        assert "Cantine" in reponse.text
        assert fuites(reponse.text) == []


@pytest.mark.lit_un_pdf
def test_no_receipt_says_it(separes):
    for f in separes:
        numero = f.famille.operations.first().numero
        octets = parent(f).get(reverse("reservations:operation_pdf", args=[numero])).content
        texte = subprocess.run(["pdftotext", "-", "-"], input=octets, capture_output=True, check=True).stdout.decode()
        assert "Léa" in texte
        assert fuites(texte) == []


def test_only_the_card_its_history_and_the_paper_hold_it(separes):
    """Whatever the column: no proof, no message and no session keeps a copy."""
    with connection.cursor() as curseur:
        tables = connection.introspection.table_names(curseur)
        tenues = set()
        for table in tables:
            curseur.execute(f'SELECT count(*) FROM "{table}" t WHERE t::text ILIKE %s', [f"%{SECRET}%"])
            if curseur.fetchone()[0]:
                tenues.add(table)
    assert tenues == {"comptes_fichecantine", "comptes_fichecantineevent", "comptes_document"}
