"""Bills issued: numbered without a gap, frozen, told once, whatever stops or runs beside."""

import datetime as dt
from decimal import Decimal

import pytest
import time_machine
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from post_office.models import Email

from comptes.models import Famille, Notification, Responsable
from facturation.models import Compteur, Evenement, Facturation, Facture, Imputation
from facturation.services import emettre as module
from facturation.services.emettre import emettre
from facturation.services.encaisser import encaisser
from facturation.services.preparer import preparer
from reservations.models import Reservation
from tests.factories import INSTANT, PRIX, foyer
from tests.facturation.conftest import OCTOBRE
from tests.facturation.test_encaisser import en_parallele
from tests.facturation.test_preparer import JOURS, SEPTEMBRE

D = Decimal
NOVEMBRE = dt.datetime(2026, 11, 3, 9, 0, tzinfo=dt.UTC)
MOIS_D_OCTOBRE = dt.date(2026, 10, 1)
EN_OCTOBRE = [dt.date(2026, 10, n) for n in (1, 2, 5, 6)]


def deux_mois(repas_de_septembre=4, repas_d_octobre=4):
    """A household with meals of both months, its bill of September issued; the drafts of October are ready."""
    f = foyer(reserves=[*JOURS[:repas_de_septembre], *EN_OCTOBRE[:repas_d_octobre]])
    with time_machine.travel(OCTOBRE, tick=False):
        emettre(facturation=preparer(mois=SEPTEMBRE))
    return f


def numeros():
    return list(Facture.objects.emises().order_by("pk").values_list("numero", flat=True))


