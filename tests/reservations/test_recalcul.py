"""When a quotient, an address or a grid changes, the meals booked take their price, and the family hears."""

import datetime as dt
import threading
from decimal import Decimal

import pytest
from django.db import connection

from comptes.models import Demande, Notification, QuotientFamilial
from comptes.services.demandes import accepter
from comptes.services.quotients import enregistrer_un_quotient
from facturation.models import Facturation, Facture, LigneFacture, RepasFacture
from reservations.models import Grille, Inscription, Mouvement, Operation, Reservation
from reservations.services.tarifs import TITRE, prix_recalcules, recalculer
from tests.administration import adresse, agent, envoyer, modifier, paroles
from tests.factories import PRIX, GrilleFactory, TarificationFactory, UtilisateurFactory, foyer
from tests.reservations.test_lecture_tarifs import avec_grille

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("ouverture", "comptes_justes")]
SEPTEMBRE, NOVEMBRE, DECEMBRE = dt.date(2026, 9, 3), dt.date(2026, 11, 3), dt.date(2026, 12, 10)
JOURS = [SEPTEMBRE, NOVEMBRE, DECEMBRE]
D = Decimal


def prix():
    return list(Reservation.objects.order_by("date").values_list("prix", flat=True))


def noter(f, valeur, mois, par=None):
    return enregistrer_un_quotient(famille=f.famille, mois=mois, valeur=valeur, source="agent", par=par)


@pytest.fixture
def f():
    cree = foyer()
    avec_grille(cree)
    cree.reserver(*JOURS)
    return cree


def test_a_quotient_gives_its_price_to_the_meals_of_its_months_and_the_family_is_told(f):
    operations = list(Mouvement.objects.values_list("prix", flat=True))
    noter(f, 845, dt.date(2026, 11, 1))
    assert prix() == [D("3.90"), D("3.40"), D("3.40")]
    avis = Notification.objects.get(titre=TITRE)
    texte = avis.texte.replace("\xa0", " ")
    assert texte == ("Repas de Léa : 3,40 € au lieu de 3,90 €, pour 2 repas réservés à partir du mardi 3 novembre.")
    # The proof of what was told then does not change.
    assert list(Mouvement.objects.values_list("prix", flat=True)) == operations
    assert Operation.objects.count() == 1


def test_the_same_quotient_again_tells_nothing(f):
    noter(f, 845, dt.date(2026, 11, 1))
    noter(f, 850, dt.date(2026, 11, 1))
    assert Notification.objects.filter(titre=TITRE).count() == 1
    assert QuotientFamilial.objects.get().valeur == 850


def test_other_households_keep_their_prices(f):
    voisin = foyer(activite=f.activite, reserves=[NOVEMBRE])
    noter(f, 100, dt.date(2026, 9, 1))
    assert Reservation.objects.get(inscription=voisin.inscription).prix == D("3.90")
    assert Notification.objects.get(titre=TITRE).destinataire.famille == f.famille


def test_without_grid_a_quotient_changes_nothing():
    f = foyer(reserves=JOURS)
    f.activite.tarifs.update(prix="5.20")  # what was told stays due
    noter(f, 100, dt.date(2026, 9, 1))
    assert prix() == [PRIX] * 3
    assert not Notification.objects.filter(titre=TITRE).exists()


def test_a_meal_already_billed_keeps_its_price(f):
    facturation = Facturation.objects.create(mois=dt.date(2026, 9, 1), echeance=dt.date(2026, 10, 26))
    facture = Facture.objects.create(facturation=facturation, famille=f.famille, total=D("3.90"))
    ligne = LigneFacture.objects.create(
        facture=facture, inscription=f.inscription, rang=1, nature="repas", enfant="Léa", service="Cantine",
        quantite=1, prix=D("3.90"), montant=D("3.90"), jours=[SEPTEMBRE],
    )  # fmt: skip
    RepasFacture.objects.create(facture=facture, ligne=ligne, inscription=f.inscription, date=SEPTEMBRE, prix=D("3.90"))
    Facture.objects.filter(pk=facture.pk).update(
        numero="F2026-000001", emise_le=dt.datetime(2026, 10, 1, tzinfo=dt.UTC), echeance=dt.date(2026, 10, 26)
    )
    noter(f, 100, dt.date(2026, 9, 1))
    assert prix() == [D("3.90"), D("2.30"), D("2.30")]


def test_a_late_meal_keeps_its_surcharge_by_the_rule(f):
    f.activite.retard, f.activite.retard_montant = "fixe", D("2.50")
    f.activite.save()
    Reservation.objects.filter(date=NOVEMBRE).update(tardive=True, prix=D("6.40"))
    noter(f, 845, dt.date(2026, 9, 1))
    assert prix() == [D("3.40"), D("5.90"), D("3.40")]


