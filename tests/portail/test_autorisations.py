"""« Mes autorisations »: answers signed, dated, kept, of one household alone."""

import datetime as dt
from threading import Thread

import pytest
import time_machine
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from comptes.lecture_autorisations import manquantes, nombre_a_signer
from comptes.lecture_dossier import lire_dossier
from comptes.models import Autorisation, Texte
from comptes.services.autorisations import signer
from comptes.services.textes import publier
from tests.factories import INSTANT, EnfantFactory, RattachementFactory, UtilisateurFactory, foyer
from tests.portail.html import Page

pytestmark = pytest.mark.django_db
ADRESSE = "/autorisations/"


@pytest.fixture(autouse=True)
def instant(db):
    with time_machine.travel(INSTANT, tick=False) as horloge:
        yield horloge


def un_texte(code="photos", contenu="J’autorise les photographies.", **champs):
    texte = Texte.objects.create(code=code, titre=code.capitalize(), a_signer=True, **champs)
    publier(texte=texte, contenu=contenu, precedente=0, auteur=None)
    return texte


def version(texte):
    return Texte.objects.avec_version().get(pk=texte.pk).version_id


def connecte(f):
    client = Client()
    client.force_login(f.utilisateur)
    return client


def champs(client) -> dict:
    """The form as a browser would send it back unchanged."""
    page = Page(client.get(ADRESSE))
    lus = {}
    for attributs in page.attributs("input"):
        if attributs["type"] == "hidden" or "checked" in attributs:
            lus[attributs["name"]] = attributs.get("value") or ""
    return lus


def repondre(client, **reponses):
    return client.post(ADRESSE, champs(client) | {nom.replace("_", "-"): v for nom, v in reponses.items()}, follow=True)


def reponses():
    return list(Autorisation.objects.order_by("pk").values_list("rattachement", "version__numero", "accordee"))


def test_an_answer_is_signed_by_somebody_at_an_instant(instant):
    f, texte = foyer(), un_texte()
    page = repondre(connecte(f), **{f"r-{f.rattachement.pk}-{version(texte)}": "oui"})
    signee = Autorisation.objects.get()
    assert (signee.rattachement, signee.accordee, signee.signee_le) == (f.rattachement, True, INSTANT)
    assert (signee.signataire, signee.nom_signataire) == (f.utilisateur, f.utilisateur.get_full_name())
    assert "1 réponse est enregistrée" in page.text.replace("\u00a0", " ")
    assert f"Oui, signé par {f.utilisateur.get_full_name()} le mercredi 15" in page.text
    assert "Tout est signé" in page.text


def test_an_answer_is_withdrawn_by_another_and_both_stay():
    f, texte = foyer(), un_texte()
    client, champ = connecte(f), f"r-{f.rattachement.pk}-{version(texte)}"
    repondre(client, **{champ: "oui"})
    page = repondre(client, **{champ: "non"})
    assert [accordee for _, _, accordee in reponses()] == [True, False]
    assert "Réponses précédentes" in page.text
    with pytest.raises(DatabaseError, match="Cannot update"), transaction.atomic():
        Autorisation.objects.update(accordee=True)


def test_a_form_sent_back_unchanged_writes_nothing():
    f, texte = foyer(), un_texte()
    client = connecte(f)
    repondre(client, **{f"r-{f.rattachement.pk}-{version(texte)}": "non"})
    page = repondre(client)
    assert len(reponses()) == 1
    assert "Vous n’avez rien changé" in page.text


def test_a_stale_tab_takes_back_no_answer_of_another_tab():
    f, texte = foyer(), un_texte()
    client = connecte(f)
    vieil_onglet = champs(client)
    repondre(client, **{f"r-{f.rattachement.pk}-{version(texte)}": "non"})
    client.post(ADRESSE, vieil_onglet)
    assert [accordee for _, _, accordee in reponses()] == [False]


