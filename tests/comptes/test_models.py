"""What the database itself refuses of accounts, and what models say of themselves."""

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from comptes.models import EssaisConnexion, Utilisateur, normaliser_courriel
from tests.factories import FamilleFactory, RattachementFactory, ResponsableFactory, UtilisateurFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("saisie", [" Lea@Exemple.FR\t", "LEA@EXEMPLE.FR", "lea@exemple.fr\n"])
def test_une_adresse_n_a_qu_une_forme(saisie):
    assert normaliser_courriel(saisie) == "lea@exemple.fr"
    assert normaliser_courriel(normaliser_courriel(saisie)) == "lea@exemple.fr"


def test_creer_un_compte_normalise_et_se_retrouve_sous_toute_forme():
    lea = Utilisateur.objects.create_user(" LEA@exemple.fr ")
    assert lea.email == "lea@exemple.fr"
    assert not lea.has_usable_password()
    assert Utilisateur.objects.get_by_natural_key("Lea@Exemple.fr ") == lea
    assert Utilisateur.objects.create_superuser("chef@exemple.fr", "x").is_superuser


@pytest.mark.parametrize("adresse", ["Lea@exemple.fr", " lea@exemple.fr", "lea@exemple.fr "])
def test_la_base_n_enregistre_pas_une_autre_forme(adresse):
    with pytest.raises(IntegrityError), transaction.atomic():
        Utilisateur.objects.bulk_create([Utilisateur(email=adresse)])


def test_un_second_compte_de_la_meme_adresse_est_refuse_par_une_phrase():
    UtilisateurFactory(email="lea@exemple.fr")
    second = Utilisateur(email="LEA@exemple.fr", password="!")
    with pytest.raises(ValidationError, match="Un compte existe déjà"):
        second.full_clean()


@pytest.mark.parametrize("echecs", [0, 4])
def test_on_ne_compte_que_trois_essais(echecs):
    with pytest.raises(IntegrityError), transaction.atomic():
        EssaisConnexion.objects.create(cle="x", echecs=echecs, modifie_le=timezone.now())


def test_une_famille_a_deux_responsables_au_plus():
    famille = FamilleFactory()
    for rang in (1, 2):
        ResponsableFactory(famille=famille, rang=rang)
    for rang in (2, 3):
        with pytest.raises(IntegrityError), transaction.atomic():
            ResponsableFactory(famille=famille, rang=rang)


def test_un_enfant_est_de_deux_familles_mais_pas_deux_fois_de_la_meme():
    premier = RattachementFactory()
    RattachementFactory(enfant=premier.enfant)
    with pytest.raises(IntegrityError), transaction.atomic():
        RattachementFactory(enfant=premier.enfant, famille=premier.famille)


def test_un_compte_supprime_laisse_le_responsable():
    responsable = ResponsableFactory()
    responsable.utilisateur.delete()
    responsable.refresh_from_db()
    assert responsable.utilisateur is None


def test_un_compte_se_nomme_par_la_personne_sinon_par_son_adresse():
    assert str(UtilisateurFactory.build(prenom="Léa", nom="Martin")) == "Léa Martin"
    assert str(UtilisateurFactory.build(prenom="", nom="", email="lea@exemple.fr")) == "lea@exemple.fr"
