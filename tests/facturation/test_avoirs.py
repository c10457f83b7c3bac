"""What was billed and is no longer due is proposed, given back once, and perhaps billed again."""

from decimal import Decimal

import pytest
import time_machine
from django.core.exceptions import ValidationError

from comptes.models import Notification
from facturation.models import Avoir, Evenement, Facture, Imputation, LigneAvoir, PropositionAvoir, Remboursement
from facturation.services.avoirs import ecarter, emettre_avoir, proposer_avoirs, traiter
from facturation.services.emettre import emettre
from facturation.services.encaisser import encaisser
from facturation.services.imputer import disponibles
from facturation.services.preparer import preparer
from reservations.models import Journee, Reservation
from tests.factories import INSTANT, PRIX, foyer
from tests.facturation.conftest import OCTOBRE
from tests.facturation.test_emettre import EN_OCTOBRE, MOIS_D_OCTOBRE, NOVEMBRE
from tests.facturation.test_encaisser import en_parallele
from tests.facturation.test_preparer import JOURS, SEPTEMBRE, noter

D = Decimal
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("ouverture", "comptes_exacts")]


def propositions():
    return list(PropositionAvoir.objects.order_by("pk").values_list("motif", "montant", "etat"))


@pytest.fixture
def facturee(ouverture):
    """A household whose four meals of September (19.88 €) are billed; it has four more in October."""
    f = foyer(reserves=[*JOURS, *EN_OCTOBRE])
    ouverture.move_to(OCTOBRE)
    noter(f, JOURS[3], "absent", "1.00")
    emettre(facturation=preparer(mois=SEPTEMBRE))
    f.facture = Facture.objects.get()
    f.repas = {(r.date, r.supplement): r for r in f.facture.repas.all()}
    return f


def annuler(jour):
    Reservation.objects.filter(date=jour).delete()


def fermer(jour):
    annuler(jour)
    Journee.objects.filter(date=jour).update(places_prises=0, fermeture="Grève")


def baisser(jour, prix="3.40"):
    Reservation.objects.filter(date=jour).update(prix=D(prix))


@pytest.mark.parametrize(
    ("geste", "attendues"),
    [
        (lambda f: None, []),
        (lambda f: annuler(JOURS[0]), [("Repas annulé depuis la facture", PRIX, "a-traiter")]),
        (lambda f: fermer(JOURS[0]), [("Service fermé : Grève", PRIX, "a-traiter")]),
        (lambda f: baisser(JOURS[0]), [("Prix baissé depuis la facture", D("1.57"), "a-traiter")]),
        (lambda f: baisser(JOURS[0], "6"), []),
        (lambda f: f.inscription.ecarts.all().delete(), [("Supplément retiré depuis la facture", D(1), "a-traiter")]),
        (lambda f: annuler(EN_OCTOBRE[0]), []),
    ],
)
def test_what_changed_since_the_bill_is_proposed_once(facturee, geste, attendues):
    geste(facturee)
    assert proposer_avoirs() == len(attendues)
    assert proposer_avoirs() == 0
    assert propositions() == attendues


def test_a_proposal_that_no_longer_holds_is_withdrawn(facturee):
    repas = Reservation.objects.get(date=JOURS[0])
    annuler(JOURS[0])
    proposer_avoirs()
    repas.save(force_insert=True)
    assert proposer_avoirs() == 0
    assert propositions() == []


def test_a_proposal_set_aside_is_not_made_again(facturee):
    annuler(JOURS[0])
    proposer_avoirs()
    assert ecarter(propositions=[PropositionAvoir.objects.get().pk], mot="Repas mangé") == 1
    assert proposer_avoirs() == 0
    assert traiter(propositions=[PropositionAvoir.objects.get().pk]) == []


def test_the_avoir_settles_its_own_bill_first(facturee):
    annuler(JOURS[0])
    proposer_avoirs()
    (avoir,) = traiter(propositions=PropositionAvoir.objects.values_list("pk", flat=True))
    facture = Facture.objects.get()
    assert (avoir.numero, avoir.total, facture.regle) == ("A2026-000001", PRIX, PRIX)
    assert propositions()[0][2] == "fait"
    assert disponibles(facturee.famille.pk) == []
    assert avoir.copie["facture"] == facture.numero
    assert Evenement.objects.filter(facture=facture, nature="avoir").count() == 1
    annonce = Notification.objects.filter(destinataire=facturee.responsable).latest("pk")
    assert annonce.titre == "Avoir n° A2026-000001\xa0: 4,97\xa0€"
    assert "4,97\xa0€ réduisent" in annonce.texte