@pytest.mark.django_db
@pytest.mark.usefixtures("ouverture")
class TestUnMois:
    def test_a_bill_is_numbered_frozen_and_told(self, ouverture):
        f, g = foyer(reserves=JOURS), foyer(reserves=JOURS[:1])
        Famille.objects.filter(pk=f.famille.pk).update(nom="Aaa")
        Famille.objects.filter(pk=g.famille.pk).update(nom="Bbb")
        Responsable.objects.create(famille=f.famille, rang=2, prenom="Dominique", nom=f.responsable.nom)
        ouverture.move_to(OCTOBRE)
        facturation = preparer(mois=SEPTEMBRE)
        Email.objects.all().delete()
        assert emettre(facturation=facturation) == 2
        facturation.refresh_from_db()
        assert facturation.etat == Facturation.Etat.EMISE
        une, autre = Facture.objects.order_by("numero")
        assert (une.numero, une.famille, une.total, une.regle) == ("F2026-000001", f.famille, 4 * PRIX, 0)
        assert (autre.numero, autre.famille) == ("F2026-000002", g.famille)
        assert (une.emise_le, une.echeance) == (OCTOBRE, dt.date(2026, 10, 27))
        copie = une.copie
        assert copie["debiteur"] == {
            "nom": f"Camille et Dominique {f.responsable.nom}",
            "adresse": "12 rue de Verdun",
            "code_postal": "11000",
            "commune": "Carcassonne",
        }
        assert copie["ville"]["nom"] == settings.VILLE["nom"]
        assert copie["regie"]["siret"] == settings.REGIE["siret"]
        assert (copie["mois"], copie["imputations"], copie["reports"]) == ("septembre 2026", [], [])
        assert any("256 B" in mention for mention in copie["mentions"])
        assert any("L1617-5" in mention for mention in copie["mentions"])
        assert [e.nature for e in Evenement.objects.filter(facture=une)] == ["emission"]
        annonce = Notification.objects.get(destinataire=f.responsable, categorie="factures")
        assert annonce.titre == f"Facture n° {une.numero}\xa0: 19,88\xa0€ à payer"
        courriel = Email.objects.get(to=f.utilisateur.email)
        assert une.numero in courriel.subject
        assert "19,88" in courriel.message
        assert "mardi 27\xa0octobre 2026" in courriel.message
        assert "Léa" not in courriel.message + courriel.html_message

    def test_issuing_again_issues_and_tells_nothing(self, ouverture):
        foyer(reserves=JOURS)
        ouverture.move_to(OCTOBRE)
        facturation = preparer(mois=SEPTEMBRE)
        assert emettre(facturation=facturation) == 1
        avant = (Notification.objects.count(), Email.objects.count(), numeros())
        assert emettre(facturation=facturation) == 0
        assert (Notification.objects.count(), Email.objects.count(), numeros()) == avant

    def test_stopped_between_two_batches_it_resumes_without_a_gap(self, ouverture, monkeypatch):
        for _ in range(3):
            foyer(reserves=JOURS)
        ouverture.move_to(OCTOBRE)
        facturation = preparer(mois=SEPTEMBRE)
        monkeypatch.setattr(module, "LOT", 1)

        def tue(phrase):
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            emettre(facturation=facturation, dire=tue)
        assert numeros() == ["F2026-000001"]
        preparer(mois=SEPTEMBRE)  # between the two: the issued one stays
        assert emettre(facturation=facturation) == 2
        assert sorted(numeros()) == [f"F2026-{n:06d}" for n in (1, 2, 3)]
        assert Notification.objects.filter(categorie="factures").count() == 3

    def test_a_batch_that_fails_gives_its_numbers_back(self, ouverture, monkeypatch):
        foyer(reserves=JOURS)
        ouverture.move_to(OCTOBRE)
        facturation = preparer(mois=SEPTEMBRE)
        with monkeypatch.context() as m:
            m.setattr(module, "_annoncer", lambda *a: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                emettre(facturation=facturation)
        assert (numeros(), Imputation.objects.count(), Compteur.objects.count()) == ([], 0, 0)
        emettre(facturation=facturation)
        assert numeros() == ["F2026-000001"]

    def test_an_advance_is_imputed_on_the_new_bill(self, ouverture):
        f = foyer(reserves=JOURS)
        ouverture.move_to(OCTOBRE)
        encaisser(famille=f.famille.pk, montant=D(5), moyen="especes", cle="a")
        encaisser(famille=f.famille.pk, montant=D(30), moyen="cheque", cle="b")
        emettre(facturation=preparer(mois=SEPTEMBRE))
        facture = Facture.objects.get()
        assert facture.regle == facture.total == D("19.88")
        assert facture.copie["imputations"] == [
            {"quoi": "Espèces, Quittance n° Q2026-000001", "montant": "5.00"},
            {"quoi": "Chèque, Quittance n° Q2026-000002", "montant": "14.88"},
        ]
        assert [i.montant for i in Imputation.objects.order_by("pk")] == [D(5), D("14.88")]

    @pytest.mark.parametrize(("repas", "reporte"), [(3, True), (4, False)])
    def test_a_debt_under_the_threshold_is_asked_for_with_the_next_bill(self, ouverture, repas, reporte):
        f = deux_mois(repas_de_septembre=repas)  # 14.91 or 19.88 €
        ouverture.move_to(NOVEMBRE)
        emettre(facturation=preparer(mois=MOIS_D_OCTOBRE))
        septembre, octobre = Facture.objects.order_by("facturation__mois")
        assert septembre.reportee_sur == (octobre if reporte else None)
        reports = [{"quoi": septembre.numero, "montant": "14.91"}] if reporte else []
        assert octobre.copie["reports"] == reports
        titre = Notification.objects.filter(destinataire=f.responsable, categorie="factures").latest("pk").titre
        assert ("34,79" if reporte else "19,88") in titre
        assert Evenement.objects.filter(nature="report").count() == reporte

    def test_what_was_noted_after_the_issue_is_on_the_next_bill(self, ouverture):
        f = deux_mois()
        ouverture.move_to(NOVEMBRE)
        jour = dt.date(2026, 9, 10)
        premiere = Reservation.objects.filter(inscription=f.inscription).first()
        Reservation.objects.create(
            inscription=f.inscription, journee_id=premiere.journee_id, enfant=f.enfant, date=jour, prix=PRIX
        )
        emettre(facturation=preparer(mois=MOIS_D_OCTOBRE))
        octobre = Facture.objects.get(facturation__mois=MOIS_D_OCTOBRE)
        assert [ligne.jours for ligne in octobre.lignes.order_by("rang")] == [[jour], EN_OCTOBRE]
        connection.check_constraints()

    def test_the_statements_do_not_depend_on_the_number_of_families(self, ouverture):
        f = foyer(reserves=[*JOURS, *EN_OCTOBRE])
        autres = [foyer(activite=f.activite, reserves=[*JOURS[:3], *EN_OCTOBRE]) for _ in range(5)]
        Reservation.objects.exclude(inscription=f.inscription).filter(date__lt=MOIS_D_OCTOBRE).delete()
        ouverture.move_to(OCTOBRE)
        comptes = []
        for mois, instant in ((SEPTEMBRE, OCTOBRE), (MOIS_D_OCTOBRE, NOVEMBRE)):
            ouverture.move_to(instant)
            for g in autres:
                encaisser(famille=g.famille.pk, montant=D(1), moyen="especes", cle=f"{mois}-{g.famille.pk}")
            facturation = preparer(mois=mois)
            with CaptureQueriesContext(connection) as vues:
                emettre(facturation=facturation)
            comptes.append(len(vues))
        assert Facture.objects.emises().count() == 7
        assert max(comptes) <= 40
        assert comptes[1] - comptes[0] <= 3  # imputations, written when there are some


@pytest.mark.django_db(transaction=True)
class TestEnsemble:
    @pytest.fixture
    def mois(self):
        with time_machine.travel(INSTANT, tick=False):
            foyers = [foyer(reserves=JOURS) for _ in range(4)]
        with time_machine.travel(OCTOBRE, tick=True):
            yield foyers, preparer(mois=SEPTEMBRE)

    def test_two_issuers_at_once_issue_once(self, mois, monkeypatch):
        monkeypatch.setattr(module, "LOT", 1)
        faits = en_parallele(3, lambda i: emettre(facturation=mois[1]))
        assert sum(faits) == 4
        assert sorted(numeros()) == [f"F2026-{n:06d}" for n in range(1, 5)]
        assert Notification.objects.filter(categorie="factures").count() == 4

    def test_control_without_the_locks_the_numbers_break(self, mois, monkeypatch):
        """The same race, where nobody waits for the run nor the households: the database alone refuses."""
        monkeypatch.setattr(module, "verrouiller_la_facturation", lambda pk: Facturation.objects.get(pk=pk))
        monkeypatch.setattr(module, "verrouiller_les_foyers", list)
        monkeypatch.setattr(type(Facture.objects.all()), "verrouillees", lambda self: self.order_by("pk"))

        def un(i):
            try:
                return emettre(facturation=mois[1])
            except Exception as erreur:  # noqa: BLE001  handed to the test
                return erreur

        faits = en_parallele(3, un)
        assert any(isinstance(fait, Exception) for fait in faits) or sum(faits) != 4

    def test_a_payment_recorded_while_issuing_is_counted_once(self, mois):
        foyers, facturation = mois
        famille = foyers[0].famille.pk
        en_parallele(
            4,
            lambda i: (
                emettre(facturation=facturation)
                if i == 0
                else encaisser(famille=famille, montant=D(9), moyen="carte", cle=f"c{i}")
            ),
        )
        facture = Facture.objects.get(famille=famille)
        assert facture.regle == facture.total == D("19.88")
        assert sum(Imputation.objects.values_list("montant", flat=True)) == D("19.88")