def test_one_answer_for_all_the_children():
    f, texte = foyer(), un_texte()
    cadet = RattachementFactory(famille=f.famille, enfant=EnfantFactory(prenom="Hugo"))
    autre = un_texte("sorties")
    client = connecte(f)
    repondre(client, **{f"tous-{version(texte)}": "oui", f"r-{cadet.pk}-{version(texte)}": "non"})
    assert reponses() == [(f.rattachement.pk, 1, True), (cadet.pk, 1, True)]
    assert {m.texte for m in manquantes(f.utilisateur)} == {autre}
    assert nombre_a_signer(f.utilisateur, enfants=2) == len(manquantes(f.utilisateur)) == 2
    un_texte("depart-seul")
    Autorisation.objects.filter(rattachement=cadet).delete()
    for enfant, manques in ((f.enfant, 2), (cadet.enfant, 3)):
        assert len(manquantes(f.utilisateur, enfant=enfant)) == manques
        assert nombre_a_signer(f.utilisateur, enfant=enfant) == manques
        assert lire_dossier(enfant, lecteur=f.utilisateur, aujourdhui=INSTANT.date()).sans_reponse == manques


def test_a_new_version_asks_again_and_the_old_answer_stays_to_be_read():
    f, texte = foyer(), un_texte()
    client, avant = connecte(f), version(texte)
    repondre(client, **{f"r-{f.rattachement.pk}-{avant}": "oui"})
    assert manquantes(f.utilisateur) == []
    publier(texte=texte, contenu="Et les films.", precedente=1, auteur=None)
    page = Page(client.get(ADRESSE))
    assert "le texte a changé depuis votre réponse" in page.texte
    assert reverse("portail:version_de_texte", args=["photos", 1]) in page.liens()
    assert len(manquantes(f.utilisateur, enfant=f.enfant)) == 1


def test_an_answer_to_a_version_that_changed_meanwhile_is_refused_with_a_sentence():
    f, texte, autre = foyer(), un_texte(), un_texte("sorties")
    client = connecte(f)
    envoi = champs(client)
    for t in (texte, autre):
        envoi[f"r-{f.rattachement.pk}-{version(t)}"] = "oui"
    publier(texte=texte, contenu="Et les films.", precedente=1, auteur=None)
    page = client.post(ADRESSE, envoi, follow=True)
    assert "« Photos » a changé" in page.text.replace("\u00a0", " ")
    assert [a.version.texte for a in Autorisation.objects.select_related("version__texte")] == [autre]


def test_a_version_to_come_is_not_asked_for_yet(instant):
    f, texte = foyer(), un_texte()
    client = connecte(f)
    repondre(client, **{f"r-{f.rattachement.pk}-{version(texte)}": "oui"})
    publier(texte=texte, contenu="Deux", precedente=1, auteur=None, effet=INSTANT + dt.timedelta(days=1))
    assert manquantes(f.utilisateur) == []
    instant.shift(dt.timedelta(days=1))
    assert len(manquantes(f.utilisateur)) == 1


def test_what_is_only_read_is_never_refused():
    f, texte = foyer(), un_texte("reglement-interieur", oui_seulement=True, page=True)
    client, champ = connecte(f), f"r-{f.rattachement.pk}-{version(texte)}"
    assert "J’ai lu" in client.get(ADRESSE).text
    repondre(client, **{champ: "non"})
    assert reponses() == []
    repondre(client, **{champ: "oui"})
    assert "J’ai lu" not in client.get(ADRESSE).text
    repondre(client, **{champ: "non"})
    assert [accordee for _, _, accordee in reponses()] == [True]


def test_the_other_household_of_a_child_has_its_own_answers_and_sees_nothing_of_these():
    f, texte = foyer(), un_texte()
    g = foyer(enfant=f.enfant, activite=f.activite)
    repondre(connecte(f), **{f"r-{f.rattachement.pk}-{version(texte)}": "non"})
    page = connecte(g).get(ADRESSE).text
    assert f.utilisateur.get_full_name() not in page
    assert "signé par" not in page
    assert f"-{f.rattachement.pk}-" not in page
    assert len(manquantes(g.utilisateur)) == nombre_a_signer(g.utilisateur, enfants=1) == 1


def test_nobody_signs_for_another_household():
    f, texte, g = foyer(), un_texte(), foyer()
    nom = f"{f.rattachement.pk}-{version(texte)}"
    reponse = connecte(g).post(ADRESSE, {f"m-{nom}": "", f"r-{nom}": "oui"})
    assert reponse.status_code == 404
    assert reponses() == []