def test_free_late_meals_are_counted_in_the_order_of_bookings(f):
    f.activite.retard, f.activite.retard_franchise = "franchise", 1
    f.activite.save()
    Reservation.objects.filter(date__in=[NOVEMBRE, DECEMBRE]).update(tardive=True)
    noter(f, 100, dt.date(2026, 12, 1))
    assert prix() == [D("3.90"), D("3.90"), D("4.60")]


def test_a_day_that_has_no_price_any_more_keeps_the_one_that_was_told(f):
    f.activite.tarifs.all().delete()
    Grille.objects.update(fin=dt.date(2026, 11, 30))
    noter(f, 100, dt.date(2026, 9, 1))
    assert prix() == [D("2.30"), D("2.30"), D("3.90")]


def test_an_accepted_quotient_and_an_accepted_address_change_the_prices(f):
    guichet = UtilisateurFactory(agent=True)
    Grille.objects.update(prix_exterieur=D("6.50"))
    quotient = Demande.objects.create(
        famille=f.famille, nature="quotient", contenu={"valeur": 100, "mois": "2026-07-01"}, deposee_par=f.utilisateur
    )
    accepter(demande=quotient, agent=guichet)
    assert prix() == [D("2.30")] * 3
    ailleurs = Demande.objects.create(
        famille=f.famille, nature="adresse", deposee_par=f.utilisateur,
        contenu={"adresse": "1 rue du Pont", "code_postal": "11800", "commune": "Trèbes"},
    )  # fmt: skip
    accepter(demande=ailleurs, agent=guichet)
    assert prix() == [D("6.50")] * 3
    assert Notification.objects.filter(titre=TITRE).count() == 2


def test_what_the_guichet_writes_at_the_desk_counts_too(f):
    guichet = agent("guichet")
    envoyer(guichet, adresse("add", QuotientFamilial), famille=str(f.famille.pk), mois="2026-07-01", valeur="100")
    assert prix() == [D("2.30")] * 3
    Grille.objects.update(prix_exterieur=D("6.50"))
    modifier(guichet, f.famille, commune="Trèbes")
    assert prix() == [D("6.50")] * 3


def test_a_child_whose_family_brings_the_meal_pays_the_price_of_the_basket(f):
    Grille.objects.update(prix_panier=D("1.20"))
    modifier(agent("guichet"), f.inscription, panier="on")
    assert prix() == [D("1.20")] * 3


def test_the_statements_do_not_depend_on_the_meals_or_the_families(f, django_assert_num_queries):
    for _ in range(3):
        foyer(activite=f.activite, reserves=JOURS)
    Grille.objects.get().tranches.update(prix=1)
    with django_assert_num_queries(
        6
    ):  # one more to lock, two for the tariffs, one for the late, one to write, one to tell
        lues = list(Inscription.objects.completes().verrouillees())
        assert recalculer(lues, depuis=SEPTEMBRE) == 12


@pytest.mark.django_db(transaction=True)
def test_a_booking_that_waited_for_the_change_reads_the_new_price(f):
    """Control: with the tariffs read by the statement that locks, the meal is booked at the old price."""
    jour, faits = dt.date(2026, 11, 5), []

    def reserver():
        try:
            f.reserver(jour)
        finally:
            faits.append(True)
            connection.close()

    autre = threading.Thread(target=reserver)
    siennes = Inscription.objects.filter(pk=f.inscription.pk)
    with prix_recalcules(siennes, depuis=SEPTEMBRE):
        autre.start()
        attendre_un_verrou()
        QuotientFamilial.objects.create(famille=f.famille, mois=dt.date(2026, 9, 1), valeur=100, source="agent")
    autre.join(20)
    assert faits
    assert Reservation.objects.get(date=jour).prix == D("2.30")


def attendre_un_verrou():
    """Until somebody waits for our locks."""
    limite = dt.timedelta(seconds=15)
    with connection.cursor() as curseur:
        curseur.execute("SELECT clock_timestamp()")
        debut = curseur.fetchone()[0]
        while True:
            curseur.execute(
                "SELECT count(*), clock_timestamp() FROM pg_stat_activity WHERE datname = current_database() "
                "AND wait_event_type = 'Lock'"
            )
            attendent, maintenant = curseur.fetchone()
            if attendent:
                return
            assert maintenant - debut < limite


# --- The administration of grids -------------------------------------------------------------------------------------
GRILLE = {
    "deliberation": "2026-099", "votee_le": "12/06/2026", "debut": "01/09/2026", "fin": "", "cout": "8,12",
    "mode": "tranches", "fratrie_reduction": "0", "supplement_absence": "0",
}  # fmt: skip


