"""A closure or a trip ends the requests of the waiting list, says so, and its undoing gives them their rank back."""

import datetime as dt

import pytest
from post_office.models import Email

from reservations.models import Attente, Journee, Mouvement
from reservations.services.annuler_collectivement import annuler_collectivement, bilan
from reservations.services.retablir import attentes_revenues, non_retablis, retablir
from tests.administration import agent as se_connecter
from tests.factories import foyer, ouvrir
from tests.reservations.test_annuler_collectivement import JEUDI, agent, attendre, classe, demande, journee, reserves

__all__ = ["agent"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("ouverture", "comptes_justes")]
CLASSES = pytest.mark.parametrize("classes", [(), ("CE2 B",)], ids=["closed", "class away"])


@CLASSES
def test_who_waits_for_a_day_taken_away_is_told_and_gets_the_same_rank_back(agent, classes):
    activite = ouvrir(capacite=1)
    tient = classe(foyer(activite=activite, reserves=[JEUDI]), "CE2 B")
    premier, second = (classe(foyer(activite=activite), "CE2 B") for _ in range(2))
    demandes = [attendre(f) for f in (premier, second)]
    faite = annuler_collectivement(demande=demande(tient, classes=classes), auteur=agent, cle="x")
    assert set(Attente.objects.values_list("etat", flat=True)) == {"caduque"}
    sortie = Mouvement.objects.get(operation__collective=faite, inscription=premier.inscription)
    assert (sortie.nature, sortie.precision) == ("sortie", "Grève du 10 décembre")
    lettre = Email.objects.filter(to=[premier.utilisateur.email]).latest("pk")
    assert "liste d’attente de Léa" in lettre.subject
    assert "prennent fin" in lettre.message
    assert "annulé les repas" not in lettre.message
    assert bilan(faite) == {"repas": 1, "familles": 3, "demandes": 2}
    retablir(annulation=faite, auteur=agent)
    assert list(Attente.objects.order_by("pk").values_list("pk", "etat")) == [(a.pk, "attente") for a in demandes]
    assert [a.rang for a in Attente.objects.avec_rang().order_by("pk")] == [1, 2]
    assert reserves(tient) == [JEUDI]
    assert {m.inscription for m in attentes_revenues(faite)} == {premier.inscription, second.inscription}
    assert not non_retablis(faite).exists()
    lettre = Email.objects.filter(to=[premier.utilisateur.email]).latest("pk").message
    assert "Mise en liste d’attente" in lettre
    assert "rang gardé" in lettre


def test_a_place_held_comes_back_as_the_first_of_the_list(agent):
    activite = ouvrir(capacite=1)
    tenait, suivait = foyer(activite=activite), foyer(activite=activite)
    attendre(tenait, etat="attribuee")
    Journee.objects.filter(pk=journee(tenait).pk).update(places_prises=1)
    attendre(suivait)
    faite = annuler_collectivement(demande=demande(tenait), auteur=agent, cle="x")
    retablir(annulation=faite, auteur=agent)
    assert dict(Attente.objects.values_list("inscription", "etat")) == {
        tenait.inscription.pk: "attribuee", suivait.inscription.pk: "attente",
    }  # fmt: skip


def test_a_request_that_no_longer_waits_is_named(agent, ouverture):
    activite = ouvrir(capacite=1)
    tient = foyer(activite=activite, reserves=[JEUDI])
    attend = foyer(activite=activite)
    attendre(attend)
    faite = annuler_collectivement(demande=demande(tient), auteur=agent, cle="x")
    ouverture.move_to(dt.datetime(2026, 12, 10, 7, 30, tzinfo=dt.UTC))
    retablir(annulation=faite, auteur=agent)
    assert Attente.objects.get().etat == "caduque"
    assert [(m.nature, m.motif) for m in non_retablis(faite)] == [("sortie", "hors-delai")]
    assert (
        "le délai de réservation est dépassé"
        in Email.objects.filter(to=[attend.utilisateur.email]).latest("pk").message
    )


def test_a_request_withdrawn_before_stays_withdrawn(agent):
    activite = ouvrir(capacite=1)
    tient = foyer(activite=activite, reserves=[JEUDI])
    ancienne, autre = attendre(foyer(activite=activite)), foyer(activite=activite)
    Attente.objects.filter(pk=ancienne.pk).update(etat="retiree", close_le=ancienne.demandee_le)
    attendre(autre)
    retablir(annulation=annuler_collectivement(demande=demande(tient), auteur=agent, cle="x"), auteur=agent)
    assert list(Attente.objects.order_by("pk").values_list("etat", flat=True)) == ["retiree", "attente"]


def test_the_agent_who_undoes_reads_which_requests_came_back(agent):
    activite = ouvrir(capacite=1)
    tient = foyer(activite=activite, reserves=[JEUDI])
    attend = foyer(activite=activite)
    attendre(attend)
    faite = annuler_collectivement(demande=demande(tient), auteur=agent, cle="x")
    fiche = f"/admin/reservations/annulationcollective/{faite.pk}/"
    client = se_connecter("guichet")
    assert "1 demande en liste d’attente finie" in texte(client.get(f"{fiche}change/"))
    page = texte(client.post(f"{fiche}retablir/", follow=True))
    assert "1 demande attend de nouveau, à son rang d’avant." in page
    assert f"{attend.enfant} ({attend.famille}), jeudi 10 décembre 2026 : réserver automatiquement" in page


def texte(reponse) -> str:
    return " ".join(reponse.content.decode().replace("\xa0", " ").split())
