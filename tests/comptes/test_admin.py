"""Logins, households and children in the administration: who may sign in with what, and who may not decide it."""

import datetime as dt

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group

from comptes.models import Enfant, Famille, MotDePasseGenere, Rattachement, Responsable, Utilisateur
from comptes.roles import creer_agent
from comptes.services.connexion import est_verrouille, verifier
from tests.administration import adresse, agent, envoyer, modifier, paroles, refus
from tests.factories import (
    MOT_DE_PASSE,
    EnfantFactory,
    FamilleFactory,
    RattachementFactory,
    ResponsableFactory,
    UtilisateurFactory,
    foyer,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def guichet():
    return agent("guichet")


@pytest.fixture
def admin():
    return agent("admin")


def verrouiller(compte):
    for _ in range(3):
        verifier(compte.email, "au hasard")
    assert est_verrouille(compte)


def liste(client, modele, q=""):
    return list(client.get(adresse("changelist", modele), {"q": q}).context["cl"].queryset)


# --- Logins ----------------------------------------------------------------------------------------------------------
def test_a_login_is_created_without_password(guichet):
    paroles(
        envoyer(guichet, adresse("add", Utilisateur), email=" Jean.Dupont@Exemple.FR ", prenom="Jean", nom="Dupont")
    )
    compte = Utilisateur.objects.get(email="jean.dupont@exemple.fr")
    assert not compte.has_usable_password()
    assert (compte.is_staff, compte.is_superuser, compte.is_active) == (False, False, True)


@pytest.mark.parametrize("email", ["PARENT@exemple.fr", " parent@exemple.fr "])
def test_a_second_login_with_the_same_address_is_refused(guichet, email):
    UtilisateurFactory(email="parent@exemple.fr")
    assert "Un compte existe déjà" in refus(envoyer(guichet, adresse("add", Utilisateur), email=email))


def test_no_page_shows_or_takes_a_password(admin):
    compte = UtilisateurFactory(avec_mot_de_passe=True)
    page = admin.get(adresse("change", compte, compte.pk))
    assert compte.password not in page.text
    modifier(admin, compte, password="autre", nom="Dupont")
    compte.refresh_from_db()
    assert compte.check_password(MOT_DE_PASSE)
    assert admin.get(f"/admin/comptes/utilisateur/{compte.pk}/password/").status_code in {302, 404}


def test_a_new_address_ends_the_passwords_that_the_old_mailbox_knew(guichet):
    compte = UtilisateurFactory(avec_mot_de_passe=True)
    MotDePasseGenere.objects.create(utilisateur=compte, empreinte="!", expire_le=dt.datetime(2100, 1, 1, tzinfo=dt.UTC))
    assert "l’ancien mot de passe ne sert plus" in paroles(modifier(guichet, compte, email="autre@exemple.fr"))
    compte.refresh_from_db()
    assert compte.email == "autre@exemple.fr"
    assert not compte.has_usable_password()
    assert not MotDePasseGenere.objects.exists()


def test_an_agent_makes_nobody_an_agent(guichet):
    compte = UtilisateurFactory()
    role = Group.objects.get(name="guichet").pk
    droits = {"is_staff": "on", "is_superuser": "on", "groups": [role], "user_permissions": ["1"]}
    paroles(modifier(guichet, compte, nom="Dupont", **droits))
    envoyer(guichet, adresse("add", Utilisateur), email="neuf@exemple.fr", **droits)
    for autre in Utilisateur.objects.filter(email__in=[compte.email, "neuf@exemple.fr"]):
        assert (autre.is_staff, autre.is_superuser, autre.groups.count()) == (False, False, 0)
    assert Utilisateur.objects.filter(email="neuf@exemple.fr").exists()


@pytest.mark.parametrize("role", ["guichet", "cantine", "regie", "admin"])
def test_an_agent_changes_no_agent_not_even_themselves(guichet, role):
    vise, _ = creer_agent(courriel=f"{role}@exemple.fr", role=role)
    url = adresse("change", vise, vise.pk)
    assert guichet.get(url).status_code == 200
    assert guichet.post(url, {"email": "pirate@exemple.fr"}).status_code == 403
    vise.refresh_from_db()
    assert vise.email == f"{role}@exemple.fr"


def test_an_administrator_gives_a_role(admin, guichet):
    compte = UtilisateurFactory()
    paroles(modifier(admin, compte, is_staff="on", groups=[str(Group.objects.get(name="guichet").pk)]))
    compte.refresh_from_db()
    assert compte.is_staff
    assert compte.has_perm("comptes.change_famille")


def test_a_parent_is_not_made_an_agent(admin):
    parent = ResponsableFactory().utilisateur
    assert "celui d’un parent" in refus(modifier(admin, parent, is_staff="on"))


def test_no_login_is_deleted_since_its_name_is_on_proofs(admin):
    compte = UtilisateurFactory()
    assert admin.post(adresse("delete", compte, compte.pk), {"post": "yes"}).status_code == 403
    assert "delete_selected" not in admin.get(adresse("changelist", Utilisateur)).text


def test_the_list_of_logins_says_who_is_locked_and_an_agent_unlocks(guichet):
    parent, autre = ResponsableFactory().utilisateur, ResponsableFactory().utilisateur
    verrouiller(parent)
    lignes = {c.email: c.verrouille for c in guichet.get(adresse("changelist", Utilisateur)).context["cl"].result_list}
    assert (lignes[parent.email], lignes[autre.email]) == (True, False)
    donnees = {"action": "action_deverrouiller", "_selected_action": [parent.pk, autre.pk]}
    reponse = guichet.post(adresse("changelist", Utilisateur), donnees, follow=True)
    assert "1 compte déverrouillé." in paroles(reponse)
    assert not est_verrouille(parent)
    trace = LogEntry.objects.get(object_id=str(parent.pk))
    assert (trace.user.email, trace.get_change_message()) == ("guichet@exemple.fr", "Compte déverrouillé")


def test_an_agent_does_not_unlock_an_agent(guichet, admin):
    chef = Utilisateur.objects.get(email="admin@exemple.fr")
    verrouiller(chef)
    donnees = {"action": "action_deverrouiller", "_selected_action": [chef.pk]}
    assert "1 compte d’agent" in paroles(guichet.post(adresse("changelist", Utilisateur), donnees, follow=True))
    assert est_verrouille(chef)
    paroles(admin.post(adresse("changelist", Utilisateur), donnees, follow=True))
    assert not est_verrouille(chef)


def test_groups_are_not_changed_by_hand(admin):
    assert admin.get("/admin/auth/group/").status_code == 404


# --- Households ------------------------------------------------------------------------------------------------------
def creer(client, *adultes, enfants=(), **champs):
    """A household by the form: each adult is (first name, name, address)."""
    donnees = {"nom": "Dupont", "commune": "Carcassonne"} | champs
    for n, (prenom, nom, courriel) in enumerate(adultes):
        donnees |= {f"responsables-{n}-prenom": prenom, f"responsables-{n}-nom": nom}
        donnees[f"responsables-{n}-courriel"] = courriel
    for n, enfant in enumerate(enfants):
        donnees[f"rattachements-{n}-enfant"] = enfant.pk
    donnees["rattachements-TOTAL_FORMS"] = max(1, len(enfants))
    return envoyer(client, adresse("add", Famille), **donnees)


def test_a_household_is_created_with_its_two_adults_their_access_and_its_children(guichet):
    lea, hugo = EnfantFactory(), EnfantFactory()
    adultes = [("Jean", "Dupont", " Jean@Exemple.fr"), ("Zoé", "Petit", "zoe@exemple.fr")]
    texte = paroles(creer(guichet, *adultes, enfants=[lea, hugo]))
    assert "Jean Dupont utilise maintenant « Générer votre mot de passe »" in texte
    famille = Famille.objects.get()
    assert set(famille.enfants.all()) == {lea, hugo}
    assert list(famille.responsables.values_list("rang", "prenom", "utilisateur__email")) == [
        (1, "Jean", "jean@exemple.fr"),
        (2, "Zoé", "zoe@exemple.fr"),
    ]
    compte = Utilisateur.objects.get(email="jean@exemple.fr")
    assert not compte.has_usable_password()
    assert (compte.prenom, compte.nom) == ("Jean", "Dupont")
    assert set(Enfant.objects.de(compte)) == {lea, hugo}


def test_an_adult_without_address_has_no_access(guichet):
    paroles(creer(guichet, ("Jean", "Dupont", "")))
    assert Responsable.objects.get().utilisateur is None


def test_a_household_has_an_adult(guichet):
    assert refus(creer(guichet))
    assert not Famille.objects.exists()


def test_a_third_adult_is_refused(guichet):
    trois = [("Jean", "Dupont", ""), ("Zoé", "Petit", ""), ("Ali", "Kaci", "")]
    reponse = creer(guichet, *trois, **{"responsables-TOTAL_FORMS": 3})
    assert refus(reponse)
    assert not Famille.objects.exists()


@pytest.mark.parametrize("courriel", ["pas une adresse", "a@b", "jean@exemple.fr, zoe@exemple.fr", "x" * 260 + "@a.fr"])
def test_an_impossible_address_is_refused(guichet, courriel):
    assert refus(creer(guichet, ("Jean", "Dupont", courriel)))
    assert not Famille.objects.exists()


def test_the_address_of_another_household_is_refused_and_named(guichet):
    autre = ResponsableFactory(prenom="Nicolas", nom="Roux", famille__nom="Roux").utilisateur
    texte = refus(creer(guichet, ("Jean", "Dupont", autre.email.upper())))
    assert "Cette adresse est déjà celle de Nicolas Roux (Famille Roux)." in texte
    assert Famille.objects.count() == 1


def test_both_adults_with_one_address_are_refused(guichet):
    meme = "famille@exemple.fr"
    assert "la même adresse e-mail" in refus(creer(guichet, ("Jean", "Dupont", meme), ("Zoé", "Petit", meme)))
    assert not Utilisateur.objects.filter(email=meme).exists()


@pytest.mark.parametrize("role", ["guichet", "admin"])
def test_the_address_of_an_agent_is_not_taken_up(guichet, role):
    creer_agent(courriel=f"{role}@exemple.fr", role=role)
    assert "celle d’un agent" in refus(creer(guichet, ("Jean", "Dupont", f"{role}@exemple.fr")))


def test_a_login_without_household_is_taken_up_with_its_password(guichet):
    compte = UtilisateurFactory(email="jean@exemple.fr", avec_mot_de_passe=True)
    assert "et son mot de passe" in paroles(creer(guichet, ("Jean", "Dupont", "jean@exemple.fr")))
    assert Responsable.objects.get().utilisateur == compte
    assert Utilisateur.objects.filter(email="jean@exemple.fr").count() == 1


def test_a_new_address_is_the_same_login_and_the_old_password_ends(guichet):
    responsable = ResponsableFactory(utilisateur=UtilisateurFactory(avec_mot_de_passe=True))
    texte = paroles(modifier(guichet, responsable.famille, **{"responsables-0-courriel": "neuf@exemple.fr"}))
    assert "neuf@exemple.fr. L’ancien mot de passe ne sert plus." in texte
    compte = Utilisateur.objects.get(pk=responsable.utilisateur.pk)
    assert (compte.email, compte.has_usable_password()) == ("neuf@exemple.fr", False)


def test_an_address_taken_away_takes_the_access_away(guichet):
    responsable = ResponsableFactory()
    RattachementFactory(famille=responsable.famille)
    assert "n’a plus d’accès" in paroles(modifier(guichet, responsable.famille, **{"responsables-0-courriel": ""}))
    assert not Enfant.objects.de(responsable.utilisateur).exists()
    assert Utilisateur.objects.filter(pk=responsable.utilisateur.pk).exists()


def test_saving_a_household_unchanged_keeps_the_passwords(guichet):
    responsable = ResponsableFactory(utilisateur=UtilisateurFactory(avec_mot_de_passe=True))
    paroles(modifier(guichet, responsable.famille, adresse="1 rue Neuve"))
    assert Utilisateur.objects.get(pk=responsable.utilisateur.pk).check_password(MOT_DE_PASSE)
    responsable.famille.refresh_from_db()
    assert responsable.famille.adresse == "1 rue Neuve"


def test_the_login_of_an_agent_who_is_also_a_parent_is_not_renamed_at_the_guichet(guichet):
    responsable = ResponsableFactory(utilisateur=UtilisateurFactory(agent=True))
    assert "un administrateur change son adresse" in refus(
        modifier(guichet, responsable.famille, **{"responsables-0-courriel": "pirate@exemple.fr"})
    )


def test_an_adult_who_leaves_gives_the_place_to_another(guichet):
    famille = FamilleFactory()
    premier = ResponsableFactory(famille=famille, rang=1, utilisateur=None)
    second = ResponsableFactory(famille=famille, rang=2, utilisateur=None)
    paroles(modifier(guichet, famille, **{"responsables-0-DELETE": "on"}))
    assert list(famille.responsables.all()) == [second]
    donnees = {"responsables-1-prenom": "Ali", "responsables-1-nom": "Kaci"}
    paroles(modifier(guichet, famille, **donnees))
    assert list(famille.responsables.values_list("rang", "prenom")) == [(1, "Ali"), (2, second.prenom)]
    assert not Responsable.objects.filter(pk=premier.pk).exists()


def test_a_child_of_separated_parents_belongs_to_two_households(guichet):
    rattachement = RattachementFactory()
    autre = ResponsableFactory().famille
    paroles(modifier(guichet, autre, **{"rattachements-0-enfant": rattachement.enfant.pk}))
    assert rattachement.enfant.familles.count() == 2
    assert "en double" in refus(
        modifier(guichet, autre, **{"rattachements-1-enfant": rattachement.enfant.pk, "rattachements-TOTAL_FORMS": 2})
    )


def test_a_child_of_a_household_is_not_exchanged_for_another(guichet):
    f, intrus = foyer(), EnfantFactory()
    paroles(modifier(guichet, f.famille, adresse="2 rue", **{"rattachements-0-enfant": intrus.pk}))
    assert Rattachement.objects.get(pk=f.rattachement.pk).enfant == f.enfant


def test_a_child_who_is_enrolled_is_not_taken_out_of_the_household(guichet):
    f = foyer()
    reponse = modifier(guichet, f.famille, **{"rattachements-0-DELETE": "on"})
    assert "inscription" in refus(reponse)
    assert Rattachement.objects.filter(pk=f.rattachement.pk).exists()


def test_a_child_who_is_not_enrolled_leaves_the_household(guichet):
    responsable = ResponsableFactory()
    RattachementFactory(famille=responsable.famille)
    paroles(modifier(guichet, responsable.famille, **{"rattachements-0-DELETE": "on"}))
    assert not Rattachement.objects.exists()


@pytest.mark.parametrize("cherche", ["Nicolas", "ROUX", "nicolas@exemple.fr", "06 12", "hugo"])
def test_a_household_is_found_by_an_adult_an_address_a_phone_or_a_child(guichet, cherche):
    famille = ResponsableFactory(
        prenom="Nicolas", nom="Roux", telephone="06 12 34 56 78", utilisateur__email="nicolas@exemple.fr"
    ).famille
    RattachementFactory(famille=famille, enfant=EnfantFactory(prenom="Hugo"))
    foyer()
    assert liste(guichet, Famille, cherche) == [famille]


def test_a_household_without_enrolment_is_deleted_and_its_logins_see_nothing(guichet):
    responsable = ResponsableFactory()
    RattachementFactory(famille=responsable.famille)
    guichet.post(adresse("delete", Famille, responsable.famille.pk), {"post": "yes"})
    assert not Famille.objects.exists()
    assert Utilisateur.objects.filter(pk=responsable.utilisateur.pk).exists()


# --- Children --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("naissance", ["14/03/2117", "14/03/1917", "31/02/2019", "hier", ""])
def test_an_impossible_birth_is_refused(guichet, naissance):
    donnees = {"prenom": "Léa", "nom": "Martin", "naissance": naissance}
    assert refus(envoyer(guichet, adresse("add", Enfant), **donnees))
    assert not Enfant.objects.exists()


def test_a_child_is_created_in_its_household(guichet):
    famille = FamilleFactory()
    donnees = {"prenom": "Léa", "nom": "Martin", "naissance": "14/03/2019", "rattachements-0-famille": famille.pk}
    paroles(envoyer(guichet, adresse("add", Enfant), **donnees))
    assert [str(enfant) for enfant in famille.enfants.all()] == ["Léa Martin"]


@pytest.mark.parametrize("role", ["cantine", "regie"])
def test_who_only_reads_or_sees_nothing_changes_no_household(role):
    famille = ResponsableFactory().famille
    reponse = agent(role).post(adresse("change", famille, famille.pk), {"nom": "Pirate"})
    assert reponse.status_code == 403
    famille.refresh_from_db()
    assert famille.nom != "Pirate"


# --- Forged requests -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("filtre", ["password", "password__startswith", "password__regex", "password__gt"])
@pytest.mark.parametrize("role", ["guichet", "admin"])
def test_l_empreinte_d_un_mot_de_passe_ne_se_devine_pas_par_l_adresse_de_la_liste(role, filtre):
    client, url = agent(role), adresse("changelist", Utilisateur)
    UtilisateurFactory(agent=True, avec_mot_de_passe=True)
    assert client.get(url, {"email__startswith": "a"}).status_code == 200
    assert client.get(url, {filtre: "a"}).status_code == 400
    assert client.get(url, {"mot_de_passe_genere__empreinte__startswith": "a"}).status_code == 400
    chemin = {"responsables__utilisateur__password__startswith": "a"}
    assert client.get(adresse("changelist", Famille), chemin).status_code == 400


def test_la_fiche_d_un_compte_dit_s_il_est_verrouille(guichet):
    parent = UtilisateurFactory()
    url = adresse("change", parent, parent.pk)
    libre = guichet.get(url).text
    assert "Verrouillé" in libre
    verrouiller(parent)
    assert guichet.get(url).text.count("icon-yes") == libre.count("icon-yes") + 1


def test_un_formulaire_trafique_ne_touche_pas_l_adulte_d_une_autre_famille(guichet):
    mien, autre = ResponsableFactory(), ResponsableFactory()
    faux = {"responsables-0-id": autre.pk, "responsables-0-courriel": "pirate@exemple.fr"}
    assert "n’est pas, ou n’est plus, de cette famille" in refus(modifier(guichet, mien.famille, **faux))
    assert Responsable.objects.get(pk=autre.pk).utilisateur == autre.utilisateur
    assert not Utilisateur.objects.filter(email="pirate@exemple.fr").exists()
