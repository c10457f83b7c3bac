"""Enrolments, what may be deleted, and what is only read."""

import datetime as dt

import pytest
from django.urls import reverse

from reservations.models import (
    Activite,
    AnneeScolaire,
    Ecole,
    Inscription,
    Journee,
    Mouvement,
    Operation,
    Reservation,
)
from tests.administration import adresse, agent, envoyer, modifier, paroles, refus
from tests.factories import (
    ActiviteFactory,
    EcoleFactory,
    EnfantFactory,
    RattachementFactory,
    foyer,
    ouvrir,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("ouverture", "comptes_justes")]
LUNDI, MARDI, JEUDI, VENDREDI = (dt.date(2026, 12, n) for n in (7, 8, 10, 11))


@pytest.fixture
def guichet():
    return agent("guichet")


def journee(f, jour=JEUDI) -> Journee:
    return Journee.objects.get(activite=f.activite, date=jour)


# --- Enrolments -------------------------------------------------------------------------------------------------------
def inscrire(client, **champs):
    rattachement = RattachementFactory(enfant=EnfantFactory())
    donnees = {"rattachement": rattachement.pk, "activite": ouvrir().pk, "annee": AnneeScolaire.objects.get().pk}
    return envoyer(client, adresse("add", Inscription), **(donnees | champs))


def test_an_enrolment_without_dates_is_for_the_whole_year(guichet):
    paroles(inscrire(guichet))
    inscription = Inscription.objects.get()
    assert (inscription.debut, inscription.fin) == (inscription.annee.debut, inscription.annee.fin)


@pytest.mark.parametrize(
    ("champs", "phrase"),
    [
        ({"debut": "01/08/2026"}, "dans l’année scolaire"),
        ({"debut": "10/12/2026", "fin": "01/12/2026"}, "finit le jour où elle commence, ou après"),
        ({"debut": "31/02/2027"}, "date valide"),
        ({"annee": "99999999999999999999"}, "Sélectionnez un choix valide"),
        ({"rattachement": None}, "obligatoire"),
        ({"annee": None}, "obligatoire"),
    ],
)
def test_an_impossible_enrolment_is_refused_in_a_sentence(guichet, champs, phrase):
    assert phrase in refus(inscrire(guichet, **champs))
    assert not Inscription.objects.exists()


def test_a_child_is_enrolled_once_a_year_in_a_service_for_a_household(guichet):
    f = foyer()
    cles = {"rattachement": f.rattachement.pk, "activite": f.activite.pk, "annee": f.annee.pk}
    assert "déjà inscrit à cette activité" in refus(envoyer(guichet, adresse("add", Inscription), **cles))


def test_dates_may_not_leave_out_meals_that_are_booked(guichet):
    f = foyer(reserves=[LUNDI, JEUDI])
    reponse = modifier(guichet, f.inscription, fin="08/12/2026")
    assert "1 repas est réservé en dehors de ces dates, entre le 10/12/2026 et le 10/12/2026" in refus(reponse)
    paroles(modifier(guichet, f.inscription, fin="10/12/2026"))
    f.inscription.refresh_from_db()
    assert f.inscription.fin == JEUDI


def test_an_enrolment_with_a_history_stays_the_childs(guichet):
    f, g = foyer(reserves=[JEUDI]), foyer()
    reponse = modifier(guichet, f.inscription, rattachement=g.rattachement.pk, activite=g.activite.pk)
    assert reponse.status_code == 200
    f.inscription.refresh_from_db()
    assert (f.inscription.rattachement, f.inscription.activite) == (f.rattachement, f.activite)


# --- Deleting ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("nom", ["ecole", "activite", "annee", "inscription", "famille", "enfant"])
def test_what_bookings_hold_is_not_deleted_and_the_page_says_why(guichet, nom):
    f = foyer(reserves=[JEUDI])
    objet = f.activite.ecole if nom == "ecole" else getattr(f, nom)
    url = reverse(f"admin:{objet._meta.app_label}_{objet._meta.model_name}_delete", args=[objet.pk])
    for reponse in (guichet.get(url), guichet.post(url, {"post": "yes"})):
        assert reponse.status_code == 200
        protege = " ".join(reponse.context["protected"]).replace("\xa0", " ")
        assert ("1 activité" if nom == "ecole" else "1 réservation" if nom == "inscription" else "1 ") in protege
    assert type(objet).objects.filter(pk=objet.pk).exists()
    liste = reverse(f"admin:{objet._meta.app_label}_{objet._meta.model_name}_changelist")
    donnees = {"action": "delete_selected", "_selected_action": [objet.pk], "post": "yes"}
    assert guichet.post(liste, donnees, follow=True).status_code == 200
    assert type(objet).objects.filter(pk=objet.pk).exists()


