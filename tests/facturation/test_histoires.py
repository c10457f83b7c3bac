"""Random histories of money: whatever happens in whatever order, the accounts are exact."""

import contextlib
import datetime as dt
from decimal import Decimal

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from facturation.models import Facture, Paiement, PropositionAvoir
from facturation.regles import mois_suivant
from facturation.services.avoirs import ecarter, emettre_avoir, proposer_avoirs, traiter
from facturation.services.emettre import emettre
from facturation.services.encaisser import encaisser, rejeter
from facturation.services.preparer import preparer
from facturation.verification import ecarts
from reservations.models import Inscription, Journee, Reservation
from tests.factories import INSTANT, foyer
from tests.facturation.test_preparer import SEPTEMBRE

PRIX = st.sampled_from([Decimal(p) for p in ("0", "2.30", "3.40", "4.97")])
EUROS = st.decimals(Decimal("0.01"), Decimal("40"), places=2)
RANG = st.integers(0, 30)


class Histoire(RuleBasedStateMachine):
    """Two households of one service, over a few months."""

    def __init__(self):
        super().__init__()
        self.etat = contextlib.ExitStack()
        self.etat.enter_context(transaction.atomic())
        self.horloge = self.etat.enter_context(time_machine.travel(INSTANT, tick=False))
        self.inscriptions = list(Inscription.objects.order_by("pk"))
        self.mois, self.paiements = SEPTEMBRE, 0
        self.avancer()

    def teardown(self):
        transaction.set_rollback(True)
        self.etat.close()

    def avancer(self):
        """The second day of the month after the one to bill."""
        suivant = mois_suivant(self.mois)
        self.horloge.move_to(dt.datetime(suivant.year, suivant.month, 2, 9, tzinfo=dt.UTC))

    @rule(qui=st.integers(0, 1), jour=RANG, prix=PRIX)
    def reserver(self, qui, jour, prix):
        """A meal, of the month to bill or noted late."""
        inscription = self.inscriptions[qui]
        jours = Journee.objects.filter(fermeture="", date__range=(SEPTEMBRE, mois_suivant(self.mois)))
        journee = jours.order_by("-date")[jour % jours.count()]
        Reservation.objects.get_or_create(
            enfant=inscription.enfant,
            date=journee.date,
            defaults={"inscription": inscription, "journee": journee, "prix": prix},
        )

    @precondition(lambda self: Reservation.objects.exists())
    @rule(n=RANG, prix=st.none() | PRIX)
    def annuler_ou_changer(self, n, prix):
        repas = Reservation.objects.order_by("pk")[n % Reservation.objects.count()]
        repas.prix = prix
        repas.delete() if prix is None else repas.save()

    @precondition(lambda self: self.mois < dt.date(2027, 4, 1))
    @rule(encore=st.booleans())
    def facturer(self, encore):
        facturation = preparer(mois=self.mois)
        if encore:
            facturation = preparer(mois=self.mois)
        emettre(facturation=facturation)
        self.mois = mois_suivant(self.mois)
        self.avancer()

    @rule(qui=st.integers(0, 1), montant=EUROS)
    def payer(self, qui, montant):
        self.paiements += 1
        famille = self.inscriptions[qui].famille.pk
        encaisser(famille=famille, montant=montant, moyen="carte", cle=f"p{self.paiements}")

    @precondition(lambda self: Paiement.objects.valides().exists())
    @rule(n=RANG)
    def rejeter(self, n):
        valides = Paiement.objects.valides().order_by("pk")
        rejeter(paiement=valides[n % valides.count()], motif="AM04")

    @precondition(lambda self: Facture.objects.emises().exists())
    @rule(n=RANG, montant=EUROS, rembourser=st.booleans())
    def rendre(self, n, montant, rembourser):
        emises = Facture.objects.emises().order_by("pk")
        facture = emises[n % emises.count()]
        ligne = facture.lignes.order_by("rang").first()
        with contextlib.suppress(ValidationError):
            emettre_avoir(facture=facture.pk, lignes={ligne.pk: montant}, motif="Geste", rembourser=rembourser)

    @rule(rembourser=st.booleans())
    def traiter_les_propositions(self, rembourser):
        proposer_avoirs()
        for pk in PropositionAvoir.objects.filter(etat="a-traiter").values_list("pk", flat=True):
            try:
                traiter(propositions=[pk], rembourser=rembourser)
            except ValidationError:  # its line has nothing left to give back
                ecarter(propositions=[pk], mot="Déjà rendu")

    @invariant()
    def les_comptes_sont_exacts(self):
        proposer_avoirs()
        assert list(ecarts()) == []


@pytest.mark.django_db
def test_the_accounts_are_exact_after_any_history():
    with time_machine.travel(INSTANT, tick=False):
        f = foyer()
        foyer(activite=f.activite)
    run_state_machine_as_test(
        Histoire,
        settings=settings(
            max_examples=8, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck),
            derandomize=True, database=None,
        ),
    )  # fmt: skip
