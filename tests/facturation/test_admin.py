"""The régie's pages: the month prepared, looked at, issued after a confirmation; what is given back."""

from decimal import Decimal

import pytest

from facturation.models import Avoir, Facturation, Facture, PropositionAvoir, Remboursement
from facturation.services.avoirs import proposer_avoirs
from facturation.services.emettre import emettre
from facturation.services.preparer import preparer
from reservations.models import Reservation
from tests.administration import agent
from tests.factories import foyer
from tests.facturation.conftest import OCTOBRE
from tests.facturation.test_preparer import JOURS, SEPTEMBRE

D = Decimal
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("ouverture", "comptes_exacts")]
RACINE = "/admin/facturation"


def texte(reponse) -> str:
    assert reponse.status_code == 200
    return reponse.content.decode().replace("\xa0", " ")


@pytest.fixture
def reserves(ouverture):
    f = foyer(reserves=JOURS)
    ouverture.move_to(OCTOBRE)
    return f


@pytest.fixture
def facture(reserves):
    emettre(facturation=preparer(mois=SEPTEMBRE))
    return Facture.objects.get()


@pytest.fixture
def regie():
    return agent("regie")


def test_a_month_is_prepared_looked_at_and_issued_once_confirmed(reserves, regie):
    assert "septembre 2026" in texte(regie.get(f"{RACINE}/facturation/add/"))
    dit = texte(regie.post(f"{RACINE}/facturation/add/", {"mois": "2026-09"}, follow=True))
    assert "1 brouillon préparé. Rien n’est émis." in dit
    assert "1 brouillon" in dit
    assert "4 journées servies sans pointage" in dit
    pk = Facturation.objects.get().pk
    brouillon = texte(regie.get(f"{RACINE}/facture/{Facture.objects.get().pk}/change/"))
    assert "Brouillon : sans numéro" in brouillon
    assert "19,88 €" in brouillon
    confirmer = f"{RACINE}/facturation/{pk}/emettre/"
    assert "Émettre 1 facture" in texte(regie.get(confirmer))
    assert not Facture.objects.emises().exists()
    assert "1 facture émise, famille prévenue." in texte(regie.post(confirmer, follow=True))
    assert "0 brouillon" not in texte(regie.get(f"{RACINE}/facturation/{pk}/change/"))
    assert "déjà émises" in texte(regie.post(confirmer, follow=True))
    assert "sont déjà émises" in texte(regie.post(f"{RACINE}/facturation/{pk}/preparer/", follow=True))
    liste = texte(regie.get(f"{RACINE}/facture/?q={reserves.famille.nom}"))
    assert "F2026-000001" in liste
    assert "septembre 2026" in texte(regie.get(f"{RACINE}/facturation/"))
    assert "Émission" not in texte(regie.get(f"{RACINE}/facture/{Facture.objects.get().pk}/change/"))


@pytest.mark.parametrize("mois", ["2026-10", "2026-13", "", "x", "9999-12"])
def test_a_month_that_cannot_be_billed_has_a_sentence(reserves, regie, mois):
    assert "Corrigez ce qui suit" in texte(regie.post(f"{RACINE}/facturation/add/", {"mois": mois}))
    assert not Facturation.objects.exists()


@pytest.mark.parametrize("role", ["guichet", "cantine"])
def test_only_the_regie_issues(reserves, facture, role):
    client, pk = agent(role), Facturation.objects.get().pk
    for url in ("facturation/add/", f"facturation/{pk}/emettre/", f"avoir/facture/{facture.pk}/", "facture/"):
        assert client.get(f"{RACINE}/{url}").status_code == 403
    assert client.post(f"{RACINE}/facturation/{pk}/preparer/").status_code == 403


@pytest.mark.parametrize("etat", ["", "brouillon", "due", "reglee"])
def test_the_list_is_filtered_by_state(facture, regie, etat):
    dit = texte(regie.get(f"{RACINE}/facture/", {"etat": etat} if etat else {}))
    assert ("F2026-000001" in dit) is (etat in ("", "due"))


def test_an_avoir_is_chosen_seen_and_confirmed(facture, regie):
    url = f"{RACINE}/avoir/facture/{facture.pk}/"
    ligne = f"ligne-{facture.lignes.get().pk}"
    assert "Au plus 19,88 €" in texte(regie.get(url))
    envoi = {"motif": "Erreur de saisie", "deja": "0", ligne: "4,97"}
    assert "L’avoir sera de <strong>4,97 €" in texte(regie.post(url, envoi))
    assert not Avoir.objects.exists()
    assert "A2026-000001 émis, 4,97 €" in texte(regie.post(url, {**envoi, "confirmer": "1"}, follow=True))
    assert "Un autre avoir vient" in texte(regie.post(url, {**envoi, "confirmer": "1"}, follow=True))
    assert Avoir.objects.get().motif == "Erreur de saisie"
    assert "Erreur de saisie" in texte(regie.get(f"{RACINE}/facture/{facture.pk}/change/"))
    assert "4,97 €" in texte(regie.get(f"{RACINE}/avoir/{Avoir.objects.get().pk}/change/"))


@pytest.mark.parametrize("montant", ["", "0", "-1", "20", "abc", "1,234", "NaN", "1e9"])
def test_an_amount_that_cannot_be_given_back_has_a_sentence(facture, regie, montant):
    envoi = {"motif": "Erreur", "deja": "0", f"ligne-{facture.lignes.get().pk}": montant, "confirmer": "1"}
    assert "Corrigez ce qui suit" in texte(regie.post(f"{RACINE}/avoir/facture/{facture.pk}/", envoi))
    assert not Avoir.objects.exists()


@pytest.mark.parametrize(
    ("action", "avoirs", "rembourses", "etat"),
    [("rendre", 1, 0, "fait"), ("rembourser", 1, 0, "fait"), ("ecarter", 0, 0, "ecartee")],
)
def test_proposals_are_treated_after_a_confirmation(facture, regie, action, avoirs, rembourses, etat):
    Reservation.objects.filter(date=JOURS[0]).delete()
    proposer_avoirs()
    url, choix = (
        f"{RACINE}/propositionavoir/",
        {"action": action, "_selected_action": PropositionAvoir.objects.get().pk},
    )
    assert "Repas annulé depuis la facture" in texte(regie.get(url))
    assert "1 proposition</strong> à traiter" in texte(regie.post(url, choix))
    assert PropositionAvoir.objects.get().etat == "a-traiter"
    texte(regie.post(url, {**choix, "confirmer": "1", "mot": "Repas mangé"}, follow=True))
    assert PropositionAvoir.objects.get().etat == etat
    assert (Avoir.objects.count(), Remboursement.objects.count()) == (avoirs, rembourses)