def test_a_service_in_which_nobody_was_enrolled_goes_with_its_days(guichet):
    activite = ouvrir()
    url = adresse("delete", Activite, activite.pk)
    assert "139" in guichet.get(url).text
    guichet.post(url, {"post": "yes"})
    assert not Activite.objects.exists()
    assert not Journee.objects.exists()


def test_a_year_without_enrolment_goes_with_its_days(guichet):
    activite = ouvrir()
    guichet.post(adresse("delete", AnneeScolaire, AnneeScolaire.objects.get().pk), {"post": "yes"})
    assert not AnneeScolaire.objects.exists()
    assert not activite.journees.exists()


def test_a_school_without_service_goes(guichet):
    ecole = EcoleFactory()
    guichet.post(adresse("delete", Ecole, ecole.pk), {"post": "yes"})
    assert not Ecole.objects.exists()


def test_a_booking_between_the_question_and_its_confirmation_keeps_the_row(guichet, monkeypatch):
    f = foyer(reserves=[JEUDI])
    monkeypatch.setattr("comptes.admin_communs.retenu_par", lambda objets: {})
    monkeypatch.setattr(
        "django.contrib.admin.ModelAdmin.get_deleted_objects", lambda self, objs, request: ([], {}, set(), [])
    )
    url = adresse("delete", Inscription, f.inscription.pk)
    reponse = guichet.post(url, {"post": "yes"}, follow=True)
    assert reponse.status_code == 200
    assert "Rien n’a été supprimé" in paroles(reponse)
    assert Inscription.objects.exists()


# --- Proofs -----------------------------------------------------------------------------------------------------------
def test_an_operation_is_found_by_its_number_its_family_or_its_address(guichet):
    f, g = foyer(reserves=[JEUDI]), foyer(reserves=[LUNDI])
    operation = f.famille.operations.get()
    for cherche in (operation.numero, f" {operation.numero} ", f.famille.nom, f.utilisateur.email):
        trouvees = guichet.get(adresse("changelist", Operation), {"q": cherche}).context["cl"].queryset
        assert list(trouvees) == [operation], cherche
    assert g.famille.operations.exists()


def test_an_operation_shows_its_days_and_costs_the_same_for_one_and_for_many(guichet, django_assert_num_queries):
    f, g = foyer(), foyer()
    un, tous = f.reserver(JEUDI), g.reserver(*Journee.objects.values_list("date", flat=True).distinct())
    guichet.get(adresse("change", Operation, un.pk))
    with django_assert_num_queries(8) as requetes:
        assert "4,97\xa0€" in guichet.get(adresse("change", Operation, un.pk)).text
    with django_assert_num_queries(len(requetes)):
        texte = guichet.get(adresse("change", Operation, tous.pk)).text
    assert texte.count("form-row has_original") == 139


@pytest.mark.parametrize("modele", [Reservation, Operation, Mouvement])
def test_bookings_and_proofs_are_not_written_even_by_an_administrator(modele):
    foyer(reserves=[JEUDI])
    client = agent("admin")
    objet = modele.objects.first()
    assert client.get(adresse("add", modele)).status_code == 403
    assert client.post(adresse("change", modele, objet.pk), {"date": "2026-12-11"}).status_code == 403
    assert client.post(adresse("delete", modele, objet.pk), {"post": "yes"}).status_code == 403
    assert "delete_selected" not in client.get(adresse("changelist", modele)).text
    assert modele.objects.filter(pk=objet.pk).exists()


def test_the_canteen_reads_meals_without_the_household():
    f = foyer(reserves=[JEUDI])
    f.famille.adresse = "1 rue très secrète"
    f.famille.save()
    client = agent("cantine")
    assert str(f.enfant) in client.get(adresse("changelist", Reservation)).text
    fiche = client.get(adresse("change", Reservation, Reservation.objects.get().pk)).text
    assert str(f.enfant) in fiche
    assert "secrète" not in fiche
    assert str(f.famille) not in fiche
    assert client.get(adresse("change", Activite, f.activite.pk)).text.count("4,97") == 0


def test_an_unknown_or_huge_number_leads_back_to_the_home_page(guichet):
    for cle in ("999999999", "9" * 30, "abc", "%00"):
        reponse = guichet.get(f"/admin/reservations/activite/{cle}/change/", follow=True)
        assert reponse.status_code == 200
        assert "n’existe pas" in paroles(reponse).replace("'", "’")


def test_services_are_picked_in_a_list_that_is_searched(guichet):
    activite = ActiviteFactory(nom="Restauration La Cité")
    url = reverse("admin:autocomplete")
    cles = {"app_label": "reservations", "model_name": "inscription", "field_name": "activite"}
    assert guichet.get(url, {**cles, "term": "cité"}).json()["results"][0]["id"] == str(activite.pk)
    f = foyer()
    cles |= {"field_name": "rattachement"}
    trouve = guichet.get(url, {**cles, "term": f.enfant.nom}).json()["results"]
    assert trouve == [{"id": str(f.rattachement.pk), "text": f"{f.enfant} ({f.famille})"}]