def tranches(*lignes):
    champs = {"tranches-TOTAL_FORMS": str(len(lignes)), "tranches-INITIAL_FORMS": "0"}
    for n, (de, montant) in enumerate(lignes):
        champs |= {f"tranches-{n}-a_partir_de": de, f"tranches-{n}-prix": montant, f"tranches-{n}-libelle": ""}
    return champs


def ajouter(tarification, lignes=(("0", "2,30"), ("700", "3,40")), **champs):
    donnees = {**GRILLE, "tarification": str(tarification.pk), **champs, **tranches(*lignes)}
    return envoyer(agent("regie"), adresse("add", Grille), **donnees)


def test_the_regie_votes_a_grid_and_booked_meals_take_its_price():
    f = foyer(reserves=JOURS)
    regie, tarification = agent("regie"), TarificationFactory()
    modifier(regie, tarification, activites=[str(f.activite.pk)])
    f.activite.refresh_from_db()
    assert f.activite.tarification == tarification
    assert prix() == [PRIX] * 3
    paroles(ajouter(tarification, debut="01/11/2026"))
    assert prix() == [PRIX, D("3.40"), D("3.40")]
    assert Notification.objects.filter(titre=TITRE).count() == 1


def refus(reponse):
    """The errors of the form, as the page says them."""
    assert reponse.status_code == 200
    return reponse.content.decode().replace("\xa0", " ")


@pytest.mark.parametrize(
    ("champs", "lignes", "phrase"),
    [
        ({}, [("0", "9,00")], "dépasse le coût d’un repas, 8,12 €"),
        ({}, [("100", "2,30")], "La première tranche commence à 0"),
        ({}, [], "au moins une tranche"),
        ({}, [("0", "2,30"), ("0", "2,40")], "0"),
        ({}, [("0", "-1")], "supérieure ou égale à 0"),
        ({}, [("0", "abc")], "Saisissez un nombre"),
        ({}, [("99999", "2")], "quotient familial est entre 0"),
        ({"prix_exterieur": "9,00"}, [("0", "2,30")], "ne dépasse pas le coût"),
        ({"prix_panier": "9,00"}, [("0", "2,30")], "ne dépasse pas le coût"),
        ({"mode": "taux", "taux": "0.36"}, [], "un plancher et un plafond"),
        ({"mode": "taux", "taux": "0.36", "plancher": "4", "plafond": "3"}, [], "dans cet ordre"),
        ({"fin": "01/08/2026"}, [("0", "2,30")], "finit le jour où elle commence"),
        ({"debut": "01/01/2027"}, [("0", "2,30")], "donnez-lui d’abord un dernier jour"),
        ({"cout": "1000000"}, [("0", "2,30")], "chiffre"),
    ],
)
def test_a_grid_that_makes_no_sense_is_refused_by_a_sentence(champs, lignes, phrase):
    deja = GrilleFactory(debut=dt.date(2026, 12, 1))
    tarification = deja.tarification if "debut" in champs else TarificationFactory(nom="Autre")
    reponse = ajouter(tarification, lignes, **champs)
    assert phrase in refus(reponse)
    assert Grille.objects.count() == 1


def test_prices_that_fall_when_the_quotient_grows_are_only_warned_of():
    reponse = ajouter(TarificationFactory(), [("0", "3,40"), ("700", "2,30")])
    assert "Un prix diminue" in paroles(reponse)
    assert Grille.objects.get().tranches.count() == 2


def test_a_grid_that_began_is_only_given_an_end(time_machine):
    grille = GrilleFactory()
    time_machine.move_to(dt.datetime(2026, 10, 5, 10, tzinfo=dt.UTC))
    regie = agent("regie")
    page = regie.get(adresse("change", grille, grille.pk)).content.decode()
    assert "Cette grille a commencé" in page
    assert regie.get(adresse("delete", grille, grille.pk)).status_code == 403
    modifier(regie, grille, cout="1", deliberation="autre", fin="31/12/2026")
    grille.refresh_from_db()
    assert (grille.cout, grille.deliberation, grille.fin) == (D("8.12"), "2026-041", dt.date(2026, 12, 31))
    assert "aujourd’hui ou après" in refus(modifier(regie, grille, fin="30/09/2026"))


def test_a_grid_to_come_is_changed_and_deleted_and_the_meals_follow(f):
    regie, grille = agent("regie"), Grille.objects.get()
    ligne = list(grille.tranches.order_by("a_partir_de"))[2]
    modifier(regie, grille, **{"tranches-2-id": str(ligne.pk), "tranches-2-prix": "3,70"})
    assert prix() == [D("3.70")] * 3
    regie.post(adresse("delete", grille, grille.pk), {"post": "yes"})
    assert not Grille.objects.exists()
    assert prix() == [PRIX] * 3
