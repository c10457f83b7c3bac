"""A text without which the town books nothing: every way in says so, and leads to the signature."""

import datetime as dt
import uuid

import pytest
from django.test import Client
from django.urls import reverse

from comptes.models import Texte
from comptes.services.autorisations import signer
from comptes.services.textes import publier
from reservations.models import Attente, Inscription, Mouvement, Reservation
from reservations.services.annuler_collectivement import Demande, annuler_collectivement
from reservations.services.attente import demander, servir
from reservations.services.retablir import retablir
from tests.factories import EnfantFactory, InscriptionFactory, RattachementFactory, foyer, ouvrir

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("ouverture", "comptes_justes")]
LUNDI, MARDI = dt.date(2026, 12, 7), dt.date(2026, 12, 8)
E, M = Attente.Etat, Attente.Mode


def bloquer(**champs) -> Texte:
    texte = Texte.objects.create(code="reglement", titre="Règlement", a_signer=True, **{"bloquante": True, **champs})
    publier(texte=texte, contenu="Soyez sages.", precedente=0, auteur=None)
    return texte


def repondre(f, texte, accordee=True):
    version = Texte.objects.avec_version().get(pk=texte.pk).version_id
    signer(reponses={(f.rattachement.pk, version): accordee}, par=f.utilisateur)


def connecte(f) -> Client:
    client = Client()
    client.force_login(f.utilisateur)
    return client


def bloquee(f) -> bool:
    return Inscription.objects.avec_prix().get(pk=f.inscription.pk).a_signer


@pytest.mark.parametrize(
    ("champs", "attendu"),
    [({}, True), ({"bloquante": False}, False), ({"actif": False}, False)],
    ids=["bloquante", "par défaut", "retirée"],
)
def test_only_a_text_in_use_that_the_town_says_necessary_blocks(champs, attendu):
    f = foyer()
    bloquer(**champs)
    assert bloquee(f) is attendu


def test_a_text_without_a_version_in_force_blocks_nobody():
    f = foyer()
    Texte.objects.create(code="vide", titre="Vide", a_signer=True, bloquante=True)
    assert not bloquee(f)


@pytest.mark.parametrize("accordee", [True, False])
def test_an_answer_whatever_it_is_opens_the_booking_until_the_text_changes(accordee):
    f, texte = foyer(), bloquer()
    g = foyer(enfant=f.enfant)
    repondre(f, texte, accordee)
    assert not bloquee(f)
    assert bloquee(g), "the other household of the child has its own answer"
    publier(texte=texte, contenu="Encore plus sages.", precedente=1, auteur=None)
    assert bloquee(f)


def envois(f):
    jours = {"jeton": str(uuid.uuid4()), "jours": [str(LUNDI)]}
    famille = {"jeton": str(uuid.uuid4()), "jours": f"{f.inscription.pk}:{LUNDI}"}
    return {
        "calendrier": (reverse("reservations:calendrier", args=[f.inscription.pk]), jours),
        "tous, rythme et copie": (f"{reverse('reservations:tous')}?annee={f.annee}", famille),
        "attente": (reverse("reservations:attente", args=[f.inscription.pk]), jours | {"mode": "auto"}),
    }


@pytest.mark.parametrize("entree", ["calendrier", "tous, rythme et copie", "attente"])
def test_every_way_in_refuses_each_day_by_a_sentence_and_a_link(entree):
    activite = ouvrir(capacite=1)
    foyer(activite=activite, reserves=[LUNDI] if entree == "attente" else [])
    f, texte = foyer(activite=activite), bloquer()
    adresse, donnees = envois(f)[entree]
    client = connecte(f)
    page = client.post(adresse, donnees, follow=True).text
    assert "une autorisation que la ville demande reste à signer" in page
    assert reverse("portail:autorisations") in page
    ligne = Mouvement.objects.get(inscription=f.inscription)
    assert (ligne.nature, ligne.motif) == ("refus", "a-signer")
    assert not Attente.objects.exists()
    assert not Reservation.objects.filter(inscription=f.inscription).exists()
    repondre(f, texte)
    client.post(adresse, donnees | {"jeton": str(uuid.uuid4())})
    assert Attente.objects.exists() or Reservation.objects.filter(inscription=f.inscription).exists()


def test_a_meal_is_still_cancelled():
    f = foyer(reserves=[LUNDI])
    bloquer()
    f.reserver(MARDI, annuler=[LUNDI])
    assert not Reservation.objects.exists()
    assert list(Mouvement.objects.order_by("pk").values_list("nature", "motif"))[1:] == [
        ("annulation", ""),
        ("refus", "a-signer"),
    ]


def test_the_pages_say_so_before_anything_is_ticked():
    f, _ = foyer(), bloquer()
    cadet = RattachementFactory(famille=f.famille, enfant=EnfantFactory(prenom="Tom"))
    InscriptionFactory(rattachement=cadet, activite=f.activite, annee=f.annee)
    client = connecte(f)
    for page in (
        reverse("reservations:calendrier", args=[f.inscription.pk]),
        reverse("reservations:attente", args=[f.inscription.pk]),
        *(reverse(f"reservations:{nom}") for nom in ("tous", "rythme", "copie")),
    ):
        texte = client.get(page).text
        assert f"Signer pour {f.enfant.prenom}" in texte, page
    calendrier = client.get(reverse("reservations:calendrier", args=[f.inscription.pk])).context["calendrier"]
    assert not any(case.cochable for case in calendrier.cases)
    assert "À signer" in {case.mot for case in calendrier.cases}


def test_a_place_offered_stays_while_one_signs():
    activite = ouvrir(capacite=1)
    tient = foyer(activite=activite, reserves=[LUNDI])
    f = foyer(activite=activite)
    demander(demandes={f.inscription.pk: [LUNDI]}, mode=M.PROPOSER, auteur=f.utilisateur, cle="a")
    tient.reserver(annuler=[LUNDI])
    servir()
    offre, texte, client = Attente.objects.get(), bloquer(), connecte(f)
    accepter = reverse("reservations:accepter_place", args=[offre.pk])
    assert "Signez, puis revenez" in client.post(accepter, follow=True).text
    offre.refresh_from_db()
    assert offre.etat == E.ATTRIBUEE
    repondre(f, texte)
    client.post(accepter)
    assert Reservation.objects.get().inscription == f.inscription


def test_the_town_gives_back_what_it_had_cancelled_signed_or_not():
    f = foyer(reserves=[LUNDI])
    demande = Demande(nature="greve", motif="Grève", activites=(f.activite,), jours=(LUNDI,), classes=())
    annulation = annuler_collectivement(demande=demande, auteur=None, cle="g")
    bloquer()
    retablir(annulation=annulation, auteur=None)
    assert Reservation.objects.exists()
