"""The demo town, its mails, and that neither exists on a real installation."""

import importlib
from decimal import Decimal

import pytest
import time_machine
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.management import CommandError, call_command
from django.db.models import Count, F
from django.urls import Resolver404, clear_url_caches, resolve

import portail.urls
from comptes.lecture_autorisations import manquantes
from comptes.models import Autorisation, Famille, Texte, Utilisateur
from facturation.models import Facture
from facturation.verification import ecarts
from portail.demo import AGENTS, MERE, MOT_DE_PASSE, NOUVELLE, PERE, creer_la_ville
from portail.local.lancer import COMPTES
from portail.local.lancer import MOT_DE_PASSE as MOT_DE_PASSE_ANNONCE
from reservations.models import AnneeScolaire, Inscription, Journee, Mouvement, Reservation
from tests.ville import UN_MARDI, poser_la_ville


@pytest.mark.django_db
class TestLaVille:
    @pytest.fixture(autouse=True)
    def ville(self):
        with time_machine.travel(UN_MARDI, tick=False):
            poser_la_ville()
            yield

    def test_les_comptes_sont_ceux_que_make_run_annonce(self):
        crees = {MERE.courriel, PERE.courriel, NOUVELLE.courriel, *(qui.courriel for qui, _ in AGENTS)}
        assert crees == {adresse for adresse, _ in COMPTES} == set(Utilisateur.objects.values_list("email", flat=True))
        assert MOT_DE_PASSE == MOT_DE_PASSE_ANNONCE
        for compte in Utilisateur.objects.exclude(email=NOUVELLE.courriel):
            assert compte.check_password(MOT_DE_PASSE), compte
        assert not Utilisateur.objects.get(email=NOUVELLE.courriel).has_usable_password()

    def test_la_mere_a_deux_enfants_dans_deux_ecoles_dont_celle_du_tutoriel(self):
        mere = Utilisateur.objects.get(email=MERE.courriel)
        inscriptions = Inscription.objects.de(mere).filter(annee__libelle="2026-2027").avec_prix()
        noms = {i.activite.nom: i for i in inscriptions}
        assert len({i.activite.ecole_id for i in inscriptions}) == 2
        assert noms["Restauration scolaire Villalbe Pierre Paul Riquet élémentaire"].prix_fixe == Decimal("4.97")

    def test_elle_montre_l_annee_en_cours_et_ses_voisines(self):
        assert [str(a) for a in AnneeScolaire.objects.all()] == ["2025-2026", "2026-2027", "2027-2028"]

    def test_des_jours_sont_complets_et_chaque_compte_est_juste(self):
        assert Journee.objects.filter(places_prises=F("capacite"), places_prises__gt=0).count() == 3
        faux = Journee.objects.annotate(n=Count("reservations")).exclude(places_prises=F("n"))
        assert not faux.exists()

    def test_chaque_repas_a_sa_preuve(self):
        ajouts = Mouvement.objects.filter(nature="ajout").values_list("inscription", "date")
        assert set(Reservation.objects.values_list("inscription", "date")) == set(ajouts)

    def test_la_mere_a_signe_une_partie_des_autorisations_et_les_foyers_de_hugo_ne_disent_pas_la_meme_chose(self):
        assert 0 < len(manquantes(Utilisateur.objects.get(email=MERE.courriel))) < 12
        photos = Autorisation.objects.filter(version__texte__code="photographies")
        assert set(photos.filter(rattachement__enfant__prenom="Hugo").values_list("accordee", flat=True)) == {
            True,
            False,
        }

    def test_la_mere_a_une_facture_a_payer_et_les_comptes_sont_exacts(self):
        sienne = Facture.objects.filter(famille__responsables__utilisateur__email="parent@exemple.fr")
        assert [f.reste == 0 for f in sienne.order_by("-emise_le")] == [False, True]
        assert list(ecarts()) == []

    def test_une_seconde_fois_ne_change_rien(self):
        def photo():
            return [
                list(m.objects.order_by("pk").values())
                for m in (Famille, Utilisateur, Reservation, Journee, Texte, Autorisation)
            ]

        avant = photo()
        creer_la_ville()
        assert photo() == avant


@pytest.mark.django_db
def test_la_commande_demo_est_refusee_sur_une_vraie_base(settings):
    settings.DEMO = False
    with pytest.raises(CommandError, match="n’existe que pour la démonstration"):
        call_command("demo")
    assert not Utilisateur.objects.exists()


def test_les_courriels_de_demonstration_n_ont_pas_d_adresse_hors_de_la_demonstration(settings):
    assert resolve("/demo/courriels/")
    try:
        settings.DEMO = False
        importlib.reload(portail.urls)
        clear_url_caches()
        with pytest.raises(Resolver404):
            resolve("/demo/courriels/")
    finally:
        settings.DEMO = True
        importlib.reload(portail.urls)
        clear_url_caches()


@pytest.mark.django_db
class TestLesCourriels:
    @pytest.fixture(autouse=True)
    def courriel(self, tmp_path, settings):
        settings.COURRIELS_DEMO = tmp_path
        message = EmailMultiAlternatives("Été à l’école", "Bonjour Léa,\n\n<b>4,97 €</b>", to=["parent@exemple.fr"])
        message.attach_alternative("<p style='color:red'>Bonjour</p><script>alert(1)</script>", "text/html")
        fichiers = get_connection("django.core.mail.backends.filebased.EmailBackend", file_path=str(tmp_path))
        fichiers.send_messages([message, message])

    def test_la_liste_puis_le_texte_et_la_version_html(self, client):
        liste = client.get("/demo/courriels/")
        assert liste.content.decode().count("Été à l’école") == 2
        nom = liste.context["courriels"][0].nom
        assert "Bonjour Léa" in client.get(f"/demo/courriels/{nom}/").content.decode()
        assert "<b>4,97" not in client.get(f"/demo/courriels/{nom}/").content.decode()
        html = client.get(f"/demo/courriels/{nom}/html/")
        assert "<p style" in html.content.decode()
        assert "script-src 'none'" in html.headers["Content-Security-Policy"]

    @pytest.mark.parametrize("nom", ["../settings", "..%2F..%2Fetc", "rien.0", "x" * 3000])
    def test_un_nom_inconnu_est_une_page_absente(self, client, nom):
        assert client.get(f"/demo/courriels/{nom}/").status_code == 404