@pytest.mark.parametrize(
    "envoi",
    [
        {"m-abc-1": "", "r-abc-1": "oui"},
        {"m--1-1": "", "r--1-1": "oui"},
        {"m-{r}-999999999999999999": "", "r-{r}-999999999999999999": "oui"},
        {"m-{r}-{v}": "", "r-{r}-{v}": "peut-être"},
        {"m-{r}-{v}": "", "r-{r}-{v}": "oui\0"},
        {"r-{r}-{v}": "oui"},
        {"m-{r}-٣": "", "r-{r}-٣": "oui"},
        {},
    ],
)
def test_a_form_tampered_with_writes_nothing(envoi):
    f, texte = foyer(), un_texte()
    rempli = {nom.format(r=f.rattachement.pk, v=version(texte)): valeur for nom, valeur in envoi.items()}
    assert connecte(f).post(ADRESSE, rempli).status_code == 302
    assert reponses() == []


def test_the_page_is_for_who_signed_in(client):
    assert client.get(ADRESSE).status_code == 302
    assert client.post(ADRESSE).status_code == 302


def test_a_login_without_child_reads_a_sentence(client):
    un_texte()
    client.force_login(UtilisateurFactory())
    assert "rien à signer" in client.get(ADRESSE).text


def test_the_page_says_so_when_the_town_asks_for_nothing():
    assert "aucune autorisation pour le moment" in connecte(foyer()).get(ADRESSE).text


def test_the_home_page_counts_what_is_to_sign():
    f = foyer()
    un_texte()
    un_texte("sorties")
    client = connecte(f)
    assert "2 autorisations sont à signer" in client.get("/").text.replace("\u00a0", " ")
    for t in Texte.objects.all():
        repondre(client, **{f"r-{f.rattachement.pk}-{version(t)}": "non"})
    assert "à signer" not in client.get("/").text


def test_the_number_of_statements_does_not_depend_on_children_texts_or_answers():
    f = foyer()
    un_texte()
    client = connecte(f)

    def mesurer():
        client.get("/contact/")
        reponses = champs(client) | {f"tous-{v}": "oui" for v in en_vigueur()}
        mesures = []
        for geste in (
            lambda: client.get(ADRESSE),
            lambda: client.post(ADRESSE, reponses),
            lambda: manquantes(f.utilisateur),
            lambda: nombre_a_signer(f.utilisateur, enfants=1),
        ):
            with CaptureQueriesContext(connection) as requetes:
                geste()
            mesures.append([r["sql"] for r in requetes if "SAVEPOINT" not in r["sql"]])
        return [len(m) for m in mesures], mesures

    un, _ = mesurer()
    for n in range(6):
        un_texte(f"texte-{n}")
        RattachementFactory(famille=f.famille, enfant=EnfantFactory())
    plusieurs, details = mesurer()
    assert un == plusieurs, details
    assert max(plusieurs) <= 15
    assert plusieurs[2:] == [3, 1]


def en_vigueur():
    return list(Texte.objects.avec_version().values_list("version_id", flat=True))


# --- Races -----------------------------------------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("verrou", [True, False], ids=["verrou", "témoin sans verrou"])
def test_the_same_form_sent_twice_at_once_signs_once(verrou, monkeypatch):
    """The first stops once it has read what is signed; without the lock the second does not wait for it."""
    f, texte = foyer(), un_texte()
    reponse = {(f.rattachement.pk, version(texte)): True}
    if not verrou:
        monkeypatch.setattr("django.db.models.query.QuerySet.select_for_update", lambda self, **o: self)

    def second():
        try:
            signer(reponses=reponse, par=f.utilisateur)
        finally:
            connection.close()

    fil = Thread(target=second)

    def signature(par):
        if fil.ident is None:
            fil.start()
            fil.join(0.5)  # without the lock it is over; with it, it waits for us
        return "Camille"

    monkeypatch.setattr("comptes.services.autorisations._signature", signature)
    signer(reponses=reponse, par=f.utilisateur)
    fil.join()
    assert len(reponses()) == (1 if verrou else 2)