@pytest.mark.parametrize("rembourser", [True, False])
def test_of_a_paid_bill_it_is_refunded_or_waits_for_the_next_one(facturee, ouverture, rembourser):
    encaisser(famille=facturee.famille.pk, montant=D("20.88"), moyen="carte", cle="a")
    avoir = emettre_avoir(
        facture=facturee.facture.pk, repas=[facturee.repas[JOURS[0], False].pk], motif="Geste", rembourser=rembourser
    )
    assert Remboursement.objects.filter(avoir=avoir, montant=PRIX).exists() is rembourser
    ouverture.move_to(NOVEMBRE)
    emettre(facturation=preparer(mois=MOIS_D_OCTOBRE))
    suivante = Facture.objects.get(facturation__mois=MOIS_D_OCTOBRE)
    assert suivante.total == 4 * PRIX  # a favour: the meal of September is not billed again
    assert suivante.regle == (0 if rembourser else PRIX)
    if not rembourser:
        assert suivante.copie["imputations"] == [{"quoi": str(avoir), "montant": "4.97"}]


def test_a_meal_given_back_because_it_was_gone_is_billed_again_when_it_returns(facturee, ouverture):
    repas = Reservation.objects.get(date=JOURS[0])
    annuler(JOURS[0])
    proposer_avoirs()
    traiter(propositions=PropositionAvoir.objects.values_list("pk", flat=True))
    repas.save(force_insert=True)
    ouverture.move_to(NOVEMBRE)
    emettre(facturation=preparer(mois=MOIS_D_OCTOBRE))
    suivante = Facture.objects.get(facturation__mois=MOIS_D_OCTOBRE)
    assert list(suivante.repas.filter(date=JOURS[0]).values_list("rang", flat=True)) == [1]
    assert suivante.total == 5 * PRIX


def test_a_price_that_fell_gives_back_the_difference_and_bills_nothing_again(facturee, ouverture):
    baisser(JOURS[0])
    proposer_avoirs()
    traiter(propositions=PropositionAvoir.objects.values_list("pk", flat=True))
    assert Avoir.objects.get().total == D("1.57")
    ouverture.move_to(NOVEMBRE)
    preparer(mois=MOIS_D_OCTOBRE)
    assert Facture.objects.brouillons().get().total == 4 * PRIX


def essai(f, quoi):
    repas, ligne = f.repas[JOURS[0], False], f.facture.lignes.order_by("rang").first()
    autre = foyer()
    return {
        "rien": {},
        "negatif": {"lignes": {ligne.pk: D(-1)}},
        "trop": {"lignes": {ligne.pk: ligne.montant + D("0.01")}},
        "trop a deux": {"lignes": {ligne.pk: ligne.montant}, "repas": [repas.pk]},
        "ligne d'ailleurs": {"lignes": {ligne.pk + 999: D(1)}},
        "repas d'ailleurs": {"repas": [repas.pk + 999]},
        "sans motif": {"repas": [repas.pk], "motif": "  "},
        "page ancienne": {"repas": [repas.pk], "deja": D(3)},
        "brouillon": {"repas": [repas.pk], "facture": autre.famille.pk + 999},
    }[quoi]


@pytest.mark.parametrize(
    "quoi",
    ["rien", "negatif", "trop", "trop a deux", "ligne d'ailleurs", "repas d'ailleurs", "sans motif", "page ancienne",
     "brouillon"],
)  # fmt: skip
def test_what_cannot_be_given_back_has_a_sentence_and_changes_nothing(facturee, quoi):
    with pytest.raises(ValidationError):
        emettre_avoir(**{"facture": facturee.facture.pk, "motif": "Erreur", **essai(facturee, quoi)})
    assert not Avoir.objects.exists()
    assert Facture.objects.get().regle == 0


def test_a_meal_is_given_back_once_and_a_line_no_more_than_it_has(facturee):
    pk, repas = facturee.facture.pk, facturee.repas[JOURS[0], False]
    emettre_avoir(facture=pk, repas=[repas.pk], motif="Erreur", deja=D(0))
    with pytest.raises(ValidationError, match="déjà été rendu"):
        emettre_avoir(facture=pk, repas=[repas.pk], motif="Erreur")
    with pytest.raises(ValidationError, match="ne peut plus rendre que 14,91"):
        emettre_avoir(facture=pk, lignes={repas.ligne_id: D(15)}, motif="Erreur")
    emettre_avoir(facture=pk, lignes={repas.ligne_id: D("14.91")}, motif="Erreur")
    assert sum(LigneAvoir.objects.values_list("montant", flat=True)) == 4 * PRIX


@pytest.mark.django_db(transaction=True)
def test_the_same_avoir_asked_twice_at_once_is_one(db):
    with time_machine.travel(INSTANT, tick=False):
        f = foyer(reserves=JOURS)
    with time_machine.travel(OCTOBRE, tick=True):
        emettre(facturation=preparer(mois=SEPTEMBRE))
        facture = Facture.objects.get()
        ligne = facture.lignes.get()

        def un(i):
            try:
                return emettre_avoir(facture=facture.pk, lignes={ligne.pk: D(2)}, motif="Geste", deja=D(0))
            except ValidationError as refus:
                return refus

        faits = en_parallele(3, un)
    assert sorted(type(fait).__name__ for fait in faits) == ["Avoir", "ValidationError", "ValidationError"]
    assert Imputation.objects.get().montant == D(2)
    assert f.famille.pk == Avoir.objects.get().famille_id
